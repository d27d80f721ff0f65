"""The starter vault keeps what it promises: size and spread, chains that climb, drawings, numbers, a small package."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from staffml_anki import data
from staffml_anki.decks.recipe import find_recipe
from staffml_anki.package.build import Request, build
from staffml_anki.vault import Question, Vault, load_vault
from staffml_anki.vault.axes import AREAS, BLOOM_LEVELS, LEVELS, TOPICS, TRACKS, ZONES
from staffml_anki.vault.scaffold import LEVELS_OF_ZONE
from staffml_anki.vault.sections import split_common_mistake, split_napkin_math

DRAWN_BY = sorted(script.stem for script in (data.VAULT / "visuals").glob("*.py") if script.stem != "drawing")


@pytest.fixture(scope="module")
def vault() -> Vault:
    return load_vault(data.VAULT)


@pytest.fixture(scope="module")
def questions(vault: Vault) -> list[Question]:
    return list(vault.questions.values())


def test_it_is_large_and_spread_over_every_axis(questions: list[Question]) -> None:
    assert len(questions) >= 240
    cells = Counter((q.track, q.level) for q in questions)
    assert {
        (track, level): cells[track, level] for track in TRACKS for level in LEVELS if cells[track, level] < 6
    } == {}
    areas = Counter(q.area for q in questions)
    assert {area: areas[area] for area in AREAS if areas[area] < 12} == {}
    assert len({q.topic for q in questions} & set(TOPICS)) >= 70
    assert {q.zone for q in questions} == set(ZONES)


def test_level_zone_and_bloom_level_go_together(questions: list[Question]) -> None:
    bloom = dict(zip(LEVELS, BLOOM_LEVELS, strict=True))
    assert [q.id for q in questions if q.bloom != bloom[q.level]] == []
    assert [(q.id, q.zone, q.level) for q in questions if q.level not in LEVELS_OF_ZONE[str(q.zone)].split()] == []


def test_every_question_is_whole(questions: list[Question]) -> None:
    for q in questions:
        assert "?" in q.question and len(q.question) <= 200, q.id
        assert len(q.title) <= 90 and not q.title.endswith((".", "?")), q.id
        assert all(split_common_mistake(q.common_mistake)[1:]), q.id
        assert q.provenance == "llm-draft" and q.validated and q.math_verified and q.minutes, q.id
        if LEVELS.index(q.level) >= LEVELS.index("L3"):
            assert all(split_napkin_math(q.napkin_math)[1:]), q.id


def test_titles_and_scenarios_are_plain_text_and_titles_differ(questions: list[Question]) -> None:
    marked = re.compile(r"\*\*|`|\$[^$]*\\|\]\(")
    assert [q.id for q in questions if marked.search(f"{q.title} {q.scenario} {q.question}")] == []
    assert [title for title, count in Counter(q.title.lower() for q in questions).items() if count > 1] == []


def test_options_are_four_and_the_right_one_is_not_always_at_the_same_place(questions: list[Question]) -> None:
    asked = [q for q in questions if q.options]
    assert len(asked) >= 50
    assert {len(q.options) for q in asked} == {4}
    for track in TRACKS:
        places = Counter(q.correct_index for q in asked if q.track == track)
        assert len(places) == 4, (track, places)


def test_chains_climb_and_each_track_has_one_through_all_levels(vault: Vault) -> None:
    assert len(vault.chains) >= 36
    whole = set()
    for chain in vault.chains:
        steps = [vault.questions[step] for step in chain.steps]
        ranks = [LEVELS.index(step.level) for step in steps]
        assert 3 <= len(steps) <= 6, chain.id
        assert ranks == sorted(set(ranks)), chain.id
        assert len({step.track for step in steps}) == 1, chain.id
        if len(ranks) == len(LEVELS):
            whole.add(steps[0].track)
    assert whole == set(TRACKS)


def test_chain_records_say_what_the_questions_say(vault: Vault) -> None:
    for record in json.loads((data.VAULT / "chains.json").read_text(encoding="utf-8")):
        steps = [vault.questions[member["id"]] for member in record["questions"]]
        found = [(q.level, q.title, q.bloom) for q in steps]
        assert [(m["level"], m["title"], m["bloom"]) for m in record["questions"]] == found, record["chain_id"]
        assert record["levels"] == [q.level for q in steps], record["chain_id"]
        assert record["track"] == steps[0].track and record["rationale"], record["chain_id"]


def test_links_are_https(questions: list[Question]) -> None:
    links = [resource.url for q in questions for resource in q.resources]
    assert links
    assert [link for link in links if not re.fullmatch(r"https://[a-z0-9.-]+\.[a-z]{2,}(?:/[^\s]*)?", link)] == []


def test_there_are_drawings_on_every_track_and_each_says_the_same_in_words(vault: Vault) -> None:
    drawn = [vault.questions[question] for question in vault.visuals]
    assert len(drawn) >= 24
    assert {q.track for q in drawn} == set(TRACKS)
    assert [q.id for q in drawn if q.visual is None or len(q.visual.alt) < 60] == []


@pytest.mark.parametrize("track", DRAWN_BY)
def test_the_script_of_a_track_draws_its_pictures_again_byte_for_byte(tmp_path: Path, track: str) -> None:
    kept = {path.name: path.read_bytes() for path in (data.VAULT / "visuals" / track).glob("*.svg")}
    for script in (data.VAULT / "visuals").glob("*.py"):
        shutil.copy(script, tmp_path)
    (tmp_path / track).mkdir()
    program = tmp_path / f"{track}.py"
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, str(program)], check=True, cwd=tmp_path, env=environment, timeout=120)
    assert kept
    assert {path.name: path.read_bytes() for path in (tmp_path / track).glob("*.svg")} == kept


def test_every_track_draws_and_no_drawing_is_left_over(vault: Vault) -> None:
    assert sorted(TRACKS) == DRAWN_BY
    used = {f"{q.track}/{q.visual.path}" for q in vault.questions.values() if q.visual}
    root = data.VAULT / "visuals"
    assert {path.relative_to(root).as_posix() for path in root.rglob("*.svg")} == used


def test_the_package_is_small(tmp_path: Path) -> None:
    out = tmp_path / "deck.apkg"
    build(Request(vault=data.VAULT, recipe=find_recipe("complete"), out=out, now=1_790_000_000))
    assert out.stat().st_size < 3_000_000
