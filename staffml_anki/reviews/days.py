"""The learner's days: they end at their own hour, in their own time zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from staffml_anki.errors import StaffmlAnkiError

EPOCH = date(1970, 1, 1)
_DAY = 86_400
_QUARTER = 900
"""Seconds: clocks are changed at quarters of an hour."""
MILESTONES = (3, 7, 14, 30, 100)
"""Days in a row that the StaffML app celebrates."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Turns moments into the learner's days, which are numbered from 1 January 1970.

    Attributes:
        zone: None is this computer's own time zone.
        rollover: the hour at which a day begins.
    """

    zone: tzinfo | None = None
    rollover: int = 4

    def offset(self, seconds: int) -> int:
        """Seconds that local time is ahead of UTC at a moment."""
        there = datetime.fromtimestamp(seconds, UTC).astimezone(self.zone).utcoffset()
        return int(there.total_seconds()) if there else 0

    def day(self, seconds: int) -> int:
        return (seconds + self.offset(seconds) - self.rollover * 3600) // _DAY

    def days(self, milliseconds: NDArray[np.int64]) -> NDArray[np.int64]:
        """:meth:`day` of many moments, in milliseconds."""
        if not len(milliseconds):
            return np.zeros(0, np.int64)
        seconds = milliseconds // 1000
        return np.asarray((seconds + self._offsets(seconds) - self.rollover * 3600) // _DAY)

    def _offsets(self, seconds: NDArray[np.int64]) -> NDArray[np.int64]:
        """Offsets differ little: one is asked for each UTC day, and for each quarter of an hour where it changes."""
        utc_day = seconds // _DAY
        first, last = int(utc_day.min()), int(utc_day.max())
        starts = np.fromiter((self.offset(day * _DAY) for day in range(first, last + 2)), np.int64)
        found = starts[utc_day - first]
        changing = np.flatnonzero(starts[1:] != starts[:-1])
        for place in np.flatnonzero(np.isin(utc_day - first, changing)):
            found[place] = self.offset(int(seconds[place]) // _QUARTER * _QUARTER)
        return found

    def start(self, day: int) -> int:
        """The moment at which a day begins, in seconds since the epoch."""
        local = datetime.combine(EPOCH + timedelta(days=day), datetime.min.time()) + timedelta(hours=self.rollover)
        there = local.replace(tzinfo=self.zone) if self.zone else local.astimezone()
        return int(there.timestamp())


def date_of(day: int) -> date:
    return EPOCH + timedelta(days=int(day))


def number_of(day: date) -> int:
    return (day - EPOCH).days


def zone_named(name: str) -> tzinfo:
    """A time zone by its name, such as ``Europe/Berlin``.

    Raises:
        StaffmlAnkiError: there is none.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise StaffmlAnkiError(f"--timezone {name}: no such time zone; give one such as Europe/Berlin") from None


@dataclass(frozen=True, slots=True)
class Streak:
    """Days in a row with at least one answer.

    Attributes:
        current: up to today, or to yesterday while today still has none.
        milestone: the largest of ``MILESTONES`` that the current streak has reached, 0 for none; ``next`` the next.
    """

    current: int
    longest: int
    milestone: int
    next: int | None
    last_active: date | None


def streak(days: Sequence[int], today: int) -> Streak:
    """The streak of some active days, in any order."""
    active = sorted({int(day) for day in days if day <= today})
    longest = run = 0
    for before, day in pairwise([-2, *active]):
        run = run + 1 if day == before + 1 else 1
        longest = max(longest, run)
    current = run if active and active[-1] >= today - 1 else 0
    return Streak(
        current=current,
        longest=longest,
        milestone=max((mark for mark in MILESTONES if mark <= current), default=0),
        next=next((mark for mark in MILESTONES if mark > current), None),
        last_active=date_of(active[-1]) if active else None,
    )
