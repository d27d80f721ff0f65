"""What a sync keeps, what it owns, and what it leaves alone, on a real collection; each way, each build of the add-on."""

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from factory import question
from living import NOW, Living, living, mine, revised, small_vault
from releases import OLD

from staffml_anki.anki.errors import AnkiClosedError, AnkiRefusedError
from staffml_anki.anki.gateway import Gateway
from staffml_anki.anki.memory import Memory
from staffml_anki.anki.sync import Session
from staffml_anki.cards import notetype
from staffml_anki.decks.recipe import find_recipe
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.package.build import Request, build


def first(world: Living, count: int = 8) -> tuple[list[Any], list[Any]]:
    """Release 1, synced."""
    questions, chains = small_vault(count)
    outcome = world.sync(world.vault(questions, chains))
    assert (outcome.added, outcome.failed) == (count, ())
    return questions, chains


# -- adding and updating --------------------------------------------------------------------------


def test_a_first_sync_adds_everything_in_its_place_and_a_second_does_nothing(world: Living) -> None:
    questions, _ = first(world)
    held = world.held()
    assert held.keys() == {raw["id"] for raw in questions}
    assert held["cloud-0007"]["deck"] == "StaffML::cloud::L4"
    assert held["cloud-0001"]["deck"].startswith("StaffML::cloud::Chains::")
    with world.collection() as col:
        visual = held["cloud-0001"]["fields"]["Visual"].split('src="')[1].split('"')[0]
        assert Path(col.media.dir(), visual).is_file()
    again = world.prepare(world.folder / "release-1").plan
    assert again.empty
    assert again.unchanged == 8


def test_a_release_updates_what_it_changed_and_nothing_else(world: Living) -> None:
    questions, chains = first(world)
    world.review("cloud-0001")
    before = world.held()
    outcome = world.sync(world.vault(revised(questions, 0), chains))
    assert (outcome.updated, outcome.added, outcome.unchanged) == (1, 0, 7)
    after = world.held()
    assert after["cloud-0001"]["fields"]["Answer"].endswith("Revised.</p>")
    assert {key: value for key, value in after.items() if key != "cloud-0001"} == {
        key: value for key, value in before.items() if key != "cloud-0001"
    }
    assert mine(after["cloud-0001"]) == mine(before["cloud-0001"])


def test_an_edit_of_another_field_stays_while_the_release_updates_its_own(world: Living) -> None:
    questions, chains = first(world)
    world.edit("cloud-0001", "Pitfall", "my pitfall")
    world.edit("cloud-0001", "My Notes", "my notes")
    world.tag("cloud-0001", "hard", "leech")
    outcome = world.sync(world.vault(revised(questions, 0), chains))
    fields = world.held()["cloud-0001"]
    assert outcome.conflicts == 0
    assert outcome.plan.edits == (("cloud-0001", "Pitfall"),)
    assert fields["fields"]["Pitfall"] == "my pitfall"
    assert fields["fields"]["My Notes"] == "my notes"
    assert fields["fields"]["Answer"].endswith("Revised.</p>")
    assert {"hard", "leech"} <= set(fields["tags"])


@pytest.mark.parametrize(("choice", "expected"), [("mine", "my answer"), ("theirs", "Revised.</p>")])
def test_where_both_changed_a_field_the_learner_decides(fast: Living, choice: Any, expected: str) -> None:
    questions, chains = first(fast)
    fast.edit("cloud-0001", "Answer", "my answer")
    vault = fast.vault(revised(questions, 0), chains)
    outcome = fast.sync(vault, conflicts=choice)
    assert outcome.conflicts == 1
    (conflict,) = outcome.plan.conflicts
    assert (conflict[0], conflict[1].field, conflict[1].known) == ("cloud-0001", "Answer", True)
    assert fast.held()["cloud-0001"]["fields"]["Answer"].endswith(expected)
    again = fast.prepare(vault).plan
    assert again.empty
    assert len(again.conflicts) == (choice == "mine"), "kept by default is not yet decided"


