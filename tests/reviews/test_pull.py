"""Histories of the real scheduler, pulled every way there is: each review once, whatever became of its card."""

import hashlib
import itertools
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from factory import question
from learner import AGAIN, EASY, GOOD, HARD, Learner
from server import Fault, Server

from staffml_anki.anki.errors import AnkiError
from staffml_anki.anki.gateway import Gateway
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.reviews import History, HistoryStore, history_at
from staffml_anki.reviews.pull import Pulled, pull_anki, pull_file
from staffml_anki.reviews.store import MIGRATIONS, adopt
from staffml_anki.vault import QuestionId

NOW = int(time.time()) + 5
RATINGS = (GOOD, GOOD, AGAIN, GOOD, EASY, HARD)
KINDS = ("anki21b", "anki21", "colpkg", "old colpkg", "file")
LEVELS = ("L1", "L2", "L3", "L4", "L5", "L6+")


def questions(count: int = 8) -> list[dict[str, Any]]:
    return [question(f"cloud-{n:04d}", level=LEVELS[n % 6], title=f"Title {n}") for n in range(1, count + 1)]


@pytest.fixture
def learner(tmp_path: Path) -> Iterator[Learner]:
    made = Learner(tmp_path / "learner", questions(), [])
    yield made
    made.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[HistoryStore]:
    with HistoryStore(tmp_path / "home" / "files" / "history.db") as opened:
        yield opened


def plain(history: History) -> list[tuple[Any, ...]]:
    """(question, time, ease, kind) of every review, in order of time."""
    rows = history.reviews.rows
    found = [(history.questions[r["question"]], *(int(r[n]) for n in ("time", "ease", "kind"))) for r in rows]
    return sorted(found, key=lambda row: row[1])


def told_by_anki(learner: Learner) -> list[tuple[Any, ...]]:
    ids = {card: learner.col.get_card(card).note().fields[0] for card in learner.col.find_cards("")}
    return [(ids[card], time, ease, kind) for card, time, ease, kind in learner.reviews()]


@pytest.mark.parametrize("kind", KINDS)
def test_every_generation_of_files_tells_the_same(learner: Learner, store: HistoryStore, kind: str) -> None:
    learner.study(12, itertools.cycle(RATINGS))
    told = told_by_anki(learner)
    pulled = pull_file(store, learner.export(kind), NOW)
    history = store.read()
    assert plain(history) == told
    assert pulled.taken.reviews == len(told) == pulled.total
    assert set(history.cards) == set(learner.ids())
    for key, (state,) in history.cards.items():
        card = learner.card(key)
        assert (state.type, state.queue, state.interval, state.reps, state.lapses) == (
            card.type, card.queue, card.ivl, card.reps, card.lapses,
        )  # fmt: skip
        memory = card.memory_state
        assert (state.stability is None) == (memory is None)
        if memory is not None:
            assert state.stability == pytest.approx(memory.stability, abs=0.001)
            assert state.difficulty == pytest.approx(memory.difficulty, abs=0.01)
    assert history.rollover == 4


@pytest.mark.parametrize("kind", KINDS)
def test_pulling_twice_adds_nothing(learner: Learner, store: HistoryStore, kind: str) -> None:
    learner.study(5, itertools.cycle(RATINGS))
    path = learner.export(kind)
    first = pull_file(store, path, NOW)
    before = store.read()
    again = pull_file(store, path, NOW + 100)
    after = store.read()
    assert (again.taken.reviews, again.taken.known, again.taken.changed) == (0, first.taken.reviews, 0)
    assert plain(after) == plain(before)
    assert after.cards == before.cards


def test_a_file_is_read_while_anki_has_it_open_and_stays_as_it_is(learner: Learner, store: HistoryStore) -> None:
    learner.study(3, itertools.cycle(RATINGS))
    learner.answer(learner.ids()[0], GOOD)  # lies in the log beside the file, while Anki holds its lock
    told = told_by_anki(learner)

    def digest() -> list[str]:
        return [hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(learner.folder.glob("collection.anki2*"))]

    before = digest()
    pull_file(store, learner.path, NOW)
    assert plain(store.read()) == told
    assert digest() == before
    learner.answer(learner.ids()[1], GOOD)


