"""What a hostile second reading of the sync found: each of these lost something, or led nowhere."""

import copy
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, Never

import pytest
from factory import question
from living import Living, living, revised, small_vault
from test_sync import change_model, first, imported, moved_on

from staffml_anki.anki.errors import AnkiClosedError
from staffml_anki.anki.gating import GateWish
from staffml_anki.anki.wanted import PlanDecks
from staffml_anki.database import open_database
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.vault import QuestionId


def stopped(world: Living, vault: Path, at: str, **choices: Any) -> None:
    """A sync that dies where a function is called."""

    def dies(*_: Any, **__: Any) -> Never:
        raise AnkiClosedError("Anki is gone")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(f"staffml_anki.anki.{at}", dies)
        with pytest.raises(AnkiClosedError):
            world.sync(vault, **choices)


# -- interrupted, or not done ---------------------------------------------------------------------


@pytest.mark.parametrize("known", [True, False], ids=["known", "another computer"])
def test_a_conflict_outlives_a_sync_that_was_stopped(world: Living, known: bool) -> None:
    questions, chains = first(world)
    world.edit("cloud-0001", "Answer", "my answer")
    if not known:
        world.forget_memory()
    new = revised(questions, 0)
    new[0]["tags"] = ["something-else"]
    vault = world.vault(new, chains)
    stopped(world, vault, "sync.read_back")
    assert world.sync(vault).conflicts == 1
    assert world.sync(vault, conflicts="theirs").updated == 1
    assert world.held()["cloud-0001"]["fields"]["Answer"].endswith("Revised.</p>")


def test_taking_theirs_outlives_a_sync_that_was_stopped(world: Living) -> None:
    questions, chains = first(world)
    world.edit("cloud-0001", "Answer", "my answer")
    vault = world.vault(revised(questions, 0), chains)
    stopped(world, vault, "sync.apply_plan", conflicts="theirs")
    world.sync(vault, conflicts="theirs")
    assert world.held()["cloud-0001"]["fields"]["Answer"].endswith("Revised.</p>")