def test_a_conflict_stays_one_until_it_is_decided(fast: Living) -> None:
    questions, chains = first(fast)
    for key in ("cloud-0001", "edge-0002"):
        fast.edit(key, "Answer", "my answer")
    vault = fast.vault(revised(questions, 0, 1), chains)
    for _ in range(2):
        assert fast.sync(vault).conflicts == 2
    newer = fast.vault(revised(revised(questions, 0, 1), 0, 3), chains)
    assert fast.sync(newer).conflicts == 2, "a further release decides nothing"
    fast.sync(newer, answers={("cloud-0001", "Answer"): "mine"})
    assert [key for key, _ in fast.prepare(newer).plan.conflicts] == ["edge-0002"]
    outcome = fast.sync(newer, conflicts="theirs")
    assert outcome.updated == 1
    held = fast.held()
    assert held["cloud-0001"]["fields"]["Answer"] == "my answer"
    assert held["edge-0002"]["fields"]["Answer"].endswith("Revised.</p>")
    assert not fast.prepare(newer).plan.conflicts


def test_a_single_answer_goes_before_the_general_choice(fast: Living) -> None:
    questions, chains = first(fast)
    fast.edit("cloud-0001", "Answer", "my answer")
    fast.edit("edge-0002", "Answer", "my answer")
    vault = fast.vault(revised(questions, 0, 1), chains)
    fast.sync(vault, answers={("cloud-0001", "Answer"): "theirs"})
    held = fast.held()
    assert held["cloud-0001"]["fields"]["Answer"].endswith("Revised.</p>")
    assert held["edge-0002"]["fields"]["Answer"] == "my answer"


def test_our_tags_are_ours_and_theirs_are_theirs(world: Living) -> None:
    questions, chains = first(world)
    with world.collection() as col:
        note = world.note(col, "cloud-0007")
        note.tags = ["mine", "StaffML::level::L9", "StaffMLish::x", *[t for t in note.tags if "track" not in t]]
        col.update_note(note)
    outcome = world.sync(world.vault(questions, chains))
    assert outcome.retagged == 1
    tags = world.held()["cloud-0007"]["tags"]
    assert {"mine", "StaffMLish::x", "StaffML::track::cloud"} <= set(tags)
    assert "StaffML::level::L9" not in tags


def test_removing_a_tag_keeps_the_tags_below_it(fast: Living) -> None:
    questions, chains = small_vault()
    questions[6]["tags"] = ["a", "a::b"]
    fast.use_packages = False
    fast.sync(fast.vault(questions, chains))
    questions[6]["tags"] = ["a::b"]
    outcome = fast.sync(fast.vault(questions, chains))
    assert not outcome.failed
    assert [tag for tag in fast.held()["cloud-0007"]["tags"] if "::tag::" in tag] == ["StaffML::tag::a-b"]


# -- places ---------------------------------------------------------------------------------------


def moved_on(questions: list[Any]) -> list[Any]:
    """A release in which cloud-0007 is of another level, and so of another deck."""
    new = copy.deepcopy(questions)
    new[6]["level"] = "L5"
    return new


def test_a_question_that_moves_takes_its_card_along_unless_the_learner_moved_it(world: Living) -> None:
    questions, chains = first(world)
    world.sync(world.vault(moved_on(questions), chains))
    assert world.held()["cloud-0007"]["deck"] == "StaffML::cloud::L5"
    world.move("cloud-0007", "Mine")
    outcome = world.sync(world.vault(questions, chains))
    assert outcome.moved == 0
    assert world.held()["cloud-0007"]["deck"] == "Mine"


