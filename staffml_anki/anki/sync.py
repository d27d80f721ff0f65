"""A sync from end to end: look, plan, back up, apply, read back, remember."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from staffml_anki.anki.apply import Applied, apply_plan, try_again
from staffml_anki.anki.calls import Say, Workshop
from staffml_anki.anki.gateway import Gateway
from staffml_anki.anki.gating import GATE_OFF, Gate, GateWish, make_gate
from staffml_anki.anki.held import SEPARATOR, Snapshot
from staffml_anki.anki.memory import UNKNOWN, Intended, Memory, Remembered, Written
from staffml_anki.anki.merge import Choices, looks_wrong, make_plan, places_of, text_digest
from staffml_anki.anki.places import Places
from staffml_anki.anki.plan import KINDS, NoteChange, Plan
from staffml_anki.anki.snapshot import require_fields, take_snapshot
from staffml_anki.anki.verify import Failure, ReadBack, all_fields, failures, read_back
from staffml_anki.anki.wanted import PlanDecks, Wanted, inputs_of, read_wanted
from staffml_anki.cards.notetype import FIELDS, Templates, load_templates
from staffml_anki.cards.tags import ROOT
from staffml_anki.decks.recipe import Recipe
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.parallel import Progress, no_progress, without_collector
from staffml_anki.vault import Problem, QuestionId, open_source
from staffml_anki.vault.select import Selection

BACKUPS = 5
GATE = "gate"
"""Under this name the memory keeps how chains are gated."""
SHARED, CALLS = "package", "calls"


@dataclass(frozen=True)
class Wish:
    """What the learner wants in their collection.

    Attributes:
        use_packages: False to do everything through note calls.
        gate: whether later steps of chains stay locked; by default, as it was.
        plan: the study plan that is under way.
    """

    vault: Path
    recipe: Recipe
    narrow: Selection = field(default_factory=Selection)
    choices: Choices = field(default_factory=Choices)
    use_packages: bool = True
    gate: GateWish = field(default_factory=GateWish)
    plan: PlanDecks | None = None


@dataclass(frozen=True)
class Prepared:
    """All that a plan was made from, and the plan."""

    wanted: Wanted
    snapshot: Snapshot
    remembered: Remembered
    templates: Templates
    plan: Plan
    roots: tuple[str, ...]
    from_memory: bool
    """The release is the one of the last sync, and was not read again."""
    gate: Gate | None = None
    relayout: bool = False

    @property
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

    @cached_property
    def places(self) -> Places:
        """Where the plan puts what the recipe calls by its paths."""
        return places_of(self.wanted, self.snapshot, self.remembered, relayout=self.relayout)

    def base_of(self, question: QuestionId, field: str) -> str | None:
        """The text that both sides of a conflict started from; None where nobody knows it."""
        before = self.remembered.notes.get(question)
        base = before.note.fields[FIELDS.index(field)] if before is not None else None
        return self.remembered.undecided.get((question, field), base)


@dataclass(frozen=True)
class Outcome:
    """What a sync did: counts of notes as they were read back, and the lists behind them.

    A note counts once in each of ``added`` to ``opened`` that happened to it, and in ``unchanged`` if none did.

    Attributes:
        failed: changes that did not take.
        backup: the packages written before anything was changed.
        way: "package" or "calls".
        errors: what is broken in the vault.
    """

    plan: Plan
    added: int
    updated: int
    retagged: int
    moved: int
    retired: int
    restored: int
    locked: int
    opened: int
    conflicts: int
    unchanged: int
    failed: tuple[Failure, ...]
    backup: tuple[str, ...]
    way: str
    errors: tuple[Problem, ...]


class Session:
    """One profile of one Anki, and what we remember of it; whoever changes anything holds ``memory.alone()``."""

    def __init__(
        self, gateway: Gateway, memory: Memory, *, say: Say = lambda _: None, progress: Progress = no_progress
    ):
        self.gateway, self.memory = gateway, memory
        self._say, self._progress = say, progress

    @without_collector()
    def prepare(self, wish: Wish) -> Prepared:
        """Look at both sides and plan. Changes nothing.

        Raises:
            StaffmlAnkiError: the vault cannot be used, or Anki does not answer.
        """
        templates = load_templates()
        source = open_source(wish.vault)
        remembered = self.memory.remembered()
        wanted = self.memory.wanted(inputs_of(source, wish.recipe, wish.narrow, wish.plan), remembered)
        from_memory = wanted is not None
        if wanted is None:
            chain_names = self.memory.chain_names()
            rendered = {key: written.note for key, written in remembered.notes.items()}
            wanted = read_wanted(source, wish.recipe, wish.narrow, chain_names, self._progress, wish.plan, rendered)
        roots = self._roots((*wanted.descriptions, *remembered.decks), remembered)
        scratch = self.memory.folder / "snapshot.apkg" if wish.use_packages else None
        self._say("reading the collection")
        snapshot = take_snapshot(self.gateway, roots, scratch)
        if snapshot.notetype is not None:
            require_fields(snapshot.notetype)
        remembered = self.memory.remembered() if self.memory.finish_pruning(snapshot.notes.keys()) else remembered
        gate = make_gate(self.gateway, snapshot, wish.gate, self.memory.about(GATE))
        plan = make_plan(wanted, snapshot, remembered, replace(wish.choices, gate=gate), templates)
        relayout = wish.choices.relayout
        return Prepared(wanted, snapshot, remembered, templates, plan, tuple(roots), from_memory, gate, relayout)

    def replan(self, prepared: Prepared, wish: Wish) -> Prepared:
        """The same look at both sides, with other choices."""
        choices = replace(wish.choices, gate=prepared.gate)
        plan = make_plan(prepared.wanted, prepared.snapshot, prepared.remembered, choices, prepared.templates)
        return replace(prepared, plan=plan, relayout=choices.relayout)

    def look(self) -> Snapshot:
        """A snapshot alone, without a vault; its exports are the backup."""
        remembered = self.memory.remembered()
        roots = self._roots(remembered.decks or (ROOT,), remembered)
        snapshot = take_snapshot(self.gateway, roots, self.memory.folder / "snapshot.apkg", everywhere=True)
        self.memory.finish_pruning(snapshot.notes.keys())
        return snapshot

    def outcome_of(self, prepared: Prepared) -> Outcome:
        """What applying a plan would give if everything took."""
        return _outcome(prepared, (), (), SHARED if prepared.snapshot.packages else CALLS)

    @staticmethod
    def discard(snapshot: Snapshot) -> None:
        """Remove the exports of a snapshot that is not needed any more."""
        for package in snapshot.packages:
            package.unlink(missing_ok=True)

    def require_sane(self, prepared: Prepared, *, retire_many: bool) -> None:
        """Refuse what looks like another vault than the one the collection was filled from.

        Raises:
            StaffmlAnkiError: a large part of the notes would be retired.
        """
        if looks_wrong(prepared.plan, prepared.snapshot) and not retire_many:
            retired, all_notes = prepared.plan.count("retired"), len(prepared.snapshot.notes)
            raise StaffmlAnkiError(
                f"this vault would retire {retired:,} of {all_notes:,} notes; is --vault the right one? If it is, say "
                "so with --retire-many"
            )

    @without_collector()
    def apply(self, prepared: Prepared, wish: Wish, now: int) -> Outcome:
        """Back up, carry out the plan, read back, try by calls what did not take, and remember.

        Args:
            now: seconds since the epoch.

        Raises:
            AnkiError: Anki is gone or does not answer as it should; the next sync goes on from there.
        """
        plan, snapshot = prepared.plan, prepared.snapshot
        self.memory.set_about(GATE, prepared.gate.to_text() if prepared.gate else GATE_OFF)
        if plan.empty:
            self.discard(snapshot)
            decided = prepared.undecided != prepared.remembered.undecided
            stopped = prepared.remembered.journal or prepared.remembered.making
            if not prepared.from_memory or stopped or decided:
                self._remember(prepared, ReadBack({}, {}), (), Applied(packages=False, described=frozenset()))
            return _outcome(prepared, (), (), CALLS)
        backup = self.back_up(snapshot, now)
        self.memory.begin(_intended(prepared), {deck.path: deck.name for deck in plan.new_decks})
        # Without anything of ours in the collection nothing was exported: whether Anki reads our files shows then.
        packages = wish.use_packages and (bool(snapshot.packages) or not snapshot.notes)
        package = self.memory.folder / "delta.apkg" if packages else None
        shop = Workshop(self.gateway, prepared.wanted, snapshot, prepared.templates, package, now, self._say)
        applied = apply_plan(plan, shop)
        self._say("reading back")
        scratch = self.memory.folder / "snapshot.apkg" if packages else None
        back = read_back(self.gateway, plan.changes, snapshot, prepared.roots, scratch)
        failed = failures(plan, snapshot, prepared.wanted, back)
        if failed:
            again = {failure.question for failure in failed}
            changes = [_again(change, prepared, back) for change in plan.changes if change.question in again]
            there = replace(snapshot, notes={**back.notes, **snapshot.notes})
            try_again(changes, replace(shop, snapshot=there, package=None))
            back = read_back(self.gateway, plan.changes, snapshot, prepared.roots, scratch)
            failed = failures(plan, snapshot, prepared.wanted, back)
        self._remember(prepared, back, failed, applied)
        return _outcome(prepared, tuple(failed), tuple(map(str, backup)), SHARED if applied.packages else CALLS)

    # -- details ----------------------------------------------------------------------------------

    def _roots(self, paths: Iterable[str], remembered: Remembered) -> list[str]:
        """Top-level decks likely to hold our cards: what ours is called now, and what the recipe calls it."""
        tops = sorted({path.partition("::")[0] for path in paths})
        if not remembered.decks:
            return tops
        names = {number: name for name, number in self.gateway.decks().items()}
        renamed = [
            names[number] for path, (number, _) in remembered.decks.items() if "::" not in path and number in names
        ]
        return [*sorted(renamed), *tops]

    def back_up(self, snapshot: Snapshot, now: int) -> list[Path]:
        """Keep the exports that the snapshot was read from, and of all backups the last five."""
        folder = self.memory.folder / "backups"
        folder.mkdir(exist_ok=True)
        stamp = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d-%H%M%S")
        kept = []
        for number, package in enumerate(snapshot.packages, start=1):
            target = folder / (f"{stamp}.apkg" if number == 1 else f"{stamp}-part{number}.apkg")
            shutil.move(package, target)
            kept.append(target)
        stamps = sorted({path.name[:17] for path in folder.glob("*.apkg")}, reverse=True)
        for path in folder.glob("*.apkg"):
            if path.name[:17] in stamps[BACKUPS:]:
                path.unlink(missing_ok=True)
        return kept

    def _remember(self, prepared: Prepared, back: ReadBack, failed: Sequence[Failure], applied: Applied) -> None:
        lost = {failure.question for failure in failed}
        written, whole = _written(prepared, back, lost)
        decks = {}
        if not prepared.plan.empty or not prepared.remembered.decks:
            decks = _decks(prepared, self.gateway.decks(), applied)
        self.memory.finish(
            written,
            prepared.remembered.notes,
            decks,
            prepared.wanted,
            whole=whole,
            failed=lost,
            undecided=prepared.undecided,
            replaced=_replaced(prepared, written),
        )


def _again(change: NoteChange, prepared: Prepared, back: ReadBack) -> NoteChange:
    """A change to be tried once more: of a note that is there by now only what is in it is written."""
    note = back.notes.get(change.question)
    if note is None or change.note:
        return change
    return replace(change, note=note.id, fields=all_fields(change, prepared.wanted))


def _intended(prepared: Prepared) -> dict[QuestionId, Intended]:
    """The journal: what each touched note is about to become."""
    ids = prepared.snapshot.deck_ids
    found = {}
    for change in prepared.plan.changes:
        note = prepared.wanted.notes.get(change.question)
        fields = note.fields if note else []
        for conflict in change.conflicts:
            # Were it the release's text, the next sync would take the learner's for an edit of it, and no conflict.
            base = prepared.base_of(change.question, conflict.field)
            fields[FIELDS.index(conflict.field)] = UNKNOWN if base is None else base
        for name in prepared.plan.notetype.added if fields else ():
            fields[FIELDS.index(name)] = ""
        text = SEPARATOR.join(fields)
        found[change.question] = Intended(text, ids.get(change.deck.casefold(), 0), frozenset(change.kinds))
    return found


def _written(prepared: Prepared, back: ReadBack, failed: set[QuestionId]) -> tuple[list[Written], bool]:
    """What is certain to be in the collection as the release has it, and whether that is all of the release."""
    plan, past = prepared.plan, prepared.remembered.notes
    moved = {change.question for change in plan.changes if change.deck}
    places = prepared.places
    waiting = set(plan.waiting)
    found = []
    for key, note in prepared.wanted.notes.items():
        before = past.get(key)
        if key in failed:
            continue
        deck = before.deck if before is not None else 0
        if key in moved and key in back.notes:
            deck = prepared.snapshot.deck_of(back.notes[key])
        elif before is not None and before.note.path != note.path and key in prepared.snapshot.notes:
            # A sync that was stopped has moved it, perhaps: where it belongs, it counts as put there by us.
            here = prepared.snapshot.deck_of(prepared.snapshot.notes[key])
            if prepared.snapshot.decks.get(here, "").casefold() == places.of(note.path).casefold():
                deck = here
        # A card that waits in a filtered deck still belongs where it was: the next sync moves it.
        was = before.note.path if before is not None else note.home or note.path
        found.append(Written(replace(note, path=was) if key in waiting else note, deck, True))
    return found, not failed and not waiting


def _replaced(prepared: Prepared, written: Sequence[Written]) -> Iterable[tuple[QuestionId, str, str]]:
    """Texts of ours that a newer one follows."""
    for each in written:
        before = prepared.remembered.notes.get(each.note.question)
        if before is None or before.note.text == each.note.text:
            continue
        for name, old, new in zip(FIELDS, before.note.fields, each.note.fields, strict=True):
            if old != new and old:
                yield each.note.question, name, text_digest(old)


def _decks(prepared: Prepared, decks: Mapping[str, int], applied: Applied) -> dict[str, tuple[int, str]]:
    """The ids of the decks that stand for the recipe's, and the descriptions in them that are ours."""
    plan, snapshot, past = prepared.plan, prepared.snapshot, prepared.remembered.decks
    ids = {name.casefold(): number for name, number in decks.items()}
    new = {deck.path: deck.name for deck in plan.new_decks}
    places = prepared.places
    found = {}
    for path, description in prepared.wanted.descriptions.items():
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


_THEIRS = "\x00"
"""Stands for a description that we have not written: none in a collection equals it."""


def _outcome(prepared: Prepared, failed: tuple[Failure, ...], backup: tuple[str, ...], way: str) -> Outcome:
    plan = prepared.plan
    lost = {failure.question for failure in failed}
    counts = {kind: sum(change.question not in lost for change in plan.of_kind(kind)) for kind in KINDS}
    conflicts = sum(bool(change.conflicts) for change in plan.notes)
    return Outcome(
        plan, **counts, conflicts=conflicts, unchanged=plan.unchanged, failed=failed, backup=backup, way=way,
        errors=prepared.wanted.errors,
    )  # fmt: skip
