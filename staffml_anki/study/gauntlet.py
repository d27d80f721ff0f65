"""The gauntlet: a timed mock interview, drawn, sat and looked back on. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.study.draws import stratified
from staffml_anki.study.session import Session, new_session
from staffml_anki.vault import Listed, QuestionId
from staffml_anki.vault.axes import AREAS


@dataclass(frozen=True, slots=True)
class Format:
    name: str
    questions: int
    minutes: int


FORMATS = {
    each.name: each
    for each in (
        Format("quick", 5, 10),
        Format("standard", 10, 20),
        Format("full", 15, 35),
        Format("design", 1, 15),
    )
}
CUSTOM = "custom"
MOST_POINTS = 3


@dataclass(frozen=True, slots=True)
class AreaResult:
    """Of one competency area: points out of ``possible``, mean seconds a question (None where nobody knows)."""

    area: str
    questions: int
    points: int
    possible: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class AnswerResult:
    question: QuestionId
    title: str
    level: str
    area: str
    score: int
    seconds: float | None
    answered: bool
    estimate: str


@dataclass(frozen=True)
class Result:
    """A gauntlet that is over.

    Attributes:
        points: the sum of the scores, out of ``possible``: three a question.
        seconds: thought in all.
        ending: "done", "time" or "quit".
        before: how many earlier gauntlets of the same format were sat to their end; ``mean`` and ``best`` of their
            shares.
    """

    id: str
    format: str
    at: int
    track: str
    level: str
    limit: int
    seconds: float
    points: int
    possible: int
    answered: int
    ending: str
    areas: tuple[AreaResult, ...]
    answers: tuple[AnswerResult, ...]
    before: int = 0
    mean: float | None = None
    best: float | None = None

    @property
    def share(self) -> float:
        return self.points / self.possible if self.possible else 0.0

    @property
    def when(self) -> str:
        return datetime.fromtimestamp(self.at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def draw(
    questions: Mapping[QuestionId, Listed],
    form: Format,
    now: int,
    seed: int | None,
    earlier: Sequence[Session],
    *,
    track: str = "",
    level: str = "",
) -> Session:
    """A new gauntlet.

    Args:
        questions: those it may ask.
        seed: for one that can be repeated, whatever was asked before; None avoids the last one's questions.
        earlier: the latest first.

    Raises:
        StaffmlAnkiError: there is nothing to ask.
    """
    if not questions:
        raise StaffmlAnkiError("no question matches; drop --track, --level or another option")
    last = {answer.question for answer in earlier[0].answers} if earlier else set()
    chosen = stratified(questions, form.questions, now if seed is None else seed, last if seed is None else ())
    about: dict[str, str | int | None] = {
        "format": form.name, "minutes": form.minutes, "track": track, "level": level, "seed": seed,
    }  # fmt: skip
    limit = form.minutes * 60_000
    return new_session(f"gauntlet-{now}", "gauntlet", chosen, now, limit=limit, review_last=True, about=about)


def result(session: Session, questions: Mapping[QuestionId, Listed], earlier: Sequence[Session] = ()) -> Result:
    """What a gauntlet came to.

    Args:
        earlier: gauntlets that are over; those of the same format before this one are compared.
    """
    timed = not session.spent or any(each.thought for each in session.answers)  # the app times the whole only
    answers = []
    for each in session.answers:
        question = questions.get(each.question)
        title, level, area = (question.title, question.level, question.area) if question else (each.question, "", "")
        seconds = each.thought / 1000 if timed else None
        answers.append(
            AnswerResult(each.question, title, level, area, each.score or 0, seconds, each.answered, each.estimate)
        )
    areas = []
    for area in (*AREAS, ""):
        of_area = [answer for answer in answers if answer.area == area]
        if of_area:
            mean = sum(answer.seconds or 0 for answer in of_area) / len(of_area) if timed else None
            points = sum(answer.score for answer in of_area)
            areas.append(AreaResult(area, len(of_area), points, MOST_POINTS * len(of_area), mean))
    kind = str(session.about.get("format", CUSTOM))
    shares = [
        _share(other)
        for other in earlier
        if other.about.get("format", CUSTOM) == kind and other.started < session.started and other.ending != "quit"
    ]
    return Result(
        id=session.id, format=kind, at=session.started, track=str(session.about.get("track") or ""),
        level=str(session.about.get("level") or ""), limit=(session.limit or 0) // 1000, seconds=session.spent / 1000,
        points=sum(answer.score for answer in answers), possible=MOST_POINTS * len(answers),
        answered=sum(answer.answered for answer in answers), ending=session.ending, areas=tuple(areas),
        answers=tuple(answers), before=len(shares), mean=sum(shares) / len(shares) if shares else None,
        best=max(shares, default=None),
    )  # fmt: skip


def _share(session: Session) -> float:
    return sum(answer.score or 0 for answer in session.answers) / (MOST_POINTS * len(session.answers))