def test_phone_and_desktop_that_overlap_count_once(learner: Learner, store: HistoryStore) -> None:
    learner.study(4, itertools.cycle(RATINGS))
    phone = learner.export("anki21b")
    time.sleep(1.1)  # Anki's clock for what changed has seconds
    learner.study(4, itertools.cycle(RATINGS))
    told, states = told_by_anki(learner), {key: learner.card(key).reps for key in learner.ids()}
    # Time was moved: the phone's reviews are four days younger than the desktop's. Move them, too.
    desktop = learner.export("colpkg")
    pull_file(store, desktop, NOW)
    assert plain(store.read()) == told
    pull_file(store, desktop, NOW)
    newer = {key: cards[0].reps for key, cards in store.read().cards.items()}
    assert newer == states
    pull_file(store, phone, NOW)
    assert {key: cards[0].reps for key, cards in store.read().cards.items()} == states, "an older file says nothing new"


def test_reviews_outlive_their_note_and_the_collection(learner: Learner, store: HistoryStore) -> None:
    learner.study(6, itertools.cycle(RATINGS))
    pull_file(store, learner.export("colpkg"), NOW)
    told = told_by_anki(learner)
    gone = told[0][0]
    learner.answer(gone, GOOD)
    late = told_by_anki(learner)
    time.sleep(1.1)  # Anki's clock for what changed has seconds
    learner.col.remove_notes([learner.card(gone).nid])
    learner.col.set_config("touched", True)
    pull_file(store, learner.export("colpkg"), NOW + 10)
    history = store.read()
    assert plain(history) == late, "the last review came after the pull that saw the card"
    assert [state.gone for state in history.cards[gone]] == [True]
    assert not any(state.gone for key, states in history.cards.items() if key != gone for state in states)


def test_a_note_that_comes_back_is_there_again(learner: Learner, store: HistoryStore) -> None:
    learner.study(3, itertools.cycle(RATINGS))
    backup = learner.export("colpkg").rename(learner.folder / "backup.colpkg")
    lost = QuestionId(learner.ids()[0])
    states = {}
    time.sleep(1.1)  # Anki's clock for what changed has seconds
    learner.col.remove_notes([learner.card(lost).nid])
    learner.col.set_config("touched", True)
    deleted = learner.export("colpkg").rename(learner.folder / "deleted.colpkg")
    for name, path in (("before", backup), ("deleted", deleted), ("an old file", backup)):
        pull_file(store, path, NOW)
        states[name] = store.read().cards[lost][0].gone
    time.sleep(1.1)
    learner.restore(backup)
    for name, path in (("restored", learner.export("colpkg")), ("the file without it", deleted)):
        pull_file(store, path, NOW)
        states[name] = store.read().cards[lost][0].gone
    assert [name for name, gone in states.items() if gone] == ["deleted", "an old file"]
    assert len(store.read().cards) == 8


def test_an_undone_review_never_was(learner: Learner, store: HistoryStore) -> None:
    key = learner.ids()[0]
    learner.answer(key, GOOD)
    learner.answer(key, AGAIN)
    learner.col.undo()
    pull_file(store, learner.export("anki21b"), NOW)
    assert [row[2] for row in plain(store.read())] == [3]


def test_an_undone_collection_is_an_older_copy_of_itself(learner: Learner, store: HistoryStore) -> None:
    """Why a review that was undone after it was pulled stays; docs/coverage.md says so."""
    key = learner.ids()[0]

    def everything() -> list[Any]:
        database: Any = learner.col.db
        cards = "SELECT id, mod, usn, type, queue, due, ivl, factor, reps, lapses, left, data FROM cards"
        return [database.all(each) for each in ("SELECT crt, mod, scm, usn FROM col", cards, "SELECT * FROM revlog")]

    learner.answer(key, GOOD)
    before = everything()
    time.sleep(1.1)  # Anki's clock for what changed has seconds
    learner.answer(key, AGAIN)
    pull_file(store, learner.export("anki21b"), NOW)
    pulled = plain(store.read())
    assert everything() != before
    learner.col.undo()
    assert everything() == before, "even the times of change"
    pull_file(store, learner.export("colpkg"), NOW)
    assert plain(store.read()) == pulled, "what an older copy lacks stays"


