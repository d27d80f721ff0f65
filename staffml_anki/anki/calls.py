"""Writing notes through note calls: slow, and possible everywhere. What a package cannot do is done here, too."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from staffml_anki.anki import shapes, tags
from staffml_anki.anki.errors import AnkiError
from staffml_anki.anki.gateway import Gateway, batches
from staffml_anki.anki.held import HeldNote, HeldNotetype, Snapshot, same_text
from staffml_anki.anki.plan import NoteChange
from staffml_anki.anki.snapshot import fields_of, read_notes, read_notetype
from staffml_anki.anki.wanted import Wanted
from staffml_anki.cards.notetype import FIELDS, Templates
from staffml_anki.package.writer import model_json

CARDS_AT_ONCE = 5_000

type Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Workshop:
    """What applying needs besides the plan.

    Attributes:
        package: a file for the delta package, where Anki may read it; None to use calls only.
        now: seconds since the epoch.
    """

    gateway: Gateway
    wanted: Wanted
    snapshot: Snapshot
    templates: Templates
    package: Path | None
    now: int
    say: Say


def tags_after(change: NoteChange, note: HeldNote | None) -> tuple[str, ...]:
    """All tags of a note once the change is made, sorted."""
    before = note.tags if note else ()
    return tuple(sorted({*tags.difference(before, change.tags_removed), *change.tags_added}))


def write_by_calls(changes: Sequence[NoteChange], shop: Workshop) -> None:
    """Notes, fields and tags through note calls: slow, and possible everywhere."""
    if not changes:
        return
    gateway = shop.gateway
    held = read_notetype(gateway)
    if held is None:
        _create_notetype(shop)
        held = read_notetype(gateway)
        if held is None:
            raise AnkiError("Anki did not make the note type; restart Anki and run this again")
    added = [change for change in changes if not change.note]
    if added:
        make_decks(sorted({change.deck for change in added}), shop)
        shop.say(f"{len(added):,} notes, one by one")
        actions = [("addNote", {"note": _as_call(change, held, shop)}) for change in added]
        made = [number for number in gateway.many(actions, again=False) if isinstance(number, int)]
        _place(made, {change.question: change.deck for change in added}, gateway)
    infos = gateway.notes_info([change.note for change in changes if change.note and change.fields])
    now = {shapes.number("notesInfo", info.get("noteId")): fields_of(info) for info in infos}
    updates = [
        ("updateNoteFields", {"note": {"id": number, "fields": texts}})
        for number, texts in ((change.note, _still_to_write(change, now.get(change.note, {}))) for change in changes)
        if texts
    ]
    if updates:
        shop.say(f"{len(updates):,} notes' fields")
        list(gateway.many(updates))
    _tag(changes, shop)


def _still_to_write(change: NoteChange, now: Mapping[str, str]) -> dict[str, str]:
    """The texts that a note does not hold yet. What the learner has typed since we looked stays: that these fields were
    not written shows when they are read back."""
    return {
        each.field: each.after
        for each in change.fields
        if change.note and same_text(now.get(each.field, each.before), each.before)
    }


def _place(notes: Sequence[int], decks: Mapping[str, str], gateway: Gateway) -> None:
    """Put new cards into their decks: the 2023 build adds every card to Default."""
    found, names = as_they_are(notes, gateway)
    targets: dict[str, list[int]] = defaultdict(list)
    for note in found:
        deck = decks.get(note.question, "")
        for card in note.cards:
            if deck and not card.filtered and names.get(card.deck, "").casefold() != deck.casefold():
                targets[deck].append(card.id)
    change_deck(targets, gateway)


def as_they_are(notes: Sequence[int], gateway: Gateway) -> tuple[list[HeldNote], dict[int, str]]:
    """Those of some notes that are ours, read again, and the decks' names by id."""
    held = read_notetype(gateway)
    names = {number: name for name, number in gateway.decks().items()}
    return (read_notes(gateway, held, notes, names) if held else []), names


def _as_call(change: NoteChange, held: HeldNotetype, shop: Workshop) -> dict[str, object]:
    return {
        "deckName": change.deck,
        "modelName": held.name,
        "fields": {
            name: text
            for name, text in zip(FIELDS, shop.wanted.notes[change.question].fields, strict=True)
            if text and name in held.fields
        },
        "tags": list(change.tags_added),
        "options": {"allowDuplicate": False, "duplicateScope": "collection"},
    }


def make_decks(names: Sequence[str], shop: Workshop) -> None:
    there = {name.casefold() for name in shop.gateway.decks()}
    missing = [name for name in names if name.casefold() not in there]
    list(shop.gateway.many([("createDeck", {"deck": name}) for name in missing]))


def _tag(changes: Sequence[NoteChange], shop: Workshop) -> None:
    """Remove, then add: AnkiConnect removes with a tag also those below it, and adding puts back what is ours."""
    removed: dict[str, list[int]] = defaultdict(list)
    added: dict[str, list[int]] = defaultdict(list)
    for change in changes:
        if not change.note:
            continue
        note = shop.snapshot.notes.get(change.question)
        for tag in change.tags_removed:
            removed[tag].append(change.note)
        again = [
            tag
            for tag in tags_after(change, note)
            if any(tag.casefold().startswith(f"{gone.casefold()}::") for gone in change.tags_removed)
        ]
        for tag in {*change.tags_added, *again}:
            added[tag].append(change.note)
    for action, groups in (("removeTags", removed), ("addTags", added)):
        actions = [
            (action, {"notes": list(part), "tags": tag})
            for tag, notes in sorted(groups.items())
            for part in batches(notes, CARDS_AT_ONCE)
        ]
        list(shop.gateway.many(actions))


def _create_notetype(shop: Workshop) -> None:
    templates = shop.templates
    model = model_json(templates, shop.now)
    shop.gateway.call(
        "createModel",
        modelName=model["name"],
        inOrderFields=list(FIELDS),
        css=templates.css,
        isCloze=False,
        cardTemplates=[{"Name": t["name"], "Front": t["qfmt"], "Back": t["afmt"]} for t in model["tmpls"]],
    )


def change_deck(targets: Mapping[str, Sequence[int]], gateway: Gateway) -> None:
    """Move cards to existing decks; never into a filtered one, which would strand them there."""
    decks = sorted(targets)
    options = gateway.many([("getDeckConfig", {"deck": deck}) for deck in decks])
    plain = [
        deck for deck, found in zip(decks, options, strict=True) if isinstance(found, dict) and not found.get("dyn")
    ]
    actions = [
        ("changeDeck", {"cards": list(part), "deck": deck})
        for deck in plain
        for part in batches(targets[deck], CARDS_AT_ONCE)
    ]
    list(gateway.many(actions))
