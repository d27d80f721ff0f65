"""Measure pulling and coverage, in turn with the yardstick: `python -m benchmarks.coverage [--reviews 1000000]`."""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measuring import PREPARE, PROGRAM, Cost, measure

HISTORIES = [sys.executable, "-m", "benchmarks.histories"]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--questions", type=int, default=9_500)
    parser.add_argument("--reviews", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        subprocess.run([*PREPARE, str(base / "vault"), str(wanted.questions)], check=True)
        vault, file = base / "vault" / "corpus.json", base / "history.colpkg"
        subprocess.run([*HISTORIES, str(vault), str(wanted.reviews), str(file)], check=True)
        plain = base / "without-fsrs.colpkg"
        subprocess.run([*HISTORIES, str(vault), str(wanted.reviews), str(plain), "--no-fsrs"], check=True)
        report(wanted.questions, wanted.reviews, *run(base, vault, file, plain, wanted.rounds))


def run(base: Path, vault: Path, file: Path, plain: Path, rounds: int) -> tuple[dict[str, Cost], Cost, Cost]:
    """The costs by name; coverage that replays everything; and the same again."""
    os.environ["STAFFML_ANKI_HOME"] = str(base / "home")
    history = base / "home" / "files" / "history.db"
    fresh = [history, history.with_name("history.db-wal"), history.with_name("history.db-shm")]
    show = [*PROGRAM, "coverage", "--vault", str(vault)]
    found = measure(
        {
            "decompress, read the reviews with plain SQLite": ([*HISTORIES, str(file)], []),
            "pull --from, all new": ([*PROGRAM, "pull", "--from", str(file)], fresh),
            "pull --from, nothing new": ([*PROGRAM, "pull", "--from", str(file)], []),
            "coverage in the terminal": (show, []),
            "coverage --html": ([*show, "--html", str(base / "coverage.html")], []),
        },
        rounds,
    )
    os.environ["STAFFML_ANKI_HOME"] = str(base / "replayed")
    subprocess.run([*PROGRAM, "pull", "--from", str(plain)], check=True, stdout=subprocess.DEVNULL)
    first = measure({"first": (show, [])}, rounds=1, warm=False)["first"]
    again = measure({"again": (show, [])}, rounds=1)["again"]
    return found, first, again


def report(questions: int, reviews: int, found: dict[str, Cost], first: Cost, again: Cost) -> None:
    yardstick = found["decompress, read the reviews with plain SQLite"].seconds
    bounds = {
        "pull --from, all new": "under 3×",
        "coverage in the terminal": "under 2 s",
        "coverage --html": "under 3 s",
    }
    what = f"{questions:,} questions, {reviews:,} reviews on {os.process_cpu_count()} processors"
    table = Table(title=f"{what}: medians of whole processes")
    for name in ("what", "seconds", "× plain SQLite", "wanted", "peak MB (under 500)"):
        table.add_column(name, justify="left" if name in ("what", "wanted") else "right")
    rows = found | {"coverage without FSRS, replaying everything": first, "the same again": again}
    for name, cost in rows.items():
        ratio = f"{cost.seconds / yardstick:.2f}"
        table.add_row(name, f"{cost.seconds:.2f}", ratio, bounds.get(name, ""), f"{cost.megabytes:.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
