"""Where a learner stands, from one history: what Anki's reviews say, what was practised, and the days of both."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from staffml_anki.coverage import Bank, Coverage, measure
from staffml_anki.coverage.bank import Entry
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.reviews import Calendar, History, HistoryStore
from staffml_anki.reviews.days import Streak, date_of, streak
from staffml_anki.reviews.practice import Practised
from staffml_anki.study.ladders import Ladder, ladders
from staffml_anki.study.notebook import Notebook
from staffml_anki.study.plans import PlanStatus, StudyPlan, shipped_plans, status
from staffml_anki.study.session import Session
from staffml_anki.study.webapp import completed, daily_days, for_the_app, gauntlets_of
from staffml_anki.vault import QuestionId

_DAY = 86_400


@dataclass(frozen=True)
class Standing:
    """Everything that the modes decide by, at one moment. ``now`` is in milliseconds since the epoch."""

    bank: Bank
    history: History
    notebook: Notebook
    calendar: Calendar
    now: int

    @property
    def today(self) -> int:
        """The learner's day, counted from 1 January 1970."""
        return self.calendar.day(self.now // 1000)

    @property
    def date(self) -> date:
        return date_of(self.today)

    @cached_property
    def entries(self) -> Mapping[QuestionId, Entry]:
        """The questions of the vault."""
        return {entry.id: entry for entry in self.bank.entries}

    @cached_property
    def coverage(self) -> Coverage:
        return measure(self.bank, self.history, self.now // 1000, self.calendar)

    @cached_property
    def recall(self) -> Mapping[QuestionId, float]:
        return {question.id: question.recall for question in self.coverage.questions}

    @cached_property
    def practice(self) -> list[Practised]:
        return self.notebook.practice()

    @cached_property
    def last_practised(self) -> Mapping[QuestionId, tuple[int, int]]:
        """(score, time) of the last practice of each question."""
        return {each.question: (each.score, each.time) for each in self.practice}

    @property
    def ladders(self) -> list[Ladder]:
        return ladders(self.coverage.chains, {key: score for key, (score, _) in self.last_practised.items()})

    def due_first(self, keys: list[QuestionId]) -> tuple[QuestionId, ...]:
        """Those that Anki had due, as of the last pull, the longest overdue first; then the rest, as they come."""
        due = self.due
        return tuple(sorted(keys, key=lambda key: due.get(key, 1)))

    @cached_property
    def due(self) -> Mapping[QuestionId, int]:
        """Questions that are due, as far as the history knows: minus the days that they are overdue."""
        found: dict[QuestionId, int] = {}
        for question in self.coverage.questions:
            if question.last_seen is None or question.status in ("suspended", "retired", "absent"):
                continue
            seen = (date.fromisoformat(question.last_seen[:10]) - date_of(0)).days
            overdue = self.today - (seen + question.interval)
            if overdue >= 0:
                found[question.id] = -overdue
        return found

    # -- days -------------------------------------------------------------------------------------

    def daily_streak(self) -> Streak:
        """Days in a row on which the daily challenge was done."""
        return streak([*self.own_daily_days, *daily_days(self.notebook.from_app)], self.today)

    @property
    def own_daily_days(self) -> list[int]:
        """Days whose daily challenge was done here: all of it, and something scored."""
        done = [each for each in self.notebook.sessions("daily") if each.ending == "done" and each.scored]
        return [int(each.about.get("day") or 0) for each in done]

    @cached_property
    def gauntlets(self) -> list[Session]:
        """Those that are over, here and in the app, the latest first."""
        own = self.notebook.sessions("gauntlet")
        known = {each.id for each in own}
        theirs = [each for each in gauntlets_of(self.notebook.from_app) if each.id not in known]
        return sorted([*own, *theirs], key=lambda each: (-each.started, each.id))

    def plan_status(self) -> PlanStatus | None:
        """The plan under way: a question is done once it was answered since, anywhere, or in the app's same plan."""
        plan = self.notebook.plan()
        if plan is None:
            return None
        before = dict.fromkeys(completed(self.notebook.from_app, plan.name), plan.started - 1)
        return status(plan, self.bank.number, before | self.done_since(plan), self.today)

    def done_since(self, plan: StudyPlan) -> dict[QuestionId, int]:
        """The day on which each question of a plan was first answered since it began."""
        wanted = set(plan.questions)
        first: dict[QuestionId, int] = {}
        rows = self.history.reviews.rows[self.history.reviews.answered]
        later = rows[rows["time"] >= plan.at]
        for number, time in zip(later["question"].tolist(), later["time"].tolist(), strict=True):
            key = self.history.questions[number]
            if key in wanted:
                first[key] = min(first.get(key, time), time)
        for each in self.practice:
            if each.question in wanted and each.time >= plan.at:
                first[each.question] = min(first.get(each.question, each.time), each.time)
        return {key: self.calendar.day(time // 1000) for key, time in first.items()}

    def for_the_app(self) -> dict[str, Any]:
        """What studying writes into the app's progress file."""
        plans = [*self.notebook.past_plans(), self.notebook.plan()]
        known = {plan.name for plan in shipped_plans()}
        shared = [(plan, self.done_since(plan)) for plan in plans if plan is not None and plan.name in known]
        own = self.notebook.sessions("gauntlet")
        return for_the_app(self.notebook.from_app, own, self.own_daily_days, shared, self.entries)


@contextmanager
def standing(bank: Bank, path: Path, calendar: Calendar | None, now: int) -> Iterator[Standing]:
    """Open a history, and see where its learner stands.

    Args:
        path: the history's file.
        calendar: the learner's days; None for this computer's, with the hour that the history knows.
        now: milliseconds since the epoch.

    Raises:
        StaffmlAnkiError: the history cannot be used, or the bank is empty.
    """
    if not bank.entries:
        raise StaffmlAnkiError("the vault has no published question; staffml-anki check says why")
    with HistoryStore(path) as store:
        history = store.read()
        days = calendar or Calendar(None, history.rollover)
        yield Standing(bank, history, Notebook(store), days, now)
