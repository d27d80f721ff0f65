"""`check` warns about what authors get wrong, and about nothing else."""

import importlib.util
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import SHARED
from factory import BLOOM, MISTAKE, NAPKIN, question, write_corpus, write_database, write_folder

from staffml_anki import data
from staffml_anki.vault import load_vault
from staffml_anki.vault.check import check

NOW = datetime(2026, 11, 25, tzinfo=UTC)
MAKER = SHARED / "tools" / "make_vault.py"
LONG = "\n".join(f"- Step {n}: {n} × 2 = {2 * n}" for n in range(1, 22))


def at(level: str, **changes: Any) -> dict[str, Any]:
    return question(level=level, bloom_level=BLOOM[level], **changes)


def warnings(folder: Path, *questions: dict[str, Any]) -> list[str]:
    found = check(load_vault(write_folder(folder, questions)), NOW)
    assert {problem.severity for problem in found} <= {"warning"}
    return [f"{problem.field}: {problem.message}" for problem in found]


def without(text: str, heading: str) -> str:
    """A text without one of its parts."""
    start = text.index(f"**{heading}")
    end = text.find("\n**", start)
    return text[:start] + (text[end + 1 :] if end > 0 else "")


@pytest.mark.parametrize(
    "title",
    [
        "Why does the batch not help?", "Is FP8 enough for training", "How many GPUs fit", "The cache is too small.",
        "The KV cache is larger than the weights", "Calculate the memory of a 7B model", "Use a smaller batch!",
        "What is the ridge point of an H100", "Batching must wait for the slowest request",
    ],
)  # fmt: skip
def test_a_title_in_sentence_form_is_reported(tmp_path: Path, title: str) -> None:
    (found,) = warnings(tmp_path, question(title=title))
    assert found.startswith("title: ")


@pytest.mark.parametrize(
    "title",
    [
        "Ridge point of an H100 for dense BF16 work", "Attention that computes more and finishes sooner",
        "Tensors that are never alive together", "Design of a fallback", "Which-model routing in a cascade",
        "Memory accesses per second, read and write", "A file larger than what is left of flash", "Use of DLA and GPU",
        "What 2:4 sparsity saves in three kinds of layers", "Can-bus latency under load", "Find-and-replace of one op",
        "Two-slot update, rollback, etc.", "The Paged-Attention Gap", "Do-nothing baseline against a cascade",
    ],
)  # fmt: skip
def test_a_title_that_names_something_is_not(tmp_path: Path, title: str) -> None:
    assert warnings(tmp_path, question(title=title)) == []


@pytest.mark.parametrize(
    ("heading", "said"),
    [("Assumptions", "Assumptions & Constraints"), ("Calculations", "Calculations"), ("Conclusion", "Conclusion & Inter")],
)  # fmt: skip
def test_a_missing_stage_of_napkin_math_is_reported(tmp_path: Path, heading: str, said: str) -> None:
    (found,) = warnings(tmp_path, question(**{"details.napkin_math": without(NAPKIN, heading)}))
    assert found.startswith(f"details.napkin_math: has no **{said}")


@pytest.mark.parametrize("heading", ["The Pitfall", "The Rationale", "The Consequence"])
def test_a_missing_part_of_the_common_mistake_is_reported(tmp_path: Path, heading: str) -> None:
    (found,) = warnings(tmp_path, question(**{"details.common_mistake": without(MISTAKE, heading)}))
    assert found.startswith(f"details.common_mistake: has no **{heading}:**")


def test_older_questions_with_free_text_are_left_alone(tmp_path: Path) -> None:
    free: dict[str, Any] = {
        "details.napkin_math": "70B × 2 bytes = 140 GB",
        "details.common_mistake": "Counting weights only.",
    }
    assert warnings(tmp_path / "old", question(zone=None, **free)) == []
    assert len(warnings(tmp_path / "new", question(**free))) == 2


def test_a_solution_that_computes_without_napkin_math_is_reported(tmp_path: Path) -> None:
    computes: dict[str, Any] = {
        "details.realistic_solution": "Two cards: 70B × 2 bytes = 140 GB.",
        "details.napkin_math": None,
    }
    (found,) = warnings(tmp_path / "a", question(**computes))
    assert found.startswith("details.napkin_math: is missing, and the solution computes")
    assert warnings(tmp_path / "b", at("L2", **computes)) == []
    none: dict[str, Any] = {"details.napkin_math": None}
    assert warnings(tmp_path / "c", question(**none)) == []


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (at("L1", **{"details.napkin_math": NAPKIN.replace("- Footprint", f"{LONG}\n- Footprint")}), "L1 with 22 calculation"),
        (at("L2", **{"details.napkin_math": NAPKIN.replace("- Footprint", f"{LONG}\n- Footprint")}), "L2 with 22 calculation"),
        (at("L5", question="How many cards does it take?"), "asks for one number and weighs nothing"),
        (at("L6+", question="What share of the bandwidth is used?"), "asks for one number and weighs nothing"),
        (
            at("L6+", scenario="Design it.", question="Which one, and why?",
               **{"details.realistic_solution": "The fast one.", "details.napkin_math": None}),
            "L6+ without a single number",
        ),
    ],
)  # fmt: skip
def test_signs_of_a_wrong_level_are_reported(tmp_path: Path, raw: dict[str, Any], said: str) -> None:
    (found,) = warnings(tmp_path, raw)
    assert found.startswith("level: ") and said in found


