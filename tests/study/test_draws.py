"""What is drawn: the same for everybody, spread, never twice where it can be helped."""

import hashlib
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffml_anki.study.draws import MOST_TURNS, of_the_day, stratified, weakest_first
from staffml_anki.vault import QuestionId
from staffml_anki.vault.axes import AREAS, LEVELS, TRACKS, level_rank

DAY = date(2026, 11, 25)


@dataclass(frozen=True)
class Place:
    id: QuestionId
    track: str
    level: str
    area: str
    topic: str


def bank(count: int) -> dict[QuestionId, Place]:
    found = {}
    for number in range(count):
        chance = hashlib.md5(str(number).encode(), usedforsecurity=False).digest()
        key = QuestionId(f"q-{number:04d}")
        area = AREAS[chance[2] % len(AREAS)]
        found[key] = Place(key, TRACKS[chance[0] % 5], LEVELS[chance[1] % 6], area, f"{area}-{chance[3] % 3}")
    return found


@given(count=st.integers(0, 60), shift=st.integers(0, 2000), seed=st.integers())
def test_the_day_s_three_depend_on_the_questions_and_the_date_alone(count: int, shift: int, seed: int) -> None:
    import random

    questions, day = bank(count), DAY + timedelta(days=shift)
    keys = list(questions)
    random.Random(seed).shuffle(keys)
    chosen = of_the_day(questions, day)
    assert of_the_day({key: questions[key] for key in keys}, day) == chosen
    assert len(chosen) == len(set(chosen)) == min(3, count)


def test_the_day_s_three_are_the_same_on_every_computer() -> None:
    """In another process with another hash seed, and as they were when this was written."""
    program = (
        "import sys; sys.path.insert(0, 'tests/study'); from test_draws import *;"
        "print(','.join(of_the_day(bank(500), DAY)))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert said == {",".join(of_the_day(bank(500), DAY))} == {PINNED}


PINNED = "q-0333,q-0104,q-0342"


@pytest.mark.parametrize("shift", range(20))
def test_the_day_s_three_are_of_three_tracks_and_low_middle_and_high_levels(shift: int) -> None:
    questions = bank(2_000)
    chosen = [questions[key] for key in of_the_day(questions, DAY + timedelta(days=shift))]
    assert len({each.track for each in chosen}) == 3
    assert [level_rank(each.level) // 2 for each in chosen] == [0, 1, 2]


@pytest.mark.parametrize(("count", "days"), [(1, 1), (5, 1), (12, 2), (36, 6), (2_000, MOST_TURNS)])
def test_no_question_comes_again_before_the_others_had_their_turn(count: int, days: int) -> None:
    questions = bank(count)
    for first in range(40):
        run = [key for day in range(days) for key in of_the_day(questions, DAY + timedelta(days=first + day))]
        assert len(run) == len(set(run))


@given(count=st.integers(0, 80), wanted=st.integers(1, 40), seed=st.integers())
def test_a_gauntlet_is_spread_over_areas_as_evenly_as_they_have_questions(count: int, wanted: int, seed: int) -> None:
    questions = bank(count)
    chosen = stratified(questions, wanted, seed)
    assert chosen == stratified(dict(reversed(questions.items())), wanted, seed)
    assert len(chosen) == len(set(chosen)) == min(wanted, count)
    have, taken = Counter(q.area for q in questions.values()), Counter(questions[key].area for key in chosen)
    most = max(taken.values(), default=0)
    assert all(taken[area] >= most - 1 or taken[area] == have[area] for area in have)


@given(count=st.integers(1, 60), wanted=st.integers(1, 20), seeds=st.tuples(st.integers(), st.integers()))
def test_what_was_asked_last_comes_only_where_there_is_nothing_else(
    count: int, wanted: int, seeds: tuple[int, int]
) -> None:
    questions = bank(count)
    last = set(stratified(questions, wanted, seeds[0]))
    again = set(stratified(questions, wanted, seeds[1], last)) & last
    assert len(again) == max(0, min(wanted, count) - (count - len(last)))


def test_the_weakest_come_first_and_practice_counts() -> None:
    def place(key: str, level: str, topic: str) -> Place:
        return Place(QuestionId(key), "cloud", level, "memory", topic)

    rows = [
        place("known", "L1", "a"), place("fading", "L1", "a"), place("unseen-high", "L5", "b"),
        place("unseen-low", "L2", "b"), place("nailed", "L1", "b"), place("wrong", "L1", "b"),
        place("unseen-better-topic", "L1", "a"),
    ]  # fmt: skip
    recall = {QuestionId("known"): 0.95, QuestionId("fading"): 0.4}
    practised = {QuestionId("nailed"): (3, 1), QuestionId("wrong"): (1, 1)}
    assert weakest_first(rows, recall, practised) == (
        "unseen-low", "unseen-high", "unseen-better-topic", "wrong", "fading", "nailed", "known",
    )  # fmt: skip
