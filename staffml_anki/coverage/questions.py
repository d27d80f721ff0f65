"""Each question's own numbers, in arrays: what everything else is summed from. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from staffml_anki.coverage.bank import Bank
from staffml_anki.coverage.memory import Floats
from staffml_anki.coverage.result import MATURE, STAGES, QuestionCoverage, Status
from staffml_anki.reviews.model import CardState, History, Kind
from staffml_anki.vault import QuestionId

type Ints = NDArray[np.int64]
type Bools = NDArray[np.bool_]

ABSENT, UNSEEN, LEARNING, YOUNG, MATURE_STAGE = range(len(STAGES))
_RELEARNING = 3


@dataclass(frozen=True, eq=False)
class Numbers:
    """Arrays in the bank's order.

    Attributes:
        places: for each review of ``answers``, the question's place in the bank.
        answers: rows of the history that are answers to questions of the bank, since the date that was asked for.
        every: the same without regard to the date, and ``every_places``.
        stage: a place in ``STAGES``.
    """

    answers: NDArray[np.void]
    places: Ints
    every: NDArray[np.void]
    every_places: Ints
    stage: Ints
    in_anki: Bools
    lapsed: Bools
    leech: Bools
    suspended: Bools
    retired: Bools
    interval: Ints
    attempts: Ints
    passed: Ints
    ever: Ints
    last: Ints
    """Of the last answer, in milliseconds; 0 for none."""

    @property
    def seen(self) -> Bools:
        return np.asarray((self.stage >= LEARNING) | (self.ever > 0))


def count(bank: Bank, history: History, since: int | None) -> Numbers:
    """The numbers of a bank's questions.

    Args:
        since: milliseconds since the epoch: attempts and success rates count answers from then on.
    """
    size = len(bank.entries)
    place = np.fromiter((bank.number.get(key, -1) for key in history.questions), np.int64, len(history.questions))
    rows = history.reviews.rows
    of_review = place[rows["question"]] if len(rows) else np.zeros(0, np.int64)
    mine = (of_review >= 0) & history.reviews.answered
    every, every_places = rows[mine], of_review[mine]
    recent = slice(None) if since is None else every["time"] >= since
    answers, places = every[recent], every_places[recent]
    ever = np.bincount(every_places, minlength=size)
    last = np.zeros(size, np.int64)
    last[every_places] = every["time"]  # in order of time: the last one stays
    columns = np.zeros((size, 7), np.int64)
    for key, cards in history.cards.items():
        number = bank.number.get(key)
        if number is not None:
            columns[number] = _of_cards(cards)
    stage, in_anki = columns[:, 0], columns[:, 1] > 0
    interval = _intervals(columns[:, 6], stage, every, every_places)
    # A card that the learner reset is new, as in Anki; what the web app asked, or a card that is gone, was learnt.
    app = np.bincount(every_places[every["kind"] == Kind.APP], minlength=size)
    stage = np.where((stage < LEARNING) & ((app > 0) | (~in_anki & (ever > 0))), _stage_of(interval), stage)
    return Numbers(
        answers=answers,
        places=places,
        every=every,
        every_places=every_places,
        stage=stage,
        in_anki=in_anki,
        lapsed=(columns[:, 2] > 0) & (interval < MATURE),
        leech=columns[:, 3] > 0,
        suspended=columns[:, 4] > 0,
        retired=columns[:, 5] > 0,
        interval=interval,
        attempts=np.bincount(places, minlength=size),
        passed=np.bincount(places, weights=answers["ease"] > 1, minlength=size).astype(np.int64),
        ever=ever,
        last=last,
    )


def _of_cards(cards: Sequence[CardState]) -> tuple[int, int, bool, bool, bool, bool, int]:
    """(stage, in Anki, forgotten before, leech, suspended, retired, interval) of a question's cards: the most advanced
    card speaks for it. Cards that are gone say nothing but what they knew; the web app is not Anki."""
    here = [card for card in cards if card.card and not card.gone]
    app = [card for card in cards if not card.card]
    shown = app if app and all(card.type == 0 for card in here) else here
    if not shown:
        gone = max((card for card in cards), key=lambda card: (card.interval, card.reps))
        return ABSENT, 0, False, False, False, False, max(gone.interval, 0)
    best = max(shown, key=lambda card: (card.type >= 2, card.interval, card.reps))
    interval = max(best.interval, 0) if best.type >= 2 else 0
    if best.type == 0:
        stage = UNSEEN
    elif best.type in (1, _RELEARNING) or interval == 0:
        stage = LEARNING
    else:
        stage = MATURE_STAGE if interval >= MATURE else YOUNG
    return (
        stage,
        int(bool(here)),
        best.lapses > 0 or best.type == _RELEARNING,
        any(card.leech for card in here),
        bool(here) and all(card.suspended for card in here),
        bool(here) and all(card.retired for card in here),
        0 if stage == LEARNING else interval,
    )


def _intervals(told: Ints, stage: Ints, every: NDArray[np.void], places: Ints) -> Ints:
    """Intervals in days; of questions that are no longer in Anki, as their last review left them."""
    after = np.zeros(len(told), np.int64)
    anki = every["kind"] != Kind.APP
    after[places[anki]] = np.maximum(every["interval"][anki], 0)
    return np.where(told > 0, told, np.where(stage == ABSENT, after, 0))


def _stage_of(interval: Ints) -> Ints:
    return np.asarray(np.where(interval >= MATURE, MATURE_STAGE, np.where(interval > 0, YOUNG, LEARNING)))


def statuses(numbers: Numbers) -> list[Status]:
    """One word for each question; what calls for action goes first."""
    marks: tuple[tuple[Status, Bools], ...] = (
        ("retired", numbers.retired),
        ("suspended", numbers.suspended),
        ("leech", numbers.leech),
        ("lapsed", numbers.lapsed & numbers.seen),
    )
    found: list[Status] = [STAGES[stage] for stage in numbers.stage.tolist()]
    for mark, holds in reversed(marks):
        for place in np.flatnonzero(holds).tolist():
            found[place] = mark
    return found


def question_rows(bank: Bank, numbers: Numbers, words: Sequence[Status], recall: Floats) -> list[QuestionCoverage]:
    """A row for each question."""
    columns = zip(
        bank.entries,
        numbers.stage.tolist(),
        words,
        numbers.attempts.tolist(),
        numbers.passed.tolist(),
        numbers.last.tolist(),
        numbers.interval.tolist(),
        recall.tolist(),
        strict=True,
    )
    return [
        QuestionCoverage(
            e.id,
            e.title,
            e.track,
            e.level,
            e.area,
            e.topic,
            e.zone,
            STAGES[stage],
            word,
            attempts,
            passed,
            passed / attempts if attempts else None,
            datetime.fromtimestamp(last / 1000, UTC).isoformat(timespec="seconds") if last else None,
            interval,
            probability,
        )
        for e, stage, word, attempts, passed, last, interval, probability in columns
    ]


def known_elsewhere(bank: Bank, history: History) -> int:
    """Questions of the history that the bank does not have."""
    here = set(bank.ids)
    return len({QuestionId(key) for key in (*history.questions, *history.cards)} - here)
