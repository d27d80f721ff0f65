"""What a vault is once it has been read: questions, chains, a release, and what was wrong with the rest.

Everything here is immutable and knows nothing of Anki, HTML or the files it came from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Literal, NewType, Protocol

from pydantic import BaseModel, ConfigDict, Field

from staffml_anki.vault.axes import Area, Bloom, Level, Phase, Status, Track, Zone, level_rank

QuestionId = NewType("QuestionId", str)
ChainId = NewType("ChainId", str)
Severity = Literal["error", "warning"]
Shape = Literal["folder", "corpus", "database"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, hide_input_in_errors=True)


class Resource(_Value):
    """Something to read next."""

    name: str
    url: str


class Visual(_Value):
    """A drawing that belongs to a question. ``path`` is relative to ``visuals/<track>/``."""

    kind: Literal["svg"]
    path: str
    alt: str = ""
    caption: str = ""


class Question(_Value):
    """One interview question, whatever shape of vault it came from.

    ``scenario``, ``question`` and ``title`` are plain text; ``solution``, ``common_mistake``, ``napkin_math`` and
    ``options`` are restricted Markdown with ``$…$`` math. Line ends are ``\\n``, no text holds a control character.
    """

    id: QuestionId
    track: Track
    level: Level
    area: Area
    topic: str
    title: str
    scenario: str
    solution: str
    question: str = ""
    common_mistake: str = ""
    napkin_math: str = ""
    zone: Zone | None = None
    bloom: Bloom | None = None
    phase: Phase | None = None
    options: tuple[str, ...] = ()
    correct_index: int | None = None
    resources: tuple[Resource, ...] = ()
    visual: Visual | None = None
    minutes: int | None = Field(None, ge=0, le=100_000)
    status: Status = "published"
    validated: bool = False
    math_verified: bool = False
    human_reviewed: bool = False
    provenance: str = ""
    created: date | None = None
    modified: date | None = None
    tags: tuple[str, ...] = ()
    file: str = ""
    """Where it was found, relative to the vault: for messages only."""

    @property
    def last_changed(self) -> date | None:
        """The vault's own word on when this question last changed."""
        return self.modified or self.created


class Placed(Protocol):
    """A question's places on the axes: what a draw looks at."""

    @property
    def id(self) -> QuestionId: ...
    @property
    def track(self) -> str: ...
    @property
    def level(self) -> str: ...
    @property
    def area(self) -> str: ...
    @property
    def topic(self) -> str: ...


class Listed(Placed, Protocol):
    """A question as lists and results show it: those of a vault and those of a bank."""

    @property
    def title(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Chain:
    """Questions on one topic, in the order they should be met."""

    id: ChainId
    topic: str
    steps: tuple[QuestionId, ...]


@dataclass(frozen=True, slots=True)
class Membership:
    """A question's place in one chain. ``position`` counts from 1."""

    chain: Chain
    position: int

    @property
    def previous(self) -> QuestionId | None:
        return self.chain.steps[self.position - 2] if self.position > 1 else None

    @property
    def next(self) -> QuestionId | None:
        return self.chain.steps[self.position] if self.position < len(self.chain.steps) else None


@dataclass(frozen=True, slots=True)
class Release:
    """What a vault says of itself; the licence defaults to upstream StaffML's."""

    id: str = ""
    created: datetime | None = None
    source: str = "StaffML (Machine Learning Systems, Harvard)"
    attribution: str = "StaffML by Vijay Janapa Reddi and contributors, github.com/harvard-edge/cs249r_book"
    licence: str = "CC-BY-NC-4.0"

    @property
    def timestamp(self) -> int | None:
        """Seconds since the epoch, or None where the vault carries no release date."""
        if self.created is None:
            return None
        return int((self.created if self.created.tzinfo else self.created.replace(tzinfo=UTC)).timestamp())


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a vault: where, what was found, and what would be right.

    An ``error`` keeps its question out of a build; a ``warning`` does not.
    """

    severity: Severity
    file: str
    field: str
    message: str
    question: str = ""

    def __str__(self) -> str:
        where = f"{self.file}: {self.field}" if self.field else self.file
        return f"{where}: {self.message}"


@dataclass(frozen=True)
class Vault:
    """A release of the question bank: the published, readable questions by id, in id order."""

    questions: Mapping[QuestionId, Question]
    chains: tuple[Chain, ...]
    release: Release
    shape: Shape
    problems: tuple[Problem, ...] = ()
    visuals: Mapping[QuestionId, bytes] = attribute(default_factory=dict)
    broken: tuple[Question, ...] = ()
    """Drafts of the questions that errors kept out: for checks only."""
    unpublished: int = 0
    unread: tuple[str, ...] = ()
    """Files that may hold any question: they cannot be read, or name no id."""

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.severity == "error")

    @cached_property
    def memberships(self) -> dict[QuestionId, list[Membership]]:
        """Each question's places, chains in id order. The first is its home chain.

        The home is chosen by chain id alone: ids stay from release to release and every shape of vault has them,
        while lengths change and not every shape carries a tier.
        """
        places: dict[QuestionId, list[Membership]] = {}
        for chain in self.chains:
            for position, step in enumerate(chain.steps, start=1):
                places.setdefault(step, []).append(Membership(chain, position))
        return places

    def span(self, chain: Chain) -> tuple[str, str]:
        """The lowest and highest level that a chain covers."""
        levels = sorted((self.questions[step].level for step in chain.steps), key=level_rank)
        return levels[0], levels[-1]
