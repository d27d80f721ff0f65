"""Recipes: what they must say, and what they make of a vault."""

from pathlib import Path

import pytest
import yaml
from factory import chain, question, release, write_folder

from staffml_anki.decks.layout import Layout, lay_out, name_chains
from staffml_anki.decks.recipe import Recipe, find_recipe, read_recipe, shipped_recipes
from staffml_anki.errors import RecipeError
from staffml_anki.vault import Vault, load_vault
from staffml_anki.vault.select import Selection

GOOD = {"name": "mine", "title": "Mine", "deck": "My::{{ level }}", "description": "{{ count }}", "output": "mine.apkg"}


def recipe_file(folder: Path, **changes: object) -> Path:
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump({k: v for k, v in (GOOD | changes).items() if v is not None}), encoding="utf-8")
    return path


def decks(layout: Layout) -> dict[str, list[str]]:
    return {deck.name: [str(q) for q in deck.questions] for deck in layout.decks if deck.questions}


def lay(vault: Vault, recipe: Recipe | str = "complete", **earlier: str) -> Layout:
    return lay_out(vault, find_recipe(recipe) if isinstance(recipe, str) else recipe, Selection(), earlier)


@pytest.fixture
def vault(vault_folder: Path) -> Vault:
    return load_vault(vault_folder)


def test_the_shipped_recipes_are_these() -> None:
    names = ["complete", "by-area", "by-chain", "by-level", "cloud", "edge", "global", "mobile", "tinyml"]
    assert [recipe.name for recipe in shipped_recipes()] == names


def test_complete_lays_out_tracks_levels_and_chains(vault: Vault) -> None:
    assert decks(lay(vault)) == {
        "StaffML::cloud::Chains::KV cache management L1→L4": ["cloud-0001", "cloud-0002"],
        "StaffML::cloud::Chains::KV cache management L3→L5": ["cloud-0003", "cloud-0004", "cloud-0005"],
        "StaffML::cloud::L6+": ["cloud-0006"],
        "StaffML::edge::Chains::Real time deadlines L1→L3": ["edge-0001", "edge-0002", "edge-0003"],
        "StaffML::edge::L4": ["edge-0004"],
        "StaffML::edge::L5": ["edge-0005"],
        "StaffML::edge::L6+": ["edge-0006"],
    }


def test_a_question_in_two_chains_lies_in_the_one_with_the_lower_id(vault: Vault) -> None:
    home = next(deck.name for deck in lay(vault).decks if "cloud-0003" in deck.questions)
    assert home.endswith("L3→L5"), "chain-a comes before chain-b"


def test_every_question_lies_in_exactly_one_deck(vault: Vault) -> None:
    for recipe in ("complete", "by-level", "by-area"):
        placed = [q for deck in lay(vault, recipe).decks for q in deck.questions]
        assert sorted(placed) == sorted(vault.questions)


def test_by_chain_holds_chains_only_and_a_track_recipe_one_track(vault: Vault) -> None:
    assert lay(vault, "by-chain").questions == 8
    assert lay(vault, "edge").questions == 6
    complete = decks(lay(vault))
    assert all(complete[name] == cards for name, cards in decks(lay(vault, "edge")).items())


def test_a_chain_lies_where_its_first_step_does_whatever_is_selected(vault: Vault, tmp_path: Path) -> None:
    recipe = read_recipe(recipe_file(tmp_path, chain_deck="My::{{ level }}::{{ zone }}::{{ chain }}"))
    whole = next(deck.name for deck in lay(vault, recipe).decks if "cloud-0005" in deck.questions)
    part = lay_out(vault, recipe, Selection(level=("L5",)))
    assert whole in {deck.name for deck in part.decks if "cloud-0005" in deck.questions}
    assert whole.startswith("My::L3::")


def test_parents_of_chain_decks_are_left_to_anki_and_all_others_are_there(vault: Vault) -> None:
    names = {deck.name for deck in lay(vault).decks}
    assert {"StaffML", "StaffML::cloud", "StaffML::edge"} <= names
    assert "StaffML::cloud::Chains" not in names


