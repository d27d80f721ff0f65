"""`today`: one screen for the morning."""

from typing import TYPE_CHECKING

import typer

from staffml_anki.cli import options, output
from staffml_anki.cli.histories import Profile
from staffml_anki.cli.learner import at_bank
from staffml_anki.cli.sync_options import DEFAULT_URL, Key, Url
from staffml_anki.wording import counted

if TYPE_CHECKING:
    from staffml_anki.study.morning import Today


def register(app: typer.Typer) -> None:
    app.command("today")(today)


def today(
    vault: options.VaultPath = options.DEFAULT_VAULT,
    profile: Profile = None,
    timezone: options.TimeZone = None,
    rollover: options.Rollover = None,
    url: Url = DEFAULT_URL,
    key: Key = None,
    as_json: options.AsJson = False,
) -> None:
    """The morning's one screen: what is due, the daily challenge, the plan, the weakest area, and what to run next.

    [dim]Example:[/dim]
      staffml-anki today
    """
    from staffml_anki.study.morning import today as look

    due, why = _due_in_anki(url, key)
    with at_bank(vault, profile, timezone, rollover) as standing:
        found = look(standing, due)
        if as_json:
            output.emit_json(found)
        else:
            _show_today(found, why)


def _due_in_anki(url: str, key: str | None) -> tuple[int | None, str]:
    """Cards of ours that are due; None where Anki does not say, and why."""
    from staffml_anki.anki.connect import find_key
    from staffml_anki.anki.errors import AnkiClosedError, AnkiError
    from staffml_anki.anki.gateway import Gateway
    from staffml_anki.anki.snapshot import read_notetype

    try:
        gateway = Gateway(url, find_key(key))
        held = read_notetype(gateway)
        return 0 if held is None else len(gateway.find_cards(f"mid:{held.id} is:due")), ""
    except AnkiClosedError:
        return None, "Anki is not running"
    except AnkiError as error:
        return None, str(error)


def _show_today(found: "Today", why: str) -> None:
    from datetime import UTC, datetime

    pulled = datetime.fromtimestamp(found.pulled, UTC).date() if found.pulled else None
    as_of = f"as pulled on {pulled}" if pulled else "and nothing was pulled yet"
    source = "" if found.due_from == "Anki" else f" ({why}, {as_of})"
    lines = [
        ("due in Anki", f"{counted(found.due, 'card')}{source}"),
        ("daily", {"open": "waiting", "begun": "begun", "done": "done"}.get(found.daily, found.daily)),
        ("plan", _plan_line(found)),
        ("weakest area", f"{found.weakest or '–'}, recall {found.weakest_recall or 0:.0%}"),
        ("streak", f"{counted(found.streak, 'day')} in Anki, {found.daily_streak} of the daily challenge"),
    ]
    if found.waiting:
        lines.append(("for Anki", f"{counted(found.waiting, 'score')}; sync offers them"))
    output.say(f"{found.date:%A, %d %B %Y}", "bold")
    for name, text in lines:
        output.paragraph(f"  {name:<13} {text}")
    output.say(f"\nnext: {found.next}  ({found.why})", "bold green")


def _plan_line(found: "Today") -> str:
    plan = found.plan
    if plan is None:
        return "none"
    track = "on track" if plan.on_track else "behind"
    return f"{plan.title}: {plan.today} of {plan.quota} today, {plan.done} of {plan.total} in all, {track}"
