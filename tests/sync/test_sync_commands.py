"""`sync`, `doctor` and `prune` as a user meets them."""

import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from living import Living, living, revised, small_vault

from staffml_anki.anki.errors import AnkiClosedError
from staffml_anki.anki.gateway import Gateway

type Run = Callable[..., Any]
COUNTS = ("added", "updated", "retagged", "moved", "retired", "restored", "conflicts", "unchanged")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Living]:
    monkeypatch.setenv("STAFFML_ANKI_HOME", str(tmp_path / "home"))
    with living(tmp_path / "profile") as made:
        monkeypatch.setenv("STAFFML_ANKI_URL", made.server.url)
        yield made


def test_a_dry_run_shows_the_plan_and_changes_nothing(world: Living, run: Run) -> None:
    vault = world.vault(*small_vault())
    done = run("sync", "-v", vault, "--dry-run")
    assert done.code == 0
    assert "release 1.1.0 → profile User 1, 0 notes of ours" in done.out
    assert "8 added     cloud-0001, cloud-0003, cloud-0005, …" in done.out
    assert "note type StaffML Question: made" in done.out
    assert world.held() == {}
    assert "importPackage" not in [request["action"] for request in world.server.requests]


def test_json_gives_the_counts_as_integers_and_the_lists_behind_them(world: Living, run: Run) -> None:
    questions, chains = small_vault()
    vault = world.vault(questions, chains)
    first = run("sync", "-v", vault, "--yes", "--json", "--no-ankiweb").json
    assert {name: first[name] for name in COUNTS} == dict.fromkeys(COUNTS, 0) | {"added": 8}
    assert [note["question"] for note in first["notes"]] == sorted(raw["id"] for raw in questions)
    assert (first["profile"], first["ankiweb"], first["way"], first["dry_run"]) == (
        "User 1",
        "skipped",
        "package",
        False,
    )
    world.edit("cloud-0001", "Answer", "mine")
    second = run("sync", "-v", world.vault(revised(questions, 0, 1), chains), "-y", "--json").json
    assert {name: second[name] for name in COUNTS} == dict.fromkeys(COUNTS, 0) | {
        "updated": 1,
        "conflicts": 1,
        "unchanged": 6,
    }
    assert second["failed"] == []
    assert Path(second["backup"][0]).is_file()


def test_where_nobody_can_answer_sync_says_so(world: Living, run: Run) -> None:
    done = run("sync", "-v", world.vault(*small_vault()))
    assert (done.code, done.err) == (
        2,
        "staffml-anki: sync asks before it changes anything, and nobody can answer here; add --yes or --dry-run\n",
    )
    assert run("sync", "--json").code == 2
    assert run("prune").code == 2


def test_a_saved_plan_is_carried_out_or_refused(world: Living, run: Run, tmp_path: Path) -> None:
    questions, chains = small_vault()
    vault = world.vault(questions, chains)
    assert run("sync", "-v", vault, "--plan", "plan.json").code == 0
    assert world.held() == {}
    done = run("sync", "--apply", "plan.json", "--json", "--no-ankiweb")
    assert (done.code, done.json["added"]) == (0, 8)
    done = run("sync", "--apply", "plan.json", "--no-ankiweb")
    assert done.code == 2
    assert "the collection or the vault has moved on since this plan" in done.err
    newer = world.vault(revised(questions, 0), chains)
    run("sync", "-v", newer, "--plan", "plan.json")
    world.review("cloud-0003")
    assert run("sync", "--apply", "plan.json", "--json", "--no-ankiweb").json["updated"] == 1, (
        "a review changes no plan"
    )
    Path("plan.json").write_text("{}")
    assert "is not a saved plan" in run("sync", "--apply", "plan.json").err


def test_verbose_shows_the_words_that_change(world: Living, run: Run) -> None:
    questions, chains = small_vault()
    run("sync", "-v", world.vault(questions, chains), "-y", "--no-ankiweb")
    questions[0]["title"] = "Title 1 of many"
    world.edit("edge-0002", "Answer", "<b>my</b> words")
    out = run("sync", "-v", world.vault(revised(questions, 1), chains), "--dry-run", "--verbose").out
    assert "cloud-0001  Title 1 of many  (updated)" in out
    assert "Title: Title 1{+ of many+}" in out
    assert "conflict in Answer: yours stays" in out
    assert "[-<b>my</b> words-]" in out or "my" in out


