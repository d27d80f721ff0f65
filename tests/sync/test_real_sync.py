"""A sync from end to end in a real Anki desktop with the real add-on, on a throwaway profile: make test-real."""

import os
from pathlib import Path
from typing import Any

import pytest
from factory import release, write_folder
from living import revised, small_vault

from staffml_anki.anki.gateway import Gateway
from staffml_anki.anki.memory import Memory
from staffml_anki.anki.merge import Choices
from staffml_anki.anki.sync import Outcome, Session, Wish
from staffml_anki.decks.recipe import find_recipe

URL = os.environ.get("STAFFML_TEST_ANKI_URL", "")
SOURCE = "A bank for tests of a real Anki"


@pytest.mark.real
@pytest.mark.skipif(not URL, reason="STAFFML_TEST_ANKI_URL names no running Anki")
@pytest.mark.parametrize("packages", [True, False], ids=["packages", "calls"])
def test_two_releases_with_a_learner_in_between(tmp_path: Path, packages: bool) -> None:
    gateway = Gateway(URL)
    clear(gateway)
    questions, chains = small_vault(10)

    def sync(number: int, questions: list[Any], **choices: Any) -> Outcome:
        about = release(f"2026-06-0{number}T00:00:00+00:00", f"1.{number}.0") | {"source": SOURCE}
        folder = write_folder(tmp_path / str(number), questions, chains[:1], about)
        wish = Wish(folder, find_recipe("complete"), choices=Choices(**choices), use_packages=packages)
        with Memory(tmp_path / "state") as memory, memory.alone():
            session = Session(gateway, memory)
            outcome = session.apply(session.prepare(wish), wish, 1_795_000_000 + number)
            again = session.prepare(wish)
            session.discard()
            assert again.plan.empty, again.plan.to_json()
        assert not outcome.failed
        return outcome

    try:
        assert sync(1, questions).added == 10
        note = note_of(gateway, "cloud-0001")
        fields = {"My Notes": "mine", "Pitfall": "my pitfall"}
        gateway.call("updateNoteFields", note={"id": note["noteId"], "fields": fields})
        gateway.call("addTags", notes=[note["noteId"]], tags="mine")
        before = reviews(gateway, note)
        gateway.call("answerCards", answers=[{"cardId": note["cards"][0], "ease": 3}])
        gateway.call("changeDeck", cards=note_of(gateway, "edge-0002")["cards"], deck="Moved by hand")
        gateway.call("suspend", cards=note_of(gateway, "cloud-0003")["cards"])
        outcome = sync(2, revised(questions, 0, 1, 2)[:9])
        assert (outcome.updated, outcome.retired) == (3, 1)
        note = note_of(gateway, "cloud-0001")
        assert note["fields"]["Answer"]["value"].endswith("Revised.</p>")
        assert note["fields"]["My Notes"]["value"] == "mine"
        assert note["fields"]["Pitfall"]["value"] == "my pitfall"
        assert "mine" in note["tags"]
        assert reviews(gateway, note) == before + 1
        assert set(gateway.decks_of(note_of(gateway, "edge-0002")["cards"]).values()) == {"Moved by hand"}
        assert gateway.call("areSuspended", cards=note_of(gateway, "cloud-0003")["cards"]) == [True]
        assert gateway.call("areSuspended", cards=note_of(gateway, "edge-0010")["cards"]) == [True]
        assert sync(3, revised(questions, 0, 1, 2)).restored == 1
        assert gateway.call("areSuspended", cards=note_of(gateway, "edge-0010")["cards"]) == [False]
    finally:
        clear(gateway)


def note_of(gateway: Gateway, key: str) -> dict[str, Any]:
    (note,) = gateway.notes_info(gateway.find_notes(f'"note:StaffML Question" ID:{key}'))
    return note


def reviews(gateway: Gateway, note: dict[str, Any]) -> int:
    """How many there are: Anki keeps those of deleted cards, and our cards have the same ids every time."""
    (answered,) = gateway.call("getReviewsOfCards", cards=note["cards"]).values()
    return len(answered)


def clear(gateway: Gateway) -> None:
    """Remove our test notes, and no others."""
    notes = gateway.find_notes(f'"note:StaffML Question" "Source:{SOURCE}"')
    if notes:
        gateway.call("deleteNotes", notes=notes)
