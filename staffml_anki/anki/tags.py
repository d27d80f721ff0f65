"""Whose a tag is, and what ours say of a note's state. Anki compares tags without regard to case, and so do we."""

from collections.abc import Iterable

from staffml_anki.cards.tags import ROOT

RETIRED = f"{ROOT}::retired"
WAS_SUSPENDED = f"{RETIRED}::suspended-before"
"""On a retired note that the learner had suspended: it stays suspended if the question comes back."""
LOCKED = f"{ROOT}::locked"
"""On a step of a chain that gating keeps suspended: what has it was suspended by us, and by nobody else."""
OPENED = f"{ROOT}::opened"
"""On a step that gating has opened: it is never locked again."""
_STATES = tuple(state.casefold() for state in (RETIRED, LOCKED, OPENED))


def is_ours(tag: str) -> bool:
    return tag.casefold().startswith(f"{ROOT.casefold()}::")


def is_state(tag: str) -> bool:
    """Whether a tag of ours says what became of a note, rather than what the release says of its question."""
    return any((tag.casefold() + "::").startswith(state + "::") for state in _STATES)


def is_retirement(tag: str) -> bool:
    return (tag.casefold() + "::").startswith(RETIRED.casefold() + "::")


def has(tags: Iterable[str], *any_of: str) -> bool:
    """Whether one of these is among the tags."""
    # No tag holds a space, and one search in one text is an eighth of the work of comparing tag by tag.
    text = f" {' '.join(tags)} ".casefold()
    return any(f" {tag.casefold()} " in text for tag in any_of)


def difference(tags: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    """The tags that ``other`` lacks, sorted."""
    known = {tag.casefold() for tag in other}
    return tuple(sorted(tag for tag in tags if tag.casefold() not in known))
