"""A session: questions asked one by one, thought about, revealed in stages, scored. A state machine without a clock.

Every event brings the time, in milliseconds, from a clock that only its owner knows; a session never looks at one. It
counts what passes between two events while somebody thinks, and nothing while it is paused, so that it can be closed at
any moment and go on from there. Scores are StaffML's: 0 skipped, 1 wrong, 2 partial, 3 nailed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from staffml_anki.reviews.practice import Mode
from staffml_anki.vault import QuestionId
from staffml_anki.wording import sound

type Stage = Literal["think", "reveal", "over"]
type Ending = Literal["", "done", "time", "quit"]
SCORES = (0, 1, 2, 3)
MAX_ESTIMATE = 2_000
"""Characters."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Answer(_Value):
    """What became of one question.

    Attributes:
        thought: milliseconds.
        score: None while there is none.
        at: when it was scored, in milliseconds since the epoch; 0 while it is not.
        answered: the learner said that they were done thinking.
        skips: how often it was put off.
    """

    question: QuestionId
    estimate: str = ""
    thought: int = Field(0, ge=0)
    score: int | None = Field(None, ge=0, le=3)
    at: int = 0
    answered: bool = False
    skips: int = 0


class Session(_Value):
    """One sitting, at any moment of it.

    Attributes:
        limit: milliseconds for all questions together; None is no limit.
        review_last: first all questions, then all answers: an interview. Otherwise each answer after its question.
        queue: places of the questions that are still to be asked, or still to be reviewed; the first is the current.
        shown: how many parts of the answer are revealed.
        spent: milliseconds thought in all.
        clock: the time of the last event; None while it is paused.
        about: what the mode has to say of it, such as the day or the format.
    """

    id: str
    mode: Mode
    started: int
    answers: tuple[Answer, ...]
    limit: int | None = Field(None, gt=0)
    review_last: bool = False
    stage: Stage = "think"
    queue: tuple[int, ...] = ()
    shown: int = 0
    spent: int = Field(0, ge=0)
    clock: int | None = None
    ending: Ending = ""
    timed_out: bool = False
    about: dict[str, str | int | None] = {}

    @property
    def current(self) -> Answer | None:
        return self.answers[self.queue[0]] if self.queue and self.stage != "over" else None

    @property
    def paused(self) -> bool:
        return self.clock is None and self.stage != "over"

    @property
    def left(self) -> int | None:
        """Milliseconds until time is up; None where there is no limit."""
        return None if self.limit is None else max(0, self.limit - self.spent)

    @property
    def scored(self) -> tuple[Answer, ...]:
        """The answers that count: skipped ones do not."""
        return tuple(answer for answer in self.answers if answer.score)


@dataclass(frozen=True, slots=True)
class Resume:
    """Somebody sits down, for the first time or again."""


@dataclass(frozen=True, slots=True)
class Pause:
    """The clock stands still."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed, and nothing else."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The learner's own words, before anything is revealed."""

    text: str


@dataclass(frozen=True, slots=True)
class Reveal:
    """Done thinking: show the next ``parts`` of the answer (in an interview: the next question)."""

    parts: int = 1


@dataclass(frozen=True, slots=True)
class Score:
    """0 to 3."""

    score: int


@dataclass(frozen=True, slots=True)
class Skip:
    """Not now: in an interview the question comes again at the end, once; elsewhere it gets a 0."""


@dataclass(frozen=True, slots=True)
class Quit:
    """Enough: what has no score stays without one, in an interview it gets a 0."""


type Event = Resume | Pause | Tick | Estimate | Reveal | Score | Skip | Quit


def new_session(
    key: str,
    mode: Mode,
    questions: Sequence[QuestionId],
    started: int,
    *,
    limit: int | None = None,
    review_last: bool = False,
    about: dict[str, str | int | None] | None = None,
) -> Session:
    """A session that nobody has sat down to yet. Without questions it is over."""
    answers = tuple(Answer(question=each) for each in dict.fromkeys(questions))
    return Session(
        id=key,
        mode=mode,
        started=started,
        answers=answers,
        limit=limit,
        review_last=review_last,
        queue=tuple(range(len(answers))),
        stage="think" if answers else "over",
        ending="" if answers else "done",
        about=about or {},
    )


