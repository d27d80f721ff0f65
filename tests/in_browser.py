"""Fixtures: a browser, and cards in it. A plugin of tests/conftest.py, which only tests in a browser load in full."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gallery
import pytest

if TYPE_CHECKING:
    from browser import Card, Look, Open, Screen
    from playwright.sync_api import Browser

STAGES = ("Napkin Assumptions", "Napkin Calculations", "Napkin Conclusion")


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    import browser

    with browser.chromium(browser.path_of_chromium()) as started:
        yield started


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pages and their media lie."""
    return tmp_path_factory.mktemp("cards")


@pytest.fixture(scope="session")
def cards(folder: Path) -> "list[Card]":
    """Cards of the shipped vault as the official anki package renders them: of each track and level one, and those with
    options or a drawing, at most so many that a growing vault does not make these tests longer."""
    import browser

    every = browser.cards_of(folder)
    cells = {(card.fields["Track"], card.fields["Level"]): card for card in reversed(every)}
    drawn = [card for card in every if card.fields["Visual"]][:4]
    choosing = [card for card in every if card.fields["Options"]][:4]
    found = {card.id: card for card in (*cells.values(), *drawn, *choosing)}
    return [found[key] for key in sorted(found)]


@pytest.fixture(scope="session")
def odd_cards(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> "list[Card]":
    """The cards of the gallery: all that is odd about questions. Of the long chain both ends, and its middle."""
    import browser

    made = tmp_path_factory.mktemp("gallery")
    found = browser.cards_of(made, gallery.write(made / "vault"))
    for drawing in made.glob("*.svg"):
        (folder / drawing.name).write_bytes(drawing.read_bytes())
    ends = ("step-00", "step-21", "step-39")
    return [card for card in found if card.id in ends or not card.id.startswith("step-")]


@pytest.fixture
def staged(cards: "list[Card]") -> "Card":
    """A card with three napkin stages."""
    return next(card for card in cards if all(card.fields[stage] for stage in STAGES))


@pytest.fixture
def open_screen(chromium: "Browser", folder: Path) -> "Open":
    import browser

    def call(look: "Look", **more: Any) -> "AbstractContextManager[Screen]":
        return browser.screen(chromium, look, folder, **more)

    return call
