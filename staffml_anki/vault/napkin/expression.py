"""Expressions of quantities, and their values in root units. Numbers are intervals, so that ``2–4 GB`` is one."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from staffml_anki.vault.napkin.units import NO_DIMENSION, OPERATION, Dimension, in_words, power, product

_MAX_EXPONENT = 12
"""Of a quantity with a unit."""


class Uncomputable(Exception):
    """No number comes out: a division by zero, the root of a negative number, an overflow."""


class Mismatch(Exception):
    """Two dimensions that cannot be added. ``shared``: one unit may stand for all terms, as in ``16 + 33.6 GB``."""

    def __init__(self, left: "Value", right: "Value") -> None:
        super().__init__(f"adds {in_words(left.dimension)} and {in_words(right.dimension)}")
        self.shared = left.bare and not right.bare


@dataclass(frozen=True, slots=True)
class Quantity:
    """A literal, as written: ``12.5 MB`` has ``low = high = 12.5``, ``half = 0.05`` and the unit's factor."""

    low: float
    high: float
    half: float = 0.0
    """Half a unit of the last digit shown."""
    scale: float = 1.0
    """What ``million``, ``K`` or ``%`` has already made of the number."""
    factor: float = 1.0
    dimension: Dimension = NO_DIMENSION
    bare: bool = True
    """Whether no unit stands behind it, other than a counted noun."""
    suffix: str = ""
    """What stands behind the number, for messages."""
    strange: bool = False
    """Whether it is followed by a word that might be a unit nobody knows."""


@dataclass(frozen=True, slots=True)
class Operation:
    operator: str
    operands: "tuple[Node, ...]"


type Node = Quantity | Operation


@dataclass(frozen=True, slots=True)
class Value:
    """``low <= high``, in root units."""

    low: float
    high: float
    dimension: Dimension = NO_DIMENSION
    bare: bool = True

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2


def evaluate(node: Node, *, plain: bool = False) -> Value:
    """The value of an expression.

    Args:
        plain: compute with the numbers alone, as if no unit had been written.

    Raises:
        Mismatch: the line adds what cannot be added.
        Uncomputable: no number comes out.
    """
    if isinstance(node, Quantity):
        factor, dimension, bare = (1.0, NO_DIMENSION, True) if plain else (node.factor, node.dimension, node.bare)
        result = Value(node.low * factor, node.high * factor, dimension, bare)
    else:
        values = [evaluate(operand, plain=plain) for operand in node.operands]
        try:
            result = _OPERATORS[node.operator](*values)
        except (ArithmeticError, ValueError):
            raise Uncomputable from None
    if not (math.isfinite(result.low) and math.isfinite(result.high)):
        raise Uncomputable
    return result


def agree(left: Dimension, right: Dimension) -> bool:
    """Whether two dimensions are one, where operations may be left off on one side."""
    if left == right:
        return True
    ours, theirs = dict(left), dict(right)
    one, other = ours.pop(OPERATION, 0), theirs.pop(OPERATION, 0)
    return ours == theirs and (not one or not other)


def _sum(sign: int) -> Callable[[Value, Value], Value]:
    def add(a: Value, b: Value) -> Value:
        if not agree(a.dimension, b.dimension):
            raise Mismatch(a, b)
        low, high = (b.low, b.high) if sign > 0 else (-b.high, -b.low)
        return Value(a.low + low, a.high + high, a.dimension or b.dimension, a.bare and b.bare)

    return add


def _times(a: Value, b: Value) -> Value:
    ends = [x * y for x in {a.low, a.high} for y in {b.low, b.high}]
    return Value(min(ends), max(ends), product(a.dimension, b.dimension), a.bare and b.bare)


def _over(a: Value, b: Value) -> Value:
    if b.low <= 0 <= b.high:
        raise ZeroDivisionError
    inverse = Value(1 / b.high, 1 / b.low, product(NO_DIMENSION, b.dimension, -1), b.bare)
    return _times(a, inverse)


def _power(a: Value, b: Value) -> Value:
    if b.dimension or b.low != b.high or (a.dimension and abs(b.low) > _MAX_EXPONENT):
        raise ValueError
    dimension = power(a.dimension, Fraction(b.low).limit_denominator(12)) if a.dimension else NO_DIMENSION
    ends = [math.pow(a.low, b.low), math.pow(a.high, b.low)]
    return Value(min(ends), max(ends), dimension, a.bare)


def _root(a: Value) -> Value:
    return _power(a, Value(0.5, 0.5))


def _minus(a: Value) -> Value:
    return Value(-a.high, -a.low, a.dimension, a.bare)


def _rising(function: Callable[[float], float]) -> Callable[[Value], Value]:
    def apply(a: Value) -> Value:
        if a.dimension:
            raise ValueError
        return Value(function(a.low), function(a.high), NO_DIMENSION, a.bare)

    return apply


def _stepping(function: Callable[[float], float]) -> Callable[[Value], Value]:
    """Rounding, which is meant in the unit that is written; so it is done only where there is none."""
    return _rising(lambda x: float(function(round(x, 9))))


def _extreme(choose: Callable[..., float]) -> Callable[..., Value]:
    def apply(first: Value, *others: Value) -> Value:
        for other in others:
            if not agree(first.dimension, other.dimension):
                raise Mismatch(first, other)
        every = (first, *others)
        low, high = choose(v.low for v in every), choose(v.high for v in every)
        return Value(low, high, first.dimension, all(v.bare for v in every))

    return apply


def _logarithm(value: Value, base: Value) -> Value:
    return _over(_rising(math.log)(value), _rising(math.log)(base))


_OPERATORS: dict[str, Callable[..., Value]] = {
    "+": _sum(1), "-": _sum(-1), "×": _times, "/": _over, "^": _power, "negative": _minus, "sqrt": _root,
    "ln": _rising(math.log), "log2": _rising(math.log2), "log10": _rising(math.log10), "exp": _rising(math.exp),
    "log": _logarithm, "ceil": _stepping(math.ceil), "floor": _stepping(math.floor), "round": _stepping(round),
    "max": _extreme(max), "min": _extreme(min),
}  # fmt: skip
FUNCTIONS = frozenset("sqrt ln log2 log10 log exp ceil floor round max min".split())
