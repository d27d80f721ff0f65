"""Every claim in the README and docs is checked by something that runs."""

import importlib.util
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from staffml_anki import data
from staffml_anki.decks.recipe import read_recipe
from staffml_anki.vault import load_vault
from staffml_anki.vault.axes import LEVELS, TRACKS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("staffml-anki") and "cs249r_book" not in line
]


def test_there_are_commands_to_check() -> None:
    assert len(COMMANDS) >= 8


@pytest.fixture
def anki(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A running Anki with AnkiConnect, which the commands find without being told."""
    from server import Server

    monkeypatch.setenv("STAFFML_ANKI_HOME", str(tmp_path / "home"))
    (tmp_path / "profile").mkdir()
    with Server(tmp_path / "profile" / "collection.anki2") as server:
        monkeypatch.setenv("STAFFML_ANKI_URL", server.url)
        yield


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_of_the_readme_works_as_it_stands(
    run: Callable[..., Any], tmp_path: Path, anki: None, line: str
) -> None:
    shutil.copytree(data.VAULT, tmp_path / "vault")
    result = run(*shlex.split(line, comments=True)[1:])
    assert result.code == 0, result.err
    assert result.out


def test_the_command_reference_is_what_the_commands_say() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == module.command_reference(), "run: make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https://|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_make_targets_that_are_named_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {t for page in PAGES for t in re.findall(r"`?make ([a-z]+)", page.read_text(encoding="utf-8"))}
    assert {"deck", "test", "bench"} <= named & targets
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_what_the_readme_says_of_the_starter_vault_is_true() -> None:
    vault = load_vault(data.VAULT)
    assert f"{len(vault.questions)} questions of our own" in README
    assert f"starter vault of {len(vault.questions)} questions" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"five tracks × six levels, {len(vault.chains)} chains" in README
    cells = {(q.track, q.level) for q in vault.questions.values()}
    assert cells == {(track, level) for track in TRACKS for level in LEVELS}
    assert sum(bool(q.options) for q in vault.questions.values()) >= 4
    assert len(vault.visuals) >= 2
    for chain in vault.chains:
        ranks = [LEVELS.index(vault.questions[step].level) for step in chain.steps]
        assert ranks == sorted(set(ranks))


def test_the_options_that_the_sync_docs_name_exist() -> None:
    text = (ROOT / "docs" / "sync.md").read_text(encoding="utf-8")
    reference = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`[^`\n]*?(--[a-z-]+)", text))
    assert len(named) > 10
    assert [option for option in sorted(named) if option not in reference] == []


def test_the_recipe_in_the_docs_is_one(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    path = tmp_path / "interview.yaml"
    path.write_text(block, encoding="utf-8")
    assert read_recipe(path).name == "interview"


def test_the_recipe_docs_name_every_key_and_variable() -> None:
    from typing import get_args

    from staffml_anki.decks.recipe import OrderKey, Preset, Recipe
    from staffml_anki.vault.select import Selection

    text = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    keys = [*Recipe.model_fields, *Selection.model_fields, *Preset.model_fields, *get_args(OrderKey)]
    assert [key for key in keys if key not in text] == []


def test_all_of_staffml_s_topics_are_known() -> None:
    from staffml_anki.vault.axes import AREAS, TOPICS, TOPICS_BY_AREA

    assert len(set(TOPICS)) == 87
    assert tuple(TOPICS_BY_AREA) == AREAS


def test_the_plan_in_the_docs_is_one(tmp_path: Path) -> None:
    from staffml_anki.study.plans import read_plan

    text = (ROOT / "docs" / "study.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    path = tmp_path / "plan.yaml"
    path.write_text(block, encoding="utf-8")
    assert read_plan(path).name == "my-interview"


def test_every_command_of_studying_has_a_transcript() -> None:
    text = (ROOT / "docs" / "study.md").read_text(encoding="utf-8")
    for command in (
        "practice",
        "daily",
        "gauntlet start",
        "plan start",
        "plan status",
        "chain list",
        "chain show",
        "today",
    ):
        assert f"\n$ staffml-anki {command}" in text, command
