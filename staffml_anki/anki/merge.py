"""Three-way, per field: what we last wrote, what the collection holds now, what the release says. Pure.

The learner's edit of a field that the release did not touch stays; where both changed it there is a conflict. Their own
tags and *My Notes* are never touched; tags under ``StaffML::`` are ours. Cards that they moved, suspended or put into a
filtered deck stay where and as they are.
"""

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from staffml_anki.anki import tags
from staffml_anki.anki.assumed import Assumed
from staffml_anki.anki.gating import Gate, gated
from staffml_anki.anki.held import SEPARATOR, HeldNote, Snapshot, same_text, text_digest
from staffml_anki.anki.past import UNKNOWN, Remembered, Written
from staffml_anki.anki.places import Places, lineage
from staffml_anki.anki.plan import Conflict, FieldChange, Kind, NewDeck, NoteChange, Plan, Side
from staffml_anki.anki.templates import plan_notetype
from staffml_anki.anki.wanted import Wanted, WantedNote, is_plan_deck
from staffml_anki.cards.note import digests_of, guid_of
from staffml_anki.cards.notetype import FIELDS, MY_NOTES, Templates
from staffml_anki.reading import digest_of_texts
from staffml_anki.vault import QuestionId

SOURCE = "Source"
DEFAULT_DECK = 1
MAX_DEPTH = 20
"""Levels of decks: deeper ones have no description of ours."""
MANY = 20
"""Retiring more notes than this, and more than a fifth of them, looks like the wrong vault; so does more than half."""


@dataclass(frozen=True)
class Choices:
    """What the learner chose.

    Attributes:
        conflicts: whose text wins where both sides changed a field.
        answers: single decisions, by question and field; they go before ``conflicts``.
        relayout: move every card to where the recipe wants it, also those that the learner moved.
        known: digests of the notes as an earlier build wrote them (its manifest), by question.
        gate: later steps of chains stay locked; None opens whatever is locked.
        formerly: names (Source fields) that this vault had before: what has left it under them is retired, too.
    """

    conflicts: Side = "mine"
    answers: Mapping[tuple[QuestionId, str], Side] = field(default_factory=dict)
    relayout: bool = False
    reset_templates: bool = False
    restore_deleted: bool = False
    add_fields: bool = False
    known: Mapping[str, str] = field(default_factory=dict)
    gate: Gate | None = None
    formerly: tuple[str, ...] = ()


def make_plan(
    wanted: Wanted, snapshot: Snapshot, remembered: Remembered, choices: Choices, templates: Templates
) -> Plan:
    """Decide what a sync does. Equal arguments give equal plans."""
    return _Planner(wanted, snapshot, remembered, choices).plan(templates)


def places_of(wanted: Wanted, snapshot: Snapshot, past: Remembered, *, relayout: bool = False) -> Places:
    """Where the learner keeps what the recipe calls by its paths: told by the cards that belong there."""
    cards: list[tuple[str, str]] = []
    for key, held in () if relayout else snapshot.notes.items():
        deck, written = snapshot.deck_of(held), past.notes.get(key)
        name = snapshot.decks.get(deck)
        note = written.note if written is not None else wanted.notes.get(key)
        if name is None or note is None or _stranded(key, deck, past):
            continue
        path = note.path if written is not None else note.home or note.path
        if is_plan_deck(name) and not is_plan_deck(path):
            # A study plan has it, by a sync that is not remembered or was stopped: no deck of the recipe's is there.
            path = wanted.notes[key].path if key in wanted.notes else ""
            if name.split("::")[-2:] != path.split("::")[-2:]:
                continue
        cards.append((path, name))
    return Places(snapshot.decks, {path: number for path, (number, _) in past.decks.items()}, cards)


def _stranded(question: QuestionId, deck: int, past: Remembered) -> bool:
    """Whether a stopped sync left a new card in Anki's default deck, where the 2023 build adds every card."""
    begun = past.journal.get(question)
    return begun is not None and "added" in begun.kinds and deck == DEFAULT_DECK


def looks_wrong(plan: Plan, snapshot: Snapshot) -> bool:
    """Whether so many notes would be retired that the vault is probably another one."""
    retired, held = plan.count("retired"), len(snapshot.notes)
    return (retired > MANY and retired * 5 > held) or (retired > 1 and retired * 2 > held)


