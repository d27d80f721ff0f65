"""Chains that open step by step: over simulated weeks with Anki's own scheduler, and disturbed anywhere."""

import random
import shutil
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from killable import GATES, kill_at
from living import Living, living, small_vault
from server import Fault

from staffml_anki.anki import tags
from staffml_anki.anki.errors import AnkiError
from staffml_anki.anki.gating import GateWish

CHAIN_A = ("cloud-0001", "cloud-0003", "cloud-0005")
CHAIN_B = ("edge-0002", "edge-0004", "edge-0006")
ON, OFF, AS_IT_WAS = GATES["on"], GATES["off"], GATES["as-it-was"]
TURNS = {"on": "on", "open": "as-it-was", "off": "off"}
"""What happens to the gate, and the wish that makes it happen."""
KILLS = 6


@pytest.fixture(params=[True, False], ids=["packages", "calls"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Living]:
    with living(tmp_path / "world", packages=request.param, use_packages=request.param) as made:
        yield made


def locked(world: Living) -> set[str]:
    """Questions that are marked as locked; each is suspended."""
    held = world.held()
    marked = {key for key, state in held.items() if tags.LOCKED in state["tags"]}
    assert all(held[key]["suspended"] for key in marked)
    return marked


def suspended(world: Living) -> set[str]:
    return {key for key, state in world.held().items() if state["suspended"]}


def test_at_first_only_first_steps_are_open(world: Living) -> None:
    outcome = world.sync(world.vault(*small_vault()), gate=ON)
    assert not outcome.failed
    assert outcome.locked == 4
    assert locked(world) == suspended(world) == {*CHAIN_A[1:], *CHAIN_B[1:]}


def test_gating_that_is_turned_on_later_locks_only_what_was_never_answered(world: Living) -> None:
    vault = world.vault(*small_vault())
    world.sync(vault)
    assert suspended(world) == set()
    world.review("cloud-0003")
    world.suspend("edge-0004")
    before = world.held()
    world.sync(vault, gate=ON)
    assert locked(world) == {"cloud-0005", "edge-0006"}
    assert suspended(world) == {"cloud-0005", "edge-0004", "edge-0006"}
    assert world.held()["edge-0004"] == before["edge-0004"]
    assert world.prepare(vault).plan.empty


def test_turning_it_off_opens_what_it_locked_and_nothing_else(world: Living) -> None:
    vault = world.vault(*small_vault())
    world.sync(vault)
    world.suspend("edge-0004")
    world.suspend("cloud-0007")
    before = world.held()
    world.sync(vault, gate=ON)
    outcome = world.sync(vault, gate=OFF)
    assert not outcome.failed
    assert outcome.opened == 3
    assert world.held() == before
    assert world.prepare(vault).plan.empty


def test_a_plain_sync_keeps_gating_as_it_was(world: Living) -> None:
    vault = world.vault(*small_vault())
    world.sync(vault, gate=GateWish(chains=True, interval=3))
    world.know("cloud-0001", 4)
    outcome = world.sync(vault, gate=AS_IT_WAS)
    assert outcome.opened == 1
    assert locked(world) == {"cloud-0005", *CHAIN_B[1:]}


def test_another_computer_sees_that_it_is_on(world: Living) -> None:
    vault = world.vault(*small_vault())
    world.sync(vault, gate=ON)
    world.know("cloud-0001", 30)
    world.forget_memory()
    assert world.sync(vault).opened == 1


def test_what_the_learner_opens_by_hand_stays_open(world: Living) -> None:
    vault = world.vault(*small_vault())
    world.sync(vault, gate=ON)
    world.unsuspend("cloud-0005")
    for _ in range(2):
        world.sync(vault)
        assert suspended(world) == {"cloud-0003", *CHAIN_B[1:]}
    world.suspend("cloud-0005")  # and what they then suspend is theirs
    world.know("cloud-0003", 30)
    world.know("cloud-0001", 30)
    world.sync(vault, gate=OFF)
    assert suspended(world) == {"cloud-0005"}


def test_a_step_that_was_open_once_is_not_locked_again(world: Living) -> None:
    vault = world.vault(*small_vault())
    world.sync(vault, gate=ON)
    world.know("cloud-0001", 8)
    world.sync(vault)
    world.know("cloud-0001", 1)
    world.sync(vault)
    assert "cloud-0003" not in suspended(world)


def test_a_step_that_cannot_be_studied_is_passed_over(world: Living) -> None:
    vault = world.vault(*small_vault())
    world.sync(vault, gate=ON)
    world.delete("cloud-0001")
    world.know("edge-0002", 1)
    world.suspend("edge-0002")
    world.sync(vault)
    assert locked(world) == {"cloud-0005", "edge-0006"}


def test_a_locked_step_that_leaves_and_comes_back_is_nobody_s_own_suspension(world: Living) -> None:
    questions, chains = small_vault()
    world.sync(world.vault(questions, chains), gate=ON)
    without = [raw for raw in questions if raw["id"] != "cloud-0005"]
    world.sync(world.vault(without, chains[1:]))
    assert tags.RETIRED in world.held()["cloud-0005"]["tags"]
    world.sync(world.vault(questions, chains), gate=OFF)
    assert suspended(world) == set()
    assert not any("retired" in tag or "locked" in tag for tag in world.held()["cloud-0005"]["tags"])


def test_a_card_in_a_filtered_deck_is_left_there(world: Living) -> None:
    vault = world.vault(*small_vault())
    world.sync(vault)
    world.cram("Cram", "ID:cloud-0003")
    world.sync(vault, gate=ON)
    assert world.held()["cloud-0003"]["filtered"] == "Cram"
    assert "cloud-0003" not in suspended(world)


@pytest.mark.parametrize("fsrs", [False, True], ids=["sm2", "fsrs"])
def test_over_weeks_of_real_scheduling_each_chain_opens_step_by_step(tmp_path: Path, fsrs: bool) -> None:
    """Every day the learner answers what Anki has due; every step opens at the first sync after it may, never before,
    and what they suspended stays so."""
    with living(tmp_path / "world") as world:
        vault = world.vault(*small_vault(12))
        world.sync(vault, gate=ON)
        with world.collection() as col:
            col.set_config("fsrs", fsrs)
        world.suspend("cloud-0007")
        opened: dict[str, int] = {}
        for day in range(45):
            for chain in (CHAIN_A, CHAIN_B):
                for before, step in pairwise(chain):
                    if step not in opened:
                        assert step in locked(world), f"day {day}: {step}"
                    elif opened[step] == day:
                        assert world.known(before), f"day {day}: {step} opened although {before} is not known"
            world.study_a_day(again_every=4 + day % 3)
            world.next_day()
            known = {step: world.known(before) for chain in (CHAIN_A, CHAIN_B) for before, step in pairwise(chain)}
            world.sync(vault)
            for step, ready in known.items():
                if step not in opened and step not in locked(world):
                    assert ready
                    opened[step] = day + 1
                elif step not in opened:
                    assert not ready, f"day {day}: {step} stays locked although the step before is known"
            assert "cloud-0007" in suspended(world)
            assert tags.LOCKED not in world.held()["cloud-0007"]["tags"]
        assert opened.keys() == {*CHAIN_A[1:], *CHAIN_B[1:]}, opened
        assert len(set(opened.values())) > 1
        world.sync(vault, gate=OFF)
        assert suspended(world) == {"cloud-0007"}


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("done", ["nothing", "half", "all"])
def test_whatever_goes_wrong_the_next_sync_finishes(tmp_path: Path, turn: str, done: Any) -> None:
    number = 1
    while _disturbed(tmp_path / f"{number}", turn, done, number):
        number += 1
    assert number > 8, "too few requests were disturbed"


def _disturbed(folder: Path, turn: str, done: Any, number: int) -> bool:
    """Whether there is a request of that number."""
    packages = number % 2 == 0
    with living(folder, packages=packages, use_packages=packages) as world:
        vault = before_the_turn(world, turn)
        world.server.requests.clear()
        world.server.faults = lambda n, _: Fault("die", done) if n == number else None
        with suppress(AnkiError):
            world.sync(vault, gate=GATES[TURNS[turn]])
        reached = len(world.server.requests) >= number
        world.server.faults = None
        if reached:
            world.server.revive()
        finish(world, vault, turn)
        return reached


def before_the_turn(world: Living, turn: str) -> Path:
    """A collection whose gate is about to be turned, and a card that the learner suspended."""
    vault = world.vault(*small_vault())
    world.sync(vault, gate=OFF if turn == "on" else ON)
    world.suspend("edge-0006" if turn == "on" else "edge-0008")
    if turn == "open":
        world.know("cloud-0001", 30)
    return vault


def finish(world: Living, vault: Path, turn: str) -> None:
    """Sync again, undisturbed: all is as it should be."""
    world.sync(vault, gate=GATES[TURNS[turn]])
    if turn == "on":
        assert locked(world) == {*CHAIN_A[1:], "edge-0004"}
        assert suspended(world) == {*CHAIN_A[1:], "edge-0004", "edge-0006"}
    elif turn == "open":
        assert locked(world) == {"cloud-0005", *CHAIN_B[1:]}
        assert suspended(world) == {"cloud-0005", *CHAIN_B[1:], "edge-0008"}
    else:
        assert locked(world) == set()
        assert suspended(world) == {"edge-0008"}
    assert world.prepare(vault, gate=GATES[TURNS[turn]]).plan.empty


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("packages", [True, False], ids=["packages", "calls"])
def test_a_sync_killed_while_the_gate_turns_is_finished_by_the_next_one(
    tmp_path: Path, turn: str, packages: bool
) -> None:
    chance = random.Random(f"{turn} {packages}")
    with living(tmp_path / "start", packages=packages) as world:
        vault = before_the_turn(world, turn)
    with living(shutil.copytree(tmp_path / "start", tmp_path / "undisturbed"), packages=packages) as world:
        world.sync(vault, gate=GATES[TURNS[turn]])
        actions = [request["action"] for request in world.server.requests]
    changes = range(actions.index("exportPackage") + 2, len(actions))  # what comes before only reads
    for number in chance.sample(changes, KILLS):
        folder = shutil.copytree(tmp_path / "start", tmp_path / "killed")
        with living(folder, packages=packages) as world:
            kill_at(world, vault, number, chance.choice([0, 0.001, 0.003, 0.01, 0.03]), TURNS[turn])
            finish(world, vault, turn)
        shutil.rmtree(folder)
