"""Reading back what was written, and saying of each note what did not take."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from staffml_anki.anki import shapes, tags
from staffml_anki.anki.calls import tags_after
from staffml_anki.anki.gateway import Gateway
from staffml_anki.anki.held import HeldNote, Snapshot, same_text
from staffml_anki.anki.past import Traces
from staffml_anki.anki.plan import FieldChange, NoteChange, Plan
from staffml_anki.anki.snapshot import read_notes, read_notetype, take_snapshot
from staffml_anki.anki.wanted import Wanted
from staffml_anki.cards.notetype import FIELDS, MY_NOTES
from staffml_anki.vault import QuestionId

EACH = 2_000
"""Touched notes up to which asking for each is cheaper than another export of everything."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A change that did not take: which question, and what about it."""

    question: QuestionId
    what: str


@dataclass(frozen=True, slots=True)
class ReadBack:
    """The touched notes as they are now, and the decks' names by id."""

    notes: dict[QuestionId, HeldNote]
    decks: dict[int, str]


def read_back(
    gateway: Gateway,
    changes: Sequence[NoteChange],
    snapshot: Snapshot,
    roots: Sequence[int | str],
    scratch: Path | None,
) -> ReadBack:
    """Read every note that a plan touched."""
    known = {note.id for note in (*snapshot.notes.values(), *snapshot.copies)}
    if len(changes) > EACH and scratch is not None:
        ours = Traces({key: (note.id, 0) for key, note in snapshot.notes.items()})
        again = take_snapshot(gateway, roots, scratch, ours)
        for package in again.packages:
            package.unlink(missing_ok=True)
        there = {key: note for key, note in again.notes.items() if key in snapshot.notes or note.id not in known}
        return ReadBack(there, dict(again.decks))
    decks = {number: name for name, number in gateway.decks().items()}
    held = read_notetype(gateway)
    if held is None:
        return ReadBack({}, decks)
    now = shapes.ids("findNotes", gateway.call("findNotes", query=f"mid:{held.id}"))
    wanted = {change.note for change in changes if change.note} | (set(now) - known)
    notes = read_notes(gateway, held, sorted(wanted & set(now)), decks)
    # A copy that the learner makes meanwhile is younger than what we added, and is not what we changed.
    by_id = {note.id: note for note in notes}
    added = {note.question: note for note in reversed(notes) if note.id not in known}
    found = {
        change.question: by_id.get(change.note) if change.note else added.get(change.question) for change in changes
    }
    return ReadBack({key: note for key, note in found.items() if note is not None}, decks)


def failures(plan: Plan, snapshot: Snapshot, wanted: Wanted, back: ReadBack) -> list[Failure]:
    """What of a plan did not take, note by note."""
    found = []
    for change in plan.changes:
        what = _failed(change, plan, snapshot, wanted, back)
        if what:
            found.append(Failure(change.question, what))
    return found


def _failed(change: NoteChange, plan: Plan, snapshot: Snapshot, wanted: Wanted, back: ReadBack) -> str:
    note = back.notes.get(change.question)
    if note is None:
        return "the note is not there" if "added" in change.kinds else "the note is gone"
    names = (*snapshot.notetype.fields, *plan.notetype.added) if snapshot.notetype else FIELDS
    if change.note or note.text != wanted.notes[change.question].text:
        wrong = [each.field for each in all_fields(change, wanted) if not _holds(note, names, each.field, each.after)]
    else:
        wrong = []
    if wrong:
        return f"not written: {', '.join(wrong)}"
    expected = tags_after(change, snapshot.notes.get(change.question))
    lost = tags.difference(change.tags_added, note.tags)
    stayed = [tag for tag in change.tags_removed if tags.has(note.tags, tag)]
    if lost or stayed or tags.difference([t for t in expected if not tags.is_ours(t)], note.tags):
        return f"tags: {', '.join([*lost, *stayed]) or 'some are missing'}"
    cards = [card for card in note.cards if not card.filtered]
    if change.deck and any(back.decks.get(card.deck, "").casefold() != change.deck.casefold() for card in cards[:1]):
        return f"its card is not in {change.deck}"
    if change.suspend is not None and any(card.suspended is not change.suspend for card in cards):
        return "its card is not suspended" if change.suspend else "its card is still suspended"
    return ""


def all_fields(change: NoteChange, wanted: Wanted) -> tuple[FieldChange, ...]:
    """The fields that a change writes, also of a note that is added."""
    if "added" not in change.kinds:
        return change.fields
    texts = zip(FIELDS, wanted.notes[change.question].fields, strict=True)
    return tuple(FieldChange(name, "", text) for name, text in texts if name != MY_NOTES)


def _holds(note: HeldNote, names: tuple[str, ...], field: str, text: str) -> bool:
    if field not in names:
        return True  # the learner's note type has no such field, and that was said
    index = names.index(field)
    fields = note.fields
    return index < len(fields) and same_text(fields[index], text)
