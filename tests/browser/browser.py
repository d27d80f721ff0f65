"""Cards in headless Chromium, in pages with the classes that each platform gives its own.

The engine is Chromium everywhere, also where the real one is WebKit (AnkiMobile): what is proved is the HTML and the
CSS, not a platform's app around them.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, Frame, Page, sync_playwright

from staffml_anki import data
from staffml_anki.decks.recipe import find_recipe
from staffml_anki.package.build import Request, build

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PLATFORMS = {"desktop": "linux", "AnkiDroid": "mobile android linux", "AnkiMobile": "mobile iphone ios"}

# What the apps bring along and a card has to live with: a margin, and a night of their own.
HOST_CSS = """
body { margin: 20px; }
body.nightMode { background-color: #2c2c2c; color: #fcfcfc; }
button { outline: none !important; margin: 1em .5em; padding: 8px 10px; color: #020; background: #eee; }
.linux button { box-shadow: 0 2px 4px #0004; }
.linux button:hover { background: #ddd; box-shadow: 0 4px 8px #0004; }
a { color: #00a; text-decoration: none; }
hr { margin: 1em 0; height: 1px; background-color: #737373; }
li { text-align: start; }
img { max-width: 100%; max-height: 95vh; }
"""

# As Anki's own reviewer page: a script that is put in as text does not run, so each is made anew.
REPLACE = """html => {
  const sides = document.getElementById('qa');
  sides.innerHTML = html;
  for (const old of sides.querySelectorAll('script')) {
    const script = document.createElement('script');
    script.append(old.textContent);
    old.replaceWith(script);
  }
}"""


@dataclass(frozen=True)
class Look:
    """A platform by day or by night. ``night`` is the class on the body: none by day."""

    platform: str
    night: str = ""

    def __str__(self) -> str:
        return f"{self.platform}-{'night' if self.night else 'day'}"

    @property
    def touch(self) -> bool:
        return self.platform != "desktop"

    def page(self, card: str) -> str:
        classes = PLATFORMS[self.platform]
        html = f"{classes} night-mode" if self.night else classes
        return (
            f'<!doctype html><html lang="en" class="{html}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>Card</title><style>{HOST_CSS}</style></head>"
            f'<body class="{f"card card1 {classes} {self.night}".strip()}"><div id="qa">{card}</div></body></html>'
        )


LOOKS = tuple(Look(platform, night) for platform in PLATFORMS for night in ("", "nightMode"))


@dataclass(frozen=True)
class Card:
    """What Anki renders of one card."""

    id: str
    front: str
    back: str
    fields: dict[str, str]

    @property
    def sides(self) -> dict[str, str]:
        return {"front": self.front, "back": self.back}


@dataclass
class Screen:
    """One page on one platform; what it asked the network for, and what it complained about."""

    page: Page
    look: Look
    folder: Path
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def show(self, card: str) -> None:
        """Open one side of a card as the platform would, among its media."""
        path = self.folder / f"{self.look}.html"
        path.write_text(self.look.page(card), encoding="utf-8")
        self.page.goto(path.as_uri())

    def turn(self, card: str) -> None:
        """Put another side into the same page, as the desktop does: replace what is there, run its scripts again."""
        self.page.evaluate(REPLACE, card)

    def resize(self, width: int, height: int = 800) -> None:
        self.page.set_viewport_size({"width": width, "height": height})

    def press(self, selector: str, number: int = 0) -> None:
        """One tap with a finger, or one click, whichever the platform has."""
        target = self.page.locator(selector).nth(number)
        if self.look.touch:
            target.tap()
        else:
            target.click()


class Open(Protocol):
    """Opens a screen for a look."""

    def __call__(self, look: Look, **more: Any) -> AbstractContextManager[Screen]: ...


def path_of_chromium() -> str:
    """Without a browser nothing here is proved: on CI that is a failure, elsewhere a skip that says so."""
    if found := find_chromium():
        return found
    missing = f"none of {', '.join(NAMES)} is installed: the pages were not tried in a browser"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(f"LOUD: {missing}")


def find_chromium() -> str | None:
    """Where Chromium is: as the system's packages install it."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@contextmanager
def screen(browser: Browser, look: Look, folder: Path, **more: Any) -> Iterator[Screen]:
    """A page of ``look``; more as for a browser's context."""
    more.setdefault("viewport", {"width": 390, "height": 800} if look.touch else {"width": 1280, "height": 800})
    scheme: Any = "dark" if look.night else "light"
    context = browser.new_context(has_touch=look.touch, is_mobile=look.touch, color_scheme=scheme, **more)
    context.set_default_timeout(30_000)
    shown = Screen(context.new_page(), look, folder)
    shown.page.on("request", lambda request: shown.requests.append(request.url))
    shown.page.on("requestfailed", lambda request: shown.complaints.append(f"failed: {request.url}"))
    shown.page.on("pageerror", lambda error: shown.complaints.append(str(error)))
    shown.page.on(
        "console", lambda said: shown.complaints.append(said.text) if said.type in ("error", "warning") else None
    )
    yield shown
    context.close()


@contextmanager
def quiet(browser: Browser, path: Path, address: str = "", ready: str = "html", **more: Any) -> Iterator[Page]:
    """A page of our own, from a file; when it is left, nothing may have been asked for or complained about.

    Args:
        ready: what is there once it has started.
        more: as for a browser's context.
    """
    context = browser.new_context(**{"viewport": {"width": 1180, "height": 900}, "reduced_motion": "reduce"} | more)
    context.set_default_timeout(30_000)
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri() + address)
    page.wait_for_selector(ready)
    yield page
    context.close()
    assert said == []
    assert {url.partition("#")[0] for url in asked if not url.startswith("data:")} == {path.as_uri()}


def keep_pictures(opened: Callable[..., AbstractContextManager[Page]], name: str, folder: Path) -> None:
    """By day, by night and on a phone; into the folder that ``STAFFML_TEST_PICTURES`` names, as artifacts."""
    folder = Path(os.environ.get("STAFFML_TEST_PICTURES") or folder)
    folder.mkdir(parents=True, exist_ok=True)
    for look, scheme, width in (("light", "light", 1180), ("dark", "dark", 1180), ("phone", "light", 360)):
        with opened(color_scheme=scheme, viewport={"width": width, "height": 800}) as page:
            assert len(page.screenshot(path=folder / f"{name}-{look}.png", full_page=True)) > 20_000


def axe(page: Page | Frame, whole: bool = False) -> list[str]:
    """What axe-core finds wrong: rule, impact, and the first place.

    Args:
        whole: the page is our own, so its landmarks count, too; those of a card are the app's.
    """
    from axe_playwright_python.sync_playwright import Axe

    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    rules = {rule: {"enabled": whole} for rule in ("region", "landmark-one-main")}
    # What a card does about its own size it does when the browser has told it.
    page.evaluate("() => new Promise(done => setTimeout(done, 100))")
    found = Axe().run(page, options={"runOnly": tags, "rules": rules, "resultTypes": ["violations"]})
    return [
        f"{each['id']} ({each['impact']}): {each['nodes'][0]['html'][:120]}" for each in found.response["violations"]
    ]


def cards_of(folder: Path, vault: Path = data.VAULT) -> list[Card]:
    """Build a vault, import the package with the official anki, render every card; ``folder`` gets the media."""
    from anki.collection import Collection, ImportAnkiPackageOptions, ImportAnkiPackageRequest

    package = folder / "cards.apkg"
    build(Request(vault=vault, recipe=find_recipe("complete"), out=package, now=1_790_000_000))
    collection = Collection(str(folder / "collection.anki2"))
    try:
        options = ImportAnkiPackageOptions()
        collection.import_anki_package(ImportAnkiPackageRequest(package_path=str(package), options=options))
        shutil.copytree(collection.media.dir(), folder, dirs_exist_ok=True)
        cards = []
        for card in map(collection.get_card, collection.find_cards("")):
            fields = dict(card.note().items())
            cards.append(Card(fields["ID"], card.question(), card.answer(), fields))
    finally:
        collection.close()
    return sorted(cards, key=lambda card: card.id)
