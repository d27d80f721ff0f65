"""Release 2 over release 1, with a learner in between: only what changed is rewritten, and nothing of theirs is lost."""

import copy
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from anki.collection import Collection
from conftest import SHARED
from factory import RELEASED_AGAIN, question, release, sample, write_folder
from test_import import import_package

from staffml_anki.cards import notetype

type Build = Callable[..., Any]


def note_of(collection: Any, question_id: str) -> Any:
    (note_id,) = collection.find_notes(f"ID:{question_id}")
    return collection.get_note(note_id)


def card_of(collection: Any, question_id: str) -> Any:
    return note_of(collection, question_id).cards()[0]


def review(collection: Any, question_id: str) -> None:
    """Answer a card Good with the real scheduler."""
    card = card_of(collection, question_id)
    collection.decks.select(card.did)
    queued = collection.sched.get_queued_cards(fetch_limit=1000)
    (mine,) = [q for q in queued.cards if q.card.id == card.id]
    card.start_timer()
    answer = collection.sched.build_answer(card=card, states=mine.states, rating=2)
    collection.sched.answer_card(answer)


def state(collection: Any, question_id: str) -> tuple[Any, ...]:
    """Everything of a question that is the learner's."""
    card = card_of(collection, question_id)
    note = note_of(collection, question_id)
    reviews = collection.db.all("SELECT * FROM revlog WHERE cid = ?", card.id)
    mine = [tag for tag in note.tags if not tag.startswith("StaffML::")]
    return (
        card.id,
        card.did,
        card.queue,
        card.type,
        card.due,
        card.ivl,
        card.reps,
        card.flags,
        reviews,
        mine,
        note.mod,
    )


def learn(collection: Any) -> None:
    """What a learner does: reviews, tags, flags, suspends, moves, writes notes."""
    for question_id in ("cloud-0001", "edge-0004", "edge-0005"):
        review(collection, question_id)
    for question_id in ("cloud-0006", "edge-0004"):
        note = note_of(collection, question_id)
        note.tags.append("my-tag")
        note[notetype.MY_NOTES] = "mine"
        collection.update_note(note)
    collection.sched.suspend_cards([card_of(collection, "edge-0006").id])
    collection.set_user_flag_for_cards(3, [card_of(collection, "cloud-0004").id])
    collection.set_deck([card_of(collection, "cloud-0006").id], collection.decks.id("My own deck"))


@pytest.fixture
def releases(tmp_path: Path, build_package: Build) -> tuple[Path, Path]:
    """Two packages: in the second, edge-0001 has another answer, edge-0002 is gone, cloud-0007 is new."""
    questions, chains = sample()
    first, second = tmp_path / "first.apkg", tmp_path / "second.apkg"
    build_package(write_folder(tmp_path / "one", questions, chains, release()), first)
    later = copy.deepcopy(questions)
    later[6]["details"]["realistic_solution"] = "Rewritten."
    later[7]["status"] = "archived"
    later.append(question("cloud-0007", level="L6+"))
    folder = write_folder(tmp_path / "two", later, chains, release(RELEASED_AGAIN, "1.1.0"))
    build_package(folder, second, previous=tmp_path / "first.manifest.json")
    return first, second


@pytest.mark.parametrize("options", [{}, {"merge_notetypes": True, "with_scheduling": True, "with_deck_configs": True}])
def test_a_new_release_updates_what_changed_and_loses_nothing(
    collection: Any, releases: tuple[Path, Path], options: dict[str, bool]
) -> None:
    import_package(collection, releases[0])
    learn(collection)
    # edge-0003 is the neighbour of the retired step in its chain, so its note changes with it.
    untouched = [f"cloud-000{n}" for n in range(1, 7)] + ["edge-0004", "edge-0005", "edge-0006"]
    before = {question_id: state(collection, question_id) for question_id in untouched}
    log = import_package(collection, releases[1], **options)
    assert sorted(n.fields[0] for n in log.updated) == ["edge-0001", "edge-0003"]
    assert [n.fields[0] for n in log.new] == ["cloud-0007"]
    assert note_of(collection, "edge-0001")["Answer"] == "<p>Rewritten.</p>"
    assert {question_id: state(collection, question_id) for question_id in untouched} == before
    assert note_of(collection, "cloud-0006")[notetype.MY_NOTES] == "mine"
    assert note_of(collection, "edge-0002"), "a question that left the vault stays in the collection"
    assert [m.name for m in collection.models.all_names_and_ids() if "StaffML" in m.name] == ["StaffML Question"]


