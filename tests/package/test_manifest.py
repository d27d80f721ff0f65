"""A note keeps the time of the release in which it last changed."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from factory import RELEASED, RELEASED_AGAIN, question, release, write_corpus, write_folder

from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.vault.select import Selection

FIRST = int(datetime.fromisoformat(RELEASED).timestamp())
SECOND = int(datetime.fromisoformat(RELEASED_AGAIN).timestamp())
CREATED = int(datetime(2026, 3, 12, tzinfo=UTC).timestamp())
NOW = 1_790_000_000

type Build = Callable[..., Any]


def mods(package: Path) -> dict[str, int]:
    """question id → modification time, as the package's database has it."""
    import sqlite3
    import zipfile

    with zipfile.ZipFile(package) as archive:
        connection = sqlite3.connect(":memory:")
        connection.deserialize(archive.read("collection.anki2"))
    rows = dict(connection.execute("SELECT flds, mod FROM notes"))
    connection.close()
    return {fields.split("\x1f")[0]: mod for fields, mod in rows.items()}


def test_the_first_build_takes_the_vault_s_own_dates(tmp_path: Path, build_package: Build) -> None:
    questions = [question("a"), question("b", last_modified="2026-04-02"), question("c", created_at=None)]
    build_package(write_folder(tmp_path / "v", questions, [], release()), tmp_path / "a.apkg")
    changed = int(datetime(2026, 4, 2, tzinfo=UTC).timestamp())
    assert mods(tmp_path / "a.apkg") == {"a": CREATED, "b": changed, "c": FIRST}


def test_the_next_release_dates_only_what_changed(tmp_path: Path, build_package: Build) -> None:
    folder = tmp_path / "v"
    build_package(write_folder(folder, [question("a"), question("b")], [], release()), tmp_path / "a.apkg")
    write_folder(folder, [question("b", title="New"), question("c")], [], release(RELEASED_AGAIN, "1.1.0"))
    outcome = build_package(folder, tmp_path / "a.apkg")
    assert mods(tmp_path / "a.apkg") == {"a": CREATED, "b": SECOND, "c": SECOND}
    assert (outcome.added, outcome.updated, outcome.unchanged) == (1, 1, 1)


def test_a_third_release_still_knows_the_second(tmp_path: Path, build_package: Build) -> None:
    folder, out = tmp_path / "v", tmp_path / "a.apkg"
    build_package(write_folder(folder, [question("a"), question("b")], [], release()), out)
    build_package(write_folder(folder, [question("b", title="New")], [], release(RELEASED_AGAIN, "1.1.0")), out)
    build_package(write_folder(folder, [question("c")], [], release("2026-10-01T00:00:00+00:00", "1.2.0")), out)
    third = int(datetime(2026, 10, 1, tzinfo=UTC).timestamp())
    assert mods(out) == {"a": CREATED, "b": SECOND, "c": third}


def test_previous_may_lie_elsewhere(tmp_path: Path, build_package: Build) -> None:
    folder = tmp_path / "v"
    build_package(write_folder(folder, [question("a"), question("b")], [], release()), tmp_path / "a.apkg")
    write_folder(folder, [question("b", title="New")], [], release(RELEASED_AGAIN, "1.1.0"))
    build_package(folder, tmp_path / "b.apkg", previous=tmp_path / "a.manifest.json")
    assert mods(tmp_path / "b.apkg") == {"a": CREATED, "b": SECOND}


def test_content_that_changes_within_one_release_is_newer_all_the_same(tmp_path: Path, build_package: Build) -> None:
    folder, out = tmp_path / "v", tmp_path / "a.apkg"
    build_package(write_folder(folder, [question("a", created_at=None)], [], release()), out)
    build_package(write_folder(folder, [question("a", created_at=None, title="Mended")], [], release()), out)
    assert mods(out) == {"a": FIRST + 1}


