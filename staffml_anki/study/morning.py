"""`today`: the state of everything in a few lines, and the one thing to do next. Pure but for what it is given."""

from dataclasses import dataclass
from datetime import date

from staffml_anki.study.daily import daily
from staffml_anki.study.plans import PlanStatus
from staffml_anki.study.standing import Standing


@dataclass(frozen=True)
class Today:
    """One morning.

    Attributes:
        due: cards due in Anki; ``due_from`` says who counted: "Anki", or "history" as of ``pulled``.
        daily: the daily challenge's state.
        weakest: the competency area with the lowest share of recall, of those that have questions in Anki, if any.
        streak: days in a row with a review in Anki; ``daily_streak`` with the daily challenge done.
        waiting: scores that wait to be given to Anki.
        next: the command to run, and why.
    """

    date: date
    due: int
    due_from: str
    pulled: int
    daily: str
    plan: PlanStatus | None
    weakest: str | None
    weakest_recall: float | None
    streak: int
    daily_streak: int
    waiting: int
    next: str
    why: str


def today(standing: Standing, due_in_anki: int | None) -> Today:
    """What a learner sees in the morning.

    Args:
        due_in_anki: cards that are due, as Anki says; None where it does not run.
    """
    coverage = standing.coverage
    cells = {area: cell for area, cell in coverage.axes["area"].items() if cell.questions}
    weakest = min(cells, key=lambda area: (cells[area].recall_rate or 0.0, -cells[area].questions, area), default=None)
    challenge = daily(standing, standing.today)
    plan = standing.plan_status()
    due = len(standing.due) if due_in_anki is None else due_in_anki
    command, why = _next(challenge.state, plan, due, coverage.totals.in_anki, weakest)
    return Today(
        date=standing.date, due=due, due_from="history" if due_in_anki is None else "Anki", pulled=coverage.pulled,
        daily=challenge.state, plan=plan, weakest=weakest,
        weakest_recall=cells[weakest].recall_rate if weakest else None, streak=coverage.streak.current,
        daily_streak=challenge.streak.current, waiting=len(standing.notebook.ungraded()), next=command, why=why,
    )  # fmt: skip


def _next(daily: str, plan: PlanStatus | None, due: int, in_anki: int, weakest: str | None) -> tuple[str, str]:
    """The one command: what expires today first."""
    if daily in ("open", "begun"):
        return "staffml-anki daily", "it is gone at the end of the day"
    if plan is not None and plan.next:
        return "staffml-anki practice --plan", f"{len(plan.next)} to go for today's quota"
    if due:
        return "review in Anki", f"{due:,} due"
    if weakest is not None:
        return f"staffml-anki practice --area {weakest}", "your weakest area"
    return "staffml-anki practice", "everything else is done" if in_anki else "nothing is in Anki yet"
