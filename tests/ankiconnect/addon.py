"""What the add-on AnkiConnect does with a collection, action by action, its mistakes included: for server.py.

There are two builds: the last one on GitHub ("2023"), and a later one ("2025") which knows more actions.
"""

import base64
from pathlib import Path
from typing import Literal

from addon_notes import AddonError, Build, Json, NoteActions
from anki.collection import (
    Collection,
    DeckIdLimit,
    ExportAnkiPackageOptions,
    ImportAnkiPackageOptions,
    ImportAnkiPackageRequest,
)
from anki.models import NotetypeDict
from anki.utils import ids2str, int_time

API_VERSION = 6
ONLY_2025 = {"findModelsByName", "getActiveProfile", "notesModTime", "setDeckDescription"}


class ServerError(Exception):
    """Becomes an HTTP 500, as in `anki-connect-server`."""


class AnkiConnect(NoteActions):
    """All actions. Each public method is one; what the add-on answers to a wrong parameter follows from the names.

    Attributes:
        packages: whether packages can be imported and exported.
        profiles: the names of the profiles there are; `profile` is open, unless `collection` is None.
        ankiweb: "out" is not logged in; "full sync" waits for the learner to choose a side. (Tried with a sync server.)
    """

    def __init__(self, collection: Collection | None, build: Build, packages: bool, key: str | None) -> None:
        super().__init__(collection, build)
        self.packages, self.key = packages, key
        self.profiles = [self.profile]
        self.ankiweb: Literal["in", "out", "offline", "full sync"] = "out"

    def _actions(self) -> list[str]:
        return [name for name in dir(type(self)) if name[0] != "_" and (self.build == "2025" or name not in ONLY_2025)]

    def _handle(self, request: dict[str, Json]) -> Json:
        """Carry out one request; the bare result up to version 4, else an envelope; an envelope for every error."""
        name, version = request.get("action", ""), request.get("version", 4)
        params = request.get("params", {})
        try:
            if request.get("key") != self.key and name != "requestPermission":
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
        return {"permission": "granted", "requireApikey": bool(self.key), "version": API_VERSION}

    def multi(self, actions: list[dict[str, Json]]) -> list[Json]:
        return [self._handle(action) for action in actions]

    def getProfiles(self) -> list[str]:
        return self.profiles

    def getActiveProfile(self) -> str:
        return self.profile

    def sync(self) -> None:
        if self.build == "2023":
            return  # the add-on only presses the button
        match self.ankiweb:
            case "out":
                raise AddonError("sync: auth not configured")
            case "offline":
                raise AddonError(
                    "A network error occurred.\n\nError details: \u2068error sending request for url ()\u2069"
                )
            case "full sync":
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
        self._reset_window()
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

    def setDeckConfigId(self, decks: list[str], configId: int) -> bool:
        if any(deck not in self.deckNames() for deck in decks):
            return False
        for name in decks:
            deck = self._col.decks.by_name(name)
            assert deck is not None
            deck["conf"] = int(configId)
            self._col.decks.save(deck)
        return True

    def setDeckDescription(self, deck: str, description: str) -> bool:
        found = self._col.decks.by_name(deck)
        if found is None:
            raise AddonError(f"deck was not found: {deck}")
        found["desc"], found["md"] = description, True
        self._col.decks.save(found)
        return True

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

    # Media and packages; a relative path starts where the process stands

    def getMediaDirPath(self) -> str:
        return str(Path(self._col.media.dir()).resolve())

    def storeMediaFile(
        self, filename: str, data: str | None = None, path: str | None = None, url: str | None = None,
        skipHash: str | None = None, deleteExisting: bool = True,
    ) -> str:  # fmt: skip
        if not (data or path):
            raise AddonError('You must provide a "data", "path", or "url" field.')
        content = base64.b64decode(data) if data else Path(path or "").read_bytes()
        if deleteExisting:
            self.deleteMediaFile(filename)
        return self._col.media.write_data(filename, content)

    def retrieveMediaFile(self, filename: str) -> str | Literal[False]:
        path = Path(self._col.media.dir()) / Path(filename).name
        return base64.b64encode(path.read_bytes()).decode() if path.is_file() else False

    def getMediaFilesNames(self, pattern: str = "*") -> list[str]:
        return [path.name for path in Path(self._col.media.dir()).glob(pattern)]

    def deleteMediaFile(self, filename: str) -> None:
        self._col.media.trash_files([filename])

    def importPackage(self, path: str) -> bool:
        self._require_packages()
        options = ImportAnkiPackageOptions(merge_notetypes=True, with_scheduling=True, with_deck_configs=True)
        self._reset_window()
        self._col.import_anki_package(ImportAnkiPackageRequest(package_path=path, options=options))
        return True

    def exportPackage(self, deck: str, path: str, includeSched: bool = False) -> bool:
        self._require_packages()
        if (found := self._col.decks.by_name(deck)) is None:
            return False
        options = ExportAnkiPackageOptions(
            with_scheduling=includeSched, with_deck_configs=includeSched, with_media=True, legacy=True
        )
        self._col.export_anki_package(out_path=path, options=options, limit=DeckIdLimit(deck_id=found["id"]))
        return True

    def _require_packages(self) -> None:
        if not self.packages:
            raise ServerError("packages are not supported")
