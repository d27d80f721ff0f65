"""What the commands of studying share: where the learner stands, a session from end to end, scores for Anki."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from staffml_anki.cli import options, output
from staffml_anki.cli.clock import Clock
from staffml_anki.cli.sitting import show_session, sit
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.wording import counted

if TYPE_CHECKING:
    from staffml_anki.reviews.practice import Mode
    from staffml_anki.study.grading import Graded
    from staffml_anki.study.session import Session
    from staffml_anki.study.standing import Standing
    from staffml_anki.vault import Listed, Vault

SITTING = "How to sit"

Plain = Annotated[bool, typer.Option("--plain", help="Line by line instead of a full screen.", rich_help_panel=SITTING)]
GradeInAnki = Annotated[
    bool,
    typer.Option(
        "--grade-in-anki",
        help="Give the scores to Anki as answers: wrong is Again, partial Hard, nailed Good.",
        rich_help_panel=SITTING,
    ),
]
New = Annotated[
    bool, typer.Option("--new", help="Begin anew instead of going on where you left.", rich_help_panel=SITTING)
]

type Reach = tuple[str, str | None]
"""Where Anki answers, and its key."""


@contextmanager
def at_vault(
    vault: Path, profile: str | None, timezone: str | None = None, rollover: int | None = None
) -> "Iterator[tuple[Standing, Vault]]":
    """Where the learner stands, with the texts of the vault."""
    from staffml_anki.coverage import bank_of
    from staffml_anki.vault import load_vault

    loaded = load_vault(vault, progress=output.progress)
    with _standing(bank_of(loaded), profile, timezone, rollover) as found:
        yield found, loaded


@contextmanager
def at_bank(
    vault: Path, profile: str | None, timezone: str | None = None, rollover: int | None = None
) -> "Iterator[Standing]":
    """Where the learner stands, without the texts: much faster with a large vault."""
    from staffml_anki.coverage.cache import load_bank
    from staffml_anki.data import home_folder

    with _standing(load_bank(vault, home_folder(), output.progress), profile, timezone, rollover) as found:
        yield found


@contextmanager
def _standing(bank: Any, profile: str | None, timezone: str | None, rollover: int | None) -> "Iterator[Standing]":
    from dataclasses import replace

    from staffml_anki.data import home_folder
    from staffml_anki.reviews import history_at
    from staffml_anki.study.standing import standing

    with standing(bank, history_at(home_folder(), profile), None, Clock().now()) as found:
        for notice in found.notebook.notices:
            output.warn(f"note: {notice}")
        yield replace(found, calendar=options.calendar(timezone, rollover, found.history.rollover))


def begun_or_new(
    standing: "Standing",
    mode: "Mode",
    wish: dict[str, Any],
    make: "Callable[[str], Session]",
    resume: str,
    *,
    new: bool,
) -> "Session":
    """The session that was left, or a new one.

    Args:
        wish: what it shall ask, where the learner said so: then it must be what the one that was left asks.
        make: a new one; it is given the wish as text.
        resume: the command that goes on with what was left.
        new: give up what was left.

    Raises:
        StaffmlAnkiError: another one was left.
    """
    import json

    asked = json.dumps(wish, sort_keys=True) if wish else ""
    left = None if new else standing.notebook.open_session(mode)
    if left is None:
        session = make(asked)
        standing.notebook.give_up(mode, standing.now)  # not before there is another
        return session
    if asked and left.about.get("asked", "") != asked:
        raise StaffmlAnkiError(f"you left another one; go on with {resume}, or give it up for this one with --new")
    return left


def session_of(
    standing: "Standing", vault: "Vault", session: "Session", resume: str, *, plain: bool, grade: Reach | None
) -> "Session":
    """Sit down to a session, say what it came to, and see to its scores.

    Args:
        resume: the command that goes on with it.
        grade: where to reach Anki, and the key, where the scores shall be given to it.
    """
    from staffml_anki.study.desk import Desk

    notebook = standing.notebook
    desk = Desk(session, vault, notebook.keep)
    try:
        sit(desk, Clock(), plain=plain)
    except KeyboardInterrupt:
        show_session(desk.session, vault, resume)
        raise
    show_session(desk.session, vault, resume)
    if grade is not None and desk.session.stage == "over":
        give(standing, desk.session.id, *grade)
    return desk.session


def give(standing: "Standing", session: str, url: str, key: str | None) -> None:
    """Give a session's scores to Anki, or say that they wait."""
    from staffml_anki.anki.connect import connect, find_key
    from staffml_anki.anki.errors import AnkiError
    from staffml_anki.reviews.store import FILES_ONLY
    from staffml_anki.study.grading import give_grades

    try:
        connection = connect(url, find_key(key))
        folder = standing.notebook.folder
        if folder not in (connection.folder, connection.folder.parent / FILES_ONLY):
            output.warn(f"note: Anki has another profile open ({connection.profile}); the scores are kept")
            return
        with connection.memory() as memory, memory.alone():  # two at once would not see what the other is sending
            waiting = [each for each in standing.notebook.ungraded() if each.session == session]
            if waiting:
                show_graded(give_grades(connection.gateway, standing.notebook, waiting))
    except AnkiError as error:
        output.warn(f"note: {error}; the scores are kept, and the next sync offers them")


def show_graded(graded: "Graded") -> None:
    """What became of scores in Anki."""
    if graded.given:
        output.say(f"{counted(len(graded.given), 'card')} answered in Anki", "green")
    for each in graded.listed:
        output.warn(f"not answered in Anki: {each.question}: {each.why}")
    if graded.superseded:
        output.say(f"{len(graded.superseded):,} left as they are: answered in Anki or practised again since", "dim")


def brief(question: "Listed") -> dict[str, str]:
    """A question as `--json` lists it."""
    return {key: getattr(question, key) for key in ("id", "track", "level", "area", "topic", "title")}
