"""What a third, hostile reading of the sync found: each of these lost something, or led nowhere."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from factory import question
from living import Living, living, revised, small_vault
from test_ours import copied, known_id, of_note, restored_copy
from test_second_look import stopped
from test_sync import first, moved_on

from staffml_anki.anki.apply import apply_plan
from staffml_anki.anki.calls import change_deck
from staffml_anki.anki.memory import Memory
from staffml_anki.anki.prune import delete, find_prunable
from staffml_anki.anki.sync import Session
from staffml_anki.cli.plans import _besides
from staffml_anki.vault.select import Selection


def prune(world: Living) -> list[str]:
    with Memory(world.state) as memory, memory.alone():
        session = Session(world.gateway(), memory)
        found = find_prunable(session.gateway, session.look(), memory.remembered()).unused
        memory.begin_pruning({note.question: note.id for note in found})
        left = delete(session.gateway, found)
        memory.forget({note.question: note.id for note in found if note not in left})
        session.discard()
        return [note.question for note in found]


def narrow_sync(world: Living, vault: Any, **narrow: Any) -> Any:
    world.clock += 100
    with Memory(world.state) as memory, memory.alone():
        session = Session(world.gateway(), memory)
        wish = replace(world.wish(vault), narrow=Selection(**narrow))
        return session.apply(session.prepare(wish), wish, world.clock)


def raw(world: Living, number: int) -> Any:
    """Note type, fields and tags of any note."""
    with world.collection() as col:
        note = col.get_note(number)
        return col.models.get(note.mid)["name"], dict(note.items()), note.tags


# -- another note type -----------------------------------------------------------------------------


def change_type(world: Living, key: str, clone: bool) -> int:
    with world.collection() as col:
        number = world.note(col, key).id
        note = col.get_note(number)
        if clone:  # Tools -> Manage Note Types -> Add -> Clone
            other = col.models.by_name(col.models.copy(note.note_type(), add=True)["name"])
        else:
            other = col.models.by_name("Basic")
        info = col.models.change_notetype_info(old_notetype_id=note.mid, new_notetype_id=other["id"])
        request = info.input
        request.note_ids.append(number)
        if not clone:
            request.new_fields[:] = [1, 7]
        col.models.change_notetype_of_notes(request)
        note = col.get_note(number)
        note["Answer" if clone else "Back"] = "my own words"
        note.tags = ["mine"]
        if clone:
            note["My Notes"] = "my notes"
        col.update_note(note)
    return int(number)


@pytest.mark.parametrize("how", ["another computer", "restore deleted"])
@pytest.mark.parametrize("clone", [True, False], ids=["clone", "Basic"])
def test_it_is_not_written_over(fast: Living, clone: bool, how: str) -> None:
    first(fast)
    number = change_type(fast, "cloud-0007", clone)
    before = raw(fast, number)
    if how == "another computer":
        fast.forget_memory()
    outcome = fast.sync(fast.folder / "release-1", restore_deleted=how == "restore deleted")
    assert raw(fast, number) == before, f"silently: failed={outcome.failed} conflicts={outcome.conflicts}"


def test_nothing_forces_a_one_way_sync(fast: Living) -> None:
    """docs/sync.md: "The sync never changes the schema of your collection"."""
    first(fast)
    change_type(fast, "cloud-0007", clone=False)
    fast.forget_memory()
    schema = fast.schema_changed()
    fast.sync(fast.folder / "release-1")
    assert fast.schema_changed() == schema


# -- copies of what was pruned ---------------------------------------------------------------------


def test_the_second_sync_takes_the_copy(fast: Living) -> None:
    questions, chains = first(fast)
    fast.sync(fast.vault(questions[:7], chains))
    twin = copied(fast, "edge-0008", studied=True)
    assert prune(fast) == ["edge-0008"]
    with fast.collection() as col:
        note = col.get_note(twin)
        note.tags = ["mine"]
        col.update_note(note)
    before = of_note(fast, twin)
    vault = fast.vault(questions, chains)
    assert fast.sync(vault).plan.duplicates == (twin,)
    assert of_note(fast, twin) == before
    assert fast.prepare(vault).plan.empty, "a second sync right after is not empty"


def test_the_next_release_writes_into_the_copy(fast: Living) -> None:
    questions, chains = first(fast)
    fast.sync(fast.vault(questions[:7], chains))
    twin = copied(fast, "edge-0008", studied=True)
    assert prune(fast) == ["edge-0008"]
    fast.sync(fast.vault(questions, chains))
    before = of_note(fast, twin)
    fast.sync(fast.vault(revised(questions, 7), chains))
    assert of_note(fast, twin)["Answer"] == before["Answer"]


def test_once_the_copy_is_gone_ours_is_new(fast: Living) -> None:
    """Memory.forget: "should they come back, they are new"."""
    questions, chains = first(fast)
    fast.sync(fast.vault(questions[:7], chains))
    twin = copied(fast, "edge-0008", studied=True)
    assert prune(fast) == ["edge-0008"]
    vault = fast.vault(questions, chains)
    fast.sync(vault)
    with fast.collection() as col:
        col.remove_notes([twin])
    outcome = fast.sync(vault)
    assert (outcome.plan.deleted, outcome.added) == ((), 1), "the learner never deleted ours"


# -- most of ours deleted --------------------------------------------------------------------------


@pytest.mark.parametrize("leaves", [False, True], ids=["changes", "leaves"])
def test_a_copy_is_not_taken_for_ours(world: Living, leaves: bool) -> None:
    questions, chains = first(world)
    twin = copied(world, "edge-0008")
    with world.collection() as col:  # the learner deletes the track, and a little more
        gone = col.find_notes("ID:edge-* or ID:cloud-0007")
        col.remove_notes([number for number in gone if number != twin])
    before = of_note(world, twin)
    world.sync(world.vault(questions[:7] if leaves else revised(questions, 7), chains))
    after = of_note(world, twin)
    assert {k: v for k, v in after.items() if before[k] != v} == {}
    assert known_id(world, "edge-0008") != twin


# -- typed between the look and the write ----------------------------------------------------------


def typing(world: Living, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(*args: Any) -> Any:
        if what == "tag":
            world.tag("cloud-0001", "hard")
        else:
            world.edit("cloud-0001", what, "typed meanwhile")
        return apply_plan(*args)

    monkeypatch.setattr("staffml_anki.anki.sync.apply_plan", meanwhile)


def kept(world: Living, what: str) -> bool:
    held = world.held()["cloud-0001"]
    return "hard" in held["tags"] if what == "tag" else held["fields"][what] == "typed meanwhile"


@pytest.mark.parametrize("what", ["My Notes", "Pitfall", "tag"])
def test_it_stays(fast: Living, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fast.clock = 1_650_000_000  # before that of the collection, which is the real one
    questions, chains = first(fast)
    typing(fast, what, monkeypatch)
    outcome = fast.sync(fast.vault(revised(questions, 0), chains))
    assert kept(fast, what), f"lost; failed={outcome.failed}"


# -- stopped twice ---------------------------------------------------------------------------------


def test_two_releases_that_were_stopped(world: Living) -> None:
    questions, chains = first(world)
    two = revised(questions, 0)
    stopped(world, world.vault(two, chains), "sync.read_back")  # written, not remembered
    three = world.vault(revised(two, 0), chains)
    stopped(world, three, "sync.apply_plan")  # begun, nothing written
    outcome = world.sync(three)
    assert (outcome.plan.edits, outcome.conflicts) == ((), 0), "the learner edited nothing"
    assert "Revised. Revised." in world.held()["cloud-0001"]["fields"]["Answer"]


def test_two_moves_that_were_stopped(world: Living) -> None:
    questions, chains = small_vault(16)
    world.sync(world.vault(questions, chains))
    questions[6]["level"] = questions[8]["level"]
    stopped(world, world.vault(questions, chains), "sync.read_back")
    questions[6]["level"] = questions[10]["level"]
    three = world.vault(questions, chains)
    stopped(world, three, "sync.apply_plan")
    world.sync(three)
    held = world.held()
    assert held["cloud-0007"]["deck"] == held["cloud-0011"]["deck"], "the learner moved nothing"


@pytest.mark.parametrize("what", ["updated", "added", "moved"])
def test_stopped_then_a_narrower_sync(world: Living, what: str) -> None:
    questions, chains = first(world)
    two = {
        "updated": revised(questions, 6),
        "moved": moved_on(questions),
        "added": [*questions, question("cloud-0101", level="L4", title="New")],
    }[what]
    vault = world.vault(two, chains)
    stopped(world, vault, "sync.read_back")
    assert not narrow_sync(world, vault, track=("edge",)).failed
    three = revised(two, 8 if what == "added" else 6)
    if what == "moved":
        three[6]["level"] = "L6+"
    outcome = world.sync(world.vault(three, chains))
    assert (outcome.plan.edits, outcome.conflicts) == ((), 0), "the learner edited nothing"
    assert what != "moved" or world.held()["cloud-0007"]["deck"] == "StaffML::cloud::L6+"


def test_stopped_in_one_vault_then_the_other(fast: Living) -> None:
    questions, _ = small_vault()
    ours, theirs = questions[:4], [question(f"mine-{n:04d}", title=f"M{n}") for n in range(4)]
    fast.sync(fast.vault(ours, [], source="A"))
    other = fast.vault(theirs, [], source="B")
    fast.sync(other)
    stopped(fast, fast.vault(revised(ours, 0), [], source="A"), "sync.read_back")
    fast.sync(other)
    outcome = fast.sync(fast.vault(revised(revised(ours, 0), 0), [], source="A"))
    assert (outcome.updated, outcome.conflicts, outcome.plan.edits) == (1, 0, ())


def test_back_to_the_backup_of_the_sync_that_finished_a_stopped_one(fast: Living) -> None:
    questions, chains = first(fast)
    two = revised(questions, 0)
    stopped(fast, fast.vault(two, chains), "sync.read_back")
    text = fast.held()["cloud-0001"]["fields"]["Answer"]
    three = fast.vault(revised(two, 0), chains)
    assert fast.sync(three).updated == 1
    fast.edit("cloud-0001", "Answer", text)  # as the backup that this very sync made puts it back
    outcome = fast.sync(three)
    assert (outcome.updated, outcome.plan.edits) == (1, ())


# -- ours, and not a copy --------------------------------------------------------------------------


def test_restoring_was_stopped(world: Living) -> None:
    questions, chains = first(world)
    vault = world.folder / "release-1"
    world.delete("cloud-0007")
    stopped(world, vault, "sync.read_back", restore_deleted=True)
    assert world.sync(vault).plan.duplicates == ()
    assert world.sync(world.vault(revised(questions, 6), chains)).updated == 1


def test_adding_what_was_pruned_was_stopped(world: Living) -> None:
    questions, chains = first(world)
    world.sync(world.vault(questions[:7], chains))
    assert prune(world) == ["edge-0008"]
    vault = world.vault(questions, chains)
    stopped(world, vault, "sync.read_back")
    assert world.sync(vault).plan.duplicates == ()
    assert world.sync(world.vault(revised(questions, 7), chains)).updated == 1


def test_restoring_failed_and_is_never_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with living(tmp_path / "profile", build="2023", packages=False) as world:
        first(world)
        world.delete("cloud-0007")
        vault = world.folder / "release-1"
        with monkeypatch.context() as patched:
            patched.setattr("staffml_anki.anki.calls.change_deck", lambda *_: None)
            patched.setattr("staffml_anki.anki.apply.change_deck", lambda *_: None)
            assert len(world.sync(vault, restore_deleted=True).failed) == 1
        outcome = world.sync(vault, restore_deleted=True)
        assert (outcome.plan.duplicates, world.held()["cloud-0007"]["deck"]) == ((), "StaffML::cloud::L4")


# -- smaller ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["crams it", "edits it"])
def test_trying_again_sees_what_the_learner_does_meanwhile(
    world: Living, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the move did not take at first."""
    questions, chains = first(world)
    calls: list[int] = []

    def late(targets: Any, gateway: Any) -> None:
        calls.append(1)
        if len(calls) > 1:
            change_deck(targets, gateway)
        elif what == "crams it":
            world.cram("Cram", "ID:cloud-0007")
        else:
            world.edit("cloud-0007", "Answer", "typed meanwhile")

    monkeypatch.setattr("staffml_anki.anki.apply.change_deck", late)
    world.sync(world.vault(moved_on(revised(questions, 6)), chains))
    held = world.held()["cloud-0007"]
    assert held["filtered"] == "Cram" if what == "crams it" else held["fields"]["Answer"] == "typed meanwhile"


