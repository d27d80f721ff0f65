"""Numbers that Anki has, against Anki's; the others against a slow computation of their own."""

import itertools
import json
import random
import time
from collections.abc import Callable, Iterator, Set
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import slow
from factory import chain, question
from hypothesis import given
from hypothesis import strategies as st
from learner import AGAIN, EASY, GOOD, HARD, Learner

from staffml_anki.coverage import Coverage, Wanted, coverage_of, measure
from staffml_anki.coverage.measure import DEFAULT_HORIZON
from staffml_anki.coverage.memory import replay
from staffml_anki.coverage.reports import as_csv, as_json, as_markdown, changes, read_earlier
from staffml_anki.coverage.result import RECALLED
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.reviews import Calendar, CardState, History, HistoryStore, Reviews
from staffml_anki.reviews.days import date_of, number_of
from staffml_anki.reviews.model import COLUMNS
from staffml_anki.reviews.pull import pull_file
from staffml_anki.vault import QuestionId, Vault, load_vault

NOW = int(time.time()) + 2
LEVELS = ("L1", "L2", "L3", "L4", "L5", "L6+")
AREAS = (("memory", "kv-cache-management"), ("latency", "real-time-deadlines"), ("power", "duty-cycling"))
BERLIN = ZoneInfo("Europe/Berlin")
RATINGS = (GOOD, GOOD, AGAIN, GOOD, EASY, HARD, GOOD)


