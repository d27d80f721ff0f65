"""Whose a note is: ours is told from the learner's copies of it, and a vault from others, also under another name."""

import shutil
import sqlite3
import unicodedata
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from factory import question
from living import Living, living, revised, small_vault
from test_second_look import stopped
from test_sync import first, imported, moved_on

from staffml_anki.anki.gating import GateWish
from staffml_anki.anki.memory import Memory
from staffml_anki.anki.prune import delete, find_prunable
from staffml_anki.anki.sync import Session
from staffml_anki.anki.verify import read_back
from staffml_anki.vault import QuestionId


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


@pytest.mark.parametrize("how", ["restored", "another computer", "the next release"])
@pytest.mark.parametrize("deck", ["StaffML::cloud::L1", "Mine"])
@pytest.mark.parametrize("new_id", ["cloud-0003", "edge-0008", "mine-0001"])
def test_our_note_under_another_id_is_never_written_over(fast: Living, how: str, deck: str, new_id: str) -> None:
    """It keeps our GUID, and Anki's importer goes by that; of notes in decks that are not exported nobody sees it."""
    first(fast)
    number = fast.held()["cloud-0001"]["note"]
    if new_id == "edge-0008":
        fast.delete(new_id)
    with fast.collection() as col:
        note = col.get_note(number)
        note["ID"], note["Answer"], note["My Notes"] = new_id, "my answer", "mine"
        note.tags.append("mine")
        col.update_note(note)
        col.set_deck([note.cards()[0].id], col.decks.id(deck))
    if how == "another computer":
        fast.forget_memory()
    before = of_note(fast, number)
    fast.sync(fast.folder / "release-1", restore_deleted=how == "restored")
    after = of_note(fast, number)
    assert {**after, "tags": []} == {**before, "tags": []}
    assert {tag for tag in before["tags"] if not tag.startswith("StaffML")} <= set(after["tags"])


def test_a_collection_that_was_restored_is_recognised(tmp_path: Path) -> None:
    """Notes that calls made have ids and GUIDs of Anki's: those of the memory are another collection's by now."""
    for packages in (True, False):
        with living(tmp_path / f"profile-{packages}", packages=False) as world:
            first(world)
            path, kept = world.folder / "collection.anki2", world.folder / "kept.anki2"
            world.server.open_profile("User 1", None)
            shutil.copy(path, kept)
            world.server.open_profile("User 1", path)
            with world.collection() as col:
                col.remove_notes(col.find_notes(""))
            assert world.sync(world.folder / "release-1").added == 8
            world.server.open_profile("User 1", None)
            shutil.copy(kept, path)
            world.server.open_profile("User 1", path)
            world.server.addon.packages = packages
            outcome = world.sync(world.folder / "release-1")
            assert (outcome.added, outcome.failed, outcome.plan.duplicates) == (0, (), ())
            assert len(world.held()) == 8


def test_who_syncs_by_calls_may_import_the_package_instead(tmp_path: Path) -> None:
    with living(tmp_path / "profile", packages=False) as world:
        questions, chains = first(world)
        for key in list(world.held()):
            world.delete(key)
        world.server.addon.packages = True
        imported(world, world.folder / "release-1")
        world.server.addon.packages = False
        outcome = world.sync(world.folder / "release-1")
        assert (outcome.added, outcome.failed, outcome.plan.duplicates) == (0, (), ())
        assert world.sync(world.vault(revised(questions, 0), chains)).updated == 1


