"""Scores become answers in a real collection: each once, whatever breaks, and only where the learner's cards allow it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from factory import question
from living import Living, living, small_vault
from server import Fault

from staffml_anki.anki.errors import AnkiError
from staffml_anki.anki.gating import GateWish
from staffml_anki.anki.wanted import PlanDecks
from staffml_anki.reviews import HistoryStore
from staffml_anki.reviews.practice import Practised
from staffml_anki.reviews.pull import pull_anki
from staffml_anki.study.grading import Graded, give_grades
from staffml_anki.study.notebook import Notebook
from staffml_anki.study.session import Resume, Reveal, Score, new_session, step
from staffml_anki.vault import QuestionId

HOUR = 3_600_000


class Learner:
    """A collection with our notes, a history, and somebody who practises."""

    def __init__(self, world: Living, folder: Path, vault: Path | None = None) -> None:
        self.world = world
        self.path = folder / "history.db"
        self.vault = vault or world.vault(*small_vault())
        world.sync(self.vault)
        self.sessions = 0

    def practise(self, scores: dict[str, int], hours_ago: float = 0) -> list[Practised]:
        """A session now, or some time ago; its scores that wait."""
        import time

        now = int(time.time() * 1000 - hours_ago * HOUR)
        self.sessions += 1
        session = new_session(f"s{self.sessions}", "practice", [QuestionId(key) for key in scores], now)
        session = step(session, Resume(), now)
        for number, score in enumerate(scores.values(), start=1):
            session = step(session, Reveal(), now + number)
            session = step(session, Score(score), now + number)
        with HistoryStore(self.path) as store:
            Notebook(store).keep(session)
            return [each for each in Notebook(store).ungraded() if each.session == session.id]

    def give(self, practised: list[Practised] | None = None) -> Graded:
        with HistoryStore(self.path) as store:
            notebook = Notebook(store)
            waiting = notebook.ungraded() if practised is None else practised
            return give_grades(self.world.gateway(), notebook, waiting)

    def answers(self) -> dict[str, list[int]]:
        """The buttons of each card's reviews, as the collection has them."""
        with self.world.collection() as col:
            return {
                note.fields[0]: col.db.list("SELECT ease FROM revlog WHERE cid = ? ORDER BY id", note.cards()[0].id)
                for note in map(col.get_note, col.find_notes("note:StaffML*"))
                if col.db.scalar("SELECT count() FROM revlog WHERE cid = ?", note.cards()[0].id)
            }

    def grades(self) -> list[str]:
        with HistoryStore(self.path) as store:
            return [each.grade for each in Notebook(store).practice()]


@pytest.fixture
def learner(tmp_path: Path) -> Iterator[Learner]:
    with living(tmp_path / "world") as world:
        yield Learner(world, tmp_path)


def test_wrong_is_again_partial_is_hard_nailed_is_good_and_skipped_is_nothing(learner: Learner) -> None:
    learner.practise({"cloud-0001": 1, "edge-0002": 2, "cloud-0003": 3, "edge-0004": 0})
    graded = learner.give()
    assert set(graded.given) == {"cloud-0001", "edge-0002", "cloud-0003"}
    assert learner.answers() == {"cloud-0001": [1], "edge-0002": [2], "cloud-0003": [3]}


def test_a_score_is_given_once(learner: Learner) -> None:
    waiting = learner.practise({"cloud-0001": 3})
    learner.give()
    assert learner.give() == Graded()
    assert learner.give(waiting).given == ()  # an old list in somebody's hands
    assert learner.answers() == {"cloud-0001": [3]}


def test_what_cannot_be_answered_is_listed_and_left_alone(learner: Learner) -> None:
    world = learner.world
    world.suspend("cloud-0001")
    world.cram("Cram", "ID:edge-0002")
    world.delete("cloud-0003")
    before = world.held()
    learner.practise({"cloud-0001": 3, "edge-0002": 3, "cloud-0003": 3, "never-made": 2})
    graded = learner.give()
    assert {each.question: each.why for each in graded.listed} == {
        "cloud-0001": "suspended",
        "edge-0002": "in a filtered deck",
        "cloud-0003": "not in Anki yet",
        "never-made": "not in Anki yet",
    }
    assert world.held() == before
    assert learner.grades() == ["waiting"] * 4


