"""`check --math` over whole vaults: ours, small broken ones, and the shape and size of the real one."""

import importlib.util
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import SHARED
from factory import question, sample, write_corpus, write_database, write_folder

from staffml_anki import data
from staffml_anki.vault import load_vault
from staffml_anki.vault.napkin.chains import judge
from staffml_anki.vault.napkin.lines import clauses
from staffml_anki.vault.napkin.verify import check_math

MAKER = SHARED / "tools" / "make_vault.py"
NAPKIN = """**Assumptions & Constraints:**
- 35 GB of weights; 3.35 TB/s = 3350 GB/s
- batch = 32

**Calculations:**
- Reads: 35 GB / 3.35 TB/s ≈ 10.4 ms
- Twice: 2 × 10.4 ms = {twice}
- Unknown: 2 × N × 3 × d = 4096

**Conclusion & Interpretation:**
- 35 GB < 80 GB, so it fits.
"""


def napkin(twice: str = "20.8 ms") -> dict[str, Any]:
    return question(**{"details.napkin_math": NAPKIN.format(twice=twice)})


def test_lines_of_all_three_stages_are_counted(tmp_path: Path) -> None:
    report = check_math(load_vault(write_folder(tmp_path, [napkin()])))
    assert report.read == 4
    assert report.wrong == ()
    assert [f.text for f in report.unreadable] == ["2 × N × 3 × d = 4096"]


@pytest.mark.parametrize(
    ("twice", "message"),
    [
        ("21.8 ms", "line 7: '2 × 10.4 ms = 21.8 ms': found 21.8 ms; right: 20.8 ms"),
        ("20.8 GB", "line 7: '2 × 10.4 ms = 20.8 GB': found byte; the units give s"),
    ],
)
def test_a_wrong_line_is_named_with_file_field_line_found_and_right(tmp_path: Path, twice: str, message: str) -> None:
    report = check_math(load_vault(write_folder(tmp_path, [napkin(twice)])))
    assert [str(f.problem) for f in report.wrong] == [
        f"questions/cloud/memory/cloud-0001.yaml: details.napkin_math: {message}"
    ]
    assert report.read == 4


def test_all_three_shapes_give_the_same_report(tmp_path: Path) -> None:
    questions, chains = sample()
    questions[3]["details"]["napkin_math"] = NAPKIN.format(twice="21.8 ms")
    folder = check_math(load_vault(write_folder(tmp_path / "vault", questions, chains)))
    corpus = check_math(load_vault(write_corpus(tmp_path / "corpus.json", questions, chains)))
    database = check_math(load_vault(write_database(tmp_path / "vault.db", questions, chains)))
    assert folder.read == corpus.read == database.read > 12
    assert len(folder.wrong) == len(corpus.wrong) == len(database.wrong) == 1


def test_the_command_fails_on_a_wrong_line_and_says_how_many_it_read(run: Callable[..., Any], tmp_path: Path) -> None:
    vault = write_folder(tmp_path / "vault", [napkin("21.8 ms")])
    result = run("check", "--vault", vault, "--math")
    assert result.code == 1
    assert "found 21.8 ms; right: 20.8 ms" in result.err
    assert "4 calculation lines read: 1 wrong; 1 not read" in result.out
    assert run("check", "--vault", vault).code == 0
    write_folder(vault, [napkin()])
    assert run("check", "--vault", vault, "--math").code == 0


def test_the_command_gives_the_findings_as_json(run: Callable[..., Any], tmp_path: Path) -> None:
    found = run("check", "--vault", write_folder(tmp_path / "vault", [napkin("21.8 ms")]), "--math", "--json").json
    assert found["math"]["read"] == 4
    assert found["math"]["wrong"] == [
        {
            "question": "cloud-0001",
            "file": "questions/cloud/memory/cloud-0001.yaml",
            "field": "details.napkin_math",
            "line": 7,
            "text": "2 × 10.4 ms = 21.8 ms",
            "verdict": "value",
            "found": "21.8 ms",
            "right": "20.8 ms",
        }
    ]
    assert [each["verdict"] for each in found["math"]["unreadable"]] == ["unreadable"]


def test_our_vault_has_no_wrong_line_and_hardly_one_that_cannot_be_read() -> None:
    report = check_math(load_vault(data.VAULT))
    assert [str(finding.problem) for finding in report.wrong] == []
    assert report.read >= 488
    assert len(report.unreadable) <= 0.05 * (report.read + len(report.unreadable))


