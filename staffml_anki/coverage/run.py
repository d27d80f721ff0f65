"""The edge: a vault on disk and the history in the data folder → coverage, with what was worked out kept."""

import contextlib
import time
from dataclasses import replace
from pathlib import Path

from staffml_anki.coverage.cache import load_bank
from staffml_anki.coverage.measure import Wanted, measure
from staffml_anki.coverage.result import Coverage, Practice
from staffml_anki.data import home_folder
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.parallel import Progress, no_progress
from staffml_anki.reviews import Calendar, HistoryStore, history_at
from staffml_anki.reviews.days import number_of, zone_named
from staffml_anki.reviews.practice import read_practice

GOOD = 2
"""The self-score from which StaffML takes an answer for correct."""


def coverage_of(
    vault: Path,
    wanted: Wanted | None = None,
    *,
    profile: str | None = None,
    timezone: str | None = None,
    rollover: int | None = None,
    now: int | None = None,
    progress: Progress = no_progress,
) -> Coverage:
    """Coverage of a vault of any shape by the history that was pulled.

    Args:
        profile: whose history, where there are several.
        timezone: where the learner's days end, such as ``Europe/Berlin``; by default this computer's.
        rollover: the hour at which they end; by default what was pulled from Anki.
        now: seconds since the epoch; by default the clock.

    Raises:
        StaffmlAnkiError: the vault or the history cannot be read.
    """
    home = home_folder()
    bank = load_bank(vault, home, progress)
    with HistoryStore(history_at(home, profile)) as store:
        history = store.read()
        zone = None if timezone is None else zone_named(timezone)
        days = Calendar(zone, history.rollover if rollover is None else rollover)
        found = measure(bank, history, int(time.time()) if now is None else now, days, wanted, progress)
        found = replace(found, practice=_practice(store, found, days), notices=tuple(store.notices))
        with contextlib.suppress(StaffmlAnkiError):  # somebody else is writing: it is worked out again next time
            store.keep_replayed(found.replayed)
    return found


def _practice(store: HistoryStore, found: Coverage, days: Calendar) -> Practice:
    """Since the day that was asked for, of the questions that were selected."""
    selected = {question.id for question in found.questions}
    answers = [each for each in read_practice(store) if each.question in selected]
    if found.since is not None:
        first = days.start(number_of(found.since)) * 1000
        answers = [each for each in answers if each.time >= first]
    good = sum(each.score >= GOOD for each in answers)
    return Practice(len(answers), good, len({each.question for each in answers}))