def test_even_a_note_touched_after_the_release_date_keeps_its_own_tags_if_it_did_not_change(
    collection: Any, releases: tuple[Path, Path]
) -> None:
    import_package(collection, releases[0])
    note = note_of(collection, "cloud-0001")
    note.tags.append("mine")
    collection.update_note(note)
    import_package(collection, releases[1])
    assert "mine" in note_of(collection, "cloud-0001").tags


def test_reviews_of_a_changed_note_stay(collection: Any, releases: tuple[Path, Path]) -> None:
    import_package(collection, releases[0])
    review(collection, "edge-0001")
    card = card_of(collection, "edge-0001")
    before = (card.id, card.did, card.reps, card.due, collection.db.scalar("SELECT count() FROM revlog"))
    # The learner's collection was made just now; the release is older than that, so make their copy older still.
    collection.db.execute("UPDATE notes SET mod = 1770000000 WHERE id = ?", card.nid)
    import_package(collection, releases[1])
    card = card_of(collection, "edge-0001")
    assert note_of(collection, "edge-0001")["Answer"] == "<p>Rewritten.</p>"
    assert before == (card.id, card.did, card.reps, card.due, collection.db.scalar("SELECT count() FROM revlog"))


def test_a_chain_that_grows_keeps_its_deck(collection: Any, tmp_path: Path, build_package: Build) -> None:
    from factory import chain

    members = [question("a", level="L1"), question("b", level="L2"), question("c", level="L6+", status="draft")]
    folder = write_folder(tmp_path / "v", members, [chain("x", *members)], release())
    build_package(folder, tmp_path / "a.apkg")
    import_package(collection, tmp_path / "a.apkg")
    members[2]["status"] = "published"
    write_folder(folder, members, [chain("x", *members)], release(RELEASED_AGAIN, "1.1.0"))
    build_package(folder, tmp_path / "a.apkg")
    import_package(collection, tmp_path / "a.apkg")
    decks = {card_of(collection, question_id).did for question_id in "abc"}
    assert [collection.decks.name(did) for did in decks] == ["StaffML::cloud::Chains::KV cache management L1→L2"]


