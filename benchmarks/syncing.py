"""Sync against a real collection behind the test AnkiConnect, each run a whole process, beside its yardstick.

    python -m benchmarks.syncing yardstick FOLDER URL WHAT

Yardsticks are processes, too: ``import`` sends a finished package, ``export`` and ``notesInfo`` read the whole
collection once, ``addNotes`` adds every note by calls. Each prints how many seconds its requests alone took.

Anki's window has a part in every note that ``addNotes`` adds, and a larger one where it is in front. So adding is
measured behind a server without a window, behind one that computes what a window in front shows, and, where
``STAFFML_TEST_ANKI_URL`` names one with a profile to throw away, in a real Anki.
"""

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from staffml_anki.anki.gateway import Gateway

SERVER = Path(__file__).parents[1] / "tests" / "ankiconnect" / "server.py"
PROGRAM = [sys.executable, "-m", "staffml_anki"]
ADDING = "adding by addNotes, requests alone"
IMPORTING = "adding by importPackage, requests alone"
IN_FRONT, REAL_ANKI = ", Anki in front", ", real Anki"
REAL = os.environ.get("STAFFML_TEST_ANKI_URL", "")
OURS = '"note:StaffML Question"'
SOME = 1_000
"""Notes that are added one by one on a real Anki: all of them take minutes."""


@contextlib.contextmanager
def anki(folder: Path, *more: str) -> Iterator[str]:
    """An AnkiConnect on ``<folder>/collection.anki2``, in a process of its own; gives its URL."""
    command = [sys.executable, "-W", "ignore", str(SERVER), "--collection", str(folder / "collection.anki2"), *more]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(30)


@dataclass
class Bench:
    """Sync's costs in seconds, by name: one for each round."""

    base: Path
    rounds: int
    questions: int

    def __post_init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}

    def prepare(self) -> None:
        """Two releases, the package of the first, and a collection that has it."""
        for name, more in (("one", []), ("two", ["--next"])):
            command = [sys.executable, "-m", "benchmarks.vaults", str(self.base / name), str(self.questions), *more]
            subprocess.run(command, check=True)
        self.run([*PROGRAM, "build", "-v", str(self.corpus("one")), "-o", str(self.base / "one.apkg")])
        with self.world("start", None) as (url, home):
            self.sync("one", url, home)

    def corpus(self, name: str) -> Path:
        return self.base / name / "corpus.json"

    @contextlib.contextmanager
    def world(self, name: str, like: str | None, *more: str) -> Iterator[tuple[str, Path]]:
        """A collection and a memory, new or a copy: (url, home)."""
        folder = self.base / name
        if name != "start":
            shutil.rmtree(folder, ignore_errors=True)
        if like is not None:
            shutil.copytree(self.base / like, folder)
        folder.mkdir(exist_ok=True)
        with anki(folder, *more) as url:
            # The memory belongs to a profile, which is told by the place of its collection: here it is told its own.
            home = folder / "home"
            for memory in home.glob("*"):
                memory.rename(home / _memory_name(folder))
            yield url, home

    def sync(self, vault: str, url: str, home: Path) -> None:
        command = [*PROGRAM, "sync", "-v", str(self.corpus(vault)), "--url", url, "--yes", "--no-ankiweb", "--json"]
        done = subprocess.run(
            command, env=os.environ | {"STAFFML_ANKI_HOME": str(home)}, capture_output=True, text=True
        )
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed: {done.stderr}")
        self.last = json.loads(done.stdout)

    def run(self, command: list[str]) -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def time(self, name: str, work: Callable[[], object]) -> None:
        start = time.perf_counter()
        work()
        self.keep(name, time.perf_counter() - start)

    def keep(self, name: str, seconds: float) -> None:
        self.seconds.setdefault(name, []).append(seconds)

    def yardstick(self, what: str, url: str) -> float:
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.syncing", "yardstick", str(self.base), url, what]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    def round(self) -> None:
        package = self.base / "built.apkg"
        for path in (package, package.with_suffix(".manifest.json")):
            path.unlink(missing_ok=True)
        self.time("build", lambda: self.run([*PROGRAM, "build", "-v", str(self.corpus("one")), "-o", str(package)]))
        with self.world("bare", None) as (url, _):
            self.time("importPackage", lambda: self.keep(IMPORTING, self.yardstick("import", url)))
        with self.world("fresh", None) as (url, home):
            self.time("first sync", lambda: self.sync("one", url, home))
            assert self.last["added"] == self.questions
        with self.world("same", "start") as (url, home):
            self.time("one read: exportPackage", lambda: self.yardstick("export", url))
            self.time("one read: notesInfo", lambda: self.yardstick("notesInfo", url))
            self.time("nothing changed", lambda: self.sync("one", url, home))
            assert (self.last["unchanged"], self.last["updated"]) == (self.questions, 0)
        with self.world("next", "start") as (url, home):
            self.time("a 5% release", lambda: self.sync("two", url, home))
            assert self.last["updated"] >= self.questions // 20
            assert not self.last["failed"]

    def adding(self) -> None:
        """Behind the test server, which draws no window, but asks the collection for what a window in front shows."""
        with self.world("adding", None) as (url, _):
            self.keep(ADDING, self.yardstick("addNotes", url))
        for what, name in (("import", IMPORTING), ("addNotes", ADDING)):
            with self.world("adding", None, "--in-front") as (url, _):
                self.keep(name + IN_FRONT, self.yardstick(what, url))

    def require_empty(self, url: str) -> None:
        """Refuse a profile that has notes of ours: they might be somebody's."""
        from staffml_anki.anki.gateway import Gateway

        if Gateway(url).find_notes(f"{OURS} OR tag:StaffML::*"):
            sys.exit(f"{url}: this profile has StaffML notes; measure with one to throw away")

    def on_a_real_anki(self) -> None:
        """Import all, remove them, add some."""
        from staffml_anki.anki.gateway import Gateway

        gateway = Gateway(REAL)
        try:
            self.keep(f"{IMPORTING}{REAL_ANKI}", _import(gateway, self.base))
            gateway.call("deleteNotes", notes=gateway.find_notes(OURS))
            self.keep(f"{ADDING}{REAL_ANKI}", _add_notes(gateway, self.base, SOME))
        finally:
            gateway.call("deleteNotes", notes=gateway.find_notes(OURS))