@pytest.mark.parametrize(
    ("state", "expected", "note"),
    [
        ("in", "synced", ""),
        ("out", "not logged in", "press Sync in Anki once and log in"),
        ("offline", "refused", "A network error occurred"),
    ],
)
def test_ankiweb_has_what_the_phone_did_first_and_gets_the_rest_afterwards(
    world: Living, run: Run, state: Any, expected: str, note: str
) -> None:
    world.server.addon.ankiweb = state
    done = run("sync", "-v", world.vault(*small_vault()), "-y", "--json")
    assert (done.code, done.json["ankiweb"]) == (0, expected)
    assert note in done.err
    actions = [request["action"] for request in world.server.requests]
    places = [number for number, action in enumerate(actions) if action == "sync"]
    assert places[0] < actions.index("importPackage")
    assert len(places) == (2 if state == "in" else 1)
    assert state != "in" or places[1] > actions.index("importPackage")


def test_a_one_way_sync_is_for_the_learner_to_decide(world: Living, run: Run) -> None:
    world.server.addon.ankiweb = "full sync"
    done = run("sync", "-v", world.vault(*small_vault()), "-y")
    assert done.code == 2
    assert "one has to replace the other: press Sync in Anki and choose" in done.err
    assert world.held() == {}


def test_doctor_finds_everything_in_order_or_says_what_to_do(world: Living, run: Run) -> None:
    done = run("doctor")
    assert done.code == 0
    assert "✓ file system  shared with Anki" in done.out
    assert "· note type    not there yet" in done.out
    run("sync", "-v", world.vault(*small_vault()), "-y", "--no-ankiweb")
    findings = {each["name"]: each for each in run("doctor", "--json").json}
    assert findings["note type"]["found"] == "StaffML Question, 8 notes"
    assert findings["state"]["found"].startswith("8 notes remembered, 0 backups")
    (folder,) = (world.folder.parent / "home").iterdir()
    from staffml_anki.anki.memory import Memory
    from staffml_anki.anki.past import Intended
    from staffml_anki.vault import QuestionId

    with Memory(folder) as memory:
        memory.begin({QuestionId("cloud-0001"): Intended("", frozenset(), frozenset())}, {}, {})
    done = run("doctor")
    assert done.code == 1
    assert "✗ state        the last sync did not finish" in done.out
    assert "→ run sync again: it finishes the work" in done.out


def test_doctor_leaves_a_damaged_memory_for_the_sync_to_tell_of(world: Living, run: Run) -> None:
    vault = world.vault(*small_vault())
    run("sync", "-v", vault, "-y", "--no-ankiweb")
    (state,) = (world.folder.parent / "home").glob("*/state.db")
    state.write_bytes(b"rubbish" * 1_000)
    done = run("doctor")
    assert (done.code, "is damaged" in done.out) == (1, True)
    assert state.read_bytes().startswith(b"rubbish"), "doctor changes nothing"
    assert "is kept as state.damaged-1.db" in run("sync", "-v", vault, "-n").err


def test_doctor_of_a_closed_anki_says_what_sync_says(run: Run) -> None:
    line = "Anki does not answer at http://127.0.0.1:9: start Anki, with the AnkiConnect add-on in it"
    done = run("doctor", "--url", "http://127.0.0.1:9")
    assert done.code == 1
    assert line in done.out
    assert line in run("sync", "--url", "http://127.0.0.1:9", "-y").err
    assert "give the address of AnkiConnect" in run("doctor", "--url", "ftp://x").err


def test_doctor_reads_whether_anki_is_logged_in_without_running_its_pickle(tmp_path: Path) -> None:
    import pickle
    import sqlite3

    from staffml_anki.anki.doctor import logged_in_to_ankiweb

    file = tmp_path / "prefs21.db"
    assert logged_in_to_ankiweb(file, "User 1") is None
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE profiles (name TEXT PRIMARY KEY, data BLOB)")
    rows = {
        "in": {"a": 1, "syncKey": "x" * 20, "syncUser": "u"},
        "out": {"syncKey": None, "b": "text"},
        "old": {"b": 2},
    }
    for name, value in rows.items():
        connection.execute("INSERT INTO profiles VALUES (?, ?)", (name, pickle.dumps(value, protocol=4)))
    connection.execute("INSERT INTO profiles VALUES ('odd', ?)", (b"rubbish",))
    connection.commit()
    connection.close()
    found = {name: logged_in_to_ankiweb(file, name) for name in ("in", "out", "old", "odd", "none")}
    assert found == {"in": True, "out": False, "old": None, "odd": None, "none": None}