def step(session: Session, event: Event, now: int) -> Session:
    """The session after an event.

    Args:
        now: milliseconds since the epoch. A clock that was set back adds nothing.
    """
    session = _passed(session, now)
    if session.stage == "over":
        return session
    if session.paused and not isinstance(event, Resume | Quit):
        return session
    match event:
        case Resume():
            return _with(session, clock=now)
        case Pause():
            return _with(session, clock=None)
        case Tick():
            return session
        case Estimate(text):
            text = sound(text.strip()[:MAX_ESTIMATE])
            return _answer(session, estimate=text) if session.stage == "think" else session
        case Reveal(parts):
            return _reveal(session, max(1, parts))
        case Score(score):
            return _score(session, score, now) if session.stage == "reveal" and score in SCORES else session
        case Skip():
            return _skip(session, now)
        case Quit():
            return _over(session, "quit", now)


def _passed(session: Session, now: int) -> Session:
    """Add what has passed since the last event, up to the limit; time may be up."""
    if session.clock is None or session.stage == "over":
        return session
    passed = max(0, now - session.clock)
    session = _with(session, clock=now)
    if session.stage != "think":
        return session
    if session.left is not None:
        passed = min(passed, session.left)
    current = session.current
    assert current is not None
    session = _with(_answer(session, thought=current.thought + passed), spent=session.spent + passed)
    if session.left == 0 and not session.timed_out:
        return _begin_review(_with(session, timed_out=True), now)
    return session


def _reveal(session: Session, parts: int) -> Session:
    if session.stage == "reveal":
        return _with(session, shown=session.shown + parts)
    session = _answer(session, answered=True)
    if not session.review_last:
        return _with(session, stage="reveal", shown=parts)
    assert session.clock is not None
    return _next_to_ask(session, session.queue[1:], session.clock)


def _score(session: Session, score: int, now: int) -> Session:
    session = _answer(session, score=score, at=now)
    queue = session.queue[1:]
    if not queue:
        return _over(session, "time" if session.timed_out else "done", now)
    return _with(session, queue=queue, shown=0, stage="reveal" if session.review_last else "think")


def _skip(session: Session, now: int) -> Session:
    if session.stage == "reveal" or not session.review_last:
        return _score(session, 0, now)
    current = session.current
    assert current is not None
    later = (*session.queue[1:], session.queue[0]) if current.skips == 0 else session.queue[1:]
    return _next_to_ask(_answer(session, skips=current.skips + 1), later, now)


def _next_to_ask(session: Session, queue: tuple[int, ...], now: int) -> Session:
    return _with(session, queue=queue) if queue else _begin_review(session, now)


def _begin_review(session: Session, now: int) -> Session:
    """Questions are over: what was not answered gets a 0, what was is reviewed."""
    answers = tuple(a if a.answered else a.model_copy(update={"score": 0, "at": now}) for a in session.answers)
    queue = tuple(place for place, answer in enumerate(answers) if answer.answered and answer.score is None)
    session = _with(session, answers=answers, queue=queue, stage="reveal", shown=0)
    return session if queue else _over(session, "time" if session.timed_out else "done", now)


def _over(session: Session, ending: Ending, now: int) -> Session:
    answers = session.answers
    if session.review_last:
        answers = tuple(a if a.score is not None else a.model_copy(update={"score": 0, "at": now}) for a in answers)
    return _with(session, answers=answers, stage="over", queue=(), clock=None, ending=ending, shown=0)


def _answer(session: Session, **changes: object) -> Session:
    place = session.queue[0]
    changed = session.answers[place].model_copy(update=changes)
    return _with(session, answers=(*session.answers[:place], changed, *session.answers[place + 1 :]))


def _with(session: Session, **changes: object) -> Session:
    return session.model_copy(update=changes)
