"""Packages as our writer makes them, for the tests of importPackage and exportPackage, and what can be read back."""

import io
import json
import sqlite3
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from speakers import Remote

from staffml_anki.cards import notetype
from staffml_anki.cards.note import Note
from staffml_anki.decks.layout import Deck
from staffml_anki.decks.recipe import Preset
from staffml_anki.package.writer import Contents, PackedDeck, model_json, note_ids, pack, package_bytes
from staffml_anki.vault import QuestionId

OLD = 1_700_000_000


@dataclass(frozen=True)
class Release:
    """A package: questions by deck. Decks, questions and the preset get the test's token into their names."""

    remote: Remote
    decks: Mapping[str, Sequence[str]]
    mod: int = OLD
    answer: str = "old"
    tags: tuple[str, ...] = ("StaffML::a",)
    description: str = ""
    preset: Preset = field(default_factory=Preset)
    change: Callable[[dict[str, Any]], None] | None = None
    """Applied to each deck's JSON."""

    def write(self, path: Path) -> Path:
        decks = [
            Deck(self.remote.deck + name, self.description, tuple(map(self.id, questions)))
            for name, questions in self.decks.items()
        ]
        ids = [question for deck in decks for question in deck.questions]
        notes = {question: self.note(question) for question in ids}
        contents = Contents(
            model=model_json(notetype.load_templates(), OLD),
            decks=[PackedDeck(deck.name, deck.description, with_preset=True) for deck in decks],
            notes=pack(decks, notes, dict.fromkeys(ids, self.mod), note_ids(ids)),
            media=[],
            mod=OLD,
            preset=self.preset.model_copy(update={"name": f"{self.preset.name} {self.remote.token}"}),
        )
        path.write_bytes(_changed(package_bytes(contents), self.change or (lambda deck: None)))
        return path

    def id(self, question: str) -> QuestionId:
        return QuestionId(f"{self.remote.token}-{question}")

    def note(self, question: QuestionId) -> Note:
        known = {"ID": question, "Title": f"Title of {question}", "Question": "?", "Answer": self.answer}
        fields = tuple(known.get(name, "") for name in notetype.FIELDS)
        return Note(question, fields, self.tags)

    def send(self, folder: Path) -> None:
        assert self.remote.call("importPackage", path=str(self.write(folder / "release.apkg"))) is True


def _changed(package: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "collection.anki2":
                with database(data) as connection:
                    decks = json.loads(connection.execute("SELECT decks FROM col").fetchone()[0])
                    for deck in decks.values():
                        change(deck)
                    connection.execute("UPDATE col SET decks = ?", [json.dumps(decks)])
                    connection.commit()
                    data = connection.serialize()
            new.writestr(name, data)
    return buffer.getvalue()


@contextmanager
def database(data: bytes) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(data)
        yield connection


def rows_of(package: Path, query: str) -> list[tuple[Any, ...]]:
    with zipfile.ZipFile(package) as archive, database(archive.read("collection.anki21")) as connection:
        return connection.execute(query).fetchall()


def exported(remote: Remote, folder: Path, query: str, deck: str | None = None) -> list[tuple[Any, ...]]:
    """What a query finds in an export with scheduling, by default of the test's own tree."""
    path = folder / "export.apkg"
    assert remote.call("exportPackage", deck=deck or remote.deck, path=str(path), includeSched=True) is True
    return rows_of(path, query)


def deck_of(remote: Remote, folder: Path, name: str = "") -> tuple[str, str, int]:
    """A deck's (description, name of the preset, new cards a day of the preset), the token taken out."""
    ((decks, presets),) = exported(remote, folder, "SELECT decks, dconf FROM col")
    decks, presets = json.loads(decks), json.loads(presets)
    (deck,) = [deck for deck in decks.values() if deck["name"] == remote.deck + name]
    preset = presets[str(deck["conf"])]
    return deck["desc"], preset["name"].removesuffix(f" {remote.token}"), preset["new"]["perDay"]


def note_of(remote: Remote, question: str) -> dict[str, Any]:
    """notesInfo, with the fields as a plain mapping."""
    (info,) = remote.call("notesInfo", notes=remote.call("findNotes", query=f'"ID:{remote.token}-{question}"'))
    return {**info, "fields": {name: value["value"] for name, value in info["fields"].items()}}


def later() -> int:
    """Newer than any edit of just now: Anki takes a modification time that lies ahead."""
    return int(time.time()) + 100