def test_a_key_is_found_and_never_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("STAFFML_ANKI_HOME", str(home))
    monkeypatch.delenv("ANKICONNECT_API_KEY", raising=False)
    with living(tmp_path / "profile", key="s3cret") as world:
        monkeypatch.setenv("STAFFML_ANKI_URL", world.server.url)
        vault = world.vault(*small_vault())
        done = run("sync", "-v", vault, "-y")
        assert done.code == 2
        assert "AnkiConnect wants another API key" in done.err
        file = home / "ankiconnect.key"
        file.write_text("s3cret\n")
        file.chmod(0o644)
        assert "others may read this key" in run("doctor").err
        file.chmod(0o600)
        outputs = [
            run("doctor"),
            run("sync", "-v", vault, "-y", "--json", "--no-ankiweb"),
            run("sync", "-v", vault, "-n", "--key", "wr0ng"),
        ]
        assert [done.code for done in outputs] == [0, 0, 2]
        assert not [done for done in outputs if "s3cret" in done.out + done.err or "wr0ng" in done.out + done.err]
        file.unlink()
        monkeypatch.setenv("ANKICONNECT_API_KEY", "s3cret")
        assert run("sync", "-v", vault, "-n").code == 0


def test_prune_deletes_only_retired_notes_that_nobody_used(world: Living, run: Run) -> None:
    questions, chains = small_vault(12)
    run("sync", "-v", world.vault(questions, chains), "-y", "--no-ankiweb")
    world.review("cloud-0007")
    with world.collection() as col:  # reset to new: the history is still there
        col.sched.schedule_cards_as_new([world.card(col, "cloud-0007").id])
    world.edit("edge-0008", "My Notes", "mine")
    world.tag("cloud-0009", "mine")
    world.flag("edge-0010", 2)
    vault = world.vault(questions[:6], chains)
    run("sync", "-v", vault, "-y", "--no-ankiweb", "--retire-many")
    done = run("prune", "--yes")
    assert (done.code, "2 retired notes to delete; 1 with reviews and 3 with something of yours stay" in done.out) == (
        0,
        True,
    )
    assert world.held().keys() == {raw["id"] for raw in questions[:10]}
    assert run("prune", "--yes", "--json", "--no-ankiweb").json == {
        "deleted": [],
        "left": [],
        "ankiweb": "skipped",
    }
    assert run("sync", "-v", world.vault(questions, chains), "-y", "--json", "--no-ankiweb").json["added"] == 2