@pytest.mark.parametrize("many", [0, 2_000])
def test_where_a_copy_is_left_ours_stays_away_and_that_is_said(
    world: Living, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions, chains = first(world)
    world.delete("edge-0008")
    twin = restored_copy(world, questions)
    before = of_note(world, twin)
    monkeypatch.setattr("staffml_anki.anki.verify.EACH", many)
    outcome = world.sync(world.vault(revised(questions, 7), chains), restore_deleted=True)
    assert (outcome.added, outcome.failed) == (0, ())
    assert "of 1 question only copies of yours are left" in " ".join(outcome.plan.assumed)
    assert of_note(world, twin) == before


def test_gating_does_not_lock_a_copy(world: Living) -> None:
    questions, chains = small_vault()
    vault, gate = world.vault(questions, chains), GateWish(chains=True)
    world.sync(vault, gate=gate)
    twin = copied(world, "cloud-0003")
    with world.collection() as col:
        col.remove_notes([number for number in col.find_notes("ID:cloud-0003") if number != twin])
    before = of_note(world, twin)
    world.sync(vault, gate=gate, restore_deleted=True)
    assert of_note(world, twin) == before


@pytest.mark.parametrize("answer", ["", "my copy's answer"])
def test_a_copy_of_what_a_stopped_sync_added_is_the_learner_s(world: Living, answer: str) -> None:
    questions, chains = first(world)
    new = [*questions, question("cloud-0101", level="L4", title="New")]
    stopped(world, world.vault(new, chains), "sync.read_back")
    twin = copied(world, "cloud-0101", answer)
    before = of_note(world, twin)
    world.sync(world.vault(revised(new, 8), chains))
    assert of_note(world, twin) == before


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


def test_a_copy_of_what_was_pruned_stays_the_learner_s_when_the_question_returns(fast: Living) -> None:
    questions, chains = first(fast)
    fast.sync(fast.vault(questions[:7], chains))
    ours = fast.held()["edge-0008"]["note"]
    twin = copied(fast, "edge-0008")
    with fast.collection() as col:
        col.sched.suspend_cards([col.get_note(twin).cards()[0].id])
        col.remove_notes([ours])
    with Memory(fast.state) as memory:
        memory.forget({QuestionId("edge-0008"): ours})
    before = of_note(fast, twin)
    outcome = fast.sync(fast.vault(revised(questions, 7), chains))
    assert (outcome.restored, outcome.conflicts, outcome.plan.duplicates) == (0, 0, (twin,))
    assert of_note(fast, twin) == before


def prunable(world: Living) -> list[int]:
    with Memory(world.state) as memory, memory.alone():
        session = Session(world.gateway(), memory)
        found = [note.id for note in find_prunable(session.gateway, session.look(), memory.remembered()).unused]
        session.discard()
        return found


# -- vaults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("finished", [True, False], ids=["at once", "after a stop"])
def test_a_question_that_leaves_when_the_vault_is_renamed_is_retired_where_that_is_said(
    world: Living, finished: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions, chains = small_vault()
    assert world.sync(world.vault(questions, chains, source="Old name")).added == 8
    vault = world.vault(questions[:7], chains, source="New name")
    outcome = world.sync(vault)
    assert (outcome.updated, outcome.retired) == (7, 0)
    assert "1 note of 'Old name', which is not 'New name'" in " ".join(outcome.plan.assumed)
    if not finished:
        with monkeypatch.context() as patched:
            patched.setattr("staffml_anki.anki.apply._until_done", lambda *_: None)
            assert len(world.sync(vault, formerly=("Old name",)).failed) == 1
    assert not world.sync(vault, formerly=("Old name",)).failed
    held = world.held()
    assert held["edge-0008"]["suspended"]
    assert "StaffML::retired" in held["edge-0008"]["tags"]
    assert held["cloud-0001"]["fields"]["Source"] == "New name"
    again = world.prepare(vault).plan
    assert again.empty
    assert "Old name" not in " ".join(again.assumed), "said once, and done"


def test_two_vaults_that_take_turns_leave_each_other_s_questions_alone(fast: Living) -> None:
    questions, chains = small_vault()
    theirs = fast.vault(questions, chains, source="Upstream")
    fork = fast.vault([*questions[:7], question("mine-0001"), question("mine-0002")], chains, source="My fork")
    for vault in (theirs, fork, theirs, theirs, fork, fork, theirs):
        assert fast.sync(vault).retired == 0
    assert not [key for key, note in fast.held().items() if note["suspended"]]


@pytest.mark.parametrize("after", ["the same", "New"])
def test_a_name_that_anki_composes_is_the_same_name(fast: Living, after: str) -> None:
    questions, chains = small_vault()
    name = unicodedata.normalize("NFD", "Prüfung")
    fast.sync(fast.vault(questions, chains, source=name))
    vault = fast.vault(questions[:7], chains, source=name if after == "the same" else after)
    assert fast.sync(vault, formerly=(unicodedata.normalize("NFC", name),)).retired == 1


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
