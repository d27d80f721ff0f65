"""What a fourth reading found in the mends of the third."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import Any, Never

import pytest
from factory import question
from living import Living, revised, small_vault
from test_ours import copied, known_id, of_note
from test_second_look import stopped
from test_sync import first
from test_sync_commands import Run
from test_sync_commands import world as cli_world
from test_third_look import change_type, prune, raw, typing

from staffml_anki import interrupts
from staffml_anki.anki.errors import AnkiClosedError
from staffml_anki.anki.gating import GateWish
from staffml_anki.anki.memory import Memory
from staffml_anki.anki.sync import Session
from staffml_anki.anki.verify import read_back
from staffml_anki.vault.select import Selection

__all__ = ["cli_world"]


def rows(world: Living) -> dict[str, tuple[str, str, str]]:
    with closing(sqlite3.connect(world.state / "state.db")) as memory:
        return {
            k: (f[:40], d, kinds) for k, f, d, kinds in memory.execute("SELECT id, fields, decks, kinds FROM journal")
        }


def test_restored_by_package_its_id_is_known(world: Living) -> None:
    first(world)
    world.delete("cloud-0007")
    world.sync(world.folder / "release-1", restore_deleted=True)
    ours = world.held()["cloud-0007"]["note"]
    assert known_id(world, "cloud-0007") == ours


def test_restored_then_copied_then_ours_deleted(world: Living) -> None:
    questions, chains = first(world)
    world.delete("cloud-0007")
    world.sync(world.folder / "release-1", restore_deleted=True)
    twin = copied(world, "cloud-0007")
    with world.collection() as col:
        col.remove_notes([n for n in col.find_notes("ID:cloud-0007") if n != twin])
    before = of_note(world, twin)
    world.sync(world.vault(revised(questions, 6), chains))
    assert of_note(world, twin) == before, "the copy was written over"


def test_the_next_sync_finds_the_conflict(world: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    world.clock = 1_650_000_000
    questions, chains = first(world)
    vault = world.vault(revised(questions, 0), chains)
    with monkeypatch.context() as patched:
        typing(world, "Answer", patched)
        outcome = world.sync(vault)
    assert world.held()["cloud-0001"]["fields"]["Answer"] == "typed meanwhile"
    assert outcome.failed
    prepared = world.prepare(vault)
    assert len(prepared.plan.conflicts) == 1, f"edits={prepared.plan.edits}"


@pytest.mark.parametrize("at", ["sync.apply_plan"])
def test_begun_and_gone_from_the_vault(fast: Living, at: str) -> None:
    questions, chains = first(fast)
    stopped(fast, fast.vault([*questions, question("cloud-0101", level="L2", track="tinyml", title="New")], chains), at)
    vault = fast.vault(revised(questions, 0), chains)
    assert not fast.sync(vault).failed
    assert fast.sync(vault).plan.empty
    prepared = fast.prepare(vault)
    assert not prepared.remembered.making, f"making={prepared.remembered.making}: memory rewritten at each empty sync"
    assert not prepared.remembered.journal, f"doctor: did not finish, for ever: {rows(fast)}"


def test_retired_stopped_then_pruned(fast: Living) -> None:
    questions, chains = first(fast)
    vault = fast.vault(questions[:7], chains)
    stopped(fast, vault, "sync.read_back")
    assert prune(fast) == ["edge-0008"]
    fast.sync(vault)
    fast.sync(vault)
    assert not fast.prepare(vault).remembered.journal, rows(fast)


def test_retired_stopped_then_deleted_by_the_learner(fast: Living) -> None:
    questions, chains = first(fast)
    vault = fast.vault(questions[:7], chains)
    stopped(fast, vault, "sync.read_back")
    fast.delete("edge-0008")
    fast.sync(vault)
    fast.sync(vault)
    assert not fast.prepare(vault).remembered.journal, rows(fast)


def test_stopped_then_retired_then_back(world: Living) -> None:
    questions, chains = first(world)
    two = revised(questions, 7)
    stopped(world, world.vault(two, chains), "sync.read_back")
    world.sync(world.vault(questions[:7], chains))
    three = revised(two, 7)
    outcome = world.sync(world.vault(three, chains))
    assert (outcome.conflicts, outcome.plan.edits) == (0, ()), "the learner edited nothing"


def test_stopped_then_narrow_with_gate(world: Living) -> None:
    questions, chains = first(world)
    two = revised(questions, 4)
    vault = world.vault(two, chains)
    stopped(world, vault, "sync.read_back")
    with Memory(world.state) as memory, memory.alone():
        session = Session(world.gateway(), memory)
        wish = replace(world.wish(vault, gate=GateWish(chains=True)), narrow=Selection(track=("edge",)))
        session.apply(session.prepare(wish), wish, world.clock + 50)
    outcome = world.sync(world.vault(revised(two, 4), chains), gate=GateWish(chains=True))
    assert (outcome.conflicts, outcome.plan.edits) == (0, ()), "the learner edited nothing"


def test_moved_into_mine_and_the_deck_deleted(world: Living) -> None:
    questions, chains = small_vault(16)
    world.sync(world.vault(questions, chains))
    old = world.held()["cloud-0007"]["deck"]
    others = [key for key, held in world.held().items() if held["deck"] == old]
    for key in others:
        world.move(key, "Mine")
    with world.collection() as col:
        col.decks.remove([col.decks.id_for_name(old)])
    world.sync(world.vault(revised(questions, 0), chains))
    new = revised(questions, 0)
    new[6]["level"] = "L1" if not old.endswith("L1") else "L2"
    outcome = world.sync(world.vault(new, chains))
    assert (outcome.moved, world.held()["cloud-0007"]["deck"]) == (0, "Mine"), f"{old} {others}"


def test_the_fork_s_stopped_sync(world: Living) -> None:
    questions, chains = small_vault()
    world.sync(world.vault(questions, chains, source="Upstream"))
    stopped(world, world.vault(questions, chains, source="My fork"), "sync.read_back")
    assert world.held()["edge-0008"]["fields"]["Source"] == "My fork"
    outcome = world.sync(world.vault(questions[:7], chains, source="Upstream"))
    assert outcome.retired == 0, "a note that carries the source of another vault is suspended"


@pytest.mark.parametrize("how", ["same", "another computer"])
def test_all_notes_get_another_type(fast: Living, how: str) -> None:
    first(fast)
    with fast.collection() as col:
        numbers = list(col.find_notes("ID:*"))
        note = col.get_note(numbers[0])
        other = col.models.by_name(col.models.copy(note.note_type(), add=True)["name"])
        info = col.models.change_notetype_info(old_notetype_id=note.mid, new_notetype_id=other["id"])
        request = info.input
        request.note_ids.extend(numbers)
        col.models.change_notetype_of_notes(request)
        for number in numbers:
            note = col.get_note(number)
            note["Answer"], note["My Notes"], note.tags = "my own words", "my notes", ["mine"]
            col.update_note(note)
    if how == "another computer":
        fast.forget_memory()
    before = {number: raw(fast, number) for number in numbers}
    schema = fast.schema_changed()
    outcome = fast.sync(fast.folder / "release-1")
    after = {number: raw(fast, number) for number in numbers}
    assert after == before, (
        f"added={outcome.added} failed={len(outcome.failed)}; schema changed {schema != fast.schema_changed()}"
    )


def test_typed_into_a_note_that_was_just_added(world: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    questions, chains = first(world)
    done: list[int] = []

    def meanwhile(*args: Any) -> Any:
        if not done:
            done.append(1)
            world.edit("cloud-0101", "Answer", "typed meanwhile")
        return read_back(*args)

    monkeypatch.setattr("staffml_anki.anki.sync.read_back", meanwhile)
    world.sync(world.vault([*questions, question("cloud-0101", level="L4", title="New")], chains))
    assert world.held()["cloud-0101"]["fields"]["Answer"] == "typed meanwhile"


def test_moved_stopped_crammed_and_moved_again(world: Living) -> None:
    questions, chains = small_vault(16)
    world.sync(world.vault(questions, chains))
    questions[6]["level"] = questions[8]["level"]
    two = world.vault(questions, chains)
    stopped(world, two, "sync.read_back")
    world.cram("Cram", "ID:cloud-0007")
    world.sync(two)
    with world.collection() as col:
        col.sched.empty_filtered_deck(col.decks.id("Cram"))
    questions[6]["level"] = questions[10]["level"]
    world.sync(world.vault(questions, chains))
    held = world.held()
    assert held["cloud-0007"]["deck"] == held["cloud-0011"]["deck"], "the learner moved nothing"


def test_two_computers_two_vaults(fast: Living) -> None:
    questions, chains = small_vault()
    fast.sync(fast.vault(questions, chains, source="Upstream"))
    state, other = fast.state, fast.folder / "other"
    state.rename(fast.folder / "one")
    fast.sync(fast.vault(questions, chains, source="My fork"), conflicts="theirs")  # another computer
    assert fast.held()["edge-0008"]["fields"]["Source"] == "My fork"
    state.rename(other)
    (fast.folder / "one").rename(state)
    outcome = fast.sync(fast.vault(questions[:7], chains, source="Upstream"))
    assert outcome.retired == 0, "it carries the source of the fork"


def test_another_type_is_named(fast: Living) -> None:
    first(fast)
    change_type(fast, "cloud-0007", clone=True)
    plan = fast.prepare(fast.folder / "release-1").plan
    assert plan.deleted == () and "another note type" in " ".join(plan.assumed), (plan.deleted, plan.assumed)


def test_last_of_ours_gets_another_type(fast: Living) -> None:
    """One note of ours left would have been enough for find_elsewhere."""
    questions, _ = small_vault(1)
    vault = fast.vault(questions, [])
    fast.sync(vault)
    number = change_type(fast, "cloud-0001", clone=True)
    before = raw(fast, number)
    fast.sync(vault)
    assert raw(fast, number) == before


def test_retired_stopped_other_vault_unsuspended(fast: Living) -> None:
    questions, _ = small_vault()
    fast.sync(fast.vault(questions, [], source="A"))
    b = fast.vault([question("mine-0001", title="M")], [], source="B")
    fast.sync(b)
    a2 = fast.vault(questions[:7], [], source="A")
    stopped(fast, a2, "sync.read_back")
    fast.unsuspend("edge-0008")
    fast.sync(b)
    fast.sync(a2)
    assert not fast.held()["edge-0008"]["suspended"], "the learner opened it"


def test_second_sync_after_restore_is_from_memory_and_writes_nothing(fast: Living) -> None:
    first(fast)
    fast.delete("cloud-0007")
    vault = fast.folder / "release-1"
    fast.sync(vault, restore_deleted=True)
    prepared = fast.prepare(vault)
    assert prepared.plan.empty and prepared.from_memory
    assert not prepared.renumbered, prepared.renumbered


def test_stopped_in_vault_a_and_its_decks_making_then_b(fast: Living) -> None:
    questions, _ = small_vault()
    fast.sync(fast.vault(questions, [], source="A"))
    b = fast.vault([question("mine-0001", title="M")], [], source="B")
    fast.sync(b)
    new = [*questions, question("cloud-0101", level="L2", track="tinyml", title="New")]
    stopped(fast, fast.vault(new, [], source="A"), "sync.apply_plan")
    fast.sync(b)
    prepared = fast.prepare(b)
    assert prepared.plan.empty
    assert not (prepared.settled or prepared.remembered.making), "apply() rewrites the memory each time"


def test_an_interrupt_in_the_middle_says_so(cli_world: Living, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library makes something else of an interrupt, while notes are being written."""
    questions, chains = small_vault()
    run("sync", "-v", cli_world.vault(questions, chains), "--yes", "--no-ankiweb")

    def dies(*_: Any) -> Never:
        monkeypatch.setattr(interrupts, "_received", [2])
        raise ValueError("KeyboardInterrupt in a serializer")

    monkeypatch.setattr("staffml_anki.anki.sync.read_back", dies)
    done = run("sync", "-v", cli_world.vault(revised(questions, 0), chains), "--yes", "--no-ankiweb")
    assert "nothing is half done" not in done.err, done.err


def test_doctor_for_ever(cli_world: Living, run: Run) -> None:
    questions, chains = small_vault()
    go = ("--yes", "--no-ankiweb")
    run("sync", "-v", cli_world.vault(questions, chains), *go)
    with pytest.MonkeyPatch.context() as patched:

        def gone(*_: Any) -> Never:
            raise AnkiClosedError("Anki is gone")

        patched.setattr("staffml_anki.anki.sync.apply_plan", gone)
        run("sync", "-v", cli_world.vault([*questions, question("cloud-0101", title="New")], chains), *go)
    vault = cli_world.vault(questions, chains)
    for _ in range(3):
        assert run("sync", "-v", vault, *go).code == 0
    said = run("doctor").out
    assert "did not finish" not in said, said


def test_stopped_update_then_recipe_without_it(fast: Living) -> None:
    """A recipe that does not have the question any more."""
    questions, chains = first(fast)
    stopped(fast, fast.vault(revised(questions, 0), chains), "sync.read_back")
    questions[0]["status"] = "draft"
    vault = fast.vault(questions, chains[1:])
    fast.sync(vault)
    fast.sync(vault)
    prepared = fast.prepare(vault)
    assert prepared.plan.empty and not prepared.remembered.journal, rows(fast)
