"""genanki, where its defaults stand in the way: the one place that knows how.

- every note gets a modification time, an id and a position of its own instead of the moment of the build;
- the decks and the note type are written in one statement each (genanki rewrites all of them for every deck, which is
  quadratic: 700 chain decks would take longer than everything else);
- media are held in memory under names that were chosen, in an order that does not depend on a hash seed;
- the database lives in memory, and the zip is compressed and carries no clock.
"""

import hashlib
import io
import json
import sqlite3
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import genanki
from genanki.apkg_col import APKG_COL
from genanki.apkg_schema import APKG_SCHEMA

from staffml_anki.cards import notetype
from staffml_anki.cards.note import Media, Note
from staffml_anki.decks.layout import Deck
from staffml_anki.decks.recipe import Preset
from staffml_anki.vault import QuestionId

# Level 6 takes twice the time of 4 for 3% less.
_COMPRESSION = 4
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
# Ids are times in milliseconds, and Anki refuses a package with one that lies ahead: ours lie in 2020-2024, from the
# question's id, so that the same question has the same id on every machine.
_IDS_FROM = 1_577_836_800_000
_IDS_SPAN = 4 * 365 * 86_400_000
_DEFAULT = 1
"""The id of Anki's own deck, and of its own preset."""


@dataclass(frozen=True, slots=True)
class PackedDeck:
    """A deck as a package says it.

    To a deck that the learner has, Anki gives the package's description unless that is empty, and the package's preset
    unless that is Anki's Default: so a deck with neither leaves theirs alone.
    """

    name: str
    description: str = ""
    with_preset: bool = False


@dataclass(frozen=True, slots=True)
class PackedNote:
    """A row of notes and, where ``deck`` is given, its one card, new, as number ``due`` among the new ones.

    Without a card an existing note is updated all the same, and its cards stay as and where they are.
    """

    number: int
    guid: str
    mod: int
    tags: tuple[str, ...]
    fields: tuple[str, ...]
    deck: str | None
    due: int = 0


@dataclass(frozen=True, slots=True)
class Contents:
    """All that goes into a package.

    Attributes:
        model: the note type in Anki's schema-11 form, with its id and modification time.
        mod: the modification time of decks and preset, in seconds since the epoch.
        compressed: not worth its time for a package that is read at once and thrown away.
    """

    model: Mapping[str, Any]
    decks: Sequence[PackedDeck]
    notes: Sequence[PackedNote]
    media: Iterable[Media]
    mod: int
    preset: Preset | None = None
    compressed: bool = True


def package_bytes(contents: Contents) -> bytes:
    """The .apkg file: the same bytes for the same contents, whatever the clock and the hash seed."""
    media = sorted(contents.media, key=lambda m: m.name)
    buffer = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if contents.compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, "w", method, compresslevel=_COMPRESSION) as archive:
        _add(archive, "collection.anki2", _collection(contents))
        _add(archive, "media", json.dumps({str(i): m.name for i, m in enumerate(media)}).encode())
        for index, item in enumerate(media):
            _add(archive, str(index), item.data)
    return buffer.getvalue()


def pack(
    decks: Sequence[Deck],
    notes: Mapping[QuestionId, Note],
    mods: Mapping[QuestionId, int],
    numbers: Mapping[QuestionId, int],
) -> list[PackedNote]:
    """The notes of a layout in the order of their numbers: SQLite appends what comes in order of its key."""
    placed = ((deck.name, key) for deck in decks for key in deck.questions)
    packed = [
        PackedNote(numbers[key], notes[key].guid, mods[key], notes[key].tags, notes[key].fields, deck, due)
        for due, (deck, key) in enumerate(placed, start=1)
    ]
    return sorted(packed, key=lambda note: note.number)


def deck_id(name: str) -> int:
    """A deck's id, from its name alone: never random, never 1 (which is Anki's Default deck)."""
    return _id_of(name, b"staffml-deck")


def _id_of(name: str, kind: bytes) -> int:
    """An id in the past, from a name alone; names of different kinds do not share ids."""
    digest = hashlib.blake2b(name.encode(), digest_size=8, person=kind).digest()
    return _IDS_FROM + int.from_bytes(digest) % _IDS_SPAN


