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
from staffml_anki.vault.napkin.members import Chain, chains_of, looks_like_arithmetic
from staffml_anki.vault.napkin.parser import parse_member
from staffml_anki.vault.napkin.reading import Reading, Unreadable, ways_to_read
from staffml_anki.vault.napkin.tokens import Token, Untokenizable, tokenize
from staffml_anki.vault.napkin.tolerance import ABOUT, Tolerance
from staffml_anki.vault.napkin.units import in_words, power

MAX_TOKENS = 200
READINGS, EFFORT = 64, 2_000
"""Ways in which one clause is read at most, and tokens read for all of them."""
_TIMES = frozenset("s min h second minute hour hr day week month year".split())
_SIZE = re.compile(r"[kKMGTP]i?[Bb]?(?:ytes?)?|[Bb]ytes?|B")
_THOUSAND = 1000.0
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
        return UNREADABLE if looks_like_arithmetic(clause) else NOTHING
    if len(tokens) > MAX_TOKENS:
        return UNREADABLE
    found = [_judge_chain(chain, clause) for chain in chains_of(tokens)]
    for verdict in ("value", "dimension", "right", "unreadable"):
        for judgement in found:
            if judgement.verdict == verdict:
                return judgement
    return NOTHING


def _judge_chain(chain: Chain, clause: str) -> Judgement:
    unreadable = UNREADABLE if chain.computes else NOTHING
    tokens = [token for member in chain.members for token in member]
    most = min(READINGS, 1 + EFFORT // (1 + len(tokens)))
    first: Judgement | None = None
    for count, reading in enumerate(ways_to_read(most), start=1):
        reading.loose = chain.in_prose
        _prepare(reading, clause, tokens)
        found = _judge_reading(chain, reading, clause)
        if found.verdict == "right":
            return RIGHT
        if found.verdict != "none" and first is None:
            first = unreadable if reading.loose else found
        if count == most and reading.has_more:
            return unreadable
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


def _judge_reading(chain: Chain, reading: Reading, clause: str) -> Judgement:
    """The first fault of a chain under one reading; ``none`` where fewer than two members can be computed."""
    nodes = _parse(chain, reading)
    compared = False
    earlier: list[Node] = []
    since: list[str] = []
    calendar = _calendar(clause)
    try:
        for node, relation in zip(nodes, ["", *chain.relations], strict=True):
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
    except Mismatch as mismatch:
        tolerance = Tolerance(reading.about or "≈" in chain.relations)
        if mismatch.shared and _right_without_units([node for node in nodes if node is not None], tolerance):
            return RIGHT
        return Judgement("dimension", str(mismatch), "a sum of like quantities")
    return RIGHT if compared else NOTHING


def _right_without_units(nodes: Sequence[Node], tolerance: Tolerance) -> bool:
    values = [evaluate(node, plain=True) for node in nodes]
    halves = [node.half if isinstance(node, Quantity) else None for node in nodes]
    return len(nodes) > 1 and all(
        tolerance.close_but_for_prefix(left, right, half)
        for (left, right), half in zip(pairwise(values), halves[1:], strict=True)
    )


def _parse(chain: Chain, reading: Reading) -> list[Node | None]:
    """An expression for each member, None for names and symbols, of which nothing can be said."""
    nodes: list[Node | None] = []
    for place, member in enumerate(chain.members):
        loose = reading.loose
        try:
            node: Node | None = parse_member(member, reading, place, last=place == len(chain.members) - 1)
        except Unreadable:
            node = None
        if place == 0 and len(chain.members) > 2 and reading.loose and isinstance(node, Quantity):
            node = None  # "Step 3 = 2 × 5 ms = 10 ms"
        reading.loose = reading.loose and (loose or node is not None)
        nodes.append(node)
    return nodes


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
    a, b = evaluate(left), evaluate(right)
    shown = right if isinstance(right, Quantity) else left if isinstance(left, Quantity) else None
    half = None if shown is None else shown.half * shown.factor
    alike = agree(a.dimension, b.dimension)
    if alike and tolerance.close(a, b, half):
        return None
    if a.bare and _left_off(left, right, tolerance, reading):
        return None
    if a.dimension and a.dimension == power(b.dimension, Fraction(-1)) and tolerance.close(_inverse(a), b, half):
        return None  # "30 fps = 33 ms"
    if not alike and not a.bare:
        reading.loose |= b.bare and _strange(right)  # "= 12 sols": a word that may be a unit
        return Judgement("dimension", in_words(b.dimension), in_words(a.dimension))
    if alike:
        return Judgement("value", _stated(b, right), _stated(a, right))
    plain = (evaluate(node, plain=True) for node in (right, left))
    return Judgement("value", *(_stated(value, right, plain=True) for value in plain))


def _left_off(left: Node, right: Node, tolerance: Tolerance, reading: Reading) -> bool:
    """Whether a side without units is right in those of the other: ``2 × 70 = 140 GB``, ``2.4 / 0.6 = 4 million``."""
    a, b = evaluate(left, plain=True), evaluate(right, plain=True)
    # "1 step = 5 ms" and "0.5 % = 100 sensors" say what belongs together; "= 12 sols" may be a unit.
    names = isinstance(left, Quantity) and (not isinstance(right, Quantity) or left.suffix != right.suffix)
    reading.loose |= names or _strange(left)
    if evaluate(right).bare and not (isinstance(right, Quantity) and right.scale >= _THOUSAND):
        return False
    half = right.half if isinstance(right, Quantity) else None
    return tolerance.close_but_for_prefix(a, b, half)


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
