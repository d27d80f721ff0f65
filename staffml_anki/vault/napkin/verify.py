"""Every calculation line of a vault: how many could be read, which are wrong, and which could not be read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from staffml_anki.parallel import Progress, no_progress, spread
from staffml_anki.vault.model import Problem, Question, Vault
from staffml_anki.vault.napkin import units
from staffml_anki.vault.napkin.chains import Judgement, judge
from staffml_anki.vault.napkin.lines import Clause, clauses
from staffml_anki.vault.questions import UPSTREAM_KEY

FIELD = "napkin_math"
_SHOWN = 160
"""Characters of a line in a message."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A line that is wrong, or that could not be read. ``line`` counts from 1 in its field."""

    question: str
    file: str
    field: str
    line: int
    text: str
    verdict: Literal["value", "dimension", "unreadable"]
    found: str = ""
    right: str = ""

    @property
    def problem(self) -> Problem:
        text = self.text if len(self.text) <= _SHOWN else f"{self.text[:_SHOWN]}…"
        where = f"line {self.line}: '{text}'"
        if self.verdict == "unreadable":
            message = f"{where}: could not be read"
        elif self.verdict == "value":
            message = f"{where}: found {self.found}; right: {self.right}"
        else:
            message = f"{where}: found {self.found}; the units give {self.right}"
        return Problem("warning", self.file, self.field, message, self.question)


@dataclass(frozen=True, slots=True)
class MathReport:
    """``read`` counts the lines that were computed, right or wrong."""

    read: int
    wrong: tuple[Finding, ...]
    unreadable: tuple[Finding, ...]


def check_math(vault: Vault, progress: Progress = no_progress) -> MathReport:
    """Compute every line of the napkin math that states an equality or a comparison of numbers.

    Lines that are only prose, a definition (``batch = 32``) or a formula of symbols are neither read nor unreadable.
    """
    units.unit("second")  # pint is loaded once, before the work is spread over processes
    found = spread(_of_question, [*vault.questions.values(), *vault.broken], "Calculating", progress)
    findings = [finding for _, each in found for finding in each]
    return MathReport(
        read=sum(read for read, _ in found),
        wrong=tuple(f for f in findings if f.verdict != "unreadable"),
        unreadable=tuple(f for f in findings if f.verdict == "unreadable"),
    )


def _of_question(question: Question) -> tuple[int, list[Finding]]:
    lines: dict[int, list[tuple[Clause, Judgement]]] = {}
    for clause in clauses(getattr(question, FIELD)):
        lines.setdefault(clause.line, []).append((clause, judge(clause.text)))
    read, findings = 0, []
    for judged in lines.values():
        faults = list(_faults(question, judged))
        findings.extend(faults)
        wrong = any(fault.verdict != "unreadable" for fault in faults)
        read += wrong or (not faults and any(judgement.verdict == "right" for _, judgement in judged))
    return read, findings


def _faults(question: Question, judged: list[tuple[Clause, Judgement]]) -> Iterator[Finding]:
    """What is wrong with a line; that a part of it could not be read only where nothing is."""
    wrong = any(judgement.verdict in ("value", "dimension") for _, judgement in judged)
    for clause, found in judged:
        if found.verdict in ("value", "dimension") or (found.verdict == "unreadable" and not wrong):
            where = (question.id, question.file, UPSTREAM_KEY[FIELD], clause.line, clause.text)
            yield Finding(*where, found.verdict, found.found, found.right)
