"""Napkin math → the clauses that may hold a calculation, each with its line."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from staffml_anki.vault.napkin.latex import without_latex

MAX_CLAUSE = 600
"""Characters. A calculation line has some 100; a far longer one is made to keep a program busy."""
_RELATION = re.compile(r"[=≈<>≤≥≃≅≲≳≪≫]|\\(?:approx|le|ge|lt|gt|simeq|sim)")
_MARKER = re.compile(r"^\s*(?:(?:[-*+•>]|#{1,6}|[0-9]{1,2}[.)])\s+)*")
_POWER = re.compile(r"(?<=[\w)])\*\*(?=[\d(])")
_ABBREVIATION = re.compile(r"\b(approx|vs|ca|e\.g|i\.e|incl|excl|max|min|avg|resp)\.(?=\s)", re.IGNORECASE)
_THIN = re.compile(r"(?<=[0-9])[\u00a0\u2009\u202f](?=[0-9]{3}(?![0-9]))")


class Clause(NamedTuple):
    """``line`` counts from 1 in its text; ``text`` is free of Markdown and LaTeX."""

    line: int
    text: str
    whole: str
    """The line as its author wrote it."""


def clauses(text: str) -> Iterator[Clause]:
    """Every piece of a text that holds a relation with a digit on both sides of it."""
    for number, line in enumerate(text.split("\n"), start=1):
        if _RELATION.search(line):
            for piece in _split(_plain(line)):
                if _promising(piece):
                    yield Clause(number, piece.strip(), line.strip())


def _plain(line: str) -> str:
    line = _THIN.sub("", _MARKER.sub("", line, count=1))
    line = _POWER.sub("^", line).replace("**", "").replace("`", "").replace("\u00a0", " ")
    line = without_latex(line).replace("\u2212", "−")
    return _ABBREVIATION.sub(r"\1", line)


def _split(line: str) -> Iterator[str]:
    """Cut at ``: ; , .`` before a space, at arrows, dashes and bars; not inside brackets."""
    depth, start, end = 0, 0, len(line)
    at = 0
    while at < end:
        character = line[at]
        if character in "([{⌈⌊":
            depth += 1
        elif character in ")]}⌉⌋":
            depth = max(0, depth - 1)
        elif (width := _cut(line, at, end)) and (depth == 0 or character in "→⇒"):
            if character != "?":
                yield line[start:at]
            start = at = at + width
            depth = 0
            continue
        at += 1
    yield line[start:]


def _cut(line: str, at: int, end: int) -> int:
    """How many characters separate two clauses here; 0 where none do."""
    character = line[at]
    following = line[at + 1] if at + 1 < end else " "
    if character in ":;,.":
        return 1 if following.isspace() else 0
    if character in "→⇒⟹↦—|?!":
        # "!" and "?" end a sentence; "!=" compares.
        return 0 if character == "!" and following == "=" else 1
    if character in "=-" and following == ">":
        return 2
    return 0


def _promising(piece: str) -> bool:
    match = _RELATION.search(piece)
    return (
        match is not None
        and any(c.isdigit() for c in piece[: match.start()])
        and any(c.isdigit() for c in piece[match.end() :])
    ) or (match is not None and len(_RELATION.findall(piece)) > 1)
