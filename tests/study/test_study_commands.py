"""The commands of studying as scripts and people meet them, without a session."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from desks import finished, stands, vault_at
from factory import question, write_folder
from living import Living, living, small_vault

from staffml_anki.study.gauntlet import FORMATS, draw
from staffml_anki.study.page import result_page
from staffml_anki.study.session import new_session
from staffml_anki.vault import Release

type Run = Callable[..., Any]
CLOSED = ("--url", "http://127.0.0.1:9")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STAFFML_ANKI_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def history(home: Path) -> Path:
    path = home / "files" / "history.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_what_each_mode_would_ask_and_how_things_stand(run: Run) -> None:
    assert [each["score"] for each in run("daily", "--json").json["questions"]] == [None] * 3
    listed = run("practice", "--json", "--track", "edge", "--count", 3).json
    assert [each["track"] for each in listed] == ["edge"] * 3
    assert run("gauntlet", "list", "--json").json == []
    assert run("plan", "status", "--json").json is None
    assert len(run("plan", "list", "--json").json) == 7
    assert {chain["depth"] for chain in run("chain", "list", "--json").json} == {0}
    assert run("chain", "next", "--json").json["next"]
    morning = run("today", *CLOSED, "--json").json
    assert (morning["next"], morning["due_from"]) == ("staffml-anki daily", "history")


@pytest.mark.parametrize(
    ("options", "key", "holds"),
    [
        (["--napkin-only"], "napkin_math", bool),
        (["--with-visual"], "visual", bool),
        (["--level", "L4"], "level", lambda level: level == "L4"),
    ],
)
def test_practice_narrows(run: Run, options: list[str], key: str, holds: Callable[[Any], bool]) -> None:
    from staffml_anki import data
    from staffml_anki.vault import load_vault

    questions = load_vault(data.VAULT).questions
    listed = {each["id"] for each in run("practice", "--json", "--count", 9999, *options).json}
    assert listed == {each.id for each in questions.values() if holds(getattr(each, key))}
    assert listed


def test_practice_on_chains_asks_their_steps_in_order(run: Run) -> None:
    from staffml_anki import data
    from staffml_anki.vault import load_vault

    vault = load_vault(data.VAULT)
    listed = [each["id"] for each in run("practice", "--json", "--count", 9999, "--chains").json]
    assert sorted(listed) == sorted(vault.memberships)
    for chain in vault.chains:
        at_home = [step for step in chain.steps if vault.memberships[step][0].chain is chain]
        assert [key for key in listed if key in at_home] == at_home


def test_practice_puts_what_is_due_first(run: Run, home: Path, tmp_path: Path) -> None:
    from staffml_anki.reviews import HistoryStore
    from staffml_anki.reviews.model import CardState

    vault_at(tmp_path / "vault")
    with HistoryStore(history(home)) as store, store.writing():
        pull = store.begin_pull(1_790_000_000, "test")
        number = store.numbers(["cloud-0009"])["cloud-0009"]  # type: ignore[list-item,index]
        store.add_reviews([(number, 1_790_000_000_000, 3, 1, 10, 3, 2500, 5_000)])
        store.add_states(
            pull, [(number, CardState(1, 1_790_000_000, 2, 2, 10, 3, 0, 12.0, 5.0, 0.5, 1_790_000_000))], 0
        )
        store.end_pull(pull, 1)
    vault = ("--vault", tmp_path / "vault", "--json")
    assert run("practice", *vault, "--due-first").json[0] | {"recall": 0} == {
        "id": "cloud-0009", "track": "cloud", "level": "L4", "area": "memory", "topic": "topic-1", "title": "Title 9",
        "recall": 0, "due": True, "last_score": None,
    }  # fmt: skip
    assert run("practice", *vault).json[0]["id"] != "cloud-0009"
    assert run("today", *vault, *CLOSED).json["due"] == 1


def test_a_plan_from_its_start_to_its_end(run: Run) -> None:
    started = run("plan", "start", "llm-inference", "--by", "2099-12-12", "--json")
    assert (started.json["name"], started.json["done"]) == ("llm-inference", 0)
    assert "llm-inference is under way; end it first" in run("plan", "start", "72hr-blitz").err
    assert len(run("practice", "--plan", "--json").json) == started.json["quota"]
    assert "LLM Inference Engineer, day 1 of" in run("plan", "status").out
    assert "LLM Inference Engineer" in run("today", *CLOSED).out
    assert "has ended" in run("plan", "stop").out
    assert "no plan is under way" in run("plan", "status").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plan", "start"], "plan start needs a name (see plan list), or --track"),
        (["plan", "start", "llm"], "no plan 'llm'; did you mean llm-inference?"),
        (["plan", "start", "72hr-blitz", "--track", "edge"], "plan start 72hr-blitz: a plan says its own tracks"),
        (["plan", "start", "72hr-blitz", "--by", "soon"], "--by soon: give a day such as 2026-12-12"),
        (["plan", "start", "72hr-blitz", "--by", "2020-01-01"], "--by 2020-01-01: has passed; give a day from"),
        (["plan", "start", "--from-level", "L9"], "--from-level L9: no such level;"),
        (["plan", "stop"], "no plan is under way"),
        (["practice", "--plan", "--list"], "no plan is under way; start one with"),
        (["chain", "show", "nope"], "nope: no such chain in this vault; "),
        (["daily", "--vault", "empty"], "the vault has no published question; staffml-anki check says why"),
        (["today", "--vault", "empty"], "the vault has no published question; staffml-anki check says why"),
        (["chain", "show", "x", "--vault", "single"], "this vault has no chains"),
        (["gauntlet", "show"], "there is no gauntlet yet; sit one with"),
        (["practice", "--list", "--topic", "kv"], "topic kv: not in this vault; did you mean"),
    ],
)
def test_a_wrong_wish_is_one_line(run: Run, tmp_path: Path, arguments: list[str], message: str) -> None:
    write_folder(tmp_path / "empty", [question(status="draft")], [])
    write_folder(tmp_path / "single", [question()], [])
    result = run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"staffml-anki: {message}")
    assert result.err.count("\n") == 1


def test_a_vault_without_chains_says_so(run: Run, tmp_path: Path) -> None:
    vault = ("--vault", write_folder(tmp_path / "vault", [question()], []))
    assert run("chain", "list", *vault).out == "this vault has no chains\n"
    assert run("chain", "next", *vault, "--json").json is None


def test_a_plan_says_where_the_vault_has_fewer_questions(run: Run) -> None:
    assert "note: this vault has only" in run("plan", "start", "llm-inference").err


def test_forgetting_says_what_of_practice_goes(run: Run, home: Path, tmp_path: Path) -> None:
    with stands(vault_at(tmp_path / "vault"), history(home)) as found:
        found.notebook.keep(finished(new_session("s", "practice", list(found.entries)[:3], found.now), 3, 2, 1))
    assert run("history", "forget", "--yes", "--question", "cloud-0000").out == (
        "0 reviews and 1 score of practice forgotten\n"
    )
    assert run("history", "forget", "--yes").out == "0 reviews and 2 scores of practice forgotten\n"
    assert run("gauntlet", "list", "--json").json == []


def test_a_history_that_was_damaged_is_not_passed_over_in_silence(run: Run, home: Path) -> None:
    history(home).write_bytes(b"no database " * 2_000)
    said = run("plan", "status").err
    assert "was damaged and is kept as history.damaged-1.db" in said
    assert run("plan", "status").err == ""


def test_today_says_why_anki_does_not_say(run: Run, tmp_path: Path) -> None:
    with living(tmp_path / "world", key="secret") as world:
        assert "(Anki is not running, and nothing" in run("today", *CLOSED).out
        wrong = run("today", "--url", world.server.url, "--key", "wrong").out
        assert "Anki is not running" not in wrong and "key" in wrong


def test_gauntlets_are_listed_shown_and_exported(run: Run, home: Path, tmp_path: Path) -> None:
    vault = vault_at(tmp_path / "vault")
    with stands(vault, history(home)) as found:
        session = draw(vault.questions, FORMATS["quick"], found.now, 1, [])
        found.notebook.keep(finished(session, 3, 2, 1, 0, 3))
    where = ("--vault", tmp_path / "vault")
    (listed,) = run("gauntlet", "list", *where, "--json").json
    assert listed["points"] == 9
    assert "9/15" in run("gauntlet", "list", *where).out
    assert "quick gauntlet: 9 of 15 points (60%)" in run("gauntlet", "show", *where, "--html", "page.html").out
    assert "60 %" in Path("page.html").read_text(encoding="utf-8")
    run("gauntlet", "export", *where, "--out", "out.json")
    (exported,) = json.loads(Path("out.json").read_text(encoding="utf-8"))
    assert len(exported["attempts"]) == 5


def test_a_result_s_page_shows_a_vault_s_text_and_runs_none_of_it(tmp_path: Path) -> None:
    from dataclasses import replace

    from staffml_anki.study.gauntlet import result

    vault = vault_at(tmp_path / "vault")
    found = result(finished(draw(vault.questions, FORMATS["design"], 1, 1, []), 3), vault.questions)
    hostile = replace(
        found, answers=(replace(found.answers[0], title="<script>alert(1)</script>"),), track='"><img src=x>'
    )
    page = result_page(hostile, Release(source="<b>S</b>"))
    assert "<script>" not in page and "<img" not in page and "<b>S" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "http://" not in page and "https://" not in page


# -- sync -----------------------------------------------------------------------------------------


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Living]:
    with living(tmp_path / "world") as made:
        yield made


def test_sync_takes_the_plan_the_gate_and_the_scores(run: Run, world: Living, home: Path) -> None:
    """The history of somebody who has studied before Anki was ever reached becomes the profile's."""
    from staffml_anki.vault import load_vault

    folder = world.vault(*small_vault())
    vault = load_vault(folder)
    import time

    now = int(time.time() * 1000)
    with stands(vault, history(home), now) as found:
        found.notebook.keep(finished(new_session("s", "practice", ["cloud-0001"], now - 60_000), 3, now=now - 60_000))  # type: ignore[list-item]
    assert run("plan", "start", "--track", "cloud", "--area", "memory", "--vault", folder).code == 0
    base = ("sync", "--vault", folder, "--url", world.server.url, "--no-ankiweb", "--yes", "--json")
    first = run(*base, "--gate-chains", "--grade-in-anki").json
    assert first["locked"] == 4
    assert first["practice"] == {"waiting": 0, "given": ["cloud-0001"], "listed": []}
    held = world.held()
    assert held["cloud-0001"]["deck"] == "StaffML::Plan my-cloud-memory::01 memory"
    assert [row[3] for row in held["cloud-0001"]["reviews"]] == [3]
    assert run(*base).json["locked"] == 0
    assert run("plan", "stop").code == 0
    last = run(*base, "--no-gate-chains").json
    assert (last["opened"], last["moved"]) == (4, 4)


def test_sync_tells_scripts_of_scores_that_wait(run: Run, world: Living, home: Path) -> None:
    folder = world.vault(*small_vault())
    with stands(vault_at(home / "other"), history(home)) as found:
        found.notebook.keep(finished(new_session("s", "practice", ["cloud-0001"], found.now), 3))  # type: ignore[list-item]
    base = ("sync", "--vault", folder, "--url", world.server.url, "--no-ankiweb", "--yes")
    assert run(*base, "--json").json["practice"]["waiting"] == 1
    assert "1 score of practice wait" in run(*base).err
    assert not any(state["reviews"] for state in world.held().values())
