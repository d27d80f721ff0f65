"""One `sync` as a conversation: show, ask, do, report. What to do is decided in the room `anki`."""

import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from staffml_anki import interrupts
from staffml_anki.cli import handover, output
from staffml_anki.errors import INTERRUPTED, PROBLEMS, StaffmlAnkiError
from staffml_anki.parallel import without_collector

if TYPE_CHECKING:
    from staffml_anki.anki.connect import Connection
    from staffml_anki.anki.memory import Memory
    from staffml_anki.anki.plan import Side
    from staffml_anki.anki.prepared import Prepared
    from staffml_anki.anki.request import SyncRequest
    from staffml_anki.anki.sync import Outcome, Session, Wish
    from staffml_anki.vault import QuestionId


@dataclass(frozen=True)
class SyncRun:
    """What was asked for on the command line.

    Attributes:
        saved: the plan of ``--apply``, as JSON.
        looking: stop after the plan.
        grade: scores of practice that wait are given to Anki without asking.
    """

    request: "SyncRequest"
    saved: dict[str, Any] | None
    plan_file: Path | None
    looking: bool
    yes: bool
    ask_about_conflicts: bool
    verbose: bool
    ankiweb: bool
    as_json: bool
    grade: bool = False

    @without_collector()
    def run(self, url: str, key: str | None) -> None:
        """Sync, or show what a sync would do.

        Raises:
            StaffmlAnkiError: nothing was changed, or the next sync finishes what was begun.
        """
        self._require_answers()
        connection = reach(url, key)
        with connection.memory() as memory, memory.alone():
            for notice in memory.notices:
                output.warn(f"note: {notice}")
            web = sync_with_ankiweb(connection, wanted=self.ankiweb and not self.looking)
            session = open_session(connection, memory)
            run = self._with_plan(connection)
            try:
                prepared = session.prepare(run.request.wish())
                run, prepared = run._settled(session, prepared)
                if not self.as_json:
                    _show(prepared, connection, verbose=self.verbose)
                if self.looking:
                    run._stop(session, prepared, connection)
                    return
                wish = run.request.wish()
                prepared = run._agreed(session, prepared, wish, connection)
                try:
                    outcome = session.apply(prepared, wish, int(time.time()))
                except (KeyboardInterrupt, Exception) as why:
                    if not isinstance(why, KeyboardInterrupt) and not interrupts.received():
                        raise
                    output.warn("staffml-anki: stopped in the middle; run sync again: it finishes the work")
                    sys.exit(INTERRUPTED)
            finally:
                session.discard()
            if not self.as_json:
                _report(outcome)
            grades = handover.offer_grades(connection, agreed=self.grade, ask=not self.yes, quiet=self.as_json)
            if web == "synced" and (grades["given"] or not prepared.plan.empty):
                web = sync_with_ankiweb_again(connection)
                if web == "synced" and not self.as_json:
                    output.say("  AnkiWeb has it: sync on the phone to get it there")
        if self.as_json:
            output.emit_json(_as_json(outcome, connection, web, dry_run=False) | {"practice": grades})
        if outcome.failed or outcome.errors or web == "failed":
            raise typer.Exit(PROBLEMS)

    def _require_answers(self) -> None:
        """Somebody has to answer, or nothing may be asked."""
        silent = self.as_json or not sys.stdin.isatty()
        if self.ask_about_conflicts and silent and (self.plan_file is not None or not self.looking):
            raise StaffmlAnkiError("--conflicts ask needs somebody to answer; use keep-mine or take-theirs")
        if self.yes or self.looking:
            return
        if self.as_json:
            raise StaffmlAnkiError("sync --json does not ask; add --yes to let it change the collection, or --dry-run")
        if not sys.stdin.isatty():
            raise StaffmlAnkiError(
                "sync asks before it changes anything, and nobody can answer here; add --yes or --dry-run"
            )

    def _with_plan(self, connection: "Connection") -> "SyncRun":
        """The same with the study plan that is under way; a saved plan says its own."""
        if self.saved is not None:
            return self
        plan = handover.plan_under_way(connection)
        return replace(self, request=self.request.model_copy(update={"plan": plan}))

    def _settled(self, session: "Session", prepared: "Prepared") -> tuple["SyncRun", "Prepared"]:
        """The plan once it is known to be sane, with the conflicts decided one by one where that was asked for."""
        session.require_sane(prepared, retire_many=self.request.retire_many)
        if prepared.gate is None and (self.request.gate_interval, self.request.gate_recall) != (None, None):
            raise StaffmlAnkiError("--gate-interval and --gate-recall count with gating only: add --gate-chains")
        if self.saved is not None and not prepared.plan.same_as(self.saved):
            raise StaffmlAnkiError("the collection or the vault has moved on since this plan; make a new one")
        if not self.ask_about_conflicts or not prepared.plan.conflicts or (self.looking and self.plan_file is None):
            return self, prepared
        answers = _ask_about_conflicts(prepared)
        run = replace(self, request=self.request.model_copy(update={"answers": answers}))
        return run, session.replan(prepared, run.request.wish())

    def _stop(self, session: "Session", prepared: "Prepared", connection: "Connection") -> None:
        from staffml_anki.anki.request import save_plan

        if self.plan_file is not None:
            save_plan(self.plan_file, self.request, prepared.plan)
            if not self.as_json:
                output.say(
                    f"saved to {self.plan_file}; staffml-anki sync --apply {self.plan_file} carries it out", "bold"
                )
        if self.as_json:
            output.emit_json(_as_json(session.outcome_of(prepared), connection, "skipped", dry_run=True))

    def _agreed(self, session: "Session", prepared: "Prepared", wish: "Wish", connection: "Connection") -> "Prepared":
        """The plan that the learner agreed to: looked at again after they answered, for Anki went on meanwhile."""
        while not prepared.plan.empty:
            if not prepared.snapshot.packages and prepared.snapshot.notes:
                unseen = "Anki cannot write a backup where we see it"
                why = unseen if wish.use_packages else "--no-packages has no backup"
                output.warn(f"note: {why}; make one in Anki (File → Create Backup)")
            if self.yes:
                break
            if not typer.confirm("Do it?", default=False):
                output.say("nothing was changed")
                raise typer.Exit
            again = session.prepare(wish)
            if again.plan == prepared.plan:
                return again
            output.say("\nthe collection has changed meanwhile; now it would be:", "bold")
            prepared = again
            session.require_sane(prepared, retire_many=self.request.retire_many)
            _show(prepared, connection, verbose=self.verbose)
        return prepared