def bank(count: int = 18) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    made = [
        question(
            f"{'cloud' if n % 2 else 'edge'}-{n:04d}",
            track="cloud" if n % 2 else "edge",
            level=LEVELS[n // 3 % 6],
            competency_area=AREAS[n % 3][0],
            topic=AREAS[n % 3][1],
            title=f"Title {n}",
        )
        for n in range(count)
    ]
    return made, [chain("chain-a", *made[0:18:3]), chain("chain-b", *made[1:18:6])]


def kept(tmp_path: Path, learner: Learner, kind: str = "file", now: int = NOW) -> History:
    with HistoryStore(tmp_path / "history.db") as store:
        pull_file(store, learner.export(kind), now)
        return store.read()


@pytest.fixture
def lived(tmp_path: Path) -> Iterator[Learner]:
    """Five weeks of everything that a learner does."""
    learner = Learner(tmp_path / "learner", *bank())
    learner.study(30, itertools.cycle(RATINGS))
    made = learner.cram("ID:cloud-0001 or ID:edge-0002", reschedule=False)
    learner.answer("cloud-0001", GOOD)
    learner.answer("edge-0002", AGAIN)
    learner.col.sched.empty_filtered_deck(made)
    learner.cram("ID:cloud-0003 or ID:edge-0004", reschedule=True)
    learner.answer("cloud-0003", GOOD)
    learner.answer("edge-0004", AGAIN)
    learner.answer("edge-0004", GOOD)
    learner.col.sched.set_due_date([learner.card("edge-0006").id], "5!")
    learner.col.sched.schedule_cards_as_new([learner.card("edge-0008").id])
    learner.col.sched.suspend_cards([learner.card("cloud-0005").id])
    learner.answer("cloud-0007", GOOD)
    learner.col.undo()
    note = learner.card("cloud-0009").note()
    note.tags.append("leech")
    learner.col.update_note(note)
    yield learner
    learner.close()


# -- against Anki ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["file", "anki21b", "anki21"])
def test_recall_is_anki_s_own_with_fsrs_on(lived: Learner, tmp_path: Path, kind: str) -> None:
    history = kept(tmp_path, lived, kind)
    found = measure(load_vault(lived.vault), history, int(time.time()))
    seen = 0
    for row in found.questions:
        card = lived.card(row.id)
        if card.memory_state is not None:
            assert row.recall == pytest.approx(lived.retrievability(row.id), abs=0.01), row.id
            seen += 1
        else:
            assert row.recall == 0
    assert seen >= 15
    assert set(found.replayed) <= {"edge-0008"}, "nothing but the one that was reset had to be worked out"


@pytest.mark.parametrize("seed", range(3))
def test_replaying_agrees_with_anki_where_fsrs_is_off(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    learner = Learner(tmp_path / "learner", *bank(), fsrs=False)
    learner.study(40, iter(lambda: rng.choices((AGAIN, HARD, GOOD, EASY), (15, 10, 60, 15))[0], None))
    made = learner.cram("ID:cloud-0001 or ID:edge-0002", reschedule=False)
    for key in ("cloud-0001", "edge-0002"):
        learner.answer(key, GOOD)
    learner.col.sched.empty_filtered_deck(made)
    learner.cram("ID:cloud-0003", reschedule=True)
    learner.answer("cloud-0003", GOOD)
    learner.col.sched.set_due_date([learner.card("edge-0004").id], "3!")
    learner.col.sched.schedule_cards_as_new([learner.card("edge-0006").id, learner.card("edge-0008").id])
    learner.answer("edge-0008", GOOD)
    learner.sleep(2)
    history = kept(tmp_path, learner)
    now = int(time.time())
    found = measure(load_vault(learner.vault), history, now)
    assert all(state.stability is None for states in history.cards.values() for state in states)
    turn_fsrs_on(learner)
    compared = 0
    for row in found.questions:
        if learner.card(row.id).memory_state is not None:
            assert row.recall == pytest.approx(learner.retrievability(row.id), abs=0.01), row.id
            compared += 1
    assert compared >= 15
    assert {str(row.id): row.recall for row in found.questions}["edge-0006"] == 0, "it was reset"
    learner.close()


def turn_fsrs_on(learner: Learner) -> None:
    """As the learner does, in the deck options: Anki then works out all memory states."""
    from anki.deck_config_pb2 import UpdateDeckConfigsMode, UpdateDeckConfigsRequest

    deck = learner.col.decks.by_name("StaffML")
    assert deck is not None
    told = learner.col.decks.get_deck_configs_for_update(deck["id"])
    request = UpdateDeckConfigsRequest(
        target_deck_id=deck["id"],
        configs=[each.config for each in told.all_config],
        mode=UpdateDeckConfigsMode.UPDATE_DECK_CONFIGS_MODE_APPLY_TO_CHILDREN,
        card_state_customizer=told.card_state_customizer,
        limits=told.current_deck.limits,
        fsrs=True,
        fsrs_reschedule=False,
    )
    learner.col.decks.update_deck_configs(request)


def test_counts_are_anki_s_own(lived: Learner, tmp_path: Path) -> None:
    found = measure(load_vault(lived.vault), kept(tmp_path, lived), int(time.time()))
    graphs = lived.col._backend.graphs(search="note:StaffML*", days=0)
    counts = graphs.card_counts.including_inactive
    total = found.totals
    assert (total.learning, total.young, total.mature) == (counts.learn + counts.relearn, counts.young, counts.mature)
    assert total.in_anki - total.learning - total.young - total.mature == counts.newCards
    assert total.suspended == lived.col.card_count() - graphs.card_counts.excluding_inactive.young - sum(
        getattr(graphs.card_counts.excluding_inactive, name) for name in ("newCards", "learn", "relearn", "mature")
    ) == 1  # fmt: skip
    by_day = {
        day: sum(getattr(each, name) for name in ("learn", "relearn", "young", "mature", "filtered"))
        for day, each in graphs.reviews.count.items()
    }
    assert {(each.date - found.today).days: each.reviews for each in found.days} == by_day
    assert sum(each.minutes for each in found.days) * 60_000 == pytest.approx(
        sum(t.learn + t.relearn + t.young + t.mature + t.filtered for t in graphs.reviews.time.values())
    )
    today = found.days[-1]
    assert (today.reviews, today.passed) == (graphs.today.answer_count, graphs.today.correct_count)
    buttons = graphs.buttons.all_time
    answers = [sum(each) for each in zip(buttons.learning, buttons.young, buttons.mature, strict=True)]
    assert total.reviews == sum(answers)
    assert total.success_rate == pytest.approx(sum(answers[1:]) / sum(answers))
    true = graphs.true_retention.all_time
    months = found.months
    assert sum(m.young for m in months) == true.young_passed + true.young_failed
    assert sum(m.young_passed for m in months) == true.young_passed
    assert sum(m.mature for m in months) == true.mature_passed + true.mature_failed
    assert sum(m.mature_passed for m in months) == true.mature_passed


def test_each_status(lived: Learner, tmp_path: Path) -> None:
    lived.col.remove_notes([lived.card("edge-0010").nid])
    found = measure(load_vault(lived.vault), kept(tmp_path, lived), int(time.time()))
    rows = {str(row.id): row for row in found.questions}
    assert rows["cloud-0005"].status == "suspended"
    assert rows["cloud-0009"].status == "leech"
    assert rows["edge-0010"].status == "absent", "its reviews were never pulled"
    assert rows["edge-0008"].stage == "unseen", "it was reset"
    assert rows["edge-0008"].attempts > 0
    assert rows["edge-0004"].status == "lapsed"
    assert found.statuses["absent"] == 1
    assert sum(found.statuses.values()) == found.totals.questions == 18
    assert found.totals.in_anki == 17


# -- against the slow computation -----------------------------------------------------------------


def made_up(seed: int, count: int = 400, zone: Any = BERLIN) -> tuple[History, list[slow.Answer]]:
    """A history of random answers over two years, across changes of the clock, some of them right at a day's end."""
    rng = random.Random(seed)
    ids = [QuestionId(f"{'cloud' if n % 2 else 'edge'}-{n:04d}") for n in range(16)] + [QuestionId("gone-1")]
    answers = {}
    edge = [
        datetime(2026, 3, 29, 4, tzinfo=zone),
        datetime(2025, 10, 26, 4, tzinfo=zone),
        datetime(2026, 5, 1, 4, tzinfo=zone),
    ]
    for _ in range(count):
        at = NOW - rng.randrange(700 * 86_400)
        if rng.random() < 0.2:
            at = int(rng.choice(edge).timestamp()) + rng.randrange(-4000, 4000)
        kind = rng.choices((0, 1, 2, 3, 4, 5, 9), (20, 50, 8, 10, 4, 4, 4))[0]
        ease = 0 if kind in (4, 5) else rng.randrange(1, 5)
        answer = slow.Answer(
            rng.choice(ids), at * 1000 + rng.randrange(1000), ease, kind, rng.choice((-600, 0, 1, 5, 20, 21, 80)),
            rng.choice((-600, -90_000, 0, 1, 20, 21, 60)), rng.choice((0, 2500)), rng.randrange(60_000),
        )  # fmt: skip
        answers[answer.question, answer.time] = answer
    number = {key: place for place, key in enumerate(ids)}
    ordered = sorted(answers.values(), key=lambda a: (number[QuestionId(a.question)], a.time))
    rows = np.array(
        [
            (number[QuestionId(a.question)], a.time, a.ease, a.kind, a.interval, a.last, a.factor, a.taken)
            for a in ordered
        ],
        COLUMNS,
    )
    return History(tuple(ids), Reviews(rows)), [a for a in ordered if a.question != "gone-1"]


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    from factory import write_folder

    return load_vault(write_folder(tmp_path_factory.mktemp("vault"), *bank()))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("zone", "rollover"), [(BERLIN, 4), (ZoneInfo("America/New_York"), 0), (ZoneInfo("Australia/Lord_Howe"), 23)]
)
def test_everything_is_what_the_slow_computation_says(vault: Vault, seed: int, zone: Any, rollover: int) -> None:
    history, answers = made_up(seed, zone=zone)
    found = measure(vault, history, NOW, Calendar(zone, rollover))
    expected = slow.daily(answers, zone, rollover)
    assert {number_of(day.date): (day.reviews, day.passed, day.new) for day in found.days} == {
        day: (row["reviews"], row["passed"], row["new"]) for day, row in expected.items()
    }
    for day in found.days:
        assert day.minutes == pytest.approx(expected[number_of(day.date)]["minutes"])
    months = slow.retention(answers, zone, rollover)
    assert {
        m.month: {"young": [m.young, m.young_passed], "mature": [m.mature, m.mature_passed]} for m in found.months
    } == months
    points = {number_of(point.date): (point.seen, point.mature) for point in found.curve}
    for number, state in slow.curve(answers, zone, rollover).items():
        assert points[max(each for each in points if each <= number)] == state
    real = [a for a in answers if a.ease and a.kind not in (4, 5)]
    for row in found.questions:
        mine = [a for a in real if a.question == row.id]
        assert (row.attempts, row.passed) == (len(mine), sum(a.ease > 1 for a in mine))
        assert (row.last_seen is None) == (not mine)
    assert found.elsewhere == 1
    check_cells(found)


def check_cells(found: Coverage) -> None:
    """Every cell of every axis and table is the sum of its questions."""
    chains: dict[str, set[str]] = {}
    for each in found.chains:
        for step in each.steps:
            chains.setdefault(step.id, set()).add(each.id)

    def values(row: Any, axis: str) -> set[str]:
        return chains.get(row.id, set()) if axis == "chain" else {getattr(row, axis)}

    def check(cell: Any, rows: list[Any]) -> None:
        for name, value in slow.cell(rows).items():
            assert getattr(cell, name) == (pytest.approx(value) if value is not None else None), name

    check(found.totals, list(found.questions))
    for axis, cells in found.axes.items():
        for value, cell in cells.items():
            check(cell, [row for row in found.questions if value in values(row, axis)])
    for table in found.tables:
        for one, other in itertools.product(table.row_values, table.column_values):
            rows = [r for r in found.questions if one in values(r, table.rows) and other in values(r, table.columns)]
            shared = table.cells.get(one, {}).get(other)
            assert (shared is None) == (not rows)
            if shared is not None:
                check(shared, rows)


def test_any_two_axes_make_a_table(vault: Vault) -> None:
    history, _ = made_up(9)
    axes = ("area", "level", "track", "topic", "zone", "chain")
    pairs = tuple(itertools.permutations(axes, 2))
    found = measure(vault, history, NOW, Calendar(UTC), Wanted(by=pairs))
    assert {(t.rows, t.columns) for t in found.tables} == set(pairs)
    check_cells(found)
    with pytest.raises(StaffmlAnkiError, match="no such axis"):
        measure(vault, history, NOW, Calendar(UTC), Wanted(by=(("area", "colour"),)))


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 4)), min_size=1, max_size=30))
def test_replaying_is_fsrs_as_it_is_published(answers: list[tuple[int, int]]) -> None:
    answers.sort(key=lambda each: each[0])
    rows = [(day * 86_400_000 + n, day, grade, 0 if n == 0 else 1, 5, 2500) for n, (day, grade) in enumerate(answers)]
    memory = replay(rows)
    assert memory is not None
    assert memory.stability == pytest.approx(slow.stability_after(answers), rel=1e-9)


