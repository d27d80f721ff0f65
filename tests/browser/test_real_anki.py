"""In a real Anki desktop, where STAFFML_TEST_ANKI_URL points to its AnkiConnect: every gallery card, both sides.

What scripts complain about can be seen in its developer tools only: start Anki with QTWEBENGINE_REMOTE_DEBUGGING
set to 127.0.0.1:9333, say, and name that in STAFFML_TEST_ANKI_DEVTOOLS.
"""

import json
import os
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gallery
import pytest

from staffml_anki.decks.recipe import read_recipe
from staffml_anki.package.build import Request, build

URL, DEVTOOLS = os.environ.get("STAFFML_TEST_ANKI_URL"), os.environ.get("STAFFML_TEST_ANKI_DEVTOOLS")
DECK = "StaffML card gallery"
RECIPE = f"{{name: gallery, title: Gallery, deck: {DECK}, output: gallery.apkg, preset: {{new_per_day: 999}}}}"
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
pytestmark = pytest.mark.skipif(URL is None, reason="STAFFML_TEST_ANKI_URL names no Anki: no card was tried in one")


def ask(action: str, **params: Any) -> Any:
    assert URL is not None
    body = json.dumps({"action": action, "version": 6, "params": params}).encode()
    with OPENER.open(urllib.request.Request(URL, body), timeout=60) as reply:
        answer = json.loads(reply.read())
    assert answer["error"] is None, (action, answer["error"])
    return answer["result"]


class Tools:
    """The developer tools of Anki's main web view."""

    def __init__(self, address: str) -> None:
        from websocket import create_connection

        with OPENER.open(f"http://{address}/json", timeout=10) as reply:
            targets = json.loads(reply.read())
        (target,) = [each for each in targets if each["title"] == "main webview"]
        self.socket = create_connection(target["webSocketDebuggerUrl"], suppress_origin=True, timeout=30)
        self.number = 0
        self.complaints: list[str] = []
        self.call("Runtime.enable")

    def call(self, method: str, **params: Any) -> Any:
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": params}))
        while True:
            said = json.loads(self.socket.recv())
            if said.get("id") == self.number:
                return said["result"]
            about = said.get("params", {})
            if said.get("method") == "Runtime.exceptionThrown" or about.get("type") == "error":
                self.complaints.append(json.dumps(about)[:400])

    def evaluate(self, expression: str) -> Any:
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def wait(self, expression: str) -> None:
        for _ in range(200):
            if self.evaluate(expression):
                return
            time.sleep(0.05)
        pytest.fail(f"never true in Anki: {expression}")


@pytest.fixture
def tools() -> Iterator[Tools]:
    if DEVTOOLS is None:
        pytest.skip("LOUD: STAFFML_TEST_ANKI_DEVTOOLS is not set: errors of scripts could not be seen")
    opened = Tools(DEVTOOLS)
    yield opened
    opened.socket.close()


def remove() -> None:
    """The notes of an earlier run, and their deck."""
    ask("guiDeckBrowser")
    if notes := ask("findNotes", query=f'"deck:{DECK}"'):
        ask("deleteNotes", notes=notes)
    ask("deleteDecks", decks=[DECK], cardsToo=True)


def test_every_gallery_card_is_shown_without_a_javascript_error(tmp_path: Path, tools: Tools) -> None:
    recipe, package = tmp_path / "gallery.yaml", tmp_path / "gallery.apkg"
    recipe.write_text(RECIPE, encoding="utf-8")
    vault = gallery.write(tmp_path / "vault")
    build(Request(vault=vault, recipe=read_recipe(recipe), out=package, now=1_790_000_000))
    remove()
    assert ask("importPackage", path=str(package)) is True
    cards = ask("findCards", query=f'"deck:{DECK}"')
    assert len(cards) == 51
    # By hand, as it were: guiDeckReview shows the reviewer and then draws the overview over it.
    assert ask("guiDeckOverview", name=DECK)
    tools.wait(f"document.body.innerText.includes({json.dumps(DECK)}) && document.querySelector('#study') !== null")
    tools.evaluate("pycmd('study')")
    tools.wait("typeof _showQuestion === 'function'")
    tools.complaints.clear()
    seen: set[str] = set()
    while len(seen) < len(cards):
        # It answers before Anki has gone on to the next card.
        while (key := ask("guiCurrentCard")["fields"]["ID"]["value"]) in seen:
            time.sleep(0.05)
        seen.add(key)
        tools.wait(f"document.querySelector('.front .staffml-id')?.textContent === {json.dumps(key)}")
        assert ask("guiShowQuestion")
        tools.wait("document.querySelector('.commit')?.hidden === false && !document.querySelector('#answer')")
        tools.evaluate(
            "(e => { e.value = '300 GB'; e.dispatchEvent(new Event('input')); })(document.querySelector('.estimate'))"
        )
        assert ask("guiShowAnswer")
        tools.wait("document.querySelector('#answer') !== null && document.querySelector('.back') !== null")
        tools.wait("document.querySelector('.verdict').innerText.startsWith('Your estimate 300 GB')")
        tools.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert tools.evaluate("document.documentElement.scrollWidth <= innerWidth"), key
        assert ask("guiAnswerCard", ease=4)
    remove()
    assert tools.complaints == []
