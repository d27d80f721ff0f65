"""Reading what the collection holds of ours, through a package or through calls.

One export with scheduling is the cheapest read (half the time of ``notesInfo`` for 9,500 notes), it is of one moment,
it tells the GUIDs, and it is the backup. What lies outside the exported decks, and everything where Anki does not share
our file system, is read through calls.
"""

import html
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from staffml_anki.anki import shapes
from staffml_anki.anki.errors import AnkiClosedError, AnkiError
from staffml_anki.anki.gateway import Gateway, batches
from staffml_anki.anki.held import SEPARATOR, Card, HeldNote, HeldNotetype, Snapshot
from staffml_anki.anki.past import Remembered, Traces
from staffml_anki.cards import notetype
from staffml_anki.cards.note import guid_of
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.package.reader import Exported, open_package
from staffml_anki.package.writer import note_ids
from staffml_anki.vault import QuestionId

MEDIA = "staffml-*"
FILTERED = "deck:filtered"
MOST_EXPORTS = 3
_MARKUP = re.compile(r"<[^>]*>")
WORTH_AN_EXPORT = 200
"""Notes in decks outside the tree, from which on exporting those decks, too, is cheaper than asking for each note."""


def take_snapshot(
    gateway: Gateway,
    roots: Sequence[int | str],
    scratch: Path | None,
    traces: Traces,
    *,
    everywhere: bool = False,
) -> Snapshot:
    """Read all of ours.

    Args:
        roots: top-level decks that are likely to hold our cards, by id or by name.
        scratch: a file to export to, on a file system that Anki may share; None to read through calls.
        traces: what tells ours from copies.
        everywhere: export every tree that holds some of ours, so that the backup lacks none of them.

    Raises:
        AnkiError: Anki does not answer as it should.
    """
    held = read_notetype(gateway)
    decks, media = gateway.all_of(("deckNamesAndIds", {}), ("getMediaFilesNames", {"pattern": MEDIA}))
    names = {number: name for name, number in shapes.ids_by_name("deckNamesAndIds", decks).items()}
    files = frozenset(shapes.texts("getMediaFilesNames", media))
    describes = "setDeckDescription" in gateway.actions
    if held is None:
        return Snapshot(None, {}, names, files, can_describe=describes)
    all_notes = gateway.find_notes(f"mid:{held.id}")
    exports = _Exports(gateway, held, names, scratch if all_notes else None)
    exports.read(next(iter(exports.existing(roots)), ""))
    rest = [number for number in all_notes if number not in exports.told]
    # Where few were exported the learner may have renamed the tree before we knew it: they would not be in the backup.
    if rest and (everywhere or len(rest) > WORTH_AN_EXPORT or len(rest) > len(exports.told)):
        for root in exports.roots_of_rest(everywhere=everywhere):
            exports.read(root)
        rest = [number for number in all_notes if number not in exports.told]
    others = read_notes(gateway, held, rest, names)
    # A note that was deleted between the export and now is gone, whatever the export says.
    alive = set(all_notes)
    all_held = [note for note in (*exports.told.values(), *others) if note.id in alive]
    notes, copies = _by_question(all_held, traces)
    return Snapshot(
        notetype=exports.held,
        notes=notes,
        decks=names,
        media=files,
        descriptions=exports.descriptions,
        copies=copies,
        foreign=frozenset(exports.foreign),
        packages=tuple(exports.packages),
        can_describe=describes,
    )


@dataclass(frozen=True, slots=True)
class _Marks:
    """What searches tell of the cards of the note type."""

    suspended: frozenset[int]
    filtered: frozenset[int]
    reviewed: frozenset[int]
    extra: frozenset[int] = frozenset()

    def cards(self, cards: Iterable[tuple[int, int]]) -> dict[str, tuple[Card, ...]]:
        """The cards of a note, given by (id, deck): ours, and those of the learner's templates."""
        ours: list[Card] = []
        others: list[Card] = []
        for number, deck in cards:
            is_filtered = number in self.filtered
            card = Card(
                number, 0 if is_filtered else deck, is_filtered, number in self.suspended, number in self.reviewed
            )
            (others if number in self.extra else ours).append(card)
        return {"cards": tuple(ours), "extra": tuple(others)}