def test_a_release_of_templates_alone_touches_no_note(
    collection: Any, vault_folder: Path, tmp_path: Path, build_package: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_package(vault_folder, tmp_path / "a.apkg")
    import_package(collection, tmp_path / "a.apkg")
    before = collection.db.all("SELECT * FROM notes ORDER BY id")
    newer = notetype.Templates(
        front="NEW " + notetype.load_templates().front, back=notetype.load_templates().back, css=".card { color: red }"
    )
    monkeypatch.setattr("staffml_anki.package.build.load_templates", lambda: newer)
    outcome = build_package(vault_folder, tmp_path / "a.apkg")
    assert (outcome.up_to_date, outcome.unchanged) == (False, 12)
    schema = collection.db.scalar("SELECT scm FROM col")
    log = import_package(collection, tmp_path / "a.apkg")
    assert len(log.duplicate) == 12
    model = collection.models.by_name("StaffML Question")
    assert model["tmpls"][0]["qfmt"].startswith("NEW ")
    assert model["css"] == ".card { color: red }"
    assert collection.db.all("SELECT * FROM notes ORDER BY id") == before
    assert collection.db.scalar("SELECT scm FROM col") == schema, "no full sync is forced"
    assert [m.name for m in collection.models.all_names_and_ids() if "StaffML" in m.name] == ["StaffML Question"]


def test_without_a_manifest_the_vault_s_own_dates_still_spare_what_did_not_change(
    collection: Any, tmp_path: Path, build_package: Build
) -> None:
    questions, chains = sample()
    build_package(write_folder(tmp_path / "one", questions, chains, release()), tmp_path / "a.apkg")
    import_package(collection, tmp_path / "a.apkg")
    later = copy.deepcopy(questions)
    later[6] |= {"title": "Changed", "last_modified": "2026-08-10"}
    build_package(write_folder(tmp_path / "two", later, chains, release(RELEASED_AGAIN, "1.1.0")), tmp_path / "b.apkg")
    log = import_package(collection, tmp_path / "b.apkg")
    assert [n.fields[0] for n in log.updated] == ["edge-0001"]


def test_upstream_s_next_release_over_its_last(tmp_path: Path, build_package: Build) -> None:
    """The same with vaults of upstream's exact shape, sizes and oddities."""
    maker = SHARED / "tools" / "make_vault.py"
    if not maker.is_file():
        pytest.skip(f"LOUD: {maker} is not here; releases of upstream's shape were NOT tested")
    spec = importlib.util.spec_from_file_location("make_vault", maker)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, extra in (("one", []), ("two", ["--revise", "0.05", "--retire", "0.01", "--add", "0.02"])):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("sys.argv", ["make_vault.py", str(tmp_path / name), "--questions", "600", *extra])
            module.main()
    first = build_package(tmp_path / "one", tmp_path / "a.apkg")
    assert first.problems == ()
    col: Any = Collection(str(tmp_path / "c.anki2"))
    try:
        import_package(col, tmp_path / "a.apkg")
        names = {d.name for d in col.decks.all_names_and_ids()}
        notes = col.find_notes("")
        for note_id in notes[::3]:
            note = col.get_note(note_id)
            note.tags.append("mine")
            col.update_note(note)
        col.sched.suspend_cards(col.find_cards("")[::5])
        cards = {row[0]: row for row in col.db.all("SELECT id, did, queue, due FROM cards")}
        second = build_package(tmp_path / "two", tmp_path / "a.apkg")
        log = import_package(col, tmp_path / "a.apkg")
        assert len(log.new) == second.added
        assert not log.conflicting
        now = {row[0]: row for row in col.db.all("SELECT id, did, queue, due FROM cards")}
        assert all(now[card_id] == row for card_id, row in cards.items())
        kept = [n for n in notes[::3] if "mine" in col.get_note(n).tags]
        # The learner's edit is newer than the release (it was made just now), so even changed notes keep it.
        assert len(kept) == len(notes[::3])
        assert {n.id.nid for n in log.updated} <= set(notes) - set(notes[::3])
        assert 0 < len(log.updated) <= second.updated
        new_decks = {d.name for d in col.decks.all_names_and_ids()} - names
        old_chain_decks = {name for name in names if "::Chains::" in name}
        assert len(old_chain_decks) > 20
        renamed = [name for name in new_decks if "::Chains::" in name]
        chains_before = {c for c in (tmp_path / "one" / "chains.json").read_text().split('"') if "-chain-auto-" in c}
        chains_after = {c for c in (tmp_path / "two" / "chains.json").read_text().split('"') if "-chain-auto-" in c}
        assert len(renamed) <= len(chains_after - chains_before), "no chain that stayed has a new deck"
    finally:
        col.close()


# The README's table of what an import does to what is the learner's.


def test_a_changed_note_loses_the_learner_s_tags_and_texts_if_they_are_older_than_the_release(
    collection: Any, releases: tuple[Path, Path]
) -> None:
    import_package(collection, releases[0])
    note = note_of(collection, "edge-0001")
    note.tags.append("mine")
    note[notetype.MY_NOTES] = "mine"
    collection.update_note(note)
    collection.db.execute("UPDATE notes SET mod = 1770000000 WHERE id = ?", note.id)
    import_package(collection, releases[1])
    note = note_of(collection, "edge-0001")
    assert "mine" not in note.tags
    assert note[notetype.MY_NOTES] == ""


def test_a_changed_note_that_the_learner_edited_after_the_release_stays_theirs(
    collection: Any, releases: tuple[Path, Path]
) -> None:
    import_package(collection, releases[0])
    note = note_of(collection, "edge-0001")
    note[notetype.MY_NOTES] = "mine"
    collection.update_note(note)
    import_package(collection, releases[1])
    note = note_of(collection, "edge-0001")
    assert note[notetype.MY_NOTES] == "mine"
    assert note["Answer"] != "<p>Rewritten.</p>"


@pytest.mark.parametrize("presets", [False, True])
def test_deck_options_stay_unless_presets_are_asked_for_and_a_description_is_replaced(
    collection: Any, releases: tuple[Path, Path], presets: bool
) -> None:
    import_package(collection, releases[0])
    deck = collection.decks.by_name("StaffML")
    own = collection.decks.add_config("Own")
    deck["conf"], deck["desc"] = own["id"], "mine"
    collection.decks.save(deck)
    import_package(collection, releases[1], with_deck_configs=presets)
    deck = collection.decks.by_name("StaffML")
    assert (deck["conf"] == own["id"]) is not presets
    assert "release 1.1.0" in deck["desc"]


def test_an_edited_template_is_replaced_only_by_a_newer_one(collection: Any, releases: tuple[Path, Path]) -> None:
    import_package(collection, releases[0])
    model = collection.models.by_name("StaffML Question")
    model["css"] = "mine"
    collection.models.update_dict(model)
    import_package(collection, releases[1])
    assert collection.models.by_name("StaffML Question")["css"] == "mine"


def test_after_a_rename_new_cards_make_a_deck_of_the_old_name(collection: Any, releases: tuple[Path, Path]) -> None:
    import_package(collection, releases[0])
    collection.decks.rename(collection.decks.id("StaffML"), "Interviews")
    import_package(collection, releases[1])
    assert collection.decks.name(card_of(collection, "cloud-0007").did) == "StaffML::cloud::L6+"
    assert collection.decks.name(card_of(collection, "cloud-0006").did) == "Interviews::cloud::L6+"
