"""What a collection holds of ours at one moment: values."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from staffml_anki.cards import notetype
from staffml_anki.reading import digest_of_texts
from staffml_anki.vault import QuestionId

SEPARATOR = "\x1f"
"""Between the fields of a note, as Anki stores them."""


class Card(NamedTuple):
    """A card. (A tuple, as a note is: ten thousand of them are made three times as fast as frozen data classes.)

    Attributes:
        deck: the id of the deck that it is in, 0 while a filtered deck has it.
        reviewed: it was answered, or the learner gave it a due date: it is not new any more.
    """

    id: int
    deck: int
    filtered: bool
    suspended: bool
    reviewed: bool


class HeldNote(NamedTuple):
    """One of our notes as the collection holds it.

    Attributes:
        guid: empty where it could not be read: then only calls can change this note.
        text: the fields in the note type's order, joined by U+001F.
        cards: of our template.
        extra: cards of templates that the learner added: never moved, suspended or counted as where the note is.
    """

    id: int
    question: QuestionId
    guid: str
    mod: int
    text: str
    tags: tuple[str, ...]
    cards: tuple[Card, ...]
    extra: tuple[Card, ...] = ()

    @property
    def fields(self) -> list[str]:
        return self.text.split(SEPARATOR)

    @property
    def filtered(self) -> bool:
        return any(card.filtered for card in self.cards)

    @property
    def suspended(self) -> bool:
        return bool(self.cards) and all(card.suspended for card in self.cards)

    @property
    def reviewed(self) -> bool:
        return any(card.reviewed for card in self.all_cards)

    @property
    def all_cards(self) -> tuple[Card, ...]:
        return (*self.cards, *self.extra)


@dataclass(frozen=True, slots=True)
class HeldNotetype:
    """Our note type as the collection has it; the learner may have renamed it, or added fields and templates.

    ``model`` is its schema-11 form where an export told it.
    """

    id: int
    name: str
    fields: tuple[str, ...]
    templates: Mapping[str, tuple[str, str]]
    css: str
    model: Mapping[str, Any] | None = None

    @property
    def template(self) -> str:
        """Our template's name here: ours, or that of the first where the learner renamed it."""
        default = notetype.TEMPLATE
        return default if default in self.templates else next(iter(self.templates), default)

    @property
    def ordinal(self) -> int:
        """Our template's place among the note type's, from 0."""
        return list(self.templates).index(self.template) if self.templates else 0


@dataclass(frozen=True)
class Snapshot:
    """All of ours in a collection.

    Attributes:
        decks: the names of all decks, by id.
        descriptions: of the decks that were exported, by id.
        media: the names of our media files in the collection.
        copies: further notes with the id of a question of ours, which the learner made.
        foreign: the GUIDs of notes of other note types, as far as exports told them.
        elsewhere: questions whose note the learner gave another note type or another ID: that note is theirs by now.
        packages: the exports that this was read from, if it was: also the backup.
    """

    notetype: HeldNotetype | None
    notes: Mapping[QuestionId, HeldNote]
    decks: Mapping[int, str]
    media: frozenset[str]
    descriptions: Mapping[int, str] = field(default_factory=dict)
    copies: tuple[HeldNote, ...] = ()
    foreign: frozenset[str] = frozenset()
    elsewhere: frozenset[QuestionId] = frozenset()
    packages: tuple[Path, ...] = ()
    can_describe: bool = False
    """Whether this AnkiConnect can change a deck's description."""

    @cached_property
    def deck_ids(self) -> dict[str, int]:
        """Deck ids by name, as Anki compares names: without regard to case."""
        return {name.casefold(): number for number, name in self.decks.items()}

    def deck_of(self, note: HeldNote) -> int:
        """The id of the deck of a note's first card; 0 where a filtered deck has it."""
        return note.cards[0].deck if note.cards else 0


def text_digest(text: str) -> str:
    """The same for texts that are the same to Anki."""
    return digest_of_texts([unicodedata.normalize("NFC", text)])


def same_text(one: str, other: str) -> bool:
    """Whether two texts are the same to Anki, which composes characters when it stores them."""
    return one == other or unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
