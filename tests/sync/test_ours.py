"""Whose a note is: ours is told from the learner's copies of it, and a vault from others, also under another name."""

import dataclasses
import shutil
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from factory import question
from living import Living, living, revised, small_vault
from test_sync import WAYS, first, imported, moved_on

from staffml_anki.anki.memory import Memory
from staffml_anki.anki.prune import delete, find_prunable
from staffml_anki.anki.sync import Outcome, Session
from staffml_anki.anki.verify import read_back
from staffml_anki.vault.select import Selection


@pytest.fixture(params=WAYS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Living]:
    with living(tmp_path / "profile", **WAYS[request.param]) as made:
        yield made


@pytest.fixture
def fast(tmp_path: Path) -> Iterator[Living]:
    with living(tmp_path / "profile") as made:
        yield made


def copied(world: Living, key: str, answer: str = "", *, studied: bool = True) -> int:
    """The learner's own copy of one of our notes, with its ID, its tags and all; the copy's id."""
    with world.collection() as col:
        ours = world.note(col, key)
        twin = col.new_note(ours.note_type())
        twin.fields, twin.tags = list(ours.fields), list(ours.tags)
        if answer:
            twin["Answer"] = answer
        col.add_note(twin, col.decks.id("Mine"))
        if studied:
            col.sched.set_due_date([twin.cards()[0].id], "9!")
        return int(twin.id)


def of_note(world: Living, number: int) -> dict[str, Any]:
    with world.collection() as col:
        note = col.get_note(number)
        card = note.cards()[0]
        state = {"tags": sorted(note.tags), "deck": col.decks.name(card.did), "queue": card.queue}
        return dict(note.items()) | state


def known_id(world: Living, key: str) -> int:
    with closing(sqlite3.connect(world.state / "state.db")) as memory:
        return int(memory.execute("SELECT number FROM notes WHERE id = ?", (key,)).fetchone()[0])


def forget_ids(world: Living) -> None:
    """A memory from before it kept the notes' ids."""
    with closing(sqlite3.connect(world.state / "state.db", isolation_level=None)) as memory:
        memory.execute("UPDATE notes SET number = 0")


# -- copies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("ids", ["known", "not known"])
def test_a_copy_that_the_learner_studies_is_not_taken_for_ours(world: Living, ids: str) -> None:
    questions, chains = first(world)
    ours = world.held()["cloud-0001"]["note"]
    twin = copied(world, "cloud-0001", "my copy's answer")
    if ids == "not known":
        forget_ids(world)
    before = of_note(world, twin)
    outcome = world.sync(world.vault(revised(questions, 0), chains))
    assert (outcome.updated, outcome.failed, outcome.conflicts) == (1, (), 0)
    assert outcome.plan.duplicates == (twin,)
    assert of_note(world, twin) == before
    assert "Revised." in of_note(world, ours)["Answer"]
    assert known_id(world, "cloud-0001") == ours
    assert world.prepare(world.folder / "release-2").plan.empty


@pytest.mark.parametrize("leaves", [False, True], ids=["changes", "leaves"])
def test_a_copy_that_outlives_ours_is_the_learner_s(world: Living, leaves: bool) -> None:
    questions, chains = first(world)
    world.delete("edge-0008")
    twin = restored_copy(world, questions)
    before = of_note(world, twin)
    outcome = world.sync(world.vault(questions[:7] if leaves else revised(questions, 7), chains))
    assert (outcome.updated, outcome.retired, outcome.added, outcome.failed) == (0, 0, 0, ())
    assert outcome.plan.duplicates == (twin,)
    assert of_note(world, twin) == before


def restored_copy(world: Living, questions: list[Any]) -> int:
    """A note with the ID of edge-0008, as a copy that was made of it before it was deleted."""
    with world.collection() as col:
        twin = col.new_note(world.note(col, "cloud-0001").note_type())
        twin["ID"], twin["Title"], twin["Source"] = "edge-0008", "Title 8", world.note(col, "cloud-0001")["Source"]
        twin["Question"] = questions[7]["question"]
        col.add_note(twin, col.decks.id("Mine"))
        return int(twin.id)


def test_our_note_that_the_learner_gave_another_question_s_id_is_theirs(world: Living) -> None:
    questions, chains = first(world)
    changed, ours = (world.held()[key]["note"] for key in ("cloud-0001", "cloud-0003"))
    with world.collection() as col:
        note = col.get_note(changed)
        note["ID"] = "cloud-0003"
        col.update_note(note)
        col.sched.set_due_date([note.cards()[0].id], "9!")
    before = of_note(world, changed)
    outcome = world.sync(world.vault(revised(questions, 2), chains))
    assert (outcome.conflicts, outcome.plan.duplicates) == (0, (changed,))
    assert of_note(world, changed) == before
    assert "Revised." in of_note(world, ours)["Answer"]