def test_one_number_at_a_high_level_is_fine_where_something_is_weighed(tmp_path: Path) -> None:
    weighs = at(
        "L5", question="How many cards does it take?", **{"details.realistic_solution": "Two; one costs less but …"}
    )
    assert warnings(tmp_path, weighs) == []


@pytest.mark.parametrize(("level", "minutes"), [("L1", 25), ("L2", 40), ("L5", 2), ("L6+", 1), ("L3", 600)])
def test_minutes_far_from_any_level_are_reported(tmp_path: Path, level: str, minutes: int) -> None:
    (found,) = warnings(tmp_path, at(level, expected_time_minutes=minutes))
    assert found.startswith(f"expected_time_minutes: found {minutes} for {level}")


def vault_of(minutes: dict[str, int]) -> list[dict[str, Any]]:
    """Six questions on each level, each about something else."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    return [
        at(level, id=f"cloud-{rank}{n}", scenario=" ".join(f"{a}{letters[n]}{letters[rank]}" for a in letters), expected_time_minutes=time)
        for rank, (level, time) in enumerate(minutes.items())
        for n in range(6)
    ]  # fmt: skip


def test_minutes_are_judged_by_the_vault_s_own_where_they_rise_with_the_level(tmp_path: Path) -> None:
    rising = vault_of({"L1": 2, "L2": 4, "L3": 7, "L4": 10, "L5": 14})
    assert warnings(tmp_path / "plain", *rising) == []
    odd = [*rising, at("L1", id="cloud-8", expected_time_minutes=9), at("L5", id="cloud-9", expected_time_minutes=5)]
    odd[-1]["scenario"] = "Another one at $3M."
    found = warnings(tmp_path / "odd", *odd)
    assert [line.partition(",")[0] for line in found] == [
        "expected_time_minutes: found 9 for L1", "expected_time_minutes: found 5 for L5",
    ]  # fmt: skip
    flat = vault_of({"L1": 8, "L2": 8, "L3": 7, "L4": 8, "L5": 8})
    assert warnings(tmp_path / "flat", *flat, at("L1", id="cloud-8", expected_time_minutes=15)) == []


def test_a_right_option_that_stands_out_by_its_length_is_reported(tmp_path: Path) -> None:
    long = "Two, because the weights alone take 140 GB and every card holds 80 GB of them at most"
    options: dict[str, Any] = {
        "details.options": ["One card", long, "Three cards", "Four cards"],
        "details.correct_index": 1,
    }
    (found,) = warnings(tmp_path / "a", question(**options))
    assert (
        found
        == f"details.options: [1]: the right one has {len(long)} characters, the longest wrong one 11; its length tells"
    )
    wrong_is_long = options | {"details.correct_index": 0}
    assert warnings(tmp_path / "b", question(**wrong_is_long)) == []
    twice: dict[str, Any] = {"details.options": ["4 GB", "8 GB", "4  gb", "2 GB"], "details.correct_index": 1}
    (found,) = warnings(tmp_path / "c", question(**twice))
    assert found.startswith("details.options: two are the same")


SCENARIO = (
    "A replica serves a 70B model from two cards with 80 GB each, and every request carries 4,000 tokens of context; the "
    "team wants to know whether a third card pays before the contract with the cloud runs out at the end of March."
)


def test_a_scenario_that_repeats_another_with_other_numbers_is_reported_once(tmp_path: Path) -> None:
    changed = SCENARIO.replace("70B", "13B").replace("4,000", "9,500").replace("March", "June")
    copies = [question("a", scenario=SCENARIO), question("b", scenario=changed), question("c", scenario=SCENARIO)]
    other = question("d", scenario=SCENARIO[::-1])
    found = check(load_vault(write_folder(tmp_path, [*copies, other])), NOW)
    assert [(problem.question, problem.field) for problem in found] == [("b", "scenario"), ("c", "scenario")]
    assert "is much like that of a (" in found[0].message and "100%" in found[1].message


def test_the_advice_is_the_same_for_all_three_shapes(tmp_path: Path) -> None:
    questions = [
        at("L5", question="How many cards does it take?", title="Is it enough?"),
        question("b", scenario=SCENARIO),
    ]
    folder = check(load_vault(write_folder(tmp_path / "v", questions)), NOW)
    corpus = check(load_vault(write_corpus(tmp_path / "corpus.json", questions)), NOW)
    database = check(load_vault(write_database(tmp_path / "vault.db", questions)), NOW)
    messages = [[problem.message for problem in found] for found in (folder, corpus, database)]
    assert messages[0] == messages[1] == messages[2]
    assert len(messages[0]) == 2


def test_our_own_vault_gives_no_reason_for_advice() -> None:
    assert [str(problem) for problem in check(load_vault(data.VAULT), datetime.now(UTC))] == []


@pytest.mark.skipif(not MAKER.exists(), reason=f"NOT TESTED: {MAKER} is missing, so no vault of upstream's shape")
def test_a_vault_of_upstream_s_shape_raises_no_false_alarm(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_vault", MAKER)
    assert spec and spec.loader
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    counters: dict[str, int] = {}
    questions = [maker.question(3, number, counters, False) for number in range(2_000)]
    for raw in questions:
        raw.pop("visual", None)  # a corpus that comes alone has no drawings, and `check` says so
    assert check(load_vault(write_corpus(tmp_path / "corpus.json", questions)), NOW) == ()
