"""`check` reports every problem at once, each with file, field, what was found and what would be right."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from factory import chain, question, release, sample, write_folder

from staffml_anki.vault import load_vault
from staffml_anki.vault.check import check

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def problems_of(folder: Path, *questions: dict[str, Any], chains: list[dict[str, Any]] | None = None) -> list[str]:
    vault = load_vault(write_folder(folder, questions, chains or []))
    return [f"{p.severity}: {p}" for p in check(vault, NOW)]


FILE = "questions/cloud/memory/cloud-0001.yaml"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"level": "L7"}, "error: {f}: level: found 'L7'; did you mean L6+? (one of L1, L2, L3, L4, L5, L6+)"),
        ({"zone": "analize"}, "error: {f}: zone: found 'analize'; did you mean analyze? (one of recall, fluency, "),
        ({"phase": "infrence"}, "error: {f}: phase: found 'infrence'; did you mean inference? "),
        ({"bloom_level": "applied"}, "error: {f}: bloom_level: found 'applied'; did you mean apply? "),
        ({"status": "publishd"}, "error: {f}: status: found 'publishd'; did you mean published? "),
        ({"validated": "ture"}, "error: {f}: validated: found 'ture'; input should be a valid boolean"),
        ({"math_verified": "maybe"}, "error: {f}: math_verified: found 'maybe'; input should be a valid boolean"),
        ({"human_reviewed": "yess"}, "error: {f}: human_reviewed: found 'yess'; input should be a valid boolean"),
        ({"title": None}, "error: {f}: title: is missing"),
        ({"title": 7}, "error: {f}: title: found 7; input should be a valid string"),
        ({"title": "  "}, "error: {f}: title: is empty"),
        (
            {"scenario": "", "question": ""},
            "error: {f}: scenario: is empty, and so is question: there is nothing to ask",
        ),
        ({"details.realistic_solution": None}, "error: {f}: details.realistic_solution: is missing"),
        (
            {"details.options": ["a", "b", "c", "d"]},
            "error: {f}: details.correct_index: is missing; with options it is 0 to 3",
        ),
        (
            {"details.options": ["a", "b", "c", "d"], "details.correct_index": 4},
            "error: {f}: details.correct_index: found 4; out of range, must be 0 to 3",
        ),
        (
            {"details.options": ["a", 2, "c", "d"], "details.correct_index": 0},
            "error: {f}: details.options: [1]: found 2; input should be a valid string",
        ),
        ({"id": "two words"}, "error: questions/cloud/memory/two words.yaml: id: found 'two words'; an id is 1-200"),
        (
            {"visual": {"kind": "svg", "path": "../../x.svg"}},
            "error: {f}: visual.path: found '../../x.svg'; the drawing leads out of the vault; give a file name below",
        ),
        ({"visual": {"kind": "png", "path": "x.png"}}, "error: {f}: visual: kind: found 'png'; input should be 'svg'"),
        ({"title": "T" * 121}, "warning: {f}: title: has 121 characters; at most 120"),
        ({"question": "Q" * 201}, "warning: {f}: question: has 201 characters; at most 200"),
        ({"topic": "kv-cache"}, "warning: {f}: topic: found 'kv-cache'; did you mean kv-cache-management? "),
        ({"scenario": "Use <b>two</b>."}, "warning: {f}: scenario: found '<b>'; plain text holds no HTML"),
        (
            {"details.realistic_solution": "<br/>x"},
            "warning: {f}: details.realistic_solution: found '<br/>'; use Markdown",
        ),
        (
            {"details.resources": [{"name": "N", "url": "http://example.org"}]},
            "warning: {f}: details.resources: [0].url: found 'http://example.org'; links begin with https://",
        ),
        (
            {"details.realistic_solution": "[x](javascript:alert)"},
            "warning: {f}: details.realistic_solution: found the link 'javascript:alert'; links begin with https://",
        ),
        (
            {"details.realistic_solution": "![x](https://a/b.png)"},
            "warning: {f}: details.realistic_solution: found an image; only",
        ),
        (
            {"details.options": ["a", "b"], "details.correct_index": 0},
            "warning: {f}: details.options: found 2; exactly 4",
        ),
        ({"details.correct_index": 1}, "warning: {f}: details.correct_index: found without options"),
    ],
)
def test_each_fault_is_named_with_its_place_and_remedy(tmp_path: Path, change: dict[str, Any], expected: str) -> None:
    found = problems_of(tmp_path, question(**change))
    assert len(found) == 1
    assert found[0].startswith(expected.format(f=FILE))


def test_a_missing_drawing_is_an_error_in_a_folder(tmp_path: Path) -> None:
    write_folder(tmp_path, [question(visual={"kind": "svg", "path": "x.svg"})])
    (tmp_path / "visuals" / "cloud" / "x.svg").unlink()
    vault = load_vault(tmp_path)
    assert [str(p) for p in check(vault, NOW)] == [f"{FILE}: visual.path: found 'x.svg'; the drawing does not exist"]
    assert not vault.questions


@pytest.mark.parametrize("text", ["a < b && c > d", "<50ms", "if a <b && c> d", "x <- y", "2 <3> 1", "vector<T>"])
def test_comparisons_are_not_taken_for_html(tmp_path: Path, text: str) -> None:
    assert problems_of(tmp_path, question(scenario=text, **{"details.realistic_solution": text})) == []


def test_every_problem_comes_at_once(tmp_path: Path) -> None:
    broken = question(level="L9", zone="nowhere", title="", track="clowd")
    found = problems_of(tmp_path, broken, question("cloud-0002", phase="both?"))
    assert [line.split(": ")[2] for line in found] == ["phase", "level", "title", "track", "zone"]


def test_a_broken_question_is_checked_to_the_end(tmp_path: Path) -> None:
    changes: dict[str, Any] = {
        "level": "L9",
        "title": "T" * 130,
        "scenario": "<b>x</b>",
        "visual": {"kind": "svg", "path": "../x.svg"},
        "details.options": ["a", "b"],
        "details.correct_index": 7,
        "details.resources": [{"name": "n", "url": "http://e.org"}],
    }
    write_folder(tmp_path, [question("other")])
    (tmp_path / FILE).write_text(json.dumps(question(**changes)))
    found = check(load_vault(tmp_path), NOW)
    assert [p.field for p in found] == [
        "details.correct_index", "details.options", "details.resources", "level", "scenario", "title", "visual.path",
    ]  # fmt: skip


def test_the_second_file_of_an_id_is_checked_like_any_other(tmp_path: Path) -> None:
    write_folder(tmp_path, [question(), question(track="edge", level="L9", title="T" * 130)])
    found = check(load_vault(tmp_path), NOW)
    assert {(p.file.split("/")[1], p.field) for p in found} == {("edge", "id"), ("edge", "level"), ("edge", "title")}


def test_an_id_in_two_files_is_an_error_and_the_first_is_kept(tmp_path: Path) -> None:
    write_folder(tmp_path, [question(), question(track="edge", title="Other")])
    vault = load_vault(tmp_path)
    assert [str(p) for p in vault.problems] == [
        f"questions/edge/memory/cloud-0001.yaml: id: found 'cloud-0001', which is also the id of {FILE}; ids are unique"
    ]
    assert [q.track for q in vault.questions.values()] == ["cloud"]


def test_chains_that_miss_a_question_or_do_not_climb_are_reported(tmp_path: Path) -> None:
    low, same, high = question("a", level="L1"), question("b", level="L1"), question("c", level="L4")
    ghost = question("ghost")
    draft = question("d", level="L5", status="draft")
    found = problems_of(
        tmp_path,
        low,
        same,
        high,
        draft,
        chains=[
            chain("falls", high, low),
            chain("flat", low, same),
            chain("haunted", low, ghost, high, draft),
            chain("twice", low, high, high),
        ],
    )
    assert found == [
        "error: chains.json: falls: does not climb: a (L1) comes after c (L4); order the steps by level",
        "warning: chains.json: flat: does not climb between a and b: both are L1",
        "error: chains.json: haunted: names the question ghost, which is not in the vault",
        "error: chains.json: twice: names the question c twice",
    ]


def test_a_release_date_that_lies_ahead_is_a_warning(tmp_path: Path) -> None:
    vault = load_vault(write_folder(tmp_path, [question()], [], release("2027-01-01T00:00:00+00:00")))
    assert "lies ahead" in str(check(vault, NOW)[0])


def test_the_sample_and_the_shipped_vault_have_no_problem(tmp_path: Path) -> None:
    from staffml_anki import data

    questions, chains = sample()
    assert problems_of(tmp_path, *questions, chains=chains) == []
    assert check(load_vault(data.VAULT), datetime.now(UTC)) == ()
