"""A bank and a history → coverage. Pure: the clock and the calendar are given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from staffml_anki.coverage.bank import AXES, Bank, bank_of
from staffml_anki.coverage.cells import Summer, all_axes
from staffml_anki.coverage.chains import chain_rows, readiness
from staffml_anki.coverage.memory import Memories, memories
from staffml_anki.coverage.overtime import curve, daily, days_of, forecast, monthly, pace, retained, true_retention
from staffml_anki.coverage.questions import Numbers, count, known_elsewhere, question_rows, statuses
from staffml_anki.coverage.result import STATUSES, Coverage, QuestionCoverage
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.parallel import Progress, no_progress
from staffml_anki.reviews.days import Calendar, date_of, number_of, streak
from staffml_anki.reviews.model import History, Replayed
from staffml_anki.vault import QuestionId, Vault
from staffml_anki.wording import nearest

DEFAULT_HORIZON = 30
"""Days ahead that the forecast looks, where no date is given."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for.

    Attributes:
        tracks, levels, areas, topics: which questions; none does not narrow.
        by: further tables: pairs of axes.
        since: count answers from this day on; None counts all.
        by_date: forecast for this day.
    """

    tracks: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    by: tuple[tuple[str, str], ...] = ()
    since: date | None = None
    by_date: date | None = None

    @property
    def selection(self) -> dict[str, tuple[str, ...]]:
        named = {"track": self.tracks, "level": self.levels, "area": self.areas, "topic": self.topics}
        return {axis: values for axis, values in named.items() if values}


def measure(
    source: Vault | Bank,
    history: History,
    now: int,
    calendar: Calendar | None = None,
    wanted: Wanted | None = None,
    progress: Progress = no_progress,
) -> Coverage:
    """What a learner knows of a vault's questions.

    Args:
        now: seconds since the epoch.
        calendar: the learner's days; by default this computer's, with the hour that the history knows.

    Raises:
        StaffmlAnkiError: nothing is selected, an axis is unknown, or a day is on the wrong side of today.
    """
    wanted, calendar = wanted or Wanted(), calendar or Calendar(None, history.rollover)
    every = bank_of(source) if isinstance(source, Vault) else source
    bank = _selected(every, wanted)
    today = calendar.day(now)
    _require_days(wanted, date_of(today))
    numbers, memory, known, replayed = _worked_out(every, bank, history, now, calendar, wanted, progress)
    summer = Summer(bank, numbers, memory.recall(now))
    axes, total = all_axes(summer), summer.total()
    questions = [known[key] for key in bank.ids]
    chains = chain_rows(bank, known)
    answered = days_of(numbers, calendar)
    days = daily(numbers, answered)
    speed = pace(days, date_of(today))
    target = wanted.by_date or date_of(today) + timedelta(days=DEFAULT_HORIZON)
    away = max(0, number_of(target) - today)
    kept = retained(numbers, answered)
    first = wanted.since or date.min
    return Coverage(
        today=date_of(today),
        now=now,
        release=bank.release,
        source=bank.source,
        licence=bank.licence,
        attribution=bank.attribution,
        selection=wanted.selection,
        since=wanted.since,
        totals=total,
        statuses={word: n for word in STATUSES if (n := sum(row.status == word for row in questions))},
        axes=axes,
        tables=tuple(summer.table(*pair) for pair in _pairs(wanted)),
        questions=tuple(questions),
        chains=tuple(chains),
        days=tuple(day for day in days if day.date >= first),
        streak=streak([number_of(day.date) for day in days], today),
        months=tuple(month for month in monthly(kept) if month.month >= str(first)[:7]),
        curve=tuple(point for point in curve(numbers, answered) if point.date >= first),
        pace=speed,
        forecast=forecast(bank, numbers, memory, speed, true_retention(kept, today), now, target, away),
        readiness=readiness(total, axes["topic"], questions, chains),
        pulled=history.pulled,
        elsewhere=known_elsewhere(every, history),
        replayed=replayed,
    )


type _Known = Mapping[QuestionId, QuestionCoverage]


def _worked_out(
    every: Bank, bank: Bank, history: History, now: int, calendar: Calendar, wanted: Wanted, progress: Progress
) -> tuple[Numbers, Memories, _Known, Mapping[QuestionId, Replayed]]:
    """The selected questions' numbers and memories; rows of theirs and of all steps of their chains; what was replayed.

    Chains are shown whole, so the steps that were not selected are worked out, too.
    """
    since = None if wanted.since is None else calendar.start(number_of(wanted.since)) * 1000
    steps = {step for chain in bank.chains for step in chain.steps}
    wide = every.narrowed({*bank.ids, *steps}) if steps - set(bank.ids) else bank
    memory, numbers = memories(wide.ids, history, calendar, progress), count(wide, history, since)
    rows = question_rows(wide, numbers, statuses(numbers), memory.recall(now))
    known = {row.id: row for row in rows}
    replayed = memory.replayed
    if wide is not bank:
        again = replace(history, replayed={**history.replayed, **replayed})
        memory, numbers = memories(bank.ids, again, calendar), count(bank, history, since)
    return numbers, memory, known, replayed


def _require_days(wanted: Wanted, today: date) -> None:
    if wanted.by_date is not None and wanted.by_date < today:
        raise StaffmlAnkiError(f"--by-date {wanted.by_date}: is over, and a forecast needs a day to come")
    if wanted.since is not None and wanted.since > today:
        raise StaffmlAnkiError(f"--since {wanted.since}: is still to come, and reviews are counted up to today")


def _pairs(wanted: Wanted) -> Sequence[tuple[str, str]]:
    for pair in wanted.by:
        for axis in pair:
            if axis not in AXES:
                raise StaffmlAnkiError(f"--by {axis}: no such axis; one of {', '.join(AXES)}")
    return list(dict.fromkeys((("area", "level"), ("area", "track"), *wanted.by)))


def _selected(bank: Bank, wanted: Wanted) -> Bank:
    topics = bank.values("topic")
    for topic in wanted.selection.get("topic", ()):
        if topic not in topics:
            raise StaffmlAnkiError(f"topic {topic}: not in this vault; {nearest(topic, tuple(topics))}")
    if not wanted.selection:
        chosen = bank
    else:
        keep: list[QuestionId] = [
            entry.id
            for entry in bank.entries
            if all(getattr(entry, axis) in values for axis, values in wanted.selection.items())
        ]
        chosen = bank.narrowed(keep)
    if not chosen.entries:
        what = ", ".join(f"{axis} {' or '.join(values)}" for axis, values in wanted.selection.items())
        raise StaffmlAnkiError(f"{what or 'coverage'}: the vault has no such question; drop an option, or see list")
    return chosen
