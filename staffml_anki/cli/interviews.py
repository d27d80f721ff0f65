"""`gauntlet`: a timed mock interview, and those that were sat before."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from staffml_anki.cli import options, output
from staffml_anki.cli.clock import seconds
from staffml_anki.cli.histories import Profile
from staffml_anki.cli.learner import GradeInAnki, New, Plain, at_bank, at_vault, begun_or_new, session_of
from staffml_anki.cli.sitting import require_terminal
from staffml_anki.cli.sync_options import DEFAULT_URL, Key, Url
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.wording import counted

if TYPE_CHECKING:
    from staffml_anki.study.gauntlet import Format, Result
    from staffml_anki.study.session import Session
    from staffml_anki.study.standing import Standing
    from staffml_anki.vault import Vault

START = "staffml-anki gauntlet start"
Html = Annotated[Path | None, typer.Option("--html", help="Write the result as a page to share.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="As `gauntlet list` shows it; by default the latest.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="A timed mock interview: sit one, look back on those before.")
    group.command("start")(start)
    group.command("list")(list_gauntlets)
    group.command("show")(show)
    group.command("export")(export)
    app.add_typer(group, name="gauntlet")


def start(
    form: Annotated[
        Literal["quick", "standard", "full", "design"] | None,
        typer.Argument(
            metavar="FORMAT",
            help="quick 5 in 10 min, standard 10 in 20, full 15 in 35, design 1 in 15.",
            show_default="standard",
        ),
    ] = None,
    questions: Annotated[int | None, typer.Option("--questions", min=1, max=200, help="Your own number.")] = None,
    minutes: Annotated[int | None, typer.Option("--minutes", min=1, max=600, help="Your own time.")] = None,
    track: options.Tracks = [],  # noqa: B006 - typer copies defaults
    level: options.Levels = [],  # noqa: B006
    seed: Annotated[int | None, typer.Option("--seed", help="For one that can be repeated.")] = None,
    html: Html = None,
    vault: options.VaultPath = options.DEFAULT_VAULT,
    new: New = False,
    plain: Plain = False,
    grade_in_anki: GradeInAnki = False,
    profile: Profile = None,
    url: Url = DEFAULT_URL,
    key: Key = None,
) -> None:
    """Sit a mock interview: questions against the clock, then the model answers and your scores.

    When time is up, what is not answered scores 0. One that you leave waits, its clock stopped; --new gives it up.

    [dim]Examples:[/dim]
      staffml-anki gauntlet start
      staffml-anki gauntlet start quick --track cloud --level L5
      staffml-anki gauntlet start --questions 3 --minutes 9 --seed 7 --html result.html
    """
    require_terminal("gauntlet", "gauntlet list shows those before")
    with at_vault(vault, profile) as (standing, loaded):
        wish = {
            "form": form, "questions": questions, "minutes": minutes, "track": track, "level": level, "seed": seed,
        }  # fmt: skip
        wish = {name: value for name, value in wish.items() if value not in (None, [])}
        chosen = _format(form, questions, minutes)
        session = begun_or_new(
            standing,
            "gauntlet",
            wish,
            lambda asked: _drawn(standing, loaded, chosen, track, level, seed, asked),
            START,
            new=new,
        )
        grade = (url, key) if grade_in_anki else None
        session = session_of(standing, loaded, session, START, plain=plain, grade=grade)
        if session.stage == "over":
            found = _result(standing, session)
            _show(found)
            _page(html, found, standing)


def _format(form: str | None, questions: int | None, minutes: int | None) -> "Format":
    from staffml_anki.study.gauntlet import CUSTOM, FORMATS, Format

    if questions is None and minutes is None:
        return FORMATS[form or "standard"]
    if form is not None:
        raise StaffmlAnkiError(f"{form} has its own number and time; drop it, or --questions and --minutes")
    if questions is None or minutes is None:
        raise StaffmlAnkiError("--questions and --minutes belong together; give both, or the name of a format")
    return Format(CUSTOM, questions, minutes)


def _drawn(
    standing: "Standing",
    vault: "Vault",
    form: "Format",
    track: list[str],
    level: list[str],
    seed: int | None,
    asked: str,
) -> "Session":
    from staffml_anki.study.gauntlet import draw
    from staffml_anki.vault.select import select

    chosen = select(vault, options.selection(track=track, level=level))
    session = draw(chosen, form, standing.now, seed, standing.gauntlets, track=",".join(track), level=",".join(level))
    if len(session.answers) < form.questions:
        output.warn(f"note: only {counted(len(session.answers), 'question')} there")
    return session.model_copy(update={"about": session.about | {"asked": asked}})


def _result(standing: "Standing", session: "Session") -> "Result":
    from staffml_anki.study.gauntlet import result

    return result(session, standing.entries, standing.gauntlets)


def _results(standing: "Standing") -> "list[Result]":
    return [_result(standing, session) for session in standing.gauntlets]


def _find(found: "list[Result]", key: str) -> "Result":
    if not found:
        raise StaffmlAnkiError("there is no gauntlet yet; sit one with staffml-anki gauntlet start")
    for each in found:
        if each.id == key or not key:
            return each
    raise StaffmlAnkiError(f"{key}: no such gauntlet; the latest is {found[0].id}")


def list_gauntlets(
    vault: options.VaultPath = options.DEFAULT_VAULT, profile: Profile = None, as_json: options.AsJson = False
) -> None:
    """The gauntlets that were sat, the latest first.

    [dim]Example:[/dim]
      staffml-anki gauntlet list
    """
    with at_bank(vault, profile) as standing:
        found = _results(standing)
    if as_json:
        output.emit_json(found)
        return
    if not found:
        output.say("no gauntlet yet; sit one with staffml-anki gauntlet start")
        return
    rows = [
        [r.id, r.when, r.format, f"{r.points}/{r.possible}", f"{r.share:.0%}", seconds(r.seconds), r.ending]
        for r in found
    ]
    output.table([["id", "when", "format", "points", "share", "time", "ended"], *rows], right=(3, 4, 5))


def show(
    gauntlet_id: Id = "",
    html: Html = None,
    vault: options.VaultPath = options.DEFAULT_VAULT,
    profile: Profile = None,
    as_json: options.AsJson = False,
) -> None:
    """The result of a gauntlet, by area and by question.

    [dim]Examples:[/dim]
      staffml-anki gauntlet show
      staffml-anki gauntlet show --html result.html
    """
    with at_bank(vault, profile) as standing:
        found = _find(_results(standing), gauntlet_id)
        if as_json:
            output.emit_json(found)
        else:
            _show(found)
        _page(html, found, standing)


def export(
    out: Annotated[Path, typer.Option("--out", "-o", help="The JSON file to write.")],
    vault: options.VaultPath = options.DEFAULT_VAULT,
    profile: Profile = None,
) -> None:
    """Write all gauntlets to a file, in the shape that the StaffML app's progress file has for them.

    [dim]Example:[/dim]
      staffml-anki gauntlet export --out gauntlets.json
    """
    import json

    from staffml_anki.files import write_whole
    from staffml_anki.study.webapp import gauntlet

    with at_bank(vault, profile) as standing:
        rows = [gauntlet(session, standing.entries) for session in standing.gauntlets]
    write_whole({out: (json.dumps(rows, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "surrogatepass")})
    output.say(f"{counted(len(rows), 'gauntlet')} in {out}", "green")


def _show(found: "Result") -> None:
    ended = {"time": "time ran out", "quit": "given up", "done": "in time"}.get(found.ending, found.ending)
    answered = f"{found.answered} of {counted(len(found.answers), 'question')} answered"
    points = f"{found.points} of {found.possible} points ({found.share:.0%})"
    output.say(f"\n{found.format} gauntlet: {points}, {answered} in {seconds(found.seconds)}, {ended}", "bold")
    if found.before and found.mean is not None and found.best is not None:
        count = counted(found.before, "earlier one")
        output.say(f"{count}: {found.mean:.0%} on average, {found.best:.0%} at best", "dim")
    rows = [
        [a.area or "–", f"{a.points}/{a.possible}", _bar(a.points, a.possible), seconds(a.seconds)] for a in found.areas
    ]
    output.say()
    output.table([["area", "points", "", "time each"], *rows], right=(1, 3))


def _bar(points: int, possible: int) -> str:
    return "█" * round(5 * points / possible) if possible else ""


def _page(path: Path | None, found: "Result", standing: "Standing") -> None:
    if path is None:
        return
    from staffml_anki.files import write_whole
    from staffml_anki.study.page import result_page

    write_whole({path: result_page(found, standing.bank).encode("utf-8", "replace")})
    output.say(f"{path}: open it in a browser, or send it", "green")
