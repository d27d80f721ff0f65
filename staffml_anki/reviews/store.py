"""The file that keeps a history: one SQLite database per profile, in the program's data folder.

What is in it is never changed by what happens to a collection: reviews are only added, keyed by question and time, so
that pulling twice, or from two places that overlap, counts nothing twice. One pull is one transaction.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from staffml_anki.data import HISTORY
from staffml_anki.database import open_database, transaction
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.reviews.model import (
    COLUMNS,
    DEFAULT_ROLLOVER,
    CardState,
    History,
    Kind,
    MemoryState,
    Replayed,
    Reviews,
)
from staffml_anki.reviews.schema import PRACTICE
from staffml_anki.vault import QuestionId

FILES_ONLY = "files"
"""The folder of a history that was only ever pulled from files: no profile is known yet."""

CHECKED = 32_000_000
"""Bytes up to which a history is checked whenever it is opened; a larger one where it is read."""

MIGRATIONS = (
    """
    CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE questions (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
    CREATE TABLE pulls (
        number INTEGER PRIMARY KEY, at INTEGER NOT NULL, source TEXT NOT NULL, reviews INTEGER NOT NULL
    );
    CREATE TABLE reviews (
        question INTEGER NOT NULL, time INTEGER NOT NULL, ease INTEGER NOT NULL, kind INTEGER NOT NULL,
        interval INTEGER NOT NULL, last_interval INTEGER NOT NULL, factor INTEGER NOT NULL, taken INTEGER NOT NULL,
        PRIMARY KEY (time, question)
    ) WITHOUT ROWID;
    CREATE TABLE states (
        question INTEGER NOT NULL, card INTEGER NOT NULL, pull INTEGER NOT NULL, latest INTEGER NOT NULL,
        changed INTEGER NOT NULL, type INTEGER NOT NULL, queue INTEGER NOT NULL, interval INTEGER NOT NULL,
        reps INTEGER NOT NULL, lapses INTEGER NOT NULL, stability REAL, difficulty REAL, decay REAL,
        last_review INTEGER NOT NULL, leech INTEGER NOT NULL, retired INTEGER NOT NULL, gone INTEGER NOT NULL,
        PRIMARY KEY (card, question, pull)
    ) WITHOUT ROWID;
    CREATE INDEX latest_states ON states (question) WHERE latest;
    """,
    """
    CREATE TABLE replayed (
        question INTEGER PRIMARY KEY, basis TEXT NOT NULL, stability REAL, difficulty REAL, at INTEGER
    );
    CREATE TABLE columns (name TEXT PRIMARY KEY, data BLOB NOT NULL);
    """,
    PRACTICE,
)
"""Each step from one version of the schema to the next; the file's version is how many of them it has seen."""
_DAMAGE = "the history begins anew: pull from everything you have, older exports and backups too"
_STATE = "changed, type, queue, interval, reps, lapses, stability, difficulty, decay, last_review, leech, retired, gone"
_ALL = ("reviews", "states", "replayed", "practice", "sessions", "plans")
_ROW = "question, time, ease, kind, interval, last_interval, factor, taken"


@dataclass(frozen=True, slots=True)
class Counts:
    """What a history holds. ``scores`` are those of practice."""

    reviews: int
    questions: int
    scores: int


class HistoryStore:
    """A history, open. Close it, or use it as a context manager."""

    def __init__(self, path: Path) -> None:
        """Open or create it. One that is damaged is kept aside, and ``notices`` says so.

        Raises:
            StaffmlAnkiError: it cannot be opened, is locked, or was written by a newer version.
        """
        self.path = path
        self.connection, self.notices = open_database(path, MIGRATIONS, damage=_DAMAGE, checked=CHECKED)

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> "HistoryStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def writing(self, patience: float = 10) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it, or nothing.

        Args:
            patience: seconds to wait for somebody else who is writing.

        Raises:
            StaffmlAnkiError: somebody else is writing, or the disk is full.
        """
        self.connection.execute(f"PRAGMA busy_timeout = {round(1000 * patience)}")
        try:
            # A million reviews are written in half the time; reading them once would only fill it.
            self.connection.execute("PRAGMA cache_size = -65536")
            with transaction(self.connection) as connection:
                yield connection
        except sqlite3.OperationalError as error:
            why = "another staffml-anki is writing it; wait, then run this again" if "locked" in str(error) else error
            raise StaffmlAnkiError(f"{self.path}: {why}; nothing was changed") from None

    # -- adding, inside `writing` -----------------------------------------------------------------

    def numbers(self, questions: Iterable[QuestionId]) -> dict[QuestionId, int]:
        """The numbers of questions in this file; those that are new get one."""
        wanted = set(questions)
        self.connection.executemany(
            "INSERT OR IGNORE INTO questions (id) VALUES (?)", [(each,) for each in sorted(wanted)]
        )
        rows = self.connection.execute("SELECT id, number FROM questions")
        return {QuestionId(key): number for key, number in rows if key in wanted}

    def begin_pull(self, at: int, source: str) -> int:
        """The number of a new pull."""
        cursor = self.connection.execute("INSERT INTO pulls (at, source, reviews) VALUES (?, ?, 0)", (at, source))
        return int(cursor.lastrowid or 0)

    def end_pull(self, pull: int, reviews: int) -> None:
        self.connection.execute("UPDATE pulls SET reviews = ? WHERE number = ?", (reviews, pull))
        if reviews:
            self.forget_columns()

    def forget_columns(self) -> None:
        """What was worked out of the reviews is outdated."""
        self.connection.execute("DELETE FROM columns")

    def add_reviews(self, rows: Iterable[tuple[int, ...]]) -> int:
        """Reviews as tuples in the table's order; how many were new. What Anki tells goes before what the app told."""
        before = self.connection.total_changes
        self.connection.executemany(
            f"INSERT INTO reviews ({_ROW}) VALUES (?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET "  # noqa: S608
            "ease = excluded.ease, kind = excluded.kind, interval = excluded.interval, taken = excluded.taken, "
            "last_interval = excluded.last_interval, factor = excluded.factor "
            f"WHERE kind = {Kind.APP.value} AND excluded.kind != {Kind.APP.value}",
            rows,
        )
        return self.connection.total_changes - before

    def add_states(self, pull: int, states: Iterable[tuple[int, CardState]], moment: int) -> int:
        """Card states with their questions' numbers; kept where they are newer and say something new. How many.

        Args:
            moment: seconds since the epoch at which they were so.
        """
        known = self._latest()
        changed = []
        for number, state in states:
            old = known.get((number, state.card))
            if old is not None and old.gone and not state.gone and old.changed < moment:
                # It is back, from a backup or a second import; with a time of change from before it went.
                changed.append((number, replace(state, changed=max(state.changed, moment))))
                continue
            # Within one second, the card with more answers is the later one.
            if old is None or (old != state and (old.changed, old.reps) <= (state.changed, state.reps)):
                changed.append((number, state))
        self.connection.executemany(
            "UPDATE states SET latest = 0 WHERE card = ? AND question = ? AND latest",
            [(state.card, number) for number, state in changed],
        )
        self.connection.executemany(
            f"INSERT OR REPLACE INTO states (question, card, pull, latest, {_STATE}) VALUES ({','.join('?' * 17)})",  # noqa: S608
            [(number, state.card, pull, 1, *_state_row(state)) for number, state in changed],
        )
        return len(changed)

    def _latest(self) -> dict[tuple[int, int], CardState]:
        rows = self.connection.execute(f"SELECT question, card, {_STATE} FROM states WHERE latest")  # noqa: S608
        return {(row[0], row[1]): _state(row[1:]) for row in rows}

    def latest_cards(self) -> dict[int, tuple[int, CardState]]:
        """The cards that Anki told of, with their questions' numbers."""
        return {card: (number, state) for (number, card), state in self._latest().items() if card}

    # -- reading ----------------------------------------------------------------------------------

    def read(self) -> History:
        """All of it.

        Raises:
            StaffmlAnkiError: the file is damaged.
        """
        try:
            return self._read()
        except sqlite3.DatabaseError as error:
            raise StaffmlAnkiError(
                f"{self.path}: is damaged ({error}); move it aside, then pull from everything you have"
            ) from None

    def _read(self) -> History:
        connection = self.connection
        ids = connection.execute("SELECT number, id FROM questions ORDER BY number").fetchall()
        rows = self._columns()
        place = np.zeros(ids[-1][0] + 1 if ids else 0, np.int32)
        place[[number for number, _ in ids]] = np.arange(len(ids))
        rows["question"] = place[rows["question"]]
        names = {number: QuestionId(key) for number, key in ids}
        cards: dict[QuestionId, tuple[CardState, ...]] = {}
        for (number, _), state in self._latest().items():
            cards[names[number]] = (*cards.get(names[number], ()), state)
        (pulled,) = connection.execute("SELECT coalesce(max(at), 0) FROM pulls").fetchone()
        replayed = {
            names[number]: Replayed(basis, None if s is None else MemoryState(s, d, at))
            for number, basis, s, d, at in connection.execute("SELECT * FROM replayed")
        }
        rollover = int(self.about("rollover") or DEFAULT_ROLLOVER)
        return History(tuple(names.values()), Reviews(rows), cards, rollover, pulled, replayed)

    def _columns(self) -> np.ndarray[Any, Any]:
        kept = self.connection.execute("SELECT data FROM columns WHERE name = 'reviews'").fetchone()
        if kept is not None and len(kept[0]) % COLUMNS.itemsize == 0:
            return np.frombuffer(kept[0], COLUMNS).copy()
        return self._project()

    def _project(self) -> np.ndarray[Any, Any]:
        """All reviews as columns, in order of question, then time. Packed into four numbers a row, because numbers are
        what takes Python its time."""
        found = self.connection.execute(
            "SELECT time, (question << 8) | (kind << 3) | ease, (interval << 32) | (last_interval & 0xffffffff), "
            "(factor << 32) | (taken & 0xffffffff) FROM reviews ORDER BY time, question"
        )
        packed = np.fromiter(chain.from_iterable(found), np.int64).reshape(-1, 4)
        packed = packed[np.argsort(packed[:, 1] >> 8, kind="stable")]
        time, marks, intervals, rest = packed.T
        rows = np.empty(len(packed), COLUMNS)
        rows["time"] = time
        rows["question"], rows["kind"], rows["ease"] = marks >> 8, marks >> 3 & 31, marks & 7
        rows["interval"], rows["last_interval"] = intervals >> 32, intervals.astype(np.int32)
        rows["factor"], rows["taken"] = rest >> 32, rest.astype(np.int32)
        return rows

    def keep_columns(self) -> None:
        """Keep the reviews in columns, too: a million rows are then read in milliseconds. Inside ``writing``."""
        if self.connection.execute("SELECT 1 FROM columns WHERE name = 'reviews'").fetchone() is None:
            data = self._project().tobytes()
            self.connection.execute("INSERT OR REPLACE INTO columns VALUES ('reviews', ?)", (data,))

    def counts(self) -> Counts:
        row = self.connection.execute(
            "SELECT (SELECT count(*) FROM reviews), (SELECT count(*) FROM questions), (SELECT count(*) FROM practice)"
        ).fetchone()
        return Counts(*row)

    def about(self, key: str) -> str:
        row = self.connection.execute("SELECT value FROM about WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def set_about(self, key: str, value: str) -> None:
        self.connection.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (key, value))

    # -- what was worked out, and forgetting ------------------------------------------------------

    def keep_replayed(self, found: Mapping[QuestionId, Replayed]) -> None:
        """Keep memories that took a while to work out. Somebody else writing is no reason to wait: next time, then."""
        if not found:
            return
        with self.writing():
            numbers = self.numbers(found)
            rows = [
                (numbers[key], each.basis, *((m.stability, m.difficulty, m.at) if (m := each.memory) else (None,) * 3))
                for key, each in found.items()
            ]
            self.connection.executemany("INSERT OR REPLACE INTO replayed VALUES (?,?,?,?,?)", rows)

    def forget(self, questions: Iterable[QuestionId] | None = None) -> int:
        """Delete everything about some questions, or about all of them; how many reviews that were."""
        with self.writing() as connection:
            if questions is None:
                (count,) = connection.execute("SELECT count(*) FROM reviews").fetchone()
                for table in (*_ALL, "questions", "pulls", "columns", "about"):
                    connection.execute(f"DELETE FROM {table}")  # noqa: S608
            else:
                count = 0
                connection.executemany("DELETE FROM practice WHERE question = ?", [(key,) for key in questions])
                for (number,) in [
                    row
                    for key in questions
                    for row in connection.execute("SELECT number FROM questions WHERE id = ?", (key,)).fetchall()
                ]:
                    count += connection.execute("DELETE FROM reviews WHERE question = ?", (number,)).rowcount
                    for table in ("states", "replayed"):
                        connection.execute(f"DELETE FROM {table} WHERE question = ?", (number,))  # noqa: S608
                    connection.execute("DELETE FROM questions WHERE number = ?", (number,))
                self.forget_columns()
        # What was deleted must not stay readable in free pages.
        self.connection.execute("VACUUM")
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(count)


def _state_row(state: CardState) -> tuple[Any, ...]:
    return tuple(getattr(state, name.strip()) for name in _STATE.split(","))


def _state(row: tuple[Any, ...]) -> CardState:
    return CardState(*row[:-3], *map(bool, row[-3:]))


def history_at(home: Path, chosen: str | None = None) -> Path:
    """The file of a history: of the profile that is named, else the only one there is.

    Raises:
        StaffmlAnkiError: there are several, or none by that name.
    """
    found = sorted(path.parent.name for path in home.glob(f"*/{HISTORY}"))
    if chosen is not None:
        matching = [name for name in found if name == chosen] or [
            name for name in found if name.rpartition("-")[0] == chosen.lower()
        ]
        if len(matching) == 1:
            return home / matching[0] / HISTORY
        if found:
            raise StaffmlAnkiError(f"--profile {chosen}: there are histories of {', '.join(found)}")
        raise StaffmlAnkiError(f"--profile {chosen}: there is no history yet; make one with staffml-anki pull")
    if len(found) > 1:
        raise StaffmlAnkiError(f"there are histories of {', '.join(found)}; say which with --profile {found[0]}")
    return home / (found[0] if found else FILES_ONLY) / HISTORY


def adopt(home: Path, folder: Path) -> Path:
    """The file of a connected profile's history. What was pulled from files before any profile was known becomes the
    first profile's."""
    target, files = folder / HISTORY, home / FILES_ONLY / HISTORY
    if not target.exists() and files.exists() and not [p for p in home.glob(f"*/{HISTORY}") if p != files]:
        with HistoryStore(files) as store:
            store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        files.replace(target)
        for rest in ("-wal", "-shm"):
            files.with_name(files.name + rest).unlink(missing_ok=True)
    return target
