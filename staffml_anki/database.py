"""SQLite files of our own: opened, brought to the newest schema, and kept aside where they are damaged."""

import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from staffml_anki.errors import StaffmlAnkiError, reason


def open_database(
    path: Path, migrations: Sequence[str], *, damage: str, checked: float = math.inf
) -> tuple[sqlite3.Connection, list[str]]:
    """Open or create a database, and its folder.

    Args:
        migrations: SQL that leads from each version of the schema to the next; the file's version is how many of them
            it has seen.
        damage: what it means where a file was damaged and a new one takes its place.
        checked: bytes up to which a file is looked through for damage now, and not when it is read.

    Returns:
        The connection, in autocommit mode, and what the learner should know.

    Raises:
        StaffmlAnkiError: it cannot be opened, is locked, or was written by a newer version.
    """
    notices: list[str] = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            connection = _open(path, migrations, checked)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise  # locked, or not to be opened: not damaged
            aside = _set_aside(path)
            notices.append(f"{path} was damaged and is kept as {aside.name}: {damage}")
            connection = _open(path, migrations, checked)
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StaffmlAnkiError(
                f"{path}: another staffml-anki is writing it; wait for it to finish, then run this again"
            ) from None
        raise StaffmlAnkiError(f"{path}: cannot be used ({error}); set STAFFML_ANKI_HOME to another folder") from None
    except OSError as error:
        raise StaffmlAnkiError(
            f"{path}: cannot be used ({reason(error)}); set STAFFML_ANKI_HOME to another folder"
        ) from None
    return connection, notices


def is_damaged(path: Path) -> bool:
    """Whether opening a file would set it aside. Changes nothing."""
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", timeout=10, uri=True)
        with closing(connection):
            (health,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return not isinstance(error, sqlite3.OperationalError)
    return bool(health != "ok")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All of what is done inside, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _open(path: Path, migrations: Sequence[str], checked: float) -> sqlite3.Connection:
    # A URI, so that others can be attached read-only.
    connection = sqlite3.connect(path.absolute().as_uri(), timeout=10, isolation_level=None, uri=True)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA trusted_schema = OFF")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(migrations):
            raise StaffmlAnkiError(f"{path}: was written by a newer staffml-anki (version {version}); upgrade this one")
        for number, step in enumerate(migrations[version:], start=version + 1):
            try:
                connection.executescript(f"BEGIN IMMEDIATE; {step} PRAGMA user_version = {number}; COMMIT;")
            except sqlite3.OperationalError:
                connection.rollback()
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                if version < number:
                    raise
                # Another process was faster, while this one waited for it.
        if path.stat().st_size <= checked:
            (health,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if health != "ok":
                raise sqlite3.DatabaseError(health)
    except BaseException:
        connection.close()
        raise
    return connection


def _set_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.stem}.damaged-{number}{path.suffix}")).exists():
        number += 1
    path.replace(aside)
    for rest in ("-wal", "-shm"):
        other = path.with_name(path.name + rest)
        if other.exists():
            other.replace(aside.with_name(aside.name + rest))
    return aside
