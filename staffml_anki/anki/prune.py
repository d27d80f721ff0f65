"""Deleting what has left StaffML and was never studied: retired notes without a review or anything of the learner's."""

from collections.abc import Sequence
from dataclasses import dataclass

from staffml_anki.anki import shapes, tags
from staffml_anki.anki.errors import AnkiError
from staffml_anki.anki.gateway import Gateway, batches
from staffml_anki.anki.held import HeldNote, Snapshot, same_text
from staffml_anki.anki.past import Remembered
from staffml_anki.cards.notetype import FIELDS, MY_NOTES


@dataclass(frozen=True, slots=True)
class Prunable:
    """Retired notes, sorted by whether they may go.

    Attributes:
        unused: never reviewed, and nothing of the learner's in them: these are deleted.
        yours: never reviewed, but with text in My Notes, own tags or a flag, not suspended any more, or in a filtered
            deck: these stay.
        reviewed: have a history: these stay.
    """

    unused: tuple[HeldNote, ...]
    yours: tuple[HeldNote, ...]
    reviewed: tuple[HeldNote, ...]


def find_prunable(gateway: Gateway, snapshot: Snapshot, remembered: Remembered) -> Prunable:
    """Sort the retired notes. A card that was reset to new still has its history, so that is asked for, too."""
    retired = [note for note in snapshot.notes.values() if tags.has(note.tags, tags.RETIRED)]
    histories = _histories(gateway, [card.id for note in retired for card in note.all_cards])
    if snapshot.notetype is None:
        return Prunable((), (), ())
    names = snapshot.notetype.fields
    flagged = set(gateway.find_cards(f"mid:{snapshot.notetype.id} -flag:0"))
    sorted_out: dict[str, list[HeldNote]] = {"unused": [], "yours": [], "reviewed": []}
    for note in retired:
        own = _edited(note, names, remembered) or any(not tags.is_ours(tag) for tag in note.tags)
        own = own or not note.suspended
        if note.reviewed or any(card.id in histories for card in note.all_cards):
            sorted_out["reviewed"].append(note)
        elif own or any(card.filtered or card.id in flagged for card in note.all_cards):
            sorted_out["yours"].append(note)
        else:
            sorted_out["unused"].append(note)
    return Prunable(*(tuple(notes) for notes in sorted_out.values()))


def _edited(note: HeldNote, names: Sequence[str], remembered: Remembered) -> bool:
    """Whether anything in a note's fields is, or may be, the learner's: what we cannot know counts as theirs."""
    written = remembered.notes.get(note.question)
    if written is None or MY_NOTES not in names:
        return True
    ours = dict(zip(FIELDS, written.note.fields, strict=True))
    return any(not same_text(text, ours.get(name, "")) for name, text in zip(names, note.fields, strict=False))


def _histories(gateway: Gateway, cards: Sequence[int]) -> set[int]:
    """The cards that have ever been answered."""
    found = set()
    for part in batches(cards, 1_000):
        answer = shapes.mapping("getReviewsOfCards", gateway.call("getReviewsOfCards", cards=list(part)))
        if not {str(card) for card in part} <= answer.keys():
            raise shapes.unlike("getReviewsOfCards")
        found |= {int(card) for card, reviews in answer.items() if shapes.items("getReviewsOfCards", reviews)}
    return found


def delete(gateway: Gateway, notes: Sequence[HeldNote]) -> list[HeldNote]:
    """Delete notes, and look: those that are still there come back.

    Raises:
        AnkiError: Anki does not answer; nothing or all of a batch is deleted.
    """
    for part in batches(notes, 500):
        gateway.call("deleteNotes", notes=[note.id for note in part])
    left = {info["noteId"] for info in gateway.notes_info([note.id for note in notes]) if info.get("noteId")}
    if left and not isinstance(next(iter(left)), int):
        raise AnkiError("Anki's answer to 'notesInfo' is not AnkiConnect's")
    return [note for note in notes if note.id in left]
