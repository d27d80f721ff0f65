"""A gauntlet's page in a real browser: quiet, offline, usable on a phone and by a screen reader, deaf to a vault's script."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browser import axe, keep_pictures, quiet
from playwright.sync_api import Browser, Page

from staffml_anki.study.gauntlet import AnswerResult, AreaResult, Result
from staffml_anki.study.page import result_page
from staffml_anki.vault import QuestionId, Release
from staffml_anki.vault.axes import AREAS

ATTACK = '</title></table><script>document.title="owned"</script><img src=x onerror="document.title=\'owned\'">'
RESULT = Result(
    id="gauntlet-1", format="full", at=1_795_584_127_851, track="cloud,edge", level="L4", limit=2100, seconds=1512.4,
    points=26, possible=45, answered=14, ending="time", before=3, mean=0.41, best=0.62,
    areas=tuple(AreaResult(area, 2, place % 7, 6, 31.0 * place) for place, area in enumerate(AREAS)),
    answers=tuple(
        AnswerResult(
            QuestionId(f"cloud-{place:04d}"), f"Time to fill a queue of {place} requests", "L4", AREAS[place % 13],
            place % 4, 61.0 * place, place != 7, "about 42 ms",
        )
        for place in range(15)
    ),
)  # fmt: skip
RELEASE = Release(source="the starter vault", attribution="Somebody", licence="CC BY 4.0")
HOSTILE = replace(
    RESULT,
    track=ATTACK,
    level="L4" * 90,
    areas=(replace(RESULT.areas[0], area=ATTACK), AreaResult("", 1, 0, 3, 0.0)),
    answers=(
        replace(RESULT.answers[0], title=ATTACK, question=QuestionId("q'\"<&%?#/é")),
        replace(RESULT.answers[1], title="long" * 90, level=ATTACK),
    ),
)
type Opened = Callable[..., AbstractContextManager[Page]]


@pytest.fixture
def opened(chromium: Browser, tmp_path: Path) -> Opened:
    """Opens a result's page; when it is left, nothing may have been asked for or complained about."""

    @contextmanager
    def call(result: Result = RESULT, release: Release = RELEASE, **more: Any) -> Iterator[Page]:
        path = tmp_path / "result.html"
        path.write_text(result_page(result, release), encoding="utf-8")
        with quiet(chromium, path, **more) as page:
            yield page

    return call


def test_it_says_what_the_result_says(opened: Opened) -> None:
    with opened() as page:
        assert page.title() == "Gauntlet: 26 of 45"
        assert page.locator(".share").inner_text() == "58 %"
        text = page.locator("main").inner_text()
        assert "26 of 45 points; 14 of 15 answered in 25:12 of 35:00" in text
        assert "3 earlier: 41 % on average, 62 % at best" in text
        areas, questions = page.locator("table").all()
        assert [row.split("\t")[0] for row in areas.locator("tbody tr").all_inner_texts()] == list(AREAS)
        rows = questions.locator("tbody tr").all_inner_texts()
        assert rows[3].split("\t")[2:] == ["nailed", "3:03"]
        assert rows[7].split("\t")[2:] == ["not answered", "7:07"]
        bars = page.locator("meter").evaluate_all("all => all.map(bar => [bar.value, bar.max])")
        assert bars == [[area.points, area.possible] for area in RESULT.areas]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1180])
@pytest.mark.parametrize("result", [RESULT, HOSTILE], ids=["usual", "hostile"])
def test_axe_finds_nothing(opened: Opened, result: Result, width: int, scheme: Any) -> None:
    with opened(result, color_scheme=scheme, viewport={"width": width, "height": 800}) as page:
        assert axe(page, whole=True) == []


@pytest.mark.parametrize("width", [320, 360, 414, 1180, 1920])
@pytest.mark.parametrize("result", [RESULT, HOSTILE], ids=["usual", "hostile"])
def test_nothing_scrolls_sideways(opened: Opened, result: Result, width: int) -> None:
    with opened(result, viewport={"width": width, "height": 800}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if result is RESULT and width >= 360:  # and no table needs to be pushed to be read
            assert page.evaluate("[...document.querySelectorAll('.scroll')].every(e => e.scrollWidth <= e.clientWidth)")


def test_a_hostile_text_stays_text(opened: Opened) -> None:
    with opened(HOSTILE, Release(source=ATTACK, attribution=ATTACK, licence=ATTACK)) as page:
        assert page.title() == "Gauntlet: 26 of 45"
        assert page.locator("script, img").count() == 0
        for place in ("h1", "tbody th", "td:first-child", "footer"):
            assert ATTACK in page.locator(place).first.inner_text(), place


def test_day_and_night_follow_the_system(opened: Opened) -> None:
    papers = set()
    for scheme in ("light", "dark"):
        with opened(color_scheme=scheme) as page:
            papers.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(papers) == 2


def test_pictures_are_kept(opened: Opened, tmp_path: Path) -> None:
    keep_pictures(opened, "gauntlet", tmp_path)
