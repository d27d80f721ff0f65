"""The Vault's page in headless Chromium: first paint from disk, and a search from keystroke to rows.

python -m benchmarks.browse PAGE.html
"""

import shutil
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

NAMES = ("chromium", "chromium-browser", "google-chrome")
WORDS = "throttle", "kv cache", "batch memory gradient", "3m year", "accelerator shard"
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
# One keystroke: what happens until the rows stand there, and until their snippets do.
SEARCH = """async query => {
  const box = document.getElementById('query');
  box.value = query;
  const settled = new Promise(done => document.addEventListener('settled', done, {once: true}));
  const start = performance.now();
  box.dispatchEvent(new Event('input'));
  document.getElementById('rows').getBoundingClientRect();
  const rows = performance.now() - start;
  await settled;
  return [rows, performance.now() - start];
}"""


@dataclass(frozen=True)
class Browsing:
    """Milliseconds: medians, and the worst of all searches; megabytes of the page."""

    paint: float
    rows: float
    worst: float
    snippets: float
    searches: int
    megabytes: float


def measure(page: Path, rounds: int) -> Browsing | None:
    """Open the page afresh ``rounds`` times, each time typing the words letter by letter; None without a browser."""
    from playwright.sync_api import sync_playwright

    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        return None
    paints, rows, snippets = [], [], []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(rounds):
            tab = chromium.new_page()
            tab.goto(page.resolve().as_uri())
            tab.wait_for_selector("html[data-ready]")
            paints.append(tab.evaluate(PAINT))
            tab.wait_for_timeout(1000)  # nobody types sooner
            for word in WORDS:
                for end in range(1, len(word) + 1):
                    here, complete = tab.evaluate(SEARCH, word[:end])
                    rows.append(here)
                    snippets.append(complete)
            tab.close()
        chromium.close()
    size = page.stat().st_size / 1e6
    middle = statistics.median
    return Browsing(middle(paints), middle(rows), max(rows), middle(snippets), len(rows), size)


def report(found: Browsing | None) -> None:
    console = Console()
    if found is None:
        console.print(f"none of {', '.join(NAMES)} is installed: the Vault's page was not measured")
        return
    table = Table(title=f"The Vault's page ({found.megabytes:.1f} MB) in Chromium, {found.searches} searches")
    for name in ("what", "ms", "wanted"):
        table.add_column(name, justify="right" if name == "ms" else "left")
    table.add_row("first paint, from disk", f"{found.paint:.0f}", "under 1000")
    table.add_row("a search, keystroke to rows", f"{found.rows:.1f}", "under 50")
    table.add_row("the slowest of them", f"{found.worst:.1f}", "under 50")
    table.add_row("a search, with its snippets", f"{found.snippets:.1f}", "")
    console.print(table)


if __name__ == "__main__":
    report(measure(Path(sys.argv[1]), 3))