def test_without_any_date_the_first_build_that_saw_the_change_counts(tmp_path: Path, build_package: Build) -> None:
    path, out = tmp_path / "corpus.json", tmp_path / "a.apkg"
    first = build_package(write_corpus(path, [question("a"), question("b")]), out, now=NOW)
    assert any("no release date" in notice for notice in first.notices)
    assert any("every note counts as changed" in notice for notice in first.notices)
    second = build_package(write_corpus(path, [question("a"), question("b", title="New")]), out, now=NOW + 999)
    assert mods(out) == {"a": NOW, "b": NOW + 999}
    assert not any("every note" in notice for notice in second.notices)


def test_a_question_that_returns_and_a_narrower_build_are_remembered(tmp_path: Path, build_package: Build) -> None:
    folder, out = tmp_path / "v", tmp_path / "a.apkg"
    write_folder(folder, [question("a"), question("b", track="edge")], [], release())
    build_package(folder, out)
    write_folder(folder, [], [], release(RELEASED_AGAIN, "1.1.0"))
    build_package(folder, out, narrow=Selection(track=("edge",)))
    assert list(mods(out)) == ["b"]
    build_package(folder, out)
    assert mods(out) == {"a": CREATED, "b": CREATED}


def test_a_date_beyond_the_release_or_belief_is_not_taken(tmp_path: Path, build_package: Build) -> None:
    questions = [question("a", last_modified="2031-01-01"), question("b", created_at="0001-01-01")]
    build_package(write_folder(tmp_path / "v", questions, [], release()), tmp_path / "a.apkg")
    assert mods(tmp_path / "a.apkg") == {"a": FIRST, "b": FIRST}


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 1}', "\xff"])
def test_a_broken_manifest_stops_the_build_instead_of_rewriting_every_note(
    vault_folder: Path, tmp_path: Path, build_package: Build, text: str
) -> None:
    build_package(vault_folder, tmp_path / "a.apkg")
    (tmp_path / "a.manifest.json").write_text(text, encoding="latin-1")
    with pytest.raises(StaffmlAnkiError, match=r"a\.manifest\.json: .*; restore it, or delete it to start anew"):
        build_package(vault_folder, tmp_path / "a.apkg")


def test_a_manifest_of_a_later_version_is_refused(vault_folder: Path, tmp_path: Path, build_package: Build) -> None:
    build_package(vault_folder, tmp_path / "a.apkg")
    path = tmp_path / "a.manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 9}))
    with pytest.raises(StaffmlAnkiError, match="has version 9; this staffml-anki knows version 1, upgrade it"):
        build_package(vault_folder, tmp_path / "a.apkg")


def test_another_shape_of_the_same_release_rewrites_no_note(tmp_path: Path, build_package: Build) -> None:
    from factory import sample, write_database

    questions, chains = sample()
    folder = write_folder(tmp_path / "v", questions, chains, release())
    corpus = write_corpus(folder / "corpus.json", questions, chains)
    database = write_database(folder / "vault.db", questions, chains, release())
    out = tmp_path / "a.apkg"
    build_package(folder, out)
    before = mods(out)
    for shape in (corpus, database, folder):
        outcome = build_package(shape, out)
        assert mods(out) == before
        assert (outcome.updated, outcome.unchanged) == (0, 12)
    build_package(corpus, out, narrow=Selection(track=("edge",)))
    build_package(corpus, out)
    assert mods(out) == before, "what was not in the narrower build still remembers the shape it came from"
    questions[0]["title"] = "New"
    write_corpus(corpus, questions, chains)
    build_package(corpus, out)
    assert [key for key, mod in mods(out).items() if mod != before[key]] == ["cloud-0001", "cloud-0002"]


def test_the_first_build_says_so_and_the_next_does_not(tmp_path: Path, build_package: Build) -> None:
    folder = write_folder(tmp_path / "v", [question("a")], [], release())
    assert build_package(folder, tmp_path / "a.apkg").first
    write_folder(folder, [question("b")])
    assert not build_package(folder, tmp_path / "a.apkg").first


def test_a_missing_previous_is_an_error(vault_folder: Path, tmp_path: Path, build_package: Build) -> None:
    with pytest.raises(StaffmlAnkiError, match="gone.json: does not exist"):
        build_package(vault_folder, tmp_path / "a.apkg", previous=tmp_path / "gone.json")
