"""AnkiConnect, typed: what we ask of it, how long we wait, what may be asked twice, and what an answer must look like.

Every answer is checked for its shape before anybody decides by it: a missing list must never pass for an empty one.
Never called, because of what they do to a collection: ``removeEmptyNotes``, ``insertReviews``, ``forgetCards``,
``relearnCards``, ``setSpecificValueOfCard``, ``guiDeckReview`` and whatever deletes a deck.
"""

import base64
import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ankiconnect_client import AnkiConnectClient, AnkiConnectError, AnkiConnectProtocolError, AnkiConnectUnavailable

from staffml_anki.anki import shapes
from staffml_anki.anki.errors import AnkiClosedError, AnkiError, AnkiLostError, AnkiRefusedError
from staffml_anki.anki.transport import MAX_BODY, HttpTransport

DEFAULT_URL = "http://127.0.0.1:8765"
API_VERSION = 6
MAX_ACTIONS = 500
"""Actions in one ``multi``: Anki's window does not repaint while one runs."""

_QUICK, _LONG, _BULK = 20.0, 120.0, 600.0
"""Seconds to wait: for a look-up; for a batch; for a package of a whole collection."""
_PATIENCE = {
    "importPackage": _BULK, "exportPackage": _BULK, "sync": _BULK, "multi": _LONG, "notesInfo": _LONG,
    "addNotes": _LONG, "getDecks": _LONG, "getReviewsOfCards": _LONG, "changeDeck": _LONG,
    "addTags": _LONG, "removeTags": _LONG, "suspend": _LONG, "unsuspend": _LONG, "deleteNotes": _LONG,
}  # fmt: skip
_ONCE = frozenset(
    ("addNote", "addNotes", "createModel", "answerCards", "sync", "modelFieldAdd", "multi", "deleteNotes")
)
"""What must not be sent again when the connection breaks; ``multi`` is told by its caller."""
_ATTEMPTS = 3

type Json = Any


