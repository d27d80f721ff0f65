"""Sitting down to a session: full screen where the terminal can, plain prompts where it cannot; what it came to."""

import os
import shutil
import sys
from typing import TYPE_CHECKING

from staffml_anki.cli import output
from staffml_anki.cli.clock import Clock, seconds
from staffml_anki.errors import StaffmlAnkiError

if TYPE_CHECKING:
    from staffml_anki.study.desk import Desk
    from staffml_anki.study.session import Session
    from staffml_anki.vault import Vault

SMALLEST = (30, 10)
"""Columns and lines below which a full screen makes no sense."""


def require_terminal(command: str, instead: str) -> None:
    """Refuse to ask questions where nobody can answer.

    Raises:
        StaffmlAnkiError: standard input or output is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise StaffmlAnkiError(f"{command} asks questions, and this is no terminal: nobody can answer; {instead}")


def sit(desk: "Desk", clock: Clock, *, plain: bool) -> None:
    """Go through a session, to its end or until the learner leaves; wherever that is, it is kept.

    Raises:
        KeyboardInterrupt: they left by Ctrl-C.
    """
    size = shutil.get_terminal_size()
    small = size.columns < SMALLEST[0] or size.lines < SMALLEST[1]
    speaks_unicode = sys.stdout.encoding.lower().replace("-", "") == "utf8"
    if plain or small or not speaks_unicode or os.environ.get("TERM", "dumb") == "dumb":
        from staffml_anki.cli import prompts

        prompts.run(desk, clock)
        return
    from staffml_anki.cli import fullscreen

    fullscreen.run(desk, clock)


def show_session(session: "Session", vault: "Vault", resume: str) -> None:
    """What a session came to, or how it goes on."""
    from staffml_anki.study.view import SCORE_NAMES, summary

    if session.stage != "over":
        asked = sum(answer.score is not None for answer in session.answers)
        output.say(f"kept at {asked} of {len(session.answers)}; go on with: {resume}")
        return
    names = {None: "–"} | dict(enumerate(SCORE_NAMES))
    rows = [
        [names[answer.score], seconds(answer.thought // 1000), question.level, question.title]
        for answer, question in summary(session, vault)
    ]
    output.table([["score", "time", "level", "question"], *rows], right=(1,), fit=True)
