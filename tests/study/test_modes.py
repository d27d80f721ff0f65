"""Daily, plans, gauntlets and ladders over one history, with calendars and clocks of the tests' own."""

from datetime import date
from pathlib import Path

import pytest
from desks import NOON, finished, millis, stands, vault_at
from hypothesis import given
from hypothesis import strategies as st

from staffml_anki.coverage import bank_of
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.reviews.days import date_of, number_of
from staffml_anki.study.daily import begin, daily
from staffml_anki.study.gauntlet import FORMATS, Format, draw, result
from staffml_anki.study.ladders import Ladder, Rung, best_next
from staffml_anki.study.morning import today
from staffml_anki.study.plans import PlanRecipe, StudyPlan, custom, find_plan, read_plan, shipped_plans, start, status
from staffml_anki.study.session import Event, Pause, Quit, Resume, Reveal, Score, new_session, step
from staffml_anki.vault import QuestionId, Vault
from staffml_anki.vault.axes import AREAS, LEVELS, TRACKS

DAY_MS = 86_400_000


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return vault_at(tmp_path / "vault")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


# -- the notebook ---------------------------------------------------------------------------------


def test_a_session_is_there_again_after_every_event_and_its_practice_once(vault: Vault, path: Path) -> None:
    keys = list(vault.questions)[:3]
    script: list[Event] = [
        Resume(),
        Reveal(),
        Score(3),
        Reveal(),
        Reveal(),
        Score(1),
        Pause(),
        Resume(),
        Reveal(),
        Score(2),
    ]
    session = new_session("s", "practice", keys, NOON)
    for number, event in enumerate(script):
        session = step(session, event, NOON + number * 1000)
        with stands(vault, path) as found:
            found.notebook.keep(session)
        with stands(vault, path) as found:
            kept = found.notebook.session("s")
            assert kept == session
            assert found.notebook.open_session("practice") == (session if session.stage != "over" else None)
            session = kept
    with stands(vault, path) as found:
        assert [(p.question, p.score, p.grade) for p in found.practice] == [
            (keys[0], 3, "waiting"), (keys[1], 1, "waiting"), (keys[2], 2, "waiting"),
        ]  # fmt: skip


def test_what_is_over_is_not_opened_again_by_another_terminal(vault: Vault, path: Path) -> None:
    session = new_session("s", "daily", list(vault.questions)[:2], NOON)
    with stands(vault, path) as found:
        found.notebook.keep(finished(session, 3, 1))
        late = step(step(session, Resume(), NOON), Reveal(), NOON + 1000)
        found.notebook.keep(step(late, Score(2), NOON + 2000))
        kept = found.notebook.session("s")
        assert kept is not None and [answer.score for answer in kept.answers] == [3, 1]
        assert sorted(each.score for each in found.practice) == [1, 2, 3]  # though what was practised counts


def test_a_plan_that_ends_takes_what_was_left_of_it_along(vault: Vault, path: Path) -> None:
    with stands(vault, path) as found:
        found.notebook.begin_plan(start(RECIPE, bank_of(vault), found.today, NOON))
        found.notebook.keep(new_session("left", "plan", list(vault.questions)[:2], NOON))
        found.notebook.end_plan(NOON + 1000)
        assert found.notebook.open_session("plan") is None


def test_what_is_forgotten_leaves_the_sessions_too(vault: Vault, path: Path) -> None:
    keys = list(vault.questions)[:3]
    with stands(vault, path) as found:
        found.notebook.keep(finished(new_session("over", "gauntlet", keys, NOON, review_last=True), 3, 2, 1))
        found.notebook.keep(new_session("open", "practice", keys, NOON))
        found.notebook.keep(new_session("other", "practice", keys[1:], NOON))
        found.notebook.forget(keys[:1])
        over = found.notebook.session("over")
        assert over is not None and [answer.score for answer in over.answers] == [2, 1]
        assert found.notebook.session("open") is None
        assert found.notebook.session("other") is not None


def test_skipped_questions_are_no_practice(vault: Vault, path: Path) -> None:
    with stands(vault, path) as found:
        found.notebook.keep(finished(new_session("s", "practice", list(vault.questions)[:2], NOON), 0, 2))
        assert [each.score for each in found.practice] == [2]