class Gateway:
    """A conversation with one AnkiConnect. Not thread-safe: it serves one request at a time anyway.

    Args:
        patience: multiplies every time-out.
        heard: called with the name of each action before it is sent; for progress and for tests.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        key: str | None = None,
        *,
        patience: float = 1.0,
        heard: Callable[[str], None] | None = None,
    ) -> None:
        self.url = url
        transport = HttpTransport(url)
        self.is_local = transport.is_local
        self._key = key
        self._client = AnkiConnectClient(url, key, transport=transport)
        self._patience = patience
        self._heard = heard
        self._actions: frozenset[str] | None = None

    # -- talking ----------------------------------------------------------------------------------

    def call(self, action: str, *, again: bool | None = None, **params: Json) -> Json:
        """The result of one action.

        Args:
            again: whether it may be sent again after a broken connection; by default, whether it is harmless.

        Raises:
            AnkiClosedError: nobody listens.
            AnkiLostError: no usable answer came; it may have been done.
            AnkiRefusedError: AnkiConnect reported an error.
        """
        if self._heard is not None:
            self._heard(action)
        harmless = action not in _ONCE if again is None else again
        timeout = _PATIENCE.get(action, _QUICK) * self._patience
        attempts = _ATTEMPTS if harmless else 1
        try:
            return self._client.call(action, timeout=timeout, attempts=attempts, **params)
        except AnkiConnectUnavailable as error:
            if isinstance(error.__cause__, ConnectionRefusedError) or harmless:
                raise AnkiClosedError(self.url) from None
            raise AnkiLostError(f"the connection broke while Anki did '{action}'") from None
        except AnkiConnectProtocolError:
            raise AnkiLostError(f"the answer to '{action}' is not AnkiConnect's") from None
        except AnkiConnectError as error:
            raise AnkiRefusedError(action, str(error)) from None

    def many(self, actions: Sequence[tuple[str, dict[str, Json]]], *, again: bool = True) -> Iterator[Json]:
        """The results of many actions, in order, in as few requests as their size allows.

        A sub-action that fails gives its ``AnkiRefusedError`` in place of a result: the others were done.

        Args:
            again: whether all of them are harmless when sent twice.
        """
        for part in _portions(actions, self._key):
            wrapped = [self._wrapped(name, params) for name, params in part]
            answers = shapes.items("multi", self.call("multi", again=again, actions=wrapped))
            if len(answers) != len(part):
                raise AnkiLostError(f"Anki answered {len(answers)} of {len(part)} actions")
            for (name, _), answer in zip(part, answers, strict=True):
                if not isinstance(answer, dict) or "result" not in answer or "error" not in answer:
                    raise AnkiLostError(f"the answer to '{name}' is not AnkiConnect's")
                yield answer["result"] if answer["error"] is None else AnkiRefusedError(name, str(answer["error"]))

    def all_of(self, *actions: tuple[str, dict[str, Json]]) -> list[Json]:
        """Like :meth:`many` for a few look-ups that belong together; the first failure is raised."""
        results = list(self.many(actions))
        for result in results:
            if isinstance(result, AnkiError):
                raise result
        return results

    def _wrapped(self, action: str, params: dict[str, Json]) -> dict[str, Json]:
        # Without a version of its own a sub-action answers in the old format, and without the key not at all.
        wrapped = {"action": action, "version": API_VERSION, "params": params}
        return wrapped | {"key": self._key} if self._key else wrapped

    # -- what it is -------------------------------------------------------------------------------

    def version(self) -> int:
        return shapes.number("version", self.call("version"))

    @property
    def actions(self) -> frozenset[str]:
        """The names of the actions that this build of the add-on has; empty where it cannot say."""
        if self._actions is None:
            try:
                told = self.call("apiReflect", scopes=["actions"], actions=None)
            except AnkiRefusedError:
                told = {"actions": []}
            names = told.get("actions") if isinstance(told, dict) else None
            self._actions = frozenset(shapes.texts("apiReflect", names))
        return self._actions

    def can(self, action: str) -> bool:
        """Whether this build has an action; True where it cannot say."""
        return not self.actions or action in self.actions

    def media_folder(self) -> str:
        """The path of ``collection.media`` on Anki's machine."""
        return shapes.text("getMediaDirPath", self.call("getMediaDirPath"))

    def profile(self) -> str:
        """The open profile's name."""
        if "getActiveProfile" in self.actions:
            return shapes.text("getActiveProfile", self.call("getActiveProfile"))
        parts = self.media_folder().replace("\\", "/").rstrip("/").split("/")
        return parts[-2] if len(parts) > 1 else ""

    # -- looking ----------------------------------------------------------------------------------

    def find_notes(self, query: str) -> list[int]:
        return shapes.ids("findNotes", self.call("findNotes", query=query))

    def find_cards(self, query: str) -> list[int]:
        return shapes.ids("findCards", self.call("findCards", query=query))

    def notes_info(self, notes: Sequence[int]) -> Iterator[dict[str, Json]]:
        """What AnkiConnect knows of each note that still exists: ``noteId``, ``tags``, ``fields``, ``cards``, …"""
        for start in range(0, len(notes), MAX_ACTIONS):
            part = list(notes[start : start + MAX_ACTIONS])
            for item in shapes.items("notesInfo", self.call("notesInfo", notes=part)):
                if not isinstance(item, dict):
                    raise AnkiLostError("the answer to 'notesInfo' is not AnkiConnect's")
                if item:  # a note that is gone comes back empty
                    yield item

    def decks(self) -> dict[str, int]:
        """The ids of all decks, filtered ones too, by name."""
        return shapes.ids_by_name("deckNamesAndIds", self.call("deckNamesAndIds"))

    def decks_of(self, cards: Sequence[int]) -> dict[int, str]:
        """The name of the deck that each card is in now: for a card in a filtered deck, that one."""
        found: dict[int, str] = {}
        for start in range(0, len(cards), 5_000):
            answer = self.call("getDecks", cards=list(cards[start : start + 5_000]))
            if not isinstance(answer, dict):
                raise AnkiLostError("the answer to 'getDecks' is not AnkiConnect's")
            for deck, members in answer.items():
                found.update((card, deck) for card in shapes.ids("getDecks", members))
        return found

    def media_files(self, pattern: str) -> frozenset[str]:
        """The names of the files in ``collection.media`` that match a pattern of * and ?."""
        return frozenset(shapes.texts("getMediaFilesNames", self.call("getMediaFilesNames", pattern=pattern)))

    # -- packages ---------------------------------------------------------------------------------

    def export_package(self, deck: str, path: str) -> None:
        """Write a deck and all below it, with the reviews, to a path on Anki's machine."""
        if self.call("exportPackage", deck=deck, path=path, includeSched=True) is not True:
            raise AnkiRefusedError("exportPackage", f"no deck {deck}")

    def import_package(self, path: str) -> None:
        if self.call("importPackage", path=path) is not True:
            raise AnkiRefusedError("importPackage", "nothing was imported")

    def store_media(self, name: str, data: bytes) -> None:
        encoded = base64.b64encode(data).decode("ascii")
        self.call("storeMediaFile", filename=name, data=encoded)

    # -- AnkiWeb ----------------------------------------------------------------------------------

    def sync_with_ankiweb(self, wait: float = 60.0) -> None:
        """Press Anki's sync button, and come back once the collection answers again.

        Raises:
            AnkiRefusedError: not logged in, or AnkiWeb wants a one-way sync that only the learner can choose.
        """
        self.call("sync")
        # Older builds return at once, while Anki is still at it and the collection may be closed for a moment.
        deadline = time.monotonic() + wait * self._patience
        while True:
            try:
                self.decks()
                return
            except AnkiError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)


def batches[T](items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _portions(
    actions: Sequence[tuple[str, dict[str, Json]]], key: str | None
) -> Iterator[Sequence[tuple[str, dict[str, Json]]]]:
    """Actions in groups whose request stays below ``MAX_BODY`` bytes; one that is larger goes alone."""
    part: list[tuple[str, dict[str, Json]]] = []
    size = 0
    overhead = 100 + len(key or "")
    for action in actions:
        own = len(json.dumps(action[1], ensure_ascii=False).encode("utf-8", "surrogatepass")) + overhead
        if part and (size + own > MAX_BODY or len(part) == MAX_ACTIONS):
            yield part
            part, size = [], 0
        part.append(action)
        size += own
    if part:
        yield part