def read_notetype(gateway: Gateway) -> HeldNotetype | None:
    """Our note type, by its id, its name or else its fields; None where there is none."""
    by_name = shapes.ids_by_name("modelNamesAndIds", gateway.call("modelNamesAndIds"))
    by_id = {number: name for name, number in by_name.items()}
    name = by_id.get(notetype.ID) or (notetype.NAME if notetype.NAME in by_name else _renamed(gateway, by_name))
    if name is None:
        return None
    fields, templates, styling = gateway.all_of(
        ("modelFieldNames", {"modelName": name}),
        ("modelTemplates", {"modelName": name}),
        ("modelStyling", {"modelName": name}),
    )
    sides: dict[str, tuple[str, str]] = {}
    for template, texts in shapes.mapping("modelTemplates", templates).items():
        both = shapes.mapping("modelTemplates", texts)
        front, back = (shapes.text("modelTemplates", both.get(side)) for side in ("Front", "Back"))
        sides[template] = (front, back)
    css = shapes.text("modelStyling", shapes.mapping("modelStyling", styling).get("css"))
    return HeldNotetype(by_name[name], name, tuple(shapes.texts("modelFieldNames", fields)), sides, css)


def _renamed(gateway: Gateway, by_name: Mapping[str, int]) -> str | None:
    """The oldest note type with all of our fields. One that was made through calls has an id of Anki's own: once the
    learner renames it, only its fields tell it, and without it every note would be added again."""
    names = sorted(by_name, key=by_name.__getitem__)
    answers = gateway.many([("modelFieldNames", {"modelName": name}) for name in names])
    for name, fields in zip(names, answers, strict=True):
        if isinstance(fields, list) and fields[:1] == [notetype.FIELDS[0]] and set(notetype.FIELDS) <= set(fields):
            return name
    return None


def read_notes(gateway: Gateway, held: HeldNotetype, notes: Sequence[int], decks: Mapping[int, str]) -> list[HeldNote]:
    """Notes read through calls, with the state of their cards."""
    if not notes:
        return []
    infos = _with_cards(gateway, [info for info in gateway.notes_info(notes) if info.get("modelName") == held.name])
    cards = [card for info in infos for card in shapes.ids("notesInfo", info.get("cards"))]
    marks = _marks_of(gateway, held)
    deck_ids = {name: number for number, name in decks.items()}
    if cards:
        # Decks made since the names were read are there by now.
        places = gateway.decks_of(cards)
        if any(name not in deck_ids for name in places.values()):
            deck_ids = gateway.decks()
    else:
        places = {}
    deck_of = {card: deck_ids.get(name, 0) for card, name in places.items()}
    return [_from_info(info, held, marks, deck_of) for info in infos]


