"""Chains as ladders: how far the learner has climbed each, and which step is the best one next. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from staffml_anki.coverage.result import RECALLED, ChainCoverage
from staffml_anki.vault import QuestionId
from staffml_anki.vault.axes import level_rank, topic_name

KNOWN_SCORE = 2
"""From this self-score on a step counts as climbed."""


@dataclass(frozen=True, slots=True)
class Rung:
    """A step. ``climbed``: recalled in Anki, or last practised with 2 or more; ``score`` is that practice's."""

    id: QuestionId
    title: str
    level: str
    recall: float
    score: int | None
    climbed: bool


@dataclass(frozen=True, slots=True)
class Ladder:
    """A chain. ``depth`` counts the steps climbed from the first on; ``next`` is the one after, if any."""

    id: str
    topic: str
    steps: tuple[Rung, ...]
    depth: int

    @property
    def next(self) -> Rung | None:
        return self.steps[self.depth] if self.depth < len(self.steps) else None

    @property
    def name(self) -> str:
        return f"{topic_name(self.topic)} ({self.steps[0].level}–{self.steps[-1].level})"


def ladders(chains: Sequence[ChainCoverage], scores: Mapping[QuestionId, int]) -> list[Ladder]:
    """All chains, in their order.

    Args:
        scores: the last score of each question that was practised.
    """
    found = []
    for chain in chains:
        steps = tuple(
            Rung(s.id, s.title, s.level, s.recall, score := scores.get(s.id), _climbed(s.recall, score))
            for s in chain.steps
        )
        depth = next((place for place, each in enumerate(steps) if not each.climbed), len(steps))
        found.append(Ladder(chain.id, chain.topic, steps, depth))
    return found


def _climbed(recall: float, score: int | None) -> bool:
    return recall >= RECALLED or (score or 0) >= KNOWN_SCORE


def best_next(all_ladders: Sequence[Ladder]) -> Ladder | None:
    """The ladder whose next step is the best one: where one is under way and nearly at its end, else the one that
    begins lowest. None when all are climbed."""
    waiting = [ladder for ladder in all_ladders if ladder.next is not None]
    return min(waiting, key=_rank, default=None)


def _rank(ladder: Ladder) -> tuple[bool, int, int, str]:
    following = ladder.next
    assert following is not None
    return ladder.depth == 0, len(ladder.steps) - ladder.depth, level_rank(following.level), ladder.id
