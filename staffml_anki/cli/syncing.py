"""`sync`, `doctor` and `prune`: the learner's own collection."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from staffml_anki.cli import handover, options, output
from staffml_anki.errors import PROBLEMS, StaffmlAnkiError

if TYPE_CHECKING:
    from staffml_anki.anki.connect import Connection
    from staffml_anki.anki.sync import Outcome, Prepared, Session, Wish

CONNECTION = "Reach Anki"
KEEP = "What stays yours"
GATING = "Chains, step by step"

Url = Annotated[
    str,
    typer.Option("--url", help="Where AnkiConnect answers.", envvar="STAFFML_ANKI_URL", rich_help_panel=CONNECTION),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        help="AnkiConnect's API key, if it has one; better in a file ankiconnect.key in the data folder.",
        envvar="ANKICONNECT_API_KEY",
        show_envvar=True,
        show_default=False,
        rich_help_panel=CONNECTION,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
DEFAULT_URL = "http://127.0.0.1:8765"


def register(app: typer.Typer) -> None:
    app.command("sync")(sync)
    app.command("doctor")(doctor)
    app.command("prune")(prune)


def sync(
    vault: options.VaultPath = options.DEFAULT_VAULT,
    recipe: options.RecipeName = "complete",
    track: options.Tracks = [],  # noqa: B006 - typer copies defaults
    level: options.Levels = [],  # noqa: B006
    area: options.Areas = [],  # noqa: B006
    topic: options.Topics = [],  # noqa: B006
    zone: options.Zones = [],  # noqa: B006
    chain: options.Chains = [],  # noqa: B006
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Show what would happen, and stop.")] = False,
    yes: Yes = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show every note, with the words that change.")] = False,
    conflicts: Annotated[
        Literal["keep-mine", "take-theirs", "ask"],
        typer.Option(
            "--conflicts", help="Whose text wins where you and the release changed a field.", rich_help_panel=KEEP
        ),
    ] = "keep-mine",
    relayout: Annotated[
        bool,
        typer.Option(
            "--relayout", help="Move every card to the recipe's decks, also those you moved.", rich_help_panel=KEEP
        ),
    ] = False,
    reset_templates: Annotated[
        bool,
        typer.Option("--reset-templates", help="Replace templates and CSS that you changed.", rich_help_panel=KEEP),
    ] = False,
    restore_deleted: Annotated[
        bool, typer.Option("--restore-deleted", help="Add notes again that you deleted.", rich_help_panel=KEEP)
    ] = False,
    retire_many: Annotated[
        bool, typer.Option("--retire-many", help="Allow retiring a large part of the notes.", rich_help_panel=KEEP)
    ] = False,
    add_fields: Annotated[
        bool,
        typer.Option(
            "--add-fields",
            help="Put back fields that the note type lacks. AnkiWeb then wants a one-way sync from this computer.",
            rich_help_panel=KEEP,
        ),
    ] = False,
    gate_chains: Annotated[
        bool | None,
        typer.Option(
            "--gate-chains/--no-gate-chains",
            help="Keep later steps of chains suspended until the step before is known; or open all that this locked.",
            show_default="as it was",
            rich_help_panel=GATING,
        ),
    ] = None,
    gate_interval: Annotated[
        int | None,
        typer.Option(
            "--gate-interval", min=1, help="Known from this interval in days.", show_default="7", rich_help_panel=GATING
        ),
    ] = None,
    gate_recall: Annotated[
        float | None,
        typer.Option(
            "--gate-recall",
            min=0.5,
            max=0.99,
            help="Or from this recall today, by FSRS.",
            show_default="0.9",
            rich_help_panel=GATING,
        ),
    ] = None,
    grade_in_anki: Annotated[
        bool, typer.Option("--grade-in-anki", help="Give waiting scores of practice to Anki, without asking.")
    ] = False,
    previous: Annotated[
        Path | None,
        typer.Option(
            "--previous", help="The manifest of the .apkg that you imported: tells your edits from its texts."
        ),
    ] = None,
    plan: Annotated[Path | None, typer.Option("--plan", help="Save the plan as JSON, and stop.")] = None,
    apply: Annotated[
        Path | None, typer.Option("--apply", help="Carry out a saved plan, or refuse if it is outdated.")
    ] = None,
    ankiweb: Annotated[
        bool,
        typer.Option("--ankiweb/--no-ankiweb", help="Sync with AnkiWeb before and after, so that phones have it, too."),
    ] = True,
    notes_only: Annotated[
        bool,
        typer.Option(
            "--no-packages", help="Do everything note by note: slow, without a backup.", rich_help_panel=CONNECTION
        ),
    ] = False,
    url: Url = DEFAULT_URL,
    key: Key = None,
    as_json: options.AsJson = False,
) -> None:
    """Bring the collection in Anki up to date, through AnkiConnect. Shows what it would do, and asks.

    Your reviews, edits, tags, suspensions, flags and deck moves stay. docs/sync.md says what else, and how.

    [dim]Examples:[/dim]
      staffml-anki sync --vault interviews/vault --dry-run
      staffml-anki sync --vault interviews/vault
      staffml-anki sync --conflicts ask --verbose
      staffml-anki sync --plan plan.json && staffml-anki sync --apply plan.json
    """
    from staffml_anki.anki.request import SyncRequest, read_plan, save_plan

    saved = None
    if apply is not None:
        request, saved = read_plan(apply)
    else:
        request = SyncRequest(
            vault=str(vault.absolute()),
            recipe=recipe,
            narrow=options.selection(track=track, level=level, area=area, topic=topic, zone=zone, chain=chain),
            conflicts="theirs" if conflicts == "take-theirs" else "mine",
            relayout=relayout,
            reset_templates=reset_templates,
            restore_deleted=restore_deleted,
            retire_many=retire_many,
            add_fields=add_fields,
            previous=str(previous.absolute()) if previous else "",
            use_packages=not notes_only,
            gate_chains=gate_chains,
            gate_interval=gate_interval,
            gate_recall=gate_recall,
        )
    looking = dry_run or plan is not None
    if not (yes or looking or as_json or sys.stdin.isatty()):
        raise StaffmlAnkiError(
            "sync asks before it changes anything, and nobody can answer here; add --yes or --dry-run"
        )
    if as_json and not (yes or looking):
        raise StaffmlAnkiError("sync --json does not ask; add --yes to let it change the collection, or --dry-run")
    connection = _connect(url, key)
    with connection.memory() as memory, memory.alone():
        for notice in memory.notices:
            output.warn(f"note: {notice}")
        web = _ankiweb(connection, wanted=ankiweb and not looking)
        session = _session(connection, memory)
        if apply is None:
            request = request.model_copy(update={"plan": handover.plan_under_way(connection)})
        wish = request.wish()
        prepared = session.prepare(wish)
        session.require_sane(prepared, retire_many=request.retire_many)
        if conflicts == "ask" and saved is None and not looking:
            wish = _ask_about_conflicts(prepared, wish)
            prepared = session.replan(prepared, wish)
        if saved is not None and not prepared.plan.same_as(saved):
            session.discard(prepared.snapshot)
            raise StaffmlAnkiError(f"{apply}: the collection or the vault has moved on since; make a new plan")
        if not as_json:
            _show(prepared, connection, verbose=verbose)
        if plan is not None:
            save_plan(plan, request, prepared.plan)
            output.say(f"saved to {plan}; staffml-anki sync --apply {plan} carries it out")
        if looking:
            session.discard(prepared.snapshot)
            if as_json:
                output.emit_json(_as_json(session.outcome_of(prepared), connection, "skipped", dry_run=True))
            return
        prepared = _agreed(session, prepared, wish, yes=yes or saved is not None, connection=connection)
        outcome = session.apply(prepared, wish, int(time.time()))
        if web == "synced" and not prepared.plan.empty:
            web = _ankiweb(connection, wanted=True)
    if not as_json:
        _report(outcome, web)
    grades = handover.offer_grades(connection, agreed=grade_in_anki, ask=not yes, quiet=as_json)
    if as_json:
        output.emit_json(_as_json(outcome, connection, web, dry_run=False) | {"practice": grades})
    if outcome.failed or outcome.errors:
        raise typer.Exit(PROBLEMS)


def _connect(url: str, key: str | None) -> "Connection":
    from staffml_anki.anki.connect import connect, find_key

    return connect(url, find_key(key))


def _session(connection: "Connection", memory: object) -> "Session":
    from staffml_anki.anki.memory import Memory
    from staffml_anki.anki.sync import Session

    assert isinstance(memory, Memory)
    return Session(connection.gateway, memory, say=output.step, progress=output.progress)


def _ankiweb(connection: "Connection", *, wanted: bool) -> str:
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


def _agreed(
    session: "Session", prepared: "Prepared", wish: "Wish", *, yes: bool, connection: "Connection"
) -> "Prepared":
    """The plan that the learner agreed to: looked at again after they answered, for Anki went on meanwhile."""
    while not prepared.plan.empty and not yes:
        if not prepared.snapshot.packages and prepared.snapshot.notes:
            output.warn("note: Anki cannot write a backup where we see it; make one in Anki (File → Create Backup)")
        if not typer.confirm("Do it?", default=False):
            session.discard(prepared.snapshot)
            output.say("nothing was changed")
            raise typer.Exit
        again = session.prepare(wish)
        if again.plan.to_json() == prepared.plan.to_json():
            return again
        output.say("\nthe collection has changed meanwhile; now it would be:", "bold")
        prepared = again
        _show(prepared, connection, verbose=False)
    return prepared


def _ask_about_conflicts(prepared: "Prepared", wish: "Wish") -> "Wish":
    from dataclasses import replace

    from staffml_anki.cli.plans import show_conflict

    if not prepared.plan.conflicts:
        return wish
    if not sys.stdin.isatty():
        raise StaffmlAnkiError("--conflicts ask needs somebody to answer; use keep-mine or take-theirs")
    answers = dict(wish.choices.answers)
    for number, (question, conflict) in enumerate(prepared.plan.conflicts, start=1):
        output.say(f"\n{number} of {len(prepared.plan.conflicts)}: {question} · {conflict.field}", "bold")
        show_conflict(conflict)
        theirs = typer.confirm("Take the release's text?", default=False)
        answers[question, conflict.field] = "theirs" if theirs else "mine"
    return replace(wish, choices=replace(wish.choices, answers=answers))


def _show(prepared: "Prepared", connection: "Connection", *, verbose: bool) -> None:
    from staffml_anki.cli.plans import show_plan

    output.problems(prepared.wanted.errors)
    show_plan(prepared.plan, connection.profile, len(prepared.snapshot.notes), verbose=verbose)


def _as_json(outcome: "Outcome", connection: "Connection", web: str, *, dry_run: bool) -> dict[str, object]:
    from staffml_anki.cli.plans import outcome_json

    return outcome_json(outcome) | {"profile": connection.profile, "ankiweb": web, "dry_run": dry_run}


def _report(outcome: "Outcome", web: str) -> None:
    from staffml_anki.cli.plans import show_outcome

    show_outcome(outcome)
    if web == "synced":
        output.say("  AnkiWeb has it: sync on the phone to get it there")


def doctor(url: Url = DEFAULT_URL, key: Key = None, as_json: options.AsJson = False) -> None:
    """Look at everything that a sync needs, and say what to do about what is missing. Changes nothing.

    [dim]Example:[/dim]
      staffml-anki doctor
    """
    from staffml_anki.anki.connect import find_key
    from staffml_anki.anki.doctor import examine

    findings = examine(url, find_key(key))
    if as_json:
        output.emit_json(findings)
    else:
        signs = {True: ("✓", "green"), False: ("✗", "bold red"), None: ("·", "yellow")}
        for finding in findings:
            sign, style = signs[finding.ok]
            output.say(f"{sign} {finding.name:<12} {finding.found}", style)
            if finding.remedy and finding.ok is not True:
                output.say(f"  {'':<12} → {finding.remedy}")
    if any(finding.ok is False for finding in findings):
        raise typer.Exit(PROBLEMS)


def prune(yes: Yes = False, url: Url = DEFAULT_URL, key: Key = None, as_json: options.AsJson = False) -> None:
    """Delete retired notes that were never reviewed and hold nothing of yours, after a backup.

    [dim]Example:[/dim]
      staffml-anki prune
    """
    from staffml_anki.anki.prune import delete, find_prunable

    if not (yes or (sys.stdin.isatty() and not as_json)):
        raise StaffmlAnkiError("prune asks before it deletes anything, and nobody can answer here; add --yes")
    connection = _connect(url, key)
    with connection.memory() as memory, memory.alone():
        session = _session(connection, memory)
        snapshot = session.look()
        found = find_prunable(connection.gateway, snapshot)
        if not as_json:
            for note in found.unused:
                output.say(f"  {note.question}  {note.fields[1]}")
            kept = f"{len(found.reviewed):,} with reviews and {len(found.yours):,} with something of yours stay"
            output.say(f"{output.counted(len(found.unused), 'retired note')} to delete; {kept}", "bold")
        left = []
        if found.unused and (yes or typer.confirm("Delete them?", default=False)):
            backup = session.back_up(snapshot, int(time.time()))
            if not backup:
                output.warn("note: Anki cannot write a backup where we see it")
            left = delete(connection.gateway, found.unused)
            gone = {note.question for note in found.unused} - {note.question for note in left}
            memory.forget(gone)
            if not as_json:
                output.say(f"{output.counted(len(gone), 'note')} deleted", "green")
        else:
            gone = set()
            session.discard(snapshot)
    if as_json:
        output.emit_json({"deleted": sorted(gone), "left": [note.question for note in left]})
    if left:
        raise typer.Exit(PROBLEMS)
