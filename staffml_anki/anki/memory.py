"""What we last wrote into one profile, where, and what we were about to write when we were stopped.

One small SQLite file per profile. It is the base of the three-way comparison: without it nobody can tell the learner's
edit from an older release. A sync writes what it is about to do (the journal) before it does it, and what it has done
once that was verified: killed in between, the next sync knows both the old and the intended state for ours.
"""

import hashlib
import json
import re
import sqlite3
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from staffml_anki.anki.past import Intended, Remembered, Traces, Written, replaced_texts
from staffml_anki.anki.wanted import Wanted, WantedNote
from staffml_anki.data import home_folder
from staffml_anki.database import open_database, transaction
from staffml_anki.decks.recipe import Preset
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.vault import QuestionId

__all__ = ["Memory", "home_folder", "profile_folder"]

_MIGRATIONS = (
    """
    CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE notes (
        id TEXT PRIMARY KEY, fields TEXT NOT NULL, tags TEXT NOT NULL, path TEXT NOT NULL, due INTEGER NOT NULL,
        media TEXT NOT NULL, deck INTEGER NOT NULL, current INTEGER NOT NULL
    );
    CREATE TABLE journal (id TEXT PRIMARY KEY, fields TEXT NOT NULL, deck INTEGER NOT NULL, kinds TEXT NOT NULL);
    CREATE TABLE decks (path TEXT PRIMARY KEY, id INTEGER NOT NULL, description TEXT NOT NULL);
    CREATE TABLE chains (id TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE media (name TEXT PRIMARY KEY, data BLOB NOT NULL);
    """,
    """
    CREATE TABLE undecided (id TEXT, field TEXT, base TEXT, PRIMARY KEY (id, field)) WITHOUT ROWID;
    ALTER TABLE notes ADD COLUMN source TEXT NOT NULL DEFAULT '';
    CREATE TABLE earlier (id TEXT, field TEXT, digest TEXT, PRIMARY KEY (id, field, digest)) WITHOUT ROWID;
    """,
    """
    ALTER TABLE notes ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX traces ON notes (id, number, deck);
    """,
    """
    ALTER TABLE notes DROP COLUMN due;
    CREATE TABLE begun (id TEXT PRIMARY KEY, fields TEXT NOT NULL, decks TEXT NOT NULL, kinds TEXT NOT NULL);
    INSERT INTO begun SELECT id, fields, CAST(deck AS TEXT), kinds FROM journal;
    DROP TABLE journal;
    ALTER TABLE begun RENAME TO journal;
    """,
)

_MAKING, _PRUNING, _PRUNED = "making", "deleting", "deleted"
_OF_A_RELEASE = {"descriptions", "published", "source", "release", "preset", "chains", "order"}


def profile_folder(home: Path, profile: str, collection: str) -> Path:
    """Where the memory of a profile lies: told apart by where its collection is, named for people."""
    slug = re.sub(r"[^a-z0-9]+", "-", profile.lower()).strip("-")[:40] or "profile"
    return home / f"{slug}-{hashlib.blake2b(collection.encode(), digest_size=4).hexdigest()}"