def test_states_are_kept_by_pull(learner: Learner, store: HistoryStore) -> None:
    key = learner.ids()[0]
    for number in range(3):
        learner.answer(key, GOOD)
        time.sleep(1.1)
        pull_file(store, learner.export("anki21"), NOW + number)
    rows = store.connection.execute("SELECT reps, latest FROM states WHERE reps > 0 ORDER BY pull").fetchall()
    assert rows == [(1, 0), (2, 0), (3, 1)]
    assert [row[0] for row in store.connection.execute("SELECT reviews FROM pulls")] == [1, 1, 1]


# -- a running Anki -------------------------------------------------------------------------------


def test_a_running_anki_tells_what_its_file_tells(learner: Learner, tmp_path: Path) -> None:
    learner.study(8, itertools.cycle(RATINGS))
    learner.col.sched.suspend_cards([learner.card("cloud-0001").id])
    elsewhere: Any = learner.col.decks.id("Elsewhere")
    learner.col.set_deck([learner.card("cloud-0002").id], elsewhere)
    learner.cram("ID:cloud-0003", reschedule=True)
    told, stats = told_by_anki(learner), {key: learner.card(key) for key in learner.ids()}
    learner.col.close()
    for packages in (True, False):
        with (
            Server(learner.path, packages=packages) as server,
            HistoryStore(tmp_path / str(packages) / "history.db") as store,
        ):
            pulled = pull_anki(store, Gateway(server.url), NOW)
            history = store.read()
            assert plain(history) == told
            assert pulled.taken.reviews == len(told)
            for key, (state,) in history.cards.items():
                assert (state.suspended, state.reps) == (stats[key].queue == -1, stats[key].reps)
                if state.type == 2 or packages:
                    assert state.interval == stats[key].ivl
            asked = [row["params"]["cards"] for row in server.requests if row["action"] == "getReviewsOfCards"]
            assert len([card for cards in asked for card in cards]) == (1 if packages else 8), (
                "what is in a filtered deck"
            )
            assert pull_anki(store, Gateway(server.url), NOW + 1).taken.reviews == 0
    learner.col = type(learner.col)(str(learner.path))


def test_what_calls_cannot_say_a_file_adds_and_it_stays(learner: Learner, tmp_path: Path) -> None:
    learner.study(8, itertools.cycle(RATINGS))
    stability = {
        key: card.memory_state and card.memory_state.stability for key in learner.ids() if (card := learner.card(key))
    }
    path = learner.export("colpkg")
    learner.col.close()
    with (
        Server(learner.path, packages=False) as server,
        HistoryStore(tmp_path / "history.db") as store,
    ):
        pull_anki(store, Gateway(server.url), NOW)
        assert all(state.stability is None for (state,) in store.read().cards.values()), "no call tells it"
        pull_file(store, path, NOW + 1)
        told = store.read().cards
        pull_anki(store, Gateway(server.url), NOW + 2)
        assert store.read().cards == told
    assert {key: state.stability for key, (state,) in told.items()} == {
        key: value and pytest.approx(value, abs=0.001) for key, value in stability.items()
    }
    learner.col = type(learner.col)(str(learner.path))


def test_a_running_anki_without_our_notes(tmp_path: Path, store: HistoryStore) -> None:
    with Server(tmp_path / "collection.anki2") as server:
        assert not pull_anki(store, Gateway(server.url), NOW).ours


@pytest.mark.parametrize("kind", ["die", "reset", "truncated", "wrong items", "null", "http500"])
@pytest.mark.parametrize("packages", [True, False])
def test_whatever_breaks_the_history_has_all_of_a_pull_or_nothing(
    learner: Learner, tmp_path: Path, kind: Any, packages: bool
) -> None:
    learner.study(3, itertools.cycle(RATINGS))
    told = told_by_anki(learner)
    learner.col.close()
    with Server(learner.path, packages=packages) as server:
        with HistoryStore(tmp_path / "whole.db") as store:
            pull_anki(store, Gateway(server.url), NOW)
        requests = len(server.requests)
    for number in range(1, requests + 1):
        with (
            Server(learner.path, packages=packages) as server,
            HistoryStore(tmp_path / f"{number}.db") as store,
        ):
            server.faults = lambda at, _, number=number: Fault(kind) if at == number else None
            try:
                pull_anki(store, Gateway(server.url, patience=0.05), NOW)
            except AnkiError:
                assert plain(store.read()) == []
                assert store.read().cards == {}
            else:
                assert plain(store.read()) == told
            assert list(store.path.parent.glob(".pull-*")) == []
    learner.col = type(learner.col)(str(learner.path))


