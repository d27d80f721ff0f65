"""What the learner enters on the front reaches the back, is held against the model, and is then forgotten."""

from collections.abc import Callable
from pathlib import Path

import pytest
from browser import LOOKS, Card, Look, Open, Screen
from factory import question, release, write_folder

from staffml_anki.cards.note import NoteMaker
from staffml_anki.cards.notetype import load_templates
from staffml_anki.cards.render import render_note
from staffml_anki.vault import load_vault

DESKTOP = Look("desktop")
DAYS = tuple(look for look in LOOKS if not look.night)
each_platform = pytest.mark.parametrize("look", DAYS, ids=str)
Turn = Callable[[Screen, str], None]
MODELS: dict[str, Turn] = {"the same page": Screen.turn, "a new page": Screen.show}
each_model = pytest.mark.parametrize("turn", MODELS.values(), ids=MODELS)
"""The desktop replaces the parts of one page; AnkiDroid loads a new one for each side."""

ESTIMATES = [
    # estimate, last line of the calculations, what is said
    ("140 GB", "- Weights: 70 × 2 GB = 140 GB", "right on"),
    ("12 GB", "- Weights: 6 × 2 GB = 10 GB", "within 1.2× (high)"),
    ("0.012 TB", "- Weights: 6 × 2 GB = 10 GB", "within 1.2× (high)"),
    ("12000 MB", "- Weights: 6 × 2 GB = 10 GB", "within 1.2× (high)"),
    ("12 gb", "- Weights: 6 × 2 GB = 10 GB", "within 1.2× (high)"),
    ("10 GiB", "- Weights: 5 × 2 GB = 10 GB", "within 1.07× (high)"),
    ("80 Gbit", "- Weights: 5 × 2 GB = 10 GB", "right on"),
    ("3.2 TB/s", "- Bandwidth: 2 × 1.6 TB/s = 3.2 TB/s", "right on"),
    ("3.2 TB per second", "- Bandwidth: 2 × 1.6 TB/s = 3200 GB/s", "right on"),
    ("400 Gbps", "- Link: 2 × 25 GB/s = 50 GB/s", "right on"),
    ("5 ms", "- Step: 35 GB / 3.35 TB/s ≈ 10.4 ms", "within 2.1× (low)"),
    ("10400 us", "- Step: 35 GB / 3.35 TB/s ≈ 10.4 ms", "right on"),
    ("10400 µs", "- Step: 35 GB / 3.35 TB/s ≈ 10.4 ms", "right on"),
    ("0.01 s", "- Step: 35 GB / 3.35 TB/s ≈ 10.4 ms", "within 1.04× (low)"),
    ("2 hours", "- Run: 60 × 60 s = 3600 s", "within 2.0× (high)"),
    ("3 days", "- Run: 24 × 3 h = 72 h", "right on"),
    ("$4M", "- Cost: 4 × 1000000 $ = 4000000 $", "right on"),
    ("4 million dollars", "- Cost: 4 × 1000000 $ = $4M", "right on"),
    ("$40", "- Cost: 4 × 1 $ = $4", "within 10× (high)"),
    ("$0.02/GB", "- Price: 0.04 $ / 2 GB = 0.02 $/GB", "right on"),
    ("10^6", "- Tokens: 1000 × 1000 = 1000000", "right on"),
    ("2 x 10^9", "- Tokens: 2 × 10^9 = 2000000000", "right on"),
    ("1e9", "- Tokens: 10 × 10^8 = 10⁹", "right on"),
    ("3,000 tokens", "- Tokens: 10^9 byte / 327680 byte ≈ 3052", "within 1.02× (low)"),
    ("70B params", "- Model: 7 × 10^10 = 70000000000 parameters", "right on"),
    ("3 TFLOP/s", "- Rate: 300 TFLOP/s × 1 % = 3 TFLOP/s", "right on"),
    ("3000 GFLOPS", "- Rate: 300 TFLOP/s × 1 % = 3 TFLOP/s", "right on"),
    ("15%", "- Share: 3 / 20 = 0.15", "right on"),
    ("2 kWh", "- Energy: 1000 W × 2 h = 7.2 MJ", "right on"),
    ("5 W", "- Power: 10 J / 2 s = 5 J/s", "right on"),
    ("300 mAh", "- Charge: 0.1 A × 3 h = 0.3 Ah", "right on"),
    ("30 pJ", "- Energy: 3 × 10 pJ = 0.03 nJ", "right on"),
    ("2000 tokens/s", "- Rate: 20 token / 10 ms = 2000 token/s", "right on"),
    ("about 500 Hz", "- Rate: 1 / 2 ms = 500 / s", "right on"),
    ("1 GB", "- Weights: 10^7 × 2 GB = 2 × 10^7 GB", "within 10^7× (low)"),
    ("295 FLOP/byte", "- Ridge: $\\frac{989}{3.35} \\approx 295$ FLOP/byte", "right on"),
    ("42 ms", "- Time: $T = 6 \\times 7 \\text{ ms} = 42 \\text{ ms}$", "right on"),
    ("-5 ms", "- Slack: 10 ms − 5 ms = 5 ms", "not the same sign"),
    ("12 GB", "- Step: 35 GB / 3.35 TB/s ≈ 10.4 ms", "the model has no number in this unit"),
    ("a lot", "- Step: 35 GB / 3.35 TB/s ≈ 10.4 ms", "no number in it"),
]