def _memory_name(folder: Path) -> str:
    from staffml_anki.anki.memory import profile_folder

    return profile_folder(Path(), "User 1", str(folder / "collection.media")).name


def report(bench: Bench) -> None:
    median = {name: statistics.median(values) for name, values in bench.seconds.items()}
    yardstick = median["build"] + median["importPackage"]
    read = min(median["one read: exportPackage"], median["one read: notesInfo"])
    table = Table(title=f"sync of {bench.questions:,} questions: medians of whole processes, a real collection")
    for name in ("what", "seconds", "ratio", "wanted"):
        table.add_column(name, justify="right" if name in ("seconds", "ratio") else "left")
    rows = [
        ("build", "", ""),
        ("importPackage", "", ""),
        ("first sync", f"{median['first sync'] / yardstick:.2f} × build + importPackage", "at most 3×"),
        ("one read: exportPackage", "", ""),
        ("one read: notesInfo", "", ""),
        ("nothing changed", f"{median['nothing changed'] / read:.2f} × the cheaper read", "at most 1.5×"),
        ("a 5% release", f"{median['a 5% release'] / median['nothing changed']:.2f} × nothing changed", "at most 2.5×"),
    ]
    for where in ("", IN_FRONT, REAL_ANKI):
        adding, importing = ADDING + where, IMPORTING + where
        if adding in median:
            faster = f"{median[adding] / median[importing]:.0f} times faster"
            rows += [(adding, "", ""), (importing, faster, "at least 30")]
    for name, ratio, wanted in rows:
        table.add_row(name, f"{median[name]:.2f}", ratio, wanted)
    Console().print(table)


def measure(base: Path, questions: int, rounds: int) -> None:
    base.mkdir()
    bench = Bench(base, rounds, questions)
    if REAL:
        bench.require_empty(REAL)
    bench.prepare()
    for number in range(rounds + 1):
        if number == 1:
            bench.seconds = {}  # the first round warms the caches
        bench.round()
    bench.adding()
    if REAL:
        bench.on_a_real_anki()
    report(bench)


def _import(gateway: "Gateway", base: Path) -> float:
    start = time.perf_counter()
    gateway.import_package(str(base / "one.apkg"))
    return time.perf_counter() - start


def _add_notes(gateway: "Gateway", base: Path, most: int = -1) -> float:
    """Make by calls what the import makes: the decks, and every note in its deck; by the hundred, for speed.

    Args:
        most: how many notes to add; their time stands for that of all.
    """
    from staffml_anki.package.reader import open_package

    with open_package(base / "one.apkg") as package:
        query = "SELECT flds, tags, did FROM notes JOIN cards ON cards.nid = notes.id"
        rows = package.connection.execute(query).fetchall()
        model = next(m for m in package.models.values() if m["name"] == "StaffML Question")
        decks = {number: deck["name"] for number, deck in package.decks.items()}
    names = [field["name"] for field in model["flds"]]
    if model["name"] not in gateway.call("modelNames"):
        sides = [{"Name": t["name"], "Front": t["qfmt"], "Back": t["afmt"]} for t in model["tmpls"]]
        gateway.call("createModel", modelName=model["name"], inOrderFields=names, css=model["css"], cardTemplates=sides)
    notes = [
        {"deckName": decks[deck], "modelName": model["name"], "tags": tags.split(),
         "fields": dict(zip(names, fields.split("\x1f"), strict=True))}
        for fields, tags, deck in rows
    ]  # fmt: skip
    start = time.perf_counter()
    for some in batched(decks.values(), 100, strict=False):
        gateway.call("multi", actions=[{"action": "createDeck", "params": {"deck": name}} for name in some])
    made = time.perf_counter()
    added = notes[:most] if most > 0 else notes
    for first in range(0, len(added), 100):
        gateway.call("addNotes", notes=added[first : first + 100])
    return made - start + (time.perf_counter() - made) * len(notes) / len(added)


def _yardstick(base: Path, url: str, what: str) -> float:
    """Bare requests of the same kind as the sync makes, as directly as can be; the seconds that they took."""
    from staffml_anki.anki.gateway import Gateway
    from staffml_anki.package.reader import open_package

    gateway = Gateway(url)
    if what == "import":
        return _import(gateway, base)
    if what == "addNotes":
        return _add_notes(gateway, base)
    start = time.perf_counter()
    if what == "export":
        target = base / "read.apkg"
        gateway.export_package("StaffML", str(target))
        with open_package(target) as exported:
            exported.connection.execute("SELECT * FROM notes").fetchall()
    else:
        list(gateway.notes_info(gateway.find_notes(OURS)))
    return time.perf_counter() - start


if __name__ == "__main__":
    print(_yardstick(Path(sys.argv[2]), sys.argv[3], sys.argv[4]))