def test_recall_falls_with_time_and_never_leaves_its_bounds(vault: Vault) -> None:
    history, _ = made_up(3)
    later = [measure(vault, history, NOW + days * 86_400, Calendar(UTC)) for days in (0, 30, 3000)]
    for rows in zip(*(each.questions for each in later), strict=True):
        recalls = [row.recall for row in rows]
        assert recalls == sorted(recalls, reverse=True)
        assert all(0 <= recall <= 1 for recall in recalls)


def test_what_was_replayed_is_kept_and_used_again(vault: Vault) -> None:
    history, _ = made_up(4)
    first = measure(vault, history, NOW, Calendar(UTC))
    assert len(first.replayed) == 16
    second = measure(vault, replace(history, replayed=first.replayed), NOW, Calendar(UTC))
    assert not second.replayed
    assert [q.recall for q in second.questions] == [q.recall for q in first.questions]
    rows = np.append(history.reviews.rows, np.array([(16, 1, 3, 1, 1, 1, 1, 1)], COLUMNS))
    rows[0]["time"] -= 1
    third = measure(vault, replace(history, reviews=Reviews(rows), replayed=first.replayed), NOW, Calendar(UTC))
    assert len(third.replayed) <= 1


# -- chains, readiness, forecast ------------------------------------------------------------------


