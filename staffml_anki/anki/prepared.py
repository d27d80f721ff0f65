"""What a sync knows once it has looked at both sides, and what of it is to be written down. Values, and pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from staffml_anki.anki import tags
from staffml_anki.anki.apply import Applied
from staffml_anki.anki.gating import Gate
from staffml_anki.anki.held import SEPARATOR, Snapshot, same_text
from staffml_anki.anki.merge import places_of
from staffml_anki.anki.past import UNKNOWN, Intended, Remembered, Written, replaced_texts
from staffml_anki.anki.places import Places
from staffml_anki.anki.plan import Plan
from staffml_anki.anki.verify import ReadBack
from staffml_anki.anki.wanted import Wanted, WantedNote
from staffml_anki.cards.notetype import FIELDS, Templates
from staffml_anki.vault import QuestionId

_THEIRS = "\x00"
"""Stands for a description that we have not written: none in a collection equals it."""


@dataclass(frozen=True)
class Prepared:
    """All that a plan was made from, and the plan."""

    wanted: Wanted
    snapshot: Snapshot
    remembered: Remembered
    templates: Templates
    plan: Plan
    roots: tuple[int | str, ...]
    from_memory: bool
    """The release is the one of the last sync, and was not read again."""
    gate: Gate | None = None
    relayout: bool = False

    @cached_property
    def undecided(self) -> dict[tuple[QuestionId, str], str | None]:
        """The conflicts that the learner has not decided one by one, and whose text did not give way: they stay
        conflicts, with the text that both sides started from (None where nobody knows it). And fields that the note
        type lacks: nothing of ours is in them, should they come back."""
        lacking = () if self.plan.notetype.add_fields else self.plan.notetype.missing
        here = self.wanted.notes.keys() & self.snapshot.notes.keys()
        found: dict[tuple[QuestionId, str], str | None] = {(key, name): "" for name in lacking for key in here}
        for question, conflict in self.plan.conflicts:
            if conflict.keep == "theirs" or conflict.decided:
                continue
            found[question, conflict.field] = self.base_of(question, conflict.field)
        return found

    @property
    def decided(self) -> bool:
        """Whether other conflicts are undecided than are remembered."""
        before = self.remembered.undecided
        return {key: text for key, text in before.items() if key[0] in self.wanted.notes} != self.undecided

    @cached_property
    def settled(self) -> set[QuestionId]:
        """What was begun, by this sync or one that was stopped, and nobody has to finish once this one is through. What
        is there and neither the release nor the plan has is another vault's, or outside the selection: it stays begun,
        and so does what waits."""
        changed = {change.question for change in self.plan.changes}
        begun = {key for key in self.remembered.journal if key in self.wanted.notes or self._is_gone(key)}
        return (begun | changed) - set(self.plan.waiting)

    def _is_gone(self, question: QuestionId) -> bool:
        """Whether a question has left, and its note with it, or is marked as having left."""
        held = self.snapshot.notes.get(question)
        if held is None:
            return question not in self.wanted.published
        return tags.has(held.tags, tags.RETIRED)

    @property
    def unfinished(self) -> bool:
        """Whether a sync was stopped of which this one finishes something."""
        begun = self.remembered.journal.keys()
        return bool(begun & self.settled) or (bool(self.remembered.making) and not begun - self.settled)

    @cached_property
    def places(self) -> Places:
        """Where the plan puts what the recipe calls by its paths."""
        return places_of(self.wanted, self.snapshot, self.remembered, relayout=self.relayout)

    @cached_property
    def renumbered(self) -> dict[QuestionId, int]:
        """The ids of our notes, where they are not those that are remembered."""
        past, held = self.remembered.notes, self.snapshot.notes
        return {key: note.id for key, note in held.items() if key in past and past[key].number != note.id}

    def base_of(self, question: QuestionId, field: str) -> str | None:
        """The text that both sides of a conflict started from; None where nobody knows it."""
        before = self.remembered.notes.get(question)
        base = before.note.fields[FIELDS.index(field)] if before is not None else None
        return self.remembered.undecided.get((question, field), base)

    def intended(self) -> dict[QuestionId, Intended]:
        """The journal: what each touched note is about to become."""
        ids = self.snapshot.deck_ids
        found = {}
        for change in self.plan.changes:
            note = self.wanted.notes.get(change.question)
            fields = note.fields if note else []
            for conflict in change.conflicts:
                # Were it the release's text, the next sync would take the learner's for an edit of it, and no conflict.
                base = self.base_of(change.question, conflict.field)
                fields[FIELDS.index(conflict.field)] = UNKNOWN if base is None else base
            for name in self.plan.notetype.added if fields else ():
                fields[FIELDS.index(name)] = ""
            text = SEPARATOR.join(fields)
            decks = frozenset({ids.get(change.deck.casefold(), 0)} if change.deck else ())
            found[change.question] = Intended(text, decks, frozenset(change.kinds))
        return found

    def written(self, back: ReadBack, failed: set[QuestionId]) -> tuple[list[Written], bool]:
        """What is certain to be in the collection as the release has it, and whether that is all of the release."""
        plan, past = self.plan, self.remembered.notes
        moved = {change.question for change in plan.changes if change.deck}
        places = self.places
        waiting = set(plan.waiting)
        whole = not failed and not waiting
        found = []
        for key, note in self.wanted.notes.items():
            before = past.get(key)
            if key in failed:
                continue
            there = self.snapshot.notes.get(key) or back.notes.get(key)
            if there is None and before is None:
                whole = False  # only a copy of the learner's is there: nothing of ours was written
                continue
            deck = before.deck if before is not None else 0
            if key in moved and key in back.notes:
                deck = self.snapshot.deck_of(back.notes[key])
            elif before is not None and key in self.snapshot.notes and self._moves(before, note):
                # A sync that was stopped has moved it, perhaps: where it belongs, it counts as put there by us.
                here = self.snapshot.deck_of(self.snapshot.notes[key])
                if self.snapshot.decks.get(here, "").casefold() == places.of(note.path).casefold():
                    deck = here
            # A card that waits in a filtered deck still belongs where it was: the next sync moves it.
            was = before.note.path if before is not None else note.home or note.path
            number = there.id if there is not None else before.number if before is not None else 0
            found.append(Written(replace(note, path=was) if key in waiting else note, deck, True, number))
        return found, whole

    def _moves(self, before: Written, note: WantedNote) -> bool:
        """Whether a card is to be in another deck than before, by the recipe or because it was added again."""
        begun = self.remembered.journal.get(note.question)
        return before.note.path != note.path or (begun is not None and "added" in begun.kinds)

    def numbers(self, back: ReadBack) -> dict[QuestionId, int]:
        """The ids of our notes, where they are not those that are remembered, or were not known any more."""
        added = [change.question for change in self.plan.of_kind("added")]
        return self.renumbered | {key: back.notes[key].id for key in added if key in back.notes}

    def doubted(self, back: ReadBack, failed: Iterable[QuestionId]) -> dict[QuestionId, Intended]:
        """The journal of what did not take because the learner was typing: what was meant for a field that holds a text
        of theirs now has not been written, and must not pass for a text of ours."""
        held = self.snapshot.notetype
        names = held.fields if held is not None else FIELDS
        intended, changes = self.intended(), {change.question: change for change in self.plan.changes}
        found = {}
        for key in failed:
            if key not in back.notes:
                continue
            now = dict(zip(names, back.notes[key].fields, strict=False))
            row = intended[key].after(self.remembered.journal.get(key))
            texts = row.text.split(SEPARATOR)
            for each in changes[key].fields:
                if not any(same_text(now.get(each.field, each.before), text) for text in (each.before, each.after)):
                    texts[FIELDS.index(each.field)] = UNKNOWN
            found[key] = replace(row, text=SEPARATOR.join(texts))
        return found

    def replaced(self, written: Sequence[Written]) -> Iterable[tuple[QuestionId, str, str]]:
        """Texts of ours that a newer one follows."""
        for each in written:
            before = self.remembered.notes.get(each.note.question)
            if before is not None:
                yield from replaced_texts(each.note.question, before.note.text, each.note.text)

    def decks(self, decks: Mapping[str, int], applied: Applied) -> dict[str, tuple[int, str]]:
        """The ids of the decks that stand for the recipe's, and the descriptions in them that are ours."""
        plan, snapshot, past = self.plan, self.snapshot, self.remembered.decks
        ids = {name.casefold(): number for name, number in decks.items()}
        new = {deck.path: deck.name for deck in plan.new_decks}
        places = self.places
        found = {}
        for path, description in self.wanted.descriptions.items():
            name = new.get(path) or places.of(path)
            number = ids.get(name.casefold())
            if number is None:
                continue
            if name in applied.described or snapshot.descriptions.get(number) == description:
                found[path] = (number, description)
            else:
                # An export leaves out a deck without cards: nobody knows whose its description is by now.
                untold = bool(snapshot.packages) and number not in snapshot.descriptions
                found[path] = (number, past[path][1] if path in past and not untold else _THEIRS)
        return found
