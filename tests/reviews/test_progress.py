"""The StaffML app's file both ways, exports, and forgetting."""

import csv
import io
import itertools
import json
import time
from collections.abc import Callable
from datetime import UTC, date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from learner import AGAIN, EASY, GOOD, HARD, Learner
from test_pull import plain, questions

from staffml_anki.coverage import measure
from staffml_anki.reviews import Calendar, HistoryStore
from staffml_anki.reviews.days import number_of, streak
from staffml_anki.reviews.export import FIELDS, exported
from staffml_anki.reviews.progress import kept_of, progress_file
from staffml_anki.reviews.pull import pull_file
from staffml_anki.vault import load_vault

NOW = int(time.time()) + 5
DAY = 86_400


def app_file(path: Path, **more: Any) -> Path:
    attempts = [
        {"questionId": f"cloud-{n:04d}", "competencyArea": "memory", "track": "cloud", "level": "L1",
         "selfScore": score, "timestamp": (NOW - days * DAY) * 1000 + n}
        for n, score, days in ((1, 3, 40), (1, 3, 30), (2, 1, 20), (3, 2, 10), (4, 0, 3))
    ]  # fmt: skip
    schedule = {
        "questionId": "cloud-0001",
        "easeFactor": 2.6,
        "interval": 25,
        "repetitions": 2,
        "nextReview": 1,
        "lastScore": 3,
    }
    value = {
        "version": 1, "attempts": attempts, "sr": {"cloud-0001": schedule}, "exportedAt": "2026-11-01T00:00:00Z",
        "gauntlets": [{"id": "g1", "track": "cloud", "level": "L4", "questionCount": 5, "duration": 600, "attempts": [],
                       "completedAt": 1}],
        "streak": {}, "daily": {"2026-11-01": True}, "planProgress": {"blitz": {"planId": "blitz", "completedIds": []}},
    } | more  # fmt: skip
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


@pytest.fixture
def learner(tmp_path: Path) -> Any:
    made = Learner(tmp_path / "learner", questions(), [])
    yield made
    made.close()


def test_what_the_app_says_counts(tmp_path: Path, learner: Learner) -> None:
    vault = load_vault(learner.vault)
    with HistoryStore(tmp_path / "h.db") as store:
        taken = pull_file(store, app_file(tmp_path / "p.json"), NOW).taken
        assert (taken.reviews, taken.damaged) == (5, 0)
        assert pull_file(store, tmp_path / "p.json", NOW).taken.reviews == 0
        found = {str(row.id): row for row in measure(vault, store.read(), NOW).questions}
    one, two, four = found["cloud-0001"], found["cloud-0002"], found["cloud-0004"]
    assert (one.stage, one.attempts, one.success_rate, one.interval) == ("mature", 2, 1.0, 25)
    assert (two.stage, two.success_rate) == ("learning", 0.0)
    assert (four.stage, four.success_rate) == ("learning", 0.0), "skipped is not known"
    assert found["cloud-0003"].success_rate == 1.0, "partial is correct, as in the app"
    assert 0 < two.recall < one.recall < 1
    assert found["cloud-0005"].stage == "absent"


def test_both_worlds_make_one_memory(tmp_path: Path, learner: Learner) -> None:
    key = "cloud-0001"
    learner.answer(key, GOOD)
    learner.answer(key, GOOD)
    learner.sleep(20)
    vault = load_vault(learner.vault)
    with HistoryStore(tmp_path / "h.db") as store:
        pull_file(store, learner.export("anki21b"), NOW)
        before = measure(vault, store.read(), NOW).questions[0].recall
        attempt = {"questionId": key, "selfScore": 3, "timestamp": (NOW - DAY) * 1000}
        pull_file(store, app_file(tmp_path / "p.json", attempts=[attempt], sr={}), NOW)
        after = measure(vault, store.read(), NOW).questions[0].recall
        assert before < 0.9 < after
        assert before == pytest.approx(learner.retrievability(key), abs=0.01)


