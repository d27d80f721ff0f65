"""The coverage page in a real browser: right, quiet, offline, usable by keyboard and on a phone, and deaf to a vault's script."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import axe, keep_pictures, quiet
from factory import chain, question, release, write_folder
from playwright.sync_api import Browser, Page

from staffml_anki.coverage import Coverage, Wanted, measure
from staffml_anki.coverage.cache import Texts, load_texts
from staffml_anki.coverage.page import page as page_of
from staffml_anki.coverage.reports import as_json
from staffml_anki.reviews import Calendar, CardState, History, Reviews
from staffml_anki.reviews.days import number_of
from staffml_anki.reviews.model import COLUMNS
from staffml_anki.vault import QuestionId, load_vault
from staffml_anki.vault.axes import TOPICS_BY_AREA

NOW = int(time.time())
LEVELS = ("L1", "L2", "L3", "L4", "L5", "L6+")
ATTACK = '</script><script>document.title="owned"</script><img src=x onerror="document.title=\'owned\'">'
AREAS = [(area, topic) for area, topics in TOPICS_BY_AREA.items() for topic in topics.split()[:3]]


def made(folder: Path) -> tuple[Coverage, Texts]:
    """Every area, level and track, a year of reviews, a hostile question, chains at all depths."""
    questions = []
    for n in range(240):
        area, topic = AREAS[n % len(AREAS)]
        track = ("cloud", "edge", "mobile", "tinyml", "global")[n % 5]
        questions.append(
            question(
                f"q-{n:04d}", track=track, level=LEVELS[n % 6], competency_area=area, topic=topic, title=f"Title {n}"
            )
        )
    questions[7] |= {"title": "Hostile {} ${x} `y`", "scenario": ATTACK, "topic": "a<b&c"}
    questions[7]["details"]["realistic_solution"] = f"**Bold** and `code` {ATTACK} " + "long" * 90
    questions.append(question("q'\"<&%?#/é", title=ATTACK[:100]))
    chains = [chain(f"chain-{n}", *questions[6 * n : 6 * n + 4]) for n in range(20)]
    path = write_folder(folder / "vault", questions[:-1], chains, release())
    odd = path / "questions" / "odd.yaml"
    odd.write_text(json.dumps(questions[-1]))
    vault = load_vault(path)
    rows, cards = [], {}
    ids = [QuestionId(key) for key in sorted(vault.questions)]
    for n, key in enumerate(ids[:170]):
        rows += [(n, (NOW - (300 - n - 9 * k) * 86_400) * 1000, 1 if (n + k) % 6 == 0 else 3, min(k, 1), 4 * k * k, k * k, 2500, 9000)
                 for k in range(4)]  # fmt: skip
        state = CardState(n + 1, NOW, 2, 2, 36, 4, n % 4 == 0, float(1 + n), 5.0, 0.1542, NOW - (273 - n) * 86_400)
        cards[key] = (replace(state, queue=-1) if n % 40 == 0 else state,)
    history = History(tuple(ids), Reviews(np.array(rows, COLUMNS)), cards)
    found = measure(vault, history, NOW, Calendar(), Wanted(by=(("track", "level"),)))
    return found, load_texts(path, folder / "home")


@pytest.fixture(scope="module")
def coverage_and_path(tmp_path_factory: pytest.TempPathFactory) -> tuple[Coverage, Path]:
    folder = tmp_path_factory.mktemp("coverage")
    found, texts = made(folder)
    path = folder / "coverage.html"
    path.write_text(page_of(found, texts), encoding="utf-8")
    return found, path


@pytest.fixture(scope="module")
def found(coverage_and_path: tuple[Coverage, Path]) -> Coverage:
    return coverage_and_path[0]


type Opened = Callable[..., AbstractContextManager[Page]]


@pytest.fixture
def opened(chromium: Browser, coverage_and_path: tuple[Coverage, Path]) -> Opened:
    """Opens the page; when it is left, nothing may have been asked for or complained about."""

    @contextmanager
    def call(path: Path = coverage_and_path[1], address: str = "", **more: Any) -> Iterator[Page]:
        with quiet(chromium, path, address, ready="html[data-ready]", **more) as page:
            yield page
            assert page.title().startswith("ML systems coverage")

    return call


def test_heat_map_cells_are_the_json_s(opened: Opened, found: Coverage) -> None:
    plain = json.loads(json.dumps(as_json(found)))
    with opened() as page:
        for number, table in enumerate(plain["tables"]):
            page.click(f'[data-map="{number}"]')
            assert page.locator("[data-table]:visible").count() == 1
            cells = page.locator("[data-table]:visible td[data-recall]").evaluate_all(
                "all => all.map(cell => [cell.dataset.row, cell.dataset.column, +cell.dataset.recall, cell.innerText, cell.className])"
            )
            shown = {(row, column): (recall, text, shade) for row, column, recall, text, shade in cells}
            expected = {
                (row, column): cell["recall_rate"]
                for row, cells in table["cells"].items()
                for column, cell in cells.items()
            }
            expected |= {(row, ""): cell["recall_rate"] for row, cell in plain["axes"][table["rows"]].items()}
            assert set(shown) == set(expected)
            for place, rate in expected.items():
                recall, text, shade = shown[place]
                assert recall == pytest.approx(rate, abs=1e-6)
                assert text == f"{100 * rate:.0f}"
                assert shade == f"h{max(round(10 * rate), rate > 0)}"


@pytest.mark.parametrize("column", ["topic", "area", "questions", "seen", "mature", "right", "recall"])
def test_topics_sort_by_every_column_both_ways(opened: Opened, found: Coverage, column: str) -> None:
    with opened() as page:
        head = page.locator("#topic-table thead th").filter(has_text=column)
        number = page.locator("#topic-table thead th").all_inner_texts()
        place = [text.strip(" ▲▼").lower() for text in number].index(column)
        seen = []
        for _ in range(2):
            head.locator("button").focus()
            page.keyboard.press("Enter")
            values = page.locator("#topic-table tbody tr").evaluate_all(
                "(rows, n) => rows.map(row => 'value' in row.cells[n].dataset ? +row.cells[n].dataset.value : row.cells[n].textContent)", place
            )  # fmt: skip
            assert len(values) == len(found.axes["topic"])
            order = head.get_attribute("aria-sort")
            plain = [v.lower() if isinstance(v, str) else v for v in values]
            assert plain == sorted(plain, reverse=order == "descending")
            seen.append(order)
            assert page.locator("#topic-table th[aria-sort]").count() == 1
        assert set(seen) == {"ascending", "descending"}


def test_search_finds_by_every_word_and_status(opened: Opened, found: Coverage) -> None:
    with opened() as page:
        for query, status in (
            ("title 12", ""),
            ("Q-0033", ""),
            ("tinyml", "mature"),
            ("nothing at all", ""),
            ("", "suspended"),
        ):
            page.fill("#query", query)
            page.select_option("#status", status)
            words = query.lower().split()
            from staffml_anki.vault.axes import topic_name

            expected = [
                row.id
                for row in found.questions
                if (not status or row.status == status)
                and all(word in f"{row.id} {row.title} {topic_name(row.topic)} {row.track}".lower() for word in words)
            ]
            assert page.locator("#found").inner_text() == f"{len(expected)} of {len(found.questions)} questions"
            while page.locator("#more-hits").is_visible():
                page.click("#more-hits")
            links = page.locator("#hits a").evaluate_all("all => all.map(a => decodeURIComponent(a.hash.slice(3)))")
            assert links == expected


def test_every_question_links_to_its_text(opened: Opened, found: Coverage) -> None:
    with opened() as page:
        for row in (*found.questions[::60], found.questions[-1], next(r for r in found.questions if r.id == "q-0007")):
            page.fill("#query", row.id)
            page.locator("#hits a").first.click()
            page.wait_for_selector("dialog[open] #text-body p")
            assert page.locator("#text-title").inner_text() == row.title
            page.locator("#text-body summary").click()
            assert page.locator("#text-body").inner_text().strip()
            assert page.locator("dialog script, dialog img").count() == 0
            page.keyboard.press("Escape")
            page.wait_for_selector("dialog", state="hidden")
            page.wait_for_url(lambda url: "#q/" not in url)  # the dialog is hidden a moment before it has closed
            assert not page.evaluate("location.hash")


def test_a_hostile_text_is_shown_as_text(opened: Opened) -> None:
    with opened(address="#q/q-0007") as page:
        page.wait_for_selector("dialog[open] #text-body p")
        assert ATTACK in page.locator("#text-body").inner_text()
        page.locator("#text-body summary").click()
        assert page.locator("#text-body strong").first.inner_text() == "Bold"
        assert page.locator("#text-body code").first.inner_text() == "code"


def test_chains_stand_as_they_do(opened: Opened, found: Coverage) -> None:
    with opened() as page:
        while page.locator("#more-chains").is_visible():
            page.click("#more-chains")
        shown = page.locator("#ladder > li").evaluate_all(
            "all => all.map(li => [[...li.querySelectorAll('a')].map(a => decodeURIComponent(a.hash.slice(3))),"
            " [...li.querySelectorAll('.break a')].map(a => decodeURIComponent(a.hash.slice(3)))])"
        )
        expected = [([s.id for s in c.steps], [c.breaks_at] if c.breaks_at and c.depth else []) for c in found.chains]
        assert sorted(map(tuple, shown)) == sorted(expected)


def test_charts_are_drawn_from_the_same_numbers(opened: Opened, found: Coverage) -> None:
    with opened() as page:
        curve = page.evaluate("Chart.getChart('curve-chart').data.datasets.map(set => set.data.at(-1).y)")
        assert curve == [found.curve[-1].mature, found.curve[-1].seen]
        days = page.evaluate("Chart.getChart('curve-chart').data.datasets.map(set => set.data.at(-1).x)")
        assert days == [number_of(found.today)] * 2, "it goes on until today"
        cells = page.evaluate(
            "Chart.getChart('calendar-chart').data.datasets[0].data.reduce((sum, cell) => sum + cell.v, 0)"
        )
        assert 0 < cells <= sum(day.reviews for day in found.days)
        bars = page.evaluate("Chart.getChart('retention-chart').data.labels")
        assert bars == [month.month for month in found.months]
        for name in ("curve", "calendar", "retention"):
            painted = page.evaluate(
                "name => { const c = document.getElementById(name + '-chart');"
                " return new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size; }", name
            )  # fmt: skip
            assert painted > 5, name
            assert len(page.locator(f"#{name}-chart").get_attribute("aria-label") or "") > 20


@pytest.mark.parametrize("width", [360, 1180])
def test_charts_say_when(opened: Opened, found: Coverage, width: int) -> None:
    labels = (
        "([name, axis]) => Chart.getChart(name + '-chart').scales[axis].ticks.map(tick => tick.label).filter(Boolean)"
    )
    with opened(viewport={"width": width, "height": 800}) as page:
        assert page.evaluate(labels, ["calendar", "y"]) == ["Mon", "Wed", "Fri"]
        months = page.evaluate(labels, ["calendar", "x"])
        assert 2 <= len(months) <= 12
        assert len(set(months)) == len(months)
        marks = page.evaluate(labels, ["curve", "x"])
        assert 3 <= len(marks) <= 5
        assert all(time.strptime(mark, "%b %Y") for mark in marks)
        assert page.evaluate(
            "Chart.getChart('curve-chart').scales.x.ticks.every(t => new Date(t.value * 864e5).getUTCDate() === 1)"
        )


def test_tables_of_numbers_are_whole_on_a_phone(opened: Opened) -> None:
    with opened(viewport={"width": 360, "height": 800}) as page:
        cut = "all => all.filter(each => each.clientWidth && each.scrollWidth > each.clientWidth).map(each => each.ariaLabel)"
        assert page.locator(".scroll").evaluate_all(cut) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1180])
def test_axe_finds_nothing(opened: Opened, scheme: Any, width: int) -> None:
    with opened(color_scheme=scheme, viewport={"width": width, "height": 800}) as page:
        assert axe(page, whole=True) == []
        page.locator(".next a").first.click()
        page.wait_for_selector("dialog[open] #text-body p")
        assert axe(page, whole=True) == []


@pytest.mark.parametrize("width", [320, 360, 414, 768, 1180, 1920])
def test_nothing_scrolls_sideways(opened: Opened, width: int) -> None:
    with opened(viewport={"width": width, "height": 800}) as page:
        for button in page.locator("[data-map]").all():
            button.click()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.locator(".next a").first.click()
        page.wait_for_selector("dialog[open] #text-body p")
        page.locator("#text-body summary").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_day_and_night_follow_the_system_and_the_button(opened: Opened) -> None:
    with opened(color_scheme="dark") as page:
        paper = "getComputedStyle(document.body).backgroundColor"
        night = page.evaluate(paper)
        page.get_by_role("button", name="Light").click()
        assert page.evaluate(paper) != night
        page.get_by_role("button", name="Dark").click()
        assert page.evaluate(paper) == night
        page.emulate_media(color_scheme="light")
        page.wait_for_selector('html[data-theme="light"]')


def test_the_keyboard_reaches_everything(opened: Opened) -> None:
    with opened() as page:
        reached = set()
        for _ in range(160):
            page.keyboard.press("Tab")
            reached.add(
                page.evaluate(
                    "document.activeElement.id || document.activeElement.className || document.activeElement.tagName"
                )
            )
        assert {"theme", "query", "status", "scroll"} <= reached


def test_an_empty_history_is_a_page_too(
    opened: Opened, coverage_and_path: tuple[Coverage, Path], tmp_path: Path
) -> None:
    vault = load_vault(coverage_and_path[1].parent / "vault")
    path = tmp_path / "empty.html"
    path.write_text(page_of(measure(vault, History(), NOW), Texts((), ())), encoding="utf-8")
    with opened(path) as page:
        assert "0 %" in page.locator(".tile.main").inner_text()
        assert axe(page, whole=True) == []


def test_pictures_are_kept(opened: Opened, tmp_path: Path) -> None:
    keep_pictures(opened, "coverage", tmp_path)