def with_recall(vault: Vault, strong: Set[QuestionId], weak: Set[QuestionId] = frozenset()) -> History:
    cards = {
        QuestionId(key): (
            CardState(n + 1, NOW, 2, 2, 100, 3, 0, 500.0 if key in strong else 0.05, 5.0, 0.1542, NOW - 86_400 * 9),
        )
        for n, key in enumerate(sorted(strong | weak))
    }
    return History(tuple(cards), cards=cards)


def test_a_chain_is_as_deep_as_its_steps_are_recalled_in_order(vault: Vault) -> None:
    (first, _) = vault.chains
    steps = first.steps
    for strong, depth, breaks in (
        ({steps[0], steps[1], steps[3]}, 2, steps[2]),
        (set(steps), len(steps), None),
        ({steps[1]}, 0, steps[0]),
    ):
        found = measure(vault, with_recall(vault, set(strong), set(steps) - set(strong)), NOW)
        (row,) = [each for each in found.chains if each.id == first.id]
        assert (row.depth, row.breaks_at) == (depth, breaks)
        assert [step.recalled for step in row.steps] == [step.recall >= RECALLED for step in row.steps]
        assert [step.recalled for step in row.steps] == [step in strong for step in steps]


def test_a_chain_is_shown_whole_where_only_a_part_is_selected(vault: Vault) -> None:
    first = vault.chains[0]
    found = measure(vault, with_recall(vault, set(first.steps)), NOW, wanted=Wanted(levels=("L1",)))
    assert {row.level for row in found.questions} == {"L1"}
    (row,) = [each for each in found.chains if each.id == first.id]
    assert len(row.steps) == row.depth == 6
    check = measure(vault, with_recall(vault, set(first.steps)), NOW)
    assert found.totals == check.axes["level"]["L1"]


