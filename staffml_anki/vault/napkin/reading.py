"""Spellings with several meanings (``70B``, ``TFLOPs``, ``2-4``): a choice for each, and the way to the next."""

from collections.abc import Iterator, Sequence


class Unreadable(Exception):
    """Not an expression of numbers: symbols, prose, or a notation we do not know."""


class Reading:
    """One way to read a clause: the first option of each ambiguous spelling unless chosen otherwise."""

    def __init__(self, chosen: dict[str, int]) -> None:
        self.chosen = chosen
        self.options: dict[str, int] = {}
        self.loose = False
        """Whether words were passed over that might mean something."""
        self.about = False
        """Whether the clause says of itself that it is approximate."""
        self.binary = False
        """Whether kB, MB and GB are powers of 1024."""
        self.percent = 0.01
        self.celsius = 0.0
        self.calendar = False
        """Whether ``24 hours × 30 days`` leaves out that the hours are those of a day."""
        self.eight = 8.0
        """What a plain 8 is: 1 where it turns bits into bytes, since units do that by themselves."""
        self.multiply_add = 1.0
        """How many operations a MAC is, where a clause has both."""

    @property
    def has_more(self) -> bool:
        """Whether something could still be read otherwise."""
        return any(self.chosen.get(what, 0) + 1 < number for what, number in self.options.items())

    def pick[T](self, what: str, options: Sequence[T]) -> T:
        self.options[what] = len(options)
        return options[self.chosen.get(what, 0)]


def ways_to_read(most: int) -> Iterator[Reading]:
    """Readings, the usual one first. Each must be parsed with before the next is asked for."""
    chosen: dict[str, int] = {}
    for _ in range(most):
        reading = Reading(chosen)
        yield reading
        met = list(reading.options)
        while met and chosen.get(met[-1], 0) + 1 >= reading.options[met[-1]]:
            met.pop()
        if not met:
            return
        chosen = {what: chosen.get(what, 0) for what in met}
        chosen[met[-1]] += 1
