"""How deep the learner stands in each chain, and what to do next. Pure."""

from collections.abc import Mapping, Sequence

from staffml_anki.coverage.bank import Bank
from staffml_anki.coverage.result import RECALLED, Cell, ChainCoverage, QuestionCoverage, Readiness, Step
from staffml_anki.vault import QuestionId
from staffml_anki.vault.axes import level_rank

WEAKEST = 10
NEXT = 10
_PER_TOPIC = 2


def chain_rows(bank: Bank, everything: Mapping[QuestionId, QuestionCoverage]) -> list[ChainCoverage]:
    """Each chain of a bank, with all of its steps, also those that were not selected."""
    return [_chain(chain.id, chain.topic, [everything[step] for step in chain.steps]) for chain in bank.chains]


def _chain(key: str, topic: str, questions: Sequence[QuestionCoverage]) -> ChainCoverage:
    steps = tuple(Step(q.id, q.title, q.level, q.status, q.recall, q.recall >= RECALLED) for q in questions)
    depth = next((n for n, step in enumerate(steps) if not step.recalled), len(steps))
    return ChainCoverage(key, topic, steps, depth, steps[depth].id if depth < len(steps) else None)


def readiness(
    total: Cell, topics: Mapping[str, Cell], questions: Sequence[QuestionCoverage], chains: Sequence[ChainCoverage]
) -> Readiness:
    """The topics with the lowest share of recall (the larger ones first where it is the same), and what to do next.

    Next is, in each of these topics: what was seen and is not recalled any more, the step at which a chain breaks,
    then what was never seen, what is in Anki first, from the lowest level up; two of a topic at a time. What is
    suspended or retired is not.
    """
    order = sorted(topics.items(), key=lambda item: (item[1].recall_rate or 0.0, -item[1].questions, item[0]))
    weakest = [(topic, cell) for topic, cell in order if (cell.recall_rate or 0.0) < 1.0]
    breaks = {chain.breaks_at for chain in chains if chain.depth}
    by_topic: dict[str, list[QuestionCoverage]] = {}
    for question in questions:
        if question.recall < RECALLED and question.status not in ("suspended", "retired"):
            by_topic.setdefault(question.topic, []).append(question)
    for waiting in by_topic.values():
        waiting.sort(key=lambda q: _urgency(q, q.id in breaks))
    chosen: list[QuestionId] = []
    while len(chosen) < NEXT and any(by_topic.values()):
        for topic, _ in weakest:
            taken, by_topic[topic] = by_topic.get(topic, [])[:_PER_TOPIC], by_topic.get(topic, [])[_PER_TOPIC:]
            chosen += [question.id for question in taken]
            if len(chosen) >= NEXT:
                break
    return Readiness(total.recall_rate, tuple(weakest[:WEAKEST]), tuple(chosen[:NEXT]))


def _urgency(question: QuestionCoverage, breaks: bool) -> tuple[object, ...]:
    absent = question.stage == "absent"
    return question.attempts == 0, not breaks, absent, level_rank(question.level), question.recall, question.id
