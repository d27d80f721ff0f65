"""What we last wrote into one profile, as the plan needs to know it. Values."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import repeat

from staffml_anki.anki.held import SEPARATOR, text_digest
from staffml_anki.anki.wanted import WantedNote
from staffml_anki.cards.notetype import FIELDS
from staffml_anki.vault import QuestionId

UNKNOWN = "\x00"
"""Stands in a journal for a text that nobody knows; no field can hold it."""


@dataclass(frozen=True, slots=True)
class Written:
    """A note as we last wrote it.

    Attributes:
        deck: the id of the deck that we put its card in; 0 where we never knew.
        current: whether the release of the last sync had it.
        number: the note's id in the collection; 0 where we never knew.
    """

    note: WantedNote
    deck: int
    current: bool
    number: int = 0


@dataclass(frozen=True, slots=True)
class Intended:
    """What an unfinished sync was about to do to a note.

    Attributes:
        text: its fields; where they were in conflict, what both sides started from, or ``UNKNOWN``.
        decks: the ids of those that it was to go to, one for each sync that was stopped; 0 for one not made yet.
    """

    text: str
    decks: frozenset[int]
    kinds: frozenset[str]

    def after(self, begun: "Intended | None") -> "Intended":
        """The same, where another sync was stopped before it and may have written and moved, too."""
        if begun is None:
            return self
        kinds = self.kinds | (begun.kinds & {"added", "moved"})
        return Intended(self.text or begun.text, self.decks | begun.decks, kinds)


@dataclass(frozen=True)
class Traces:
    """By what our notes are told from copies that the learner made of them.

    Attributes:
        notes: the ids of the notes that we wrote, and of the decks that we put their cards in; 0 where we never knew.
        deleted: the ids that notes had which a prune deleted.
    """

    notes: Mapping[QuestionId, tuple[int, int]] = field(default_factory=dict)
    deleted: Mapping[QuestionId, int] = field(default_factory=dict)

    def among(self, there: Mapping[QuestionId, Container[int]]) -> Mapping[QuestionId, tuple[int, int]]:
        """What is known of the notes in a collection that has notes of these questions, with these ids. Where few of
        them have the ids that are known, those are the ids of another collection: this one came from elsewhere, and
        nothing is known."""
        known = [key for key in there if self.notes.get(key, (0, 0))[0]]
        if 2 * sum(self.notes[key][0] in there[key] for key in known) < len(known):
            return {}
        return {key: (number, 0) for key, number in self.deleted.items()} | dict(self.notes)


@dataclass(frozen=True)
class Remembered:
    """All that the plan needs to know of the past.

    Attributes:
        decks: (id, description) of the decks that we made or found, by path.
        undecided: conflicts that nobody decided, with the text that both sides started from; None where unknown.
        earlier: (question, field, digest) of texts that we wrote and later replaced: after going back to a backup they
            are there again, and no edit of the learner's.
        making: the decks that an unfinished sync was about to make: their names, by path.
    """

    notes: Mapping[QuestionId, Written] = field(default_factory=dict)
    journal: Mapping[QuestionId, Intended] = field(default_factory=dict)
    decks: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    undecided: Mapping[tuple[QuestionId, str], str | None] = field(default_factory=dict)
    earlier: frozenset[tuple[QuestionId, str, str]] = frozenset()
    making: Mapping[str, str] = field(default_factory=dict)


def replaced_texts(question: QuestionId, before: str, after: str) -> Iterator[tuple[QuestionId, str, str]]:
    """The texts of a note that others follow, all of them where nobody knows which, as ``Remembered.earlier`` keeps
    them."""
    if before == after:
        return
    news = after.split(SEPARATOR) if after else repeat("")
    for name, old, new in zip(FIELDS, before.split(SEPARATOR), news, strict=False):
        if old != new and old not in ("", UNKNOWN):
            yield question, name, text_digest(old)
