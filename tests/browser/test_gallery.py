"""All that is odd about questions, on a phone and a desktop, by day and by night: nothing overflows, complains, asks the
network, is too faint, or fails axe-core. Set STAFFML_TEST_SCREENSHOTS to a folder to keep a picture of each."""

import os
from pathlib import Path

import pytest
from browser import Card, Look, Open, Screen, axe
from test_cards import READABLE, contrasts, open_all

LOOKS = tuple(Look(platform, night) for platform in ("AnkiDroid", "desktop") for night in ("", "nightMode"))
WIDTHS = (320, 390, 768, 1280)
each_look = pytest.mark.parametrize("look", LOOKS, ids=str)


def overflowing(screen: Screen) -> list[tuple[int, str]]:
    """(width, what) for whatever sticks out of the page, at each width."""
    out = []
    for width in WIDTHS:
        screen.resize(width)
        found = screen.page.evaluate(
            """() => {
              const wide = document.documentElement.clientWidth;
              if (Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) > wide) return 'the page';
              const scrolls = one => one && (getComputedStyle(one).overflowX !== 'visible' || scrolls(one.parentElement));
              for (const one of document.querySelectorAll('.card-body *'))
                if (one.getBoundingClientRect().right > wide + 1 && !scrolls(one.parentElement)) return one.outerHTML.slice(0, 80);
              return '';
            }"""
        )
        if found:
            out.append((width, found))
    return out


@each_look
@pytest.mark.parametrize("side", ["front", "back"])
def test_nothing_overflows_complains_or_asks_and_every_text_can_be_read(
    look: Look, side: str, open_screen: Open, odd_cards: list[Card], folder: Path
) -> None:
    pictures = os.environ.get("STAFFML_TEST_SCREENSHOTS")
    assert len(odd_cards) == 14
    with open_screen(look) as screen:
        for card in odd_cards:
            screen.show(card.sides[side])
            open_all(screen)
            assert (card.id, overflowing(screen)) == (card.id, [])
            faint = [(round(ratio, 2), text) for _, _, ratio, text in contrasts(screen) if ratio < READABLE]
            assert (card.id, faint) == (card.id, [])
            if pictures:
                screen.resize(390 if look.touch else 1280)
                path = Path(pictures) / f"{card.id}-{side}-{look}.png"
                screen.page.screenshot(path=path, full_page=True, animations="disabled")
        assert [url for url in screen.requests if not url.startswith(folder.as_uri())] == []
        assert screen.complaints == []


@pytest.mark.parametrize("look", [Look("AnkiDroid"), Look("desktop", "nightMode")], ids=str)
def test_axe_core_finds_nothing(look: Look, open_screen: Open, odd_cards: list[Card], cards: list[Card]) -> None:
    with open_screen(look) as screen:
        for card in (*odd_cards, cards[0], next(card for card in cards if card.fields["Visual"])):
            screen.show(card.front)
            assert (card.id, axe(screen.page)) == (card.id, [])
            screen.show(card.back)
            open_all(screen)
            assert (card.id, axe(screen.page)) == (card.id, [])


def test_axe_core_would_find_something(open_screen: Open) -> None:
    with open_screen(Look("desktop")) as screen:
        screen.show('<img src="x.svg"><button></button><p style="color: #999">faint</p>')
        found = " ".join(axe(screen.page))
        assert "image-alt" in found
        assert "button-name" in found
        assert "color-contrast" in found


@each_look
def test_with_fonts_twice_as_large_nothing_overflows_either(
    look: Look, open_screen: Open, odd_cards: list[Card]
) -> None:
    """The learner's own size, as the block at the top of the CSS has it."""
    with open_screen(look) as screen:
        for card in odd_cards[::2]:
            assert "--size: 17px;" in card.back
            screen.show(card.back.replace("--size: 17px;", "--size: 34px;"))
            open_all(screen)
            assert (card.id, overflowing(screen)) == (card.id, [])


def test_accent_and_density_of_the_learners_block_have_an_effect(open_screen: Open, odd_cards: list[Card]) -> None:
    card = next(card for card in odd_cards if card.id == "longest")
    measure = "[document.body.scrollHeight, getComputedStyle(document.querySelector('.resources a')).color]"
    with open_screen(Look("desktop")) as screen:
        screen.show(card.back)
        height, _ = screen.page.evaluate(measure)
        screen.show(card.back.replace("--density: 1;", "--density: 0.5;").replace("#0a58ca;", "#006400;"))
        denser, colour = screen.page.evaluate(measure)
    assert denser < height - 100
    assert colour == "rgb(0, 100, 0)"


def test_nothing_moves_for_those_who_want_it_still(open_screen: Open, odd_cards: list[Card]) -> None:
    with open_screen(Look("desktop"), reduced_motion="reduce") as screen:
        screen.show(odd_cards[0].back)
        moving = screen.page.evaluate(
            """() => [...document.querySelectorAll('*')].filter(one => { const style = getComputedStyle(one);
               return style.transitionDuration !== '0s' || style.animationName !== 'none' || style.scrollBehavior === 'smooth'; }).length"""
        )
        assert moving == 0