@pytest.fixture(scope="module")
def estimated(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """(front, back) of a card for each line of the table."""
    raws = [
        question(
            f"estimate-{number:02}", **{"details.napkin_math": f"**Calculations:**\n- First: 1 × 3 = 3 m\n{line}\n"}
        )
        for number, (_, line, _) in enumerate(ESTIMATES)
    ]
    vault = load_vault(write_folder(tmp_path_factory.mktemp("estimates"), raws, [], release()))
    assert len(vault.questions) == len(ESTIMATES) >= 30
    maker, templates = NoteMaker(vault), load_templates()
    style = f"<style>{templates.css}</style>"
    shown = [render_note(maker.note(q), templates) for q in vault.questions.values()]
    return [(style + each.front, style + each.back) for each in shown]


@pytest.mark.parametrize("number", range(len(ESTIMATES)), ids=[f"{e} against {c}" for e, c, _ in ESTIMATES])
def test_an_estimate_is_held_against_the_models_number(
    open_screen: Open, estimated: list[tuple[str, str]], number: int
) -> None:
    estimate, _, said = ESTIMATES[number]
    front, back = estimated[number]
    with open_screen(DESKTOP) as screen:
        screen.show(front)
        screen.page.fill(".estimate", estimate)
        screen.turn(back)
        verdict = screen.page.locator(".verdict")
        assert verdict.is_visible()
        assert f"Your estimate {estimate}" in verdict.inner_text()
        assert screen.page.locator(".verdict .apart").inner_text() == said
        assert screen.complaints == []


def test_the_conclusion_speaks_where_a_calculation_agrees_with_it(open_screen: Open, tmp_path: Path) -> None:
    napkin = "**Calculations:**\n- A: 2 × 2 = 4 GB\n- B: 3 × 2 = 6 GB\n- C: 9 × 1 = 9 GB\n**Conclusion:**\n- Of 80 GB it takes 6.1 GB.\n"
    vault = load_vault(write_folder(tmp_path / "v", [question("x", **{"details.napkin_math": napkin})], [], release()))
    shown = render_note(NoteMaker(vault).note(next(iter(vault.questions.values()))), load_templates())
    with open_screen(DESKTOP) as screen:
        screen.show(shown.front)
        screen.page.fill(".estimate", "6 GB")
        screen.turn(shown.back)
        assert "Model 6.1 GB" in screen.page.locator(".verdict").inner_text()


def enter(screen: Screen, estimate: str = "300 KB", choice: int | None = None) -> None:
    screen.page.fill(".estimate", estimate)
    if choice is not None:
        screen.press(".options label", choice)


@pytest.fixture
def choosing(cards: list[Card]) -> list[Card]:
    """Cards with options and napkin math."""
    found = [card for card in cards if card.fields["Options"] and card.fields["Napkin Calculations"]]
    assert len(found) >= 3
    return found


@each_platform
@each_model
def test_what_was_entered_reaches_the_back(look: Look, turn: Turn, open_screen: Open, choosing: list[Card]) -> None:
    card = choosing[0]
    right = ord(card.fields["Correct Option"]) - ord("A")
    for choice in (right, (right + 1) % 4):
        with open_screen(look) as screen:
            screen.show(card.front)
            enter(screen, "300 KB", choice)
            turn(screen, card.back)
            assert "Your estimate 300 KB" in screen.page.locator(".verdict").inner_text()
            marks = screen.page.locator(".options > li").evaluate_all(
                "all => all.map(one => [one.className, one.querySelector('.mark')?.textContent ?? ''])"
            )
            expected = [["", ""] for _ in range(4)]
            expected[choice] = ["wrong", "✗ your choice"]
            expected[right] = ["right", "✓ right, your choice" if choice == right else "✓ right"]
            assert marks == expected
            assert screen.page.locator(".correct").inner_text() == f"Right: {card.fields['Correct Option']}"
            assert screen.complaints == []


@each_platform
@each_model
def test_nothing_goes_from_one_card_to_the_next(
    look: Look, turn: Turn, open_screen: Open, choosing: list[Card]
) -> None:
    first, second = choosing[:2]
    with open_screen(look) as screen:
        screen.show(first.front)
        enter(screen, "300 KB", 0)
        turn(screen, first.back)
        turn(screen, second.front)
        assert screen.page.locator(".estimate").input_value() == ""
        assert screen.page.locator(".options :checked").count() == 0
        turn(screen, second.back)
        assert not screen.page.locator(".verdict").is_visible()
        assert screen.page.locator(".options .wrong").count() == 0
        # … nor to the same card, when it comes again,
        turn(screen, first.front)
        assert screen.page.locator(".estimate").input_value() == ""
        turn(screen, first.back)
        assert not screen.page.locator(".verdict").is_visible()
        # … nor from a front whose back was never seen to the back of another card.
        turn(screen, first.front)
        enter(screen, "300 KB", 0)
        turn(screen, second.back)
        assert not screen.page.locator(".verdict").is_visible()
        assert screen.complaints == []


@each_model
def test_after_the_next_front_nothing_is_kept_anywhere(turn: Turn, open_screen: Open, choosing: list[Card]) -> None:
    with open_screen(DESKTOP) as screen:
        screen.show(choosing[0].front)
        enter(screen, "300 KB", 0)
        kept = "[window.staffml, sessionStorage.length, localStorage.length, document.cookie]"
        assert screen.page.evaluate(kept)[0]["estimate"] == "300 KB"
        turn(screen, choosing[0].back)
        turn(screen, choosing[1].front)
        assert screen.page.evaluate(kept) == [None, 0, 0, ""]


@each_model
def test_where_storage_is_forbidden_the_card_still_works(turn: Turn, open_screen: Open, choosing: list[Card]) -> None:
    forbid = (
        "Object.defineProperty(window, 'sessionStorage', {get() { throw new DOMException('no', 'SecurityError'); }})"
    )
    with open_screen(DESKTOP) as screen:
        screen.page.add_init_script(forbid)
        screen.show(choosing[0].front)
        enter(screen, "300 KB", 0)
        turn(screen, choosing[0].back)
        # One page keeps it in the window; in a new page there is nothing to say, and no error either.
        assert screen.page.locator(".verdict").is_visible() == (turn is Screen.turn)
        assert screen.page.locator(".options .right").count() == 1
        assert screen.complaints == []


def test_every_card_after_every_other_in_one_page(open_screen: Open, cards: list[Card], odd_cards: list[Card]) -> None:
    """An hour on the desktop: one page, all cards, both sides; the stages of each still work."""
    with open_screen(DESKTOP) as screen:
        screen.show("")
        for card in (*cards, *odd_cards):
            screen.turn(card.front)
            assert screen.page.locator(".commit").is_visible()
            screen.turn(card.back)
            stages = screen.page.locator(".stage")
            for key in range(stages.count()):
                screen.page.keyboard.press("n")
                assert stages.evaluate_all("all => all.filter(one => one.open).length") == key + 1, card.id
        assert screen.complaints == []


def test_a_side_whose_script_runs_twice_says_everything_once(open_screen: Open, choosing: list[Card]) -> None:
    again = "document.body.append(Object.assign(document.createElement('script'), {textContent: document.querySelector('#qa script').textContent}))"
    card = choosing[0]
    with open_screen(DESKTOP) as screen:
        screen.show(card.front)
        screen.page.evaluate(again)
        assert screen.page.locator(".options label").count() == 4
        enter(screen, "300 KB", 0)
        screen.turn(card.back)
        screen.page.evaluate(again)
        assert screen.page.locator(".verdict").inner_text().count("Your estimate") == 1
        assert screen.page.locator(".napkin .all").count() == 1


@each_platform
def test_reveal_all_reveals_all_and_hides_them_again(look: Look, open_screen: Open, staged: Card) -> None:
    with open_screen(look) as screen:
        screen.show(staged.back)
        flags = "all => all.map(one => one.open)"
        stages = screen.page.locator(".stage")
        screen.press(".napkin .all")
        assert stages.evaluate_all(flags) == [True] * 3
        screen.page.wait_for_function("document.querySelector('.napkin .all').textContent === 'Hide all'")
        screen.press(".napkin .all")
        assert stages.evaluate_all(flags) == [False] * 3
        screen.press(".stage > summary", 1)
        screen.press(".napkin .all")
        assert stages.evaluate_all(flags) == [True] * 3


def test_choices_work_by_keyboard_and_leave_ankis_keys_alone(open_screen: Open, choosing: list[Card]) -> None:
    """Arrows choose. Space, Enter and digits reach Anki: nothing prevents them."""
    watch = "window.seen = []; document.addEventListener('keydown', e => seen.push([e.key, e.defaultPrevented]))"
    with open_screen(DESKTOP) as screen:
        screen.show(choosing[0].front)
        screen.page.evaluate(watch)
        screen.page.keyboard.press("Tab")
        screen.page.keyboard.press("ArrowDown")
        assert screen.page.evaluate("window.staffml.choice") == 1
        screen.page.evaluate("document.activeElement.blur()")
        for key in ("Space", "Enter", "1", "2", "3", "4", "e", "r", "u", "z", "n"):
            screen.page.keyboard.press(key)
        seen = screen.page.evaluate("seen")
        assert len(seen) == 13
        assert [key for key, prevented in seen if prevented] == []


def test_enter_in_the_estimate_asks_anki_for_the_answer_and_digits_stay_in_it(
    open_screen: Open, choosing: list[Card]
) -> None:
    """As in Anki's own type-in box: what is typed there is no shortcut, and Enter shows the answer."""
    with open_screen(DESKTOP) as screen:
        for ask, expected in (("pycmd", ["ans"]), ("showAnswer", [None])):
            screen.show(choosing[0].front)
            screen.page.evaluate(f"window.asked = []; window.{ask} = what => asked.push(what ?? null); 0")
            screen.page.evaluate("window.keys = 0; document.addEventListener('keydown', () => keys++)")
            screen.page.click(".estimate")
            screen.page.keyboard.type("12 GB")
            assert screen.page.evaluate("[asked.length, keys]") == [0, 0]
            screen.page.keyboard.press("Enter")
            assert screen.page.evaluate("asked") == expected
            assert screen.page.evaluate("document.activeElement === document.body")


def test_the_estimate_never_takes_the_focus_by_itself(open_screen: Open, cards: list[Card]) -> None:
    with open_screen(DESKTOP) as screen:
        for card in cards[::4]:
            screen.show(card.front)
            assert screen.page.evaluate("document.activeElement === document.body")


def test_there_is_an_estimate_only_where_there_is_napkin_math(open_screen: Open, odd_cards: list[Card]) -> None:
    napkin = [name for name in odd_cards[0].fields if name.startswith("Napkin")]
    seen = set()
    with open_screen(DESKTOP) as screen:
        screen.show("")
        for card in odd_cards:
            screen.turn(card.front)
            has = any(card.fields[name] for name in napkin)
            assert screen.page.locator(".estimate").is_visible() == has, card.id
            assert screen.page.locator(".timer").is_visible()
            seen.add(has)
    assert seen == {True, False}


@each_model
def test_the_timer_runs_pauses_and_reaches_the_back(turn: Turn, open_screen: Open, staged: Card) -> None:
    with open_screen(DESKTOP) as screen:
        screen.page.clock.install()
        screen.show(staged.front)
        timer = screen.page.locator(".timer")
        assert timer.inner_text() == "Timer"
        timer.click()
        screen.page.clock.run_for(65_000)
        assert timer.inner_text() == f"❚❚ 1:05 / {staged.fields['Minutes']} min"
        timer.click()
        screen.page.clock.run_for(60_000)
        assert timer.inner_text() == f"▶ 1:05 / {staged.fields['Minutes']} min"
        assert timer.get_attribute("aria-pressed") == "false"
        timer.click()
        screen.page.clock.run_for(10_000)
        turn(screen, staged.back)
        assert screen.page.locator(".verdict").inner_text().strip() == "Time 1:15"


def test_without_javascript_everything_can_be_read(open_screen: Open, cards: list[Card], odd_cards: list[Card]) -> None:
    with open_screen(DESKTOP, java_script_enabled=False) as screen:
        for card in (*cards[::4], *odd_cards):
            screen.show(card.back)
            hidden = screen.page.locator(".commit, .verdict, .staffml-id")
            assert not any(hidden.nth(n).is_visible() for n in range(hidden.count())), (
                "what needs a script is not there"
            )
            for place in (".scenario", ".answer"):
                part = screen.page.locator(place)
                assert part.evaluate("one => one.scrollHeight <= one.clientHeight + 1"), (card.id, "nothing is folded")
            for stage in range(screen.page.locator(".stage").count()):
                screen.page.locator(".stage > summary").nth(stage).click()
                assert screen.page.locator(".stage-body").nth(stage).is_visible()
            right = screen.page.locator(".correct")
            assert right.count() == bool(card.fields["Correct Option"])


@each_platform
def test_the_front_stays_in_view_above_the_answer_and_is_short(
    look: Look, open_screen: Open, odd_cards: list[Card]
) -> None:
    card = next(card for card in odd_cards if card.id == "longest")
    with open_screen(look) as screen:
        screen.show(card.back)
        height = "one => one.getBoundingClientRect().height"
        scenario = screen.page.locator(".scenario")
        short = scenario.evaluate(height)
        assert short < 100
        more = screen.page.locator(".more")
        assert more.get_attribute("aria-expanded") == "false"
        screen.press(".more")
        assert scenario.evaluate(height) > 4 * short
        assert (more.inner_text(), more.get_attribute("aria-expanded")) == ("Show less", "true")
        # When the app scrolls to the answer, as the desktop does, the question above it stays on the screen.
        screen.press(".more")
        screen.page.evaluate("document.getElementById('answer').scrollIntoView()")
        assert screen.page.locator("#answer").evaluate("one => one.getBoundingClientRect().top") > 250


def test_results_of_calculations_stand_in_one_column(open_screen: Open, cards: list[Card]) -> None:
    lined = 0
    with open_screen(DESKTOP) as screen:
        screen.show("")
        for card in cards:
            screen.turn(card.back)
            screen.page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
            edges = screen.page.locator(".calculations .makes").evaluate_all(
                "all => all.map(one => Math.round(one.getBoundingClientRect().right))"
            )
            assert len(set(edges)) <= 1, card.id
            lined += len(edges) > 1
            text = screen.page.locator(".calculations").all_inner_texts()
            assert len(text) == bool(card.fields["Napkin Calculations"])
    assert lined >= 20


def test_old_free_text_lines_up_too_and_prose_stays_prose(open_screen: Open, tmp_path: Path) -> None:
    """A list of assumptions in which one line happens to hold a sign, and a result that is half a sentence."""
    old = "Weights: 70B × 2 bytes = 140 GB.\nCards: 140 GB / 80 GB = 1.75, so 2 cards.\nCost: 2 × $3 = $6 an hour."
    stages = (
        "**Assumptions:**\n- 80 layers, 8 KV heads\n- Roof = the smaller of 989 TFLOP/s and 3.35 TB/s × intensity\n"
        "- Every byte wears the device evenly; MB = 10^6 byte\n- 2 byte each\n"
        "**Calculations:**\n- Step: 35 GB / 3.35 TB/s ≈ 10.4 ms\n- Rate, N = 8: 1 / 10.4 ms ≈ 96 /s\n- Sum: 1,000 + 24 = 1,024\n- No cache is read twice\n"
    )
    raws = [question("x-1", **{"details.napkin_math": old}), question("x-2", **{"details.napkin_math": stages})]
    vault = load_vault(write_folder(tmp_path / "v", raws, [], release()))
    maker, templates = NoteMaker(vault), load_templates()
    with open_screen(DESKTOP) as screen:
        results = []
        for each in vault.questions.values():
            screen.show(f"<style>{templates.css}</style>" + render_note(maker.note(each), templates).back)
            screen.page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
            results.append(screen.page.locator(".makes").all_inner_texts())
            right = screen.page.locator(".makes").evaluate_all(
                "all => all.map(one => Math.round(one.getBoundingClientRect().right))"
            )
            assert len(set(right)) == 1
        assert results == [["= 140 GB.", "= 1.75, so 2 cards.", "= $6 an hour."], ["≈ 10.4 ms", "≈ 96 /s", "= 1,024"]]
        assert screen.page.locator(".assumptions li").evaluate_all("all => all.map(one => one.className)") == [""] * 4


@each_platform
def test_a_tap_on_the_timer_leaves_the_space_to_the_app(look: Look, open_screen: Open, staged: Card) -> None:
    with open_screen(look) as screen:
        screen.show(staged.front)
        screen.press(".timer")
        assert screen.page.evaluate("document.activeElement === document.body")
        screen.page.keyboard.press("Space")
        assert screen.page.locator(".timer").get_attribute("aria-pressed") == "true"
        screen.page.locator(".timer").focus()
        screen.page.keyboard.press("Enter")
        assert screen.page.locator(".timer").get_attribute("aria-pressed") == "false", "by keyboard it works, and"
        assert screen.page.evaluate("document.activeElement.className") == "timer tappable", "keeps the focus"


def test_lining_up_changes_no_text(open_screen: Open, cards: list[Card], odd_cards: list[Card]) -> None:
    text = "all => all.map(one => one.textContent.replace(/\\s+/g, ' ').trim())"
    with open_screen(DESKTOP) as with_script, open_screen(DESKTOP, java_script_enabled=False) as without:
        for card in (*cards[::3], *odd_cards):
            with_script.show(card.back)
            without.show(card.back)
            found = [screen.page.locator(".stage-body").evaluate_all(text) for screen in (with_script, without)]
            assert found[0] == found[1], card.id
