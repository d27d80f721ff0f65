"""What the add-on AnkiConnect does with notes and cards, its mistakes included: for addon.py."""

from typing import Any, Literal

import anki.collection  # noqa: F401 - comes first, because the modules of anki import one another
from anki.cards import Card
from anki.collection import Collection
from anki.consts import QUEUE_TYPE_SUSPENDED
from anki.dbproxy import DBProxy
from anki.errors import NotFoundError
from anki.models import NotetypeDict
from anki.notes import Note
from anki.utils import ids2str

type Build = Literal["2023", "2025"]
type Json = Any

_REVIEW = ("id", "usn", "ease", "ivl", "lastIvl", "factor", "time", "type")


class AddonError(Exception):
    """Becomes the text of an error reply."""


class NoteActions:
    """Each public method is an action, with the add-on's names for actions and parameters."""

    def __init__(self, collection: Collection | None, build: Build) -> None:
        self.collection, self.build = collection, build
        self.profile = "User 1"
        self.in_front = False  # whether Anki's window has the focus

    @property
    def _col(self) -> Collection:
        if self.collection is None:
            raise AddonError("collection is not available")
        return self.collection

    @property
    def _db(self) -> DBProxy:
        database = self._col.db
        assert database is not None
        return database

    def _reset_window(self) -> None:
        """What Anki's main window asks of the collection when the add-on says that it edits, which it does for every
        note that it adds: the note types anew, the undo menu, and, with the focus, the deck list."""
        self._col.models._clear_cache()
        self._col.undo_status()
        if self.in_front:
            self._col.sched.deck_due_tree()

    # Notes

    def findNotes(self, query: str | None = None) -> list[int]:
        return [] if query is None else list(self._col.find_notes(query))

    def notesInfo(self, notes: list[Json] | None = None, query: str | None = None) -> list[Json]:
        if self.build == "2023" and query is not None:
            raise TypeError("AnkiConnect.notesInfo() got an unexpected keyword argument 'query'")
        if self.build == "2023" and notes is None:
            raise TypeError("AnkiConnect.notesInfo() missing 1 required positional argument: 'notes'")
        if notes is None and query is None:
            raise AddonError('Must provide either "notes" or a "query"')
        return [self._note_info(note) for note in (notes or [] if query is None else self.findNotes(query))]

    def _note_info(self, note_id: Json) -> Json:
        try:
            note = self._note(note_id)
        except NotFoundError:
            return {}
        info: dict[str, Json] = {"noteId": note.id}
        if self.build == "2025":
            info["profile"] = self.profile
        info |= {"tags": note.tags, "fields": _fields(note), "modelName": _notetype(note)["name"]}
        if self.build == "2025":
            info["mod"] = note.mod
        return info | {"cards": list(note.card_ids())}

    def notesModTime(self, notes: list[int]) -> list[Json]:
        found = {note: self._db.scalar("select mod from notes where id=?", note) for note in notes}
        return [{} if found[note] is None else {"noteId": note, "mod": found[note]} for note in notes]

    def addNote(self, note: Json) -> int:
        new, deck = self._new_note(note)
        if self.build == "2023":  # with Anki 26.09 this build forgets the deck, and the note type's own one is taken
            deck = _notetype(new)["did"]
        self._reset_window()
        self._col.add_note(new, deck)
        if not new.cards():
            raise AddonError("The field values you have provided would make an empty question on all cards.")
        return new.id

    def addNotes(self, notes: list[Json]) -> list[int | None]:
        made: list[Json] = []
        errors: list[str] = []
        for note in notes:
            try:
                made.append(self.addNote(note))
            except Exception as error:
                errors.append(str(error))
                if self.build == "2023":
                    made.append(None)
        if errors and self.build == "2025":
            self._col.remove_notes(made)
            raise AddonError(str(errors))
        return made

    def _new_note(self, wanted: Json) -> tuple[Note, Json]:
        col = self._col
        if (model := col.models.by_name(wanted["modelName"])) is None:
            raise AddonError(f"model was not found: {wanted['modelName']}")
        if (deck := col.decks.by_name(wanted["deckName"])) is None:
            raise AddonError(f"deck was not found: {wanted['deckName']}")
        note = Note(col, model)
        note.tags = wanted.get("tags", [])
        names = {name.lower(): name for name in reversed(note.keys())}
        for name, value in wanted["fields"].items():
            if name.lower() in names:
                note[names[name.lower()]] = value
        match int(note.fields_check()):
            case 1:
                raise AddonError("cannot create note because it is empty")
            case 2 if not wanted.get("options", {}).get("allowDuplicate"):
                raise AddonError("cannot create note because it is a duplicate")
        return note, deck["id"]

    def updateNoteFields(self, note: Json) -> None:
        found = self._note(note["id"])
        for name, value in note["fields"].items():
            if name in found:
                found[name] = value
        self._col.update_note(found, skip_undo_entry=True)

    def updateNoteTags(self, note: Json, tags: Json) -> None:
        tags = [tags] if isinstance(tags, str) else tags
        if not (isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)):
            raise AddonError("Must provide tags as a list of strings")
        for tag in self.getNoteTags(note):
            self.removeTags([note], tag)
        for tag in tags:
            self.addTags([note], tag)

    def addTags(self, notes: list[Json], tags: str, add: bool = True) -> None:
        (self._col.tags.bulk_add if add else self._col.tags.bulk_remove)(notes, tags)

    def removeTags(self, notes: list[Json], tags: str) -> None:
        self.addTags(notes, tags, add=False)

    def getNoteTags(self, note: Json) -> list[str]:
        return self._note(note).tags

    def deleteNotes(self, notes: list[Json]) -> None:
        self._col.remove_notes(notes)

    def _note(self, note: Json) -> Note:
        try:
            return self._col.get_note(note)
        except NotFoundError as error:
            raise NotFoundError(f"Note was not found: {note}", None, None, None) from error

    # Cards

    def findCards(self, query: str | None = None) -> list[int]:
        return [] if query is None else list(self._col.find_cards(query))

    def cardsToNotes(self, cards: list[int]) -> list[int]:
        return self._db.list(f"select distinct nid from cards where id in {ids2str(cards)}")

    def cardsModTime(self, cards: list[Json]) -> list[Json]:
        found = {card: self._db.scalar("select mod from cards where id=?", card) for card in cards}
        return [{} if found[card] is None else {"cardId": card, "mod": found[card]} for card in cards]

    def cardsInfo(self, cards: list[Json]) -> list[Json]:
        return [self._card_info(card) for card in cards]

    def _card_info(self, card_id: Json) -> Json:
        try:
            card = self._card(card_id)
        except NotFoundError:
            return {}
        note, info = card.note(), {}
        same = ("ord", "factor", "type", "queue", "due", "reps", "lapses", "left", "mod")
        info = {name: getattr(card, name) for name in same}
        info |= {"cardId": card.id, "note": card.nid, "interval": card.ivl, "fieldOrder": card.ord}
        info |= {"fields": _fields(note), "question": card.question(), "answer": card.answer()}
        info |= {"modelName": _notetype(note)["name"], "css": _notetype(note)["css"]}
        info |= {"deckName": self._col.decks.name(card.did)}
        if self.build == "2025":
            states = self._col._backend.get_scheduling_states(card.id)
            info |= {"nextReviews": list(self._col._backend.describe_next_states(states)), "flags": card.flags}
        return info

    def suspend(self, cards: list[Json], suspend: bool = True) -> bool:
        at = 0
        while at < len(cards):  # the add-on drops items from the list that it walks, and so skips the next one
            if self.suspended(cards[at]) == suspend:
                cards.remove(cards[at])
            at += 1
        if cards:
            (self._col.sched.suspend_cards if suspend else self._col.sched.unsuspend_cards)(cards)
        return bool(cards)

    def unsuspend(self, cards: list[Json]) -> None:
        self.suspend(cards, suspend=False)

    def suspended(self, card: Json) -> bool:
        return self._card(card).queue == QUEUE_TYPE_SUSPENDED

    def areSuspended(self, cards: list[Json]) -> list[bool | None]:
        known: list[bool | None] = []
        for card in cards:
            try:
                known.append(self.suspended(card))
            except NotFoundError:
                known.append(None)
        return known

    def getReviewsOfCards(self, cards: list[Json]) -> dict[int, list[Json]]:
        query = f"select {', '.join(_REVIEW)} from revlog where cid = ?"
        return {card: [dict(zip(_REVIEW, row, strict=True)) for row in self._db.all(query, card)] for card in cards}

    def answerCards(self, answers: list[Json]) -> list[bool]:
        done = []
        for answer in answers:
            try:
                card = self._card(answer["cardId"])
            except NotFoundError:
                done.append(False)
                continue
            card.start_timer()
            self._col.sched.answerCard(card, answer["ease"])
            done.append(True)
        return done

    def _card(self, card: Json) -> Card:
        try:
            return self._col.get_card(card)
        except NotFoundError as error:
            raise NotFoundError(f"Card was not found: {card}", None, None, None) from error


def _notetype(note: Note) -> NotetypeDict:
    notetype = note.note_type()
    assert notetype is not None
    return notetype


def _fields(note: Note) -> Json:
    return {name: {"value": value, "order": order} for order, (name, value) in enumerate(note.items())}