@each_look
def test_the_edge_of_what_can_be_tapped_stands_out(look: Look, open_screen: Open, cards: list[Card]) -> None:
    """WCAG 2.2, 1.4.11: three to one, for a text field is known by its edge alone."""
    card = next(card for card in cards if card.fields["Options"] and card.fields["Napkin Calculations"])
    with open_screen(look) as screen:
        screen.show(card.front)
        for place in (".estimate", ".timer", ".options li"):
            edge = screen.page.locator(place).first.evaluate("one => getComputedStyle(one).borderTopColor")
            screen.page.evaluate(
                "colour => { const p = document.createElement('p'); p.style.color = colour; p.append('edge'); document.body.append(p); }",
                edge,
            )
            assert (place, contrasts(screen)[-1][2] >= 3) == (place, True)


@pytest.mark.parametrize("width", [320, 360, 390, 768])
def test_where_you_are_has_no_dot_at_the_end_or_beginning_of_a_line(
    width: int, open_screen: Open, cards: list[Card]
) -> None:
    """Each part after the first two has a dot before it, which is cut off where a line begins."""
    with open_screen(Look("AnkiDroid")) as screen:
        screen.resize(width)
        for card in cards[::4]:
            screen.show(card.front)
            left, parts = screen.page.evaluate(
                """() => {
                  const where = document.querySelector('.where').getBoundingClientRect();
                  return [where.left, [...document.querySelectorAll('.where > span + span + span')].map(one => {
                    const dot = getComputedStyle(one, '::before'), box = one.getBoundingClientRect();
                    return [dot.content, getComputedStyle(one, '::after').content, box.left + parseFloat(dot.left), box.left];
                  })];
                }"""
            )
            assert len(parts) >= 2
            for dot, after, at, start in parts:
                assert (dot, after) == ('"·"', "none")
                assert (at < left - 4) == (start < left + 1), "outside the box, or between two parts"
            assert screen.page.locator(".where").evaluate("one => getComputedStyle(one).overflowX") == "hidden"


def test_the_hint_in_the_estimate_is_never_cut_off(open_screen: Open, staged: Card) -> None:
    with open_screen(Look("AnkiDroid")) as screen:
        for width in (320, 340, 360, 390):
            screen.resize(width)
            screen.show(staged.front)
            assert screen.page.evaluate(
                """() => {
                  const box = document.querySelector('.estimate'), style = getComputedStyle(box);
                  const pen = document.createElement('canvas').getContext('2d');
                  pen.font = style.fontSize + ' ' + style.fontFamily;
                  const room = box.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
                  return pen.measureText(box.placeholder).width <= room;
                }"""
            ), width


def test_what_the_vault_says_is_text_whatever_it_looks_like(open_screen: Open, odd_cards: list[Card]) -> None:
    card = next(card for card in odd_cards if card.id == "evil-1")
    with open_screen(Look("desktop")) as screen:
        for side in card.sides.values():
            screen.page.on("dialog", lambda dialog: screen.complaints.append(dialog.message))
            screen.show(side)
            open_all(screen)
            made = screen.page.evaluate(
                """() => ({
                  scripts: document.querySelectorAll('script').length,
                  styles: document.querySelectorAll('#qa style').length,
                  strange: [...document.querySelectorAll('#qa *')].filter(one => /^(iframe|object|embed|svg|form|base|meta|link)$/i.test(one.tagName)).length,
                  handlers: [...document.querySelectorAll('#qa *')].flatMap(one => [...one.attributes]).filter(one => /^on|^srcdoc$|^style$/i.test(one.name)).length,
                  images: document.querySelectorAll('#qa img').length,
                  links: [...document.querySelectorAll('#qa a[href]')].map(one => one.protocol),
                })"""
            )
            assert made["scripts"] == 1, "ours"
            assert made["styles"] == 1, "ours"
            assert [made[key] for key in ("strange", "handlers", "images")] == [0, 0, 0]
            assert set(made["links"]) <= {"https:"}
            dead = screen.page.locator(".card-body a:not([href])").first
            assert dead.evaluate("one => getComputedStyle(one).textDecorationLine") == "none", "what leads nowhere"
            assert screen.page.locator(".card-body").first.is_visible()
            text = screen.page.locator(".scenario").inner_text()
            for said in (
                "<script>alert(1)</script>",
                "</style>",
                "]]><!--",
                "{{FrontSide}}",
                "[[ title ]]",
                "[sound:x.mp3]",
            ):
                assert said in text
        assert screen.complaints == []


def test_an_apps_own_buttons_do_not_shine_through(open_screen: Open, cards: list[Card]) -> None:
    card = next(card for card in cards if card.fields["Napkin Conclusion"])
    look = "one => { const s = getComputedStyle(one); return [s.boxShadow, s.marginTop, s.backgroundColor]; }"
    with open_screen(Look("desktop")) as screen:
        screen.show(card.front)
        timer = screen.page.locator(".timer")
        for act in (timer.hover, timer.click):
            act()
            assert timer.evaluate(look) == ["none", "0px", "rgba(0, 0, 0, 0)"]
        screen.page.keyboard.press("Tab")
        timer.focus()
        assert timer.evaluate("one => getComputedStyle(one).outlineStyle") == "solid", "the focus can be seen"
