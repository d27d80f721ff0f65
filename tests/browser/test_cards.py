"""Judged by a real browser: the shipped vault's cards, on each platform, by day and by night."""

import shutil
from pathlib import Path
from typing import Any

import browser
import pytest
from browser import LOOKS, Card, Look, Open, Screen, path_of_chromium
from factory import question, release, write_folder

STAGES = ("Napkin Assumptions", "Napkin Calculations", "Napkin Conclusion")
SUMMARY = ".stage > summary"
DESKTOP = Look("desktop")
DAYS = tuple(look for look in LOOKS if not look.night)
READABLE = 4.5
"""WCAG 2.2's AA for text of any size."""

each_look = pytest.mark.parametrize("look", LOOKS, ids=str)
each_platform = pytest.mark.parametrize("look", DAYS, ids=str)


def opened(screen: Screen) -> list[int]:
    """The numbers of the stages that show their text: by the attribute, and by what is on the page."""
    bodies = screen.page.locator(".stage-body")
    shown = [n for n in range(bodies.count()) if bodies.nth(n).is_visible() and bodies.nth(n).inner_text().strip()]
    flags = screen.page.locator(".stage").evaluate_all("all => all.map(stage => stage.open)")
    assert shown == [n for n, flag in enumerate(flags) if flag]
    return shown


def open_all(screen: Screen) -> None:
    screen.page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")


def test_without_a_browser_ci_fails_and_others_skip_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="chromium"):
        path_of_chromium()
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match=r"^LOUD:"):
        path_of_chromium()


@each_look
def test_all_three_stages_are_closed_at_first(look: Look, open_screen: Open, staged: Card) -> None:
    with open_screen(look) as screen:
        screen.show(staged.back)
        assert screen.page.locator(SUMMARY).count() == 3
        assert opened(screen) == []


@each_look
@pytest.mark.parametrize("stage", range(3))
def test_one_tap_opens_exactly_its_stage(look: Look, open_screen: Open, staged: Card, stage: int) -> None:
    with open_screen(look) as screen:
        screen.show(staged.back)
        screen.press(SUMMARY, stage)
        assert opened(screen) == [stage]


@each_look
def test_the_stages_open_one_after_the_other_and_close_again(look: Look, open_screen: Open, staged: Card) -> None:
    with open_screen(look) as screen:
        screen.show(staged.back)
        for stage in range(3):
            screen.press(SUMMARY, stage)
        assert opened(screen) == [0, 1, 2]
        screen.press(SUMMARY, 1)
        assert opened(screen) == [0, 2]


@each_look
def test_stages_open_without_javascript(look: Look, open_screen: Open, staged: Card) -> None:
    with open_screen(look, java_script_enabled=False) as screen:
        screen.show(staged.back + "<script>document.title = 'scripts run'</script>")
        assert screen.page.title() == "Card"
        screen.press(SUMMARY, 1)
        bodies = screen.page.locator(".stage-body")
        assert [bodies.nth(n).is_visible() for n in range(3)] == [False, True, False]


@pytest.mark.parametrize("stage", range(3))
def test_enter_opens_the_focused_stage_on_the_desktop(open_screen: Open, staged: Card, stage: int) -> None:
    with open_screen(DESKTOP) as screen:
        screen.show(staged.back)
        screen.page.locator(SUMMARY).nth(stage).focus()
        screen.page.keyboard.press("Enter")
        assert opened(screen) == [stage]


def test_the_tab_key_reaches_every_stage_in_order(open_screen: Open, staged: Card) -> None:
    with open_screen(DESKTOP) as screen:
        screen.show(staged.back)
        reached = []
        for _ in range(8):
            screen.page.keyboard.press("Tab")
            reached.append(screen.page.evaluate("document.activeElement.textContent"))
        assert reached[reached.index("Reveal all") :][1:4] == ["Assumptions", "Calculations", "Conclusion"]


def test_ankimobile_lets_the_tap_on_every_summary_through(open_screen: Open, cards: list[Card]) -> None:
    """It keeps taps to itself unless the element is marked."""
    with open_screen(Look("AnkiMobile")) as screen:
        for card in cards:
            screen.show(card.back)
            ours = screen.page.locator("summary, button, input, label")
            assert ours.count() >= 3
            assert (card.id, ours.locator(":scope:not(.tappable)").count()) == (card.id, 0)


