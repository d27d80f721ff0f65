"""A collection's database → the history: our notes' cards, and every review of theirs.

The database is a copy and untrusted: its tables may hold anything, so types and bounds are checked row by row in SQL.
"""

import html
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from staffml_anki.anki import tags
from staffml_anki.cards import notetype
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.reviews.model import CardState, Kind
from staffml_anki.reviews.store import HistoryStore
from staffml_anki.vault import QuestionId

LEECH = "leech"
NEWEST_SCHEMA = 18
SLACK = 86_400
"""Seconds by which a review may lie in the future: clocks and time zones differ."""
_MAX_ID = 200
"""Characters of a question's id, at most."""
_INT32 = 2**31 - 1


@dataclass
class Taken:
    """What came out of one source.

    Attributes:
        reviews: new ones.
        known: reviews that the history had already.
        cards: of ours that were seen, and ``changed`` those that say something new.
        future: reviews dated in the future, left out.
        damaged: rows that cannot be, left out.
        others: notes that are not ours.
    """

    reviews: int = 0
    known: int = 0
    cards: int = 0
    changed: int = 0
    questions: int = 0
    future: int = 0
    damaged: int = 0
    others: int = 0
    notices: list[str] = field(default_factory=list)

    def add(self, other: "Taken") -> None:
        for name in ("reviews", "known", "cards", "changed", "questions", "future", "damaged", "others"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.notices += other.notices


@contextmanager
def attached(store: HistoryStore, databases: Sequence[Path], name: str) -> Iterator[list[str]]:
    """Collections' databases beside the history's, read-only; the names under which SQL knows them.

    Raises:
        StaffmlAnkiError: one is not a collection, or a damaged one. ``name`` is what the message calls it.
    """
    connection = store.connection
    connection.create_collation("unicase", lambda a, b: (a.casefold() > b.casefold()) - (a.casefold() < b.casefold()))
    schemas: list[str] = []
    # Text that is not UTF-8 is damage in a row, to be met where that row is judged.
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    try:
        for number, database in enumerate(databases):
            # What Anki has not merged yet lies in a log beside the copy, and merging it is a write.
            mode = "rw" if database.with_name(database.name + "-wal").exists() else "ro&immutable=1"
            connection.execute(f"ATTACH ? AS incoming{number}", (f"{database.absolute().as_uri()}?mode={mode}",))
            schemas.append(f"incoming{number}")
        yield schemas
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "full" in str(error):
            raise
        raise StaffmlAnkiError(f"{name}: is not an Anki collection that we know ({error}); export it again") from None
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        raise StaffmlAnkiError(f"{name}: its collection is damaged; export it again") from None
    finally:
        connection.text_factory = str
        if connection.in_transaction:
            connection.rollback()
        for schema in schemas:
            # A statement that a damaged page has stopped may hold it still: then it goes with the connection.
            with suppress(sqlite3.OperationalError):
                connection.execute(f"DETACH {schema}")


def take_collection(store: HistoryStore, schema: str, name: str, now: int, *, whole: bool) -> Taken:
    """Add what an attached collection tells, in the transaction that is open.

    Args:
        name: what messages and the history's list of pulls call it.
        now: seconds since the epoch.
        whole: the collection is all that the learner has, so that cards which are not in it are gone.
    """
    connection = store.connection
    taken = Taken()
    _require_tables(connection, schema, name)
    version, moment = connection.execute(f"SELECT ver, mod FROM {schema}.col").fetchone() or (0, 0)  # noqa: S608
    if isinstance(version, int) and version > NEWEST_SCHEMA:
        taken.notices.append(
            f"{name}: is of a newer Anki (schema {version}; {NEWEST_SCHEMA} is the newest we know); its reviews and "
            "card states were read, upgrade staffml-anki for the rest"
        )
    notes, taken.others = _our_notes(connection, schema)
    pull = store.begin_pull(now, name)
    numbers = store.numbers({question for question, _ in notes.values()})
    states = list(_states(connection, schema, notes))
    taken.cards = len(states)
    taken.questions = len({question for question, _ in states})
    told = [(numbers[question], state) for question, state in states]
    known = store.latest_cards()
    # Anki counts it in milliseconds.
    moment = moment // 1000 if isinstance(moment, int) else 0
    if whole:
        told += missing({state.card for _, state in told}, known, moment)
    taken.changed = store.add_states(pull, told, moment)
    cards = {card: number for card, (number, _) in known.items()} | {state.card: number for number, state in told}
    _take_reviews(store, schema, cards, now, taken)
    _take_rollover(store, schema)
    store.end_pull(pull, taken.reviews)
    return taken


def _require_tables(connection: sqlite3.Connection, schema: str, name: str) -> None:
    lacking = {"col", "notes", "cards", "revlog"} - _tables(connection, schema)
    if lacking:
        raise StaffmlAnkiError(f"{name}: is not an Anki collection (it has no table {min(lacking)})")


def _tables(connection: sqlite3.Connection, schema: str) -> set[str]:
    """Real ones: a view could compute for ever."""
    return {row[0] for row in connection.execute(f"SELECT name FROM {schema}.sqlite_master WHERE type = 'table'")}  # noqa: S608


def _our_notetypes(connection: sqlite3.Connection, schema: str) -> list[int]:
    """By id or by name, and only where the first field is the question's id."""
    found: list[tuple[Any, Any, Any]] = []
    if {"notetypes", "fields"} <= _tables(connection, schema):
        joined = f"{schema}.notetypes t JOIN {schema}.fields f ON f.ntid = t.id AND f.ord = 0"
        found = connection.execute(f"SELECT t.id, t.name, f.name FROM {joined}").fetchall()  # noqa: S608
    if not found:
        (text,) = connection.execute(f"SELECT models FROM {schema}.col").fetchone() or ("",)  # noqa: S608
        try:
            models = json.loads(text or "{}")
            found = [(int(key), model["name"], model["flds"][0]["name"]) for key, model in models.items()]
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            raise sqlite3.DatabaseError("note types") from None
    ours = notetype.NAME.casefold()
    return [
        number
        for number, name, first in found
        if first == notetype.FIELDS[0] and (number == notetype.ID or str(name).casefold().startswith(ours))
    ]


def _our_notes(connection: sqlite3.Connection, schema: str) -> tuple[dict[int, tuple[QuestionId, str]], int]:
    """(question, tags) of our notes, by note id; and how many notes are somebody else's."""
    types = ",".join(str(int(each)) for each in _our_notetypes(connection, schema)) or "NULL"
    rows = connection.execute(
        f"SELECT id, substr(flds, 1, instr(flds, char(31)) - 1), tags FROM {schema}.notes WHERE mid IN ({types}) "  # noqa: S608
        "AND typeof(flds) = 'text' AND typeof(tags) = 'text' AND typeof(id) = 'integer'"
    )
    notes = {}
    for number, first, tagged in rows:
        question = html.unescape(first).strip() if first else ""
        if question and len(question) <= _MAX_ID and question.isprintable():
            notes[number] = (QuestionId(question), tagged)
    (every,) = connection.execute(f"SELECT count(*) FROM {schema}.notes").fetchone()  # noqa: S608
    return notes, every - len(notes)


def _states(
    connection: sqlite3.Connection, schema: str, notes: dict[int, tuple[QuestionId, str]]
) -> Iterator[tuple[QuestionId, CardState]]:
    rows = connection.execute(f"SELECT nid, id, mod, type, queue, ivl, reps, lapses, data FROM {schema}.cards")  # noqa: S608
    for note, *numbers, data in rows:
        if note not in notes or not all(isinstance(each, int) for each in numbers):
            continue
        question, tagged = notes[note]
        every = tagged.split()
        marks = tags.has(every, LEECH), tags.has(every, tags.RETIRED)
        card, changed, kind, queue, interval, reps, lapses = numbers
        yield question, CardState(card, changed, kind, queue, interval, reps, lapses, *memory_of(data), *marks)


def memory_of(data: object) -> tuple[float | None, float | None, float | None, int]:
    """(stability, difficulty, decay, last review) in Anki's ``cards.data``; None where FSRS has not spoken."""
    if not isinstance(data, str) or '"s"' not in data:
        return None, None, None, 0
    try:
        raw = json.loads(data)
        stability, difficulty, decay = float(raw["s"]), float(raw["d"]), float(raw.get("decay", 0.5))
        last = int(raw.get("lrt") or 0)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return None, None, None, 0
    if not (0 < stability < 1e6 and 1 <= difficulty <= 10 and 0 < decay < 10 and 0 <= last < 2**40):
        return None, None, None, 0
    return stability, difficulty, decay, last


def missing(alive: Set[int], known: Mapping[int, tuple[int, CardState]], moment: int) -> list[tuple[int, CardState]]:
    """What becomes of cards that we knew, that were there before a moment, and are not alive at it: they are gone."""
    return [
        (number, replace(state, gone=True, changed=max(state.changed, moment)))
        for card, (number, state) in known.items()
        if card not in alive and not state.gone and state.changed <= moment
    ]


_SOUND = (
    "typeof(r.id) = 'integer' AND r.id > 0 AND typeof(r.ease) = 'integer' AND r.ease BETWEEN 0 AND 4 "
    f"AND typeof(r.type) = 'integer' AND r.type BETWEEN 0 AND {Kind.RESCHEDULED.value} "
    + "".join(
        f"AND typeof(r.{name}) = 'integer' AND r.{name} BETWEEN -{_INT32} AND {_INT32} "
        for name in ("ivl", "lastIvl", "factor", "time")
    )
)


def _take_reviews(store: HistoryStore, schema: str, cards: Mapping[int, int], now: int, taken: Taken) -> None:
    """Also reviews whose card is gone from the collection, where an earlier pull has seen the card."""
    connection = store.connection
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS of_card (card INTEGER PRIMARY KEY, question INTEGER)")
    connection.execute("DELETE FROM temp.of_card")
    connection.executemany("INSERT INTO temp.of_card VALUES (?, ?)", cards.items())
    latest = (now + SLACK) * 1000
    source = f"FROM {schema}.revlog r CROSS JOIN temp.of_card c ON c.card = r.cid"
    found = f"{source} WHERE {_SOUND}"
    (every,) = connection.execute(f"SELECT count(*) {source}").fetchone()
    before = connection.total_changes
    # In the order of time, which is the order of both tables: a million rows are appended, and nothing is sorted.
    connection.execute(
        "INSERT INTO reviews (question, time, ease, kind, interval, last_interval, factor, taken) "
        f"SELECT c.question, r.id, r.ease, r.type, r.ivl, r.lastIvl, r.factor, r.time {found} AND r.id <= {latest} "
        "ORDER BY r.id "
        "ON CONFLICT DO UPDATE SET ease = excluded.ease, kind = excluded.kind, interval = excluded.interval, "
        "last_interval = excluded.last_interval, factor = excluded.factor, taken = excluded.taken "
        f"WHERE kind = {Kind.APP.value}"
    )
    taken.reviews = connection.total_changes - before
    if taken.reviews < every:  # else there is nothing to tell apart
        told = connection.execute(f"SELECT count(*), total(r.id > {latest}) {found}").fetchone()
        taken.future, taken.damaged = int(told[1]), every - told[0]
        taken.known = told[0] - taken.future - taken.reviews


def _take_rollover(store: HistoryStore, schema: str) -> None:
    """The hour at which the learner's day begins, where the collection says it."""
    connection = store.connection
    try:
        row = connection.execute(f"SELECT val FROM {schema}.config WHERE key = 'rollover'").fetchone()  # noqa: S608
        value = json.loads(row[0]) if row else None
    except (sqlite3.OperationalError, ValueError, TypeError):
        value = None
    if value is None:
        try:
            (text,) = connection.execute(f"SELECT conf FROM {schema}.col").fetchone()  # noqa: S608
            value = json.loads(text or "{}").get("rollover")
        except (sqlite3.DatabaseError, ValueError, TypeError, AttributeError):
            return
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 23:
        store.set_about("rollover", str(value))
