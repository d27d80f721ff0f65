"""`new` begins a question in the right place, and the example of the guide passes every check."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from factory import question, sample, write_corpus

from staffml_anki.vault import load_vault
from staffml_anki.vault.axes import AREA_OF_TOPIC, AREAS, LEVELS, TOPICS, TRACKS, ZONES
from staffml_anki.vault.policy import EVERYTHING
from staffml_anki.vault.scaffold import LEVELS_OF_ZONE, draft, next_id, place_of

GUIDE = Path(__file__).parents[2] / "docs" / "authoring.md"
type Run = Callable[..., Any]


def new(run: Run, vault: Path, **changes: str) -> Any:
    options = {"track": "edge", "level": "L3", "topic": "thermal-management"} | changes
    return run("new", "--vault", vault, *[part for key, value in options.items() for part in (f"--{key}", value)])


def test_a_draft_lies_in_its_place_with_the_next_free_id(run: Run, vault_folder: Path) -> None:
    result = new(run, vault_folder)
    path = vault_folder / "questions" / "edge" / "power" / "edge-0007.yaml"
    assert (result.code, path.is_file()) == (0, True)
    assert str(path) in result.out
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert (raw["id"], raw["zone"], raw["bloom_level"], raw["competency_area"]) == (
        "edge-0007",
        "implement",
        "apply",
        "power",
    )
    assert raw["status"] == "draft"
    assert raw["created_at"] == f"{date.today()}T00:00:00"
    assert new(run, vault_folder).code == 0
    assert path.with_name("edge-0008.yaml").is_file()


def test_a_draft_has_every_key_of_a_question(run: Run, vault_folder: Path) -> None:
    new(run, vault_folder)
    text = (vault_folder / "questions" / "edge" / "power" / "edge-0007.yaml").read_text(encoding="utf-8")
    ours = yaml.safe_load((Path(GUIDE).read_text(encoding="utf-8").rpartition("```yaml\n")[2]).partition("```")[0])
    for key in (*ours, *ours["details"], "options", "correct_index", "visual"):
        assert re.search(rf"^\s*(?:# )?{key}:", text, re.MULTILINE), key
    assert max(map(len, text.splitlines())) <= 120


def test_a_draft_is_a_question_that_only_lacks_its_content(run: Run, vault_folder: Path) -> None:
    new(run, vault_folder)
    assert run("check", "--vault", vault_folder, "--strict").code == 0  # drafts are not looked at
    result = run("check", "--vault", vault_folder, "--all", "--math", "--json")
    problems = [p for p in result.json["problems"] if p["question"] == "edge-0007"]
    assert {(p["severity"], p["message"]) for p in problems} == {("warning", "still says TODO")}
    assert result.json["math"]["wrong"] == []


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_can_be_begun_on_every_level(tmp_path: Path, topic: str) -> None:
    area = "" if topic in AREA_OF_TOPIC else AREAS[0]
    for track, level in zip([*TRACKS, TRACKS[0]], LEVELS, strict=True):
        made = draft(tmp_path / "vault", place_of(track, level, topic, area), date(2026, 11, 25))
        raw = yaml.safe_load(made.text)
        assert (raw["track"], raw["level"], raw["topic"], raw["id"]) == (track, level, topic, f"{track}-0001")
        assert raw["level"] in LEVELS_OF_ZONE[raw["zone"]].split()


def test_every_zone_has_its_levels() -> None:
    assert tuple(LEVELS_OF_ZONE) == tuple(sorted(ZONES, key=list(LEVELS_OF_ZONE).index))
    assert {level for levels in LEVELS_OF_ZONE.values() for level in levels.split()} == set(LEVELS)


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ([], "edge-0001"),
        (["edge-0007", "edge-0011", "cloud-0099"], "edge-0012"),
        (["starter-edge-003", "starter-edge-004", "edge-0099"], "starter-edge-005"),
        (["edge-9999"], "edge-10000"),
        (["global-memory-hierarchy-the-hbm-vs-l1-latency-gap-0"], "edge-0001"),
        (["edge"], "edge-0001"),
    ],
)
def test_ids_go_on_as_they_are(taken: list[str], expected: str) -> None:
    assert next_id(taken, "edge") == expected


def test_an_id_counts_as_taken_wherever_it_stands(run: Run, vault_folder: Path) -> None:
    stray = vault_folder / "questions" / "cloud" / "compute" / "other-name.yaml"
    stray.parent.mkdir(parents=True)
    stray.write_text(yaml.safe_dump(question("edge-0041", status="archived")), encoding="utf-8")
    (vault_folder / "questions" / "edge" / "edge-0050.yaml").write_text("broken: [", encoding="utf-8")
    assert new(run, vault_folder).code == 0
    assert (vault_folder / "questions" / "edge" / "power" / "edge-0051.yaml").is_file()


def test_a_vault_begins_with_its_first_question(run: Run, tmp_path: Path) -> None:
    assert new(run, tmp_path / "mine").code == 0
    assert list(load_vault(tmp_path / "mine", EVERYTHING).questions) == ["edge-0001"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"topic": "thermal-managment"}, "--topic thermal-managment: no such topic; did you mean thermal-management?"),
        ({"track": "egde"}, "--track egde: no such track; did you mean edge?"),
        ({"level": "L7"}, "--level L7: no such level; did you mean L6+?"),
        ({"zone": "mastery"}, "--zone mastery: goes with L6+; for L3: fluency, analyze, diagnosis, implement"),
        ({"area": "memory"}, "--area memory: thermal-management belongs to power"),
        ({"topic": "chiplet-architecture"}, "--topic chiplet-architecture: belongs to no one area; name it with --area"),
    ],
)  # fmt: skip
def test_a_place_that_does_not_exist_is_refused(run: Run, tmp_path: Path, changes: dict[str, str], said: str) -> None:
    result = new(run, tmp_path / "vault", **changes)
    assert result.code == 2
    assert said in result.err
    assert not (tmp_path / "vault").exists()


def test_only_a_folder_of_a_vault_is_written_to(run: Run, tmp_path: Path) -> None:
    questions, chains = sample()
    corpus = write_corpus(tmp_path / "corpus.json", questions, chains)
    assert "is a file; new questions go into a vault's folder" in new(run, corpus).err
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    assert "holds no questions/ folder" in new(run, tmp_path / "home").err
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["letter.txt"]


def test_nothing_is_overwritten(run: Run, vault_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from staffml_anki.vault import scaffold

    monkeypatch.setattr(scaffold, "next_id", lambda _taken, _track: "edge-0001")
    path = vault_folder / "questions" / "edge" / "latency" / "edge-0001.yaml"
    before = path.read_bytes()
    result = new(run, vault_folder, topic="real-time-deadlines")
    assert result.code == 2
    assert "exists already; it was left as it is" in result.err
    assert path.read_bytes() == before


def test_the_example_of_the_guide_passes_every_check(run: Run, tmp_path: Path) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    vault = tmp_path / "vault"
    path = vault / "questions" / "edge" / "memory" / "edge-0001.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(block, encoding="utf-8")
    result = run("check", "--vault", vault, "--strict", "--math", "--json")
    assert result.code == 0, result.out
    assert result.json["problems"] == []
    assert result.json["math"] == {"read": 11, "wrong": [], "unreadable": []}
    words = len(yaml.safe_load(block)["details"]["realistic_solution"].split())
    assert 80 <= words <= 220


def test_the_guide_names_every_level_and_zone() -> None:
    rows = [line for line in GUIDE.read_text(encoding="utf-8").splitlines() if line.startswith("| L")]
    assert [row.split("|")[1].strip() for row in rows] == list(LEVELS)
    for row in rows:
        level, zones = row.split("|")[1].strip(), row.split("|")[4].strip().split(", ")
        assert zones == [zone for zone in LEVELS_OF_ZONE if level in LEVELS_OF_ZONE[zone].split()], level