# Every text that can be seen, with the ratio of its colour to what is painted behind it (WCAG 2.2, 1.4.3).
CONTRASTS = """() => {
  const parse = colour => {
    const numbers = colour.match(/^rgba?\\(([^)]+)\\)$/)[1].split(/[ ,/]+/).map(Number);
    return {rgb: numbers.slice(0, 3), alpha: numbers.length > 3 ? numbers[3] : 1};
  };
  const over = (top, under) => top.rgb.map((part, n) => part * top.alpha + under[n] * (1 - top.alpha));
  const behind = element => {
    if (!element) return [255, 255, 255];
    const paint = parse(getComputedStyle(element).backgroundColor);
    return paint.alpha === 1 ? paint.rgb : over(paint, behind(element.parentElement));
  };
  const light = rgb => {
    const [r, g, b] = rgb.map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ratio = (a, b) => (Math.max(light(a), light(b)) + .05) / (Math.min(light(a), light(b)) + .05);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest('style')) continue;
    for (let up = element; up; up = up.parentElement)
      if (getComputedStyle(up).opacity !== '1') throw new Error('opacity is not reckoned with');
    const under = behind(element);
    found.push([
      ['a', 'summary', '.level', '.answer', '.stage-body', 'footer'].find(kind => element.closest(kind)) || 'other',
      element.closest('.level') ? element.textContent : '',
      ratio(over(parse(getComputedStyle(element).color), under), under),
      walker.currentNode.data.trim().slice(0, 40),
    ]);
  }
  return found;
}"""


def contrasts(screen: Screen) -> list[tuple[str, str, float, str]]:
    """Of every visible text: its kind, its level if it is a badge, its contrast, how it begins."""
    found: list[tuple[str, str, float, str]] = screen.page.evaluate(CONTRASTS)
    return found


@each_look
def test_every_text_stands_out_from_its_ground(look: Look, open_screen: Open, cards: list[Card]) -> None:
    kinds: set[str] = set()
    levels: set[str] = set()
    faint = set()
    with open_screen(look) as screen:
        screen.show("")
        for card in cards:
            screen.turn(card.back)
            open_all(screen)
            for kind, level, contrast, text in contrasts(screen):
                kinds.add(kind)
                levels.add(level)
                if contrast < READABLE:
                    faint.add((kind, round(contrast, 2), text))
    assert kinds == {"a", "summary", ".level", ".answer", ".stage-body", "footer", "other"}
    assert levels - {""} == {"L1", "L2", "L3", "L4", "L5", "L6+"}
    assert faint == set()


def test_the_contrast_is_measured_right(open_screen: Open) -> None:
    """By WCAG's own examples, so that the test above can fail."""
    with open_screen(DESKTOP) as screen:
        for colour, ground, expected in (
            ("#000", "#fff", 21.0),
            ("#777", "#fff", 4.48),
            ("rgba(0, 0, 0, .5)", "#fff", 3.98),
        ):
            screen.show(f'<p style="color: {colour}; background: {ground}">text</p>')
            assert [round(contrast, 2) for _, _, contrast, _ in contrasts(screen)] == [expected]


@pytest.mark.parametrize("platform", browser.PLATFORMS)
@pytest.mark.parametrize("classes", ["nightMode", "night_mode", "nightMode night_mode"])
def test_night_is_dark_under_each_of_its_names(
    open_screen: Open, staged: Card, folder: Path, platform: str, classes: str
) -> None:
    """Older AnkiDroid says night_mode; and an app's own night on the body must not win over the card's."""
    paint = "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    with open_screen(Look(platform, classes)) as screen:
        screen.show(staged.back)
        assert screen.page.evaluate(paint) == ["rgb(27, 31, 35)", "rgb(227, 230, 233)"]


def sideways(screen: Screen) -> list[int]:
    """The widths at which the page itself scrolls sideways."""
    wide = []
    for width in (320, 390, 768, 1280, 1400):
        screen.resize(width)
        if screen.page.evaluate("Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)") > width:
            wide.append(width)
    return wide


@each_platform
@pytest.mark.parametrize("side", ["front", "back"])
def test_no_card_scrolls_the_page_sideways(look: Look, open_screen: Open, cards: list[Card], side: str) -> None:
    with open_screen(look) as screen:
        screen.show("")
        for card in cards:
            screen.turn(card.sides[side])
            open_all(screen)
            assert (card.id, sideways(screen)) == (card.id, [])


