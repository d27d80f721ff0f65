"""The preview shows what Anki would, follows the templates, and runs nothing but the cards' own script."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gallery
import pytest
from browser import Card, axe
from factory import question, release, sample, write_folder
from playwright.sync_api import Browser, Frame, Page
from test_cards import CONTRASTS, READABLE

from staffml_anki import data
from staffml_anki.cards.notetype import load_templates
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.pages.preview import choose, preview_page
from staffml_anki.pages.serve import Draw, serving
from staffml_anki.vault import Vault, load_vault

SHAPES = [f"{side} · {night} · {place}" for place in ("phone", "desktop") for night in ("light", "night") for side in ("front", "back")]  # fmt: skip

ODD = ("options", "drawn", "math", "table", "step-21")


@pytest.fixture(scope="module")
def starter() -> Vault:
    return load_vault(data.VAULT)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 2600})
    context.set_default_timeout(30_000)
    made = context.new_page()
    yield made
    context.close()


def frames_of(page: Page, question_id: str, count: int = 8) -> dict[str, Frame]:
    """The frames of one card, by what they show."""
    found = {}
    for figure in page.locator(f'[id="{question_id}"] figure').all():
        handle = figure.locator("iframe").element_handle()
        frame = handle.content_frame() if handle else None
        assert frame is not None
        frame.wait_for_selector(".card-body")
        found[figure.locator("figcaption").inner_text()] = frame
    assert len(found) == count
    return found


def test_each_side_stands_there_as_anki_renders_it(
    page: Page, tmp_path: Path, starter: Vault, cards: list[Card]
) -> None:
    card = next(card for card in cards if card.id == "starter-cloud-001")
    html = preview_page(starter, choose(starter, [card.id]), load_templates())
    block = html.partition('<script type="application/json" id="preview">')[2].partition("</script>")[0]
    shown = json.loads(block)
    (ours,) = shown["cards"]
    style = f"<style>{shown['css']}</style>"
    assert (style + ours["front"], style + ours["back"]) == (card.front, card.back)
    path = tmp_path / "preview.html"
    path.write_text(html, encoding="utf-8")
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda said: complaints.append(said.text))
    page.goto(path.as_uri())
    frames = frames_of(page, card.id)
    assert list(frames) == SHAPES
    for name, frame in frames.items():
        classes = frame.evaluate("document.body.className")
        assert ("nightMode" in classes) == ("night" in name)
        assert ("mobile" in classes) == ("phone" in name)
        assert frame.locator(".answer").count() == ("back" in name)
        assert frame.evaluate("innerWidth") == (390 if "phone" in name else 820)
    page.uncheck('[name="night"]')
    page.uncheck('[name="desktop"]')
    assert list(frames_of(page, card.id, 2)) == ["front · light · phone", "back · light · phone"]
    assert requests == [path.as_uri()]
    assert complaints == []


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The preview of cards with options, a drawing, formulas, a table, and a long chain."""
    folder = tmp_path_factory.mktemp("odd")
    questions, chains = gallery.gallery()
    vault = load_vault(write_folder(folder / "v", questions, chains))
    path = folder / "preview.html"
    path.write_text(preview_page(vault, choose(vault, ODD), load_templates()), encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_around_the_cards_fits_and_axe_core_finds_nothing_in_it(
    chromium: Browser, odd: Path, scheme: Any
) -> None:
    context = chromium.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(odd.as_uri())
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        faint = [text for _, _, ratio, text in page.evaluate(CONTRASTS) if ratio < READABLE]
        assert faint == []
        assert axe(page, whole=True) == []
    context.close()


def test_axe_core_finds_nothing_in_any_frame(page: Page, odd: Path) -> None:
    """Front and back, light and night, phone and desktop, of each card; formulas are set."""
    page.goto(odd.as_uri())
    for key in ODD:
        page.locator(f'[id="{key}"]').scroll_into_view_if_needed()
        for name, frame in frames_of(page, key).items():
            frame.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
            assert (key, name, axe(frame)) == (key, name, [])


def test_a_front_turns_over_and_brings_its_estimate(page: Page, tmp_path: Path, starter: Vault) -> None:
    path = tmp_path / "preview.html"
    path.write_text(preview_page(starter, choose(starter, ["starter-cloud-001"]), load_templates()), encoding="utf-8")
    page.goto(path.as_uri())
    front = frames_of(page, "starter-cloud-001")["front · light · phone"]
    front.fill(".estimate", "300 KB")
    front.press(".estimate", "Enter")
    assert front.locator(".verdict").inner_text().count("Your estimate 300 KB") == 1
    other = frames_of(page, "starter-cloud-001")["front · night · desktop"]
    other.click(".options label >> nth=0")
    other.press(".options input >> nth=0", " ")
    assert other.locator(".options .wrong, .options .right").count() == 2, "a space turns it, after a choice, too"


def test_math_is_set_and_hostile_text_is_text(page: Page, tmp_path: Path) -> None:
    questions, chains = gallery.gallery()
    vault = load_vault(write_folder(tmp_path / "v", questions, chains))
    path = tmp_path / "preview.html"
    path.write_text(preview_page(vault, choose(vault, ["math", "evil-1"]), load_templates()), encoding="utf-8")
    complaints: list[str] = []
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.on("console", lambda said: complaints.append(said.text))
    page.goto(path.as_uri())
    math = frames_of(page, "math")["back · night · desktop"]
    math.wait_for_function("document.querySelectorAll('math').length >= 8")
    evil = frames_of(page, "evil-1")
    for frame in evil.values():
        assert frame.locator("#qa img, #qa iframe, #qa svg, #qa [onerror]").count() == 0
        assert "<script>alert(1)</script>" in frame.locator(".scenario").inner_text()
    assert complaints == []


def test_a_title_that_turns_the_direction_of_text_turns_nothing_beside_it(page: Page, tmp_path: Path) -> None:
    raw = question("turned-1", title="\u202eevil")
    vault = load_vault(write_folder(tmp_path / "v", [raw], [], release()))
    path = tmp_path / "preview.html"
    path.write_text(preview_page(vault, choose(vault, []), load_templates()), encoding="utf-8")
    page.goto(path.as_uri())
    first, last = page.locator(".shown h2 span").evaluate(
        """one => [0, one.firstChild.length - 1].map(at => { const range = new Range(); range.setStart(one.firstChild, at);
           range.setEnd(one.firstChild, at + 1); return range.getBoundingClientRect().left; })"""
    )
    title = page.locator(".shown h2 bdi").bounding_box()
    assert title is not None
    assert title["x"] + title["width"] < first < last


def test_without_a_wish_it_shows_cards_that_differ(starter: Vault, tmp_path: Path) -> None:
    chosen = choose(starter, [])
    assert 3 <= len(chosen) <= 6
    assert any(q.options for q in chosen)
    assert any(q.visual for q in chosen)
    assert any(q.id in starter.memberships for q in chosen)
    assert [q.id for q in choose(starter, ["starter-edge-003", "starter-edge-003"])] == ["starter-edge-003"]
    with pytest.raises(StaffmlAnkiError, match="starter-edge-03: no such question; did you mean starter-edge-0"):
        choose(starter, ["starter-edge-03"])
    questions, _ = sample()
    for raw in questions:
        raw["status"] = "draft"
    with pytest.raises(StaffmlAnkiError, match="holds no question that can be published"):
        choose(load_vault(write_folder(tmp_path / "v", questions)), [])


@contextmanager
def served(draw: Draw, folder: Path) -> Iterator[str]:
    with serving(draw, folder) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    return Path(shutil.copytree(data.CARD_TEMPLATES, tmp_path / "templates"))


def test_the_page_follows_the_templates_while_they_are_edited(page: Page, starter: Vault, templates: Path) -> None:
    chosen = choose(starter, ["starter-cloud-001"])
    with served(lambda tick: preview_page(starter, chosen, load_templates(templates), tick), templates) as url:
        page.goto(url)
        frame = frames_of(page, "starter-cloud-001")["front · light · phone"]
        assert "MENDED" not in frame.inner_text("h1")
        front = templates / "front.html.j2"
        whole = front.read_text(encoding="utf-8")
        front.write_text(whole.replace("<h1>", "<h1>[[ broken"), encoding="utf-8")
        page.wait_for_selector(".error >> text=broken card template")
        front.write_text(whole.replace("<h1>", "<h1>MENDED "), encoding="utf-8")
        page.wait_for_selector(".shown")
        frame = frames_of(page, "starter-cloud-001")["front · light · phone"]
        assert frame.inner_text("h1").startswith("MENDED")
        page.goto("about:blank")


def test_only_this_machine_may_ask_and_only_for_the_page(templates: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def status(url: str, host: str = "") -> int:
        request = urllib.request.Request(url, headers={"Host": host} if host else {})
        try:
            with opener.open(request, timeout=10) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code

    with served(lambda tick: f"page {tick}", templates) as url:
        assert status(url + "/") == status(url + "/state") == 200
        assert status(url + "/../../etc/passwd") == status(url + "/card.css.j2") == 404
        assert status(url + "/", host="evil.example") == 403, "a name elsewhere that was made to point here"
        port = int(url.rpartition(":")[2])
        with pytest.raises(StaffmlAnkiError, match=f"port {port} is taken"), serving(str, templates, port):
            pass


def test_the_command_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "staffml_anki", "preview", "starter-cloud-001", "--no-open", "--json"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background has them ignore the interrupt that this one is about.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert process.stdout is not None
        said = ""
        while not said.endswith("}\n"):
            line = process.stdout.readline()
            assert line, process.stderr.read() if process.stderr else ""
            said += line
        about = json.loads(said)
        assert about["cards"] == ["starter-cloud-001"]
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(about["url"], timeout=30) as reply:
            assert "starter-cloud-001" in reply.read().decode()
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out, err) == (0, "", "")
    finally:
        process.kill()
        process.wait()