def test_pruned_here_and_still_in_the_release_it_is_wanted_from_memory_too(fast: Living) -> None:
    """Another computer, with a newer release, retired it; the tag came through AnkiWeb."""
    first(fast)
    fast.tag("edge-0008", "StaffML::retired")
    fast.suspend("edge-0008")
    assert prune(fast) == ["edge-0008"]
    vault = fast.folder / "release-1"
    assert fast.sync(vault).added == 1
    assert fast.prepare(vault).plan.empty


def test_restored_into_a_new_deck_and_stopped_it_follows_the_release(fast: Living) -> None:
    questions, chains = first(fast)
    with fast.collection() as col:
        col.decks.remove([col.decks.id_for_name("StaffML::cloud::L4")])
    vault = fast.folder / "release-1"
    stopped(fast, vault, "sync.read_back", restore_deleted=True)
    fast.sync(vault)
    assert fast.sync(fast.vault(moved_on(questions), chains)).moved == 1


def test_a_former_name_may_be_given_as_the_vault_has_it(fast: Living) -> None:
    questions, chains = small_vault()
    fast.sync(fast.vault(questions, chains, source="Q & A"))
    assert fast.sync(fast.vault(questions[:7], chains, source="New"), formerly=("Q & A",)).retired == 1


def test_names_are_shown_as_people_write_them(fast: Living) -> None:
    questions, chains = small_vault()
    fast.sync(fast.vault(questions, chains, source="Q & A"))
    said = " ".join(fast.prepare(fast.vault(questions[:7], chains, source="New")).plan.assumed)
    assert "'Q & A'" in said, said


