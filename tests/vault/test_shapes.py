"""One release, three shapes, the same questions."""

import json
from pathlib import Path

import pytest
from factory import chain, question, release, sample, write_corpus, write_database, write_folder

from staffml_anki.decks.layout import lay_out
from staffml_anki.decks.recipe import shipped_recipes
from staffml_anki.errors import VaultError
from staffml_anki.vault import Vault, load_vault
from staffml_anki.vault.compare import compare
from staffml_anki.vault.select import Selection

# What corpus.json or vault.db cannot carry, whatever we do.
NOT_EVERYWHERE = {"file", "minutes", "validated", "math_verified", "human_reviewed", "provenance", "created", "tags"}


@pytest.fixture
def three(tmp_path: Path) -> list[Vault]:
    questions, chains = sample()
    folder = write_folder(tmp_path / "v", questions, chains, release())
    corpus = write_corpus(folder / "corpus.json", questions, chains)
    database = write_database(folder / "vault.db", questions, chains, release())
    return [load_vault(path) for path in (folder, corpus, database)]


def test_each_shape_is_told_by_its_content(three: list[Vault], tmp_path: Path) -> None:
    assert [vault.shape for vault in three] == ["folder", "corpus", "database"]
    renamed = tmp_path / "download"
    renamed.write_bytes((tmp_path / "v" / "vault.db").read_bytes())
    assert load_vault(renamed).shape == "database"


def test_the_three_shapes_give_the_same_questions(three: list[Vault]) -> None:
    as_data = [[q.model_dump(exclude=NOT_EVERYWHERE) for q in vault.questions.values()] for vault in three]
    assert len(as_data[0]) == 12
    assert as_data[0] == as_data[1] == as_data[2]


def test_the_three_shapes_give_the_same_chains_release_and_drawings(three: list[Vault]) -> None:
    for vault in three:
        assert vault.chains == three[0].chains
        assert vault.release == three[0].release
        assert vault.visuals == three[0].visuals
        assert not vault.problems
    assert [c.id for c in three[0].chains] == ["chain-a", "chain-b", "chain-c"]


def test_the_three_shapes_give_the_same_decks_for_every_recipe(three: list[Vault]) -> None:
    for recipe in shipped_recipes():
        if recipe.name in ("mobile", "tinyml", "global"):
            continue
        first, *others = [lay_out(vault, recipe, Selection()) for vault in three]
        assert first.questions
        assert others == [first, first]


def test_a_database_alone_carries_its_release(tmp_path: Path) -> None:
    vault = load_vault(write_database(tmp_path / "vault.db", [question()], [], release()))
    assert (vault.release.id, vault.release.timestamp) == ("1.0.0", 1777899042)


def test_comparing_two_shapes_of_one_release_finds_no_difference(three: list[Vault]) -> None:
    folder, corpus, database = three
    assert compare(folder, corpus).empty
    assert compare(database, folder).empty


def test_a_folder_that_holds_only_a_bundle_is_read_as_that(tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpus.json", [question()])
    assert load_vault(tmp_path).shape == "corpus"


def test_a_corpus_downloaded_alone_shows_text_instead_of_its_drawings(tmp_path: Path) -> None:
    visual = {"kind": "svg", "path": "x.svg", "alt": "Bars"}
    vault = load_vault(write_corpus(tmp_path / "corpus.json", [question(visual=visual)]))
    assert list(vault.questions) == ["cloud-0001"]
    assert [p.severity for p in vault.problems] == ["warning"]
    assert "its text alternative is shown instead" in str(vault.problems[0])


# The older variants.


def test_levels_in_lower_case_are_the_same_levels(tmp_path: Path) -> None:
    vault = load_vault(write_folder(tmp_path, [question(level="l6+", track="Cloud")]))
    assert vault.questions["cloud-0001"].level == "L6+"  # type: ignore[index]
    assert vault.questions["cloud-0001"].track == "cloud"  # type: ignore[index]


def test_the_older_folder_layout_is_found_at_any_depth(tmp_path: Path) -> None:
    path = tmp_path / "questions" / "cloud" / "l3" / "fluency" / "cloud-0001.yml"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(question()), encoding="utf-8")
    assert list(load_vault(tmp_path).questions) == ["cloud-0001"]


def test_the_older_layout_says_track_level_and_zone_by_its_folders_alone(tmp_path: Path) -> None:
    raw = question(track=None, level=None, zone=None, competency_area=None, bloom_level=None, phase=None)
    for folder in ("edge/l4/diagnosis", "global/l6+/mastery"):
        path = tmp_path / "questions" / folder / "q.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(raw | {"id": folder.replace("/", "-")}), encoding="utf-8")
    first, second = load_vault(tmp_path).questions.values()
    assert (first.track, first.level, first.zone, first.area) == ("edge", "L4", "diagnosis", "memory")
    assert (second.track, second.level, second.zone) == ("global", "L6+", "mastery")


def test_what_a_question_says_itself_counts_more_than_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "questions" / "edge" / "l4" / "diagnosis" / "q.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(question(level="L2", zone="recall")), encoding="utf-8")
    (loaded,) = load_vault(tmp_path).questions.values()
    assert (loaded.track, loaded.level, loaded.zone) == ("cloud", "L2", "recall")


def test_chains_yaml_is_read_where_there_is_no_chains_json(tmp_path: Path) -> None:
    members = [question("a", level="L1"), question("b", level="L2")]
    write_folder(tmp_path, members, [])
    (tmp_path / "chains.json").unlink()
    (tmp_path / "chains.yaml").write_text("chains:\n- id: old\n  questions: [a, b]\n", encoding="utf-8")
    assert load_vault(tmp_path).chains[0].steps == ("a", "b")