def test_readiness_names_the_weakest_topics_and_what_to_do(vault: Vault) -> None:
    power = {row.id for row in vault.questions.values() if row.area == "power"}
    latency = {row.id for row in vault.questions.values() if row.area == "latency"}
    forgotten = {sorted(latency)[-1]}
    found = measure(vault, with_recall(vault, power | (latency - forgotten), forgotten), NOW)
    assert [topic for topic, _ in found.readiness.weakest[:2]] == ["kv-cache-management", "real-time-deadlines"]
    rows = {row.id: row for row in found.questions}
    assert all(rows[key].recall < RECALLED for key in found.readiness.next)
    assert forgotten <= set(found.readiness.next)
    assert [rows[key].level for key in found.readiness.next if rows[key].topic == "kv-cache-management"] == list(LEVELS)
    hard = [row.id for row in found.questions if row.level in ("L4", "L5", "L6+")]
    new = {key: (CardState(n, NOW, 0, 0, 0, 0, 0),) for n, key in enumerate(hard, start=1)}
    ahead = measure(vault, History(cards=new), NOW).readiness.next
    assert [rows[key].level for key in ahead[:6]] == ["L4", "L5"] * 3, "what is in Anki goes before what is not"
    suspended = with_recall(vault, power | latency)
    card = replace(suspended.cards[QuestionId(min(power))][0], queue=-1, stability=0.01)
    cards = {**suspended.cards, QuestionId(min(power)): (card,)}
    assert min(power) not in measure(vault, replace(suspended, cards=cards), NOW).readiness.next


def test_the_forecast_stops_where_the_curve_says_and_paces_as_it_went(vault: Vault) -> None:
    history, _ = made_up(5)
    day = date_of(Calendar(UTC).day(NOW) + 40)
    found = measure(vault, history, NOW, Calendar(UTC), Wanted(by_date=day))
    later = measure(vault, history, NOW + 40 * 86_400, Calendar(UTC))
    assert found.forecast.total.if_stopped == pytest.approx(later.totals.expected_recall)
    assert found.forecast.total.now == pytest.approx(found.totals.expected_recall)
    assert found.forecast.days == 40
    unseen = found.totals.questions - found.totals.seen
    new = min(found.pace.new * 40, unseen)
    assert found.pace.reviews > 0
    assert found.forecast.total.at_pace == pytest.approx(found.totals.expected_recall + new * found.forecast.retention)
    assert sum(row.at_pace for row in found.forecast.areas) == pytest.approx(found.forecast.total.at_pace)
    idle = measure(vault, history, NOW + 40 * 86_400, Calendar(UTC))
    assert idle.pace.reviews == 0
    assert idle.forecast.total.at_pace == idle.forecast.total.if_stopped
    assert idle.forecast.days == DEFAULT_HORIZON


def test_since_counts_answers_from_that_day_on(vault: Vault) -> None:
    history, answers = made_up(6)
    since = date.fromtimestamp(NOW) - timedelta(days=200)
    found = measure(vault, history, NOW, Calendar(BERLIN, 4), Wanted(since=since))
    later = [
        a for a in answers if a.ease and a.kind not in (4, 5) and slow.day_of(a.time, BERLIN, 4) >= number_of(since)
    ]
    assert found.totals.reviews == len(later)
    assert all(day.date >= since for day in found.days)
    assert found.totals.expected_recall == measure(vault, history, NOW, Calendar(BERLIN, 4)).totals.expected_recall


