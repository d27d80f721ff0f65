"""The options that several commands share, each defined once. Loads nothing: `--help` comes through here."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from staffml_anki import data
from staffml_anki.errors import StaffmlAnkiError

if TYPE_CHECKING:
    from staffml_anki.reviews import Calendar
    from staffml_anki.vault.select import Selection

NARROW = "Narrow the selection"

VaultPath = Annotated[
    Path,
    typer.Option(
        "--vault",
        "-v",
        help="A vault folder, a corpus.json or a vault.db.",
        envvar="STAFFML_VAULT",
        show_default="the shipped starter vault",
        show_envvar=True,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
RecipeName = Annotated[str, typer.Option("--recipe", "-r", help="A shipped recipe's name, or a recipe file.")]
DEFAULT_VAULT = data.VAULT


def _axis(key: str) -> Callable[[list[str]], list[str]]:
    def check(values: list[str]) -> list[str]:
        from staffml_anki.vault.select import KNOWN_VALUES
        from staffml_anki.wording import nearest

        by_lower = {valid.lower(): valid for valid in KNOWN_VALUES[key]}
        for value in values:
            if value.lower() not in by_lower:
                raise StaffmlAnkiError(f"--{key} {value}: no such {key}; {nearest(value, KNOWN_VALUES[key])}")
        return [by_lower[value.lower()] for value in values]

    return check


def _option(key: str, help_text: str, *, checked: bool = True) -> object:
    return typer.Option(
        f"--{key}",
        help=help_text,
        rich_help_panel=NARROW,
        callback=_axis(key) if checked else None,
        metavar=key.upper(),
    )


Tracks = Annotated[list[str], _option("track", "cloud, edge, mobile, tinyml, global.")]
Levels = Annotated[list[str], _option("level", "L1 to L6+.")]
Areas = Annotated[list[str], _option("area", "A competency area, such as memory.")]
Topics = Annotated[list[str], _option("topic", "A topic, such as kv-cache-management.", checked=False)]
Zones = Annotated[list[str], _option("zone", "A zone, such as diagnosis.")]
Chains = Annotated[list[str], _option("chain", "A chain's id.", checked=False)]

TimeZone = Annotated[
    str | None,
    typer.Option("--timezone", help="Where your days end, such as Europe/Berlin.", show_default="this computer's"),
]
Rollover = Annotated[
    int | None,
    typer.Option(
        "--rollover", min=0, max=23, help="The hour at which your day begins.", show_default="as in Anki, else 4"
    ),
]


def calendar(timezone: str | None, rollover: int | None, known: int) -> "Calendar":
    """The learner's days."""
    from staffml_anki.reviews.days import Calendar, zone_named

    return Calendar(zone_named(timezone) if timezone else None, known if rollover is None else rollover)


def _one(key: str, help_text: str) -> object:
    def check(value: str) -> str:
        return _axis(key)([value])[0] if value else ""

    return typer.Option(f"--{key}", help=help_text, callback=check, metavar=key.upper(), show_default=False)


Track = Annotated[str, _one("track", "cloud, edge, mobile, tinyml or global.")]
Level = Annotated[str, _one("level", "L1 to L6+.")]
Area = Annotated[str, _one("area", "A competency area, where the topic has no one area.")]
Zone = Annotated[str, _one("zone", "A zone, such as diagnosis, that goes with the level.")]


def selection(**wanted: list[str]) -> "Selection":
    """The selection that the options ask for."""
    from staffml_anki.vault.select import Selection

    return Selection.model_validate({key: tuple(values) for key, values in wanted.items()})