def test_descriptions_say_what_how_many_release_source_and_licence(vault: Vault) -> None:
    described = {deck.name: deck.description for deck in lay(vault).decks}
    assert described["StaffML"].startswith("StaffML, complete: 12 questions, release 1.0.0 of 2026-05-04.")
    assert "Vijay Janapa Reddi" in described["StaffML"]
    assert "CC-BY-NC-4.0" in described["StaffML"]
    assert described["StaffML::cloud::L6+"].startswith("StaffML, complete: 1 question,")


def test_a_description_from_a_hostile_vault_is_inert(tmp_path: Path) -> None:
    about = release() | {"source": "<script>alert(1)</script>", "licence": "<img src=x onerror=y>"}
    hostile = load_vault(write_folder(tmp_path, [question()], [], about))
    (description, *_) = {deck.description for deck in lay(hostile).decks}
    assert "<script" not in description
    assert "<img" not in description


def test_new_cards_come_in_the_recipe_s_order(tmp_path: Path) -> None:
    questions = [question("b", level="L2"), question("a", level="L3"), question("c", level="L1")]
    vault = load_vault(write_folder(tmp_path, questions))
    recipe = read_recipe(recipe_file(tmp_path, deck="One", order=["level"]))
    assert decks(lay(vault, recipe)) == {"One": ["c", "b", "a"]}


# Names of chain decks.


def test_chains_of_one_topic_and_span_are_told_apart_for_people(tmp_path: Path) -> None:
    members = [question(f"q{n}", level=("L1", "L2")[n % 2], title=f"Title {n}") for n in range(6)]
    chains = [chain("x1", *members[:2]), chain("x2", *members[2:4]), chain("x3", *members[4:])]
    members[4]["title"] = "Title 2"
    vault = load_vault(write_folder(tmp_path, members, chains))
    assert list(name_chains(vault, {}).values()) == [
        "KV cache management L1→L2",
        "KV cache management L1→L2 · Title 2",
        "KV cache management L1→L2 · Title 2 (2)",
    ]


def test_a_name_once_given_stays_although_the_chain_has_grown(tmp_path: Path) -> None:
    members = [question("a", level="L1"), question("b", level="L2"), question("c", level="L6+")]
    vault = load_vault(write_folder(tmp_path, members, [chain("x", *members)]))
    assert name_chains(vault, {})["x"] == "KV cache management L1→L6+"
    assert name_chains(vault, {"x": "KV cache management L1→L2"})["x"] == "KV cache management L1→L2"


def test_a_new_chain_does_not_take_the_name_of_an_older_one(tmp_path: Path) -> None:
    members = [question(f"q{n}", level=("L1", "L2")[n % 2]) for n in range(4)]
    chains = [chain("a-new", *members[:2]), chain("z-old", *members[2:])]
    vault = load_vault(write_folder(tmp_path, members, chains))
    names = name_chains(vault, {"z-old": "KV cache management L1→L2"})
    assert names["z-old"] == "KV cache management L1→L2"
    assert names["a-new"] != names["z-old"]


def test_a_chain_that_returns_finds_its_name_still_its_own(tmp_path: Path) -> None:
    members = [question(f"q{n}", level=("L1", "L2")[n % 2]) for n in range(4)]
    vault = load_vault(write_folder(tmp_path, members, [chain("b", *members[:2])]))
    assert name_chains(vault, {"a": "KV cache management L1→L2"})["b"] != "KV cache management L1→L2"


def test_a_long_title_shortens_the_name_of_a_deck_instead_of_stopping_the_build(tmp_path: Path) -> None:
    members = [question(f"q{n}", level=("L1", "L2")[n % 2], title="T" * 1400) for n in range(4)]
    vault = load_vault(write_folder(tmp_path, members, [chain("a", *members[:2]), chain("b", *members[2:])]))
    assert max(len(name) for name in decks(lay(vault))) < 150


def test_decks_that_differ_only_in_case_are_one(tmp_path: Path) -> None:
    questions = [question("a", topic="Topic"), question("b", topic="topic")]
    vault = load_vault(write_folder(tmp_path, questions))
    recipe = read_recipe(recipe_file(tmp_path, deck="My::{{ topic }}"))
    assert decks(lay(vault, recipe)) == {"My::Topic": ["a", "b"]}