def test_an_empty_history_is_a_beginning(vault: Vault) -> None:
    found = measure(vault, History(), NOW)
    assert (found.totals.questions, found.totals.in_anki, found.totals.seen, found.totals.expected_recall) == (
        18,
        0,
        0,
        0,
    )
    assert found.totals.success_rate is None
    assert found.statuses == {"absent": 18}
    assert len(found.readiness.next) == 10
    json.dumps(as_json(found))
    as_markdown(found)
    with pytest.raises(StaffmlAnkiError, match="no such question"):
        measure(vault, History(), NOW, wanted=Wanted(tracks=("tinyml",)))


# -- reports --------------------------------------------------------------------------------------


def test_json_has_what_is_promised_and_csv_every_question(vault: Vault) -> None:
    found = measure(vault, made_up(7)[0], NOW, Calendar(UTC))
    plain = json.loads(json.dumps(as_json(found)))
    promised = "questions in_anki seen learning young mature reviews success_rate expected_recall".split()
    assert set(promised) <= set(plain["totals"])
    assert set(plain["axes"]) == {"area", "level", "track", "topic", "zone", "chain"}
    for cells in plain["axes"].values():
        assert all(set(promised) <= set(cell) for cell in cells.values())
    lines = as_csv(found).splitlines()
    assert len(lines) == 1 + len(vault.questions)
    assert lines[0].startswith("id,title,track,level,area,topic,zone,stage,status,attempts")
    assert "| memory |" in as_markdown(found)
    docs = (Path(__file__).parents[2] / "docs" / "coverage.md").read_text(encoding="utf-8")
    missing = [key for key in (*plain, *plain["totals"], *plain["questions"][0]) if f"`{key}`" not in docs]
    assert missing == []


def test_a_comparison_shows_what_changed(vault: Vault, tmp_path: Path) -> None:
    history, _ = made_up(8)
    earlier = tmp_path / "earlier.json"
    earlier.write_text(json.dumps(as_json(measure(vault, History(), NOW, Calendar(UTC)))))
    found = measure(vault, history, NOW, Calendar(UTC))
    rows = {(row.where, row.name): row for row in changes(read_earlier(earlier), found)}
    assert (rows["", "seen"].before, rows["", "seen"].now) == (0, found.totals.seen)
    assert rows["memory", "expected_recall"].now == found.axes["area"]["memory"].expected_recall
    earlier.write_text(json.dumps(as_json(found)))
    assert changes(read_earlier(earlier), found) == []
    narrowed = measure(vault, history, NOW, Calendar(UTC), Wanted(tracks=("edge",), since=date(2026, 1, 1)))
    with pytest.raises(StaffmlAnkiError, match="is of everything, this one of track edge since 2026-01-01"):
        changes(read_earlier(earlier), narrowed)
    earlier.write_text(json.dumps(as_json(narrowed)))
    assert changes(read_earlier(earlier), narrowed) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 9}', '{"version": 1, "totals": 3}', "null"])
def test_what_is_no_saved_coverage_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(StaffmlAnkiError, match=r"--compare .*x\.json"):
        read_earlier(path)


def test_texts_of_a_vault_are_text_in_every_report(tmp_path: Path) -> None:
    from factory import write_folder

    odd = question("cloud-1", title='=HYPERLINK("x") | **b** <script>', topic="a|b-*c*")
    vault = load_vault(write_folder(tmp_path / "v", [odd]))
    found = measure(vault, History(), NOW)
    assert "\"'=HYPERLINK" in as_csv(found)
    assert "| A\\|b \\*c\\* |" in as_markdown(found)


# -- the command line -----------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STAFFML_ANKI_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_from_the_phone_to_the_report(lived: Learner, home: Path, tmp_path: Path, run: Callable[..., Any]) -> None:
    pulled = run("pull", "--from", lived.export("colpkg"), "--json")
    assert pulled.json["reviews"] == len(lived.reviews())
    shown = run("coverage", "-v", lived.vault)
    assert shown.code == 0, shown.err
    for word in ("18 questions seen", "Weakest topics", "Chains:", "Ahead:", "Next", "memory"):
        assert word in shown.out
    plain = run("coverage", "-v", lived.vault, "--json").json
    found = coverage_of(lived.vault)
    assert plain["totals"]["reviews"] == found.totals.reviews
    (tmp_path / "then.json").write_text(json.dumps(plain))
    assert "nothing has changed" in run("coverage", "-v", lived.vault, "--compare", "then.json").out, "to the eye"
    plain["totals"]["lapsed"] -= 1
    (tmp_path / "then.json").write_text(json.dumps(plain))
    assert "\n  lapsed: " in run("coverage", "-v", lived.vault, "--compare", "then.json").out
    table = run("coverage", "-v", lived.vault, "--by", "topic", "--by", "track").out
    assert "topic × track" in table
    narrowed = run("coverage", "-v", lived.vault, "--track", "edge", "--level", "l1", "--json").json
    assert narrowed["selection"] == {"track": ["edge"], "level": ["L1"]}
    ahead = run("coverage", "-v", lived.vault, "--by", "2030-12-12", "--json").json
    assert ahead["forecast"]["date"] == "2030-12-12"
    assert run("coverage", "-v", lived.vault, "--csv").out.count("\n") == 19
    assert run("coverage", "-v", lived.vault, "--markdown").out.startswith("# ML systems coverage")
    assert "left out" in run("progress", "export", "--out", "other.json").err, "the starter vault has none of them"
    exported = run("progress", "export", "-v", lived.vault, "--out", "p.json")
    assert (exported.code, exported.err) == (0, "")
    assert run("pull", "--from", "p.json", "--json").json["reviews"] == 0


