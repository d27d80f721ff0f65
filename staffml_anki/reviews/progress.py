"""The StaffML web app's progress file, both ways, so that both worlds count.

Its shape (``version`` 1) is the app's own: attempts with a self-score 0 skipped, 1 wrong, 2 partial, 3 nailed; the
app takes 2 and more for correct. As answers those are Again, Again, Hard and Good; ours go back as Again 1, Hard 2,
Good and Easy 3, what was practised as it was scored. What else the file holds (gauntlets, daily challenges, plans) is
kept as it is: ``study/webapp.py`` knows it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from staffml_anki import reading
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.reviews.collection import SLACK, Taken
from staffml_anki.reviews.days import Calendar, date_of, streak
from staffml_anki.reviews.model import CardState, History, Kind
from staffml_anki.reviews.practice import Practised, read_practice
from staffml_anki.reviews.store import HistoryStore
from staffml_anki.vault import Placed, QuestionId

VERSION = 1
MAX_PROGRESS = 200_000_000
"""Bytes: an attempt takes 150."""
_EASE_OF_SCORE = (1, 1, 2, 3)
_SCORE_OF_EASE = (0, 1, 2, 3, 3)
_KEPT: dict[str, type] = {"gauntlets": list, "daily": dict, "planProgress": dict}
_EASE_FACTOR = 2.5
_SM2_QUALITY = (0, 1, 3, 5)


class Attempt(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    question: str = Field(alias="questionId", min_length=1, max_length=200)
    score: int = Field(alias="selfScore", ge=0, le=3)
    at: float = Field(alias="timestamp", gt=0, lt=2**43)


class _Schedule(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    interval: float = Field(ge=0, le=40_000)
    repetitions: int = Field(0, ge=0, le=10**6)
    score: int = Field(0, alias="lastScore", ge=0, le=3)


def take_progress(store: HistoryStore, path: Path, now: int) -> Taken:
    """Add what a progress file tells, in the transaction that is open. Attempts that are not ones are left out.

    Raises:
        StaffmlAnkiError: it is not a progress file, or of a version that we do not know.
    """
    raw = _read(path)
    attempts, taken = _attempts(raw["attempts"], now)
    ours = {(each.question, each.time) for each in read_practice(store)}
    practised = [each for each in attempts if (each.question, int(each.at)) in ours]  # it has been to the app and back
    attempts = [each for each in attempts if (each.question, int(each.at)) not in ours]
    schedules = raw.get("sr")
    states = _schedules(schedules if isinstance(schedules, Mapping) else {}, attempts, taken)
    pull = store.begin_pull(now, f"progress file {path.name}")
    numbers = store.numbers({QuestionId(each.question) for each in attempts} | set(states))
    rows = {
        (numbers[QuestionId(each.question)], int(each.at)): (_EASE_OF_SCORE[each.score], Kind.APP.value, each.score)
        for each in attempts
    }
    taken.reviews = store.add_reviews((*key, ease, kind, 0, 0, score, 0) for key, (ease, kind, score) in rows.items())
    taken.known = len(rows) - taken.reviews + len(practised)
    taken.changed = store.add_states(pull, ((numbers[key], state) for key, state in states.items()), now)
    taken.questions = taken.cards = len(numbers)
    store.set_about("app", json.dumps(_merged(kept_of(store), raw)))
    store.end_pull(pull, taken.reviews)
    return taken


def kept_of(store: HistoryStore) -> dict[str, Any]:
    """Gauntlets, daily challenges and plans of the progress files that were pulled, as the app wrote them."""
    kept: dict[str, Any] = json.loads(store.about("app") or "{}")
    return kept


def _merged(kept: dict[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Both together, so that pulling an older file loses nothing; where both know something, the new one counts."""
    found = {key: new[key] for key, kind in _KEPT.items() if isinstance(new.get(key), kind)}
    for key, kind in _KEPT.items():
        if kind is dict:
            found[key] = kept.get(key, {}) | found.get(key, {})
        else:
            rows = [*kept.get(key, []), *found.get(key, [])]
            found[key] = list({_identity(each): each for each in rows}.values())
    return found


def _identity(gauntlet: Any) -> str:
    key = gauntlet.get("id") if isinstance(gauntlet, dict) else None
    return key if isinstance(key, str) else json.dumps(gauntlet, sort_keys=True)


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = reading.parse_json(reading.read_bytes(path, MAX_PROGRESS))
    except reading.Unreadable as why:
        raise StaffmlAnkiError(
            f"{path}: {why}; give an .apkg or .colpkg, a collection.anki2, or the StaffML app's progress file"
        ) from None
    if not isinstance(raw, dict) or "attempts" not in raw:
        raise StaffmlAnkiError(f"{path}: is not a progress file of the StaffML app; export it there again")
    if raw.get("version") != VERSION:
        raise StaffmlAnkiError(
            f"{path}: is a progress file of version {str(raw.get('version'))[:20]}, and we know version {VERSION}; "
            "upgrade staffml-anki"
        )
    if not isinstance(raw["attempts"], list):
        raise StaffmlAnkiError(f"{path}: attempts must be a list; export it from the StaffML app again")
    return raw


