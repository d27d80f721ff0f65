"""Whole processes, measured in turn: wall seconds and peak memory, by the system's own account."""

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

PREPARE = [sys.executable, "-m", "benchmarks.vaults"]
PROGRAM = [sys.executable, "-m", "staffml_anki"]


@dataclass(frozen=True)
class Cost:
    """Medians over the rounds: wall seconds and peak memory in MB of the process."""

    seconds: float
    megabytes: float


def once(command: list[str]) -> tuple[float, float]:
    """One run: (wall seconds, peak MB), by the system's own account of the finished process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed: {errors.decode()}")
    return time.perf_counter() - start, usage.ru_maxrss / 1000


def measure(commands: dict[str, tuple[list[str], list[Path]]], rounds: int, *, warm: bool = True) -> dict[str, Cost]:
    """Each command once per round, in turn; the paths given with it are removed before every run.

    Args:
        warm: run everything once before, for the caches.
    """
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for number in range(0 if warm else 1, rounds + 1):
        for name, (command, fresh) in commands.items():
            for path in fresh:
                path.unlink(missing_ok=True)
            cost = once(command)
            if number:  # the first round warms the caches
                runs[name].append(cost)
    return {
        name: Cost(statistics.median(s for s, _ in each), statistics.median(m for _, m in each))
        for name, each in runs.items()
    }