@pytest.mark.parametrize("what", ["retired", "locked"])
def test_a_suspension_that_did_not_take_is_made_good_by_the_next_sync(
    world: Living, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions, chains = first(world)
    key = {"retired": "edge-0008", "locked": "cloud-0003"}[what]
    vault = world.vault(questions[:7] if what == "retired" else questions, chains)
    gate = GateWish(chains=what == "locked")
    with monkeypatch.context() as patched:
        patched.setattr("staffml_anki.anki.apply._until_done", lambda *_: None)
        assert key in {failure.question for failure in world.sync(vault, gate=gate).failed}
    assert not world.sync(vault).failed
    assert world.held()[key]["suspended"]
    assert world.prepare(vault).plan.empty


# -- fields that were missing ---------------------------------------------------------------------


def without_answer(world: Living) -> None:
    change_model(
        world,
        lambda models, model: models.remove_field(model, next(f for f in model["flds"] if f["name"] == "Answer")),
    )


@pytest.mark.parametrize("before", ["at once", "a sync later", "stopped"])
def test_a_field_that_is_put_back_is_filled_again(world: Living, before: str) -> None:
    questions, chains = first(world)
    written = world.held()["cloud-0001"]["fields"]["Answer"]
    types = world.notetypes()
    without_answer(world)
    vault = world.vault([*revised(questions, 1), question("cloud-0100", title="New")], chains)
    if before == "a sync later":
        world.sync(vault)
        assert world.prepare(vault).plan.empty
    if before == "stopped":
        stopped(world, vault, "apply.write_by_calls", add_fields=True)
    assert not world.sync(vault, add_fields=True).failed
    held = world.held()
    assert held["cloud-0001"]["fields"]["Answer"] == written
    assert held["edge-0002"]["fields"]["Answer"].endswith("Revised.</p>")
    assert held["cloud-0100"]["fields"]["Answer"]
    assert world.notetypes() == types
    assert world.prepare(vault).plan.empty


def test_a_field_that_the_learner_puts_back_by_hand_is_filled_by_the_next_sync(fast: Living) -> None:
    questions, chains = first(fast)
    without_answer(fast)
    vault = fast.vault(questions, chains)
    fast.sync(vault)
    change_model(fast, lambda models, model: models.add_field(model, models.new_field("Answer")))
    fast.edit("cloud-0003", "Answer", "my own")
    fast.sync(vault)
    held = fast.held()
    assert held["cloud-0001"]["fields"]["Answer"].startswith("<p>Answer 1")
    assert held["cloud-0003"]["fields"]["Answer"] == "my own"


# -- decks ----------------------------------------------------------------------------------------


def own_options(world: Living, deck: str) -> int:
    """The id of a preset of the learner's, which a deck has from now on."""
    with world.collection() as col:
        number = int(col.decks.add_config_returning_id("Mine"))
        found = col.decks.by_name(deck)
        found["conf"] = number
        col.decks.save(found)
        return number


@pytest.mark.parametrize("at", ["_store_media", "_describe", "_give_options", "change_deck"])
def test_a_deck_that_a_stopped_sync_made_gets_its_options_and_description(world: Living, at: str) -> None:
    questions, chains = first(world)
    options = own_options(world, "StaffML::cloud")
    new = [*moved_on(questions), question("cloud-0101", level="L2", title="New deck")]
    vault = world.vault(new, chains)
    stopped(world, vault, f"apply.{at}")
    world.sync(vault)
    assert world.prepare(vault).plan.empty
    with world.collection() as col:
        for name in ("StaffML::cloud::L2", "StaffML::cloud::L5"):
            deck = col.decks.by_name(name)
            assert deck["conf"] == options, name
            assert deck["desc"] or world.server.addon.build == "2023", name


def test_what_the_learner_says_of_a_half_made_deck_stays(world: Living) -> None:
    questions, chains = first(world)
    own_options(world, "StaffML::cloud")
    vault = world.vault([*questions, question("cloud-0101", level="L2", title="New deck")], chains)
    stopped(world, vault, "apply._give_options")
    with world.collection() as col:
        options = col.decks.add_config_returning_id("For L2")
        deck = col.decks.by_name("StaffML::cloud::L2")
        deck["conf"], deck["desc"] = options, "my words"
        col.decks.save(deck)
    world.sync(vault)
    with world.collection() as col:
        deck = col.decks.by_name("StaffML::cloud::L2")
        assert deck["conf"] == options
        assert deck["desc"] == "my words" or not world.server.addon.packages
    assert world.prepare(vault).plan.empty


def test_a_stopped_move_into_a_new_deck_is_ours_for_any_later_release(world: Living) -> None:
    questions, chains = first(world)
    stopped(world, world.vault(moved_on(questions), chains), "sync.read_back")
    assert world.held()["cloud-0007"]["deck"] == "StaffML::cloud::L5"
    later = moved_on(questions)
    later[6]["level"] = "L1"
    assert world.sync(world.vault(later, chains)).moved == 1
    assert world.held()["cloud-0007"]["deck"] == "StaffML::cloud::L1"


@pytest.mark.parametrize("packages", [True, False], ids=["package", "calls"])
def test_a_new_deck_of_moved_cards_has_its_description_and_follows_the_release(tmp_path: Path, packages: bool) -> None:
    with living(tmp_path / "profile", packages=packages) as world:
        questions, chains = first(world)
        assert world.sync(world.vault(moved_on(questions), chains)).moved == 1
        with world.collection() as col:
            assert "release 1.2.0" in col.decks.by_name("StaffML::cloud::L5")["desc"]
        world.sync(world.vault(moved_on(questions), chains))
        with world.collection() as col:
            assert ("release 1.3.0" in col.decks.by_name("StaffML::cloud::L5")["desc"]) == packages


def test_relayout_of_an_imported_deck_is_where_new_cards_go_and_done_once(fast: Living) -> None:
    questions, chains = small_vault()
    vault = fast.vault(questions, chains)
    imported(fast, vault)
    fast.move("cloud-0007", "Mine")
    assert fast.sync(vault, relayout=True).moved == 1
    assert fast.held()["cloud-0007"]["deck"] == "StaffML::cloud::L4"
    assert fast.prepare(vault, relayout=True).plan.empty
    fast.sync(fast.vault([*questions, question("cloud-0100", level="L4", title="New")], chains))
    assert fast.held()["cloud-0100"]["deck"] == "StaffML::cloud::L4"


# -- study plans ----------------------------------------------------------------------------------

PLAN = PlanDecks(name="week", title="A week", steps=(("One", (QuestionId("cloud-0007"),)),))
STEP = "StaffML::Plan week::01 One"


@pytest.mark.parametrize("lost", ["memory", "stopped", "stopped and renamed"])
def test_a_plan_ends_although_nobody_remembers_how_it_began(fast: Living, lost: str) -> None:
    questions, chains = small_vault()
    vault = fast.vault(questions, chains)
    imported(fast, vault)
    tree = "StaffML"
    if lost == "memory":
        fast.sync(vault)
        assert fast.sync(vault, plan=PLAN).moved == 1
        fast.forget_memory()
    else:
        stopped(fast, vault, "sync.read_back", plan=PLAN)
    if lost.endswith("renamed"):
        tree = "Interview"
        fast.rename("StaffML", tree)
    assert fast.held()["cloud-0007"]["deck"] == STEP.replace("StaffML", tree)
    more = fast.vault([*questions, question("cloud-0100", level="L4", title="New")], chains)
    fast.sync(more, plan=PLAN)
    held = fast.held()
    assert held["cloud-0007"]["deck"] == STEP.replace("StaffML", tree)
    assert held["cloud-0100"]["deck"] == f"{tree}::cloud::L4"
    fast.sync(more)
    assert fast.held()["cloud-0007"]["deck"] == f"{tree}::cloud::L4"
    assert fast.prepare(more).plan.empty


def test_on_another_computer_no_new_card_goes_into_a_plan_s_deck(fast: Living) -> None:
    questions, chains = first(fast)
    fast.sync(fast.folder / "release-1", plan=PLAN)
    fast.forget_memory()
    fast.sync(fast.vault([*questions, question("cloud-0100", level="L4", title="New")], chains))
    assert fast.held()["cloud-0100"]["deck"] == "StaffML::cloud::L4"


def test_an_imported_card_in_a_filtered_deck_joins_the_plan_once_it_is_out(fast: Living) -> None:
    vault = fast.vault(*small_vault())
    imported(fast, vault)
    fast.cram("Cram", "ID:cloud-0007")
    assert fast.sync(vault, plan=PLAN).plan.waiting == ("cloud-0007",)
    with fast.collection() as col:
        col.sched.empty_filtered_deck(col.decks.id_for_name("Cram"))
    assert fast.sync(vault, plan=PLAN).moved == 1
    assert fast.held()["cloud-0007"]["deck"] == STEP


# -- in the way ----------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["StaffML::cloud::L2", "StaffML::mobile"])
@pytest.mark.parametrize("what", ["added", "moved"])
def test_a_filtered_deck_in_the_way_is_named_before_anything_is_changed(world: Living, where: str, what: str) -> None:
    questions, chains = first(world)
    world.cram(where, "ID:cloud-0005")
    before = world.held()
    track = "mobile" if where.endswith("mobile") else "cloud"
    new = [*questions, question("cloud-0101", track=track, level="L2", title="New deck")]
    if what == "moved":
        new = copy.deepcopy(questions)
        new[6] |= {"track": track, "level": "L2"}
    vault = world.vault(new, chains)
    with pytest.raises(StaffmlAnkiError, match=f"'{where}' is a filtered deck.*rename it"):
        world.sync(vault)
    assert world.held() == before
    world.rename(where, "Cram")
    assert not world.sync(vault).failed
    assert world.prepare(vault).plan.empty


# -- our own file ---------------------------------------------------------------------------------


def opened(path: Path, steps: tuple[str, ...]) -> int:
    """The version of the schema of a database, once it is open."""
    connection, notices = open_database(path, steps, damage="")
    with closing(connection):
        assert notices == []
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_two_first_syncs_at_once_make_one_memory(tmp_path: Path) -> None:
    faster = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    faster.execute("PRAGMA journal_mode = WAL")
    faster.execute("BEGIN IMMEDIATE")
    steps = ("CREATE TABLE one (id);", "CREATE TABLE two (id);")
    with ThreadPoolExecutor(1) as pool:
        slower = pool.submit(opened, tmp_path / "state.db", steps)
        time.sleep(0.3)  # it has seen a file without a schema, and waits
        for step in (*steps, "PRAGMA user_version = 2"):
            faster.execute(step)
        faster.execute("COMMIT")
        faster.close()
        assert slower.result(20) == 2


# -- said, or left alone --------------------------------------------------------------------------


def test_the_drawing_of_a_note_that_the_learner_deleted_stays_away(fast: Living) -> None:
    first(fast)
    fast.delete("cloud-0001")
    with fast.collection() as col:
        for path in Path(col.media.dir()).glob("staffml-*"):
            path.unlink()
    assert fast.prepare(fast.folder / "release-1").plan.empty
    fast.sync(fast.folder / "release-1", restore_deleted=True)
    with fast.collection() as col:
        assert list(Path(col.media.dir()).glob("staffml-cloud-0001-*"))


def test_what_calls_cannot_tell_to_have_left_is_said(world: Living) -> None:
    questions, chains = first(world)
    world.forget_memory()
    outcome = world.sync(world.vault(questions[:7], chains))
    said = "without a package nobody can tell whether they have left it or are your own" in " ".join(
        outcome.plan.assumed
    )
    assert (outcome.retired, said) == ((1, False) if world.server.addon.packages else (0, True))


def test_relayout_says_which_cards_it_has_to_leave(fast: Living) -> None:
    first(fast)
    vault = fast.folder / "release-1"
    fast.move("cloud-0007", "Mine")
    fast.cram("Cram", "ID:cloud-0007")
    plan = fast.prepare(vault, relayout=True).plan
    assert (plan.waiting, plan.empty) == ((), True)
    assert "cards in filtered decks stay there (1): repeat --relayout once they are out" in " ".join(plan.assumed)


@pytest.mark.parametrize("at", ["calls._place", "calls.change_deck"])
@pytest.mark.parametrize("build", ["2023", "2025"])
def test_cards_that_a_stopped_sync_added_come_into_their_decks(tmp_path: Path, build: str, at: str) -> None:
    with living(tmp_path / "profile", build=build, packages=False) as world:
        questions, chains = small_vault()
        vault = world.vault(questions, chains)
        stopped(world, vault, at)
        assert not world.sync(vault).failed
        assert world.held()["cloud-0007"]["deck"] == "StaffML::cloud::L4"
        assert world.prepare(vault).plan.empty
        world.sync(world.vault(moved_on(questions), chains))
        assert world.held()["cloud-0007"]["deck"] == "StaffML::cloud::L5"


def test_a_card_that_the_learner_gave_a_due_date_is_not_locked(world: Living) -> None:
    questions, chains = first(world)
    world.know("cloud-0003", 30)
    with world.collection() as col:  # answered once, and reset
        card = world.card(col, "edge-0004")
        card.reps = 1
        col.update_card(card)
    world.sync(world.vault(questions, chains), gate=GateWish(chains=True))
    held = world.held()
    assert not held["cloud-0003"]["suspended"]
    assert not held["edge-0004"]["suspended"]
    assert held["edge-0006"]["suspended"]
