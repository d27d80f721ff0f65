"""The StaffML web app's progress file, both ways, so that both worlds count.

Its shape (``version`` 1) is the app's own: attempts with a self-score 0 skipped, 1 wrong, 2 partial, 3 nailed; the
app takes 2 and more for correct. As answers those are Again, Again, Hard and Good; ours go back as Again 1, Hard 2,
Good and Easy 3. What else the file holds (gauntlets, daily challenges, plans) is kept and given back.
"""

import json
from collections.abc import Mapping
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
from staffml_anki.reviews.store import HistoryStore
from staffml_anki.vault import Question, QuestionId

VERSION = 1
MAX_PROGRESS = 200_000_000
"""Bytes: an attempt takes 150."""
_EASE_OF_SCORE = (1, 1, 2, 3)
_SCORE_OF_EASE = (0, 1, 2, 3, 3)
_KEPT = ("gauntlets", "daily", "planProgress")
_EASE_FACTOR = 2.5


class _Attempt(BaseModel):
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
    schedules = raw.get("sr")
    states = _schedules(schedules if isinstance(schedules, Mapping) else {}, attempts, taken)
    pull = store.begin_pull(now, f"progress file {path.name}")
    numbers = store.numbers({QuestionId(each.question) for each in attempts} | set(states))
    rows = {
        (numbers[QuestionId(each.question)], int(each.at)): (_EASE_OF_SCORE[each.score], Kind.APP.value, each.score)
        for each in attempts
    }
    taken.reviews = store.add_reviews((*key, ease, kind, 0, 0, score, 0) for key, (ease, kind, score) in rows.items())
    taken.known = len(rows) - taken.reviews
    taken.changed = store.add_states(pull, ((numbers[key], state) for key, state in states.items()), now)
    taken.questions = taken.cards = len(numbers)
    kept = {key: raw[key] for key in _KEPT if isinstance(raw.get(key), list | dict)}
    store.set_about("app", json.dumps(kept))
    store.end_pull(pull, taken.reviews)
    return taken


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


def _attempts(raw: list[Any], now: int) -> tuple[list[_Attempt], Taken]:
    taken = Taken()
    found = []
    for each in raw:
        try:
            attempt = _Attempt.model_validate(each)
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


def _schedules(raw: Mapping[str, Any], attempts: list[_Attempt], taken: Taken) -> dict[QuestionId, CardState]:
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


def progress_file(
    history: History, questions: Mapping[QuestionId, Question], calendar: Calendar, now: int, kept: str = ""
) -> dict[str, Any]:
    """A progress file of a history, for the app to import: attempts and schedules of the questions in the vault.

    Args:
        kept: what an imported file held besides, as JSON.
    """
    rows = history.reviews.rows[history.reviews.answered]
    attempts: list[dict[str, Any]] = []
    last: dict[QuestionId, tuple[int, int, int]] = {}
    for row in rows[np.argsort(rows["time"], kind="stable")]:
        key = history.questions[row["question"]]
        question = questions.get(key)
        if question is None:
            continue
        app = row["kind"] == Kind.APP
        score = int(row["factor"]) if app else _SCORE_OF_EASE[row["ease"]]
        attempts.append(
            {
                "questionId": key,
                "competencyArea": question.area,
                "track": question.track,
                "level": question.level,
                "selfScore": score,
                "timestamp": int(row["time"]),
            }
        )
        before = last[key][2] if key in last else 0
        last[key] = (int(row["time"]), score, before + 1 if score >= 2 else 0)
    days = sorted({int(day) for day in calendar.days(rows["time"].astype(np.int64))})
    run = streak(days, calendar.day(now))
    about = json.loads(kept) if kept else {}
    return {
        "version": VERSION,
        "attempts": attempts,
        "gauntlets": about.get("gauntlets", []),
        "sr": {key: _schedule(history, key, *each) for key, each in sorted(last.items())},
        "streak": {
            "currentStreak": run.current,
            "longestStreak": run.longest,
            "lastActiveDate": run.last_active.isoformat() if run.last_active else None,
            "activeDates": [date_of(day).isoformat() for day in days],
        },
        "daily": about.get("daily", {}),
        "planProgress": about.get("planProgress", {}),
        "exportedAt": datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z"),
    }


def _schedule(history: History, key: QuestionId, time: int, score: int, repetitions: int) -> dict[str, Any]:
    days = max((state.interval for state in history.cards.get(key, ())), default=0)
    return {
        "questionId": key,
        "easeFactor": _EASE_FACTOR,
        "interval": max(days, 0),
        "repetitions": repetitions,
        "nextReview": time + max(days, 0) * 86_400_000,
        "lastScore": score,
    }
