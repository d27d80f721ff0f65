"""`new`: the beginning of a question."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from staffml_anki.cli import options, output

OWN_VAULT = Path("vault")


def register(app: typer.Typer) -> None:
    app.command("new")(new)


def new(
    track: options.Track,
    level: options.Level,
    topic: Annotated[str, typer.Option("--topic", help="A topic, such as kv-cache-management.", metavar="TOPIC")],
    area: options.Area = "",
    zone: options.Zone = "",
    vault: Annotated[
        Path,
        typer.Option("--vault", "-v", help="The folder of the vault that it goes into.", envvar="STAFFML_VAULT"),
    ] = OWN_VAULT,
    as_json: options.AsJson = False,
) -> None:
    """Begin a question: a draft in the right place with the next free id, every key, and a word on each.

    The area follows from the topic, the zone from the level. Nothing that exists is overwritten.

    [dim]Examples:[/dim]
      staffml-anki new --track edge --level L3 --topic thermal-management
      staffml-anki new --track cloud --level L5 --topic tail-latency --zone design --vault my-vault/
    """
    from staffml_anki.files import create
    from staffml_anki.vault.scaffold import draft, place_of

    made = draft(vault, place_of(track, level, topic, area, zone), date.today())
    path = vault / made.file
    create(path, made.text.encode("utf-8"))
    if as_json:
        output.emit_json({"id": made.id, "file": str(path)})
        return
    output.say(f"{path} is there, as a draft", "green")
    output.say(f"write it, then: staffml-anki check --all --math --vault {vault}")