def test_practice_is_told_apart_from_reviews_and_forgotten_with_them(vault: Vault, path: Path) -> None:
    key = next(iter(vault.questions))
    with stands(vault, path) as found:
        found.notebook.keep(finished(new_session("s", "practice", [key], NOON), 3))
    with stands(vault, path) as found:
        assert found.coverage.totals.reviews == 0
        found.notebook._store.forget([key])
        assert found.notebook.practice() == []


# -- daily ----------------------------------------------------------------------------------------


def test_the_day_is_done_once_and_yesterday_s_only_looked_at(vault: Vault, path: Path) -> None:
    with stands(vault, path) as found:
        first = daily(found, found.today)
        assert (first.state, first.scores) == ("open", (None, None, None))
        found.notebook.keep(finished(begin(found, first), 3, 2, 1))
        assert daily(found, found.today).state == "done"
        assert daily(found, found.today).scores == (3, 2, 1)
        assert begin(found, first).stage == "over"
    with stands(vault, path, NOON + DAY_MS) as found:
        assert daily(found, found.today).state == "open"
        assert daily(found, found.today - 1).scores == (3, 2, 1)
        assert daily(found, found.today - 2).state == "missed"


def test_a_day_that_was_begun_keeps_its_questions_though_the_vault_changes(
    vault: Vault, path: Path, tmp_path: Path
) -> None:
    with stands(vault, path) as found:
        first = daily(found, found.today)
        session = step(step(begin(found, first), Resume(), NOON), Reveal(), NOON + 5000)
        found.notebook.keep(step(session, Pause(), NOON + 6000))
    with stands(vault_at(tmp_path / "next", 12), path) as found:
        again = daily(found, found.today)
        assert (again.state, again.questions) == ("begun", first.questions)
        assert begin(found, again).answers[0].thought == 5000


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("UTC", "2026-11-25 03:59", "2026-11-24"),
        ("UTC", "2026-11-25 04:00", "2026-11-25"),
        ("Asia/Tokyo", "2026-11-24 19:00", "2026-11-25"),
        ("America/Los_Angeles", "2026-11-25 11:59", "2026-11-24"),
        ("Europe/Berlin", "2026-10-25 02:59", "2026-10-24"),  # summer time has ended an hour before
        ("Europe/Berlin", "2026-10-25 03:00", "2026-10-25"),
    ],
)
def test_days_end_at_four_where_the_learner_is(vault: Vault, path: Path, zone: str, at: str, day: str) -> None:
    with stands(vault, path, millis(at), zone) as found:
        assert str(daily(found, found.today).date) == day


def test_a_challenge_over_midnight_belongs_to_the_day_it_was_begun(vault: Vault, path: Path) -> None:
    late = millis("2026-11-25 03:58")
    with stands(vault, path, late) as found:
        first = daily(found, found.today)
        session = begin(found, first)
    with stands(vault, path, late + 300_000) as found:
        found.notebook.keep(finished(session, 1, 2, 3, now=late + 300_000))
        assert daily(found, found.today).state == "open"
        assert daily(found, found.today - 1).state == "done"
        assert found.daily_streak().current == 1


def test_the_streak_reaches_its_milestones(vault: Vault, path: Path) -> None:
    reached = []
    for day in range(31):
        with stands(vault, path, NOON + day * DAY_MS) as found:
            found.notebook.keep(finished(begin(found, daily(found, found.today)), 2, 2, 2, now=found.now))
            after = daily(found, found.today)
            assert after.streak.current == day + 1
            reached += [after.reached] if after.reached else []
    assert reached == [3, 7, 14, 30]
    with stands(vault, path, NOON + 32 * DAY_MS) as found:
        assert (found.daily_streak().current, found.daily_streak().longest) == (0, 31)


def test_a_day_on_which_everything_was_skipped_is_no_day(vault: Vault, path: Path) -> None:
    with stands(vault, path) as found:
        found.notebook.keep(finished(begin(found, daily(found, found.today)), 0, 0, 0))
        assert found.daily_streak().current == 0


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_vault_with_fewer_than_three_has_a_shorter_day(tmp_path: Path, path: Path, count: int) -> None:
    with stands(vault_at(tmp_path / "small", max(count, 1)), path) as found:
        assert len(daily(found, found.today).questions) == max(count, 1)


