"""What the words behind a number mean. Which spellings napkin math uses is said here; how large a unit is and what it
measures comes from pint, and what pint lacks (operations, money) is defined in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pint

type Dimension = tuple[tuple[str, Fraction], ...]
"""Powers of root units, sorted by name: ``(("bit", 1), ("second", -1))``."""

NO_DIMENSION: Dimension = ()
OPERATION = "operation"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as a multiple of root units."""

    factor: float
    dimension: Dimension = NO_DIMENSION


_PREFIXES = {
    "f": "femto", "p": "pico", "n": "nano", "u": "micro", "µ": "micro", "μ": "micro", "m": "milli", "c": "centi",
    "k": "kilo", "K": "kilo", "M": "mega", "G": "giga", "T": "tera", "P": "peta", "E": "exa",
    "Ki": "kibi", "Mi": "mebi", "Gi": "gibi", "Ti": "tebi", "Pi": "pebi",
}  # fmt: skip
_LARGE, _SMALL, _POWER = "k K M G T P E", "f p n u µ μ m", "p n u µ μ m k K M G T"
# Which prefixes a symbol takes: pint's name and the spellings. An empty name counts things: Mtoken, GT/s, MP.
_SYMBOLS = (
    (f"{_LARGE} Ki Mi Gi Ti Pi", {"byte": "B Byte byte bytes", "bit": "b bit bits"}),
    (_LARGE, {"bit/second": "bps", "byte/second": "Bps", "operation/second": "FLOPS OPS MACS"}),
    (_LARGE, {"operation": "FLOP flop Flop OP Op op MAC mac FLOPs flops Flops OPs Ops ops MACs macs"}),
    (_LARGE, {"": "param params parameter parameters tok token tokens px pixel pixels P sample samples S req request "
                  "requests T cycle cycles"}),
    ("k K M", {"1/second": "fps FPS qps QPS rps RPS tps TPS IOPS iops"}),
    (_SMALL, {"second": "s sec", "farad": "F", "liter": "L l"}),
    (_POWER, {"watt": "W", "joule": "J", "watt_hour": "Wh", "hertz": "Hz hz", "electron_volt": "eV"}),
    ("p n u µ μ m k", {"volt": "V", "ampere": "A", "ampere_hour": "Ah", "coulomb": "C", "pascal": "Pa", "ohm": "Ω"}),
    ("p n u µ μ m c k", {"meter": "m"}),
    ("n u µ μ m k", {"gram": "g"}),
)  # fmt: skip
_NAME_PREFIXES = "nano micro milli kilo mega giga tera peta exa kibi mebi gibi tebi"
_NAMES = "byte bit second watt joule volt ampere hertz meter gram coulomb farad pascal liter ohm"
_PLAIN = {
    "second": "s sec secs", "minute": "min mins minute minutes", "hour": "h hr hrs hour hours", "day": "d day days",
    "week": "week weeks wk", "month": "month months mo", "year": "year years yr yrs y", "meter": "m metre metres",
    "gram": "g", "metric_ton": "tonne tonnes", "watt": "W", "joule": "J", "watt_hour": "Wh", "volt": "V",
    "ampere": "A amp amps", "ampere_hour": "Ah", "hertz": "Hz", "coulomb": "C", "farad": "F", "pascal": "Pa",
    "ohm": "Ω", "liter": "L litre litres", "electron_volt": "eV", "bit": "bit bits", "byte": "byte bytes Byte Bytes",
    "bit/second": "bps", "1/second": "fps FPS qps QPS rps RPS tps TPS IOPS iops", "1/minute": "rpm RPM",
    "kilometer/hour": "kph kmh", "mile/hour": "mph", "kelvin": "K kelvin kelvins °C ℃ degC", "ppm": "ppm",
    "level": "dB dBA dBm dBi dBFS", "operation/second": "FLOPS OPS",
    "operation": "FLOP flop Flop FLOPs flops Flops OP op ops OPs Ops MAC MACs MACS mac operation operations",
    "dollar": "$ USD dollar dollars", "cent": "cent cents ¢", "euro": "€ EUR euro euros", "pound_sterling": "£ GBP",
}  # fmt: skip
_LACKING = (
    "operation = [operation]", "level = [level]", "dollar = [currency]", "cent = 0.01 dollar",
    "euro = [currency_of_europe]", "pound_sterling = [currency_of_britain]",
)  # fmt: skip

MULTIPLIERS = {
    "k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "G": 1e9, "T": 1e12, "hundred": 1e2, "thousand": 1e3, "million": 1e6,
    "billion": 1e9, "trillion": 1e12, "mn": 1e6, "mln": 1e6, "bn": 1e9, "tn": 1e12, "millions": 1e6, "billions": 1e9,
}  # fmt: skip
NOUNS = frozenset(
    "access accelerator activation agent arm batch bank beam block board bucket buffer camera cell channel chip chunk "
    "class client cluster code column copy core count cpu crossing cube cycle device dim dimension document drive dsp "
    "edge element embedding engine entry epoch error event example expert failure fault feature file filter fpu frame "
    "fraud gpu group halo head host hop image index instance instruction item iteration job kernel key label lane "
    "layer level line link load machine message micro-batch microbatch minibatch miss model module multiply neuron "
    "node npu output packet page pair param parameter partition pass patch peer person phone pixel point port "
    "position prediction process product prompt query rack rank read record region replica request requirement retry "
    "robot round row run sample scale scan sensor sentence sequence server session set shard slice slot sm socket "
    "stage step stream strip tag tensor thread tile time token tpu transaction transfer truck turn unit update upload "
    "user value vector vehicle version video visit warp weight window word worker write".split()
)
"""Counted things that a result may be called by. Any other word counts, too, but might be a unit unknown to us."""


