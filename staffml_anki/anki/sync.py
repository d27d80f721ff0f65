"""A sync from end to end: look, plan, back up, apply, read back, remember."""

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from staffml_anki.anki.apply import Applied, apply_plan, try_again
from staffml_anki.anki.calls import Say, Workshop
from staffml_anki.anki.gateway import Gateway
from staffml_anki.anki.gating import GATE_OFF, GateWish, make_gate
from staffml_anki.anki.held import Snapshot
from staffml_anki.anki.memory import Memory
from staffml_anki.anki.merge import Choices, looks_wrong, make_plan
from staffml_anki.anki.places import lineage
from staffml_anki.anki.plan import KINDS, NoteChange, Plan
from staffml_anki.anki.prepared import Prepared
from staffml_anki.anki.snapshot import find_elsewhere, require_fields, take_snapshot
from staffml_anki.anki.verify import Failure, ReadBack, all_fields, failures, read_back
from staffml_anki.anki.wanted import PlanDecks, inputs_of, read_wanted
from staffml_anki.cards.notetype import load_templates
from staffml_anki.cards.tags import ROOT
from staffml_anki.decks.recipe import Recipe
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.parallel import Progress, meanwhile, no_progress
from staffml_anki.vault import Problem, open_source
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

    def prepare(self, wish: Wish) -> Prepared:
        """Look at both sides and plan. Changes nothing.

        Raises:
            StaffmlAnkiError: the vault cannot be used, or Anki does not answer.
        """
        source = open_source(wish.vault)
        inputs = inputs_of(source, wish.recipe, wish.narrow, wish.plan)
        look = self._look(wish.use_packages)
        from_memory = self.memory.knows(inputs)
        if from_memory:
            self._say("reading the collection")
            with meanwhile(look) as looked:
                templates, remembered = load_templates(), self.memory.remembered()
                wanted = self.memory.wanted(inputs, remembered)
            snapshot = looked()
        else:
            templates, remembered, names = load_templates(), self.memory.remembered(), self.memory.chain_names()
            rendered = {key: written.note for key, written in remembered.notes.items()}
            wanted = read_wanted(source, wish.recipe, wish.narrow, names, self._progress, wish.plan, rendered)
            # Not before, nor at the same time: what the learner does while a vault is rendered has to be seen.
            self._say("reading the collection")
            snapshot = look()
        if snapshot.notetype is not None:
            require_fields(snapshot.notetype)
        remembered = self.memory.remembered() if self._finish_pruning(snapshot) else remembered
        gate = make_gate(self.gateway, snapshot, wish.gate, self.memory.about(GATE))
        lacking = sorted(wanted.notes.keys() - snapshot.notes.keys())
        snapshot = replace(snapshot, elsewhere=find_elsewhere(self.gateway, snapshot, remembered, lacking))
        plan = make_plan(wanted, snapshot, remembered, replace(wish.choices, gate=gate), templates)
        self._require_plain_decks(plan, snapshot)
        relayout = wish.choices.relayout
        roots = self._roots(wanted.descriptions)
        return Prepared(wanted, snapshot, remembered, templates, plan, roots, from_memory, gate, relayout)

    def replan(self, prepared: Prepared, wish: Wish) -> Prepared:
        """The same look at both sides, with other choices."""
        choices = replace(wish.choices, gate=prepared.gate)
        plan = make_plan(prepared.wanted, prepared.snapshot, prepared.remembered, choices, prepared.templates)
        return replace(prepared, plan=plan, relayout=choices.relayout)

    def look(self) -> Snapshot:
        """A snapshot alone, without a vault; its exports are the backup."""
        snapshot = self._look(use_packages=True, everywhere=True)()
        self._finish_pruning(snapshot)
        return snapshot

    def outcome_of(self, prepared: Prepared) -> Outcome:
        """What applying a plan would give if everything took."""
        return _outcome(prepared, (), (), SHARED if prepared.snapshot.packages else CALLS)

    def discard(self) -> None:
        """Remove the exports that snapshots were read from, but for those that became the backup."""
        for package in self.memory.folder.glob("snapshot-*.apkg"):
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
            news = prepared.unfinished or prepared.decided or prepared.renumbered
            if news or not prepared.from_memory:
                self._remember(prepared, ReadBack({}, {}), (), Applied(packages=False, described=frozenset()))
            return _outcome(prepared, (), (), CALLS)
        backup = self.back_up(snapshot, now)
        self.memory.begin(
            prepared.intended(), prepared.remembered.journal, {deck.path: deck.name for deck in plan.new_decks}
        )
        # Without anything of ours in the collection nothing was exported: whether Anki reads our files shows then.
        packages = wish.use_packages and (bool(snapshot.packages) or not snapshot.notes)
        package = self.memory.folder / "delta.apkg" if packages else None
        shop = Workshop(self.gateway, prepared.wanted, snapshot, prepared.templates, package, now, self._say)
        applied = apply_plan(plan, shop)
        self._say("reading back")
        scratch = self._scratch if packages else None
        back = read_back(self.gateway, plan.changes, snapshot, prepared.roots, scratch)
        failed = failures(plan, snapshot, prepared.wanted, back)
        if failed:
            again = {failure.question for failure in failed}
            changes = [_again(change, prepared, back) for change in plan.changes if change.question in again]
            there = replace(snapshot, notes={**snapshot.notes, **back.notes})
            try_again(changes, replace(shop, snapshot=there, package=None))
            back = read_back(self.gateway, plan.changes, snapshot, prepared.roots, scratch)
            failed = failures(plan, snapshot, prepared.wanted, back)
            self.memory.begin(prepared.doubted(back, [failure.question for failure in failed]), {}, {})
        self._remember(prepared, back, failed, applied)
        return _outcome(prepared, tuple(failed), tuple(map(str, backup)), SHARED if applied.packages else CALLS)

    # -- details ----------------------------------------------------------------------------------

    def _require_plain_decks(self, plan: Plan, snapshot: Snapshot) -> None:
        """Refuse a plan that needs a deck where the learner has a filtered one: Anki would put the cards, or the deck
        itself, somewhere else.

        Raises:
            StaffmlAnkiError: there is such a deck.
        """
        needed = {change.deck for change in plan.changes if change.deck} | {deck.name for deck in plan.new_decks}
        lineages = {above for name in needed for above in lineage(name)}
        there = sorted(
            snapshot.decks[number] for name in lineages if (number := snapshot.deck_ids.get(name.casefold()))
        )
        options = self.gateway.many([("getDeckConfig", {"deck": name}) for name in there])
        for name, found in zip(there, options, strict=True):
            if isinstance(found, dict) and found.get("dyn"):
                raise StaffmlAnkiError(
                    f"'{name}' is a filtered deck, and cards of this recipe belong into a deck of that name: rename it "
                    "in Anki, then run this again"
                )

    def _look(self, use_packages: bool, *, everywhere: bool = False) -> Callable[[], Snapshot]:
        """What takes a snapshot: for another thread, so the memory is asked now."""
        scratch = self._scratch if use_packages else None
        roots, traces = self._roots(), self.memory.traces()
        self.discard()
        return lambda: take_snapshot(self.gateway, roots, scratch, traces, everywhere=everywhere)

    def _finish_pruning(self, snapshot: Snapshot) -> bool:
        return self.memory.finish_pruning({note.id for note in snapshot.notes.values()})

    @property
    def _scratch(self) -> Path:
        """Where snapshots are exported to."""
        return self.memory.folder / "snapshot.apkg"

    def _roots(self, paths: Iterable[str] = ()) -> tuple[int | str, ...]:
        """Top-level decks likely to hold our cards: the ids of those that we made, and how the recipe calls them."""
        made = self.memory.deck_numbers()
        tops = sorted({path.partition("::")[0] for path in (*made, *paths)})
        return (*(made[top] for top in tops if top in made), *(tops or (ROOT,)))

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
        written, whole = prepared.written(back, lost)
        decks = {}
        if not prepared.plan.empty or not prepared.remembered.decks:
            decks = prepared.decks(self.gateway.decks(), applied)
        self.memory.finish(
            written,
            prepared.remembered.notes,
            decks,
            prepared.wanted,
            whole=whole,
            settled=prepared.settled - lost,
            undecided=prepared.undecided,
            replaced=prepared.replaced(written),
            numbers=prepared.numbers(back),
        )


def _again(change: NoteChange, prepared: Prepared, back: ReadBack) -> NoteChange:
    """A change to be tried once more: of a note that is there by now only what is in it is written."""
    note = back.notes.get(change.question)
    if note is None:
        return change
    return change if change.note else replace(change, note=note.id, fields=all_fields(change, prepared.wanted))


def _outcome(prepared: Prepared, failed: tuple[Failure, ...], backup: tuple[str, ...], way: str) -> Outcome:
    plan = prepared.plan
    lost = {failure.question for failure in failed}
    counts = {kind: sum(change.question not in lost for change in plan.of_kind(kind)) for kind in KINDS}
    conflicts = sum(bool(change.conflicts) for change in plan.notes)
    return Outcome(
        plan, **counts, conflicts=conflicts, unchanged=plan.unchanged, failed=failed, backup=backup, way=way,
        errors=prepared.wanted.errors,
    )  # fmt: skip
