"""The daily challenge: three questions a day, the same for everybody; today's can be done, earlier ones looked at."""

from dataclasses import dataclass
from datetime import date

from staffml_anki.reviews.days import Streak, date_of, number_of
from staffml_anki.study.draws import of_the_day
from staffml_anki.study.notebook import Notebook
from staffml_anki.study.session import Session, new_session
from staffml_anki.study.standing import Standing
from staffml_anki.vault import QuestionId


@dataclass(frozen=True)
class Daily:
    """One day's challenge.

    Attributes:
        scores: of its questions; None where there is none.
        state: "open" has not been begun, "begun" waits to be gone on with, "done", or "missed".
        reached: the milestone that today's streak has just reached, or None.
    """

    date: date
    questions: tuple[QuestionId, ...]
    scores: tuple[int | None, ...]
    state: str
    streak: Streak
    reached: int | None


def daily(standing: Standing, day: int) -> Daily:
    """The challenge of a day, counted from 1 January 1970."""
    session = _session(standing.notebook, day)
    when = date_of(day)
    questions = tuple(answer.question for answer in session.answers) if session else of_the_day(standing.entries, when)
    by_question = {answer.question: answer.score for answer in session.answers} if session else {}
    if session is None:
        state = "open" if day == standing.today else "missed"
    elif session.stage == "over":
        state = "done"
    else:
        state = "begun" if day == standing.today else "missed"
    run = standing.daily_streak()
    just_now = state == "done" and day == standing.today and run.milestone == run.current
    return Daily(
        when, questions, tuple(by_question.get(key) for key in questions), state, run,
        run.current if just_now and run.current else None,
    )  # fmt: skip


def begin(standing: Standing, found: Daily) -> Session:
    """Today's session: the one that was begun, or a new one."""
    day = number_of(found.date)
    return _session(standing.notebook, day) or new_session(
        f"daily-{found.date}",
        "daily",
        found.questions,
        standing.now,
        about={"day": day, "release": standing.bank.release},
    )


def _session(notebook: Notebook, day: int) -> Session | None:
    return notebook.session(f"daily-{date_of(day)}")