def test_a_perturbed_result_in_our_vault_is_found() -> None:
    result = re.compile(r"([=≈]) ?([0-9.]+)(?=[^=≈]*$)")
    found = []
    for q in load_vault(data.VAULT).questions.values():
        for clause in clauses(q.napkin_math):
            match = result.search(clause.text)
            if match is None or judge(clause.text).verdict != "right":
                continue
            stated, decimals = float(match[2]), len(match[2].partition(".")[2])
            changed = f"{stated * 1.3:.{decimals}f}"
            if float(changed) - stated > max(0.12 * stated, 2 * 10.0**-decimals):  # else too few digits are shown
                text = clause.text[: match.start(2)] + changed + clause.text[match.end(2) :]
                found.append(judge(text).verdict in ("value", "dimension"))
    assert len(found) > 400
    assert sum(found) >= 0.99 * len(found)


def plant(line: str, chance: random.Random) -> str | None:
    """A calculation line with an error in its result: a digit, a power of ten, a unit that does not follow."""
    match = re.search(r"(?P<relation>[=≈]|\\approx) ?(?P<value>[0-9.]+)(?P<unit>[^;]*)$", line)
    if match is None or float(match["value"]) == 0:
        return None
    value, unit = match["value"], match["unit"]
    kind = chance.choice(["value", "power", "unit"])
    if kind == "unit" and ("GB." in unit or " s." in unit):
        unit = unit.replace("GB", "W") if "GB." in unit else unit.replace(" s.", " GB.")
    else:
        decimals = len(value.partition(".")[2])
        factor = 10.0 if kind == "power" else chance.choice([0.7, 1.3])
        changed = f"{float(value) * factor:.{decimals}f}"
        if abs(float(changed) - float(value)) <= max(0.12 * float(value), 2 * 10.0**-decimals):
            return None  # too few digits are shown to tell
        value = changed
    return f"{line[: match.start()]}{match['relation']} {value}{unit}"


@pytest.mark.skipif(not MAKER.exists(), reason=f"NOT TESTED: {MAKER} is missing, so no vault of upstream's shape")
def test_errors_planted_in_a_vault_of_upstream_s_shape_are_found_and_nothing_else_is(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_vault", MAKER)
    assert spec and spec.loader
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    counters: dict[str, int] = {}
    questions = [maker.question(1, number, counters, False) for number in range(800)]
    clean = check_math(load_vault(write_folder(tmp_path / "clean", questions)))
    assert (clean.wrong, clean.unreadable) == ((), ())
    assert clean.read > 1500

    chance, planted = random.Random(7), set()
    for raw in questions:
        lines = raw["details"].get("napkin_math", "").split("\n")
        for number, line in enumerate(lines):
            if raw["status"] == "published" and line.startswith("- ") and chance.random() < 0.2:
                wrong = plant(line, chance)
                if wrong is not None:
                    lines[number] = wrong
                    planted.add((raw["id"], number + 1))
        if "napkin_math" in raw["details"]:
            raw["details"]["napkin_math"] = "\n".join(lines)
    shutil.rmtree(tmp_path / "clean")
    report = check_math(load_vault(write_folder(tmp_path / "planted", questions)))
    assert len(planted) > 200
    assert {(finding.question, finding.line) for finding in report.wrong} == planted
    assert report.unreadable == ()


def test_pint_is_loaded_only_when_something_is_calculated(tmp_path: Path) -> None:
    import subprocess
    import sys

    vault = write_folder(tmp_path / "vault", [napkin()])
    program = (
        "import sys; from staffml_anki.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('pint' in sys.modules)"
    )
    for extra, loaded in (([], "False"), (["--math"], "True")):
        arguments = ["check", "--vault", str(vault), *extra]
        done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=120)
        assert done.stdout.splitlines()[-1] == loaded, done.stderr


def test_the_yaml_of_the_sample_is_what_the_reports_speak_of(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, [napkin("21.8 ms")])
    (finding,) = check_math(load_vault(folder)).wrong
    text = yaml.safe_load((folder / finding.file).read_text(encoding="utf-8"))["details"]["napkin_math"]
    assert finding.text in text.split("\n")[finding.line - 1]