class _Planner:
    def __init__(self, wanted: Wanted, snapshot: Snapshot, remembered: Remembered, choices: Choices) -> None:
        self._wanted, self._snapshot, self._choices = wanted, snapshot, choices
        # A collection without any of our notes is a new one: nobody deletes ten thousand notes to see them come back.
        anything = snapshot.notes or snapshot.copies
        self._past = remembered if anything else Remembered(journal=remembered.journal, making=remembered.making)
        self._names = snapshot.notetype.fields if snapshot.notetype else FIELDS
        self._same_fields = self._names == FIELDS
        self._places = places_of(wanted, snapshot, self._past, relayout=choices.relayout)
        self._waiting: list[QuestionId] = []
        self._edits: list[tuple[QuestionId, str]] = []
        unwritten = sum(key not in self._past.notes for key in snapshot.notes if key in wanted.notes)
        self._assumed = Assumed(unwritten, unread=not wanted.complete)

    def plan(self, templates: Templates) -> Plan:
        held, past, wanted = self._snapshot.notes, self._past, self._wanted
        deleted: list[QuestionId] = []
        copied = {note.question for note in self._snapshot.copies} - held.keys()
        changes: list[NoteChange] = []
        for key, note in wanted.notes.items():
            if key in held:
                change = self._existing(note, held[key])
                if change is not None:
                    changes.append(change)
            elif key in self._snapshot.elsewhere:
                self._assumed.elsewhere.append(key)  # adding it again would overwrite theirs
            elif key in copied:
                self._assumed.copied.append(
                    key
                )  # with two of one ID Anki itself complains, and adding one by calls is refused
            elif key in past.notes and not self._choices.restore_deleted:
                deleted.append(key)
            else:
                changes.append(self._added(note))
        changes += self._retired()
        changes = gated(changes, wanted, self._snapshot, past.journal, self._choices.gate)
        touched = {change.question for change in changes}
        away = {*deleted, *self._assumed.copied, *self._assumed.elsewhere}
        shown = {note.media for key, note in wanted.notes.items() if key not in away}
        targets = {wanted.notes[change.question].path for change in changes if change.deck}
        return Plan(
            notes=tuple(sorted(changes, key=lambda change: change.question)),
            notetype=plan_notetype(
                self._snapshot.notetype,
                templates,
                needed=bool(changes),
                reset=self._choices.reset_templates,
                add_fields=self._choices.add_fields,
            ),
            new_decks=tuple(self._new_decks(targets)),
            described=self._described(),
            media=tuple(sorted((wanted.media.keys() & shown) - self._snapshot.media)),
            waiting=tuple(sorted(set(self._waiting))),
            deleted=tuple(deleted),
            edits=tuple(sorted(self._edits)),
            duplicates=tuple(note.id for note in self._snapshot.copies),
            unchanged=sum(key in held and key not in touched for key in wanted.notes),
            assumed=tuple(self._assumed.lines(wanted.source)),
            release=wanted.release,
        )

    # -- one note ---------------------------------------------------------------------------------

    def _added(self, note: WantedNote) -> NoteChange:
        content, deck = digest_of_texts([note.text]), self._places.of(note.path)
        return NoteChange(note.question, note.title, 0, ("added",), tags_added=note.tags, deck=deck, content=content)

    def _existing(self, note: WantedNote, held: HeldNote) -> NoteChange | None:
        fields, conflicts = self._fields(note, held)
        returns = False
        added: tuple[str, ...] = ()
        removed: tuple[str, ...] = ()
        if held.tags != note.tags and set(held.tags) != set(note.tags):
            returns = tags.has(held.tags, tags.RETIRED)
            mine = [tag for tag in held.tags if tags.is_ours(tag) and not tags.is_state(tag)]
            added, removed = tags.difference(note.tags, held.tags), tags.difference(mine, note.tags)
        suspend = None
        kinds: list[Kind] = []
        if fields:
            kinds.append("updated")
        if added or removed:
            kinds.append("retagged")
        if returns:
            kinds.append("restored")
            removed = tuple(sorted({*removed, *(tag for tag in held.tags if tags.is_retirement(tag))}))
            stays = tags.has(held.tags, tags.WAS_SUSPENDED) or tags.has(held.tags, tags.LOCKED)
            suspend = False if any(card.suspended for card in held.cards) and not stays else None
        before, deck = self._move(note, held)
        if deck:
            kinds.append("moved")
        if not kinds and not conflicts:
            return None
        return NoteChange(
            note.question,
            note.title,
            held.id,
            tuple(kinds),
            fields,
            conflicts,
            added,
            removed,
            before,
            deck,
            suspend,
        )

    def _fields(self, note: WantedNote, held: HeldNote) -> tuple[tuple[FieldChange, ...], tuple[Conflict, ...]]:
        if self._same_fields and note.text == held.text:
            return (), ()
        theirs = dict(zip(FIELDS, note.fields, strict=True))
        mine = dict(zip(self._names, held.fields, strict=False))
        known = self._known_texts(note, held)
        changes: list[FieldChange] = []
        conflicts: list[Conflict] = []
        for name, new in theirs.items():
            if name not in mine and self._choices.add_fields and new:
                changes.append(FieldChange(name, "", new))
                continue
            if name == MY_NOTES or name not in mine or same_text(mine[name], new):
                continue
            old = mine[name]
            bases = [base[name] for base in known if name in base]
            ours = any(same_text(old, base) for base in bases) or self._written_before(note.question, name, old)
            if ours or (not bases and not old):
                changes.append(FieldChange(name, old, new))
            elif any(same_text(new, base) for base in bases):
                self._edits.append((note.question, name))
            else:
                answer = self._choices.answers.get((note.question, name))
                keep = answer or self._choices.conflicts
                conflicts.append(Conflict(name, old, new, bool(bases), keep, answer is not None))
                if keep == "theirs":
                    changes.append(FieldChange(name, old, new))
        return tuple(changes), tuple(conflicts)

    def _written_before(self, question: QuestionId, field: str, text: str) -> bool:
        earlier = self._past.earlier
        return bool(earlier) and (question, field, text_digest(text)) in earlier

    def _known_texts(self, note: WantedNote, held: HeldNote) -> list[dict[str, str]]:
        """Field by field, what may have come from us: what we last wrote, and what a stopped sync was writing."""
        found: list[dict[str, str]] = []
        if note.question in self._past.notes:
            written = dict(zip(FIELDS, self._past.notes[note.question].note.fields, strict=False))
            bases = {name: self._past.undecided.get((note.question, name), text) for name, text in written.items()}
            found.append({name: text for name, text in bases.items() if text is not None})
        if note.question in self._past.journal:
            begun = zip(FIELDS, self._past.journal[note.question].text.split(SEPARATOR), strict=False)
            found.append({name: text for name, text in begun if text != UNKNOWN})
        digest = self._choices.known.get(note.question)
        if digest is not None and self._same_fields:
            as_built = [*held.fields]
            as_built[FIELDS.index(MY_NOTES)] = ""
            ours = tuple(sorted(tag for tag in held.tags if tags.is_ours(tag)))
            if digests_of(tuple(as_built), ours)[0] == digest:
                found.append(dict(zip(FIELDS, as_built, strict=True)))
        return found

    # -- places -----------------------------------------------------------------------------------

    def _move(self, note: WantedNote, held: HeldNote) -> tuple[str, str]:
        """(deck before, deck after) where a card moves; empty texts where it stays."""
        written = self._past.notes.get(note.question)
        relayout = self._choices.relayout
        deck = self._snapshot.deck_of(held)
        stranded = _stranded(note.question, deck, self._past)
        if written is None and note.home:  # a study plan moves it, from where a package put it
            at_home = self._snapshot.decks.get(deck, "").casefold() == self._places.of(note.home).casefold()
            movable = at_home or held.filtered
        else:
            movable = stranded or (written is not None and written.note.path != note.path)
        if not relayout and not movable:
            return "", ""
        if held.filtered:
            if movable:
                self._waiting.append(note.question)
            else:
                self._assumed.unmoved += 1
            return "", ""
        if not relayout and written is not None and not stranded and not self._is_where_we_put_it(written, deck):
            return "", ""
        before, target = self._snapshot.decks.get(deck, ""), self._places.of(note.path)
        if not held.cards or before.casefold() == target.casefold():
            return "", ""
        return before, target

    def _is_where_we_put_it(self, written: Written, deck: int) -> bool:
        intended = self._past.journal.get(written.note.question)
        if intended is not None and "moved" in intended.kinds:
            # Into a deck that was there, or into one that was only being made.
            made = {name.casefold() for name in self._past.making.values()}
            name = self._snapshot.decks.get(deck, "").casefold()
            if deck in intended.decks or (0 in intended.decks and name in made):
                return True
        if written.deck:
            return written.deck == deck
        return self._snapshot.decks.get(deck, "").casefold() == self._places.of(written.note.path).casefold()

    def _new_decks(self, paths: Iterable[str]) -> Iterable[NewDeck]:
        """Decks that changes need, and the recipe's decks above them, with the nearest deck that is there already; and
        decks that a stopped sync was making: there they may be, without their options and description."""
        lineages = {above for path in paths for above in lineage(path)[: MAX_DEPTH - 1]}
        begun = {path for path in self._past.making if path not in self._past.decks}
        needed = {path for path in lineages | begun if path in self._wanted.descriptions}
        unfinished = {self._places.of(path).casefold() for path in begun}
        for name, path in sorted((self._places.of(path), path) for path in needed):
            description, there = self._wanted.descriptions[path], self._places.exists(name)
            if there and (path not in begun or name != self._past.making[path]):
                continue
            parent = name.rpartition("::")[0]
            while parent and (not self._places.exists(parent) or parent.casefold() in unfinished):
                parent = parent.rpartition("::")[0]
            if self._snapshot.descriptions.get(self._snapshot.deck_ids.get(name.casefold(), 0)):
                description = ""  # it has one, perhaps the learner's
            yield NewDeck(name, path, description, parent)

    def _described(self) -> dict[str, str]:
        """Decks whose description is still ours, and out of date."""
        found: dict[str, str] = {}
        if not self._snapshot.can_describe:
            return found
        for path, text in self._wanted.descriptions.items():
            name = self._places.of(path)
            current = self._snapshot.descriptions.get(self._snapshot.deck_ids.get(name.casefold(), 0))
            if path in self._past.decks and current == self._past.decks[path][1] and current != text:
                found[name] = text
        return dict(sorted(found.items()))

    # -- what leaves ------------------------------------------------------------------------------

    def _retired(self) -> Iterable[NoteChange]:
        """Notes of this vault whose questions it no longer has."""
        if not self._wanted.complete or SOURCE not in self._names:
            return
        source = self._names.index(SOURCE)
        for key, held in self._snapshot.notes.items():
            if key in self._wanted.published:
                continue
            written, name = self._past.notes.get(key), held.fields[source]
            if name != self._wanted.source and html.unescape(name) not in self._choices.formerly:
                if name:  # else the learner emptied it
                    self._assumed.others[name] += written is not None and not tags.has(held.tags, tags.RETIRED)
                continue
            if written is None and held.guid != guid_of(key):
                # A note that the learner made, perhaps as a copy of one of ours. (Calls do not tell the GUID.)
                self._assumed.strangers += not held.guid
                continue
            begun = self._past.journal.get(key)
            # The tag comes before the suspension: only with it has the interrupted sync got anywhere.
            halfway = begun is not None and "retired" in begun.kinds and tags.has(held.tags, tags.RETIRED)
            if tags.has(held.tags, tags.RETIRED) and not (halfway and not held.suspended):
                continue
            if held.filtered:
                # Suspending would take the card out of the filtered deck.
                self._waiting.append(key)
                continue
            marks = [tags.RETIRED]
            if held.suspended and not halfway and not tags.has(held.tags, tags.LOCKED):
                marks.append(tags.WAS_SUSPENDED)
            title = held.fields[self._names.index("Title")] if "Title" in self._names else key
            added = tags.difference(marks, held.tags)
            suspend = None if held.suspended else True
            yield NoteChange(key, title, held.id, ("retired",), (), (), added, suspend=suspend)
