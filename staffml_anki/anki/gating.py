"""Gating: a later step of a chain stays suspended until the step before it is known.

What gating suspends carries the tag ``StaffML::locked``, and only that is ever opened again: a card that the learner
suspended is theirs. Only cards that were never answered are locked; what was opened once, by us or by the learner's own
hand, is never locked again. :func:`gated` is pure; :func:`make_gate` asks Anki which cards are known.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from staffml_anki.anki import tags
from staffml_anki.anki.errors import AnkiRefusedError
from staffml_anki.anki.gateway import Gateway
from staffml_anki.anki.held import HeldNote, Snapshot
from staffml_anki.anki.past import Intended
from staffml_anki.anki.plan import Kind, NoteChange
from staffml_anki.anki.wanted import Wanted
from staffml_anki.vault import QuestionId

INTERVAL, RECALL = 7, 0.9
GATE_OFF = "off"


@dataclass(frozen=True, slots=True)
class GateWish:
    """What the learner says of gating; None is as it was, or the default.

    Attributes:
        interval: days; a card with at least this interval is known.
        recall: a probability; a graduated card that FSRS gives at least this much today is known.
    """

    chains: bool | None = None
    interval: int | None = None
    recall: float | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """Gating that is on. ``known`` are the ids of the cards that count as known."""

    interval: int = INTERVAL
    recall: float = RECALL
    known: frozenset[int] = frozenset()

    def to_text(self) -> str:
        return json.dumps({"interval": self.interval, "recall": self.recall})


def gated(
    changes: Iterable[NoteChange],
    wanted: Wanted,
    snapshot: Snapshot,
    journal: Mapping[QuestionId, Intended],
    gate: Gate | None,
) -> list[NoteChange]:
    """The changes with what gating adds: steps that are locked, and steps that open. Without a gate, all open."""
    made = {change.question: change for change in changes}
    if gate is None:
        for key, note in snapshot.notes.items():
            if tags.has(note.tags, tags.LOCKED, tags.OPENED):
                made[key] = _opened(made.get(key), note, snapshot, mark=False)
        return list(made.values())
    ladder = _Ladder(wanted, snapshot, made, gate)
    for key in sorted(wanted.published & (snapshot.notes.keys() | made.keys())):
        held, change = snapshot.notes.get(key), made.get(key)
        if held is None:
            if change is not None and not ladder.ready(key):
                made[key] = _locked(change)
        elif tags.has(held.tags, tags.LOCKED):
            begun = journal.get(key)
            halfway = begun is not None and "locked" in begun.kinds
            if ladder.ready(key) or not (held.suspended or halfway):
                made[key] = _opened(change, held, snapshot, mark=True)
            elif not held.suspended:
                made[key] = _locked(change or _change(held, snapshot))
        elif _may_lock(held, change) and not ladder.ready(key):
            made[key] = _locked(change or _change(held, snapshot))
    return list(made.values())


class _Ladder:
    """Which steps may be open. A question's place is in its home chain, the first one that has it: so no two steps
    ever wait for each other."""

    def __init__(self, wanted: Wanted, snapshot: Snapshot, made: Mapping[QuestionId, NoteChange], gate: Gate) -> None:
        self._snapshot, self._made, self._gate = snapshot, made, gate
        self._before: dict[QuestionId, tuple[QuestionId, ...]] = {}
        for steps in wanted.chains:
            for position, step in enumerate(steps):
                self._before.setdefault(step, steps[:position])

    def ready(self, key: QuestionId) -> bool:
        """Whether the step before is known. One that the learner cannot study (deleted, retired, suspended by their own
        hand) is passed over."""
        for step in reversed(self._before.get(key, ())):
            held = self._snapshot.notes.get(step)
            if held is None:
                if step in self._made:
                    return False  # it is added now
                continue
            if any(card.id in self._gate.known for card in held.cards):
                return True
            own = held.suspended and not tags.has(held.tags, tags.LOCKED)
            if not own and not tags.has(held.tags, tags.RETIRED):
                return False
        return True


def _may_lock(held: HeldNote, change: NoteChange | None) -> bool:
    """Never what was answered, what is suspended or in a filtered deck, what was opened before, what has left."""
    leaves = change is not None and "retired" in change.kinds
    marked = tags.has(held.tags, tags.OPENED, tags.RETIRED)
    untouched = not any(card.reviewed or card.suspended or card.filtered for card in held.cards)
    return bool(held.cards) and untouched and not marked and not leaves


def _locked(change: NoteChange) -> NoteChange:
    kinds: tuple[Kind, ...] = (*change.kinds, "locked")
    added = tuple(sorted({*change.tags_added, tags.LOCKED}))
    return replace(change, kinds=kinds, tags_added=added, suspend=True)


def _opened(change: NoteChange | None, held: HeldNote, snapshot: Snapshot, *, mark: bool) -> NoteChange:
    change = change or _change(held, snapshot)
    gone = {tag for tag in held.tags if tag.casefold() in (tags.LOCKED.casefold(), tags.OPENED.casefold())}
    removed = tuple(sorted({*change.tags_removed, *(gone - {tags.OPENED} if mark else gone)}))
    added = tuple(sorted({*change.tags_added, *((tags.OPENED,) if mark else ())}))
    was_locked = tags.has(held.tags, tags.LOCKED)
    kind: Kind = "opened" if was_locked else "retagged"
    kinds = change.kinds if kind in change.kinds else (*change.kinds, kind)
    restored = "restored" in change.kinds and not tags.has(held.tags, tags.WAS_SUSPENDED)
    stays = "retired" in change.kinds or (tags.has(held.tags, tags.RETIRED) and not restored)
    suspended = any(card.suspended and not card.filtered for card in held.cards)
    suspend = False if was_locked and suspended and not stays else change.suspend
    return replace(change, kinds=kinds, tags_added=added, tags_removed=removed, suspend=suspend)


def _change(held: HeldNote, snapshot: Snapshot) -> NoteChange:
    """A change of a note to which nothing else happens."""
    names = snapshot.notetype.fields if snapshot.notetype else ()
    title = held.fields[names.index("Title")] if "Title" in names else held.question
    return NoteChange(held.question, title, held.id, ())


# -- asking Anki ----------------------------------------------------------------------------------


def make_gate(gateway: Gateway, snapshot: Snapshot, wish: GateWish, remembered: str) -> Gate | None:
    """The gate that the learner wants, with the cards that are known; None where gating is off.

    Args:
        remembered: how it was, as ``Gate.to_text``; "off"; or "" where this machine never synced: then a collection
            with locked steps says that another one has it on.

    Raises:
        AnkiError: Anki does not answer as it should.
    """
    before = json.loads(remembered) if remembered not in ("", GATE_OFF) else {}
    elsewhere = not remembered and any(tags.has(note.tags, tags.LOCKED) for note in snapshot.notes.values())
    if not (wish.chains if wish.chains is not None else bool(before) or elsewhere):
        return None
    interval = before.get("interval", INTERVAL) if wish.interval is None else wish.interval
    recall = before.get("recall", RECALL) if wish.recall is None else wish.recall
    held = snapshot.notetype
    if held is None:
        return Gate(interval, recall)
    known = set(gateway.find_cards(f"mid:{held.id} prop:ivl>={interval}"))
    with suppress(AnkiRefusedError):  # an Anki from before FSRS: intervals alone, then
        known |= set(gateway.find_cards(f"mid:{held.id} is:review -is:learn prop:r>={recall}"))
    return Gate(interval, recall, frozenset(known))