@pytest.mark.parametrize(
    ("axes", "heading"), [("level topic", "topic × level"), ("topic level", "topic × level"), ("topic chain", "a list")]
)
def test_a_table_that_is_too_wide_is_turned_round_or_becomes_a_list(
    home: Path, run: Callable[..., Any], axes: str, heading: str
) -> None:
    by = [word for axis in axes.split() for word in ("--by", axis)]
    shown = run("coverage", *by).out.split("Expected recall, ")[1].split("\n\n")[0].splitlines()
    assert max(map(len, shown)) <= 160
    cells = next(t for t in run("coverage", *by, "--json").json["tables"] if t["rows"] == axes.split()[0])["cells"]
    count = sum(map(len, cells.values()))
    if heading == "a list":
        assert len(shown) == count + 2
    else:
        assert shown[0] == heading
        assert sum(line.count("%") for line in shown) == count + len(shown) - 2, "and the sum of each row"


def test_first_steps(home: Path, run: Callable[..., Any], tmp_path: Path) -> None:
    from anki.collection import Collection

    shown = run("coverage")
    assert shown.code == 0
    assert "No reviews of these questions yet" in shown.out
    Collection(str(tmp_path / "collection.anki2")).close()
    assert "import it into Anki, review a few cards" in run("pull", "--from", "collection.anki2").out
    closed = run("pull", "--url", "http://127.0.0.1:9")
    assert closed.code == 2
    assert "--from FILE" in closed.err, "for people without a desktop"


def test_a_damaged_history_is_told_of_and_not_mistaken_for_an_empty_one(home: Path, run: Callable[..., Any]) -> None:
    path = home / "files" / "history.db"
    path.parent.mkdir(parents=True)
    for command in (("coverage",), ("coverage", "--json"), ("history", "export", "--out", "r.csv")):
        path.write_bytes(b"not a database")
        result = run(*command)
        assert result.code == 0
        assert "note: " in result.err
        assert "was damaged and is kept as history.damaged-" in result.err
        path.unlink()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--by", "area"), "two axes"),
        (("--by", "area", "--by", "colour"), "no such axis"),
        (("--by-date", "tomorrow"), "2026-12-12"),
        (("--since", "2026-13-01"), "2026-12-12"),
        (("--since", "9999-01-01"), "still to come"),
        (("--by-date", "2020-01-01"), "is over"),
        (("--by", "2020-01-01"), "is over"),
        (("--json", "--csv"), "choose one"),
        (("--timezone", "Mars/Base"), "no such time zone"),
        (("--profile", "nobody"), "no history yet"),
        (("--compare", "missing.json"), "does not exist"),
        (("--topic", "kv-cach"), "topic kv-cach: not in this vault; did you mean"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(
    home: Path, run: Callable[..., Any], arguments: tuple[str, ...], word: str
) -> None:
    result = run("coverage", *arguments)
    assert result.code == 2
    assert word in result.err
    assert result.err.count("\n") == 1


def test_a_vault_that_changes_is_read_again(home: Path, lived: Learner, run: Callable[..., Any]) -> None:
    assert coverage_of(lived.vault).totals.questions == 18
    assert coverage_of(lived.vault).totals.questions == 18
    next((lived.vault / "questions").rglob("cloud-0001.yaml")).unlink()
    assert coverage_of(lived.vault).totals.questions == 17
