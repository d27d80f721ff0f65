"""Measure whole processes, in turn with the yardstick, and print medians and ratios.

python -m benchmarks [--questions 9500] [--rounds 5] [--no-large]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import browse, syncing
from benchmarks.measuring import PREPARE, PROGRAM, Cost, measure


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--questions", type=int, default=9_500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-large", action="store_true", help="leave out the ten times larger vault")
    wanted = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        # In processes of their own: a small parent is what makes the children's memory their own.
        subprocess.run([*PREPARE, str(base / "vault"), str(wanted.questions), str(base / "notes.json")], check=True)
        folder, corpus = base / "vault", base / "vault" / "corpus.json"

        def out(name: str) -> tuple[Path, Path]:
            return base / f"{name}.apkg", base / f"{name}.manifest.json"

        commands = {
            "staffml-anki --help": ([*PROGRAM, "--help"], []),
            "bare genanki, finished fields": (
                [
                    sys.executable,
                    "-W",
                    "ignore",
                    "-m",
                    "benchmarks.bare",
                    str(base / "notes.json"),
                    str(base / "b.apkg"),
                ],
                [],
            ),
            "build from the YAML folder": ([*PROGRAM, "build", "-v", str(folder), "-o", str(out("y")[0])], [*out("y")]),
            "build from corpus.json": ([*PROGRAM, "build", "-v", str(corpus), "-o", str(out("c")[0])], [*out("c")]),
            "build again, nothing changed": ([*PROGRAM, "build", "-v", str(folder), "-o", str(out("a")[0])], []),
        }
        found = measure(commands, wanted.rounds)
        sizes = out("y")[0].stat().st_size, (base / "b.apkg").stat().st_size
        page = base / "vault.html"
        subprocess.run([*PROGRAM, "browse", "-v", str(corpus), "-o", str(page)], check=True, stdout=subprocess.DEVNULL)
        browsing = browse.measure(page, wanted.rounds)
        large = None
        if not wanted.no_large:
            subprocess.run([*PREPARE, str(base / "large"), str(wanted.questions * 10)], check=True)
            big = base / "large" / "corpus.json"
            large = measure(
                {"large": ([*PROGRAM, "build", "-v", str(big), "-o", str(out("l")[0])], [*out("l")])}, rounds=1
            )["large"]
        report(wanted.questions, found, sizes, large)
        browse.report(browsing)
        syncing.measure(base / "sync", wanted.questions, min(wanted.rounds, 3))


def report(questions: int, found: dict[str, Cost], sizes: tuple[int, int], large: Cost | None) -> None:
    yardstick = found["bare genanki, finished fields"].seconds
    bounds = {
        "staffml-anki --help": "under 0.3 s",
        "build from the YAML folder": "at most 8×",
        "build from corpus.json": "at most 4×",
        "build again, nothing changed": "at most 3×",
    }
    processors = os.process_cpu_count()
    table = Table(title=f"{questions:,} questions on {processors} processors: medians of whole processes")
    for name in ("what", "seconds", "× bare genanki", "wanted", "peak MB (under 400)"):
        table.add_column(name, justify="left" if name in ("what", "wanted") else "right")
    for name, cost in found.items():
        ratio = f"{cost.seconds / yardstick:.2f}"
        table.add_row(name, f"{cost.seconds:.2f}", ratio, bounds.get(name, ""), f"{cost.megabytes:.0f}")
    if large is not None:
        small = found["build from corpus.json"].seconds
        growth = f"×{large.seconds / small:.1f} for ×10"
        table.add_row(
            f"corpus.json of {questions * 10:,}", f"{large.seconds:.2f}", growth, "linear", f"{large.megabytes:.0f}"
        )
    console = Console()
    console.print(table)
    console.print(f"package: {sizes[0] / sizes[1]:.2f} of the size bare genanki writes (at most 0.50)")


if __name__ == "__main__":
    main()
