"""Choosing questions by any axis. The same values serve recipes, `build --track …`, `list` and `stats`."""

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict

from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.vault.axes import AREAS, BLOOM_LEVELS, LEVELS, PHASES, TOPICS, TRACKS, ZONES
from staffml_anki.vault.model import Membership, Question, QuestionId, Vault
from staffml_anki.wording import nearest

KNOWN_VALUES: Mapping[str, tuple[str, ...]] = {
    "track": TRACKS,
    "level": LEVELS,
    "area": AREAS,
    "topic": TOPICS,
    "zone": ZONES,
    "phase": PHASES,
    "bloom": BLOOM_LEVELS,
}


class Selection(BaseModel):
    """Which questions. Values of one key are alternatives, keys must all hold; an empty key does not narrow."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    track: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    area: tuple[str, ...] = ()
    topic: tuple[str, ...] = ()
    zone: tuple[str, ...] = ()
    phase: tuple[str, ...] = ()
    bloom: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    """Ids of chains."""
    id: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    in_chain: bool | None = None
    math_verified: bool | None = None
    human_reviewed: bool | None = None
    has_napkin_math: bool | None = None
    has_options: bool | None = None
    has_visual: bool | None = None

    def takes(self, question: Question, places: Iterable[Membership]) -> bool:
        chains = [place.chain.id for place in places]
        flags = (
            (self.in_chain, bool(chains)),
            (self.math_verified, question.math_verified),
            (self.human_reviewed, question.human_reviewed),
            (self.has_napkin_math, bool(question.napkin_math)),
            (self.has_options, bool(question.options)),
            (self.has_visual, question.visual is not None),
        )
        return (
            all(not (wanted := getattr(self, key)) or getattr(question, key) in wanted for key in (*KNOWN_VALUES, "id"))
            and (not self.chain or any(chain in self.chain for chain in chains))
            and (not self.tag or any(tag in self.tag for tag in question.tags))
            and all(wanted is None or wanted == actual for wanted, actual in flags)
        )


def select(vault: Vault, selection: Selection) -> dict[QuestionId, Question]:
    """The questions a selection takes, in id order."""
    if selection == Selection():
        return dict(vault.questions)
    places = vault.memberships
    return {key: q for key, q in vault.questions.items() if selection.takes(q, places.get(key, ()))}


def unknown(vault: Vault, selection: Selection) -> list[str]:
    """Topics, chains and ids that a selection names and the vault does not have, each with the nearest one it has."""
    have: Mapping[str, set[str]] = {
        "topic": {question.topic for question in vault.questions.values()},
        "chain": {chain.id for chain in vault.chains},
        "id": set(vault.questions),
    }
    found = []
    for key, values in have.items():
        for value in getattr(selection, key):
            if value not in values:
                hint = nearest(value, tuple(sorted(values))) if values else f"it has no {key} at all"
                found.append(f"{key} {value}: not in this vault; {hint}")
    return found


def require_known(vault: Vault, selection: Selection) -> None:
    """Refuse a topic, chain or id that the vault does not have: most likely it is misspelt.

    Raises:
        StaffmlAnkiError: with the nearest one it has.
    """
    for wish in unknown(vault, selection):
        raise StaffmlAnkiError(wish)