def test_a_move_that_was_stopped_is_still_ours(world: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    questions, chains = first(world)
    vault = world.vault(moved_on(questions), chains)

    def dies(*_: Any) -> None:
        raise AnkiClosedError("Anki is gone")

    with monkeypatch.context() as patched:
        patched.setattr("staffml_anki.anki.sync.read_back", dies)
        with pytest.raises(AnkiClosedError):
            world.sync(vault)
    assert world.held()["cloud-0007"]["deck"] == "StaffML::cloud::L5"
    world.sync(vault)
    assert world.sync(world.vault(questions, chains)).moved == 1
    assert world.held()["cloud-0007"]["deck"] == "StaffML::cloud::L4"


def test_another_recipe_moves_only_cards_that_the_learner_did_not_move(fast: Living) -> None:
    questions, chains = first(fast)
    fast.move("cloud-0007", "Mine")
    fast.recipe = "by-area"
    vault = fast.vault(questions, chains)
    outcome = fast.sync(vault)
    held = fast.held()
    assert outcome.moved == 7
    assert held["cloud-0007"]["deck"] == "Mine"
    assert {state["deck"] for key, state in held.items() if key != "cloud-0007"} == {
        "StaffML::memory::KV cache management"
    } or {state["deck"].split("::")[1] for key, state in held.items() if key != "cloud-0007"} == {"memory"}
    outcome = fast.sync(vault, relayout=True)
    assert outcome.moved == 1
    assert "memory" in fast.held()["cloud-0007"]["deck"]


@pytest.mark.parametrize("renamed", [("StaffML", "Interview"), ("StaffML::cloud", "StaffML::Data centre")])
def test_new_cards_follow_the_tree_that_the_learner_renamed(world: Living, renamed: tuple[str, str]) -> None:
    questions, chains = first(world)
    world.rename(*renamed)
    before = world.held()
    new = question("cloud-0100", level="L4", title="New")
    other = question("cloud-0101", level="L2", title="New deck")
    outcome = world.sync(world.vault([*questions, new, other], chains))
    held = world.held()
    assert (outcome.added, outcome.moved) == (2, 0)
    expected = "StaffML::cloud".replace(*renamed)
    assert held["cloud-0100"]["deck"] == f"{expected}::L4"
    assert held["cloud-0101"]["deck"] == f"{expected}::L2"
    assert {key: held[key]["deck"] for key in before} == {key: state["deck"] for key, state in before.items()}
    with world.collection() as col:
        assert col.decks.id_for_name(renamed[0]) is None, "the old tree came back"


def test_cards_in_filtered_decks_are_never_ripped_out(world: Living) -> None:
    questions, chains = first(world)
    world.cram("Cram", "ID:cloud-0007 or ID:edge-0008 or ID:cloud-0005")
    vault = world.vault(revised(moved_on(questions), 6)[:7], chains)  # 0007 moves and changes, 0008 leaves
    outcome = world.sync(vault)
    assert not outcome.failed
    assert outcome.plan.waiting == ("cloud-0007", "edge-0008")
    held = world.held()
    assert {held[key]["filtered"] for key in ("cloud-0005", "cloud-0007", "edge-0008")} == {"Cram"}
    assert held["cloud-0007"]["fields"]["Answer"].endswith("Revised.</p>")
    with world.collection() as col:
        col.sched.empty_filtered_deck(col.decks.id_for_name("Cram"))
    outcome = world.sync(vault)
    held = world.held()
    assert (outcome.moved, outcome.retired) == (1, 1)
    assert held["cloud-0007"]["deck"] == "StaffML::cloud::L5"
    assert held["edge-0008"]["suspended"]


def test_presets_and_descriptions_of_the_learner_stay(world: Living) -> None:
    questions, chains = first(world)
    with world.collection() as col:
        mine_ = col.decks.add_config_returning_id("Mine")
        for name in ("StaffML", "StaffML::cloud", "StaffML::cloud::L4"):
            deck = col.decks.by_name(name)
            deck["conf"], deck["desc"] = mine_, "my words"
            col.decks.save(deck)
        default = col.decks.get_config(1)
        default["new"]["perDay"] = 77
        col.decks.update_config(default)
    new = [question("cloud-0100", level="L4", title="New"), question("cloud-0101", level="L2", title="New deck")]
    world.sync(world.vault([*revised(questions, 6), *new], chains))
    with world.collection() as col:
        for name in ("StaffML", "StaffML::cloud", "StaffML::cloud::L4"):
            deck = col.decks.by_name(name)
            assert (deck["conf"], deck["desc"]) == (mine_, "my words"), name
        assert col.decks.by_name("StaffML::cloud::L2")["conf"] == mine_, (
            "a new deck has the options of the one above it"
        )
        assert col.decks.get_config(1)["new"]["perDay"] == 77


# -- leaving and coming back ----------------------------------------------------------------------


def test_what_leaves_is_retired_and_what_comes_back_is_restored(world: Living) -> None:
    questions, chains = first(world)
    world.review("cloud-0007")
    world.suspend("edge-0008")
    reviews = world.held()["cloud-0007"]["reviews"]
    outcome = world.sync(world.vault(questions[:6], chains))
    held = world.held()
    assert outcome.retired == 2
    assert held["cloud-0007"]["suspended"]
    assert "StaffML::retired" in held["cloud-0007"]["tags"]
    assert held["cloud-0007"]["reviews"] == reviews
    assert world.prepare(world.folder / "release-2").plan.empty
    outcome = world.sync(world.vault(questions, chains))
    held = world.held()
    assert outcome.restored == 2
    assert not held["cloud-0007"]["suspended"]
    assert held["edge-0008"]["suspended"], "the learner had suspended it"
    assert not [tag for key in ("cloud-0007", "edge-0008") for tag in held[key]["tags"] if "retired" in tag]
    assert held["cloud-0007"]["reviews"] == reviews


def test_a_retired_card_that_the_learner_unsuspends_is_theirs_to_study(fast: Living) -> None:
    questions, chains = first(fast)
    vault = fast.vault(questions[:7], chains)
    fast.sync(vault)
    with fast.collection() as col:
        col.sched.unsuspend_cards([fast.card(col, "edge-0008").id])
    assert fast.prepare(vault).plan.empty
    assert not fast.held()["edge-0008"]["suspended"]


def test_what_the_learner_deleted_stays_away_until_asked_for(world: Living) -> None:
    questions, chains = first(world)
    world.delete("cloud-0007")
    vault = world.vault(revised(questions, 6), chains)
    outcome = world.sync(vault)
    assert outcome.plan.deleted == ("cloud-0007",)
    assert "cloud-0007" not in world.held()
    assert world.prepare(vault).plan.deleted == ("cloud-0007",)
    assert world.sync(vault, restore_deleted=True).added == 1
    assert "cloud-0007" in world.held()


def test_a_collection_that_lost_everything_is_a_new_one(fast: Living) -> None:
    questions, chains = first(fast)
    with fast.collection() as col:
        col.remove_notes(col.find_notes(""))
    assert fast.sync(fast.vault(questions, chains)).added == 8


def test_the_wrong_vault_does_not_retire_a_collection(fast: Living) -> None:
    questions, chains = small_vault(40)
    fast.sync(fast.vault(questions, chains))
    other = fast.vault(questions[:3], [], source="Another bank")
    assert fast.prepare(other).plan.count("retired") == 0, "these notes are of another source"
    same = fast.vault(questions[:3], [])
    with Memory(fast.state) as memory:
        session = Session(fast.gateway(), memory)
        prepared = session.prepare(fast.wish(same))
        with pytest.raises(StaffmlAnkiError, match=r"would retire 37 of 40 notes; is --vault the right one\?"):
            session.require_sane(prepared, retire_many=False)
        session.require_sane(prepared, retire_many=True)


def test_more_than_half_of_a_small_collection_is_not_retired_unasked(fast: Living) -> None:
    questions, chains = first(fast)
    with Memory(fast.state) as memory:
        session = Session(fast.gateway(), memory)
        prepared = session.prepare(fast.wish(fast.vault(questions[:3], chains[:0])))
        with pytest.raises(StaffmlAnkiError, match="would retire 5 of 8 notes"):
            session.require_sane(prepared, retire_many=False)
        prepared = session.prepare(fast.wish(fast.vault(questions[:6], chains)))
        session.require_sane(prepared, retire_many=False)


def test_a_narrower_selection_retires_nothing(fast: Living) -> None:
    questions, chains = first(fast)
    fast.recipe = "cloud"
    outcome = fast.sync(fast.vault(questions, chains))
    assert (outcome.retired, outcome.added) == (0, 0)


def test_a_broken_question_is_neither_changed_nor_retired(fast: Living) -> None:
    questions, chains = first(fast)
    new = revised(questions, 0)
    new[6]["level"] = "L99"
    outcome = fast.sync(fast.vault(new, chains))
    assert (outcome.updated, outcome.retired) == (1, 0)
    assert [problem.question for problem in outcome.errors] == ["cloud-0007"]
    assert fast.prepare(fast.folder / "release-2").wanted.errors, "and it is said again"


def test_a_file_that_cannot_be_read_may_be_any_question(fast: Living) -> None:
    questions, chains = first(fast)
    vault = fast.vault(questions[:7], chains)
    (vault / "questions" / "edge" / "memory" / "edge-0008.yaml").write_text("{ broken")
    plan = fast.prepare(vault).plan
    assert plan.count("retired") == 0
    assert "none is retired" in " ".join(plan.assumed)


# -- the note type --------------------------------------------------------------------------------


def change_model(world: Living, change: Any) -> None:
    with world.collection() as col:
        model = col.models.get(notetype.ID) or col.models.by_name(notetype.NAME)
        change(col.models, model)
        col.models.update_dict(model)


def test_a_renamed_note_type_is_still_ours(world: Living) -> None:
    questions, chains = first(world)
    change_model(world, lambda _, model: model.update(name="StaffML (mine)"))
    types = world.notetypes()
    outcome = world.sync(world.vault([*revised(questions, 0), question("cloud-0100", title="New")], chains))
    assert (outcome.updated, outcome.added) == (1, 1)
    assert world.notetypes() == types


def test_a_field_of_the_learner_keeps_its_content(world: Living) -> None:
    questions, chains = first(world)
    change_model(world, lambda models, model: models.add_field(model, models.new_field("Mnemonic")))
    world.edit("cloud-0001", "Mnemonic", "three Gs")
    schema, types = world.schema_changed(), world.notetypes()
    outcome = world.sync(world.vault([*revised(questions, 0), question("cloud-0100", title="New")], chains))
    assert not outcome.failed
    assert (outcome.updated, outcome.added) == (1, 1)
    held = world.held()
    assert held["cloud-0001"]["fields"]["Mnemonic"] == "three Gs"
    assert held["cloud-0001"]["fields"]["Answer"].endswith("Revised.</p>")
    assert (world.schema_changed(), world.notetypes()) == (schema, types)


def test_cards_of_the_learners_own_template_are_left_alone(world: Living) -> None:
    questions, chains = first(world)

    def add(models: Any, model: Any) -> None:
        template = models.new_template("Mine")
        template.update(qfmt="{{Title}} in short?", afmt="{{Answer}}")
        models.add_template(model, template)

    change_model(world, add)

    def extra(key: str) -> tuple[str, int]:
        with world.collection() as col:
            card = world.note(col, key).cards()[1]
            return col.decks.name(card.did), card.queue

    with world.collection() as col:
        card = world.note(col, "cloud-0007").cards()[1]
        col.sched.suspend_cards([card.id])
        col.set_deck([world.note(col, "edge-0008").cards()[1].id], col.decks.id("Mine"))
    before = {key: extra(key) for key in ("cloud-0007", "edge-0008")}
    world.sync(world.vault(moved_on(questions)[:7], chains))
    assert world.held()["cloud-0007"]["deck"] == "StaffML::cloud::L5"
    assert world.held()["edge-0008"]["suspended"]
    assert {key: extra(key) for key in before} == before
    again = world.vault(questions, chains)
    world.sync(again)
    assert not world.held()["edge-0008"]["suspended"]
    assert {key: extra(key) for key in before} == before
    assert world.prepare(again).plan.empty


def test_a_renamed_template_doubles_no_card(world: Living) -> None:
    questions, chains = first(world)
    change_model(world, lambda _, model: model["tmpls"][0].update(name="Karte"))
    schema = world.schema_changed()
    world.sync(world.vault([*revised(questions, 0), question("cloud-0100", title="New")], chains))
    with world.collection() as col:
        assert col.card_count() == 9
    assert world.schema_changed() == schema


def test_a_missing_field_comes_back_only_when_asked_for(world: Living) -> None:
    questions, chains = first(world)
    change_model(
        world,
        lambda models, model: models.remove_field(model, next(f for f in model["flds"] if f["name"] == "Rationale")),
    )
    schema = world.schema_changed()
    vault = world.vault(revised(questions, 0), chains)
    outcome = world.sync(vault)
    assert not outcome.failed
    assert outcome.plan.notetype.missing == ("Rationale",)
    assert world.schema_changed() == schema, "a one-way sync was forced without a yes"
    assert world.prepare(vault).plan.empty
    world.sync(vault, add_fields=True)
    assert "Rationale" in world.held()["cloud-0001"]["fields"]


def test_a_note_type_without_our_first_field_is_refused(fast: Living) -> None:
    questions, chains = first(fast)
    change_model(fast, lambda models, model: models.rename_field(model, model["flds"][0], "Key"))
    with pytest.raises(StaffmlAnkiError, match="must have ID as its first field, and has Key"):
        fast.prepare(fast.vault(questions, chains))


def test_templates_are_updated_unless_the_learner_changed_them(world: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    questions, chains = first(world)
    vault = world.vault(questions, chains)
    now = notetype.load_templates()
    newer = notetype.Templates(now.front + "<i>new</i>", now.back, now.css + "\n.new {}")
    monkeypatch.setattr("staffml_anki.anki.sync.load_templates", lambda: newer)
    shipped = {notetype.part_digest(part) for part in (now.front, now.back)} | {css_digest(now.css)}
    monkeypatch.setattr("staffml_anki.anki.templates.SHIPPED", shipped)
    change_model(world, lambda _, model: model["tmpls"][0].update(afmt=model["tmpls"][0]["afmt"] + "mine"))
    schema = world.schema_changed()
    outcome = world.sync(vault)
    assert outcome.plan.notetype.kept == ("back",)
    front, back, css = templates_of(world)
    assert front == newer.front
    assert back.endswith("mine")
    assert ".new" in css
    assert world.prepare(vault).plan.empty
    world.sync(vault, reset_templates=True)
    assert templates_of(world)[1] == newer.back
    assert world.schema_changed() == schema


def test_the_learners_block_of_the_styling_stays(world: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    questions, chains = small_vault()
    now = notetype.load_templates()
    block = "/* staffml: yours */ .card { --accent: red; } /* staffml: end of yours */"
    older = notetype.Templates(now.front, now.back, "/* staffml: yours */ /* staffml: end of yours */\n.old {}")
    newer = notetype.Templates(now.front, now.back, "/* staffml: yours */ /* staffml: end of yours */\n.new {}")
    monkeypatch.setattr("staffml_anki.anki.sync.load_templates", lambda: older)
    monkeypatch.setattr("staffml_anki.anki.templates.SHIPPED", {css_digest(older.css)})
    vault = world.vault(questions, chains)
    world.sync(vault)
    change_model(world, lambda _, model: model.update(css=f"{block}\n.old {{}}"))
    monkeypatch.setattr("staffml_anki.anki.sync.load_templates", lambda: newer)
    outcome = world.sync(vault)
    assert outcome.plan.notetype.kept == ()
    assert templates_of(world)[2] == f"{block}\n.new {{}}"


def css_digest(css: str) -> str:
    from staffml_anki.cards.learner_css import split_learner_block

    return notetype.part_digest(split_learner_block(css)[1])


def templates_of(world: Living) -> tuple[str, str, str]:
    with world.collection() as col:
        model = col.models.get(notetype.ID) or col.models.by_name(notetype.NAME)
        template = model["tmpls"][0]
        return template["qfmt"], template["afmt"], model["css"]


# -- without knowledge of the past ----------------------------------------------------------------


def imported(world: Living, vault: Path) -> Path:
    """A learner who has imported an .apkg; gives its manifest."""
    out = world.folder / "staffml.apkg"
    build(Request(vault=vault, recipe=find_recipe("complete"), out=out, now=OLD))
    world.gateway().import_package(str(out))
    return out.with_suffix(".manifest.json")


def test_after_an_import_nothing_is_overwritten_silently_and_that_is_said(fast: Living) -> None:
    questions, chains = small_vault()
    imported(fast, fast.vault(questions, chains))
    fast.edit("edge-0002", "Answer", "my answer")
    before = fast.held()
    outcome = fast.sync(fast.vault(revised(questions, 0, 1), chains))
    assert (outcome.added, outcome.updated) == (0, 0), "nobody knows whose the old texts are"
    assert {key for key, _ in outcome.plan.conflicts} == {"cloud-0001", "edge-0002"}
    assert not any(conflict.known for _, conflict in outcome.plan.conflicts)
    assert "this machine has not written 8 notes" in outcome.plan.assumed[0]
    assert {key: state["guid"] for key, state in fast.held().items()} == {key: s["guid"] for key, s in before.items()}
    later = fast.vault(revised(questions, 0, 1), chains)
    outcome = fast.sync(later, conflicts="theirs")
    assert outcome.updated == 2, "what is not known yet can still be decided by a later sync"
    assert fast.held()["edge-0002"]["fields"]["Answer"].endswith("Revised.</p>")


def test_texts_of_a_restored_backup_are_no_edits(fast: Living) -> None:
    questions, chains = first(fast)
    old = {key: fast.held()[key]["fields"]["Answer"] for key in ("cloud-0001", "edge-0002")}
    vault = fast.vault(revised(questions, 0, 1), chains)
    fast.sync(vault)
    fast.edit("cloud-0001", "Answer", old["cloud-0001"])  # as a backup would put it back
    fast.edit("edge-0002", "Answer", old["edge-0002"] + " And mine.")
    outcome = fast.sync(vault)
    assert (outcome.updated, outcome.plan.edits) == (1, (("edge-0002", "Answer"),))
    assert fast.held()["cloud-0001"]["fields"]["Answer"].endswith("Revised.</p>")


def test_with_the_manifest_of_the_import_only_real_edits_count(fast: Living) -> None:
    from staffml_anki.package.manifest import read_manifest

    questions, chains = small_vault()
    stamps = read_manifest(imported(fast, fast.vault(questions, chains))).notes
    fast.edit("edge-0002", "Answer", "my answer")
    fast.tag("cloud-0003", "mine")
    known = {key: stamp.hash for key, stamp in stamps.items()}
    outcome = fast.sync(fast.vault(revised(questions, 0, 1, 2), chains), known=known)
    assert {change.question for change in outcome.plan.of_kind("updated")} == {"cloud-0001", "cloud-0003"}
    assert [key for key, _ in outcome.plan.conflicts] == ["edge-0002"]


def test_after_one_sync_the_next_release_is_compared_with_what_was_there(fast: Living) -> None:
    questions, chains = small_vault()
    vault = fast.vault(questions, chains)
    imported(fast, vault)
    fast.sync(vault)
    outcome = fast.sync(fast.vault(revised(questions, 0), chains))
    assert (outcome.updated, outcome.conflicts) == (1, 0)


def test_a_damaged_memory_is_kept_aside_and_that_is_said(fast: Living) -> None:
    questions, chains = first(fast)
    (fast.state / "state.db").write_bytes(b"rubbish" * 1000)
    with Memory(fast.state) as memory:
        assert "was damaged and is kept as state.damaged-1.db" in memory.notices[0]
    assert (fast.state / "state.damaged-1.db").read_bytes().startswith(b"rubbish")
    outcome = fast.sync(fast.vault(questions, chains))
    assert outcome.unchanged == 8


# -- profiles, twice at once, nothing there -------------------------------------------------------


def test_two_profiles_have_two_memories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from staffml_anki.anki.connect import connect

    monkeypatch.setenv("STAFFML_ANKI_HOME", str(tmp_path / "home"))
    with living(tmp_path / "one") as one:
        first_folder = connect(one.server.url).folder
        (tmp_path / "two").mkdir()
        one.server.open_profile("Second user", tmp_path / "two" / "collection.anki2")
        second = connect(one.server.url)
        assert second.profile == "Second user"
        assert second.folder.name.startswith("second-user-")
        assert second.folder != first_folder
        one.server.open_profile("Second user", None)
        with pytest.raises(AnkiRefusedError, match="no profile is open"):
            connect(one.server.url)


def test_a_second_sync_at_once_refuses(fast: Living) -> None:
    said = "another staffml-anki is syncing this profile"
    with (
        Memory(fast.state) as memory,
        memory.alone(),
        Memory(fast.state) as other,
        pytest.raises(StaffmlAnkiError, match=said),
        other.alone(wait=0.1),
    ):
        pass


@pytest.mark.parametrize("build_", ["2023", "2025"])
def test_a_description_follows_the_release_until_the_learner_writes_one(tmp_path: Path, build_: str) -> None:
    with living(tmp_path, build=build_) as world:
        questions, chains = first(world)
        outcome = world.sync(world.vault(questions, chains))
        expected = {"StaffML", "StaffML::cloud"} if build_ == "2025" else set()
        assert expected <= set(outcome.plan.described), "the release's name is in the description"
        with world.collection() as col:
            text = col.decks.by_name("StaffML")["desc"]
            assert ("release 1.2.0" in text) == (build_ == "2025"), "the older build cannot change a description"
            deck = col.decks.by_name("StaffML::cloud")
            deck["desc"] = "mine"
            col.decks.save(deck)
        vault = world.vault(questions, chains)
        world.sync(vault)
        with world.collection() as col:
            assert col.decks.by_name("StaffML::cloud")["desc"] == "mine"
        assert world.prepare(vault).plan.empty


def test_a_closed_anki_is_one_line_with_the_remedy() -> None:
    with pytest.raises(AnkiClosedError, match=r"Anki does not answer at http://127.0.0.1:9: start Anki, with the Anki"):
        Gateway("http://127.0.0.1:9").version()


def test_nothing_published_is_refused_by_the_guard_or_does_nothing(fast: Living) -> None:
    questions, chains = small_vault(30)
    for raw in questions:
        raw["status"] = "draft"
    empty = fast.vault(questions, [])
    assert fast.sync(empty).plan.empty
    for raw in questions:
        raw["status"] = "published"
    fast.sync(fast.vault(questions, chains))
    plan = fast.prepare(empty).plan
    assert plan.count("retired") == 30
    with Memory(fast.state) as memory, pytest.raises(StaffmlAnkiError, match="would retire 30 of 30"):
        session = Session(fast.gateway(), memory)
        session.require_sane(session.prepare(fast.wish(empty)), retire_many=False)


def test_the_last_five_backups_are_kept_and_hold_the_reviews(fast: Living) -> None:
    questions, chains = first(fast)
    fast.review("cloud-0001")
    for number in range(7):
        outcome = fast.sync(fast.vault(revised(questions, number % 8), chains))
        assert len(outcome.backup) == 1
    kept = sorted((fast.state / "backups").iterdir())
    assert len(kept) == 5
    from staffml_anki.package.reader import open_package

    with open_package(kept[-1]) as exported:
        assert exported.connection.execute("SELECT count(*) FROM revlog").fetchone() == (1,)
        assert exported.connection.execute("SELECT count(*) FROM notes").fetchone() == (8,)
    assert not [path for path in fast.state.iterdir() if path.suffix == ".apkg"], "something was left behind"


def test_a_note_with_a_twin_is_reported_and_left_alone(fast: Living) -> None:
    questions, chains = first(fast)
    fast.review("cloud-0001")
    with fast.collection() as col:
        twin = col.new_note(col.models.get(notetype.ID))
        twin["ID"] = "cloud-0001"
        col.add_note(twin, col.decks.id("Mine"))
    plan = fast.prepare(fast.vault(revised(questions, 0), chains)).plan
    assert plan.duplicates == (twin.id,)
    assert [change.note != twin.id for change in plan.changes] == [True]


def test_the_plan_is_the_same_for_the_same_inputs(fast: Living) -> None:
    questions, chains = first(fast)
    fast.edit("cloud-0001", "Answer", "mine")
    vault = fast.vault(revised(questions[:7], 0, 1), chains)
    plans = [fast.prepare(vault).plan for _ in range(2)]
    assert plans[0] == plans[1]
    assert plans[0].same_as(json.loads(json.dumps(plans[1].to_json())))


def test_a_clock_that_runs_behind_still_updates(fast: Living) -> None:
    questions, chains = first(fast)
    with fast.collection() as col:
        note = fast.note(col, "cloud-0001")
        col.db.execute("UPDATE notes SET mod = ? WHERE id = ?", NOW * 2, note.id)
    assert fast.sync(fast.vault(revised(questions, 0), chains)).updated == 1
    assert fast.held()["cloud-0001"]["fields"]["Answer"].endswith("Revised.</p>")


def test_a_note_that_the_learner_copied_from_ours_is_theirs(fast: Living) -> None:
    questions, chains = first(fast)
    with fast.collection() as col:
        copy_of = col.new_note(col.models.get(notetype.ID))
        copy_of.fields = list(fast.note(col, "cloud-0001").fields)
        copy_of["ID"] = "my-own-1"
        col.add_note(copy_of, col.decks.id("Mine"))
    assert fast.prepare(fast.vault(questions, chains)).plan.count("retired") == 0


def test_a_note_whose_id_the_learner_changed_is_never_written_over(fast: Living) -> None:
    questions, chains = first(fast)
    fast.edit("cloud-0001", "My Notes", "mine")
    fast.edit("cloud-0001", "ID", "mine-0001")
    vault = fast.vault(revised(questions, 0), chains)
    for choices in ({}, {"restore_deleted": True}):
        assert not fast.sync(vault, **choices).added
        assert fast.held()["mine-0001"]["fields"]["My Notes"] == "mine"
    shutil.rmtree(fast.state)
    assert not fast.sync(vault).added


def test_the_learners_own_bare_tag_stays(fast: Living) -> None:
    questions, chains = first(fast)
    fast.tag("cloud-0001", "staffml")
    assert fast.prepare(fast.vault(questions, chains)).plan.empty or "staffml" in fast.held()["cloud-0001"]["tags"]
    fast.sync(fast.vault(revised(questions, 0), chains))
    assert "staffml" in fast.held()["cloud-0001"]["tags"]
