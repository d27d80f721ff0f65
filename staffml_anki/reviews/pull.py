"""Pulling: from a running Anki, or from a file of any kind that a learner may have. All of it, or nothing."""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from staffml_anki.anki import shapes
from staffml_anki.anki.errors import AnkiClosedError, AnkiError
from staffml_anki.anki.gateway import Gateway
from staffml_anki.anki.held import HeldNotetype
from staffml_anki.anki.snapshot import MOST_EXPORTS, read_notetype, require_fields
from staffml_anki.errors import StaffmlAnkiError, reason
from staffml_anki.package.reader import MAX_COLLECTION, SQLITE, copy_collection, unpack
from staffml_anki.reviews.collection import Taken, attached, missing, take_collection
from staffml_anki.reviews.live import Told, ask, take_told
from staffml_anki.reviews.progress import take_progress
from staffml_anki.reviews.store import HistoryStore

type Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull did.

    Attributes:
        source: where from, for people.
        total: reviews in the history now.
    """

    source: str
    taken: Taken
    total: int

    @property
    def ours(self) -> bool:
        """Whether there was any StaffML question at all."""
        return bool(self.taken.questions or self.taken.reviews or self.taken.known)


def _quiet(_: str) -> None: ...


def pull_file(store: HistoryStore, path: Path, now: int, say: Say = _quiet, limit: int = MAX_COLLECTION) -> Pulled:
    """Add what a file tells: an .apkg or .colpkg, a collection.anki2, or the StaffML app's progress file.

    The file is read from a copy, and never changed or locked.

    Args:
        now: seconds since the epoch; reviews after it are left out.
        limit: bytes of a collection once unpacked.

    Raises:
        StaffmlAnkiError: it is none of those, is damaged or too large. The history is as it was.
    """
    head = _head(path)
    if not head.startswith((b"PK", SQLITE)):
        with store.writing():
            taken = take_progress(store, path, now)
            store.keep_columns()
        return Pulled(f"progress file {path.name}", taken, store.counts().reviews)
    with tempfile.TemporaryDirectory(prefix="staffml-anki-") as scratch:
        database = Path(scratch) / "collection.anki2"
        say(f"reading {path.name}")
        if head.startswith(SQLITE):
            copy_collection(path, database, limit)
        else:
            unpack(path, database, limit)
        whole = head.startswith(SQLITE) or path.suffix.lower() == ".colpkg"
        say("adding to the history")
        taken = _take_database(store, database, path.name, now, whole=whole)
    return Pulled(path.name, taken, store.counts().reviews)


def _head(path: Path) -> bytes:
    try:
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "no such file"
            raise StaffmlAnkiError(f"{path}: {what}; give an .apkg, a .colpkg, a collection.anki2 or a progress file")
        with path.open("rb") as file:
            return file.read(len(SQLITE))
    except OSError as error:
        raise StaffmlAnkiError(f"{path}: cannot be read ({reason(error)})") from None


def _take_database(store: HistoryStore, database: Path, name: str, now: int, *, whole: bool) -> Taken:
    with attached(store, [database], name) as schemas, store.writing():
        taken = take_collection(store, schemas[0], name, now, whole=whole)
        store.keep_columns()
    return taken


def pull_anki(
    store: HistoryStore, gateway: Gateway, now: int, say: Say = _quiet, *, use_packages: bool = True
) -> Pulled:
    """Add what a running Anki tells: by exporting our decks with their scheduling where we see the file, else by calls.

    Raises:
        AnkiError: Anki does not answer as it should. The history is as it was.
    """
    held = read_notetype(gateway)
    if held is None:
        return Pulled("Anki", Taken(), store.counts().reviews)
    require_fields(held)
    with tempfile.TemporaryDirectory(prefix=".pull-", dir=store.path.parent) as scratch:
        packages: list[Path] = []
        if use_packages and gateway.is_local:
            say("exporting from Anki")
            packages = _export(gateway, held, Path(scratch))
        cards = gateway.find_cards(f"mid:{held.id}")
        databases = []
        for number, package in enumerate(packages):
            databases.append(Path(scratch) / f"{number}.anki2")
            unpack(package, databases[-1])
        told = _told(gateway, held, databases, cards, now, say)
        say("adding to the history")
        taken = _add(store, databases, told, set(cards), now)
    return Pulled("Anki", taken, store.counts().reviews)


def _export(gateway: Gateway, held: HeldNotetype, scratch: Path) -> list[Path]:
    """Exports of the top-level decks that hold most of our cards; none where we cannot see what Anki writes."""
    home = shapes.ids("findCards", gateway.call("findCards", query=f"mid:{held.id} -deck:filtered"))
    tops = Counter(name.partition("::")[0] for name in gateway.decks_of(home).values())
    made = []
    for number, (name, _) in enumerate(tops.most_common(MOST_EXPORTS)):
        target = scratch / f"{number}.apkg"
        try:
            gateway.export_package(name, str(target))
        except AnkiClosedError:
            raise
        except AnkiError:
            break
        if not target.is_file():
            break
        made.append(target)
    return made


def _told(
    gateway: Gateway, held: HeldNotetype, databases: list[Path], cards: list[int], now: int, say: Say
) -> Told | None:
    """What the exports do not hold, asked for; None where they hold everything."""
    import sqlite3

    exported: set[int] = set()
    for database in databases:
        connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
        try:
            exported.update(row[0] for row in connection.execute("SELECT id FROM cards"))
        except sqlite3.DatabaseError:
            raise StaffmlAnkiError("Anki exported a damaged package; run Tools → Check Database in Anki") from None
        finally:
            connection.close()
    rest = [card for card in cards if card not in exported]
    if not rest:
        return None
    say("asking Anki for reviews")
    if not exported:
        return ask(gateway, held, now)
    notes: set[int] = set()
    for start in range(0, len(rest), 1_000):
        query = f"cid:{','.join(map(str, rest[start : start + 1_000]))}"
        notes.update(gateway.find_notes(query))
    return ask(gateway, held, now, sorted(notes))


def _add(store: HistoryStore, databases: list[Path], told: Told | None, alive: set[int], now: int) -> Taken:
    """Everything in one transaction."""
    total = Taken()
    with attached(store, databases, "Anki's export") as schemas, store.writing():
        for schema in schemas:
            total.add(take_collection(store, schema, "Anki", now, whole=False))
        pull = store.begin_pull(now, "Anki")
        if told is not None:
            take_told(store, pull, told, now, total)
        total.changed += store.add_states(pull, missing(alive, store.latest_cards(), now), now)
        store.end_pull(pull, total.reviews)
        store.keep_columns()
    return total
