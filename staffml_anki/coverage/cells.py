"""Questions summed along axes. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from staffml_anki.coverage.bank import AXES, Bank
from staffml_anki.coverage.memory import Floats
from staffml_anki.coverage.questions import LEARNING, MATURE_STAGE, YOUNG, Ints, Numbers
from staffml_anki.coverage.result import Cell, Table


class Summer:
    """Sums the questions of a bank into cells."""

    def __init__(self, bank: Bank, numbers: Numbers, recall: Floats) -> None:
        self._bank = bank
        stage = numbers.stage
        self._columns: list[NDArray[Any]] = [
            np.ones(len(recall)),
            numbers.in_anki,
            numbers.seen,
            stage == LEARNING,
            stage == YOUNG,
            stage == MATURE_STAGE,
            numbers.lapsed & numbers.seen,
            numbers.leech,
            numbers.suspended,
            numbers.attempts,
            numbers.passed,
            recall,
        ]
        self._codes: dict[str, tuple[Ints, Ints]] = {}

    def total(self) -> Cell:
        return self._cells(np.arange(len(self._bank.entries)), np.zeros(len(self._bank.entries), np.int64), 1)[0]

    def axis(self, axis: str) -> dict[str, Cell]:
        """A cell for each value of an axis, in its natural order."""
        values = self._bank.values(axis)
        places, codes = self._coded(axis)
        return dict(zip(values, self._cells(places, codes, len(values)), strict=True))

    def table(self, rows: str, columns: str) -> Table:
        """Cells of two axes; those without questions are left out."""
        row_values, column_values = self._bank.values(rows), self._bank.values(columns)
        places, first = self._coded(rows)
        other_places, second = self._coded(columns)
        # A question may have several values on either axis (chains), or none: every pair counts.
        order = np.argsort(other_places, kind="stable")
        other_places, second = other_places[order], second[order]
        start = np.searchsorted(other_places, places, "left")
        count = np.searchsorted(other_places, places, "right") - start
        pair = np.repeat(np.arange(len(places)), count)
        within = np.arange(len(pair)) - np.repeat(np.cumsum(count) - count, count)
        codes = first[pair] * len(column_values) + second[start[pair] + within]
        cells = self._cells(places[pair], codes, len(row_values) * len(column_values))
        found: dict[str, dict[str, Cell]] = {}
        for place, cell in enumerate(cells):
            if cell.questions:
                row, column = divmod(place, len(column_values))
                found.setdefault(row_values[row], {})[column_values[column]] = cell
        return Table(rows, columns, tuple(row_values), tuple(column_values), found)

    def _coded(self, axis: str) -> tuple[Ints, Ints]:
        """(questions, values) as places: one pair for each value that a question has."""
        if axis not in self._codes:
            values = {value: code for code, value in enumerate(self._bank.values(axis))}
            if axis == "chain":
                pairs = [
                    (self._bank.number[step], values[chain.id])
                    for chain in self._bank.chains
                    for step in chain.steps
                    if step in self._bank.number
                ]
            else:
                pairs = [
                    (place, values[value])
                    for place, entry in enumerate(self._bank.entries)
                    if (value := getattr(entry, axis))
                ]
            both = np.array(pairs, np.int64).reshape(-1, 2)
            self._codes[axis] = both[:, 0], both[:, 1]
        return self._codes[axis]

    def _cells(self, places: Ints, codes: Ints, size: int) -> list[Cell]:
        sums = [np.bincount(codes, weights=column[places], minlength=size).tolist() for column in self._columns]
        return [_cell(values) for values in zip(*sums, strict=True)]


def _cell(values: Sequence[float]) -> Cell:
    *counts, attempts, passed, recall = values
    questions, in_anki, seen, learning, young, mature, lapsed, leech, suspended = map(int, counts)
    return Cell(
        questions=questions,
        in_anki=in_anki,
        seen=seen,
        learning=learning,
        young=young,
        mature=mature,
        lapsed=lapsed,
        leech=leech,
        suspended=suspended,
        reviews=int(attempts),
        success_rate=passed / attempts if attempts else None,
        expected_recall=recall,
        recall_rate=recall / questions if questions else None,
    )


def all_axes(summer: Summer) -> Mapping[str, Mapping[str, Cell]]:
    return {axis: summer.axis(axis) for axis in AXES}