def _with_cards(gateway: Gateway, infos: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add ``cards`` where a server does not tell them with the notes."""
    blind = [shapes.number("notesInfo", info.get("noteId")) for info in infos if "cards" not in info]
    if not blind:
        return infos
    cards: dict[int, list[int]] = {}
    for part in batches(blind, 500):
        found = gateway.find_cards(f"nid:{_listed(part)}")
        for card in shapes.items("cardsInfo", gateway.call("cardsInfo", cards=found)):
            about = shapes.mapping("cardsInfo", card)
            note, number = (shapes.number("cardsInfo", about.get(key)) for key in ("note", "cardId"))
            cards.setdefault(note, []).append(number)
    return [{"cards": sorted(cards.get(info["noteId"], []))} | info for info in infos]


def _marks_of(gateway: Gateway, held: HeldNotetype) -> _Marks:
    """Of all cards of the note type: Anki finds them all faster than some by their ids."""
    whats = ["is:suspended", FILTERED, "(-is:new or prop:reps>0)"]
    if len(held.templates) > 1:
        whats.append(f"-card:{held.ordinal + 1}")
    answers = gateway.all_of(*(("findCards", {"query": f"mid:{held.id} {what}"}) for what in whats))
    return _Marks(*(frozenset(shapes.ids("findCards", answer)) for answer in answers))


def _from_info(info: Mapping[str, Any], held: HeldNotetype, marks: _Marks, places: Mapping[int, int]) -> HeldNote:
    fields = fields_of(info)
    texts = [shapes.text("notesInfo", fields.get(name)) for name in held.fields]
    mod = info.get("mod")
    return HeldNote(
        id=shapes.number("notesInfo", info.get("noteId")),
        question=_question(texts[0]),
        guid="",
        mod=mod if isinstance(mod, int) else 0,
        text=SEPARATOR.join(texts),
        tags=tuple(shapes.texts("notesInfo", info.get("tags"))),
        **marks.cards((card, places.get(card, 0)) for card in shapes.ids("notesInfo", info.get("cards"))),
    )


def fields_of(info: Mapping[str, Any]) -> dict[str, str]:
    """The fields of a note that ``notesInfo`` tells of, by name."""
    fields = shapes.mapping("notesInfo", info.get("fields"))
    values = {name: shapes.mapping("notesInfo", field).get("value") for name, field in fields.items()}
    return {name: shapes.text("notesInfo", value) for name, value in values.items()}


class _Exports:
    """Reads trees of decks by exporting them, as long as that works and the files reach us."""

    def __init__(self, gateway: Gateway, held: HeldNotetype, decks: Mapping[int, str], scratch: Path | None) -> None:
        self._gateway, self._decks, self._scratch = gateway, decks, scratch
        # An export says of every card but these in which deck it is, and all the rest of its state.
        self._filtered = frozenset(gateway.find_cards(FILTERED) if scratch else ())
        self.held = held
        self.told: dict[int, HeldNote] = {}
        self.foreign: set[str] = set()
        self.descriptions: dict[int, str] = {}
        self.packages: list[Path] = []

    def existing(self, roots: Iterable[int | str]) -> list[str]:
        there: dict[int | str, str] = {name.casefold(): name for name in self._decks.values()} | dict(self._decks)
        keys = [root.casefold() if isinstance(root, str) else root for root in roots]
        return [there[key] for key in keys if key in there]

    def roots_of_rest(self, *, everywhere: bool) -> list[str]:
        """The top-level decks that hold many of the cards not told yet, or any, the fullest first; filtered decks
        cannot be exported."""
        if self._scratch is None:
            return []
        told = {card.id for note in self.told.values() for card in note.all_cards}
        wanted = f"mid:{self.held.id} -deck:filtered"
        cards = [card for card in self._gateway.find_cards(wanted) if card not in told]
        tops = Counter(name.partition("::")[0] for name in self._gateway.decks_of(cards).values())
        if everywhere:
            return [name for name, _ in tops.most_common()]
        return [name for name, count in tops.most_common(MOST_EXPORTS) if count * len(tops) >= len(cards)]

    def read(self, root: str) -> None:
        if self._scratch is None or not root:
            return
        target = self._scratch.with_name(f"{self._scratch.stem}-{len(self.packages) + 1}{self._scratch.suffix}")
        target.unlink(missing_ok=True)
        try:
            self._gateway.export_package(root, str(target))
        except AnkiClosedError:
            raise
        except AnkiError:
            self._scratch = None
            return
        if not target.is_file():
            self._scratch = None  # Anki wrote it where we cannot see it
            return
        with open_package(target) as exported:
            self.held = replace(self.held, model=exported.models.get(self.held.id))
            self.told |= {note.id: note for note in _from_package(exported, self.held, self._filtered)}
            others = exported.connection.execute("SELECT guid FROM notes WHERE mid <> ?", (self.held.id,))
            self.foreign |= {guid for (guid,) in others}
            self.descriptions |= {key: str(deck.get("desc", "")) for key, deck in exported.decks.items()}
        self.packages.append(target)


def _from_package(exported: Exported, held: HeldNotetype, filtered: frozenset[int]) -> Iterable[HeldNote]:
    ours: dict[int, list[Card]] = {}
    extra: dict[int, list[Card]] = {}
    joined = "cards c JOIN notes n ON n.id = c.nid WHERE n.mid = ? ORDER BY c.ord"
    columns = "c.nid, c.id, c.did, c.queue, c.type <> 0 OR c.reps > 0, c.ord"
    rows = exported.connection.execute(f"SELECT {columns} FROM {joined}", (held.id,))  # noqa: S608
    our_ordinal = held.ordinal
    for note, number, deck, queue, reviewed, ordinal in rows:
        is_filtered = number in filtered
        card = Card(number, 0 if is_filtered else deck, is_filtered, queue == -1, bool(reviewed))
        (ours if ordinal == our_ordinal else extra).setdefault(note, []).append(card)
    rows = exported.connection.execute("SELECT id, guid, mod, tags, flds FROM notes WHERE mid = ?", (held.id,))
    for number, guid, mod, tags, text in rows:
        question = _question(text.partition(SEPARATOR)[0])
        cards, others = tuple(ours.get(number, ())), tuple(extra.get(number, ()))
        yield HeldNote(number, question, guid, mod, text, tuple(tags.split()), cards, others)


def _question(first_field: str) -> QuestionId:
    """The ID without markup and the space around it, which Anki's editor leaves easily, and which Anki does not see."""
    if "<" in first_field:
        first_field = _MARKUP.sub("", first_field)
    return QuestionId((html.unescape(first_field) if "&" in first_field else first_field).strip())


def _by_question(notes: Iterable[HeldNote], traces: Traces) -> tuple[dict[QuestionId, HeldNote], tuple[HeldNote, ...]]:
    """Ours for each question, and others with its ID: copies that the learner made, which are theirs."""
    all_of: dict[QuestionId, list[HeldNote]] = {}
    for note in notes:
        all_of.setdefault(note.question, []).append(note)
    known = traces.among({question: {note.id for note in held} for question, held in all_of.items()})
    found: dict[QuestionId, HeldNote] = {}
    copies: list[HeldNote] = []
    for question, held in sorted(all_of.items()):
        number, deck = known.get(question, (0, 0))
        ours = held[0] if len(held) == 1 and number in (0, held[0].id) else _ours(question, held, number, deck)
        if ours is not None:
            found[question] = ours
        copies += [note for note in held if note is not ours]
    return found, tuple(sorted(copies, key=lambda note: note.id))


def _ours(question: QuestionId, held: Sequence[HeldNote], number: int, deck: int) -> HeldNote | None:
    """Which of the notes with the ID of a question is ours; None where the learner deleted it and has a copy.

    The one with the id that we know; else one that a package of ours brought, told by its GUID, or its id where the
    GUID cannot be read. Where we never knew the id: such a one, or one in the deck that we put it in, or the oldest,
    because a copy is younger.
    """
    packed, guid = note_ids([question])[question], guid_of(question)
    imported = [note for note in held if note.guid == guid or (not note.guid and note.id == packed)]
    if number:
        return next((note for note in held if note.id == number), imported[0] if imported else None)
    return max(
        held, key=lambda note: (note in imported, deck and any(card.deck == deck for card in note.cards), -note.id)
    )


def find_elsewhere(
    gateway: Gateway, snapshot: Snapshot, remembered: Remembered, questions: Sequence[QuestionId]
) -> frozenset[QuestionId]:
    """Those of some questions, which the collection seems to lack, whose note the learner gave another note type or
    another ID: told by its GUID where an export shows it, or by its id. Adding them would overwrite it."""
    if not questions:
        return frozenset()
    guids = snapshot.foreign | {note.guid for note in (*snapshot.notes.values(), *snapshot.copies)}
    keys = {number: key for key, number in note_ids(questions).items()}
    keys |= {known.number: key for key in questions if (known := remembered.notes.get(key)) and known.number}
    there = [note for part in batches(sorted(keys), 5_000) for note in gateway.find_notes(f"nid:{_listed(part)}")]
    by_number = {keys[number] for number in there}
    return frozenset(key for key in questions if key in by_number or (guids and guid_of(key) in guids))


def _listed(numbers: Iterable[int]) -> str:
    return ",".join(map(str, numbers))


def require_fields(held: HeldNotetype) -> None:
    """Refuse a note type that cannot be ours any more.

    Raises:
        StaffmlAnkiError: its first field is not the question's id.
    """
    if not held.fields or held.fields[0] != notetype.FIELDS[0]:
        raise StaffmlAnkiError(
            f"the note type '{held.name}' must have {notetype.FIELDS[0]} as its first field, and has "
            f"{held.fields[0] if held.fields else 'none'}: rename or move it back (Tools → Manage Note Types → Fields)"
        )
