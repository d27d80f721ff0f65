"""Reading what Anki exported: the rows as they are, with nothing of the learner's changed."""

import json
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from staffml_anki.errors import StaffmlAnkiError, reason

MAX_COLLECTION = 2_000_000_000
"""Bytes of the database once unpacked: a hundred times what a student of all of StaffML has."""
_MEMBERS = ("collection.anki21", "collection.anki2")
"""Newest first. Where the newer one is there, the older is a dummy that says "please update"."""
_COMPRESSED = "collection.anki21b"
"""The newest of all, compressed with Zstandard; schema 18, where note types and decks are tables of their own."""
_CHUNK = 1 << 20
_WINDOW = 1 << 27
"""The largest window, in bytes, that a decompressor reserves: what ``zstd --long`` needs; Anki takes 2 MB."""
SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Exported:
    """An exported collection, open.

    Attributes:
        models: note types in schema-11 form, by id.
        decks: decks in schema-11 form, by id.
    """

    connection: sqlite3.Connection
    models: Mapping[int, Mapping[str, Any]]
    decks: Mapping[int, Mapping[str, Any]]


@contextmanager
def open_package(path: Path) -> Iterator[Exported]:
    """The collection in a package.

    Raises:
        StaffmlAnkiError: it is not one, or not one that we can read.
    """
    connection = sqlite3.connect(":memory:")
    try:
        try:
            connection.deserialize(_collection(path))
            models, decks = connection.execute("SELECT models, decks FROM col").fetchone()
            exported = Exported(connection, _by_id(models), _by_id(decks))
        except OSError as error:
            raise StaffmlAnkiError(f"{path}: cannot be read ({reason(error)})") from None
        except (zipfile.BadZipFile, EOFError, NotImplementedError):
            raise StaffmlAnkiError(f"{path}: is not an Anki package, or not a whole one") from None
        except (sqlite3.Error, ValueError, TypeError, AttributeError):
            raise StaffmlAnkiError(f"{path}: the collection in this package is damaged") from None
        yield exported
    finally:
        connection.close()


def unpack(path: Path, target: Path, limit: int = MAX_COLLECTION) -> None:
    """Write the collection in a package (.apkg, .colpkg) of any generation to ``target``, as a SQLite database.

    Raises:
        StaffmlAnkiError: it is no package, a damaged one, larger than ``limit`` bytes once unpacked, or of a kind that
            we do not know.
    """
    import zstandard

    try:
        with zipfile.ZipFile(path) as archive, target.open("wb") as out:
            names = archive.namelist()
            member = next((name for name in (_COMPRESSED, *_MEMBERS) if name in names), None)
            if member is None:
                raise _without_collection(path, names)
            with archive.open(member) as file:
                if member == _COMPRESSED:
                    reader = zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(file)
                    _copy(path, reader, out, limit)
                else:
                    _copy(path, file, out, limit)
    except OSError as error:
        raise StaffmlAnkiError(f"{path}: cannot be read ({reason(error)})") from None
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError):
        raise StaffmlAnkiError(f"{path}: is not an Anki package, or not a whole one; export it again") from None
    except zstandard.ZstdError:
        raise StaffmlAnkiError(f"{path}: the collection in this package is damaged; export it again") from None
    with target.open("rb") as made:
        if made.read(len(SQLITE)) != SQLITE:
            raise StaffmlAnkiError(f"{path}: the collection in this package is damaged; export it again")


def _without_collection(path: Path, names: list[str]) -> StaffmlAnkiError:
    if any(re.fullmatch(r"collection\.anki\w+", name) for name in names):
        return StaffmlAnkiError(
            f"{path}: was written by a newer Anki than this staffml-anki knows; upgrade staffml-anki, or export it "
            "with 'Support older Anki versions'"
        )
    return StaffmlAnkiError(f"{path}: is a zip file without a collection; give an .apkg or .colpkg that Anki exported")


def _copy(path: Path, source: IO[bytes] | Any, out: IO[bytes], limit: int) -> None:
    left = limit
    while data := source.read(min(_CHUNK, left + 1)):
        left -= len(data)
        if left < 0:
            raise StaffmlAnkiError(f"{path}: its collection is larger than {limit / 10**9:g} GB")
        out.write(data)


def copy_collection(path: Path, target: Path, limit: int = MAX_COLLECTION) -> None:
    """Copy a ``collection.anki2``, with what Anki has not yet merged into it, without opening or locking it.

    Raises:
        StaffmlAnkiError: it cannot be read, or Anki changed it while it was read.
    """
    log, log_target = path.with_name(path.name + "-wal"), target.with_name(target.name + "-wal")
    try:
        for _ in range(3):
            before = _stamp(path), _stamp(log)
            if path.stat().st_size > limit:
                raise StaffmlAnkiError(f"{path}: is larger than {limit / 10**9:g} GB")
            shutil.copyfile(path, target)
            log_target.unlink(missing_ok=True)
            if before[1] is not None:
                shutil.copyfile(log, log_target)
            if (_stamp(path), _stamp(log)) == before:
                return
    except OSError as error:
        raise StaffmlAnkiError(f"{path}: cannot be read ({reason(error)}); close Anki, then run this again") from None
    raise StaffmlAnkiError(f"{path}: Anki is changing it right now; wait a moment, then run this again")


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        about = path.stat()
    except FileNotFoundError:
        return None
    return about.st_size, about.st_mtime_ns


def _collection(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        member = next((name for name in _MEMBERS if name in names), None)
        if member is None:
            raise StaffmlAnkiError(f"{path}: holds no collection that we can read; export it with 'support older Anki'")
        with archive.open(member) as file:
            data = file.read(MAX_COLLECTION + 1)
    if len(data) > MAX_COLLECTION:
        raise StaffmlAnkiError(f"{path}: its collection is larger than {MAX_COLLECTION // 10**9} GB")
    return data


def _by_id(text: str) -> dict[int, Mapping[str, Any]]:
    return {int(number): value for number, value in json.loads(text).items()}