def reach(url: str, key: str | None) -> "Connection":
    """Anki, or one line that says why not."""
    from staffml_anki.anki.connect import connect, find_key

    return connect(url, find_key(key))


def open_session(connection: "Connection", memory: "Memory") -> "Session":
    from staffml_anki.anki.sync import Session

    return Session(connection.gateway, memory, say=output.step, progress=output.progress)


def sync_with_ankiweb(connection: "Connection", *, wanted: bool) -> str:
    """What became of the sync with AnkiWeb: "synced", "skipped", or why not.

    Before: what was reviewed and edited on the phone must be here before anything is compared. After: so that the
    phone gets the rest.
    """
    from staffml_anki.anki.errors import AnkiRefusedError

    if not wanted:
        return "skipped"
    output.step("syncing with AnkiWeb")
    try:
        connection.gateway.sync_with_ankiweb()
    except AnkiRefusedError as error:
        if "Sync status" in error.said:
            raise StaffmlAnkiError(
                "AnkiWeb and this collection differ so much that one has to replace the other: press Sync in Anki and "
                "choose, or use --no-ankiweb"
            ) from None
        output.warn(f"note: {error}")
        return "not logged in" if "auth not configured" in error.said else "refused"
    return "synced"


def sync_with_ankiweb_again(connection: "Connection") -> str:
    """The sync after the work: when it fails, the work is done all the same, and said."""
    why = ""
    try:
        done = sync_with_ankiweb(connection, wanted=True) == "synced"
    except StaffmlAnkiError as error:
        done, why = False, f": {error}"
    if not done:
        output.warn(f"staffml-anki: everything is in Anki, but not on AnkiWeb yet{why}")
    return "synced" if done else "failed"


def _ask_about_conflicts(prepared: "Prepared") -> "tuple[tuple[QuestionId, str, Side], ...]":
    from staffml_anki.cli.plans import show_conflict

    answers: list[tuple[QuestionId, str, Side]] = []
    for number, (question, conflict) in enumerate(prepared.plan.conflicts, start=1):
        output.say(f"\n{number} of {len(prepared.plan.conflicts)}: {question} · {conflict.field}", "bold")
        show_conflict(conflict)
        theirs = typer.confirm("Take the release's text?", default=False)
        answers.append((question, conflict.field, "theirs" if theirs else "mine"))
    return tuple(answers)


def _show(prepared: "Prepared", connection: "Connection", *, verbose: bool) -> None:
    from staffml_anki.cli.plans import show_plan

    output.problems(prepared.wanted.errors)
    show_plan(prepared.plan, connection.profile, len(prepared.snapshot.notes), verbose=verbose)


def _as_json(outcome: "Outcome", connection: "Connection", web: str, *, dry_run: bool) -> dict[str, object]:
    from staffml_anki.cli.plans import outcome_json

    return outcome_json(outcome) | {"profile": connection.profile, "ankiweb": web, "dry_run": dry_run}


def _report(outcome: "Outcome") -> None:
    from staffml_anki.cli.plans import show_outcome

    show_outcome(outcome)
