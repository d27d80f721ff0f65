"""Draw docs/images/*.png: `python docs/pictures.py`. It wants Chromium, and what the tests want."""

import base64
import struct
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CARD = "starter-cloud-001"
DESK = "starter-edge-003"
WIDTH, HEIGHT, GAP = 390, 860, 20
LIMIT = 400_000
OPEN = "document.querySelectorAll('details').forEach(stage => stage.open = true)"
SCROLL = "selector => scrollTo(0, document.querySelector(selector).getBoundingClientRect().top - 12)"

# Few colours make a small picture. Colours that are near become one: the most frequent of them.
QUANTISE = """async ({png, step}) => {
  const image = new Image();
  image.src = 'data:image/png;base64,' + png;
  await image.decode();
  const {width, height} = image;
  const canvas = new OffscreenCanvas(width, height).getContext('2d');
  canvas.drawImage(image, 0, 0);
  const pixels = new Uint32Array(canvas.getImageData(0, 0, width, height).data.buffer);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) || 0) + 1);
  const near = pixel => [0, 8, 16].map(shift => Math.round((pixel >> shift & 255) / step)).join();
  const places = new Map(), colours = [], place = new Map();
  for (const [pixel] of [...counts].sort((a, b) => b[1] - a[1])) {
    if (!places.has(near(pixel))) places.set(near(pixel), colours.push(pixel) - 1);
    place.set(pixel, places.get(near(pixel)));
  }
  const bytes = Uint8Array.from(pixels, pixel => place.get(pixel));
  const url = await new Promise(done => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.readAsDataURL(new Blob([bytes]));
  });
  return {width, height, pixels: url.split(',')[1],
          colours: colours.map(pixel => [0, 8, 16].map(shift => pixel >> shift & 255))};
}"""


def sheet(frames: list[str]) -> str:
    """A page with phones side by side; each is a frame with a page of its own."""
    shown = "".join(f'<iframe src="{name}"></iframe>' for name in frames)
    return (
        f"<!doctype html><style>body {{ margin: 0; padding: {GAP}px; display: flex; gap: {GAP}px; }}"
        "body { background: #e4e8ec; }"
        f"iframe {{ width: {WIDTH}px; height: {HEIGHT}px; border: 0; border-radius: 14px; }}</style>{shown}"
    )


def indexed(picture: dict[str, Any]) -> bytes:
    """A PNG with a palette, from what QUANTISE gives."""
    width, height, colours = picture["width"], picture["height"], picture["colours"]
    assert len(colours) <= 256, f"{len(colours)} colours are left: quantise in bigger steps"
    pixels = base64.b64decode(picture["pixels"])
    rows = b"".join(b"\0" + pixels[start : start + width] for start in range(0, width * height, width))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", b"".join(map(bytes, colours))),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    body = b"".join(struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + body


def save(page: Any, name: str, step: int = 12) -> None:
    """A screenshot, as a small PNG in docs/images."""
    png = base64.b64encode(page.screenshot()).decode()
    picture = indexed(page.evaluate(QUANTISE, {"png": png, "step": step}))
    assert len(picture) <= LIMIT, f"{name} has {len(picture)} bytes: make it smaller"
    out = ROOT / "docs" / "images" / name
    out.parent.mkdir(exist_ok=True)
    out.write_bytes(picture)


def draw_phones(chromium: Any, browser: Any, folder: Path) -> None:
    """The question with a choice and an estimate; its back; the stages at night."""
    day, night = browser.Look("AnkiDroid"), browser.Look("AnkiDroid", "nightMode")
    card = next(card for card in browser.cards_of(folder) if card.id == CARD)
    fronts = {"1.html": day, "2.html": day, "3.html": night}
    for name, look in fronts.items():
        (folder / name).write_text(look.page(card.front), encoding="utf-8")
    (folder / "sheet.html").write_text(sheet(list(fronts)), encoding="utf-8")
    size: Any = {"width": 3 * WIDTH + 4 * GAP, "height": HEIGHT + 2 * GAP}
    page = chromium.new_page(viewport=size, device_scale_factor=2)
    page.goto((folder / "sheet.html").as_uri())
    for number, frame in enumerate(page.frames[1:]):
        frame.fill(".estimate", "300 KB")
        frame.click(".options label >> nth=1")
        frame.evaluate("document.activeElement.blur()")
        if number:
            frame.evaluate(browser.REPLACE, card.back)
        if number == 2:
            frame.evaluate(OPEN)
            frame.evaluate(SCROLL, ".napkin")
    save(page, "card.png", 16)
    page.close()


def draw_pages(chromium: Any, folder: Path) -> None:
    """The Vault with a search, and a wide card with its calculations in line, from the Vault, too."""
    from staffml_anki import data
    from staffml_anki.cards.notetype import load_templates
    from staffml_anki.pages.browse import vault_page
    from staffml_anki.vault import load_vault

    path = folder / "vault.html"
    path.write_text(vault_page(load_vault(data.VAULT), load_templates()), encoding="utf-8")
    size: Any = {"width": 1200, "height": 700}
    page = chromium.new_page(viewport=size, device_scale_factor=1.5)
    page.goto(path.as_uri() + "#q=memory")
    page.wait_for_selector("#rows mark")
    page.wait_for_timeout(300)
    save(page, "vault.png")
    page.goto("about:blank")
    page.goto(path.as_uri() + f"#{DESK}")
    page.wait_for_selector(".reveal")
    page.click(".reveal")
    page.wait_for_selector(".napkin")
    page.click(".napkin .all")
    page.evaluate("document.documentElement.classList.add('nightMode')")
    page.evaluate("scrollBy(0, document.querySelector('.napkin').getBoundingClientRect().top - 90)")
    page.wait_for_timeout(300)
    save(page, "question.png")


def main() -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]
    import browser

    path = browser.find_chromium() or sys.exit(f"none of {', '.join(browser.NAMES)} is installed")
    with tempfile.TemporaryDirectory() as temporary, browser.chromium(path) as chromium:
        draw_phones(chromium, browser, Path(temporary))
        draw_pages(chromium, Path(temporary))


if __name__ == "__main__":
    main()
