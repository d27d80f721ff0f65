"""What a session shows at a moment: a value that any face can draw. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from staffml_anki.study.session import Answer, Session
from staffml_anki.vault import Question, QuestionId, Vault
from staffml_anki.vault.axes import topic_name
from staffml_anki.vault.sections import split_common_mistake, split_napkin_math

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SCORE_NAMES = ("skipped", "wrong", "partial", "nailed")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an answer; ``text`` is Markdown."""

    title: str
    text: str


@dataclass(frozen=True)
class View:
    """One screen.

    Attributes:
        where: the question's place on the axes, and its number.
        question: scenario, question, options: plain text, and what a drawing shows.
        parts: of the answer, as far as revealed; ``more`` says whether there are any left.
        clock: seconds: what is left of the limit, or what was thought; ``counting_down`` says which.
    """

    where: str
    title: str
    question: str
    estimate: str
    parts: tuple[Part, ...]
    more: bool
    clock: int
    counting_down: bool
    asking: bool
    reviewing: bool
    paused: bool


def view_of(session: Session, vault: Vault) -> View | None:
    """What to show; None once the session is over."""
    answer = session.current
    if answer is None:
        return None
    question = vault.questions.get(answer.question) or _gone(answer.question)
    parts = parts_of(question, vault)
    number = len(session.answers) - len(session.queue) + 1
    if session.review_last and session.stage == "reveal":
        number = session.queue[0] + 1
    left = session.left
    return View(
        where=" · ".join(
            [f"{number}/{len(session.answers)}", question.level, question.track, topic_name(question.topic)]
        ),
        title=question.title,
        question=question_text(question),
        estimate=answer.estimate,
        parts=parts[: session.shown] if session.stage == "reveal" else (),
        more=session.stage == "think" or session.shown < len(parts),
        clock=(answer.thought if left is None else left) // 1000,
        counting_down=left is not None,
        asking=session.stage == "think",
        reviewing=session.review_last and session.stage == "reveal",
        paused=session.paused,
    )


def question_text(question: Question) -> str:
    """Everything that is asked."""
    texts = [question.scenario, question.question]
    if question.visual:
        texts.append(f"[drawing: {question.visual.alt}]")
    if question.options:
        texts.append("\n".join(f"{letter}. {text}" for letter, text in zip(LETTERS, question.options, strict=False)))
    return "\n\n".join(text for text in texts if text)


def parts_of(question: Question, vault: Vault) -> tuple[Part, ...]:
    """The answer in stages: the napkin math step by step, the answer, the common mistake, where it leads."""
    napkin = split_napkin_math(question.napkin_math)
    mistake = split_common_mistake(question.common_mistake)
    solution = question.solution
    if question.options and question.correct_index is not None:
        index = question.correct_index
        solution = f"{LETTERS[index]}. {question.options[index]}\n\n{solution}"
    found = [
        Part("Napkin math", napkin.free),
        Part("Assumptions", napkin.assumptions),
        Part("Calculations", napkin.calculations),
        Part("Conclusion", napkin.conclusion),
        Part("Answer", solution),
        Part("Common mistake", "\n\n".join(text for text in mistake if text)),
        Part("Next", _next(question, vault)),
    ]
    return tuple(part for part in found if part.text)


def _next(question: Question, vault: Vault) -> str:
    lines = [f"- {resource.name}: {resource.url}" for resource in question.resources]
    for place in vault.memberships.get(question.id, []):
        if place.next is not None:
            following = vault.questions[place.next]
            lines.append(f"- Next in its chain: {following.level} {following.title} ({following.id})")
    return "\n".join(lines)


def _gone(key: QuestionId) -> Question:
    """Stands for a question that this vault does not have any more."""
    return Question(
        id=key, track="global", level="L1", area="cross-cutting", topic="", title=f"{key} is not in this vault",
        scenario="Skip it, or go on with the vault that the session began with (--vault).", solution="–",
    )  # fmt: skip


def summary(session: Session, vault: Vault) -> list[tuple[Answer, Question]]:
    """Each answer with its question, in the order asked."""
    questions: Mapping[QuestionId, Question] = vault.questions
    return [(answer, questions.get(answer.question) or _gone(answer.question)) for answer in session.answers]