def _attempts(raw: list[Any], now: int) -> tuple[list[Attempt], Taken]:
    taken = Taken()
    found = []
    for each in raw:
        try:
            attempt = Attempt.model_validate(each)
        except ValidationError:
            taken.damaged += 1
            continue
        if attempt.at > (now + SLACK) * 1000:
            taken.future += 1
        elif attempt.question.isprintable():
            found.append(attempt)
        else:
            taken.damaged += 1
    return found, taken


def _schedules(raw: Mapping[str, Any], attempts: list[Attempt], taken: Taken) -> dict[QuestionId, CardState]:
    """The app's own schedule of each question that was attempted."""
    last: dict[str, int] = {}
    wrong: dict[str, int] = {}
    for attempt in attempts:
        last[attempt.question] = max(last.get(attempt.question, 0), int(attempt.at) // 1000)
        wrong[attempt.question] = wrong.get(attempt.question, 0) + (attempt.score < 2)
    found = {}
    for key, value in raw.items():
        try:
            schedule = _Schedule.model_validate(value)
        except ValidationError:
            taken.damaged += 1
            continue
        if key in last:
            days = int(schedule.interval)
            kind = 2 if days and schedule.score >= 2 else 1
            found[QuestionId(key)] = CardState(0, last[key], kind, kind, days, schedule.repetitions, 0)
    return found


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer, wherever it was given."""

    time: int
    question: QuestionId
    score: int
    practised: bool


def progress_file(
    history: History,
    questions: Mapping[QuestionId, Placed],
    calendar: Calendar,
    now: int,
    kept: Mapping[str, Any],
    practised: Sequence[Practised] = (),
) -> dict[str, Any]:
    """A progress file of a history, for the app to import: attempts and schedules of the questions in the vault.

    Args:
        kept: gauntlets, daily challenges and plans, as the app has them.
    """
    answers = _answers(history, practised)
    days = sorted({int(day) for day in calendar.days(np.array([each.time for each in answers], np.int64))})
    run = streak(days, calendar.day(now))
    answers = [each for each in answers if each.question in questions]
    by_question: dict[QuestionId, list[_Answer]] = {}
    for each in answers:
        by_question.setdefault(each.question, []).append(each)
    return {
        "version": VERSION,
        "attempts": [attempt(each.question, questions[each.question], each.score, each.time) for each in answers],
        "gauntlets": kept.get("gauntlets", []),
        "sr": {key: _schedule(history, key, each) for key, each in sorted(by_question.items())},
        "streak": {
            "currentStreak": run.current,
            "longestStreak": run.longest,
            "lastActiveDate": run.last_active.isoformat() if run.last_active else None,
            "activeDates": [date_of(day).isoformat() for day in days],
        },
        "daily": kept.get("daily", {}),
        "planProgress": kept.get("planProgress", {}),
        "exportedAt": datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z"),
    }


def attempt(key: QuestionId, question: Placed, score: int, time: int) -> dict[str, Any]:
    """One attempt, as the app writes it."""
    return {
        "questionId": key,
        "competencyArea": question.area,
        "track": question.track,
        "level": question.level,
        "selfScore": score,
        "timestamp": time,
    }


def _answers(history: History, practised: Sequence[Practised]) -> list[_Answer]:
    """Reviews and practice in order of time. A score that Anki got, and of which the review has been pulled, is one."""
    rows = history.reviews.rows[history.reviews.answered]
    found = []
    last: dict[QuestionId, int] = {}
    for row in rows:
        key = history.questions[row["question"]]
        app = row["kind"] == Kind.APP
        score = int(row["factor"]) if app else _SCORE_OF_EASE[row["ease"]]
        found.append(_Answer(int(row["time"]), key, score, practised=False))
        if not app:
            last[key] = max(last.get(key, 0), int(row["time"]))
    for each in practised:
        if each.grade != "given" or last.get(each.question, 0) <= each.time:
            found.append(_Answer(each.time, each.question, each.score, practised=True))
    return sorted(found, key=lambda each: (each.time, each.question))


def _schedule(history: History, key: QuestionId, answers: Sequence[_Answer]) -> dict[str, Any]:
    """Anki's schedule where the question was answered there, else what the app would make of these answers (SM-2)."""
    reviews = [each for each in answers if not each.practised]
    interval, repetitions, factor = 0, 0, _EASE_FACTOR
    for each in reviews or answers:
        good = each.score >= 2
        if not reviews:
            interval = 1 if not good or repetitions == 0 else 3 if repetitions == 1 else round(interval * factor)
            miss = 5 - _SM2_QUALITY[each.score]
            factor = max(1.3, factor + 0.1 - miss * (0.08 + miss * 0.02))
        repetitions = repetitions + 1 if good else 0
    if reviews:
        interval = max((state.interval for state in history.cards.get(key, ())), default=0)
    last = (reviews or answers)[-1]
    return {
        "questionId": key,
        "easeFactor": round(factor, 4),
        "interval": max(interval, 0),
        "repetitions": repetitions,
        "nextReview": last.time + max(interval, 0) * 86_400_000,
        "lastScore": last.score,
    }
