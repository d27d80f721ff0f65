"""What is studied here and in the StaffML app, in each other's history: by files, as a learner carries them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from desks import NOON, finished, stands, vault_at
from hypothesis import given
from hypothesis import strategies as st

from staffml_anki.coverage import bank_of
from staffml_anki.reviews import HistoryStore
from staffml_anki.reviews.progress import progress_file
from staffml_anki.reviews.pull import pull_file
from staffml_anki.study.daily import begin, daily
from staffml_anki.study.gauntlet import CUSTOM, FORMATS, draw, result
from staffml_anki.study.plans import PlanRecipe, find_plan, start
from staffml_anki.study.session import Quit, new_session, step
from staffml_anki.study.standing import Standing
from staffml_anki.study.webapp import completed, daily_days, for_the_app, gauntlet, gauntlets_of
from staffml_anki.vault import QuestionId, Vault

DAY_MS = 86_400_000
PLAN = find_plan("llm-inference")


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return vault_at(tmp_path / "vault")


def exported(found: Standing) -> dict[str, Any]:
    return progress_file(
        found.history, found.entries, found.calendar, found.now // 1000, found.for_the_app(), found.practice
    )


def pulled(history: Path, raw: dict[str, Any], now: int = NOON) -> Any:
    """A progress file into a history."""
    file = history.parent / "progress.json"
    file.write_text(json.dumps(raw), encoding="utf-8")
    with HistoryStore(history) as store:
        return pull_file(store, file, now // 1000 + 10_000).taken


def studied(vault: Vault, path: Path) -> dict[str, Any]:
    """A day with everything, as the file that the app gets."""
    with stands(vault, path) as found:
        notebook = found.notebook
        notebook.begin_plan(start(PLAN, bank_of(vault), found.today, NOON))
        keys = notebook.plan().questions  # type: ignore[union-attr]
        notebook.keep(finished(new_session("plan-1", "plan", keys[:2], NOON), 3, 1, now=NOON))
        notebook.keep(finished(begin(found, daily(found, found.today)), 2, 2, 2, now=NOON + 100_000))
        notebook.keep(finished(draw(vault.questions, FORMATS["quick"], NOON, 1, []), 3, 2, 0, 0, 1, now=NOON + 200_000))
        given_up = draw(vault.questions, FORMATS["design"], NOON + 1, 1, [])
        notebook.keep(step(given_up, Quit(), NOON + 1))
    with stands(vault, path, NOON + 1_000_000) as found:
        return exported(found)


def test_the_app_gets_what_was_studied_in_its_own_shapes(vault: Vault, tmp_path: Path) -> None:
    made = studied(vault, tmp_path / "h.db")
    with stands(vault, tmp_path / "h.db") as found:
        scored = [(each.question, each.score, each.time) for each in found.practice]
        plan = found.notebook.plan()
    assert [(a["questionId"], a["selfScore"], a["timestamp"]) for a in made["attempts"]] == scored
    for attempt in (*made["attempts"], *made["gauntlets"][0]["attempts"]):
        question = vault.questions[attempt["questionId"]]
        place = (attempt["competencyArea"], attempt["track"], attempt["level"])
        assert place == (question.area, question.track, question.level)
        assert set(attempt) == {"questionId", "competencyArea", "track", "level", "selfScore", "timestamp"}
    (sat,) = made["gauntlets"]  # the app keeps none that was given up
    assert set(sat) == {"id", "track", "level", "questionCount", "duration", "attempts", "completedAt"}
    assert (sat["questionCount"], sat["duration"], sat["track"]) == (5, 50, "all")
    assert [attempt["selfScore"] for attempt in sat["attempts"]] == [3, 2, 0, 0, 1]
    assert made["daily"] == {"2026-11-25": True}
    assert plan is not None and set(made["planProgress"]) == {"llm-inference"}
    progress = made["planProgress"]["llm-inference"]
    assert (progress["planId"], progress["startedAt"]) == ("llm-inference", NOON)
    assert set(plan.questions[:2]) <= set(progress["completedIds"]) <= set(plan.questions)
    assert made["streak"]["activeDates"] == ["2026-11-25"]
    assert set(made["sr"]) == {key for key, _, _ in scored}


def test_there_and_back_again_adds_nothing(vault: Vault, tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    made = studied(vault, path)
    taken = pulled(path, made)
    assert (taken.reviews, taken.known, taken.changed) == (0, len(made["attempts"]), 0)
    with stands(vault, path, NOON + 1_000_000) as found:
        assert exported(found) == made
        assert len(found.gauntlets) == 2
        assert found.daily_streak().current == 1


def test_on_another_computer_it_is_all_there(vault: Vault, tmp_path: Path) -> None:
    made = studied(vault, tmp_path / "h.db")
    other = tmp_path / "other.db"
    assert pulled(other, made).reviews == len(made["attempts"])
    with stands(vault, other, NOON + DAY_MS) as found:
        (session,) = found.gauntlets
        there = result(session, found.entries, found.gauntlets)
        assert (there.format, there.points, there.possible, there.seconds) == ("quick", 6, 15, 50)
        assert {area.seconds for area in there.areas} == {None}
        assert found.daily_streak().current == 1
        found.notebook.begin_plan(start(PLAN, bank_of(vault), found.today, found.now))
        state = found.plan_status()
        assert state is not None
        assert (state.done, state.today, state.pace) == (
            len(made["planProgress"]["llm-inference"]["completedIds"]), 0, None,
        )  # fmt: skip
        again = exported(found)
        assert again["planProgress"]["llm-inference"]["startedAt"] == found.now
        assert {key: again[key] for key in ("gauntlets", "daily", "attempts")} == {
            key: made[key] for key in ("gauntlets", "daily", "attempts")
        }


def test_an_older_file_takes_nothing_away(vault: Vault, tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    old = studied(vault, tmp_path / "other.db")
    new = old | {
        "gauntlets": [*old["gauntlets"], old["gauntlets"][0] | {"id": "gauntlet-2"}],
        "daily": {"2026-11-26": True},
        "planProgress": {"mobile-ai": {"planId": "mobile-ai", "completedIds": [], "startedAt": 1}},
    }
    pulled(path, new)
    pulled(path, old)
    with stands(vault, path) as found:
        assert {each.id for each in found.gauntlets} == {old["gauntlets"][0]["id"], "gauntlet-2"}
        assert found.notebook.from_app["daily"] == {"2026-11-25": True, "2026-11-26": True}
        assert set(found.notebook.from_app["planProgress"]) == {"llm-inference", "mobile-ai"}


def test_plans_of_one_s_own_are_not_for_the_app(vault: Vault, tmp_path: Path) -> None:
    own = PlanRecipe(name="mine", title="Mine", days=3, questions=5)
    with stands(vault, tmp_path / "h.db") as found:
        found.notebook.begin_plan(start(own, bank_of(vault), found.today, NOON))
        assert exported(found)["planProgress"] == {}


def test_a_score_that_anki_got_is_one_answer(vault: Vault, tmp_path: Path) -> None:
    key = QuestionId("cloud-0001")
    path = tmp_path / "h.db"
    with stands(vault, path) as found:
        found.notebook.keep(finished(new_session("s", "practice", [key], NOON), 3))
        (score,) = found.practice
        found.notebook.set_grades([score], "given")
    with stands(vault, path) as found:
        assert [each["timestamp"] for each in exported(found)["attempts"]] == [score.time], "not pulled yet"
    with HistoryStore(path) as store, store.writing():
        pull = store.begin_pull(NOON // 1000, "test")
        store.add_reviews([(store.numbers([key])[key], score.time + 15_000, 3, 0, 1, 0, 2500, 1000)])
        store.end_pull(pull, 1)
    with stands(vault, path) as found:
        assert [each["timestamp"] for each in exported(found)["attempts"]] == [score.time + 15_000]


@pytest.mark.parametrize(
    ("scores", "days", "repetitions", "ease"),
    [
        ([1], 1, 0, 1.96), ([3], 1, 1, 2.6), ([3, 3], 3, 2, 2.7), ([3, 3, 3], 8, 3, 2.8), ([3, 3, 1], 1, 0, 2.16),
        ([2, 2, 2], 7, 3, 2.08),
    ],
)  # fmt: skip
def test_what_was_only_practised_is_scheduled_as_the_app_would(
    vault: Vault, tmp_path: Path, scores: list[int], days: int, repetitions: int, ease: float
) -> None:
    """By hand after the app's rule: 1 day, 3 days, then times the ease before this answer."""
    key = QuestionId("cloud-0001")
    with stands(vault, tmp_path / "h.db") as found:
        for number, score in enumerate(scores):
            at = NOON + number * 60_000
            found.notebook.keep(finished(new_session(f"s{number}", "practice", [key], at), score, now=at))
        schedule = exported(found)["sr"][key]
    assert (schedule["interval"], schedule["repetitions"]) == (days, repetitions)
    assert schedule["easeFactor"] == pytest.approx(ease)
    assert schedule["nextReview"] == found.practice[-1].time + days * DAY_MS
    assert schedule["lastScore"] == scores[-1]


