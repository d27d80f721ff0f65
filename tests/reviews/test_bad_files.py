"""Files that are not what they say: refused in one line, and the history stays as it was."""

import contextlib
import io
import itertools
import json
import sqlite3
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from learner import AGAIN, GOOD, Learner
from test_pull import questions

from staffml_anki.cards import notetype
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.reviews import HistoryStore
from staffml_anki.reviews.pull import pull_file

NOW = int(time.time()) + 5


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    learner = Learner(tmp_path_factory.mktemp("learner"), questions(4), [])
    learner.study(3, itertools.cycle((GOOD, AGAIN)))
    path = learner.export("anki21b")
    learner.close()
    return path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[HistoryStore]:
    with HistoryStore(tmp_path / "history.db") as opened:
        yield opened


def package(path: Path, data: bytes, member: str = "collection.anki21b") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, data)
    return path


def squeezed(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def collection_of(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(archive.read("collection.anki21b"))).read()


def changed(good: Path, target: Path, *statements: str) -> Path:
    """The good collection with its rows changed, as a file of its own."""
    target.write_bytes(collection_of(good))
    connection = sqlite3.connect(target)
    connection.create_collation("unicase", lambda a, b: (a > b) - (a < b))
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return target


def cut(good: Path, target: Path) -> Path:
    target.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    return target


def folder(_: Path, target: Path) -> Path:
    target.mkdir()
    return target


BAD: dict[str, tuple[Callable[[Path, Path], Path], str]] = {
    "nothing there": (lambda g, t: t, "no such file"),
    "a folder": (folder, "is a folder"),
    "empty": (lambda g, t: (t.write_bytes(b""), t)[1], "broken JSON"),
    "a picture": (lambda g, t: (t.write_bytes(b"\x89PNG\r\n\x1a\n" * 9), t)[1], "not UTF-8"),
    "half a zip": (cut, "not an Anki package, or not a whole one"),
    "a zip of something": (lambda g, t: package(t, b"x", "readme.txt"), "zip file without a collection"),
    "a zip from the future": (lambda g, t: package(t, b"x", "collection.anki99"), "newer Anki than this"),
    "zstd garbage": (lambda g, t: package(t, b"\x28\xb5\x2f\xfd" + b"\xff" * 999), "is damaged"),
    "half of zstd": (lambda g, t: package(t, squeezed(collection_of(g))[:3000]), "is damaged"),
    "zstd of something": (lambda g, t: package(t, squeezed(b"hello")), "is damaged"),
    "a zip bomb": (lambda g, t: package(t, squeezed(b"SQLite format 3\0" + bytes(60_000_000))), "larger than 0.05 GB"),
    "an old zip bomb": (
        lambda g, t: package(t, b"SQLite format 3\0" + bytes(60_000_000), "collection.anki21"), "larger than 0.05 GB",
    ),
    "half a database": (lambda g, t: package(t, squeezed(collection_of(g)[:20_000])), "is damaged"),
    "a database of somebody else": (lambda g, t: _other(t), "not an Anki collection"),
    "views instead of tables": (
        lambda g, t: changed(
            g, t, "ALTER TABLE revlog RENAME TO old", "CREATE VIEW revlog AS SELECT * FROM old"
        ), "no table revlog",
    ),
    "a progress file of tomorrow": (lambda g, t: _json(t, {"version": 2, "attempts": []}), "we know version 1"),
    "a list": (lambda g, t: _json(t, [1, 2]), "not a progress file"),
    "other JSON": (lambda g, t: _json(t, {"name": "x"}), "not a progress file"),
    "attempts that are no list": (lambda g, t: _json(t, {"version": 1, "attempts": {}}), "must be a list"),
}  # fmt: skip


def _other(path: Path) -> Path:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.close()
    return path


def _json(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_is_refused_in_one_line(good: Path, store: HistoryStore, tmp_path: Path, what: str) -> None:
    make, word = BAD[what]
    pull_file(store, good, NOW)
    before = store.read()
    path = make(good, tmp_path / "bad")
    with pytest.raises(StaffmlAnkiError) as caught:
        pull_file(store, path, NOW, limit=50_000_000)
    assert word in str(caught.value)
    assert str(path.name) in str(caught.value)
    assert "\n" not in str(caught.value)
    after = store.read()
    assert after.cards == before.cards
    assert (after.reviews.rows == before.reviews.rows).all()
    assert store.connection.execute("SELECT count(*) FROM pulls").fetchone() == (1,)
    assert pull_file(store, good, NOW).taken.reviews == 0, "the history still works"


def test_every_place_at_which_a_package_can_be_damaged(good: Path, store: HistoryStore, tmp_path: Path) -> None:
    data = bytearray(collection_of(good))
    for place in range(0, len(data), len(data) // 60):
        rotten = bytearray(data)
        rotten[place : place + 64] = b"\xa5" * len(rotten[place : place + 64])
        path = package(tmp_path / "rotten.apkg", squeezed(bytes(rotten)))
        try:
            pull_file(store, path, NOW)
        except StaffmlAnkiError as error:
            assert "rotten.apkg" in str(error)


def test_reviews_of_the_future_and_impossible_rows_are_left_out(
    good: Path, store: HistoryStore, tmp_path: Path
) -> None:
    path = changed(
        good,
        tmp_path / "odd.anki2",
        f"UPDATE revlog SET id = {(NOW + 10 * 86_400) * 1000} WHERE id = (SELECT max(id) FROM revlog)",
        "UPDATE revlog SET ease = 77 WHERE id = (SELECT min(id) FROM revlog)",
        "INSERT INTO revlog SELECT 5, cid, usn, 3, 'x', lastIvl, factor, time, type FROM revlog LIMIT 1",
        "INSERT INTO revlog SELECT -5, cid, usn, 3, ivl, lastIvl, factor, time, type FROM revlog LIMIT 1",
        "INSERT INTO revlog SELECT 6, cid, usn, 3, ivl, lastIvl, 9999999999999, time, type FROM revlog LIMIT 1",
        'UPDATE cards SET data = \'{"s": 1e999, "d": 5}\'',
    )
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM revlog").fetchone()
    taken = pull_file(store, path, NOW).taken
    assert (taken.future, taken.damaged, taken.reviews) == (1, 4, count - 5)
    assert all(state.stability is None for (state,) in store.read().cards.values())
    late = pull_file(store, path, NOW + 11 * 86_400).taken
    assert (late.future, late.reviews) == (0, 1), "it is taken when its day has come"


def test_a_collection_newer_than_we_know_is_read_as_far_as_is_safe(
    good: Path, store: HistoryStore, tmp_path: Path
) -> None:
    path = changed(good, tmp_path / "newer.anki2", "UPDATE col SET ver = 42", "ALTER TABLE revlog ADD COLUMN mood")
    pulled = pull_file(store, path, NOW)
    assert "newer Anki (schema 42" in pulled.taken.notices[0]
    assert pulled.taken.reviews > 0


def test_other_people_s_notes_are_not_ours(good: Path, store: HistoryStore, tmp_path: Path) -> None:
    path = changed(good, tmp_path / "other.anki2", "UPDATE notes SET mid = 1")
    pulled = pull_file(store, path, NOW)
    assert not pulled.ours
    assert pulled.taken.others == 4
    assert store.read().empty


def test_a_renamed_field_is_no_id(good: Path, store: HistoryStore, tmp_path: Path) -> None:
    path = changed(good, tmp_path / "renamed.anki2", "UPDATE fields SET name = 'Front' WHERE ord = 0")
    assert not pull_file(store, path, NOW).ours


def test_ids_that_no_question_can_have_are_left_out(good: Path, store: HistoryStore, tmp_path: Path) -> None:
    path = changed(
        good, tmp_path / "ids.anki2", "UPDATE notes SET flds = char(27) || flds WHERE id = (SELECT min(id) FROM notes)"
    )
    assert pull_file(store, path, NOW).taken.questions == 3


def test_attempts_with_wrong_shapes_are_left_out(store: HistoryStore, tmp_path: Path) -> None:
    right = {"questionId": "cloud-1", "selfScore": 3, "timestamp": 1_700_000_000_000}
    wrong: list[Any] = [
        None, [], "x", {}, right | {"selfScore": 4}, right | {"selfScore": "3"}, right | {"timestamp": "now"},
        right | {"timestamp": -1}, right | {"questionId": 7}, right | {"questionId": ""}, right | {"questionId": "a\n"},
        right | {"timestamp": True}, right | {"questionId": "x" * 999},
    ]  # fmt: skip
    tomorrow = right | {"timestamp": (NOW + 9 * 86_400) * 1000}
    path = _json(
        tmp_path / "p.json",
        {"version": 1, "attempts": [right, *wrong, tomorrow], "sr": {"cloud-1": {"interval": -4}, "cloud-9": 3}},
    )
    taken = pull_file(store, path, NOW).taken
    assert (taken.reviews, taken.damaged, taken.future) == (1, len(wrong) + 2, 1)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"version": 1, "attempts": ' + "[" * 100_000, "1" * 10_000, "{", "\ud800"]
)
def test_json_that_would_hurt(store: HistoryStore, tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(StaffmlAnkiError):
        pull_file(store, path, NOW)


def test_our_note_type_is_found_by_name_too(good: Path, store: HistoryStore, tmp_path: Path) -> None:
    path = changed(
        good,
        tmp_path / "plus.anki2",
        "UPDATE notes SET mid = 77",
        f"UPDATE fields SET ntid = 77 WHERE ntid = {notetype.ID}",
        f"UPDATE notetypes SET id = 77, name = '{notetype.NAME}+' WHERE id = {notetype.ID}",
    )
    assert pull_file(store, path, NOW).taken.questions == 4
