"""A session in plain prompts, line by line: for terminals without a full screen, and for those who prefer it."""

import io
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

from staffml_anki.cli import output
from staffml_anki.cli.clock import seconds

if TYPE_CHECKING:
    from staffml_anki.cli.clock import Clock
    from staffml_anki.study.desk import Desk
    from staffml_anki.study.session import Event
    from staffml_anki.study.view import View

LEAVE = "leave"


def run(desk: "Desk", clock: "Clock") -> None:
    """Ask until the session is over or the learner leaves."""
    from staffml_anki.study.session import Resume

    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # a terminal may send what its locale cannot read
    desk.do(Resume(), clock.now())
    shown: tuple[str, int, bool] | None = None
    try:
        while (view := desk.view()) is not None:
            shown = _show(view, shown)
            line = _read(_prompt(view), desk, clock)
            if line is None:
                output.say("\ntime is up" if desk.session.timed_out else "")
                continue
            if line.lower() in (LEAVE, "q", "quit"):
                break
            events = _events(line, view)
            if not events:
                output.say(f"{line or 'Enter'}: not one of these keys")
            for event in events:
                desk.do(event, clock.now())
            if desk.unsaved:
                output.warn(f"not saved yet: {desk.unsaved}")
    except KeyboardInterrupt:
        output.say()  # the terminal has just shown ^C
        raise
    finally:
        desk.put_away(clock.now())


def _show(view: "View", before: tuple[str, int, bool] | None) -> tuple[str, int, bool]:
    """Print what is new on the screen."""
    key = (view.where + view.title, len(view.parts), view.asking)
    if before is None or before[0] != key[0] or (view.asking and not before[2]):
        output.say()
        output.paragraph(view.where, "dim")
        output.paragraph(view.title, "bold")
        output.say()
        output.paragraph(view.question)
        if view.reviewing and view.estimate:
            output.paragraph(f"\nyou said: {view.estimate}", "cyan")
        before = (key[0], 0, view.asking)
    if before[:2] != key[:2]:
        for part in view.parts[before[1] :]:
            output.say(f"\n{part.title}", "bold cyan")
            output.paragraph(part.text)
    return key


def _prompt(view: "View") -> str:
    clock = f"[{seconds(view.clock)}{' left' if view.counting_down else ''}] " if view.asking else ""
    if view.paused:
        return "paused: Enter goes on, q leaves > "
    if view.asking:
        done = "Enter: answered" if view.counting_down else "Enter: reveal"
        return f"{clock}{done} · or type an estimate · s skip · p pause · q leave > "
    return f"{'Enter: more · a all · ' if view.more else ''}1 wrong · 2 partial · 3 nailed · 0 skip · q leave > "


def _read(prompt: str, desk: "Desk", clock: "Clock") -> str | None:
    """A line; None when time is up meanwhile. The end of input is leaving."""
    from staffml_anki.study.session import Tick

    sys.stdout.write(f"\n{_folded(prompt)} ")
    sys.stdout.flush()
    timed_out = desk.session.timed_out
    while not _ready():
        desk.do(Tick(), clock.now())
        if desk.session.timed_out and not timed_out:
            return None
    desk.do(Tick(), clock.now())
    if desk.session.timed_out and not timed_out:
        return None
    line = sys.stdin.readline()
    if not line:
        sys.stdout.write("\n")
        return LEAVE
    return line.strip()


def _folded(prompt: str) -> str:
    """Broken between its choices where the terminal ends."""
    whole = "\u00a0· ".join(choice.replace(" ", "\u00a0") for choice in prompt.strip().split(" · "))
    lines = textwrap.wrap(whole, max(20, shutil.get_terminal_size().columns - 2))
    return "\n".join(lines).replace("\u00a0", " ")


def _ready(wait: float = 0.5) -> bool:
    """Whether a line has been typed; waits a moment for one. Where the system cannot tell, reading itself waits."""
    import select

    try:
        return bool(select.select([sys.stdin], [], [], wait)[0])
    except (OSError, ValueError):
        return True


def _events(line: str, view: "View") -> "list[Event]":
    """What a line means at this moment."""
    from staffml_anki.study.session import Estimate, Pause, Resume, Reveal, Score, Skip

    if view.paused:
        return [Resume()]
    word = line.lower()
    if word in ("p", "pause"):
        return [Pause()]
    if view.asking:
        if word in ("s", "skip"):
            return [Skip()]
        return [Estimate(line), Reveal()] if line else [Reveal()]
    if word in ("0", "1", "2", "3"):
        return [Score(int(word))]
    if word in ("s", "skip"):
        return [Skip()]
    if word in ("a", "all"):
        return [Reveal(99)]
    return [Reveal()] if not line and view.more else []
