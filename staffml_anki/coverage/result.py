"""What coverage is: one value, of which the terminal, JSON, CSV, Markdown and the page are views.

Counts are of questions unless the name says otherwise; rates and probabilities are between 0 and 1, and None where
there is nothing to divide by. docs/coverage.md has every formula and its source.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from staffml_anki.reviews.days import Streak
from staffml_anki.reviews.model import Replayed
from staffml_anki.vault import QuestionId

type Stage = Literal["absent", "unseen", "learning", "young", "mature"]
type Status = Literal["absent", "unseen", "learning", "young", "mature", "lapsed", "leech", "suspended", "retired"]
STAGES: tuple[Stage, ...] = ("absent", "unseen", "learning", "young", "mature")
STATUSES: tuple[Status, ...] = (*STAGES, "lapsed", "leech", "suspended", "retired")
MATURE = 21
"""Days of interval from which Anki calls a card mature."""
RECALLED = 0.7
"""The probability from which a question counts as recalled: the lowest desired retention that Anki offers."""
VERSION = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """Some questions together.

    Attributes:
        seen: answered at least once, ever.
        learning: as Anki counts, suspended cards included; so are ``young`` and ``mature``.
        reviews: answers, as Anki counts them.
        success_rate: of those, the share that was not Again.
        expected_recall: the sum of the probabilities of recall: how many would be answered now.
        recall_rate: the same as a share of the questions.
    """

    questions: int
    in_anki: int
    seen: int
    learning: int
    young: int
    mature: int
    lapsed: int
    leech: int
    suspended: int
    reviews: int
    success_rate: float | None
    expected_recall: float
    recall_rate: float | None


@dataclass(frozen=True, slots=True)
class QuestionCoverage:
    """One question. ``status`` is the one word for it; ``stage`` is the same without marks."""

    id: QuestionId
    title: str
    track: str
    level: str
    area: str
    topic: str
    zone: str
    stage: Stage
    status: Status
    attempts: int
    passed: int
    success_rate: float | None
    last_seen: str | None
    """A moment in UTC."""
    interval: int
    """In days; 0 while learning."""
    recall: float


@dataclass(frozen=True, slots=True)
class Table:
    """Cells of two axes: by the value of the first, then of the second; cells without questions are not there."""

    rows: str
    columns: str
    row_values: tuple[str, ...]
    column_values: tuple[str, ...]
    cells: Mapping[str, Mapping[str, Cell]]

    def turned(self) -> "Table":
        """The same cells, by the second axis and then the first."""
        cells = {
            column: {row: self.cells[row][column] for row in self.row_values if column in self.cells.get(row, {})}
            for column in self.column_values
        }
        return Table(self.columns, self.rows, self.column_values, self.row_values, cells)


@dataclass(frozen=True, slots=True)
class Step:
    id: QuestionId
    title: str
    level: str
    status: Status
    recall: float
    recalled: bool


@dataclass(frozen=True, slots=True)
class ChainCoverage:
    """A chain. ``depth`` is how many steps from the first on are recalled; ``breaks_at`` the next one, if any."""

    id: str
    topic: str
    steps: tuple[Step, ...]
    depth: int
    breaks_at: QuestionId | None


@dataclass(frozen=True, slots=True)
class Day:
    """One of the learner's days on which something was answered."""

    date: date
    reviews: int
    passed: int
    minutes: float
    new: int
    """Questions answered for the first time."""


@dataclass(frozen=True, slots=True)
class Month:
    """True retention, as Anki has it: answers of reviews with an interval of a day or more, by what it was before."""

    month: str
    young: int
    young_passed: int
    mature: int
    mature_passed: int

    @property
    def reviews(self) -> int:
        return self.young + self.mature

    @property
    def retention(self) -> float | None:
        return (self.young_passed + self.mature_passed) / self.reviews if self.reviews else None


@dataclass(frozen=True, slots=True)
class Point:
    """At the end of a day: questions ever answered, and those whose interval was 21 days or more."""

    date: date
    seen: int
    mature: int


@dataclass(frozen=True, slots=True)
class Pace:
    """Per day, over the last ``days`` days."""

    days: int
    active_days: int
    reviews: float
    minutes: float
    new: float


@dataclass(frozen=True, slots=True)
class Expectation:
    """Expected recall in an area, or in all (``area`` is ""): now; on the date if nothing is reviewed; at this pace."""

    area: str
    questions: int
    now: float
    if_stopped: float
    at_pace: float


@dataclass(frozen=True, slots=True)
class Forecast:
    date: date
    days: int
    retention: float
    """What is assumed of new questions: the learner's true retention of the last 90 days, else 0.9."""
    areas: tuple[Expectation, ...]
    total: Expectation


@dataclass(frozen=True, slots=True)
class Readiness:
    """For the questions that were selected: the weakest topics, and what to do next."""

    recall_rate: float | None
    weakest: tuple[tuple[str, Cell], ...]
    next: tuple[QuestionId, ...]


@dataclass(frozen=True, slots=True)
class Practice:
    """What was practised outside of Anki, told apart from reviews.

    Attributes:
        answers: scored 1 or more; ``good`` are those with 2 (partial) or more.
    """

    answers: int = 0
    good: int = 0
    questions: int = 0


@dataclass(frozen=True)
class Coverage:
    """All of it.

    Attributes:
        today: the learner's day.
        now: the moment, in seconds since the epoch.
        selection: what was asked for, by axis.
        axes: a cell for each value of each axis.
        tables: area × level, area × track, and what was asked for.
        questions: in id order.
        elsewhere: questions of the history that the vault does not have.
        practice: answers outside of Anki, to questions that were selected; they are in none of the other numbers.
        replayed: memories worked out on the way, for the history to keep; not part of any report.
        notices: what the reader should know, such as a damaged history that was kept aside.
    """

    today: date
    now: int
    release: str
    source: str
    licence: str
    attribution: str
    selection: Mapping[str, tuple[str, ...]]
    since: date | None
    totals: Cell
    statuses: Mapping[Status, int]
    axes: Mapping[str, Mapping[str, Cell]]
    tables: tuple[Table, ...]
    questions: tuple[QuestionCoverage, ...]
    chains: tuple[ChainCoverage, ...]
    days: tuple[Day, ...]
    streak: Streak
    months: tuple[Month, ...]
    curve: tuple[Point, ...]
    pace: Pace
    forecast: Forecast
    readiness: Readiness
    pulled: int
    elsewhere: int
    practice: Practice = Practice()
    notices: tuple[str, ...] = ()
    replayed: Mapping[QuestionId, Replayed] = field(default_factory=dict, repr=False)