LONG = "W" * 200
FORMULA = r"\(" + "+".join(f"x_{{{n}}}^{{2}}" for n in range(60)) + r"\)"
TABLE = f"| {LONG} | {FORMULA} | b |\n|---|---|---|\n| 1 | 2 | {LONG} |"
WIDE = f"{LONG} {FORMULA} `{LONG}`\n\n```\n{LONG}\n```\n\n{TABLE}\n\n- {LONG}\n- {FORMULA}"


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Card:
    """A card of words without a break, formulas, code and tables, all wider than any screen."""
    changes: dict[str, Any] = {
        "title": LONG,
        "scenario": f"{LONG} {FORMULA}",
        "question": f"{FORMULA} {LONG}",
        "topic": LONG.lower(),
        "details.realistic_solution": WIDE,
        "details.common_mistake": f"**The Pitfall:** {WIDE}\n\n**The Rationale:** {WIDE}\n\n**The Consequence:** {WIDE}",
        "details.napkin_math": f"**Assumptions:** {WIDE}\n\n**Calculations:** {WIDE}\n\n**Conclusion:** {WIDE}",
        "details.options": [LONG, FORMULA, "c", "d"],
        "details.correct_index": 0,
        "details.resources": [{"name": LONG, "url": "https://example.org/"}],
    }
    raw = question(**changes)
    about = release() | {"source": LONG, "licence": LONG}
    folder = tmp_path_factory.mktemp("wide")
    (card,) = browser.cards_of(folder, write_folder(folder / "vault", [raw], [], about))
    return card


@each_platform
@pytest.mark.parametrize("side", ["front", "back"])
def test_words_formulas_and_tables_wider_than_the_screen_do_not_widen_the_page(
    look: Look, open_screen: Open, wide: Card, side: str
) -> None:
    with open_screen(look) as screen:
        screen.show(wide.sides[side])
        open_all(screen)
        assert sideways(screen) == []


def test_a_table_that_scrolls_once_the_phone_is_turned_can_be_reached_by_keyboard(
    open_screen: Open, staged: Card
) -> None:
    table = f"<table><tr>{'<td>cell</td>' * 12}</tr></table>"
    with open_screen(DESKTOP) as screen:
        screen.show(staged.back)
        screen.page.locator(".answer").evaluate("(one, table) => one.insertAdjacentHTML('afterbegin', table)", table)
        screen.resize(1280)
        made = screen.page.locator(".answer table").first
        assert made.evaluate("one => one.tabIndex") == -1
        screen.resize(320)
        screen.page.wait_for_function("document.querySelector('.answer table').tabIndex === 0")


@each_platform
def test_formulas_that_mathjax_has_set_wider_than_the_screen_do_not_widen_the_page(
    look: Look, open_screen: Open, staged: Card
) -> None:
    """Anki brings MathJax; here stands what it makes of a long formula: one box that cannot break."""
    put = """all => all.forEach(one => one.insertAdjacentHTML('beforeend',
      '<mjx-container jax="CHTML"><mjx-math style="display: inline-block; width: 1500px">x</mjx-math></mjx-container>'))"""
    with open_screen(look) as screen:
        screen.show(staged.back)
        open_all(screen)
        places = screen.page.locator(".choices li, .answer p, .stage-body li, .mistake dd p")
        assert places.count() >= 8
        places.evaluate_all(put)
        assert sideways(screen) == []


@each_look
def test_no_card_asks_the_network_for_anything_and_none_complains(
    look: Look, open_screen: Open, cards: list[Card], folder: Path
) -> None:
    with open_screen(look) as screen:
        for card in cards:
            screen.show(card.back)  # the front stays on it
            open_all(screen)
        own = folder.as_uri() + "/"
        assert [url for url in screen.requests if not url.startswith(own)] == []
        assert len(screen.requests) > len(cards), "pictures are asked for, so requests are seen"
        assert screen.complaints == []


def test_a_request_to_elsewhere_would_be_seen(open_screen: Open) -> None:
    with open_screen(DESKTOP, offline=True) as screen:
        screen.show('<img src="http://127.0.0.1:9/x.png"><script>console.error("no")</script>')
        assert "http://127.0.0.1:9/x.png" in screen.requests
        assert len(screen.complaints) >= 2


@each_look
def test_the_picture_of_every_visual_loads_and_fits(look: Look, open_screen: Open, cards: list[Card]) -> None:
    with_visual = [card for card in cards if card.fields["Visual"]]
    assert len(with_visual) >= 3
    with open_screen(look) as screen:
        screen.resize(320)
        for card in with_visual:
            screen.show(card.front)
            (size,) = screen.page.locator(".visual img").evaluate_all(
                "all => all.map(one => [one.naturalWidth, one.width, one.alt.trim().length])"
            )
            assert size[0] > 0, card.id
            assert 200 < size[1] <= 320, card.id
            assert size[2] > 0, card.id