def test_a_step_that_gating_locked_is_not_answered(learner: Learner) -> None:
    learner.world.sync(learner.vault, gate=GateWish(chains=True))
    learner.practise({"cloud-0005": 3})
    (listed,) = learner.give().listed
    assert listed.why == "locked: the step before it in its chain comes first"


def test_of_several_scores_of_a_card_the_last_counts(learner: Learner) -> None:
    learner.practise({"cloud-0001": 1}, hours_ago=3)
    learner.practise({"cloud-0001": 3}, hours_ago=1)
    graded = learner.give()
    assert (graded.given, graded.superseded) == (("cloud-0001",), ("cloud-0001",))
    assert learner.answers() == {"cloud-0001": [3]}
    assert learner.grades() == ["superseded", "given"]


def test_what_was_answered_in_anki_since_is_not_answered_again(learner: Learner) -> None:
    learner.practise({"cloud-0001": 3}, hours_ago=1)
    learner.world.review("cloud-0001", 0)
    assert learner.give().superseded == ("cloud-0001",)
    assert learner.answers() == {"cloud-0001": [1]}


def test_an_id_with_characters_that_searches_act_on_finds_its_own_card_only(tmp_path: Path) -> None:
    keys = ("a_c", "abc", "a*", "a:c", "a\\c")
    with living(tmp_path / "world") as world:
        learner = Learner(world, tmp_path, world.vault([question(key) for key in keys], []))
        learner.practise({"a_c": 1, "a*": 2, "a:c": 3, "a\\c": 2})
        assert learner.give().listed == ()
        assert learner.answers() == {"a_c": [1], "a*": [2], "a:c": [3], "a\\c": [2]}


@pytest.mark.parametrize("kind", ["die", "reset", "truncated", "null", "http500", "not json"])
@pytest.mark.parametrize("done", ["nothing", "all"])
def test_whatever_breaks_at_whichever_request_each_card_is_answered_once(tmp_path: Path, kind: Any, done: Any) -> None:
    with living(tmp_path / "world") as world:
        learner = Learner(world, tmp_path)
        number, reached, expected = 0, True, 0
        while reached:
            number += 1
            expected += 1
            learner.practise({"cloud-0001": 3, "edge-0002": 1})
            world.server.requests.clear()
            world.server.faults = lambda n, _, at=number: Fault(kind, done) if n == at else None
            try:
                learner.give()
            except AnkiError as error:
                assert "\n" not in str(error)
            reached = len(world.server.requests) >= number
            world.server.faults = None
            if kind == "die" and reached:
                world.server.revive()
            learner.give()
            answers = learner.answers()
            assert {key: len(each) for key, each in answers.items()} == {"cloud-0001": expected, "edge-0002": expected}
            assert set(learner.grades()) == {"given"}
        assert number > 6


def test_a_clock_of_anki_s_that_is_behind_makes_no_second_answer(learner: Learner) -> None:
    """The answer arrived, its confirmation did not, and by Anki's clock it is older than the score."""
    for score in (3, 2):
        learner.practise({"cloud-0001": score}, hours_ago=-1)
        learner.world.server.faults = lambda _, action: Fault("reset", "all") if action == "answerCards" else None
        with pytest.raises(AnkiError):
            learner.give()
        learner.world.server.faults = None
        assert learner.give().given == ("cloud-0001",)
    assert learner.answers() == {"cloud-0001": [3, 2]}


