"""Gauntlets, daily challenges and plans in the StaffML app's progress file, both ways. Pure.

What the app told is kept as it wrote it (``reviews/progress.py``), and read here whenever it is needed: its gauntlets
are listed and compared with ours, its days count in the daily streak, what it had done of a plan is done in ours.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from staffml_anki.reviews.days import date_of, number_of
from staffml_anki.reviews.progress import Attempt, attempt
from staffml_anki.study.gauntlet import CUSTOM, FORMATS
from staffml_anki.study.plans import StudyPlan
from staffml_anki.study.session import Answer, Session
from staffml_anki.vault import Placed, QuestionId

ANY = "all"
"""The app's word for no track or level in particular."""


class _Value(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class _Gauntlet(_Value):
    id: str = Field(min_length=1, max_length=200)
    track: str = Field(ANY, max_length=200)
    level: str = Field(ANY, max_length=200)
    seconds: float = Field(0, alias="duration", ge=0, lt=10**6)
    attempts: tuple[Attempt, ...] = Field(min_length=1, max_length=1_000, strict=False)
    completed: float = Field(alias="completedAt", gt=0, lt=2**43)


class _Progress(_Value):
    completed: tuple[str, ...] = Field(alias="completedIds", strict=False)
    started: float = Field(0, alias="startedAt", ge=0, lt=2**43)


# -- what the app told ----------------------------------------------------------------------------


def gauntlets_of(kept: Mapping[str, Any]) -> list[Session]:
    """The app's gauntlets as sessions that are over; what is not one is left out."""
    found = []
    for raw in kept.get("gauntlets", []):
        try:
            found.append(_session(_Gauntlet.model_validate(raw)))
        except ValidationError:
            continue
    return found


def _session(told: _Gauntlet) -> Session:
    """The app does not say how long each question took."""
    answers = {each.question: _answer(each) for each in told.attempts}
    form = next((form for form in FORMATS.values() if form.questions == len(answers)), None)
    spent = round(told.seconds * 1000)
    return Session(
        id=told.id, mode="gauntlet", started=max(0, int(told.completed) - spent), answers=tuple(answers.values()),
        limit=form.minutes * 60_000 if form else None, review_last=True, stage="over", spent=spent, ending="done",
        about={
            "format": form.name if form else CUSTOM, "track": "" if told.track == ANY else told.track,
            "level": "" if told.level == ANY else told.level,
        },
    )  # fmt: skip


def _answer(told: Attempt) -> Answer:
    key = QuestionId(told.question)
    return Answer(question=key, score=told.score, at=int(told.at), answered=told.score > 0)


def daily_days(kept: Mapping[str, Any]) -> list[int]:
    """Days on which the app's daily challenge was done."""
    days = []
    for text, done in kept.get("daily", {}).items():
        try:
            days += [number_of(date.fromisoformat(text))] if done is True else []
        except ValueError:
            continue
    return days


def completed(kept: Mapping[str, Any], plan: str) -> frozenset[QuestionId]:
    """Questions of a plan that were done in the app."""
    try:
        told = _Progress.model_validate(kept.get("planProgress", {}).get(plan))
    except ValidationError:
        return frozenset()
    return frozenset(map(QuestionId, told.completed))


# -- what the app is told -------------------------------------------------------------------------


def for_the_app(
    kept: Mapping[str, Any],
    gauntlets: Sequence[Session],
    days: Iterable[int],
    plans: Iterable[tuple[StudyPlan, Iterable[QuestionId]]],
    questions: Mapping[QuestionId, Placed],
) -> dict[str, Any]:
    """What the app told, with ours added.

    Args:
        gauntlets: our own, the latest first. Those that were given up the app does not keep.
        days: of the daily challenge.
        plans: those that the app has, too, with what was done of them, the earliest first.
        questions: of the vault; the app has no others.
    """
    made = {each.id: gauntlet(each, questions) for each in reversed(gauntlets) if each.ending != "quit"}
    ours = list(made)  # a list: what stands in the place of an id may be no key
    theirs = [each for each in kept.get("gauntlets", []) if not (isinstance(each, dict) and each.get("id") in ours)]
    progress = dict(kept.get("planProgress", {}))
    for plan, done in plans:
        ids = completed({"planProgress": progress}, plan.name) | set(done)
        progress[plan.name] = {
            "planId": plan.name, "completedIds": sorted(ids & questions.keys()), "startedAt": plan.at,
        }  # fmt: skip
    return {
        "gauntlets": [*theirs, *made.values()],
        "daily": kept.get("daily", {}) | {date_of(day).isoformat(): True for day in sorted(days)},
        "planProgress": progress,
    }


def gauntlet(session: Session, questions: Mapping[QuestionId, Placed]) -> dict[str, Any]:
    """One gauntlet, as the app writes it."""
    return {
        "id": session.id,
        "track": session.about.get("track") or ANY,
        "level": session.about.get("level") or ANY,
        "questionCount": len(session.answers),
        "duration": session.spent // 1000,
        "attempts": [
            attempt(each.question, questions[each.question], each.score or 0, each.at)
            for each in session.answers
            if each.question in questions
        ],
        "completedAt": max((each.at for each in session.answers), default=session.started),
    }
