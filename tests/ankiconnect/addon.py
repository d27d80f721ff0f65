"""What the add-on AnkiConnect does with a collection, action by action, its mistakes included: for server.py.

There are two builds: the last one on GitHub ("2023"), and a later one ("2025") which knows more actions.
"""

import base64
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import anki.collection  # noqa: F401 - comes first, because the modules of anki import one another
from anki.cards import Card
from anki.collection import (
    Collection,
    DeckIdLimit,
    ExportAnkiPackageOptions,
    ImportAnkiPackageOptions,
    ImportAnkiPackageRequest,
)
from anki.consts import QUEUE_TYPE_SUSPENDED
from anki.dbproxy import DBProxy
from anki.errors import NotFoundError
from anki.models import NotetypeDict
from anki.notes import Note
from anki.utils import ids2str, int_time

type Build = Literal["2023", "2025"]
type Json = Any

API_VERSION = 6
ONLY_2025 = {"findModelsByName", "getActiveProfile", "notesModTime"}
_REVIEW = ("id", "usn", "ease", "ivl", "lastIvl", "factor", "time", "type")


class AddonError(Exception):
    """Becomes the text of an error reply."""


class ServerError(Exception):
    """Becomes an HTTP 500, as in `anki-connect-server`."""


class AnkiConnect:
    """The actions: each public method is one, with the add-on's names for actions and parameters."""

    def __init__(self, collection: Collection | None, build: Build, packages: bool, key: str | None) -> None:
        self._collection, self._build, self._packages, self._key = collection, build, packages, key
        self._profile = "User 1"
        self._ankiweb: Literal["in", "out", "full sync"] = "out"

    @property
    def _col(self) -> Collection:
        if self._collection is None:
            raise AddonError("collection is not available")
        return self._collection

    @property
    def _db(self) -> DBProxy:
        database = self._col.db
        assert database is not None
        return database

    def _actions(self) -> list[str]:
        return [name for name in dir(type(self)) if name[0] != "_" and (self._build == "2025" or name not in ONLY_2025)]

    def _handle(self, request: dict[str, Json]) -> Json:
        """Carry out one request; the bare result up to version 4, else an envelope; an envelope for every error."""
        name, version = request.get("action", ""), request.get("version", 4)
        params = request.get("params", {})
        try:
            if request.get("key") != self._key and name != "requestPermission":
                raise AddonError("valid api key must be provided")
            if name not in self._actions():
                raise AddonError("unsupported action")
            result = getattr(self, name)(**params)
        except ServerError:
            raise
        except Exception as error:
            return {"result": None, "error": str(error)}
        return result if version <= 4 else {"result": result, "error": None}

    # Miscellaneous

    def version(self) -> int:
        return API_VERSION

    def apiReflect(self, scopes: Json = None, actions: Json = None) -> Json:
        if not isinstance(scopes, list):
            raise AddonError("scopes has invalid value")
        if not (actions is None or isinstance(actions, list)):
            raise AddonError("actions has invalid value")
        if "actions" not in scopes:
            return {"scopes": []}
        known = self._actions()
        return {"scopes": ["actions"], "actions": known if actions is None else [a for a in actions if a in known]}

    def requestPermission(self, origin: str = "", allowed: bool = True) -> Json:
        return {"permission": "granted", "requireApikey": bool(self._key), "version": API_VERSION}

    def multi(self, actions: list[dict[str, Json]]) -> list[Json]:
        return [self._handle(action) for action in actions]

    def getProfiles(self) -> list[str]:
        return ["User 1"]

    def getActiveProfile(self) -> str:
        return self._profile

    def sync(self) -> None:
        if self._build == "2023":
            return  # the add-on only presses the button
        if self._ankiweb == "out":
            raise AddonError("sync: auth not configured")
        if self._ankiweb == "full sync":
            raise AddonError("Sync status 2 not one of [0, 1] - see SyncCollectionResponse.ChangesRequired")

    # Decks

    def deckNames(self) -> list[str]:
        return [deck.name for deck in self._col.decks.all_names_and_ids()]

    def deckNamesAndIds(self) -> dict[str, int]:
        return {deck.name: deck.id for deck in self._col.decks.all_names_and_ids()}

    def getDecks(self, cards: list[int]) -> dict[str, list[int]]:
        decks: dict[str, list[int]] = {}
        for card in cards:
            deck = self._col.decks.get(self._db.scalar("select did from cards where id=?", card))
            decks.setdefault(deck["name"], []).append(card)  # type: ignore[index]
        return decks

    def createDeck(self, deck: str) -> int | None:
        return self._col.decks.id(deck)

    def changeDeck(self, cards: list[Json], deck: str) -> None:
        to = self._col.decks.id(deck)
        self._col.sched.remFromDyn(cards)
        where = f"where id in {ids2str(cards)}"
        self._db.execute(f"update cards set usn=?, mod=?, did=? {where}", self._col.usn(), int_time(), to)

    def getDeckConfig(self, deck: str) -> Json:
        if deck not in self.deckNames():
            return False
        return self._col.decks.config_dict_for_deck_id(self._col.decks.id(deck))  # type: ignore[arg-type]

    # Notes

    def findNotes(self, query: str | None = None) -> list[int]:
        return [] if query is None else list(self._col.find_notes(query))

    def notesInfo(self, notes: list[Json] | None = None, query: str | None = None) -> list[Json]:
        if self._build == "2023" and (notes is None or query is not None):
            raise TypeError("AnkiConnect.notesInfo() takes notes")
        if notes is None and query is None:
            raise AddonError('Must provide either "notes" or a "query"')
        return [self._note_info(note) for note in (notes or [] if query is None else self.findNotes(query))]

    def _note_info(self, note_id: Json) -> Json:
        try:
            note = self._note(note_id)
        except NotFoundError:
            return {}
        info: dict[str, Json] = {"noteId": note.id}
        if self._build == "2025":
            info["profile"] = self._profile
        info |= {"tags": note.tags, "fields": _fields(note), "modelName": _notetype(note)["name"]}
        if self._build == "2025":
            info["mod"] = note.mod
        return info | {"cards": list(note.card_ids())}

    def notesModTime(self, notes: list[int]) -> list[Json]:
        found = {note: self._db.scalar("select mod from notes where id=?", note) for note in notes}
        return [{} if found[note] is None else {"noteId": note, "mod": found[note]} for note in notes]

    def addNote(self, note: Json) -> int:
        new, deck = self._new_note(note)
        self._col.add_note(new, deck)
        if not new.card_ids():
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
                if self._build == "2023":
                    made.append(None)
        if errors and self._build == "2025":
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

    def replaceTags(self, notes: list[Json], tag_to_replace: str, replace_with_tag: str) -> None:
        for note_id in notes:
            with suppress(NotFoundError):
                note = self._note(note_id)
                if note.has_tag(tag_to_replace):
                    note.remove_tag(tag_to_replace)
                    note.add_tag(replace_with_tag)
                    self._col.update_note(note, skip_undo_entry=True)

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
        if self._build == "2025":
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

    # Note types

    def modelNames(self) -> list[str]:
        return list(self.modelNamesAndIds())

    def modelNamesAndIds(self) -> dict[str, int]:
        return {model.name: model.id for model in self._col.models.all_names_and_ids()}

    def findModelsByName(self, modelNames: list[str]) -> list[Json]:
        return [self._model(name) for name in modelNames]

    def modelFieldNames(self, modelName: str) -> list[str]:
        return self._col.models.field_names(self._model(modelName))

    def modelTemplates(self, modelName: str) -> Json:
        return {t["name"]: {"Front": t["qfmt"], "Back": t["afmt"]} for t in self._model(modelName)["tmpls"]}

    def modelStyling(self, modelName: str) -> Json:
        return {"css": self._model(modelName)["css"]}

    def createModel(
        self, modelName: str, inOrderFields: list[str], cardTemplates: list[Json], css: str | None = None,
        isCloze: bool = False,
    ) -> Json:  # fmt: skip
        if not inOrderFields:
            raise AddonError("Must provide at least one field for inOrderFields")
        if not cardTemplates:
            raise AddonError("Must provide at least one card for cardTemplates")
        models = self._col.models
        if modelName in self.modelNames():
            raise AddonError("Model name already exists")
        model = models.new(modelName)
        model["type"] = int(isCloze)
        for field in inOrderFields:
            models.add_field(model, models.new_field(field))
        if css is not None:
            model["css"] = css
        for number, card in enumerate(cardTemplates, start=1):
            template = models.new_template(card.get("Name", f"Card {number}"))
            models.add_template(model, template | {"qfmt": card["Front"], "afmt": card["Back"]})
        models.add(model)
        return model

    def updateModelTemplates(self, model: Json) -> None:
        found = self._model(model["name"])
        for template in found["tmpls"]:
            new = model["templates"].get(template["name"]) or {}
            template |= {key: new[side] for key, side in (("qfmt", "Front"), ("afmt", "Back")) if new.get(side)}
        self._col.models.update_dict(found)

    def updateModelStyling(self, model: Json) -> None:
        self._col.models.update_dict(self._model(model["name"]) | {"css": model["css"]})

    def modelFieldAdd(self, modelName: str, fieldName: str, index: int | None = None) -> None:
        models, model = self._col.models, self._model(modelName)
        if fieldName not in models.field_names(model):
            models.add_field(model, models.new_field(fieldName))
        if index is not None:
            models.reposition_field(model, models.field_map(model)[fieldName][1], index)
        models.update_dict(model)

    def _model(self, name: str) -> NotetypeDict:
        if (model := self._col.models.by_name(name)) is None:
            raise AddonError(f"model was not found: {name}")
        return model

    # Media and packages; a relative path is relative to the media folder, where Anki stands

    def getMediaDirPath(self) -> str:
        return str(Path(self._col.media.dir()).resolve())

    def storeMediaFile(
        self, filename: str, data: str | None = None, path: str | None = None, url: str | None = None,
        skipHash: str | None = None, deleteExisting: bool = True,
    ) -> str:  # fmt: skip
        if not (data or path):
            raise AddonError('You must provide a "data", "path", or "url" field.')
        content = base64.b64decode(data) if data else self._at(path or "").read_bytes()
        if deleteExisting:
            self.deleteMediaFile(filename)
        return self._col.media.write_data(filename, content)

    def retrieveMediaFile(self, filename: str) -> str | Literal[False]:
        path = self._at(Path(filename).name)
        return base64.b64encode(path.read_bytes()).decode() if path.is_file() else False

    def getMediaFilesNames(self, pattern: str = "*") -> list[str]:
        return [path.name for path in self._at("").glob(pattern)]

    def deleteMediaFile(self, filename: str) -> None:
        self._col.media.trash_files([filename])

    def importPackage(self, path: str) -> bool:
        self._require_packages()
        options = ImportAnkiPackageOptions(merge_notetypes=True, with_scheduling=True, with_deck_configs=True)
        self._col.import_anki_package(ImportAnkiPackageRequest(package_path=str(self._at(path)), options=options))
        return True

    def exportPackage(self, deck: str, path: str, includeSched: bool = False) -> bool:
        self._require_packages()
        if (found := self._col.decks.by_name(deck)) is None:
            return False
        options = ExportAnkiPackageOptions(
            with_scheduling=includeSched, with_deck_configs=includeSched, with_media=True, legacy=True
        )
        self._col.export_anki_package(
            out_path=str(self._at(path)), options=options, limit=DeckIdLimit(deck_id=found["id"])
        )
        return True

    def _require_packages(self) -> None:
        if not self._packages:
            raise ServerError("packages are not supported")

    def _at(self, path: str) -> Path:
        return Path(self._col.media.dir()) / path


def _notetype(note: Note) -> NotetypeDict:
    notetype = note.note_type()
    assert notetype is not None
    return notetype


def _fields(note: Note) -> Json:
    return {name: {"value": value, "order": order} for order, (name, value) in enumerate(note.items())}