def test_the_app_s_gauntlets_are_compared_with_ours(vault: Vault) -> None:
    attempts = [
        {"questionId": key, "competencyArea": "memory", "track": "cloud", "level": "L4", "selfScore": 3, "timestamp": 9}
        for key in list(vault.questions)[:5]
    ]
    told = {"id": "g", "track": "cloud", "level": "L4", "questionCount": 5, "duration": 321.5, "completedAt": NOON - 1}
    (theirs,) = gauntlets_of({"gauntlets": [told | {"attempts": attempts}]})
    ours = finished(draw(vault.questions, FORMATS["quick"], NOON, 1, []), 0, 0, 0, 0, 0)
    assert (theirs.about["format"], theirs.spent) == ("quick", 321_500)
    assert result(ours, vault.questions, [theirs]).mean == 1.0
    (odd,) = gauntlets_of({"gauntlets": [told | {"attempts": attempts[:4]}]})
    assert (odd.about["format"], odd.limit) == (CUSTOM, None)
    assert gauntlet(theirs, vault.questions)["track"] == "cloud"


anything = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    gauntlets=st.lists(anything | st.fixed_dictionaries({"id": anything, "attempts": anything, "completedAt": anything})),
    days=st.dictionaries(st.text() | st.dates().map(str), anything),
    plans=st.dictionaries(st.sampled_from(["llm-inference", ""]), anything),
)  # fmt: skip
def test_whatever_a_file_holds_is_given_back_and_breaks_nothing(
    gauntlets: list[Any], days: dict[str, Any], plans: dict[str, Any]
) -> None:
    kept = {"gauntlets": gauntlets, "daily": days, "planProgress": plans}
    assert gauntlets_of(kept) == [] and isinstance(daily_days(kept), list)
    completed(kept, "llm-inference")
    assert for_the_app(kept, [], [], [], {}) == kept


def test_by_the_commands(
    vault: Vault, tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for home in ("one", "two"):
        (tmp_path / home / "files").mkdir(parents=True)
    studied(vault, tmp_path / "one" / "files" / "history.db")
    where = ("--vault", tmp_path / "vault")
    monkeypatch.setenv("STAFFML_ANKI_HOME", str(tmp_path / "one"))
    said = run("progress", "export", *where, "--timezone", "UTC", "--out", "progress.json")
    assert said.out == "8 attempts in progress.json; import it in the app\n"
    monkeypatch.setenv("STAFFML_ANKI_HOME", str(tmp_path / "two"))
    assert run("pull", "--from", "progress.json").code == 0
    assert [each["points"] for each in run("gauntlet", "list", *where, "--json").json] == [6]
    assert "–" in run("gauntlet", "show", *where, "--html", "page.html").out
    assert "6 of 15 points; 3 of 5 answered in" in " ".join(Path("page.html").read_text(encoding="utf-8").split())
