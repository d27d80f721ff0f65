"""What changed between two vaults, of any two shapes."""

from dataclasses import dataclass

from staffml_anki.vault.model import Chain, ChainId, Question, QuestionId, Shape, Vault

_TEXTS = ("title", "scenario", "question", "solution", "common_mistake", "napkin_math", "options", "correct_index")
_PLACES = ("track", "level", "area", "topic")
_REST = ("zone", "bloom", "phase", "resources", "visual", "minutes", "math_verified", "human_reviewed", "tags")
# What a shape cannot carry must not count as changed when it is compared with one that can.
NOT_CARRIED: dict[Shape, frozenset[str]] = {
    "folder": frozenset(),
    "corpus": frozenset({"minutes", "human_reviewed", "tags"}),
    "database": frozenset({"minutes", "human_reviewed", "tags", "math_verified"}),
}


@dataclass(frozen=True, slots=True)
class Change:
    """A question in both vaults whose content differs."""

    id: QuestionId
    title: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """A question whose place differs: a track, level, area, topic or home chain."""

    id: QuestionId
    title: str
    places: tuple[tuple[str, str, str], ...]
    """(axis, before, after)"""


@dataclass(frozen=True, slots=True)
class Difference:
    """The way from one vault to another. Lists are in id order."""

    added: tuple[Question, ...]
    retired: tuple[Question, ...]
    changed: tuple[Change, ...]
    moved: tuple[Move, ...]
    chains_added: tuple[ChainId, ...]
    chains_removed: tuple[ChainId, ...]
    chains_changed: tuple[ChainId, ...]
    unchanged: int

    @property
    def empty(self) -> bool:
        parts = (self.added, self.retired, self.changed, self.moved)
        return not any((*parts, self.chains_added, self.chains_removed, self.chains_changed))


def compare(old: Vault, new: Vault) -> Difference:
    """What happened on the way from ``old`` to ``new``, on the fields that both shapes carry."""
    ignored = NOT_CARRIED[old.shape] | NOT_CARRIED[new.shape]
    fields = [name for name in (*_TEXTS, *_REST) if name not in ignored]
    old_home, new_home = _home_chains(old), _home_chains(new)
    changed, moved = [], []
    both = [key for key in new.questions if key in old.questions]
    touched = set()
    for key in both:
        before, after = old.questions[key], new.questions[key]
        different = tuple(name for name in fields if getattr(before, name) != getattr(after, name))
        # A corpus that was downloaded alone has no drawings: only two drawings can differ.
        drawings = {vault.visuals[key] for vault in (old, new) if key in vault.visuals}
        if len(drawings) == 2 and "visual" not in different:
            different += ("visual",)
        if different:
            changed.append(Change(key, after.title, different))
        places = [(axis, str(getattr(before, axis)), str(getattr(after, axis))) for axis in _PLACES]
        places.append(("chain", old_home.get(key, ""), new_home.get(key, "")))
        shifts = tuple(place for place in places if place[1] != place[2])
        if shifts:
            moved.append(Move(key, after.title, shifts))
        if different or shifts:
            touched.add(key)
    old_chains, new_chains = _by_id(old.chains), _by_id(new.chains)
    return Difference(
        added=tuple(q for key, q in new.questions.items() if key not in old.questions),
        retired=tuple(q for key, q in old.questions.items() if key not in new.questions),
        changed=tuple(changed),
        moved=tuple(moved),
        chains_added=tuple(key for key in new_chains if key not in old_chains),
        chains_removed=tuple(key for key in old_chains if key not in new_chains),
        chains_changed=tuple(
            key for key, chain in new_chains.items() if key in old_chains and old_chains[key].steps != chain.steps
        ),
        unchanged=len(both) - len(touched),
    )


def _by_id(chains: tuple[Chain, ...]) -> dict[ChainId, Chain]:
    return {chain.id: chain for chain in chains}


def _home_chains(vault: Vault) -> dict[QuestionId, str]:
    return {key: places[0].chain.id for key, places in vault.memberships.items()}
