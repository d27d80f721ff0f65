"""`coverage`: what of the vault is really known, worked out of the history."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from staffml_anki.cli import options, output
from staffml_anki.cli.histories import Profile
from staffml_anki.errors import StaffmlAnkiError

if TYPE_CHECKING:
    from staffml_anki.coverage import Coverage, Wanted

REPORT = "Reports"


By = Annotated[
    list[str],
    typer.Option("--by", help="Two of area, level, track, topic, zone, chain: the table to show. Or a date."),
]
ByDate = Annotated[
    str | None,
    typer.Option("--by-date", help="Forecast for this day, such as 2026-12-12.", show_default="in 30 days"),
]
Since = Annotated[str | None, typer.Option("--since", help="Count reviews from this day on.", show_default="all")]
Html = Annotated[Path | None, typer.Option("--html", help="Write a page to look at, offline.", rich_help_panel=REPORT)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.", rich_help_panel=REPORT)]
Csv = Annotated[bool, typer.Option("--csv", help="Print a line for each question.", rich_help_panel=REPORT)]
Markdown = Annotated[
    bool, typer.Option("--markdown", help="Print it for a README or a mentor.", rich_help_panel=REPORT)
]
Compare = Annotated[
    Path | None,
    typer.Option("--compare", help="A coverage saved with --json: show what changed.", rich_help_panel=REPORT),
]


def register(app: typer.Typer) -> None:
    app.command("coverage")(coverage)


def coverage(
    vault: options.VaultPath = options.DEFAULT_VAULT,
    track: options.Tracks = [],  # noqa: B006 - typer copies defaults
    level: options.Levels = [],  # noqa: B006
    area: options.Areas = [],  # noqa: B006
    topic: options.Topics = [],  # noqa: B006
    by: By = [],  # noqa: B006
    by_date: ByDate = None,
    since: Since = None,
    html: Html = None,
    as_json: Json = False,
    as_csv: Csv = False,
    as_markdown: Markdown = False,
    compare: Compare = None,
    profile: Profile = None,
    timezone: options.TimeZone = None,
    rollover: options.Rollover = None,
) -> None:
    """Show what you know, where you are weak, and what to do next, from your reviews.

    Pull first. docs/coverage.md says how each number is worked out.

    [dim]Examples:[/dim]
      staffml-anki coverage
      staffml-anki coverage --track cloud --level L5 --by-date 2026-12-12
      staffml-anki coverage --by topic --by level
      staffml-anki coverage --html coverage.html
    """
    from staffml_anki.coverage import coverage_of, reports

    if as_json + as_csv + as_markdown > 1:
        raise StaffmlAnkiError("--json, --csv and --markdown: choose one; redirect the others into files")
    wanted = _wanted(track, level, area, topic, by, by_date, since)
    earlier = None if compare is None else reports.read_earlier(compare)
    found = coverage_of(vault, wanted, profile=profile, timezone=timezone, rollover=rollover, progress=output.progress)
    for notice in found.notices:
        output.warn(f"note: {notice}")
    if html is not None:
        _write_page(html, found, vault)
    changed = None if earlier is None else reports.changes(earlier, found)
    if as_json:
        more = {} if earlier is None else {"compared_with": earlier["today"], "changes": changed}
        output.emit_json(reports.as_json(found) | more)
    elif as_csv:
        output.write(reports.as_csv(found))
    elif as_markdown:
        output.write(reports.as_markdown(found))
    else:
        from staffml_anki.cli import heatmap

        heatmap.show(found, wanted.by[:1])
        if earlier is not None and changed is not None:
            heatmap.show_changes(earlier["today"], changed)
        if html is not None:
            output.say(f"\n{html}: open it in a browser", "green")


def _wanted(
    track: list[str],
    level: list[str],
    area: list[str],
    topic: list[str],
    by: list[str],
    by_date: str | None,
    since: str | None,
) -> "Wanted":
    from staffml_anki.coverage import Wanted

    axes = [each for each in by if not each[:1].isdigit()]
    dates = [each for each in by if each[:1].isdigit()]
    if len(axes) not in (0, 2):
        raise StaffmlAnkiError("--by: say two axes for a table, such as --by topic --by level")
    return Wanted(
        tracks=tuple(track),
        levels=tuple(level),
        areas=tuple(area),
        topics=tuple(topic),
        by=((axes[0], axes[1]),) if axes else (),
        since=_day("--since", since),
        by_date=_day("--by-date", by_date or (dates[0] if dates else None)),
    )


def _day(option: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise StaffmlAnkiError(f"{option} {text}: give a day such as 2026-12-12") from None


def _write_page(path: Path, found: "Coverage", vault: Path) -> None:
    from staffml_anki.coverage.cache import load_texts
    from staffml_anki.coverage.page import page
    from staffml_anki.data import home_folder
    from staffml_anki.files import write_whole

    texts = load_texts(vault, home_folder(), output.progress)
    write_whole({path: page(found, texts).encode("utf-8", "replace")})