# Wrong recipes.


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"colour": "red"}, "unknown key 'colour'"),
        ({"ordr": ["level"]}, "unknown key 'ordr'; did you mean order?"),
        ({"select": {"trak": ["cloud"]}}, "unknown key 'select.trak'; did you mean track?"),
        ({"select": {"track": ["clowd"]}}, "select.track: found 'clowd'; did you mean cloud?"),
        ({"select": {"math_verified": "yes"}}, "select.math_verified: found 'yes'; input should be a valid boolean"),
        ({"preset": {"new_per_day": -1}}, "preset.new_per_day: found -1"),
        ({"preset": {"desired_retention": 2}}, "preset.desired_retention: found 2"),
        ({"preset": {"learning_steps": [float("inf")]}}, "preset.learning_steps.0: found inf"),
        ({"preset": {"learning_steps": [-1]}}, "preset.learning_steps.0: found -1"),
        ({"order": ["colour"]}, "order.0: found 'colour'"),
        ({"deck": None}, "deck is missing"),
        ({"deck": "{{ level"}, "deck is not a valid template"),
        ({"deck": "{% for %}"}, "deck is not a valid template"),
        ({"output": "../../etc/x.apkg"}, "output: found"),
        ({"output": "x.zip"}, "output: found"),
    ],
)
def test_a_wrong_recipe_is_one_line_that_names_the_fault(
    tmp_path: Path, changes: dict[str, object], fault: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        read_recipe(recipe_file(tmp_path, **changes))
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("deck", "fault"),
    [
        ("{{ nothing }}", "'nothing' is undefined; it may use area, level, level_name"),
        ("{{ level / 0 }}", "cannot be rendered"),
        ("{{ '' }}", "deck gives an empty path"),
        ("A::::B", "deck gives the path 'A::::B'"),
        ("A::", "deck gives the path 'A::'"),
        ("::A", "deck gives the path '::A'"),
        ("A:: B", "deck gives the path 'A:: B'"),
        ("A:::B", "deck gives the path 'A:::B'"),
        ('A "B"', "a quote"),
        ("A{{ '\n' }}B", "a control character"),
        ("A" * 1001, "a path of 1001 characters"),
        ("x" * 5000, "is longer than 4000 characters"),
        ("{{ 'A' * 10 }}", "deck uses *; it may use values"),
        ("{{ lipsum() }}", "deck uses calls"),
        ("{{ '%99d' % 1 }}", "deck uses %"),
        ("{{ level|center(99999999) }}", "is not a valid template: No filter named 'center'"),
        ("{% if 1 %}" * 150 + "{% endif %}" * 150, "nested too deeply"),
        ("{{ ''.__class__.__mro__ }}", "cannot be rendered"),
        ("{% for i in level %}x{% endfor %}", "deck uses loops"),
    ],
)
def test_a_path_that_is_not_a_deck_s_is_refused(tmp_path: Path, vault: Vault, deck: str, fault: str) -> None:
    with pytest.raises(RecipeError) as caught:
        lay(vault, read_recipe(recipe_file(tmp_path, deck=deck)))
    assert fault in str(caught.value)


@pytest.mark.parametrize("text", ["", "[1, 2]", "a: [", "a: &x 1\nb: *x"])
def test_a_file_that_is_no_recipe(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=r"recipe .*r\.yaml: "):
        read_recipe(path)


def test_an_unknown_recipe_names_the_nearest() -> None:
    with pytest.raises(RecipeError, match="no recipe 'by-levl'; did you mean by-level?"):
        find_recipe("by-levl")
    with pytest.raises(RecipeError, match="does not exist"):
        find_recipe("somewhere/mine.yaml")


def test_a_single_value_may_stand_without_a_list(tmp_path: Path) -> None:
    recipe = read_recipe(recipe_file(tmp_path, select={"track": "cloud", "math_verified": True}))
    assert recipe.select == Selection(track=("cloud",), math_verified=True)
