"""What a release wants is the same whether its notes are rendered anew, or taken from the last sync where they may."""

import copy
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from factory import release, sample, write_folder
from living import living
from test_sync import first

from staffml_anki.anki.memory import Memory
from staffml_anki.anki.past import Intended
from staffml_anki.anki.wanted import PlanDecks, Wanted, read_wanted
from staffml_anki.cards.note import Note, NoteMaker
from staffml_anki.decks.recipe import find_recipe
from staffml_anki.vault import Question, QuestionId, open_source
from staffml_anki.vault.select import Selection

type Raw = dict[str, Any]


def read(folder: Path, plan: PlanDecks | None = None, last: Wanted | None = None) -> Wanted:
    rendered = last.notes if last else None
    return read_wanted(open_source(folder), find_recipe("complete"), Selection(), {}, plan=plan, rendered=rendered)


def nothing(_questions: list[Raw], _chains: list[Raw]) -> None:
    pass


def retitle(questions: list[Raw], _chains: list[Raw]) -> None:
    """The title stands on the cards of the chain's other steps, too."""
    questions[1]["title"] = "Another title"


def tag(questions: list[Raw], _chains: list[Raw]) -> None:
    questions[0]["tags"] = ["new"]


def reorder(_questions: list[Raw], chains: list[Raw]) -> None:
    chains[0]["questions"].reverse()


def unchain(_questions: list[Raw], chains: list[Raw]) -> None:
    chains.pop(0)


def shorten(questions: list[Raw], _chains: list[Raw]) -> None:
    questions.pop(0)


CHANGES = [nothing, retitle, tag, reorder, unchain, shorten]
PLAN = PlanDecks(name="week", title="A week", steps=(("Day 1", (QuestionId("cloud-0001"), QuestionId("cloud-0003"))),))


@pytest.mark.parametrize("plans", [(None, None), (PLAN, None), (None, PLAN)], ids=["", "plan ends", "plan begins"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_release_read_over_the_last_one_is_as_if_read_alone(
    tmp_path: Path, change: Callable[..., None], plans: tuple[PlanDecks | None, PlanDecks | None]
) -> None:
    questions, chains = sample()
    last = read(write_folder(tmp_path / "one", questions, chains, release()), plans[0])
    questions, chains = copy.deepcopy((questions, chains))
    change(questions, chains)
    next_one = write_folder(tmp_path / "two", questions, chains, release())
    alone, over = read(next_one, plans[1]), read(next_one, plans[1], last)
    assert alone == over
    assert [note.due for note in alone.notes.values()] == [note.due for note in over.notes.values()]


@pytest.mark.parametrize("what", ["source", "licence", "drawing"])
def test_what_stands_on_a_card_beside_its_question_counts_as_well(tmp_path: Path, what: str) -> None:
    questions, chains = sample()
    last = read(write_folder(tmp_path / "one", questions, chains, release()))
    about = release() | ({what: "Another"} if what != "drawing" else {})
    folder = write_folder(tmp_path / "two", questions, chains, about)
    if what == "drawing":
        (drawing,) = folder.glob("visuals/*/bars.svg")
        drawing.write_text(drawing.read_text().replace("<rect", '<rect rx="1"'))
    alone, over = read(folder), read(folder, last=last)
    assert alone == over
    changed = [key for key, note in over.notes.items() if note.text != last.notes[key].text]
    assert len(changed) == (1 if what == "drawing" else len(over.notes))


def test_only_what_changed_is_rendered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    questions, chains = sample()
    last = read(write_folder(tmp_path / "one", questions, chains, release()))
    made: list[str] = []
    render = NoteMaker.note

    def seen(self: NoteMaker, each: Question) -> Note:
        made.append(each.id)
        return render(self, each)

    monkeypatch.setattr(NoteMaker, "note", seen)
    questions[5]["details"]["realistic_solution"] = "Another answer."
    read(write_folder(tmp_path / "two", questions, chains, release()), last=last)
    assert made == [questions[5]["id"]]


def test_what_is_remembered_keeps_the_order_in_which_cards_are_learned(tmp_path: Path) -> None:
    with living(tmp_path) as fast:
        first(fast)
        vault = fast.folder / "release-1"
        fresh = read(vault)
        prepared = fast.prepare(vault)
    assert prepared.from_memory
    assert {key: note.due for key, note in prepared.wanted.notes.items()} == {k: n.due for k, n in fresh.notes.items()}


def as_version_three(state: Path) -> None:
    """The memory as the version before wrote it: each note with its number among the new cards."""
    with closing(sqlite3.connect(state / "state.db", isolation_level=None)) as connection:
        connection.execute("ALTER TABLE notes ADD COLUMN due INTEGER NOT NULL DEFAULT 1")
        (text,) = connection.execute("SELECT value FROM about WHERE key = 'release'").fetchone()
        kept = json.loads(text)
        del kept["order"]
        connection.execute("UPDATE about SET value = ? WHERE key = 'release'", (json.dumps(kept),))
        for step in (
            "DROP TABLE journal",
            "CREATE TABLE journal (id TEXT PRIMARY KEY, fields TEXT, deck INTEGER, kinds TEXT)",
            "INSERT INTO journal VALUES ('cloud-0002', 'text', 7, 'moved updated')",
            "PRAGMA user_version = 3",
        ):
            connection.execute(step)


def test_the_memory_of_an_older_version_is_brought_up_and_loses_nothing(tmp_path: Path) -> None:
    with living(tmp_path) as fast:
        first(fast)
        fast.edit("cloud-0001", "Answer", "mine")
        vault = fast.folder / "release-1"
        with Memory(fast.state) as memory:
            before = memory.remembered()
        as_version_three(fast.state)
        with Memory(fast.state) as memory:
            assert memory.notices == []
            begun = Intended("text", frozenset({7}), frozenset({"moved", "updated"}))
            assert memory.remembered() == replace(before, journal={QuestionId("cloud-0002"): begun})
        prepared = fast.prepare(vault)
        assert prepared.plan.empty, "the learner's edit is still told from our text"
        assert not prepared.from_memory, "the order is not known: the vault is read once more"
        fast.sync(vault)
        assert fast.prepare(vault).from_memory
