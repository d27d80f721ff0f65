"""`numbers.yaml`: its shape is checked, and its units are ones that the calculator knows."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from factory import question, write_folder

from staffml_anki import data
from staffml_anki.vault.napkin.chains import judge
from staffml_anki.vault.numbers import read_numbers

GOOD = "{key: h100-hbm, value: 80, unit: GB, source: data sheet, date: 2026-11}"


def test_ours_has_every_kind_of_constant_and_no_fault() -> None:
    constants, problems = read_numbers(data.VAULT)
    assert problems == []
    assert len(constants) >= 150
    keys = {constant.key for constant in constants}
    assert {
        "h100-sxm-bf16-dense",
        "h100-sxm-bf16-sparse",
        "nrf52840-sram",
        "energy-dram-32bit",
        "h100-on-demand",
    } <= keys
    peaks = [c for c in constants if c.unit in ("TFLOP/s", "TOP/s")]
    assert [c.key for c in peaks if not re.search("dense|sparse", f"{c.key} {c.source}")] == []


def test_the_calculator_knows_every_unit_of_ours() -> None:
    for constant in read_numbers(data.VAULT)[0]:
        number = f"{constant.value:.10g} {constant.unit}" if constant.unit != "1" else f"{constant.value:.10g}"
        assert judge(f"{number} = {number}").verdict == "right", constant


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (GOOD.replace("80", "eighty"), "value: found 'eighty'; must be a number"),
        (GOOD.replace("80", "true"), "value: found true; must be a number"),
        (GOOD.replace("value: 80, ", ""), "value: found None; must be a number"),
        (GOOD.replace("unit: GB, ", ""), "unit: found None; must be a text"),
        (GOOD.replace("2026-11", "today"), "date: found 'today'; a month: 2026-11"),
        (GOOD.replace("h100-hbm", "H100 HBM"), "key: found 'H100 HBM'; lower case words with hyphens"),
        (GOOD.replace("}", ", url: 'http://x.org'}"), "url: found 'http://x.org'; links begin with https://"),
        (GOOD.replace("}", ", note: x}"), "note: is no key of a constant"),
        ("just a text", "is not a constant: it needs key, value, unit, source and date"),
    ],
)
def test_a_constant_of_another_shape_is_named(tmp_path: Path, entry: str, said: str) -> None:
    (tmp_path / "numbers.yaml").write_text(f"memory:\n- {GOOD.replace('h100', 'h200')}\n- {entry}\n", encoding="utf-8")
    constants, problems = read_numbers(tmp_path)
    assert [constant.key for constant in constants] == ["h200-hbm"]
    assert [str(problem).startswith(f"numbers.yaml: memory[1]: {said}") for problem in problems] == [True]


@pytest.mark.parametrize("text", ["- 5", "memory: 5", "memory: &a [*a]", "a: [", "\x00"])
def test_a_file_of_another_shape_is_one_problem(tmp_path: Path, text: str) -> None:
    (tmp_path / "numbers.yaml").write_text(text, encoding="utf-8")
    constants, problems = read_numbers(tmp_path)
    assert constants == () and len(problems) == 1


def test_a_constant_that_stands_twice_is_an_error_of_the_check(run: Callable[..., Any], tmp_path: Path) -> None:
    vault = write_folder(tmp_path / "vault", [question()])
    assert run("check", "--vault", vault, "--strict").code == 0
    (vault / "numbers.yaml").write_text(f"memory:\n- {GOOD}\n- {GOOD.replace('80', '96')}\n", encoding="utf-8")
    result = run("check", "--vault", vault)
    assert result.code == 1
    assert "numbers.yaml: memory[1]: h100-hbm stands twice" in result.err