@pytest.mark.parametrize("answer", ["", "my copy's answer"])
def test_a_copy_made_while_a_sync_runs_is_not_taken_for_ours(
    world: Living, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions, chains = first(world)
    ours = world.held()["cloud-0007"]["note"]
    made: list[int] = []

    def meanwhile(*args: Any) -> Any:
        if not made:
            made.append(copied(world, "cloud-0007", answer))
        return read_back(*args)

    with monkeypatch.context() as patched:
        patched.setattr("staffml_anki.anki.sync.read_back", meanwhile)
        outcome = world.sync(world.vault(moved_on(revised(questions, 6)), chains))
    assert (outcome.updated, outcome.moved, outcome.failed) == (1, 1, ())
    assert known_id(world, "cloud-0007") == ours
    before = of_note(world, made[0])
    assert world.sync(world.vault(moved_on(revised(revised(questions, 6), 6)), chains)).updated == 1
    assert of_note(world, made[0]) == before


def test_a_note_that_comes_back_from_a_package_is_ours_again(tmp_path: Path) -> None:
    with living(tmp_path / "profile", packages=False) as world:
        questions, chains = first(world)
        vault = world.folder / "release-1"
        before = world.held()["cloud-0001"]["note"]
        world.delete("cloud-0001")
        world.server.addon.packages = True
        imported(world, vault)
        with world.collection() as col:
            (ours,) = col.find_notes("ID:cloud-0001")
        assert ours != before
        assert world.sync(vault).plan.empty
        assert known_id(world, "cloud-0001") == ours
        twin = copied(world, "cloud-0001")
        assert world.sync(world.vault(revised(questions, 0), chains)).plan.duplicates == (twin,)
        assert "Revised." in of_note(world, ours)["Answer"]


def test_the_ids_of_retired_notes_are_kept_too(fast: Living) -> None:
    questions, chains = first(fast)
    fast.sync(fast.vault(questions[:7], chains))
    ours = fast.held()["edge-0008"]["note"]
    forget_ids(fast)
    fast.sync(fast.vault(revised(questions[:7], 0), chains))
    assert known_id(fast, "edge-0008") == ours
    twin = copied(fast, "edge-0008")
    before = of_note(fast, twin)
    assert fast.sync(fast.vault(revised(questions[:7], 1), chains)).retired == 0
    assert of_note(fast, twin) == before


# -- prune ----------------------------------------------------------------------------------------


def test_a_copy_is_never_pruned(fast: Living) -> None:
    questions, chains = first(fast)
    twin = copied(fast, "edge-0008", studied=False)
    with fast.collection() as col:
        col.remove_notes([number for number in col.find_notes("ID:edge-0008") if number != twin])
    fast.sync(fast.vault(questions[:7], chains))
    assert prunable(fast) == []
    assert of_note(fast, twin)["queue"] != -1


def test_a_copy_of_a_note_that_a_stopped_prune_deleted_is_never_pruned(fast: Living) -> None:
    questions, chains = first(fast)
    fast.sync(fast.vault(questions[:7], chains))
    ours = fast.held()["edge-0008"]["note"]
    copied(fast, "edge-0008", studied=False)
    with Memory(fast.state) as memory, memory.alone():
        session = Session(fast.gateway(), memory)
        found = find_prunable(session.gateway, session.look(), memory.remembered()).unused
        assert [note.id for note in found] == [ours]
        memory.begin_pruning({note.question: note.id for note in found})
        delete(session.gateway, found)
    assert prunable(fast) == []


def prunable(world: Living) -> list[int]:
    with Memory(world.state) as memory, memory.alone():
        session = Session(world.gateway(), memory)
        found = [note.id for note in find_prunable(session.gateway, session.look(), memory.remembered()).unused]
        session.discard()
        return found


# -- vaults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("finished", [True, False], ids=["at once", "after a stop"])
def test_a_question_that_leaves_when_the_vault_is_renamed_is_retired(
    world: Living, finished: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions, chains = small_vault()
    assert world.sync(world.vault(questions, chains, source="Old name")).added == 8
    vault = world.vault(questions[:7], chains, source="New name")
    if not finished:
        with monkeypatch.context() as patched:
            patched.setattr("staffml_anki.anki.apply._until_done", lambda *_: None)
            assert len(world.sync(vault).failed) == 1
    outcome = world.sync(vault)
    assert not outcome.failed
    assert "'New name' has most of its questions" in " ".join(outcome.plan.assumed)
    held = world.held()
    assert held["edge-0008"]["suspended"]
    assert "StaffML::retired" in held["edge-0008"]["tags"]
    assert held["cloud-0001"]["fields"]["Source"] == "New name"
    assert world.prepare(vault).plan.empty


def test_a_vault_renamed_after_many_have_left_still_retires(fast: Living) -> None:
    questions, _ = small_vault()
    for count in (8, 7, 6, 5, 4, 3):
        fast.sync(fast.vault(questions[:count], [], source="Old name"))
    assert fast.sync(fast.vault(questions[:2], [], source="New name")).retired == 1


def test_a_card_that_waited_in_a_filtered_deck_is_retired_under_the_new_name(fast: Living) -> None:
    questions, chains = small_vault()
    fast.sync(fast.vault(questions, chains, source="Old name"))
    fast.cram("Cram", "ID:edge-0008")
    vault = fast.vault(questions[:7], chains, source="New name")
    assert fast.sync(vault).plan.waiting == ("edge-0008",)
    with fast.collection() as col:
        col.sched.empty_filtered_deck(col.decks.id_for_name("Cram"))
    assert fast.sync(vault).retired == 1


def test_two_vaults_that_take_turns_leave_each_other_s_questions_alone(fast: Living) -> None:
    questions, chains = small_vault()
    theirs = fast.vault(questions, chains, source="Upstream")
    fork = fast.vault([*questions, question("mine-0001"), question("mine-0002")], chains, source="My fork")
    for vault in (theirs, fork, theirs, fork):
        assert fast.sync(vault).retired == 0
    assert not [key for key, note in fast.held().items() if note["suspended"]]


def test_a_fork_that_passed_for_a_new_name_does_so_once(fast: Living) -> None:
    questions, chains = small_vault()
    theirs = fast.vault(questions, chains, source="Upstream")
    fork = fast.vault([*questions[:7], question("mine-0001")], chains, source="My fork")
    retired = [fast.sync(vault).retired for vault in (theirs, fork, theirs, fork, theirs)]
    assert retired == [0, 1, 0, 0, 0]
    assert not [key for key, note in fast.held().items() if note["suspended"]]


def test_a_vault_that_takes_some_questions_over_leaves_the_others_alone(fast: Living) -> None:
    questions, chains = small_vault()
    theirs = fast.vault(questions, chains, source="Upstream")
    narrowed(fast, theirs, Selection(track=("edge",)))
    assert len(fast.held()) == 4
    own = fast.vault([questions[1], questions[3], questions[5], question("mine-0001")], [], source="My own")
    assert fast.sync(own).retired == 0, "three of the four in the collection, but three of the eight in the vault"


def narrowed(world: Living, vault: Path, narrow: Selection) -> Outcome:
    with Memory(world.state) as memory, memory.alone():
        session = Session(world.gateway(), memory)
        wish = dataclasses.replace(world.wish(vault), narrow=narrow)
        return session.apply(session.prepare(wish), wish, world.clock + 1)


@pytest.mark.parametrize("after", ["the same", "New"])
def test_a_name_that_anki_composes_is_the_same_name(fast: Living, after: str) -> None:
    questions, chains = small_vault()
    name = unicodedata.normalize("NFD", "Prüfung")
    fast.sync(fast.vault(questions, chains, source=name))
    outcome = fast.sync(fast.vault(questions[:7], chains, source=name if after == "the same" else after))
    assert outcome.retired == 1


# -- what is exported -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Cram", "StaffML"])
def test_one_card_in_a_filtered_deck_costs_no_backup(fast: Living, name: str) -> None:
    questions, chains = first(fast)
    fast.rename("StaffML", "Interview")
    fast.cram(name, "ID:cloud-0005")
    shutil.rmtree(fast.state)
    outcome = fast.sync(fast.vault([*questions, question("cloud-0101", level="L4", title="New")], chains))
    assert (outcome.added, outcome.way, outcome.failed) == (1, "package", ())
    assert len(outcome.backup) >= 1
    assert max(map(notes_in, outcome.backup)) >= 7


def notes_in(package: str) -> int:
    from staffml_anki.package.reader import open_package

    with open_package(Path(package)) as exported:
        return int(exported.connection.execute("SELECT count(*) FROM notes").fetchone()[0])


@pytest.mark.parametrize("kept", ["", "null", "[]", "{}", '{"chains": []}', "1"])
def test_a_memory_of_another_version_is_read_as_far_as_it_goes(fast: Living, kept: str) -> None:
    first(fast)
    with closing(sqlite3.connect(fast.state / "state.db", isolation_level=None)) as memory:
        memory.execute("UPDATE about SET value = ? WHERE key = 'release'", (kept,))
    assert fast.prepare(fast.folder / "release-1").plan.empty