UNSCALED = frozenset(("°f", "degf", "ph"))
"""Units whose zero is elsewhere, which cannot be added."""


def is_noun(word: str) -> bool:
    """Whether a word is known to count things, as ``tokens`` does."""
    lower = word.lower()
    return lower in NOUNS or lower.removesuffix("s") in NOUNS or lower.removesuffix("es") in NOUNS


@lru_cache(maxsize=4096)
def readings(word: str, spaced: bool) -> tuple[str, ...]:
    """The names in pint that a word may stand for, likeliest first; none where it is no unit.

    Args:
        spaced: whether a space stands between the number and the word: ``70B`` counts billions, ``70 B`` bytes.
    """
    if word in _AMBIGUOUS:
        return _AMBIGUOUS[word] if spaced else _AMBIGUOUS[word][::-1]
    if word.endswith(("FLOPs", "FLOPS", "OPs", "OPS", "MACS")) and (name := _spellings().get(word)):
        # Half the field writes the rate with a small s, and the other half the count with a large one.
        other = name.removesuffix("/second") if name.endswith("/second") else f"{name}/second"
        return (name, other)
    name = _spellings().get(word)
    return () if name is None else (name,)


_AMBIGUOUS: dict[str, tuple[str, ...]] = {
    "B": ("byte", "×1e9"),
    "K": ("kelvin", "×1e3"),
    "GT": ("giga*", "gigabit"),
    "MT": ("mega*", "megabit"),
    "kb": ("kilobyte", "kilobit"),
    "mb": ("megabyte", "megabit"),
    "gb": ("gigabyte", "gigabit"),
    "tb": ("terabyte", "terabit"),
}


@cache
def _spellings() -> dict[str, str]:
    words = dict(_names())
    for prefixes, symbols in _SYMBOLS:
        for name, spellings in symbols.items():
            for prefix in prefixes.split():
                full = f"{_PREFIXES[prefix]}{name}" if name[:1].isalpha() else f"{_PREFIXES[prefix]}*{name}"
                words |= {prefix + spelling: full for spelling in spellings.split()}
    return words | {spelling: name for name, spellings in _PLAIN.items() for spelling in spellings.split()}


def _names() -> Iterator[tuple[str, str]]:
    for name in _NAMES.split():
        for prefix in ("", *_NAME_PREFIXES.split()):
            for spelling in (prefix + name, f"{prefix}{name}s"):
                yield spelling, prefix + name
                yield spelling.capitalize(), prefix + name


@lru_cache(maxsize=4096)
def unit(name: str) -> Unit:
    """What one of the ``readings`` amounts to."""
    if name.startswith("×"):
        return Unit(float(name[1:]))
    factor, dimension = 1.0, NO_DIMENSION
    registry = _registry()
    for sign, part in enumerate(name.split("/")):
        for each in part.split("*"):
            if each in ("", "1"):
                continue
            known = f"{each}byte/byte" if each in _PREFIXES.values() else each
            quantity = registry.Quantity(1.0, registry.parse_units(known)).to_root_units()
            powers = tuple(sorted((root, Fraction(str(exponent))) for root, exponent in quantity.unit_items()))
            factor = factor / quantity.magnitude if sign else factor * quantity.magnitude
            dimension = product(dimension, powers, -1 if sign else 1)
    return Unit(factor, dimension)


@cache
def _registry() -> pint.UnitRegistry[float]:
    import pint

    registry = pint.UnitRegistry()
    for definition in _LACKING:
        registry.define(definition)
    return registry


@lru_cache(maxsize=65_536)
def product(left: Dimension, right: Dimension, sign: int = 1) -> Dimension:
    """The dimension of a product, or of a quotient where ``sign`` is −1."""
    if not right:
        return left
    powers = dict(left)
    for root, power in right:
        powers[root] = powers.get(root, Fraction(0)) + sign * power
    return tuple(sorted((root, power) for root, power in powers.items() if power))


def power(dimension: Dimension, exponent: Fraction) -> Dimension:
    return tuple((root, p * exponent) for root, p in dimension) if exponent else NO_DIMENSION


_SHORT = {"second": "s", "meter": "m", "kilogram": "kg", "gram": "g", "ampere": "A", "kelvin": "K", "dollar": "$",
          "operation": "FLOP", "bit": "byte", "level": "dB"}  # fmt: skip
_DERIVED = {"watt": "W", "joule": "J", "volt": "V", "coulomb": "C", "ohm": "Ω", "farad": "F"}


@lru_cache(maxsize=1024)
def in_words(dimension: Dimension) -> str:
    """A dimension as a unit people know: ``byte/s``, ``J``, ``a plain number``."""
    if not dimension:
        return "a plain number"
    for name, symbol in _DERIVED.items():
        if unit(name).dimension == dimension:
            return symbol
    above = [_powered(root, p) for root, p in dimension if p > 0]
    below = [_powered(root, -p) for root, p in dimension if p < 0]
    return "·".join(above or ["1"]) + "".join(f"/{each}" for each in below)


def _powered(root: str, exponent: Fraction) -> str:
    name = _SHORT.get(root, root)
    return name if exponent == 1 else f"{name}^{exponent}"
