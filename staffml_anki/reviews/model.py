"""What a history is: every answer ever given, in columns, and what Anki last said of each card."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from staffml_anki.vault import QuestionId

DEFAULT_ROLLOVER = 4
"""The hour at which Anki's day begins unless the learner chose another."""


class Kind(IntEnum):
    """Why a review happened: Anki's ``revlog.type``, and attempts in the StaffML web app."""

    LEARN = 0
    REVIEW = 1
    RELEARN = 2
    FILTERED = 3
    MANUAL = 4
    RESCHEDULED = 5
    APP = 9


COLUMNS = np.dtype(
    [
        ("question", "<i4"),
        ("time", "<i8"),
        ("ease", "i1"),
        ("kind", "i1"),
        ("interval", "<i4"),
        ("last_interval", "<i4"),
        ("factor", "<i4"),
        ("taken", "<i4"),
    ]
)


@dataclass(frozen=True, eq=False)
class Reviews:
    """All reviews as one structured array of ``COLUMNS``, in order of question, then time.

    ``question`` is a place in :attr:`History.questions`; ``time`` is in milliseconds since the epoch; ``ease`` is 1
    Again, 2 Hard, 3 Good, 4 Easy, 0 for what nobody answered; ``kind`` is a :class:`Kind`; ``interval`` and
    ``last_interval`` are days if positive, seconds if negative; ``factor`` is Anki's ease in per mille (with FSRS: the
    difficulty), 0 where a filtered deck did not reschedule, and for attempts in the app the self-score 0 to 3;
    ``taken`` is in milliseconds.
    """

    rows: NDArray[np.void]

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> NDArray[np.int64]:
        """One column, as 64-bit integers."""
        return self.rows[name].astype(np.int64)

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Which rows are answers: neither manual reschedules nor anything else without a button, as Anki counts."""
        kind = self.rows["kind"]
        return np.asarray((self.rows["ease"] > 0) & (kind != Kind.MANUAL) & (kind != Kind.RESCHEDULED))

    @property
    def passed(self) -> NDArray[np.bool_]:
        return np.asarray(self.rows["ease"] > 1)


@dataclass(frozen=True, slots=True)
class CardState:
    """What Anki said of one card when it was last pulled, or the web app of one question.

    Attributes:
        card: Anki's id; 0 for the web app.
        changed: when Anki last changed it, in seconds since the epoch.
        type: 0 new, 1 learning, 2 review, 3 relearning, as in Anki.
        queue: Anki's; below zero is out of the rotation: -1 suspended, -2 and -3 buried.
        interval: in days; 0 or less while learning.
        stability: FSRS's, in days; None where FSRS is off. With it come ``difficulty``, ``decay`` and
            ``last_review`` (seconds since the epoch; 0 where Anki did not say).
        gone: no longer in the collection.
    """

    card: int
    changed: int
    type: int
    queue: int
    interval: int
    reps: int
    lapses: int
    stability: float | None = None
    difficulty: float | None = None
    decay: float | None = None
    last_review: int = 0
    leech: bool = False
    retired: bool = False
    gone: bool = False

    @property
    def suspended(self) -> bool:
        return self.queue == -1


@dataclass(frozen=True, slots=True)
class MemoryState:
    """FSRS's picture of one memory at a moment: stability in days, difficulty 1 to 10, seconds since the epoch."""

    stability: float
    difficulty: float
    at: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """A memory that was worked out, and from what: it holds as long as ``basis`` is the same."""

    basis: str
    memory: MemoryState | None


def _nothing() -> Reviews:
    return Reviews(np.zeros(0, COLUMNS))


@dataclass(frozen=True)
class History:
    """Everything that is known of a learner's reviews.

    Attributes:
        questions: the ids that ``Reviews.question`` counts.
        cards: the cards of each question; the web app's state is among them.
        rollover: the hour at which the learner's day begins.
        pulled: seconds since the epoch of the last pull; 0 for never.
        replayed: memories worked out before, by question.
    """

    questions: tuple[QuestionId, ...] = ()
    reviews: Reviews = field(default_factory=_nothing)
    cards: Mapping[QuestionId, tuple[CardState, ...]] = field(default_factory=dict)
    rollover: int = DEFAULT_ROLLOVER
    pulled: int = 0
    replayed: Mapping[QuestionId, Replayed] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        return not self.cards and not len(self.reviews)
