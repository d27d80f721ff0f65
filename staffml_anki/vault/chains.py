"""Chains, from every place in which vaults have kept them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from staffml_anki.vault.axes import level_rank
from staffml_anki.vault.model import Chain, ChainId, Problem, Question, QuestionId
from staffml_anki.wording import sound


@dataclass(frozen=True, slots=True)
class Link:
    """One step of one chain, as found somewhere: ``position`` only orders, it may count from anything."""

    chain: str
    position: int
    question: str
    file: str


def links_of_sidecar(raw: object, file: str) -> tuple[list[Link], list[Problem]]:
    """Steps from ``chains.json`` or the older ``chains.yaml``."""
    if isinstance(raw, Mapping) and isinstance(raw.get("chains"), list):
        raw = raw["chains"]
    if not isinstance(raw, list):
        return [], [Problem("error", file, "", "is not a list of chains")]
    links: list[Link] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    for index, chain in enumerate(raw):
        name = _sound((chain.get("chain_id") or chain.get("id")) if isinstance(chain, Mapping) else None)
        members = chain.get("questions") if isinstance(chain, Mapping) else None
        if not isinstance(name, str) or not isinstance(members, list):
            problems.append(Problem("error", file, f"[{index}]", "is not a chain: it needs chain_id and questions"))
            continue
        if name in seen:
            problems.append(Problem("error", file, f"{name}", "stands twice; the second one is ignored"))
            continue
        seen.add(name)
        for position, member in enumerate(members):
            question = _sound(member.get("id") if isinstance(member, Mapping) else member)
            if isinstance(question, str):
                links.append(Link(name, position, question, file))
            else:
                problems.append(Problem("error", file, f"{name}.questions[{position}]", "names no question id"))
    return links, problems


def links_of_question(raw: Mapping[Any, Any], file: str) -> list[Link]:
    """Steps kept inside a question: ``chains`` or ``chain`` in older folders, ``chain_ids`` in a corpus."""
    question = _sound(raw.get("id"))
    if question is None:
        return []
    found: list[Link] = []
    inside = raw.get("chains") if raw.get("chains") is not None else raw.get("chain")
    for entry in inside if isinstance(inside, list) else [inside]:
        if isinstance(entry, Mapping) and (name := _sound(entry.get("id"))):
            found.append(Link(name, _position(entry.get("position")), question, file))
    positions = raw.get("chain_positions")
    positions = positions if isinstance(positions, Mapping) else {}
    names = raw.get("chain_ids")
    for each in names if isinstance(names, list) else []:
        if name := _sound(each):
            found.append(Link(name, _position(positions.get(each)), question, file))
    return found


def build_chains(
    links: Iterable[Link], questions: Mapping[QuestionId, Question], known: Collection[str]
) -> tuple[tuple[Chain, ...], list[Problem]]:
    """Chains over the published questions, in id order, and what is wrong with them.

    Args:
        links: every step found.
        questions: the published questions.
        known: every id the vault holds, published or not: only an id outside it is *missing*.
    """
    by_chain: dict[str, list[Link]] = {}
    for link in links:
        by_chain.setdefault(link.chain, []).append(link)
    chains: list[Chain] = []
    problems: list[Problem] = []
    for name, members in sorted(by_chain.items()):
        file = members[0].file
        steps: list[QuestionId] = []
        for link in sorted(members, key=lambda link: (link.position, link.question)):
            step = QuestionId(link.question)
            if link.question not in known:
                problems.append(
                    Problem("error", link.file, name, f"names the question {step}, which is not in the vault")
                )
            elif step in steps:
                problems.append(Problem("error", link.file, name, f"names the question {step} twice"))
            elif step in questions:
                steps.append(step)
        problems.extend(_climb(name, file, [questions[step] for step in steps]))
        if len(steps) > 1:
            chains.append(Chain(ChainId(name), _topic(questions[step] for step in steps), tuple(steps)))
    return tuple(chains), problems


def _climb(name: str, file: str, steps: list[Question]) -> Iterable[Problem]:
    for before, after in pairwise(steps):
        fall = level_rank(after.level) - level_rank(before.level)
        if fall < 0:
            what = f"does not climb: {after.id} ({after.level}) comes after {before.id} ({before.level})"
            yield Problem("error", file, name, f"{what}; order the steps by level")
        elif fall == 0:
            what = f"does not climb between {before.id} and {after.id}: both are {after.level}"
            yield Problem("warning", file, name, what)


def _topic(steps: Iterable[Question]) -> str:
    """The topic most steps share (the first of equals): the one spelling that every shape of vault can derive."""
    topics = [step.topic for step in steps]
    return max(topics, key=topics.count)


def _sound(value: object) -> str | None:
    """A name that can be written anywhere, or None: JSON can spell halves of characters."""
    return sound(value) if isinstance(value, str) and value else None


def _position(value: object) -> int:
    return value if isinstance(value, int) else 0
