"""How near a stated result must come to the true one."""

from dataclasses import dataclass

from staffml_anki.vault.napkin.expression import Value

ABOUT = 0.01
"""How far ``≈`` may be off, relatively, beyond the digits shown."""
ROUNDED_HARD = 0.05
"""How far ``≈ 300`` may be off when 300 is the true value rounded to its leading digits."""
EQUAL = 0.005
"""How far two expressions joined by ``=`` may differ, of which neither shows the digits of a result."""
_EXACT = 1e-9
_ORDER_OF_MAGNITUDE = 0.5


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What one relation allows: ``=`` the digits shown, ``≈`` one percent beyond them."""

    about: bool
    exact_fit: bool = False
    """Whether only the digits shown count, because the reading is a far-fetched one."""
    calendar: float = 0.0
    """How far years or months may differ: a year has 365 or 365.25 days."""

    def close(self, true: Value, stated: Value, half: float | None) -> bool:
        """Whether two values are one; for a range, whether its ends are, or the value lies in it.

        Args:
            half: half a unit of the last digit that is stated; None where two expressions are compared.
        """
        if self._near(true.low, stated.low, half) and self._near(true.high, stated.high, half):
            return True
        if true.low == true.high and stated.low < stated.high:
            return stated.low * (1 - ABOUT) <= true.low <= stated.high * (1 + ABOUT)
        if stated.low == stated.high and true.low < true.high:
            return true.low * (1 - ABOUT) <= stated.low <= true.high * (1 + ABOUT)
        return False

    def close_but_for_prefix(self, true: Value, stated: Value, half: float | None) -> bool:
        """Whether two values are one, or would be with another prefix: 2 × 70 × 10^9 = 140 GB."""
        return any(
            self.close(Value(true.low / prefix, true.high / prefix), stated, half)
            for prefix in (base**power for base in (1000.0, 1024.0) for power in range(-5, 6))
        )

    def _near(self, true: float, stated: float, half: float | None) -> bool:
        size, off = max(abs(true), abs(stated)), abs(true - stated)
        if off <= _EXACT * size:
            return True
        if half is None:
            return off <= (2 * ABOUT if self.about else EQUAL) * size
        if off <= half * (1 + 1e-6) + _EXACT * size:
            return True
        if self.exact_fit:
            return False
        if off <= self.calendar * size:
            return True
        if not self.about:
            return off <= EQUAL * size and _rounds_to(true, stated, half)
        if half == 0.0:
            return off <= _ORDER_OF_MAGNITUDE * size  # "≈ 10^9"
        return off <= ABOUT * size or (off <= ROUNDED_HARD * size and _rounds_to(true, stated, half))


def _rounds_to(true: float, stated: float, half: float) -> bool:
    """Whether a number that ends in zeros is the true value to its leading digits: 399,170 → 400,000."""
    unit = 2 * half
    while unit and abs(stated) >= 10 * unit and abs(stated / (10 * unit) - round(stated / (10 * unit))) < _EXACT:
        unit *= 10
    return abs(true - stated) <= unit / 2