def test_a_source_that_the_learner_emptied_is_no_vault(fast: Living) -> None:
    questions, chains = first(fast)
    fast.edit("edge-0008", "Source", "")
    said = " ".join(fast.prepare(fast.vault(questions[:7], chains)).plan.assumed)
    assert "--formerly" not in said, said


def test_one_note_is_not_twice(fast: Living) -> None:
    questions, _ = first(fast)
    fast.delete("edge-0008")
    restored_copy(fast, questions)
    lines = [line for line, _ in _besides(fast.prepare(fast.folder / "release-1").plan)]
    assert not [line for line in lines if "twice" in line], lines


def test_what_nobody_decides_any_more_is_not_written_again_by_each_sync(fast: Living) -> None:
    questions, chains = first(fast)
    fast.edit("edge-0008", "Answer", "mine")
    fast.sync(fast.vault(revised(questions, 7), chains))
    vault = fast.vault(questions[:7], chains)
    fast.sync(vault)
    fast.sync(vault)
    prepared = fast.prepare(vault)
    assert not prepared.decided, "apply() would rewrite the memory although nothing changed"


def test_a_retired_card_that_the_learner_opened_and_moved_is_not_pruned(fast: Living) -> None:
    questions, chains = first(fast)
    fast.sync(fast.vault(questions[:7], chains))
    fast.unsuspend("edge-0008")
    fast.move("edge-0008", "Mine")
    assert prune(fast) == []


# -- an ID with markup -----------------------------------------------------------------------------


@pytest.mark.parametrize("known", [True, False], ids=["known", "another computer"])
@pytest.mark.parametrize("text", ["cloud-0007<br>", "cloud-0007&nbsp;", "cloud-0007 "])
def test_it_is_still_ours_or_said(world: Living, text: str, known: bool) -> None:
    questions, chains = first(world)
    world.edit("cloud-0007", "ID", text)
    if not known:
        world.forget_memory()
    vault = world.vault(revised(questions, 6), chains)
    outcome = world.sync(vault)
    assert outcome.failed == ()
    assert outcome.plan.deleted == (), "said: you deleted 1 note"
    assert world.prepare(vault).plan.empty