# -- the file -------------------------------------------------------------------------------------


def test_a_pull_that_is_cut_off_midway_adds_nothing(
    learner: Learner, store: HistoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner.study(3, itertools.cycle(RATINGS))

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(HistoryStore, "end_pull", cut)
    with pytest.raises(KeyboardInterrupt):
        pull_file(store, learner.export("anki21b"), NOW)
    monkeypatch.undo()
    assert store.read().empty
    assert store.connection.execute("SELECT count(*) FROM pulls").fetchone() == (0,)
    assert pull_file(store, learner.export("anki21b"), NOW).taken.reviews > 0


@pytest.mark.parametrize("damage", [b"not a database at all", b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_damaged_history_is_kept_aside(tmp_path: Path, learner: Learner, damage: bytes) -> None:
    path = tmp_path / "history.db"
    for number in (1, 2):
        path.write_bytes(damage)
        with HistoryStore(path) as store:
            assert f"damaged-{number}" in store.notices[0]
            assert store.read().empty
            assert (tmp_path / f"history.damaged-{number}.db").read_bytes() == damage
            assert pull_file(store, learner.export("anki21b"), NOW).taken.cards == 8
        path.unlink()


def test_a_page_that_rots_is_found(tmp_path: Path, learner: Learner) -> None:
    path = tmp_path / "history.db"
    learner.study(10, itertools.cycle(RATINGS))
    with HistoryStore(path) as store:
        pull_file(store, learner.export("anki21b"), NOW)
        store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (root,) = store.connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'reviews'").fetchone()
        (size,) = store.connection.execute("PRAGMA page_size").fetchone()
    data = bytearray(path.read_bytes())
    data[(root - 1) * size : root * size] = b"\x5a" * size
    path.write_bytes(data)
    with HistoryStore(path) as store:
        assert "damaged-1" in store.notices[0]
    assert (tmp_path / "history.damaged-1.db").read_bytes() == bytes(data)


def test_a_locked_history_is_refused_and_not_touched(tmp_path: Path, learner: Learner) -> None:
    path = tmp_path / "history.db"
    with HistoryStore(path) as store:
        store.connection.execute("PRAGMA busy_timeout = 50")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StaffmlAnkiError, match="another staffml-anki is writing"):
            pull_file(store, learner.export("anki21b"), NOW)
        other.close()
        assert store.read().empty
    assert not list(tmp_path.glob("*damaged*"))


def test_a_newer_program_s_history_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    HistoryStore(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(StaffmlAnkiError, match="newer staffml-anki"):
        HistoryStore(path)
    assert not list(tmp_path.glob("*damaged*"))


def test_an_older_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    connection = sqlite3.connect(path)
    connection.executescript(MIGRATIONS[0])
    connection.execute("INSERT INTO questions VALUES (1, 'cloud-0001')")
    connection.execute("INSERT INTO reviews VALUES (1, 1700000000000, 3, 1, 5, 2, 2500, 7000)")
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    with HistoryStore(path) as store:
        assert plain(store.read()) == [("cloud-0001", 1_700_000_000_000, 3, 1)]
        assert store.connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)


def test_whose_history(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert history_at(home) == home / "files" / "history.db"
    HistoryStore(home / "files" / "history.db").close()
    first = adopt(home, home / "user-1-aaaa")
    HistoryStore(first).close()
    assert first == home / "user-1-aaaa" / "history.db"
    assert not (home / "files" / "history.db").exists(), "the first profile takes over what came from files"
    assert history_at(home) == first
    second = adopt(home, home / "other-bbbb")
    HistoryStore(second).close()
    with pytest.raises(StaffmlAnkiError, match="--profile"):
        history_at(home)
    assert history_at(home, "other") == second
    with pytest.raises(StaffmlAnkiError, match="histories of"):
        history_at(home, "nobody")


def test_what_was_adopted_is_whole(tmp_path: Path, learner: Learner) -> None:
    learner.study(3, itertools.cycle(RATINGS))
    home = tmp_path / "home"
    with HistoryStore(history_at(home)) as store:
        pulled: Pulled = pull_file(store, learner.export("anki21b"), NOW)
    with HistoryStore(adopt(home, home / "user-1-aaaa")) as store:
        assert len(store.read().reviews) == pulled.total > 0