def test_out_and_in_again(tmp_path: Path, learner: Learner) -> None:
    learner.study(10, itertools.cycle((GOOD, AGAIN, HARD, EASY, GOOD)))
    vault = load_vault(learner.vault)
    with HistoryStore(tmp_path / "h.db") as store:
        pull_file(store, app_file(tmp_path / "p.json"), NOW)
        pull_file(store, learner.export("colpkg"), NOW)
        history = store.read()
        made = progress_file(history, vault.questions, Calendar(UTC), NOW, kept_of(store))
        out = tmp_path / "out.json"
        out.write_text(json.dumps(made))
        assert pull_file(store, out, NOW).taken.reviews == 0, "what was ours already is not counted again"
        assert plain(store.read()) == plain(history)
    raw = json.loads((tmp_path / "p.json").read_text())
    assert {key: made[key] for key in ("gauntlets", "daily", "planProgress")} == {
        key: raw[key] for key in ("gauntlets", "daily", "planProgress")
    }
    for attempt in raw["attempts"]:
        (same,) = [a for a in made["attempts"] if a["timestamp"] == attempt["timestamp"]]
        assert (same["selfScore"], same["questionId"]) == (attempt["selfScore"], attempt["questionId"])
    assert len(made["attempts"]) == len(plain(history))
    assert made["version"] == 1
    assert {"currentStreak", "longestStreak", "lastActiveDate", "activeDates"} == set(made["streak"])
    assert made["streak"]["activeDates"] == sorted(made["streak"]["activeDates"])
    with HistoryStore(tmp_path / "fresh.db") as store:
        assert pull_file(store, out, NOW).taken.reviews == len(made["attempts"])
        scores = {(a["questionId"], a["timestamp"]): a["selfScore"] for a in made["attempts"]}
        again = progress_file(store.read(), vault.questions, Calendar(UTC), NOW, {})
        assert {(a["questionId"], a["timestamp"]): a["selfScore"] for a in again["attempts"]} == scores


def test_exports_hold_every_review(tmp_path: Path, learner: Learner) -> None:
    learner.study(4, itertools.cycle((GOOD, AGAIN)))
    with HistoryStore(tmp_path / "h.db") as store:
        pull_file(store, learner.export("anki21"), NOW)
        history = store.read()
    told = plain(history)
    lines = list(csv.DictReader(io.StringIO(exported(history, "csv").decode())))
    items = json.loads(exported(history, "json"))["reviews"]
    table = pq.read_table(io.BytesIO(exported(history, "parquet"))).to_pylist()
    for rows in (lines, items, table):
        assert list(rows[0]) == list(FIELDS)
        assert sorted((r["question"], int(r["time"]), int(r["ease"])) for r in rows) == sorted(t[:3] for t in told)
    assert {row["kind"] for row in items} <= {"learn", "review", "relearn"}
    assert table[0]["date"].timestamp() == pytest.approx(table[0]["time"] / 1000)


def test_what_is_forgotten_is_gone(tmp_path: Path, learner: Learner, run: Callable[..., Any], monkeypatch: Any) -> None:
    monkeypatch.setenv("STAFFML_ANKI_HOME", str(tmp_path / "home"))
    learner.study(4, itertools.cycle((GOOD,)))
    assert run("pull", "--from", learner.export("anki21b")).code == 0
    path = tmp_path / "home" / "files" / "history.db"
    key = learner.ids()[0]
    assert key.encode() in path.read_bytes()
    assert "nobody can answer" in run("history", "forget", "--question", key).err
    assert run("history", "forget", "--question", key, "--yes").code == 0
    assert key.encode() not in path.read_bytes()
    with HistoryStore(path) as store:
        left = store.read()
        assert key not in {row[0] for row in plain(left)}
        assert left.cards and key not in left.cards
    assert run("history", "forget", "--yes").code == 0
    with HistoryStore(path) as store:
        assert store.read().empty
    assert run("pull", "--from", learner.export("anki21b"), "--json").json["reviews"] > 0, "it can begin again"


def test_streaks() -> None:
    today = number_of(date(2026, 12, 10))
    run = streak([today - n for n in (1, 2, 3, 7, 8, 9, 10, 11)], today)
    assert (run.current, run.longest, run.milestone, run.next) == (3, 5, 3, 7)
    assert streak([today, today], today).current == 1
    assert streak([today - 2], today).current == 0
    assert (streak([], today).longest, streak([], today).last_active) == (0, None)
    assert streak(range(today - 99, today + 1), today).milestone == 100
    assert streak(range(today - 99, today + 1), today).next is None
