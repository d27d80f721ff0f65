"""The probability that a question is recalled, by FSRS: from Anki's own memory state, else by replaying the history.

The forgetting curve is FSRS's, as Anki has it: R(t) = (1 + F · t / S) ^ −w, where S is the stability in days, w the
decay (0.5 before FSRS-6, then a parameter), and F = 0.9 ^ (−1 / w) − 1, so that R(S) = 0.9.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from staffml_anki.parallel import Progress, no_progress, spread
from staffml_anki.reviews.days import Calendar
from staffml_anki.reviews.model import CardState, History, Kind, MemoryState, Replayed
from staffml_anki.vault import QuestionId

if TYPE_CHECKING:
    from fsrs import Scheduler

type Floats = NDArray[np.float64]
type Row = tuple[int, int, int, int, int, int]
"""(time in ms, day, ease, kind, interval, factor)"""

_DAY = 86_400
_START = datetime(1970, 1, 1, tzinfo=UTC)


def retrievability(days: Floats, stability: Floats, decay: Floats) -> Floats:
    """R(t) for each question; ``days`` below zero count as 0, and a ``stability`` of 0 is no memory: 0."""
    known = stability > 0
    factor = 0.9 ** (-1.0 / decay) - 1.0
    ratio = np.maximum(days, 0.0) / np.where(known, stability, 1.0)
    return np.asarray(np.where(known, (1.0 + factor * ratio) ** -decay, 0.0))


@dataclass(frozen=True, eq=False)
class Memories:
    """A memory for each question: arrays in the bank's order.

    Attributes:
        stability: in days; 0 for none.
        at: when it was so, in seconds since the epoch.
        replayed: what had to be worked out now, to be kept.
    """

    stability: Floats
    decay: Floats
    at: Floats
    replayed: Mapping[QuestionId, Replayed] = field(default_factory=dict)

    def recall(self, now: float) -> Floats:
        """The probability of recall at a moment, in seconds since the epoch."""
        return retrievability((now - self.at) / _DAY, self.stability, self.decay)


def memories(
    ids: Sequence[QuestionId], history: History, calendar: Calendar, progress: Progress = no_progress
) -> Memories:
    """What is remembered of each of these questions.

    A card's own state counts where Anki has FSRS on. Answers that are later than it (from another device or the web
    app) are replayed on top of it; without one, everything is.
    """
    count = len(ids)
    stability, at = np.zeros(count), np.zeros(count)
    decay = np.full(count, _default_decay())
    spans = _Spans(history)
    work: list[_Work] = []
    for place, key in enumerate(ids):
        state = _with_memory(history.cards.get(key, ()))
        start, end = spans.of(key)
        last = int(history.reviews.rows["time"][end - 1]) // 1000 if end > start else 0
        if state is not None and (last <= (state.last_review or last) or not spans.matters(start, end, state)):
            stability[place], decay[place] = state.stability or 0.0, state.decay or 0.5
            at[place] = state.last_review or last
        elif end > start:
            if state is not None:
                decay[place] = state.decay or 0.5
            work.append(_Work(place, key, start, end, state))
    found, fresh = _replays(work, history, calendar, progress)
    for each in work:
        memory = found[each.key].memory
        if memory is not None:
            stability[each.place], at[each.place] = memory.stability, memory.at
    return Memories(stability, decay, at, fresh)


@dataclass(frozen=True, slots=True)
class _Work:
    place: int
    key: QuestionId
    start: int
    end: int
    state: CardState | None


class _Spans:
    """Where each question's reviews lie in the columns."""

    def __init__(self, history: History) -> None:
        rows = history.reviews.rows
        self._rows = rows
        numbers = rows["question"]
        places = np.arange(len(history.questions) + 1)
        self._starts = np.searchsorted(numbers, places)
        self._number = {key: number for number, key in enumerate(history.questions)}

    def of(self, key: QuestionId) -> tuple[int, int]:
        number = self._number.get(key)
        return (0, 0) if number is None else (int(self._starts[number]), int(self._starts[number + 1]))

    def matters(self, start: int, end: int, state: CardState) -> bool:
        """Whether an answer after the card's own last one says something about the memory."""
        rows = self._rows[start:end]
        later = rows[np.searchsorted(rows["time"], (state.last_review + 1) * 1000) :]
        return any(_counts(*row) for row in later[["ease", "kind", "factor"]].tolist())


def _with_memory(cards: Sequence[CardState]) -> CardState | None:
    """The card whose memory counts: of several, the one that was answered last."""
    best = None
    for state in cards:
        if state.stability is not None and (best is None or state.last_review > best.last_review):
            best = state
    return best


# -- replaying ------------------------------------------------------------------------------------


