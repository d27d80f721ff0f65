"""Reading an .apkg that Anki exported: the rows as they are, in memory, with nothing on disk changed."""

import json
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from staffml_anki.errors import StaffmlAnkiError, reason

MAX_COLLECTION = 2_000_000_000
"""Bytes of the database once unpacked: a hundred times what a student of all of StaffML has."""
_MEMBERS = ("collection.anki21", "collection.anki2")
"""Newest first. Where the newer one is there, the older is a dummy that says "please update"."""


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
