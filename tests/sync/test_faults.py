"""A sync that is disturbed anywhere is finished by the next one: nothing twice, nothing lost, the same end."""

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest
from killable import kill_at
from living import NOW, Living, living, revised, small_vault
from server import Fault

from staffml_anki.anki.errors import AnkiError
from staffml_anki.anki.gateway import Gateway
from staffml_anki.anki.memory import Memory
from staffml_anki.anki.sync import Session

KINDS = get_args(Fault.__annotations__["kind"])
KILLS = 50
LATER = NOW + 1_000
"""When the next release comes."""
LEARNT = (
    ("edit", "cloud-0001", "Pitfall", "my pitfall"),
    ("edit", "edge-0002", "My Notes", "my notes"),
    ("edit", "cloud-0003", "Answer", "my answer"),
    ("tag", "edge-0004", "mine"),
    ("suspend", "cloud-0005"),
    ("move", "edge-0006", "Mine"),
    ("review", "cloud-0007", 2),
    ("review", "edge-0008", 0),
    ("delete", "edge-0010"),
)


def next_release() -> tuple[list[Any], list[Any]]:
    """Answers change, one question leaves, one is new, one comes back with a drawing, one moves to another deck."""
    questions, chains = small_vault(11)
    questions = revised(questions, 0, 1, 2, 3, 4, 5)
    questions[6]["topic"], questions[6]["level"] = "queueing-theory", "L5"
    questions[8]["visual"] = {"kind": "svg", "path": "new.svg", "alt": "B", "caption": ""}
    return [raw for raw in questions if raw["id"] != "edge-0008"], chains[1:]


class Case:
    """A collection that has lived with release 1, ready to be copied, and its undisturbed end after release 2."""

    def __init__(self, folder: Path, packages: bool) -> None:
        self.packages, self.folder = packages, folder
        with living(folder / "start", packages=packages) as world:
            questions, chains = small_vault(10)
            world.sync(world.vault(questions, chains))
            world.sync(world.vault([raw for raw in questions if raw["id"] != "cloud-0009"], chains))
            for name, *arguments in LEARNT:
                getattr(world, name)(*arguments)
            self.vault = world.vault(*next_release())
        with self.copy("undisturbed") as world:
            self.start = world.held()
            world.server.requests.clear()
            outcome = world.sync(self.vault)
            assert not outcome.failed
            counts = (outcome.added, outcome.updated, outcome.retired, outcome.restored, outcome.moved)
            assert all(counts), f"the case covers too little: {counts}"
            self.requests = len(world.server.requests)
            self.end = without_ids(world.held())

    @contextmanager
    def copy(self, name: str) -> Iterator[Living]:
        target = self.folder / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.folder / "start", target, ignore=shutil.ignore_patterns("release-*"))
        with living(target, packages=self.packages) as world:
            world.clock = LATER - 100
            yield world

    def finish(self, world: Living, what: str) -> None:
        """Sync again, undisturbed, and compare with the end that was to be."""
        outcome = world.sync(self.vault)
        assert not outcome.failed, what
        assert without_ids(world.held()) == self.end, what
        assert world.prepare(self.vault).plan.empty, what


def without_ids(held: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What does not depend on the way a note was added."""
    return {
        key: {name: value for name, value in state.items() if name not in ("note", "guid")}
        for key, state in held.items()
    }


@pytest.fixture(scope="module", params=[True, False], ids=["packages", "calls"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    yield Case(tmp_path_factory.mktemp("faults"), request.param)


# Half of a `multi` done and the answer lost: the same whichever way it is lost.
@pytest.mark.parametrize(("kind", "done"), [*product(KINDS, ["nothing", "all"]), ("reset", "half")])
def test_whatever_goes_wrong_at_whichever_request_the_next_sync_finishes(case: Case, kind: Any, done: Any) -> None:
    for number in range(1, case.requests + 1):
        what = f"{kind} at request {number} of {case.requests}, {done} done"
        with case.copy("disturbed") as world:
            world.server.hang_seconds = 0.7
            world.server.faults = lambda n, _, at=number: Fault(kind, done) if n == at else None
            with Memory(world.state) as memory, memory.alone():
                session = Session(Gateway(world.server.url, patience=0.02), memory)
                try:
                    wish = world.wish(case.vault)
                    session.apply(session.prepare(wish), wish, LATER)
                except AnkiError as error:
                    assert "\n" not in str(error), what
            world.server.faults = None
            if kind == "die":
                world.server.revive()
            case.finish(world, what)


@pytest.mark.parametrize("part", range(5))
def test_a_sync_that_is_killed_at_any_moment_is_finished_by_the_next_one(case: Case, part: int) -> None:
    chance = random.Random(part)
    for _ in range(KILLS // 5):
        number = chance.randint(1, case.requests)
        delay = chance.choice([0, 0, 0.001, 0.003, 0.01, 0.03, 0.1])
        with case.copy("killed") as world:
            kill_at(world, case.vault, number, delay)
            case.finish(world, f"killed {delay} s after request {number}")
