"""What a person or a script sees. The one place that writes to the terminal."""

import dataclasses
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

    from staffml_anki.vault import Problem

WARNINGS_SHOWN = 20
LEAST_CUT = 8


def console(*, stderr: bool = False) -> "Console":
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, soft_wrap=True)


def say(text: str = "", style: str = "") -> None:
    """A line for a person, on stdout."""
    _line(sys.stdout, text, style)


def paragraph(text: str, style: str = "") -> None:
    """Text for a person, broken between words where the terminal ends."""
    if sys.stdout.isatty():
        console().print(clean(text), style=style or None, soft_wrap=False)
    else:
        say(text, style)


def warn(text: str, style: str = "yellow") -> None:
    """A line for a person, on stderr."""
    _line(sys.stderr, text, style)


def step(text: str) -> None:
    """What is being done now, for somebody who waits at a terminal."""
    if sys.stderr.isatty():
        _line(sys.stderr, f"… {text}", "dim")


def _line(stream: TextIO, text: str, style: str) -> None:
    if stream.isatty() or os.environ.get("FORCE_COLOR"):
        console(stderr=stream is sys.stderr).print(clean(text), style=style or None)
    else:
        stream.write(clean(text) + "\n")  # without Rich, which takes longer to load than many a command to run


def emit_json(value: object) -> None:
    """One JSON document on stdout, and nothing else."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=_plain) + "\n")


def write(text: str) -> None:
    """A finished document on stdout."""
    sys.stdout.write(text)


def clean(text: str) -> str:
    """Text of a vault without anything a terminal would act on: escapes, bells, changes of direction."""
    return (
        text
        if text.isascii() and text.isprintable()
        else "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)
    )


def table(rows: Sequence[Sequence[str]], right: Iterable[int] = (), *, fit: bool = False) -> None:
    """Aligned columns without lines: readable for people, and for grep and cut. The first row is the heading.

    Args:
        fit: cut the last column where a terminal ends, if something of it is left then.
    """
    from rich.cells import cell_len, set_cell_size

    rows = [[clean(cell.replace("\n", " ")) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    aligned_right = set(right)
    out = console()
    for number, row in enumerate(rows):
        cells = [
            " " * (width - cell_len(cell)) + cell if index in aligned_right else cell + " " * (width - cell_len(cell))
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        line = "  ".join(cells).rstrip()
        if fit and out.is_terminal and cell_len(line) > out.width >= sum(widths[:-1]) + 2 * len(widths) + LEAST_CUT:
            line = f"{set_cell_size(line, out.width - 1)}…"
        if number == 0:
            out.print(line, style="bold")
        else:
            sys.stdout.write(line + "\n") if len(rows) > 500 else out.print(line)


def problems(found: "Sequence[Problem]", *, warnings: int | None = WARNINGS_SHOWN) -> None:
    """Problems on stderr: every error, then as many warnings as wanted."""
    ordered = sorted(found, key=lambda problem: problem.severity)
    errors = sum(problem.severity == "error" for problem in ordered)
    limit = None if warnings is None else errors + warnings
    out = console(stderr=True)
    for problem in ordered[:limit]:
        out.print(f"{problem.severity}: ", style="bold red" if problem.severity == "error" else "yellow", end="")
        out.print(clean(str(problem).replace("\n", " ")))
    if limit is not None and len(ordered) > limit:
        out.print(f"… and {len(ordered) - limit} more; staffml-anki check shows all")


def progress(items: Iterable[Any], what: str, total: int) -> Iterator[Any]:
    """A progress bar on stderr where that is a terminal; nothing where it is not, or where it would only flicker."""
    if total < 500 or not sys.stderr.isatty():
        yield from items
        return
    from rich.progress import track as rich_track

    yield from rich_track(items, f"{what:<18}", total=total, console=console(stderr=True), transient=True)


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)
