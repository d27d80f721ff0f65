"""Draw docs/images/coverage.png and coverage-night.png: `python docs/coverage_pictures.py`. Wants what the tests want.

The learner is made up, and so is the vault: nobody's questions are in the pictures.
"""

import base64
import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
DAY = 86_400
LIMIT = 200_000
STRENGTH = {
    "memory": 0.95, "compute": 0.93, "latency": 0.9, "precision": 0.9, "architecture": 0.86, "optimization": 0.85,
    "parallelism": 0.75, "networking": 0.7, "power": 0.8, "deployment": 0.88, "reliability": 0.82, "data": 0.8,
    "cross-cutting": 0.78,
}  # fmt: skip
INTEREST = {"memory": 3.0, "compute": 2.5, "latency": 2.0, "precision": 1.6, "architecture": 1.4}


def history_of(vault, now):  # type: ignore[no-untyped-def]
    """Ten months of a learner with strengths, weaknesses and days off."""
    from staffml_anki.reviews import CardState, History, Reviews
    from staffml_anki.reviews.model import COLUMNS
    from staffml_anki.vault.axes import LEVELS

    rng = random.Random(7)  # noqa: S311 - a made-up learner
    start, free = now - 320 * DAY, set(rng.sample(range(312), 60))
    wish = {
        q.id: rng.random() / INTEREST.get(q.area, 1) * (1 + LEVELS.index(q.level) / 2) for q in vault.questions.values()
    }
    chosen = sorted(vault.questions.values(), key=lambda q: wish[q.id])[:1500]
    rows, cards = [], {}
    for place, question in enumerate(chosen):
        chance = max(0.4, STRENGTH[question.area] - 0.04 * LEVELS.index(question.level))
        at, interval, last = start + place * 315 * DAY // len(chosen), 0, 0
        while at < now:
            if (at - start) // DAY in free:
                at += DAY
                continue
            passed = not interval or rng.random() < chance
            last, interval = interval, (interval * rng.uniform(1.8, 2.6) + 2) if passed else max(1, interval / 5)
            rows.append((place, at * 1000 + place, rng.choice((2, 3, 3, 3, 4)) if passed else 1, int(last > 0),
                         int(interval), int(last), 2500, rng.randrange(9_000, 60_000)))  # fmt: skip
            seen, at = at, at + int(interval * DAY) + rng.randrange(-7_000, 20_000)
        cards[question.id] = (CardState(place + 1, seen, 2, 2, int(interval), 5, 0, interval + 0.5, 5.0, 0.1542, seen),)
    ids = tuple(question.id for question in chosen)
    return History(ids, Reviews(np.array(sorted(rows), COLUMNS)), cards)


def main() -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "docs"), str(ROOT / "tests" / "browser")]
    import browser
    import pictures

    from benchmarks.vaults import write_vault
    from staffml_anki.coverage import Wanted, measure
    from staffml_anki.coverage.cache import load_texts
    from staffml_anki.coverage.page import page as page_of
    from staffml_anki.reviews.days import date_of
    from staffml_anki.vault import load_vault

    now = int(time.time())
    path = browser.find_chromium() or sys.exit(f"none of {', '.join(browser.NAMES)} is installed")
    with tempfile.TemporaryDirectory() as temporary, browser.chromium(path) as chromium:
        folder = Path(temporary)
        write_vault(folder / "vault", 2400)
        vault = load_vault(folder / "vault")
        found = measure(vault, history_of(vault, now), now, wanted=Wanted(by_date=date_of(now // DAY + 17)))
        (folder / "page.html").write_text(page_of(found, load_texts(folder / "vault", folder)), encoding="utf-8")
        for name, scheme, top in (("coverage", "light", "header"), ("coverage-night", "dark", ".two")):
            page = chromium.new_page(
                viewport={"width": 1000, "height": 640}, color_scheme=scheme, reduced_motion="reduce"
            )
            page.goto((folder / "page.html").as_uri())
            page.wait_for_selector("html[data-ready]")
            page.wait_for_timeout(500)
            page.evaluate("where => scrollTo(0, document.querySelector(where).getBoundingClientRect().top - 14)", top)
            png = base64.b64encode(page.screenshot()).decode()
            picture = pictures.indexed(page.evaluate(pictures.QUANTISE, {"png": png, "step": 16}))
            assert len(picture) <= LIMIT, f"{name} has {len(picture)} bytes"
            (ROOT / "docs" / "images" / f"{name}.png").write_bytes(picture)


if __name__ == "__main__":
    main()