def anki_model(templates: notetype.Templates) -> genanki.Model:
    """The note type as genanki wants it."""
    return genanki.Model(
        notetype.ID,
        notetype.NAME,
        fields=[_field(name) for name in notetype.FIELDS],
        templates=[{"name": notetype.TEMPLATE, "qfmt": templates.front, "afmt": templates.back}],
        css=templates.css,
        sort_field_index=notetype.SORT_FIELD,
    )


def model_json(templates: notetype.Templates, mod: int) -> dict[str, Any]:
    """The note type in Anki's schema-11 form, last changed at ``mod`` (seconds since the epoch)."""
    made: dict[str, Any] = anki_model(templates).to_json(mod, None)
    return made


def _field(name: str) -> dict[str, Any]:
    """In Anki's editor the fields that nobody edits by hand come folded."""
    return {"name": name, "collapsed": name not in ("Title", notetype.MY_NOTES)}


def _collection(contents: Contents) -> bytes:
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("PRAGMA journal_mode = OFF")
        # The page size shows in the bytes: fix it rather than trust the build of SQLite.
        connection.execute("PRAGMA page_size = 4096")
        connection.executescript(APKG_SCHEMA)
        connection.executescript(APKG_COL)
        _write_col(connection, contents)
        _write_notes(connection, contents)
        connection.commit()
        return connection.serialize()
    finally:
        connection.close()


def _write_col(connection: sqlite3.Connection, contents: Contents) -> None:
    models, decks, presets = (
        json.loads(text) for text in connection.execute("SELECT models, decks, dconf FROM col").fetchone()
    )
    preset = _preset(contents.preset, contents.mod) if contents.preset else {"id": _DEFAULT}
    presets[str(preset["id"])] = presets[str(_DEFAULT)] | preset
    models[str(contents.model["id"])] = contents.model
    for deck in contents.decks:
        made = genanki.Deck(deck_id(deck.name), deck.name, deck.description).to_json()
        made |= {"conf": preset["id"] if deck.with_preset else _DEFAULT, "mod": contents.mod}
        made |= {key: [0, 0] for key in ("newToday", "revToday", "lrnToday", "timeToday")}
        decks[str(made["id"])] = made
    connection.execute(
        "UPDATE col SET models = ?, decks = ?, dconf = ?", [json.dumps(part) for part in (models, decks, presets)]
    )


def _preset(preset: Preset, mod: int) -> dict[str, Any]:
    """A deck options preset in Anki's schema-11 form, over genanki's default one."""
    return {
        "id": _id_of(preset.name, b"staffml-preset"),
        "name": preset.name,
        "mod": mod,
        "new": {
            "bury": False, "delays": list(preset.learning_steps), "initialFactor": 2500, "ints": [1, 4, 7],
            "order": 1, "perDay": preset.new_per_day,
        },
        "rev": {"bury": False, "ease4": 1.3, "ivlFct": 1, "maxIvl": 36500, "perDay": preset.reviews_per_day},
        "lapse": {
            "delays": list(preset.relearning_steps), "leechAction": 1, "leechFails": 8, "minInt": 1, "mult": 0,
        },
        "desiredRetention": preset.desired_retention,
    }  # fmt: skip


def _write_notes(connection: sqlite3.Connection, contents: Contents) -> None:
    model, sort = contents.model["id"], contents.model["sortf"]
    # (id, guid, mid, mod, usn, tags, flds, sfld, csum, flags, data); Anki computes the checksum on import.
    connection.executemany(
        "INSERT INTO notes VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        (
            (
                n.number,
                n.guid,
                model,
                n.mod,
                -1,
                f" {' '.join(n.tags)} ",
                "\x1f".join(n.fields),
                n.fields[sort],
                0,
                0,
                "",
            )
            for n in contents.notes
        ),
    )
    ids = {deck.name: deck_id(deck.name) for deck in contents.decks}
    connection.executemany(
        "INSERT INTO cards VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            (n.number, n.number, ids[n.deck], 0, n.mod, -1, 0, 0, n.due, 0, 0, 0, 0, 0, 0, 0, 0, "")
            for n in contents.notes
            if n.deck is not None
        ),
    )


def note_ids(questions: Iterable[QuestionId]) -> dict[QuestionId, int]:
    """A note id for each question, from its own id wherever that is free."""
    ids: dict[QuestionId, int] = {}
    taken: set[int] = set()
    for question in sorted(questions):
        number = _id_of(question, b"staffml-note")
        while number in taken:
            number += 1
        taken.add(number)
        ids[question] = number
    return ids


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, _ZIP_EPOCH)
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data, archive.compression, archive.compresslevel)
