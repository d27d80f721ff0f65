"""`build` and `recipes`."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from staffml_anki.cli import options, output
from staffml_anki.errors import PROBLEMS, StaffmlAnkiError
from staffml_anki.wording import counted

if TYPE_CHECKING:
    from staffml_anki.package.build import Outcome

IMPORT_HELP = """
Import it
  Anki desktop   double-click the file, or File → Import
  AnkiDroid      copy it to the phone and open it with AnkiDroid, or ⋮ → Import
  AnkiMobile     send it to the phone (AirDrop, Files) and open it with Anki
A newer build of the same deck is imported the same way. Your reviews stay; notes that changed are rewritten whole, with
your tags and texts in them (README.md says more)."""


def register(app: typer.Typer) -> None:
    app.command("build")(build)
    app.command("recipes")(recipes)


def build(
    vault: options.VaultPath = options.DEFAULT_VAULT,
    recipe: options.RecipeName = "complete",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The .apkg file, or a folder for it.", show_default="the recipe's name, here"),
    ] = None,
    previous: Annotated[
        Path | None,
        typer.Option(
            "--previous",
            help="The manifest of the build that learners have.",
            show_default="the one beside --out",
        ),
    ] = None,
    track: options.Tracks = [],  # noqa: B006 - typer copies defaults
    level: options.Levels = [],  # noqa: B006
    area: options.Areas = [],  # noqa: B006
    topic: options.Topics = [],  # noqa: B006
    zone: options.Zones = [],  # noqa: B006
    chain: options.Chains = [],  # noqa: B006
    strict: Annotated[bool, typer.Option("--strict", help="Build nothing while the vault has errors.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Build an .apkg that Anki, AnkiDroid and AnkiMobile import.

    [dim]Examples:[/dim]
      staffml-anki build
      staffml-anki build --vault interviews/vault --recipe by-area --out decks/
      staffml-anki build --track edge --level L4 --level L5 -o edge.apkg
    """
    from staffml_anki.decks.recipe import find_recipe
    from staffml_anki.package.build import BrokenVaultError, Request
    from staffml_anki.package.build import build as run

    chosen = find_recipe(recipe)
    target = _target(out, chosen.output)
    narrow = options.selection(track=track, level=level, area=area, topic=topic, zone=zone, chain=chain)
    request = Request(
        vault=vault, recipe=chosen, out=target, now=_now(), narrow=narrow, previous=previous, strict=strict
    )
    try:
        outcome = run(request, output.progress)
    except BrokenVaultError as error:
        output.problems(error.problems)
        raise
    if as_json:
        output.emit_json(outcome)
    else:
        _report(outcome)
    if outcome.skipped:
        raise typer.Exit(PROBLEMS)


def recipes(
    files: Annotated[list[Path], typer.Argument(help="Recipe files of your own, to list with the shipped ones.")] = [],  # noqa: B006
    vault: options.VaultPath = options.DEFAULT_VAULT,
    as_json: options.AsJson = False,
) -> None:
    """List the shipped recipes, and your own, with what each makes of a vault.

    [dim]Examples:[/dim]
      staffml-anki recipes
      staffml-anki recipes mine.yaml --vault corpus.json --json
    """
    from staffml_anki.decks.layout import lay_out
    from staffml_anki.decks.recipe import read_recipe, shipped_recipes
    from staffml_anki.vault import load_vault
    from staffml_anki.vault.select import Selection

    loaded = load_vault(vault, progress=output.progress)
    rows = []
    for recipe in (*shipped_recipes(), *map(read_recipe, files)):
        layout = lay_out(loaded, recipe, Selection())
        decks = sum(bool(deck.questions) for deck in layout.decks)
        rows.append({"name": recipe.name, "title": recipe.title, "questions": layout.questions, "decks": decks})
    if as_json:
        output.emit_json(rows)
        return
    heading = ["recipe", "questions", "decks", "title"]
    body = [[str(r["name"]), f"{r['questions']:,}", f"{r['decks']:,}", str(r["title"])] for r in rows]
    output.table([heading, *body], right=(1, 2))


def _target(out: Path | None, name: str) -> Path:
    if out is None:
        return Path(name)
    if out.is_dir():
        return out / name
    if out.suffix != ".apkg":
        raise StaffmlAnkiError(f"--out {out}: give a name that ends in .apkg, or a folder that exists")
    return out


def _now() -> int:
    """The clock, or SOURCE_DATE_EPOCH, as reproducible builds have it."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    if fixed is None:
        return int(time.time())
    if not (fixed.isascii() and fixed.isdigit() and len(fixed) <= 11):
        raise StaffmlAnkiError(f"SOURCE_DATE_EPOCH={fixed[:20]}: must be whole seconds since 1970")
    return int(fixed)


def _report(outcome: "Outcome") -> None:
    output.problems(outcome.problems)
    for notice in outcome.notices:
        output.warn(f"note: {notice}")
    size = f"{outcome.bytes / 1e6:.1f} MB"
    done = "is up to date" if outcome.up_to_date else "is ready"
    output.say(f"{outcome.package} {done}", "bold green")
    parts = [counted(outcome.questions, "question"), counted(outcome.decks, "deck"), size]
    parts += [f"release {outcome.release}"] if outcome.release else []
    output.say("  " + " · ".join(parts))
    if outcome.first:
        output.say(
            "  the first build under this name; if learners have an earlier one, give its manifest with --previous"
        )
    else:
        changes = f"{outcome.added:,} new, {outcome.updated:,} changed, {outcome.unchanged:,} unchanged"
        output.say(f"  against the build before: {changes}")
    if outcome.skipped:
        output.say(f"  {counted(len(outcome.skipped), 'error')} in the vault: what they concern was left out", "red")
    output.say(IMPORT_HELP)
