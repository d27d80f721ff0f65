"""Days, months, streaks, the coverage curve, pace and forecast. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from staffml_anki.coverage.bank import Bank
from staffml_anki.coverage.memory import Floats, Memories
from staffml_anki.coverage.questions import Bools, Ints, Numbers
from staffml_anki.coverage.result import MATURE, Day, Expectation, Forecast, Month, Pace, Point
from staffml_anki.reviews.days import Calendar, date_of
from staffml_anki.reviews.model import Kind

PACE_DAYS = 28
RETENTION_DAYS = 90
ASSUMED_RETENTION = 0.9
"""Anki's default desired retention: for learners who have no reviews yet that would tell."""
_DAY = 86_400


def days_of(numbers: Numbers, calendar: Calendar) -> Ints:
    """The learner's day of each answer."""
    return calendar.days(numbers.every["time"].astype(np.int64))


def daily(numbers: Numbers, days: Ints) -> list[Day]:
    """Every day with an answer, of all answers."""
    if not len(days):
        return []
    rows, start = numbers.every, int(days.min())
    size = int(days.max()) - start + 1
    reviews = np.bincount(days - start, minlength=size)
    passed = np.bincount(days - start, weights=rows["ease"] > 1, minlength=size)
    taken = np.bincount(days - start, weights=np.maximum(rows["taken"], 0), minlength=size)
    new = np.bincount(days[_firsts(numbers.every_places)] - start, minlength=size)
    return [
        Day(date_of(start + n), int(reviews[n]), int(passed[n]), float(taken[n]) / 60_000, int(new[n]))
        for n in np.flatnonzero(reviews).tolist()
    ]


def _firsts(places: Ints) -> Ints:
    """Where each question's answers begin: they lie together, in order of time."""
    return np.flatnonzero(np.r_[True, places[1:] != places[:-1]]) if len(places) else np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class Retained:
    """The answers that true retention counts: on which day, whether the card was mature before, and what came of it."""

    days: Ints
    mature: Bools
    passed: Bools


def retained(numbers: Numbers, days: Ints) -> Retained:
    """As in Anki: reviews, and answers to cards that had an interval of at least a day; not what did not reschedule."""
    rows = numbers.every
    last, kind = rows["last_interval"], rows["kind"]
    counts = ((kind == Kind.REVIEW) | (last >= 1) | (last <= -_DAY)) & (kind != Kind.APP)
    counts &= ~((kind == Kind.FILTERED) & (rows["factor"] == 0))
    return Retained(days[counts], last[counts] >= MATURE, rows["ease"][counts] > 1)


def monthly(kept: Retained) -> list[Month]:
    """True retention by calendar month, for months that have any."""
    if not len(kept.days):
        return []
    first = int(kept.days.min())
    # Days are few and answers many: what month it is, is worked out once for each day.
    month_of_day = (
        np.arange(first, int(kept.days.max()) + 1).astype("datetime64[D]").astype("datetime64[M]").astype(int)
    )
    start = int(month_of_day[0])
    size = int(month_of_day[-1]) - start + 1
    code = (month_of_day - start)[kept.days - first] * 2 + kept.mature
    reviews = np.bincount(code, minlength=2 * size).reshape(size, 2)
    good = np.bincount(code, weights=kept.passed, minlength=2 * size).reshape(size, 2)
    return [
        Month(
            str(np.datetime64(start + n, "M")),
            int(reviews[n, 0]),
            int(good[n, 0]),
            int(reviews[n, 1]),
            int(good[n, 1]),
        )
        for n in np.flatnonzero(reviews.sum(axis=1)).tolist()
    ]


def true_retention(kept: Retained, today: int) -> float:
    """Of the last 90 days; what Anki aims at by default where there were no reviews."""
    recent = kept.days > today - RETENTION_DAYS
    return float(kept.passed[recent].mean()) if recent.any() else ASSUMED_RETENTION


def curve(numbers: Numbers, days: Ints) -> list[Point]:
    """How many questions had been seen, and were mature, at the end of each day on which one of the two changed."""
    if not len(days):
        return []
    places, interval = numbers.every_places, numbers.every["interval"]
    mature = (interval >= MATURE).astype(np.int64)
    first = np.zeros(len(places), bool)
    first[_firsts(places)] = True
    before = np.where(first, 0, np.r_[0, mature[:-1]])
    start = int(days.min())
    size = int(days.max()) - start + 1
    seen = np.cumsum(np.bincount(days[first] - start, minlength=size))
    grown = np.cumsum(np.bincount(days - start, weights=mature - before, minlength=size)).astype(np.int64)
    changed = np.r_[True, (np.diff(seen) != 0) | (np.diff(grown) != 0)]
    return [Point(date_of(start + n), int(seen[n]), int(grown[n])) for n in np.flatnonzero(changed).tolist()]


def pace(days: Sequence[Day], today: date) -> Pace:
    """What a day was like, on average, over the last four weeks; today counts."""
    recent = [day for day in days if 0 <= (today - day.date).days < PACE_DAYS]
    return Pace(
        PACE_DAYS,
        len(recent),
        sum(day.reviews for day in recent) / PACE_DAYS,
        sum(day.minutes for day in recent) / PACE_DAYS,
        sum(day.new for day in recent) / PACE_DAYS,
    )


def forecast(
    bank: Bank, numbers: Numbers, memory: Memories, speed: Pace, retention: float, now: int, day: date, away: int
) -> Forecast:
    """Expected recall on a date, ``away`` days from now.

    If nothing is reviewed, every memory follows its forgetting curve. At this pace, reviews keep what was seen where
    it is, and new questions come at ``speed.new`` a day, each recalled with the learner's retention; they are spread
    over the areas as the unseen questions are. Without any reviews in the last four weeks there is no pace.
    """
    current, later = memory.recall(now), memory.recall(now + away * _DAY)
    areas = bank.values("area")
    code = {area: n for n, area in enumerate(areas)}
    codes = np.fromiter((code[entry.area] for entry in bank.entries), np.int64, len(bank.entries))
    size = len(areas)
    unseen = np.bincount(codes, weights=~numbers.seen, minlength=size)
    every = np.bincount(codes, minlength=size)
    today, stopped = (np.bincount(codes, weights=values, minlength=size) for values in (current, later))
    left = float(unseen.sum())
    new = min(speed.new * away, left)
    share: Floats = unseen / left if left else np.zeros(size)
    kept = today if speed.reviews > 0 else stopped
    at_pace = kept + new * share * retention
    rows = [
        Expectation(area, int(every[n]), float(today[n]), float(stopped[n]), float(at_pace[n]))
        for n, area in enumerate(areas)
    ]
    total = Expectation("", len(bank.entries), float(today.sum()), float(stopped.sum()), float(at_pace.sum()))
    return Forecast(day, away, retention, tuple(rows), total)
