"""Judged by real Anki: what was built, imported with the official package and looked at in the collection."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from factory import question, release, write_corpus, write_folder

from staffml_anki import data
from staffml_anki.cards.notetype import load_templates
from staffml_anki.decks.recipe import find_recipe, shipped_recipes
from staffml_anki.vault import load_vault

type Build = Callable[..., Any]


def import_package(collection: Any, path: Path, **options: Any) -> Any:
    """Import as the desktop does, with its default options unless told otherwise; the importer's log."""
    from anki.collection import ImportAnkiPackageOptions, ImportAnkiPackageRequest

    request = ImportAnkiPackageRequest(package_path=str(path), options=ImportAnkiPackageOptions(**options))
    return collection.import_anki_package(request).log


def cards_by_deck(collection: Any) -> dict[str, int]:
    query = "SELECT did, count() FROM cards GROUP BY did"
    return {collection.decks.name(did): count for did, count in collection.db.execute(query)}


def rendered(collection: Any) -> list[tuple[str, str]]:
    cards = [collection.get_card(card_id) for card_id in collection.find_cards("")]
    return [(card.question(), card.answer()) for card in cards]


def test_the_shipped_vault_imports_and_every_card_renders(
    collection: Any, tmp_path: Path, build_package: Build
) -> None:
    outcome = build_package(data.VAULT, tmp_path / "a.apkg")
    log = import_package(collection, tmp_path / "a.apkg")
    assert (len(log.new), len(log.updated), len(log.conflicting)) == (outcome.questions, 0, 0)
    assert collection.note_count() == collection.card_count() == outcome.questions >= 30
    for front, back in rendered(collection):
        assert "{{" not in front + back
        assert "has a problem" not in front + back
        assert 'id="answer"' in back or "id=answer" in back
        assert front.split("</style>")[1].strip() in back, "the front stays in view"


@pytest.mark.parametrize("recipe", [recipe.name for recipe in shipped_recipes()])
def test_each_recipe_gives_the_decks_and_counts_it_promises(
    collection: Any, tmp_path: Path, build_package: Build, recipe: str
) -> None:
    outcome = build_package(data.VAULT, tmp_path / "a.apkg", recipe)
    import_package(collection, tmp_path / "a.apkg")
    counts = cards_by_deck(collection)
    assert sum(counts.values()) == collection.note_count() == outcome.questions
    assert len(counts) == outcome.decks
    chosen = find_recipe(recipe).select
    questions = [q for q in load_vault(data.VAULT).questions.values() if not chosen.track or q.track in chosen.track]
    for track in {q.track for q in questions}:
        expected = sum(q.track == track for q in questions)
        found = len(collection.find_notes(f"tag:StaffML::track::{track}"))
        assert found == expected or recipe == "by-chain"
    assert len(collection.find_notes("tag:StaffML::level::*")) == outcome.questions
    assert len(collection.find_notes("tag:StaffML::topic::*")) == outcome.questions
    assert all(name.startswith("StaffML::") for name in counts)
    assert Counter(m.name for m in collection.models.all_names_and_ids())["StaffML Question"] == 1


def test_tags_fields_and_browser_columns_are_what_was_built(
    collection: Any, vault_folder: Path, tmp_path: Path, build_package: Build
) -> None:
    build_package(vault_folder, tmp_path / "a.apkg")
    import_package(collection, tmp_path / "a.apkg")
    (note_id,) = collection.find_notes("ID:cloud-0003")
    note = collection.get_note(note_id)
    assert "StaffML::chain::chain-b" in note.tags
    assert (
        note["Answer"] == "<p>Answer 3 of cloud: <code>a &lt; b &amp;&amp; c &gt; d</code> at $0.023/GB … $11.5M.</p>"
    )
    assert len(collection.find_notes("tag:StaffML::track::cloud tag:StaffML::math-verified")) == 6
    assert collection.models.sort_idx(note.note_type()) == 1


def test_new_cards_come_in_step_order_in_a_chain_deck(
    collection: Any, vault_folder: Path, tmp_path: Path, build_package: Build
) -> None:
    build_package(vault_folder, tmp_path / "a.apkg")
    import_package(collection, tmp_path / "a.apkg")
    cards = collection.find_cards('deck:"StaffML::cloud::Chains::KV*L5"', order="c.due asc")
    assert [collection.get_card(c).note()["ID"] for c in cards] == ["cloud-0003", "cloud-0004", "cloud-0005"]


def test_parents_of_chain_decks_come_collapsed_and_the_root_does_not(
    collection: Any, vault_folder: Path, tmp_path: Path, build_package: Build
) -> None:
    build_package(vault_folder, tmp_path / "a.apkg")
    for options in ({}, {"with_scheduling": True, "with_deck_configs": True}):
        import_package(collection, tmp_path / "a.apkg", **options)
        assert collection.decks.by_name("StaffML::cloud::Chains")["collapsed"] is True
        assert collection.decks.by_name("StaffML")["collapsed"] is False