def test_reviews_that_came_from_practice_are_read_back_as_reviews(learner: Learner) -> None:
    """In the history the score stays practice, and the answer in Anki is a review like any other."""
    learner.practise({"cloud-0001": 2, "edge-0002": 3})
    learner.give()
    with HistoryStore(learner.path) as store:
        import time

        pull_anki(store, learner.world.gateway(), int(time.time()) + 5)
        history = store.read()
        rows = {history.questions[row["question"]]: int(row["ease"]) for row in history.reviews.rows}
        assert rows == {"cloud-0001": 2, "edge-0002": 3}
        assert [each.score for each in Notebook(store).practice()] == [2, 3]


# -- a plan in Anki -------------------------------------------------------------------------------

PLAN = PlanDecks(
    name="mine",
    title="My <Plan>",
    steps=(
        ("latency", (QuestionId("edge-0004"), QuestionId("cloud-0003"))),
        ("memory", (QuestionId("cloud-0001"), QuestionId("gone-0001"))),
    ),
)
PLAN_DECKS = {
    "edge-0004": "StaffML::Plan mine::01 latency",
    "cloud-0003": "StaffML::Plan mine::01 latency",
    "cloud-0001": "StaffML::Plan mine::02 memory",
}


@pytest.fixture(params=[True, False], ids=["packages", "calls"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Living]:
    with living(tmp_path / "world", packages=request.param, use_packages=request.param) as made:
        yield made


def test_a_plan_moves_and_marks_its_cards_and_nothing_is_lost_when_it_ends(world: Living) -> None:
    vault = world.vault(*small_vault())
    world.sync(vault)
    world.review("cloud-0003")
    world.suspend("cloud-0001")
    world.tag("edge-0004", "mine")
    before = world.held()
    outcome = world.sync(vault, plan=PLAN)
    assert not outcome.failed
    during = world.held()
    assert {
        key: state["deck"] for key, state in during.items() if state["deck"].startswith("StaffML::Plan")
    } == PLAN_DECKS
    assert {key for key, state in during.items() if "StaffML::plan::mine" in state["tags"]} == PLAN_DECKS.keys()
    assert world.prepare(vault, plan=PLAN).plan.empty
    world.review("cloud-0003")
    world.sync(vault)
    after = world.held()
    assert len(after["cloud-0003"]["reviews"]) == 2
    for key, state in before.items():
        for name in ("deck", "tags", "fields", "suspended", "flag", "note"):
            assert after[key][name] == state[name], f"{key}: {name}"
    assert world.prepare(vault).plan.empty


def test_a_card_that_the_learner_moved_stays_with_and_without_a_plan(world: Living) -> None:
    vault = world.vault(*small_vault())
    world.sync(vault)
    world.move("edge-0004", "Mine")
    world.sync(vault, plan=PLAN)
    assert world.held()["edge-0004"]["deck"] == "Mine"
    world.move("cloud-0003", "Mine")
    world.sync(vault)
    assert {world.held()[key]["deck"] for key in ("edge-0004", "cloud-0003")} == {"Mine"}


def test_a_plan_starts_where_a_package_was_imported_by_hand_and_on_a_new_collection(world: Living) -> None:
    vault = world.vault(*small_vault())
    world.sync(vault)
    world.forget_memory()
    world.sync(vault, plan=PLAN)
    held = world.held()
    assert {key: held[key]["deck"] for key in PLAN_DECKS} == PLAN_DECKS
    world.sync(vault)
    assert not any(state["deck"].startswith("StaffML::Plan") for state in world.held().values())


def test_a_plan_s_cards_come_in_its_order(tmp_path: Path) -> None:
    with living(tmp_path / "world") as world:
        world.sync(world.vault(*small_vault()), plan=PLAN)
        with world.collection() as col:
            col.decks.select(col.decks.id("StaffML::Plan mine"))
            seen: list[str] = []
            while (card := col.sched.getCard()) is not None and len(seen) < 3:
                seen.append(card.note().fields[0])
                col.sched.bury_cards([card.id])
        assert seen == ["cloud-0003", "edge-0004", "cloud-0001"]
