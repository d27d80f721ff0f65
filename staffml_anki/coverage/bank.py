"""A vault as far as coverage needs it: where each question stands, and the chains. Small enough to keep and reload."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from staffml_anki.vault import Chain, Question, QuestionId, Vault
from staffml_anki.vault.axes import AREAS, LEVELS, TRACKS, ZONES

VERSION = 1
AXES = ("area", "level", "track", "topic", "zone", "chain")
"""What a table can be made of. A question may be in several chains, or in none; ``zone`` may be unknown."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One question's place."""

    id: QuestionId
    title: str
    track: str
    level: str
    area: str
    topic: str
    zone: str


@dataclass(frozen=True)
class Bank:
    """The questions of a release, in id order, and its chains."""

    entries: tuple[Entry, ...]
    chains: tuple[Chain, ...]
    release: str = ""
    source: str = ""
    licence: str = ""
    attribution: str = ""

    @cached_property
    def ids(self) -> tuple[QuestionId, ...]:
        return tuple(entry.id for entry in self.entries)

    @cached_property
    def number(self) -> Mapping[QuestionId, int]:
        return {key: place for place, key in enumerate(self.ids)}

    def values(self, axis: str) -> list[str]:
        """The values of an axis that the questions have, in natural order."""
        if axis == "chain":
            return [chain.id for chain in self.chains]
        natural = {"area": AREAS, "level": LEVELS, "track": TRACKS, "zone": ZONES}.get(axis, ())
        found = {str(getattr(entry, axis)) for entry in self.entries} - {""}
        return [value for value in natural if value in found] + sorted(found - set(natural))

    def narrowed(self, keep: Iterable[QuestionId]) -> "Bank":
        """Some of the questions, and the chains that hold one of them, whole."""
        wanted = set(keep)
        chains = tuple(chain for chain in self.chains if wanted & set(chain.steps))
        entries = tuple(entry for entry in self.entries if entry.id in wanted)
        return Bank(entries, chains, self.release, self.source, self.licence, self.attribution)

    def to_json(self) -> str:
        rows = [[e.id, e.title, e.track, e.level, e.area, e.topic, e.zone] for e in self.entries]
        chains = [[chain.id, chain.topic, chain.steps] for chain in self.chains]
        about = [self.release, self.source, self.licence, self.attribution]
        return json.dumps({"version": VERSION, "about": about, "entries": rows, "chains": chains}, ensure_ascii=False)


def bank_of(vault: Vault) -> Bank:
    """What coverage needs of a vault."""
    release = vault.release
    return Bank(
        tuple(map(_entry, vault.questions.values())),
        vault.chains,
        release.id,
        release.source,
        release.licence,
        release.attribution,
    )


def _entry(question: Question) -> Entry:
    return Entry(
        question.id,
        question.title,
        question.track,
        question.level,
        question.area,
        question.topic,
        question.zone or "",
    )


def bank_from_json(text: str) -> Bank | None:
    """A bank that :meth:`Bank.to_json` wrote; None where it is another version's."""
    raw: Any = json.loads(text)
    if raw.get("version") != VERSION:
        return None
    chains = tuple(Chain(key, topic, tuple(steps)) for key, topic, steps in raw["chains"])
    return Bank(tuple(Entry(*row) for row in raw["entries"]), chains, *raw["about"])