# -- plans ----------------------------------------------------------------------------------------


def test_the_seven_plans_of_staffml_are_there_as_their_users_know_them() -> None:
    found = {plan.name: (plan.title, plan.days, plan.questions, plan.track, plan.level) for plan in shipped_plans()}
    assert found == {
        "mle-sprint": ("MLE Interview Sprint", 14, 50, ("cloud",), ("L4", "L5")),
        "staff-deep": ("Staff Engineer Deep Dive", 28, 100, ("cloud",), ("L5", "L6+")),
        "edge-specialist": ("Edge ML Specialist", 14, 40, ("edge",), ("L3", "L4", "L5")),
        "mobile-ai": ("Mobile AI Engineer", 10, 30, ("mobile",), ("L3", "L4")),
        "72hr-blitz": ("72-Hour Blitz", 3, 30, ("cloud",), ("L4", "L5")),
        "gpu-systems": ("GPU Systems Engineer", 21, 80, ("cloud",), ("L4", "L5", "L6+")),
        "llm-inference": ("LLM Inference Engineer", 14, 60, ("cloud",), ("L4", "L5", "L6+")),
    }


RECIPE = PlanRecipe(name="mine", title="Mine", days=10, questions=12, area=("precision", "compute", "power"))


def test_a_plan_walks_its_areas_in_order_and_climbs_in_each(vault: Vault) -> None:
    plan = start(RECIPE, bank_of(vault), 20_000, NOON)
    assert [area for area, _ in plan.steps] == ["precision", "compute"]
    assert [len(keys) for _, keys in plan.steps] == [6, 6]
    for area, keys in plan.steps:
        assert {vault.questions[key].area for key in keys} == {area}
        levels = [LEVELS.index(vault.questions[key].level) for key in keys]
        assert levels == sorted(levels)


@pytest.mark.parametrize(("questions", "total"), [(1, 1), (2, 2), (7, 7), (12, 12), (13, 12), (1000, 12)])
def test_a_plan_takes_what_there_is(vault: Vault, questions: int, total: int) -> None:
    assert (
        len(start(RECIPE.model_copy(update={"questions": questions}), bank_of(vault), 20_000, NOON).questions) == total
    )


def plan_of(count: int, days: int) -> StudyPlan:
    keys = tuple(QuestionId(f"q{number:03d}") for number in range(count))
    return StudyPlan(name="p", title="P", started=100, by=100 + days - 1, at=0, steps=(("memory", keys),))


