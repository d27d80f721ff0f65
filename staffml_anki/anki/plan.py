"""What a sync would do, note by note and field by field: values only, so that it can be shown, saved and compared."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from staffml_anki.vault import QuestionId

type Kind = Literal["added", "updated", "retagged", "moved", "retired", "restored", "locked", "opened"]
type Side = Literal["mine", "theirs"]
KINDS: tuple[Kind, ...] = ("added", "updated", "retagged", "moved", "retired", "restored", "locked", "opened")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that is written: what the collection holds, and what it will hold."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that both sides changed.

    Attributes:
        known: False where we do not know what we last wrote, so that ``mine`` may be an edit or an older release.
        keep: whose text wins.
        decided: the learner said so of this very field.
    """

    field: str
    mine: str
    theirs: str
    known: bool
    keep: Side
    decided: bool = False


@dataclass(frozen=True, slots=True)
class NoteChange:
    """All that happens to one note.

    Attributes:
        note: its id in the collection; 0 for one that is added.
        fields: what is written into a note that is there; of one that is added, everything is.
        content: of a note that is added, a digest of its fields.
        deck_before, deck: names of decks; both empty where no card is moved.
        suspend: True to suspend its cards, False to unsuspend them, None to leave them.
    """

    question: QuestionId
    title: str
    note: int
    kinds: tuple[Kind, ...]
    fields: tuple[FieldChange, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    tags_added: tuple[str, ...] = ()
    tags_removed: tuple[str, ...] = ()
    deck_before: str = ""
    deck: str = ""
    suspend: bool | None = None
    content: str = ""


@dataclass(frozen=True, slots=True)
class NotetypeChange:
    """What happens to the note type.

    Attributes:
        name: as it is called in the collection.
        create: it is not there yet.
        front, back, css: what is written; None where nothing is.
        kept: parts that the learner changed and that stay theirs.
        missing: our fields that it lacks; adding one back forces a one-way sync on AnkiWeb.
        add_fields: the learner agreed to that.
    """

    name: str
    create: bool = False
    front: str | None = None
    back: str | None = None
    css: str | None = None
    kept: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    add_fields: bool = False

    @property
    def added(self) -> tuple[str, ...]:
        """The fields that are put back, behind all others."""
        return self.missing if self.add_fields else ()

    @property
    def empty(self) -> bool:
        written = (self.front, self.back, self.css)
        return not self.create and all(part is None for part in written) and not self.added


@dataclass(frozen=True, slots=True)
class NewDeck:
    """A deck that is made. ``like`` is the existing deck whose options it gets; empty: the recipe's preset."""

    name: str
    path: str
    description: str
    like: str


@dataclass(frozen=True)
class Plan:
    """Everything that a sync would do; equal inputs give equal plans.

    Attributes:
        described: decks whose description is rewritten (by name), because the learner left ours as it was.
        media: files that the collection lacks.
        waiting: questions whose retirement or move waits until their card leaves a filtered deck.
        deleted: questions whose notes the learner deleted: they stay away.
        edits: (question, field) where the learner's own text stays, and the release has nothing new to say.
        unchanged: notes of this release to which nothing happens.
        assumed: what is taken for granted, for want of better knowledge.
        release: of the vault.
    """

    notes: tuple[NoteChange, ...]
    notetype: NotetypeChange
    new_decks: tuple[NewDeck, ...] = ()
    described: Mapping[str, str] = field(default_factory=dict)
    media: tuple[str, ...] = ()
    waiting: tuple[QuestionId, ...] = ()
    deleted: tuple[QuestionId, ...] = ()
    edits: tuple[tuple[QuestionId, str], ...] = ()
    duplicates: tuple[int, ...] = ()
    unchanged: int = 0
    assumed: tuple[str, ...] = ()
    release: str = ""

    @property
    def changes(self) -> tuple[NoteChange, ...]:
        """The notes that something happens to: not those with a conflict alone."""
        return tuple(change for change in self.notes if change.kinds)

    @property
    def empty(self) -> bool:
        """Whether nothing in the collection would change."""
        return not (self.changes or self.new_decks or self.described or self.media) and self.notetype.empty

    @property
    def conflicts(self) -> tuple[tuple[QuestionId, Conflict], ...]:
        return tuple((change.question, conflict) for change in self.notes for conflict in change.conflicts)

    def count(self, kind: Kind) -> int:
        return sum(kind in change.kinds for change in self.notes)

    def of_kind(self, kind: Kind) -> tuple[NoteChange, ...]:
        return tuple(change for change in self.notes if kind in change.kinds)

    def to_json(self) -> dict[str, Any]:
        """Plain values, in an order that depends on nothing but the plan."""
        counts: dict[str, Any] = {kind: self.count(kind) for kind in KINDS}
        counts |= {"conflicts": sum(bool(change.conflicts) for change in self.notes), "unchanged": self.unchanged}
        return counts | asdict(self)

    def same_as(self, saved: Mapping[str, Any]) -> bool:
        """Whether a plan that was saved as JSON would do just the same."""
        return bool(json.loads(json.dumps(self.to_json())) == saved)