class Memory:
    """The memory of one profile, open. Close it, or use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        """Open or create ``<folder>/state.db``. One that is damaged is kept aside, and ``notices`` says so.

        Raises:
            StaffmlAnkiError: the folder cannot be written, or the file is a newer version's.
        """
        self.folder = folder
        self._connection, self.notices = open_database(
            folder / "state.db", _MIGRATIONS, damage="what was last written is not known any more"
        )
        # Whole after a kill; a power cut may lose the last sync.
        self._connection.execute("PRAGMA synchronous = NORMAL")

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> "Memory":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- one at a time ----------------------------------------------------------------------------

    @contextmanager
    def alone(self, wait: float = 10.0) -> Iterator[None]:
        """Hold this profile for oneself; ends with the process, however that ends.

        Args:
            wait: seconds to wait for another sync to finish.

        Raises:
            StaffmlAnkiError: another sync is still at it.
        """
        lock = sqlite3.connect(self.folder / "lock.db", timeout=wait, isolation_level=None)
        try:
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                raise StaffmlAnkiError(
                    "another staffml-anki is syncing this profile; wait for it to finish, then run this again"
                ) from None
            yield
        finally:
            lock.close()

    # -- remembering ------------------------------------------------------------------------------

    def remembered(self) -> Remembered:
        dues = {key: due for due, key in enumerate(self._release().get("order", ()), start=1)}
        notes = {}
        for key, text, tags, path, media, source, deck, current, number in self._rows(
            "SELECT id, fields, tags, path, media, source, deck, current, number FROM notes"
        ):
            note = WantedNote(key, text, tuple(tags.split()), path, dues.get(key, 0), media, source=source)
            notes[QuestionId(key)] = Written(note, deck, bool(current), number)
        journal = {
            QuestionId(key): Intended(text, frozenset(map(int, decks.split())), frozenset(kinds.split()))
            for key, text, decks, kinds in self._rows("SELECT id, fields, decks, kinds FROM journal")
        }
        decks = {path: (number, text) for path, number, text in self._rows("SELECT path, id, description FROM decks")}
        undecided = {
            (QuestionId(key), name): base for key, name, base in self._rows("SELECT id, field, base FROM undecided")
        }
        earlier = frozenset(
            (QuestionId(key), name, digest) for key, name, digest in self._rows("SELECT id, field, digest FROM earlier")
        )
        return Remembered(notes, journal, decks, undecided, earlier, json.loads(self.about(_MAKING) or "{}"))

    def _release(self) -> dict[str, Any]:
        """What is kept of the release of the last sync, all of it; empty where there was none, or an older version kept
        less."""
        found = json.loads(self.about("release") or "{}")
        return found if isinstance(found, dict) and found.keys() >= _OF_A_RELEASE else {}

    def traces(self) -> Traces:
        return Traces(
            {QuestionId(key): (number, deck) for key, number, deck in self._rows("SELECT id, number, deck FROM notes")},
            {QuestionId(key): number for key, number in json.loads(self.about(_PRUNED) or "{}").items()},
        )

    def deck_numbers(self) -> dict[str, int]:
        """The ids of the decks that we made or found, by path."""
        return dict(self._rows("SELECT path, id FROM decks"))

    def chain_names(self) -> dict[str, str]:
        return dict(self._rows("SELECT id, name FROM chains"))

    def about(self, key: str) -> str:
        row = self._connection.execute("SELECT value FROM about WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def knows(self, inputs: str) -> bool:
        """Whether the release of the last sync was made from the same inputs: then nothing need be rendered."""
        return self.about("inputs") == inputs and bool(self._release())

    def wanted(self, inputs: str, remembered: Remembered) -> Wanted:
        """What the release of the last sync wanted."""
        about = self._release()
        return Wanted(
            inputs=inputs,
            notes={key: written.note for key, written in remembered.notes.items() if written.current},
            descriptions=about["descriptions"],
            chain_names=self.chain_names(),
            published=frozenset(map(QuestionId, about["published"])),
            complete=True,
            source=about["source"],
            release=about["release"],
            preset=Preset.model_validate_json(about["preset"]),
            media=dict(self._rows("SELECT name, data FROM media")),
            chains=tuple(tuple(map(QuestionId, steps)) for steps in about["chains"]),
        )

    # -- writing ----------------------------------------------------------------------------------

    def begin(
        self, intended: Mapping[QuestionId, Intended], begun: Mapping[QuestionId, Intended], making: Mapping[str, str]
    ) -> None:
        """Write the journal. Of an older, unfinished one is kept where this one says nothing, and what it may have
        written or moved.

        Args:
            begun, making: as ``journal`` and ``making`` in ``Remembered``.
        """
        names = json.loads(self.about(_MAKING) or "{}") | dict(making)
        rows: list[tuple[str, ...]] = []
        texts: list[tuple[str, ...]] = []
        for key, each in intended.items():
            row = each.after(begun.get(key))
            if key in begun:
                texts += replaced_texts(key, begun[key].text, row.text)
            rows.append((key, row.text, " ".join(map(str, sorted(row.decks))), " ".join(sorted(row.kinds))))
        added = [key for key, each in intended.items() if "added" in each.kinds]
        pruned = json.loads(self.about(_PRUNED) or "{}")
        with transaction(self._connection) as connection:
            connection.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (_MAKING, json.dumps(names)))
            connection.executemany("INSERT OR REPLACE INTO journal VALUES (?,?,?,?)", rows)
            connection.executemany("INSERT OR IGNORE INTO earlier VALUES (?,?,?)", texts)
            # What is added again gets another id, and until that is known none is.
            connection.executemany("UPDATE notes SET number = 0 WHERE id = ?", [(key,) for key in added])
            if not pruned.keys().isdisjoint(added):
                left = {key: number for key, number in pruned.items() if key not in added}
                connection.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (_PRUNED, json.dumps(left)))

    def finish(
        self,
        notes: Sequence[Written],
        past: Mapping[QuestionId, Written],
        decks: Mapping[str, tuple[int, str]],
        wanted: Wanted,
        *,
        whole: bool,
        settled: Collection[QuestionId],
        undecided: Mapping[tuple[QuestionId, str], str | None],
        replaced: Iterable[tuple[QuestionId, str, str]],
        numbers: Mapping[QuestionId, int],
    ) -> None:
        """Remember what is now there, and close the journal as far as it is settled: all in one step.

        Args:
            notes: those that were verified; what is remembered of others stays, as not current.
            past: what was remembered so far.
            whole: whether they are all that the release wants: only then can it be planned from memory next time.
            settled: what need not be finished any more.
            undecided, replaced: as in ``Remembered``; ``replaced`` are added to those known.
            numbers: the ids of notes that are remembered with another id, or none.
        """
        known = {written.note.question for written in notes}
        left = past.keys() - known
        release = {
            "descriptions": dict(wanted.descriptions),
            "published": sorted(wanted.published),
            "source": wanted.source,
            "release": wanted.release,
            "preset": wanted.preset.model_dump_json(),
            "chains": wanted.chains,
            # Here and not with each note: one new question shifts the numbers of all that follow.
            "order": sorted(wanted.notes, key=lambda key: wanted.notes[key].due),
        }
        about = {
            "inputs": wanted.inputs if whole and not wanted.errors else "",
            "release": json.dumps(release, ensure_ascii=False),
        }
        with transaction(self._connection) as connection:
            connection.executemany("UPDATE notes SET current = 0 WHERE id = ?", [(key,) for key in left])
            self._write([each for each in notes if past.get(each.note.question) != each])
            connection.executemany(
                "UPDATE notes SET number = ? WHERE id = ?", [(number, key) for key, number in numbers.items()]
            )
            self._settle(settled, known)
            connection.execute("DELETE FROM undecided WHERE id IN (SELECT id FROM notes WHERE current = 1)")
            connection.executemany(
                "INSERT OR REPLACE INTO undecided VALUES (?,?,?)", [(*key, base) for key, base in undecided.items()]
            )
            connection.executemany("INSERT OR IGNORE INTO earlier VALUES (?,?,?)", replaced)
            connection.executemany(
                "INSERT OR REPLACE INTO decks VALUES (?,?,?)", [(path, *each) for path, each in decks.items()]
            )
            connection.executemany("INSERT OR REPLACE INTO chains VALUES (?,?)", wanted.chain_names.items())
            connection.execute("DELETE FROM media")
            connection.executemany("INSERT INTO media VALUES (?,?)", wanted.media.items())
            connection.executemany("INSERT OR REPLACE INTO about VALUES (?,?)", about.items())

    def _settle(self, settled: Collection[QuestionId], known: set[QuestionId]) -> None:
        """Close the journal for some questions. Of those that are not known by now, what may have been written is kept
        as an earlier text."""
        for key in set(settled) - known:
            row = self._connection.execute("SELECT fields FROM journal WHERE id = ?", (key,)).fetchone()
            if row:
                texts = replaced_texts(key, row[0], "")
                self._connection.executemany("INSERT OR IGNORE INTO earlier VALUES (?,?,?)", texts)
        self._connection.executemany("DELETE FROM journal WHERE id = ?", [(key,) for key in settled])
        self._connection.execute(
            "UPDATE about SET value = '' WHERE key = ? AND NOT EXISTS (SELECT * FROM journal)", (_MAKING,)
        )

    def _write(self, notes: Iterable[Written]) -> None:
        self._connection.executemany(
            "INSERT OR REPLACE INTO notes (id, fields, tags, path, media, source, deck, number, current) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)",
            [
                (n.question, n.text, " ".join(n.tags), n.path, n.media, n.source, written.deck, written.number)
                for written in notes
                for n in (written.note,)
            ],
        )

    def set_about(self, key: str, value: str) -> None:
        with transaction(self._connection):
            self._connection.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (key, value))

    def forget(self, notes: Mapping[QuestionId, int]) -> None:
        """Remember of these questions only the ids that their notes had: should they come back, they are new."""
        pruned = json.loads(self.about(_PRUNED) or "{}") | dict(notes)
        with transaction(self._connection):
            for table in ("notes", "journal"):
                self._connection.executemany(f"DELETE FROM {table} WHERE id = ?", [(key,) for key in notes])  # noqa: S608
            self._connection.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (_PRUNED, json.dumps(pruned)))
            self._connection.execute("DELETE FROM about WHERE key = ?", (_PRUNING,))
            # Where the release has them still they are wanted, though nothing remembers what they are.
            self._connection.execute("DELETE FROM about WHERE key = 'inputs'")

    def begin_pruning(self, notes: Mapping[QuestionId, int]) -> None:
        """Write down which notes, with which ids, are about to be deleted, by us and not by the learner."""
        self.set_about(_PRUNING, json.dumps(notes))

    def finish_pruning(self, there: Container[int]) -> bool:
        """Forget what a prune that was stopped has deleted; whether there was one.

        Args:
            there: the ids of the notes that the collection has.
        """
        begun = self.about(_PRUNING)
        if begun:
            self.forget({QuestionId(key): number for key, number in json.loads(begun).items() if number not in there})
        return bool(begun)

    def _rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        yield from self._connection.execute(query)