def converse(*args: object, answers: list[tuple[bytes, bytes]]) -> tuple[int, str]:
    """Run a command in a real pseudo-terminal, answer its questions; its exit code and what was seen."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "staffml_anki", *map(str, args)],
        stdin=slave, stdout=slave, stderr=slave, env=os.environ | {"TERM": "xterm", "COLUMNS": "100"},
    )  # fmt: skip
    os.close(slave)
    seen = b""
    waiting = list(answers)
    while True:
        try:
            part = os.read(master, 4096)
        except OSError:
            break
        if not part:
            break
        seen += part
        if waiting and waiting[0][0] in seen:
            question, answer = waiting.pop(0)
            seen = seen.replace(question, b"(asked) ")
            os.write(master, answer)
    os.close(master)
    assert not waiting, seen.decode()
    return process.wait(60), seen.decode()


def test_a_person_is_asked_and_may_say_no(world: Living) -> None:
    vault = world.vault(*small_vault())
    for answer, expected in ((b"n\n", 0), (b"y\n", 8)):
        code, seen = converse("sync", "-v", vault, "--no-ankiweb", answers=[(b"Do it?", answer)])
        assert code == 0, seen
        assert len(world.held()) == expected
        assert ("nothing was changed" in seen) == (answer == b"n\n")


def test_conflicts_are_asked_one_by_one_and_a_saved_plan_keeps_the_answers(
    world: Living, run: Run, tmp_path: Path
) -> None:
    questions, chains = small_vault()
    run("sync", "-v", world.vault(questions, chains), "-y", "--no-ankiweb")
    for key in ("cloud-0001", "edge-0002"):
        world.edit(key, "Answer", "my answer")
    vault = world.vault(revised(questions, 0, 1), chains)
    asked = [(b"Take the release's text?", b"y\n"), (b"Take the release's text?", b"n\n")]
    saved = tmp_path / "plan.json"
    code, seen = converse("sync", "-v", vault, "--conflicts", "ask", "--plan", saved, answers=asked)
    assert code == 0, seen
    assert run("sync", "--apply", saved, "--json", "--no-ankiweb").json["updated"] == 1
    held = world.held()
    assert held["cloud-0001"]["fields"]["Answer"].endswith("Revised.</p>")
    assert held["edge-0002"]["fields"]["Answer"] == "my answer"
    assert run("sync", "-v", vault, "-n", "--json").json["conflicts"] == 0, "both are decided"


def test_options_that_would_not_count_are_refused(world: Living, run: Run) -> None:
    vault = world.vault(*small_vault())
    run("sync", "-v", vault, "--plan", "plan.json")
    done = run("sync", "--apply", "plan.json", "--relayout")
    assert (done.code, "--apply does what the saved plan says; leave out --relayout" in done.err) == (2, True)
    done = run("sync", "-v", vault, "--conflicts", "ask", "--yes", "--json")
    assert (done.code, "--conflicts ask needs somebody to answer" in done.err) == (2, True)
    assert world.held() == {}


def test_what_was_done_is_reported_although_ankiweb_fails_at_the_end(
    world: Living, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = world.vault(*small_vault())
    world.server.addon.ankiweb = "in"
    sync = Gateway.sync_with_ankiweb

    def once(gateway: Gateway) -> None:
        sync(gateway)
        world.server.addon.ankiweb = "full sync"

    monkeypatch.setattr(Gateway, "sync_with_ankiweb", once)
    done = run("sync", "-v", vault, "-y")
    assert done.code == 1
    assert "done and read back: 8 added" in done.out
    assert "everything is in Anki, but not on AnkiWeb yet" in done.err
    assert not list((world.folder.parent / "home").rglob("snapshot*.apkg"))


def test_prune_looks_again_after_its_question(world: Living, run: Run) -> None:
    questions, chains = small_vault(12)
    run("sync", "-v", world.vault(questions, chains), "-y", "--no-ankiweb")
    run("sync", "-v", world.vault(questions[:8], chains), "-y", "--no-ankiweb")
    code, seen = converse("prune", answers=[(b"Delete them?", b"n\n")])
    assert (code, "nothing was deleted" in seen, len(world.held())) == (0, True, 12)
    world.server.requests.clear()
    world.server.addon.ankiweb = "in"
    done = run("prune", "--yes", "--json")
    assert len(done.json["deleted"]) == 4
    assert done.json["ankiweb"] == "synced"
    actions = [request["action"] for request in world.server.requests]
    assert actions.index("sync") < actions.index("exportPackage") < actions.index("deleteNotes")
    assert actions.count("sync") == 2


def test_the_plan_file_is_plain_json(world: Living, run: Run) -> None:
    run("sync", "-v", world.vault(*small_vault()), "--plan", "plan.json")
    saved = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    assert saved["plan"]["added"] == 8
    assert saved["request"]["recipe"] == "complete"


def backed_up(world: Living) -> set[str]:
    """The questions in the newest backup, of however many packages it is."""
    from staffml_anki.package.reader import open_package

    packages = sorted((world.folder.parent / "home").glob("*/backups/*.apkg"))
    found = set()
    for path in packages:
        if path.name[:17] == packages[-1].name[:17]:
            with open_package(path) as exported:
                found |= {text.split("\x1f")[0] for (text,) in exported.connection.execute("SELECT flds FROM notes")}
    return found


def test_prune_backs_up_all_that_it_deletes_wherever_the_learner_keeps_it(world: Living, run: Run) -> None:
    questions, chains = small_vault(12)
    run("sync", "-v", world.vault(questions, chains), "-y", "--no-ankiweb")
    world.move("edge-0012", "Elsewhere")
    world.rename("StaffML", "Interview")
    run("sync", "-v", world.vault(questions[:8], chains), "-y", "--no-ankiweb")
    shutil.rmtree(next((world.folder.parent / "home").glob("*/backups")))
    done = run("prune", "--yes", "--no-ankiweb")
    assert (done.code, done.err) == (0, "")
    assert len(world.held()) == 8
    assert backed_up(world) == {raw["id"] for raw in questions}
    assert not list((world.folder.parent / "home").rglob("snapshot*.apkg"))


def test_a_small_imported_tree_that_was_renamed_is_backed_up(world: Living, run: Run, tmp_path: Path) -> None:
    questions, chains = small_vault()
    run("build", "-v", world.vault(questions, chains), "-o", tmp_path / "staffml.apkg")
    world.gateway().import_package(str(tmp_path / "staffml.apkg"))
    world.rename("StaffML", "Interview")
    done = run("sync", "-v", world.vault(questions[:7], chains), "-y", "--no-ankiweb")
    assert "cannot write" not in done.err
    assert "1 retired" in done.out
    assert backed_up(world) == {raw["id"] for raw in questions}


@pytest.mark.parametrize("state", ["offline", "out"])
def test_a_network_that_breaks_after_the_work_is_a_failure(
    world: Living, run: Run, monkeypatch: pytest.MonkeyPatch, state: Any
) -> None:
    vault = world.vault(*small_vault())
    world.server.addon.ankiweb = "in"
    sync = Gateway.sync_with_ankiweb

    def once(gateway: Gateway) -> None:
        sync(gateway)
        world.server.addon.ankiweb = state

    monkeypatch.setattr(Gateway, "sync_with_ankiweb", once)
    done = run("sync", "-v", vault, "-y", "--json")
    assert (done.code, done.json["ankiweb"], done.json["added"]) == (1, "failed", 8)
    assert "everything is in Anki, but not on AnkiWeb yet" in done.err


def test_messages_say_what_is_so_and_what_to_do(world: Living, run: Run) -> None:
    questions, chains = small_vault()
    run("sync", "-v", world.vault(questions, chains), "-y", "--no-ankiweb")
    world.edit("cloud-0001", "Answer", "mine")
    vault = world.vault(revised(questions, 0, 1), chains)
    done = run("sync", "-v", vault, "-y", "--no-ankiweb", "--no-packages")
    assert "--no-packages has no backup; make one in Anki" in done.err
    run("sync", "-v", vault, "-y", "--no-ankiweb")  # decks' descriptions, which calls cannot see
    for more in ((), ("--dry-run",)):
        done = run("sync", "-v", vault, "-y", "--no-ankiweb", *more)
        assert "nothing to do" in done.out
        assert "decide them with --conflicts ask" in done.out
    done = run("sync", "-v", vault, "-y", "--no-ankiweb", "--gate-interval", "3")
    assert (done.code, "count with gating only: add --gate-chains" in done.err) == (2, True)
    done = run("sync", "-v", vault, "-y", "--no-ankiweb", "--gate-interval", "3", "--gate-chains", "--json")
    assert (done.code, done.json["locked"]) == (0, 4)
    assert run("sync", "-v", vault, "-y", "--no-ankiweb", "--gate-interval", "4").code == 0, "it is on by now"


def test_what_a_stopped_prune_deleted_is_no_deletion_of_the_learner(
    world: Living, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions, chains = small_vault(12)
    run("sync", "-v", world.vault(questions, chains), "-y", "--no-ankiweb")
    run("sync", "-v", world.vault(questions[:8], chains), "-y", "--no-ankiweb")

    def dies(*_: object) -> None:
        raise AnkiClosedError("Anki is gone")

    with monkeypatch.context() as patched:
        patched.setattr(Gateway, "notes_info", dies)
        assert run("prune", "--yes", "--no-ankiweb").code == 2
    assert len(world.held()) == 8
    world.delete("edge-0008")
    back = run("sync", "-v", world.vault(questions, chains), "-y", "--no-ankiweb", "--json").json
    assert (back["added"], back["deleted"]) == (4, ["edge-0008"])