@pytest.mark.parametrize(
    ("done", "today", "quota", "left_today", "on_track", "projected"),
    [
        ({}, 100, 3, 3, True, None),
        ({"q000": 100}, 100, 3, 2, True, 129),  # one a day so far: 29 left
        ({f"q{n:03d}": 100 for n in range(3)}, 100, 3, 0, True, 109),
        ({f"q{n:03d}": 100 for n in range(3)}, 101, 3, 3, True, 118),
        ({}, 103, 5, 5, False, None),  # 30 in seven days
        ({f"q{n:03d}": 100 + n // 3 for n in range(30)}, 109, 3, 0, True, None),
        ({f"q{n:03d}": 105 for n in range(29)}, 112, 1, 1, False, 112),  # too late, and one is left
    ],
)
def test_quota_pace_and_projection(
    done: dict[str, int], today: int, quota: int, left_today: int, on_track: bool, projected: int | None
) -> None:
    plan = plan_of(30, 10)
    found = status(plan, plan.questions, {QuestionId(key): day for key, day in done.items()}, today)
    assert (found.quota, len(found.next), found.on_track) == (quota, left_today, on_track)
    assert found.projected == (None if projected is None else date_of(projected))


@given(
    count=st.integers(1, 60), days=st.integers(1, 30), gone=st.integers(0, 10), done=st.integers(0, 60),
    day=st.integers(0, 60),
)  # fmt: skip
def test_whoever_does_each_day_s_quota_is_done_in_time(count: int, days: int, gone: int, done: int, day: int) -> None:
    plan = plan_of(count, days)
    known = plan.questions[gone:]
    finished_on: dict[QuestionId, int] = {}
    for each in range(100, 100 + days):
        found = status(plan, known, finished_on, each)
        assert found.on_track
        assert found.gone == min(gone, count)
        for key in found.next:
            finished_on[key] = each
        assert status(plan, known, finished_on, each).next == ()
    assert set(finished_on) == set(known)
    some = dict.fromkeys(known[:done], 100)
    late = status(plan, known, some, 100 + day)
    assert late.left == len(known) - len(some)
    assert late.quota <= late.total
    assert late.projected is None or number_of(late.projected) >= 100 + day


def test_practice_and_reviews_since_the_start_both_count(vault: Vault, path: Path) -> None:
    with stands(vault, path) as found:
        found.notebook.keep(finished(new_session("before", "practice", [QuestionId("cloud-0000")], NOON), 3))
        found.notebook.begin_plan(start(RECIPE, bank_of(vault), found.today, NOON + 60_000))
        state = found.plan_status()
        assert state is not None and state.done == 0
        keys = state.next
        later = NOON + 120_000
        found.notebook.keep(finished(new_session("after", "plan", keys[:1], later), 1, now=later))
        with found.notebook._store.writing():
            pull = found.notebook._store.begin_pull(1, "test")
            numbers = found.notebook._store.numbers([keys[1]])
            found.notebook._store.add_reviews([(numbers[keys[1]], later, 3, 1, 1, 0, 0, 1000)])
            found.notebook._store.end_pull(pull, 1)
    with stands(vault, path, NOON + 180_000) as found:
        state = found.plan_status()
        assert state is not None and (state.done, state.today) == (2, 2)
        found.notebook.end_plan(NOON + 200_000)
        assert found.plan_status() is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x", "title is missing; days is missing"),
        ("- 1", "is not a mapping of keys to values; see docs/study.md"),
        ("name: x\ntitle: X\ndays: 1\nquestions: 1\ntrack: clowd", "track: found 'clowd'; did you mean cloud?"),
        ("name: x\ntitle: X\ndays: 1\nquestions: 1\ntrack: a\nlevel: b", "(one of L1, L2, L3, L4, L5, L6+)"),
        ("name: x\ntitle: X\ndays: 1\nquestions: 1\nspeed: 1", "unknown key 'speed'; did you mean level? (one of"),
    ],
)
def test_a_wrong_plan_file_says_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(StaffmlAnkiError) as caught:
        read_plan(file)
    assert message in str(caught.value)


def test_a_plan_s_own_mistakes(vault: Vault) -> None:
    with pytest.raises(StaffmlAnkiError, match="no plan 'llm'; did you mean llm-inference"):
        find_plan("llm")
    with pytest.raises(StaffmlAnkiError, match="--by 2020-01-01: has passed; give a day from 2024-10-04 on"):
        start(RECIPE, bank_of(vault), 20_000, NOON, date(2020, 1, 1))
    with pytest.raises(StaffmlAnkiError, match="this vault has none of its questions"):
        start(RECIPE.model_copy(update={"track": ("tinyml",)}), bank_of(vault), 20_000, NOON)


def test_one_s_own_plan() -> None:
    plan = custom(["edge"], ["memory"], "L3", 20, 14)
    assert (plan.name, plan.title) == ("my-edge-memory", "edge memory from L3")
    assert plan.level == ("L3", "L4", "L5", "L6+")
    assert custom([], [], None, None, 14).area == AREAS
    assert PlanRecipe.model_validate(custom(list(TRACKS), list(AREAS), None, None, 3).model_dump())


# -- gauntlets ------------------------------------------------------------------------------------


def test_the_formats_are_those_of_the_app() -> None:
    assert [(f.name, f.questions, f.minutes) for f in FORMATS.values()] == [
        ("quick", 5, 10), ("standard", 10, 20), ("full", 15, 35), ("design", 1, 15),
    ]  # fmt: skip