def _replays(
    work: list[_Work], history: History, calendar: Calendar, progress: Progress
) -> tuple[dict[QuestionId, Replayed], dict[QuestionId, Replayed]]:
    """All of them, and those that were not known from before."""
    if not work:
        return {}, {}
    rows = history.reviews.rows
    found: dict[QuestionId, Replayed] = {}
    todo: list[tuple[_Work, str]] = []
    where = f"{calendar.zone or calendar.offset(0)}/{calendar.rollover}/{_version()}"
    for each in work:
        base = "" if each.state is None else f"{each.state.stability}/{each.state.difficulty}/{each.state.last_review}"
        basis = f"{each.end - each.start}/{int(rows['time'][each.end - 1])}/{base}/{where}"
        known = history.replayed.get(each.key)
        if known is not None and known.basis == basis:
            found[each.key] = known
        else:
            todo.append((each, basis))

    days = calendar.days(history.reviews.column("time")) if todo else np.zeros(0, np.int64)

    def one(item: tuple[_Work, str]) -> MemoryState | None:
        each = item[0]
        part = rows[each.start : each.end]
        columns = (part[name].tolist() for name in ("ease", "kind", "interval", "factor"))
        taken = list(zip(part["time"].tolist(), days[each.start : each.end].tolist(), *columns, strict=True))
        return replay(taken, each.state)

    made = spread(one, todo, "Replaying reviews", progress)
    fresh = {each.key: Replayed(basis, memory) for (each, basis), memory in zip(todo, made, strict=True)}
    return found | fresh, fresh


def replay(rows: Sequence[Row], state: CardState | None = None) -> MemoryState | None:
    """The memory after these answers, in order of time, by the ``fsrs`` package; None where none of them counts.

    Which count is Anki's rule (``reviews_for_fsrs`` in its Rust code, and what it answers): from the start of the last
    learning on; neither manual reschedules nor crams that did not reschedule. Days between them are the learner's own.

    Args:
        state: a card's own memory to start from; then only what is later counts.
    """
    from fsrs import Card, Rating, State

    if state is not None and state.stability is not None:
        # Anki's seconds fall before or after the millisecond of the review that set them.
        rows = [row for row in rows if row[0] // 1000 > state.last_review and _counts(row[2], row[3], row[5])]
        seen = _START + timedelta(days=_day_before(rows, state.last_review))
        card = Card(0, State.Review, None, state.stability, state.difficulty, _START, seen)
    else:
        rows = [row for row in rows[_first(rows) :] if _counts(row[2], row[3], row[5])]
        card = Card(0, State.Learning, 0, None, None, _START, None)
    if not rows:
        return None
    scheduler = _scheduler()
    for _, day, ease, *_ in rows:
        card, _ = scheduler.review_card(card, Rating(ease), _START + timedelta(days=day))
    return MemoryState(float(card.stability or 0), float(card.difficulty or 0), rows[-1][0] // 1000)


def _day_before(rows: Sequence[Row], moment: int) -> int:
    """The day of a moment, seen from the first row after it."""
    if not rows:
        return 0
    time, day, *_ = rows[0]
    return day - max(0, round((time // 1000 - moment) / _DAY))


def _counts(ease: int, kind: int, factor: int) -> bool:
    """Whether an answer says something about the memory."""
    return ease > 0 and kind not in (Kind.MANUAL, Kind.RESCHEDULED) and not (kind == Kind.FILTERED and factor == 0)


def _first(rows: Sequence[Row]) -> int:
    """Where the answers that count begin; behind the end where none does."""
    learnt = graded = None
    for place in range(len(rows) - 1, -1, -1):
        _, _, ease, kind, interval, factor = rows[place]
        if kind == Kind.FILTERED and factor == 0:
            continue
        if kind == Kind.APP:
            learnt, graded = (place if learnt is not None else None), place
            continue
        if ease > 0 and (interval >= 1 or interval <= -_DAY):
            graded = place
        if ease > 0 and kind == Kind.LEARN:
            learnt = place
        elif (kind == Kind.MANUAL and factor == 0) or learnt is not None:
            break
    start = learnt if learnt is not None else graded
    return len(rows) if start is None else start


@cache
def _scheduler() -> "Scheduler":
    from fsrs import Scheduler

    return Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)


@cache
def _version() -> str:
    from importlib.metadata import version

    return f"fsrs-{version('fsrs')}"


def _default_decay() -> float:
    """FSRS-6's: the last of the default parameters."""
    return 0.1542


def sample(memory: MemoryState | None, decay: float, now: float) -> float:
    """R of one memory."""
    if memory is None:
        return 0.0
    values: list[Any] = [np.array([x]) for x in ((now - memory.at) / _DAY, memory.stability, decay)]
    return float(retrievability(*values)[0])
