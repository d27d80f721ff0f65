"""Chains such as ``35 GB / 3.35 TB/s = 0.0104 s ≈ 10.4 ms``: read, computed, and judged."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from staffml_anki.vault.napkin.expression import (
    Mismatch,
    Node,
    Operation,
    Quantity,
    Uncomputable,
    Value,
    agree,
    evaluate,
)
from staffml_anki.vault.napkin.lines import MAX_CLAUSE
from staffml_anki.vault.napkin.parser import parse_member
from staffml_anki.vault.napkin.reading import Reading, Unreadable, ways_to_read
from staffml_anki.vault.napkin.tokens import Token, Untokenizable, tokenize
from staffml_anki.vault.napkin.tolerance import ABOUT, Tolerance
from staffml_anki.vault.napkin.units import in_words, power

READINGS = 48
"""Ways in which one clause is read at most, before the usual one is reported."""
MAX_TOKENS = 200
_TIMES = frozenset(
    "s min h d second seconds minute minutes hour hours day days week weeks month months year years".split()
)
_SIZE = re.compile(r"[kKMGTP]i?[Bb]?(?:ytes?)?|[Bb]ytes?|B")
_BITS = re.compile(r"bit|[kMGT]b|[GM]T/s")

Verdict = Literal["right", "value", "dimension", "unreadable", "none"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """``found`` and ``right`` say what a wrong clause states and what it should."""

    verdict: Verdict
    found: str = ""
    right: str = ""


_OPPOSITE = {"<": ">", ">": "<", "≤": ">", "≥": "<"}
NOTHING = Judgement("none")
RIGHT = Judgement("right")
UNREADABLE = Judgement("unreadable")


def judge(clause: str) -> Judgement:
    """Whether a clause is a calculation, and whether it is right.

    A clause counts as wrong only if every way of reading it is.
    """
    if len(clause) > MAX_CLAUSE:
        return UNREADABLE
    try:
        tokens = tokenize(clause)
    except Untokenizable:
        return UNREADABLE if _arithmetic_text(clause) else NOTHING
    members, relations = _members(tokens)
    if len(members) < 2 or len(tokens) > MAX_TOKENS:
        return UNREADABLE if len(members) > 1 else NOTHING
    unreadable = UNREADABLE if _arithmetic(members) else NOTHING
    first: Judgement | None = None
    for reading in ways_to_read(READINGS):
        _prepare(reading, clause, tokens)
        found = _judge_reading(members, relations, reading, clause)
        if found.verdict == "right":
            return RIGHT
        if found.verdict != "none" and first is None:
            first = unreadable if reading.loose else found
    return unreadable if first is None else first


def _prepare(reading: Reading, clause: str, tokens: Sequence[Token]) -> None:
    """The choices that hold for a whole clause, least likely last."""
    words = {t.text for t in tokens if t.kind == "word"}
    sizes = {word for word in words if _SIZE.fullmatch(word)}
    if len(sizes) > 1 or sizes & {"K", "k", "M"}:
        reading.binary = reading.pick("binary", (False, True))
    if "%" in clause and any(t.value == 100 for t in tokens if t.kind == "number"):
        reading.percent = reading.pick("%", (0.01, 1.0))
    if "K" in words and words & {"°C", "degC", "℃"}:
        reading.celsius = reading.pick("°C", (0.0, 273.15))
    times = {word for each in words if (word := each.rstrip("s") or each) in _TIMES}
    if len(times) > 1 and times - {"s", "min", "second", "minute"}:
        reading.calendar = reading.pick("calendar", (False, True))
    if _BITS.search(clause) and any(t.value == 8 for t in tokens if t.kind == "number"):
        reading.eight = reading.pick("8", (8.0, 1.0))
    counted = {word.lower().rstrip("s")[-4:] for word in words}
    if any(c.endswith("mac") for c in counted) and any(c.endswith("op") for c in counted):
        reading.multiply_add = reading.pick("MAC", (1.0, 2.0))


def _members(tokens: Sequence[Token]) -> tuple[list[list[Token]], list[str]]:
    members: list[list[Token]] = [[]]
    relations: list[str] = []
    depth = 0
    for token in tokens:
        depth += (token.kind == "open") - (token.kind == "close")
        if token.kind == "relation" and depth <= 0:
            members.append([])
            relations.append(token.text)
        else:
            members[-1].append(token)
    return members, relations


def _arithmetic(members: Sequence[Sequence[Token]]) -> bool:
    """Whether a clause computes something, so that not being able to read it is worth a word."""
    numbers = [sum(t.kind == "number" for t in member) for member in members]
    computes = [n > 1 and _operates(member) for n, member in zip(numbers, members, strict=True)]
    return any((a and n) or (b and m) for (a, m), (b, n) in pairwise(zip(computes, numbers, strict=True)))


def _operates(member: Sequence[Token]) -> bool:
    """Whether there is an operator; the sign of an exponent is none."""
    return any(t.text in ("×", "/", "+", "-", "–", "√") and before.text != "^" for before, t in pairwise(member))


def _arithmetic_text(clause: str) -> bool:
    left, mark, right = clause.replace("≈", "=").partition("=")
    return (
        bool(mark)
        and any(c.isdigit() for c in right)
        and any(c in left for c in "×*/+")
        and sum(c.isdigit() for c in left) > 1
    )


def _judge_reading(
    members: Sequence[Sequence[Token]], relations: Sequence[str], reading: Reading, clause: str
) -> Judgement:
    """The first fault of a chain under one reading; ``none`` where fewer than two members can be computed."""
    nodes: list[Node | None] = []
    for place, member in enumerate(members):
        loose = reading.loose
        try:
            node: Node | None = parse_member(member, reading, place, last=place == len(members) - 1)
        except Unreadable:
            node = None
        if place == 0 and len(members) > 2 and reading.loose and isinstance(node, Quantity):
            node = None  # "Step 3 = 2 × 5 ms = 10 ms": a name
        reading.loose = reading.loose and (loose or node is not None)
        nodes.append(node)
    compared = False
    earlier: list[Node] = []
    since: list[str] = []
    calendar = _calendar(clause)
    try:
        for node, relation in zip(nodes, ["", *relations], strict=True):
            since.append(relation)
            if node is None:
                continue
            if earlier and (fault := _fault(earlier, node, since, reading, calendar)) is not None:
                return fault
            compared |= bool(earlier) and "≠" not in since
            earlier.append(node)
            since = []
    except Uncomputable:
        return NOTHING
    return RIGHT if compared else NOTHING


def _fault(
    earlier: Sequence[Node], node: Node, since: Sequence[str], reading: Reading, calendar: float
) -> Judgement | None:
    """What is wrong with a member: it need only fit one of those before it, which may be rounded themselves."""
    if "≠" in since:
        return None
    if since[-1] in _OPPOSITE:
        return _compare(earlier[-1], node, since[-1])
    tolerance = Tolerance("≈" in since or reading.about, exact_fit=reading.binary, calendar=calendar)
    faults = [_differ(left, node, tolerance, reading) for left in reversed(earlier)]
    return None if None in faults else faults[0]


def _calendar(clause: str) -> float:
    """A year has 365 or 365.25 days, a month 30 or a twelfth of that."""
    return 0.02 if "month" in clause else 0.0008 if "year" in clause or "yr" in clause else 0.0


def _compare(left: Node, right: Node, relation: str) -> Judgement | None:
    """``140 GB > 80 GB``."""
    a, b = evaluate(left), evaluate(right)
    if not agree(a.dimension, b.dimension):
        if a.bare or b.bare:
            a, b = evaluate(left, plain=True), evaluate(right, plain=True)
        else:
            return Judgement("dimension", in_words(a.dimension), in_words(b.dimension))
    slack = ABOUT * max(abs(a.middle), abs(b.middle))
    holds = a.low < b.high + slack if relation in "<≤" else a.high > b.low - slack
    if holds:
        return None
    first, second = _stated(a, right), _stated(b, right)
    return Judgement("value", f"{first} {relation} {second}", f"{first} {_OPPOSITE[relation]} {second}")


def _differ(left: Node, right: Node, tolerance: Tolerance, reading: Reading) -> Judgement | None:
    """What is wrong with ``left = right``; None where nothing is."""
    try:
        a, b = evaluate(left), evaluate(right)
    except Mismatch as mismatch:
        return Judgement("dimension", str(mismatch), "a sum of like quantities")
    shown = right if isinstance(right, Quantity) else left if isinstance(left, Quantity) else None
    half = None if shown is None else shown.half * shown.factor
    if a.bare != b.bare and not agree(a.dimension, b.dimension):
        # One side has left its units off. A side that has none at all is read in those of the other.
        reading.loose |= _strange(right if a.dimension else left)  # "= 12 sols": a word that may be a unit
        if not a.bare:
            return Judgement("dimension", in_words(b.dimension), in_words(a.dimension))
        plain = evaluate(left, plain=True), evaluate(right, plain=True)
        if tolerance.close(*plain, None if shown is None else shown.half) or tolerance.close(a, b, half):
            return None
        return Judgement("value", *(_stated(value, right, plain=True) for value in reversed(plain)))
    if not agree(a.dimension, b.dimension):
        if a.dimension == power(b.dimension, Fraction(-1)) and tolerance.close(_inverse(a), b, half):
            return None  # "30 fps = 33 ms"
        return Judgement("dimension", in_words(b.dimension), in_words(a.dimension))
    if tolerance.close(a, b, half):
        return None
    return Judgement("value", _stated(b, right), _stated(a, right))


def _inverse(value: Value) -> Value:
    return evaluate(Operation("/", (Quantity(1.0, 1.0), Quantity(value.low, value.high, dimension=value.dimension))))


def _stated(value: Value, like: Node, *, plain: bool = False) -> str:
    """A value in the unit in which a member is written.

    Args:
        plain: the value was computed with the numbers alone.
    """
    if isinstance(like, Quantity):
        return _number(value.middle / like.scale / (1.0 if plain else like.factor)) + like.suffix
    return _number(value.middle) + (f" {in_words(value.dimension)}" if value.dimension else "")


def _strange(node: Node) -> bool:
    return node.strange if isinstance(node, Quantity) else any(_strange(operand) for operand in node.operands)


def _number(value: float) -> str:
    """Five digits, without a power of ten where it can be avoided."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if 1e-4 <= abs(value) < 1e15:
        digits = max(0, 4 - math.floor(math.log10(abs(value))))
        text = f"{value:.{digits}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.5g}"
