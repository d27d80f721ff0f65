"""A living collection for the sync's tests: a real one behind the test AnkiConnect, a learner, and releases.

The learner's actions go straight into the collection, through the official anki package, as their hands would.
"""

import contextlib
import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from factory import Raw, chain, question, release, write_folder
from server import Server

from staffml_anki.anki.gateway import Gateway
from staffml_anki.anki.gating import GateWish
from staffml_anki.anki.memory import Memory
from staffml_anki.anki.merge import Choices
from staffml_anki.anki.prepared import Prepared
from staffml_anki.anki.sync import Outcome, Session, Wish
from staffml_anki.anki.wanted import PlanDecks
from staffml_anki.cards.notetype import MY_NOTES
from staffml_anki.decks.recipe import find_recipe

NOW = 2_000_000_000
"""Later than any edit of the learner's, which the real clock stamps: what would overwrite them by being newer does."""
LEVELS = ("L1", "L2", "L3", "L4", "L5", "L6+")


def small_vault(count: int = 8) -> tuple[list[Raw], list[Raw]]:
    """Questions over two tracks, and two chains; with one drawing and one set of options."""
    questions = [
        question(
            f"{'cloud' if number % 2 else 'edge'}-{number:04d}",
            track="cloud" if number % 2 else "edge",
            level=LEVELS[number // 2 % 6],
            title=f"Title {number}",
            **{"details.realistic_solution": f"Answer {number}: a < b, 3 GB."},
        )
        for number in range(1, count + 1)
    ]
    if count > 3:
        questions[0]["visual"] = {"kind": "svg", "path": "a.svg", "alt": "A", "caption": "A."}
        questions[1]["details"] |= {"options": ["1", "2", "3", "4"], "correct_index": 2}
    chains = [chain("chain-a", *questions[0:6:2]), chain("chain-b", *questions[1:6:2])] if count > 5 else []
    return questions, chains


@dataclass
class Living:
    """One profile: a collection, the server on it, and our memory."""

    folder: Path
    server: Server
    recipe: str = "complete"
    use_packages: bool = True
    clock: int = NOW
    releases: int = field(default=0)

    @contextlib.contextmanager
    def collection(self) -> Iterator[Any]:
        """The collection, while no request runs. (Much of the anki package's own typing is optional this and that.)"""
        with self.server.collection() as col:
            yield col

    def gateway(self, **more: Any) -> Gateway:
        return Gateway(self.server.url, **more)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def vault(self, questions: list[Raw], chains: list[Raw], **about: Any) -> Path:
        """Write a release as a folder of its own."""
        self.releases += 1
        made = release(f"2026-06-{self.releases:02d}T00:00:00+00:00", f"1.{self.releases}.0") | about
        return write_folder(self.folder / f"release-{self.releases}", questions, chains, made)

    def wish(self, vault: Path, gate: GateWish = GateWish(), plan: PlanDecks | None = None, **choices: Any) -> Wish:  # noqa: B008 - frozen
        recipe = find_recipe(self.recipe)
        return Wish(vault, recipe, choices=Choices(**choices), use_packages=self.use_packages, gate=gate, plan=plan)

    def prepare(self, vault: Path, **choices: Any) -> Prepared:
        with Memory(self.state) as memory, memory.alone():
            return Session(self.gateway(), memory).prepare(self.wish(vault, **choices))

    def sync(self, vault: Path, **choices: Any) -> Outcome:
        self.clock += 100
        with Memory(self.state) as memory, memory.alone():
            session = Session(self.gateway(), memory)
            wish = self.wish(vault, **choices)
            return session.apply(session.prepare(wish), wish, self.clock)

    # -- the learner ------------------------------------------------------------------------------

    def note(self, col: Any, key: str) -> Any:
        (number,) = col.find_notes(f"ID:{key}")
        return col.get_note(number)

    def card(self, col: Any, key: str) -> Any:
        return self.note(col, key).cards()[0]

    def edit(self, key: str, name: str, text: str) -> None:
        with self.collection() as col:
            note = self.note(col, key)
            note[name] = text
            col.update_note(note)

    def tag(self, key: str, *tags: str) -> None:
        with self.collection() as col:
            note = self.note(col, key)
            note.tags += tags
            col.update_note(note)

    def move(self, key: str, deck: str) -> None:
        with self.collection() as col:
            col.set_deck([self.card(col, key).id], col.decks.id(deck))

    def suspend(self, key: str) -> None:
        with self.collection() as col:
            col.sched.suspend_cards([self.card(col, key).id])

    def unsuspend(self, key: str) -> None:
        with self.collection() as col:
            col.sched.unsuspend_cards([self.card(col, key).id])

    def know(self, key: str, days: int) -> None:
        """Give a card an interval, as if it had been reviewed for a while."""
        with self.collection() as col:
            col.sched.set_due_date([self.card(col, key).id], f"{days}!")

    def flag(self, key: str, flag: int) -> None:
        with self.collection() as col:
            col.set_user_flag_for_cards(flag, [self.card(col, key).id])

    def delete(self, key: str) -> None:
        with self.collection() as col:
            col.remove_notes([self.note(col, key).id])

    def rename(self, old: str, new: str) -> None:
        with self.collection() as col:
            col.decks.rename(col.decks.id(old), new)

    def cram(self, name: str, search: str) -> None:
        """A filtered deck of what a search finds."""
        with self.collection() as col:
            made = col.decks.new_filtered(name)
            deck = col.decks.get(made)
            deck["terms"] = [[search, 100, 0]]
            col.decks.save(deck)
            col.sched.rebuild_filtered_deck(made)

    def review(self, key: str, rating: int = 2) -> None:
        """Answer a card with the real scheduler; 0 Again … 3 Easy."""
        with self.collection() as col:
            card = self.card(col, key)
            if card.queue < 0:
                return
            col.decks.select(card.did)
            states = col._backend.get_scheduling_states(card.id)
            card.start_timer()
            answer = col.sched.build_answer(card=card, states=states, rating=rating)
            col.sched.answer_card(answer)

    def study_a_day(self, again_every: int = 0) -> int:
        """Answer everything that Anki shows today, Good but for every n-th; how many answers that were."""
        count = 0
        with self.collection() as col:
            col.decks.select(col.decks.id("StaffML"))
            while (card := col.sched.getCard()) is not None and count < 500:
                count += 1
                card.start_timer()
                col.sched.answerCard(card, 1 if again_every and count % again_every == 0 else 3)
        return count

    def next_day(self) -> None:
        """Let a day pass, by moving everything that has happened a day back."""
        with self.collection() as col:
            col.db.execute("UPDATE col SET crt = crt - 86400")
            col.db.execute("UPDATE cards SET due = due - 86400 WHERE queue = 1")
            for card, data in col.db.all("SELECT id, data FROM cards WHERE data LIKE '%lrt%'"):
                moved = json.loads(data)
                moved["lrt"] -= 86400
                col.db.execute("UPDATE cards SET data = ? WHERE id = ?", json.dumps(moved), card)
            col.db.execute("UPDATE revlog SET id = id - 86400000")
        self.server.open_profile("User 1", self.folder / "collection.anki2")

    def known(self, key: str) -> bool:
        """An interval of a week, or a recall of 0.9 of a graduated card by Anki's own number."""
        with self.collection() as col:
            card = self.card(col, key)
            recall = col.card_stats_data(card.id).fsrs_retrievability if card.queue == 2 and card.memory_state else 0
            return card.ivl >= 7 or recall >= 0.9

    def forget_memory(self) -> None:
        """Another computer: the same collection, and nothing remembered."""
        (self.state / "state.db").unlink()

    # -- what is there ----------------------------------------------------------------------------

    def held(self) -> dict[str, dict[str, Any]]:
        """Everything of each of our notes, by question id: theirs and ours."""
        with self.collection() as col:
            found: dict[str, dict[str, Any]] = {}
            for number in col.find_notes("note:StaffML*"):
                note = col.get_note(number)
                card = note.cards()[0]
                home = card.odid or card.did
                key = note.fields[0]
                assert key not in found, f"{key} stands twice"
                found[key] = {
                    "note": number,
                    "guid": note.guid,
                    "fields": dict(note.items()),
                    "tags": sorted(note.tags),
                    "deck": col.decks.name(home),
                    "filtered": col.decks.name(card.did) if card.odid else "",
                    "suspended": card.queue == -1,
                    "flag": card.user_flag(),
                    "scheduling": (card.type, card.ivl, card.factor, card.reps, card.lapses),
                    "reviews": col.db.all("SELECT * FROM revlog WHERE cid = ?", card.id),
                }
            return found

    def schema_changed(self) -> int:
        with self.collection() as col:
            return int(col.db.scalar("SELECT scm FROM col"))

    def notetypes(self) -> list[str]:
        with self.collection() as col:
            return sorted(each.name for each in col.models.all_names_and_ids())


@contextlib.contextmanager
def living(folder: Path, **more: Any) -> Iterator[Living]:
    folder.mkdir(parents=True, exist_ok=True)
    server_options = {key: more.pop(key) for key in ("build", "key", "packages") if key in more}
    with Server(folder / "collection.anki2", **server_options) as server:
        yield Living(folder, server, **more)


def revised(questions: list[Raw], *numbers: int) -> list[Raw]:
    """The questions with other answers for some, by index."""
    new = copy.deepcopy(questions)
    for number in numbers:
        new[number]["details"]["realistic_solution"] += " Revised."
    return new


def mine(state: dict[str, Any]) -> str:
    """What of a note is the learner's, whatever a release says: to be compared before and after a sync."""
    own = [tag for tag in state["tags"] if not tag.lower().startswith("staffml::")]
    kept = {key: state[key] for key in ("flag", "scheduling", "reviews", "filtered")}
    return json.dumps(kept | {"tags": own, "notes": state["fields"][MY_NOTES]}, default=str, sort_keys=True)


type Act = Callable[[Living], None]