def test_deck_descriptions_arrive(collection: Any, vault_folder: Path, tmp_path: Path, build_package: Build) -> None:
    build_package(vault_folder, tmp_path / "a.apkg")
    import_package(collection, tmp_path / "a.apkg")
    described = collection.decks.by_name("StaffML")["desc"]
    assert "12 questions, release 1.0.0 of 2026-05-04" in described
    assert "CC-BY-NC-4.0" in described


def test_the_preset_arrives_where_the_learner_asks_for_presets(
    collection: Any, vault_folder: Path, tmp_path: Path, build_package: Build
) -> None:
    build_package(vault_folder, tmp_path / "a.apkg")
    import_package(collection, tmp_path / "a.apkg", with_deck_configs=True)
    preset = collection.decks.config_dict_for_deck_id(collection.decks.id("StaffML::cloud::L6+"))
    assert (preset["name"], preset["new"]["perDay"], preset["rev"]["perDay"]) == ("StaffML", 10, 200)
    assert preset["desiredRetention"] == pytest.approx(0.9)


def test_media_are_there_and_none_is_missing_or_unused(
    collection: Any, vault_folder: Path, tmp_path: Path, build_package: Build
) -> None:
    build_package(vault_folder, tmp_path / "a.apkg")
    import_package(collection, tmp_path / "a.apkg")
    checked = collection.media.check()
    assert (list(checked.missing), list(checked.unused)) == ([], [])
    (name,) = [path.name for path in Path(collection.media.dir()).iterdir()]
    assert name.startswith("staffml-cloud-0002-")


def test_importing_the_same_file_again_changes_nothing(
    collection: Any, vault_folder: Path, tmp_path: Path, build_package: Build
) -> None:
    build_package(vault_folder, tmp_path / "a.apkg")
    import_package(collection, tmp_path / "a.apkg")
    before = collection.db.all("SELECT * FROM notes ORDER BY id"), collection.db.all("SELECT * FROM cards ORDER BY id")
    log = import_package(collection, tmp_path / "a.apkg")
    assert (len(log.new), len(log.updated), len(log.duplicate)) == (0, 0, 12)
    assert before == (
        collection.db.all("SELECT * FROM notes ORDER BY id"),
        collection.db.all("SELECT * FROM cards ORDER BY id"),
    )


def test_the_database_is_sound_after_import(
    collection: Any, vault_folder: Path, tmp_path: Path, build_package: Build
) -> None:
    build_package(vault_folder, tmp_path / "a.apkg")
    import_package(collection, tmp_path / "a.apkg")
    report, ok = collection.fix_integrity()
    assert ok, report
    assert collection.db.scalar("SELECT count() FROM notes") == 12


HOSTILE = (
    "<script>alert(1)</script> {{FrontSide}} {{c1::x}} [sound:x.mp3] [latex]y[/latex] "
    '<img src="https://e.org/x.png" onerror="alert(1)"> \\(x\\) $3M <50ms a < b && c > d'
)


def test_hostile_text_reaches_the_card_as_text(collection: Any, tmp_path: Path, build_package: Build) -> None:
    changes: dict[str, Any] = {
        "title": HOSTILE,
        "scenario": HOSTILE,
        "question": HOSTILE,
        "tags": ["<script>", "a b::c"],
        "details.realistic_solution": HOSTILE,
        "details.common_mistake": HOSTILE,
        "details.napkin_math": HOSTILE,
        "details.options": [HOSTILE] * 4,
        "details.correct_index": 0,
        "details.resources": [{"name": HOSTILE, "url": "javascript:alert(1)"}],
    }
    raw = question(**changes)
    about = release() | {"source": HOSTILE, "licence": HOSTILE, "attribution": HOSTILE}
    build_package(write_folder(tmp_path / "v", [raw], [], about), tmp_path / "a.apkg")
    import_package(collection, tmp_path / "a.apkg")
    (card_id,) = collection.find_cards("")
    card = collection.get_card(card_id)
    _, ours = load_templates().without_script()
    page = (card.question() + card.answer()).replace(f"<script>{ours}</script>", "")
    for harmful in ("<script", "<img", "[sound:", "[anki:", "javascript:", "latex-"):
        assert harmful not in page
    assert "{{FrontSide}} {{c1::x}}" in page
    assert not card.question_av_tags() + card.answer_av_tags()
    assert r"\(x" not in page


def test_ten_thousand_questions_import(collection: Any, tmp_path: Path, build_package: Build) -> None:
    """The size of the real vault, in the shape with the least to write: only that it works, never how fast."""
    questions = [question(f"cloud-{n:05d}", level=("L1", "L2")[n % 2], title=f"Title {n}") for n in range(9_500)]
    outcome = build_package(write_corpus(tmp_path / "corpus.json", questions), tmp_path / "a.apkg")
    log = import_package(collection, tmp_path / "a.apkg")
    assert len(log.new) == outcome.questions == 9_500