def test_chains_json_is_the_authority(tmp_path: Path) -> None:
    members = [
        question("a", level="L1", chains=[{"id": "inside", "position": 0}]),
        question("b", level="L2", chains=[{"id": "inside", "position": 1}]),
    ]
    write_folder(tmp_path, members, [chain("sidecar", *members)])
    assert [c.id for c in load_vault(tmp_path).chains] == ["sidecar"]


@pytest.mark.parametrize("key", ["chains", "chain"])
def test_chains_inside_questions_are_read(tmp_path: Path, key: str) -> None:
    def place(position: int) -> object:
        entry = {"id": "inside", "position": position}
        return [entry] if key == "chains" else entry

    members = [question("b", level="L2", **{key: place(2)}), question("a", level="L1", **{key: place(1)})]
    write_folder(tmp_path, members)
    (tmp_path / "chains.json").unlink()
    assert load_vault(tmp_path).chains[0].steps == ("a", "b")


def test_the_oldest_corpus_with_slug_ids_loads(tmp_path: Path) -> None:
    old = {
        "id": "global-memory-hierarchy-the-hbm-vs-l1-latency-gap-0",
        "track": "global",
        "scope": "Memory",
        "level": "L1",
        "topic": "memory-hierarchy-design",
        "title": "The HBM vs L1 Gap",
        "scenario": "How far apart are they?",
        "details": {
            "realistic_solution": "About 300 times.",
            "common_mistake": "Thinking it is ten.",
            "napkin_math": "300 ns / 1 ns = 300",
            "deep_dive_title": "Deep dive",
            "deep_dive_url": "https://example.org/deep",
        },
    }
    path = tmp_path / "corpus.json"
    path.write_text(json.dumps([old]), encoding="utf-8")
    (loaded,) = load_vault(path).questions.values()
    assert (loaded.area, loaded.zone, loaded.bloom, loaded.phase) == ("memory", None, None, None)
    assert [(r.name, r.url) for r in loaded.resources] == [("Deep dive", "https://example.org/deep")]


def test_a_database_with_fewer_columns_is_read_by_name(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "early.db"
    connection = sqlite3.connect(path)
    connection.execute(
        "CREATE TABLE questions (realistic_solution TEXT, id TEXT, title TEXT, topic TEXT, track TEXT, level TEXT,"
        " zone TEXT, status TEXT, scenario TEXT)"
    )
    connection.execute(
        "INSERT INTO questions VALUES ('Two.', 'cloud-1', 'T', 'vram-budgeting', 'cloud', 'L2', 'recall', 'published', 'S?')"
    )
    connection.commit()
    connection.close()
    (loaded,) = load_vault(path).questions.values()
    assert (loaded.area, loaded.solution, loaded.options) == ("memory", "Two.", ())


# What is published.


def test_without_a_policy_only_published_questions_come(tmp_path: Path) -> None:
    vault = load_vault(write_folder(tmp_path, [question("a"), question("b", status="flagged")]))
    assert (list(vault.questions), vault.unpublished) == (["a"], 1)


def test_the_release_policy_decides(tmp_path: Path) -> None:
    write_folder(
        tmp_path,
        [
            question("a", status="flagged"),
            question("b"),
            question("c", validated=False),
            question("d", topic="vram-budgeting"),
            question("e", status="draft"),
        ],
    )
    (tmp_path / "release-policy.yaml").write_text(
        "include: {status: [published, flagged], require_validated: true}\n"
        "exclude_topics: [vram-budgeting]\nexclude_ids: [b]\n"
    )
    assert list(load_vault(tmp_path).questions) == ["a"]


def test_what_a_policy_cannot_decide_on_is_reported_and_not_dropped(tmp_path: Path) -> None:
    write_folder(tmp_path, [question("a"), question("b", validated="ture")])
    (tmp_path / "questions" / "c.yaml").write_text("x: 1")
    (tmp_path / "release-policy.yaml").write_text("include: {require_validated: true}")
    vault = load_vault(tmp_path)
    assert (list(vault.questions), vault.unpublished) == (["a"], 0)
    assert {p.file for p in vault.errors} == {"questions/c.yaml", "questions/cloud/memory/b.yaml"}


def test_a_chain_does_not_miss_a_question_that_is_there_and_broken(tmp_path: Path) -> None:
    members = [question("a", level="L1"), question("b", level="L2")]
    write_folder(tmp_path, members, [chain("x", *members)])
    (tmp_path / "questions" / "cloud" / "memory" / "b.yaml").write_text("[")
    assert [p.file for p in load_vault(tmp_path).problems] == ["questions/cloud/memory/b.yaml"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[1]", "a mapping"),
        ("include: [published]", "include must be a mapping"),
        ("include: {status: 3}", "status must be a list of texts"),
        ("exclude_ids: {a: 1}", "exclude_ids must be a list of texts"),
        ("include: {require_validated: maybe}", "must be true or false"),
        ("include: [", "broken YAML"),
    ],
)
def test_a_policy_that_cannot_be_read_is_not_guessed_at(tmp_path: Path, text: str, fault: str) -> None:
    write_folder(tmp_path, [question()])
    (tmp_path / "release-policy.yaml").write_text(text)
    with pytest.raises(VaultError, match=fault):
        load_vault(tmp_path)