def test_a_result_adds_up_by_area_and_is_compared_with_earlier_ones_of_its_format(vault: Vault) -> None:
    quick = FORMATS["quick"]
    first = finished(draw(vault.questions, quick, NOON, 1, []), 3, 3, 3, 3, 0)
    other = finished(draw(vault.questions, FORMATS["design"], NOON + 1, 1, []), 3)
    second = finished(draw(vault.questions, quick, NOON + 2, None, [first]), 1, 1, 2, 0, 1)
    found = result(second, vault.questions, [second, other, first])
    assert (found.points, found.possible, found.before, found.mean) == (5, 15, 1, 0.8)
    assert sum(area.points for area in found.areas) == 5
    assert sum(area.questions for area in found.areas) == 5
    assert {area.seconds for area in found.areas} == {10.0}
    assert found.seconds == 50
    assert not {a.question for a in first.answers} & {a.question for a in second.answers}
    given_up = step(draw(vault.questions, quick, NOON + 1, 1, []), Quit(), NOON + 1)
    assert result(second, vault.questions, [given_up, first]).mean == 0.8


def test_a_seed_repeats_a_gauntlet_whatever_was_asked_before(vault: Vault) -> None:
    form = Format("custom", 7, 20)
    once = draw(vault.questions, form, NOON, 42, [])
    again = draw(vault.questions, form, NOON + 99, 42, [once])
    assert [a.question for a in once.answers] == [a.question for a in again.answers]
    assert draw(vault.questions, form, NOON, 43, []).answers != once.answers


def test_a_gauntlet_over_nothing_is_refused_and_over_little_is_short(vault: Vault) -> None:
    with pytest.raises(StaffmlAnkiError, match="no question matches"):
        draw({}, FORMATS["quick"], NOON, None, [])
    one = dict(list(vault.questions.items())[:1])
    assert len(draw(one, FORMATS["full"], NOON, None, []).answers) == 1


# -- ladders, and the morning ---------------------------------------------------------------------


def ladder(key: str, *climbed: bool, levels: str = "123456") -> Ladder:
    steps = tuple(
        Rung(QuestionId(f"{key}{place}"), "T", f"L{level}", 0.0, None, done)
        for place, (done, level) in enumerate(zip(climbed, levels, strict=False))
    )
    return Ladder(key, "t", steps, next((n for n, step in enumerate(steps) if not step.climbed), len(steps)))


@pytest.mark.parametrize(
    ("ladders", "best"),
    [
        ([], None),
        ([ladder("a", True, True)], None),
        ([ladder("a", False, False), ladder("b", True, False, False)], "b"),  # one that is under way
        ([ladder("a", True, False, False), ladder("b", True, True, False)], "b"),  # nearly at its end
        ([ladder("a", False, levels="3"), ladder("b", False, levels="1")], "b"),  # the lowest
        ([ladder("b", False), ladder("a", False)], "a"),
        ([ladder("a", False, True, True), ladder("b", True, False)], "b"),  # a gap at the foot is a beginning
    ],
)
def test_the_best_next_step(ladders: list[Ladder], best: str | None) -> None:
    found = best_next(ladders)
    assert (found.id if found else None) == best


def test_practice_climbs_a_ladder(vault: Vault, path: Path) -> None:
    with stands(vault, path) as found:
        steps = vault.chains[0].steps
        found.notebook.keep(finished(new_session("s", "chain", steps[:3], NOON), 3, 2, 1))
    with stands(vault, path) as found:
        assert [each.depth for each in found.ladders] == [2, 0]


def test_the_morning_names_the_one_command(vault: Vault, path: Path) -> None:
    with stands(vault, path) as found:
        assert today(found, 4).next == "staffml-anki daily"
        found.notebook.keep(finished(begin(found, daily(found, found.today)), 2, 2, 2))
        found.notebook.begin_plan(start(RECIPE, bank_of(vault), found.today, NOON + 60_000))
    with stands(vault, path, NOON + 90_000) as found:
        plan = today(found, 4)
        assert plan.next == "staffml-anki practice --plan"
        assert (plan.due, plan.due_from, plan.daily_streak, plan.waiting) == (4, "Anki", 1, 3)
        found.notebook.end_plan(NOON)
    with stands(vault, path, NOON + 90_000) as found:
        assert today(found, 4).next == "review in Anki"
        assert today(found, None).next.startswith("staffml-anki practice --area ")
