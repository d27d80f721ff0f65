"""A learner with a real collection: answers given to Anki's own scheduler over simulated days.

Time passes by moving everything in the collection into the past, which is the same as moving the clock.
"""

import json
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from anki.collection import (
    Collection,
    DeckIdLimit,
    ExportAnkiPackageOptions,
    ImportAnkiPackageOptions,
    ImportAnkiPackageRequest,
)
from factory import Raw, release, write_folder

from staffml_anki.decks.recipe import find_recipe
from staffml_anki.package.build import Request, build

DAY = 86_400
AGAIN, HARD, GOOD, EASY = range(4)


class Learner:
    """One collection in a folder, with a vault imported."""

    def __init__(self, folder: Path, questions: list[Raw], chains: list[Raw], *, fsrs: bool = True) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.vault = write_folder(folder / "vault", questions, chains, release())
        package = folder / "deck.apkg"
        build(Request(vault=self.vault, recipe=find_recipe("complete"), out=package, now=1_790_000_000))
        self.path = folder / "collection.anki2"
        self.col = Collection(str(self.path))
        options = ImportAnkiPackageOptions()
        self.col.import_anki_package(ImportAnkiPackageRequest(package_path=str(package), options=options))
        self.col.set_config("fsrs", fsrs)

    def card(self, key: str) -> Any:
        (number,) = self.col.find_cards(f"ID:{key}")
        return self.col.get_card(number)

    def ids(self) -> list[str]:
        return [self.col.get_note(number).fields[0] for number in self.col.find_notes("note:StaffML*")]

    def answer(self, key: str, rating: int) -> None:
        """With the real scheduler, also before it is due."""
        card = self.card(key)
        if card.queue < 0:
            return
        states = self.col._backend.get_scheduling_states(card.id)
        card.start_timer()
        card.timer_started = time.time() - 7
        sched: Any = self.col.sched
        sched.answer_card(sched.build_answer(card=card, states=states, rating=rating))
        time.sleep(0.002)  # Anki keys reviews by the millisecond

    def due(self) -> list[str]:
        found = [self.col.get_card(number) for number in self.col.find_cards("note:StaffML* is:due")]
        return [card.note().fields[0] for card in found]

    def sleep(self, days: float) -> None:
        """Let time pass."""
        self.col.close()
        seconds = int(days * DAY)
        connection = sqlite3.connect(self.path)
        with connection:
            connection.execute("UPDATE col SET crt = crt - ?", (seconds // DAY * DAY,))
            rows = connection.execute("SELECT id FROM revlog ORDER BY id").fetchall()
            connection.executemany("UPDATE revlog SET id = ? WHERE id = ?", [(n - seconds * 1000, n) for (n,) in rows])
            connection.execute("UPDATE cards SET due = due - ? WHERE queue = 1", (seconds,))
            for number, text in connection.execute("SELECT id, data FROM cards").fetchall():
                data = json.loads(text or "{}")
                if "lrt" in data:
                    data["lrt"] -= seconds
                    connection.execute("UPDATE cards SET data = ? WHERE id = ?", (json.dumps(data), number))
        connection.close()
        self.col = Collection(str(self.path))

    def study(self, days: int, ratings: Iterable[int]) -> None:
        """Answer what is due each day, with ratings in turn; two new ones a day."""
        turn = iter(ratings)
        for _ in range(days):
            new = [self.col.get_note(n).fields[0] for n in self.col.find_notes("note:StaffML* is:new -is:suspended")][
                :2
            ]
            for key in (*self.due(), *new):
                self.answer(key, next(turn))
                if self.card(key).queue == 1:  # still a step of today's
                    self.answer(key, GOOD)
            self.sleep(1)

    def cram(self, search: str, *, reschedule: bool) -> Any:
        made = self.col.decks.new_filtered(f"Cram {search}")
        deck = self.col.decks.get(made)
        assert deck is not None
        deck["terms"] = [[search, 100, 0]]
        deck["resched"] = reschedule
        self.col.decks.save(deck)
        self.col.sched.rebuild_filtered_deck(made)
        return made

    def retrievability(self, key: str) -> float:
        return float(self.col.card_stats_data(self.card(key).id).fsrs_retrievability)

    def reviews(self) -> list[Any]:
        """(card, time, ease, type) of all of the collection's reviews."""
        database: Any = self.col.db
        return list(database.all("SELECT cid, id, ease, type FROM revlog ORDER BY id"))

    def export(self, kind: str) -> Path:
        """The collection as one generation of files has it: anki21b, anki21, anki2 (packages), colpkg, old colpkg, file."""
        target = self.folder / f"{kind.replace(' ', '-')}{'.colpkg' if 'colpkg' in kind else '.apkg'}"
        if kind == "file":
            self.col.close()
            self.col = Collection(str(self.path))
            return self.path
        if "colpkg" in kind:
            self.col.export_collection_package(str(target), include_media=False, legacy="old" in kind)
            self.col = Collection(str(self.path))
            return target
        deck = self.col.decks.by_name("StaffML")
        assert deck is not None
        options = ExportAnkiPackageOptions(
            with_scheduling=True, with_deck_configs=True, with_media=False, legacy=kind != "anki21b"
        )
        self.col.export_anki_package(out_path=str(target), options=options, limit=DeckIdLimit(deck_id=deck["id"]))
        return target

    def restore(self, backup: Path) -> None:
        """Go back to a .colpkg, as Anki does."""
        self.col.close()
        self.col._backend.import_collection_package(
            col_path=str(self.path),
            backup_path=str(backup),
            media_folder=str(self.folder / "collection.media"),
            media_db=str(self.folder / "collection.media.db2"),
        )
        self.col = Collection(str(self.path))

    def close(self) -> None:
        self.col.close()
