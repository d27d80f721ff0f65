"""A learner's whole collection as a .colpkg, of any size: the questions of a vault and years of reviews.

python -m benchmarks.histories VAULT REVIEWS OUT.colpkg [--no-fsrs]
python -m benchmarks.histories FILE.colpkg
"""

import json
import random
import sqlite3
import sys
import tempfile
import zipfile
from pathlib import Path

import zstandard

from staffml_anki.cards import notetype
from staffml_anki.vault import load_vault

END = 1_790_000_000
DAYS = 900


def write_history(vault: Path, reviews: int, target: Path, *, fsrs: bool = True) -> None:
    """Write the collection. Nine questions in ten are studied."""
    questions = sorted(load_vault(vault).questions)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "collection.anki21b"
        connection = sqlite3.connect(path)
        connection.executescript(
            "CREATE TABLE col (id INTEGER, crt INTEGER, mod INTEGER, ver INTEGER, conf TEXT, models TEXT);"
            "CREATE TABLE notetypes (id INTEGER, name TEXT);"
            "CREATE TABLE fields (ntid INTEGER, ord INTEGER, name TEXT);"
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, mid INTEGER, tags TEXT, flds TEXT);"
            "CREATE TABLE cards (id INTEGER PRIMARY KEY, nid INTEGER, did INTEGER, ord INTEGER, mod INTEGER,"
            " type INTEGER, queue INTEGER, ivl INTEGER, reps INTEGER, lapses INTEGER, data TEXT);"
            "CREATE TABLE revlog (id INTEGER PRIMARY KEY, cid INTEGER, usn INTEGER, ease INTEGER, ivl INTEGER,"
            " lastIvl INTEGER, factor INTEGER, time INTEGER, type INTEGER); CREATE INDEX ix ON revlog (cid);"
        )
        connection.execute("INSERT INTO col VALUES (1, 0, ?, 18, '', '')", (END * 1000,))
        connection.execute("INSERT INTO notetypes VALUES (?, ?)", (notetype.ID, notetype.NAME))
        connection.execute("INSERT INTO fields VALUES (?, 0, 'ID')", (notetype.ID,))
        rng = random.Random(4)
        filler = "x" * 2500
        studied = max(1, len(questions) * 9 // 10)
        for number, key in enumerate(questions):
            fields = "\x1f".join([key, filler, *[""] * 37])
            connection.execute("INSERT INTO notes VALUES (?,?,?,?)", (number + 1, notetype.ID, " StaffML::x ", fields))
            known = number < studied
            data = {"s": rng.uniform(1, 400), "d": rng.uniform(1, 10), "decay": 0.1542, "lrt": END - number * 60}
            state = (2, 2, rng.randrange(1, 300), 9, number % 4) if known else (0, 0, 0, 0, 0)
            row = (number + 1, number + 1, 1, 0, END - number, *state, json.dumps(data) if known and fsrs else "")
            connection.execute("INSERT INTO cards VALUES (?,?,?,?,?,?,?,?,?,?,?)", row)
        start, step = (END - DAYS * 86_400) * 1000, DAYS * 86_400_000 // max(reviews, 1)
        connection.executemany(
            "INSERT INTO revlog VALUES (?,?,0,?,?,?,2500,?,?)",
            (
                (
                    start + number * step,
                    rng.randrange(studied) + 1,
                    rng.choices((1, 2, 3, 4), (12, 8, 70, 10))[0],
                    rng.randrange(1, 200),
                    rng.randrange(1, 100),
                    rng.randrange(2_000, 60_000),
                    rng.choices((0, 1, 2, 3), (15, 75, 8, 2))[0],
                )
                for number in range(reviews)
            ),
        )
        connection.commit()
        connection.close()
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("meta", b"\x08\x03")
            archive.writestr("collection.anki21b", zstandard.ZstdCompressor(level=3).compress(path.read_bytes()))
            archive.writestr("collection.anki2", b"")


def read_plain(source: Path) -> None:
    """The yardstick: decompress the collection, and read its reviews with plain SQLite."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "collection.anki2"
        with zipfile.ZipFile(source) as archive, archive.open("collection.anki21b") as file, path.open("wb") as out:
            zstandard.ZstdDecompressor().copy_stream(file, out)
        connection = sqlite3.connect(path)
        count = sum(1 for _ in connection.execute("SELECT * FROM revlog"))
        connection.close()
    print(count)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        read_plain(Path(sys.argv[1]))
    else:
        write_history(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), fsrs="--no-fsrs" not in sys.argv)
