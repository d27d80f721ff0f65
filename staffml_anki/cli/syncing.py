"""`sync`, `doctor` and `prune`: the learner's own collection."""

import sys
import time
from typing import TYPE_CHECKING

import typer

from staffml_anki.cli import options, output
from staffml_anki.cli import sync_options as given
from staffml_anki.cli.sync_run import SyncRun, open_session, reach, sync_with_ankiweb, sync_with_ankiweb_again
from staffml_anki.errors import PROBLEMS, StaffmlAnkiError
from staffml_anki.wording import counted

if TYPE_CHECKING:
    from staffml_anki.anki.prune import Prunable


def register(app: typer.Typer) -> None:
    app.command("sync")(sync)
    app.command("doctor")(doctor)
    app.command("prune")(prune)


WITH_APPLY = {"apply", "yes", "dry_run", "verbose", "grade_in_anki", "ankiweb", "url", "key", "as_json"}
"""Options that do not decide what a plan does."""


def sync(
    context: typer.Context,
    vault: options.VaultPath = options.DEFAULT_VAULT,
    recipe: options.RecipeName = "complete",
    track: options.Tracks = [],  # noqa: B006 - typer copies defaults
    level: options.Levels = [],  # noqa: B006
    area: options.Areas = [],  # noqa: B006
    topic: options.Topics = [],  # noqa: B006
    zone: options.Zones = [],  # noqa: B006
    chain: options.Chains = [],  # noqa: B006
    dry_run: given.DryRun = False,
    yes: given.Yes = False,
    verbose: given.Verbose = False,
    conflicts: given.Conflicts = "keep-mine",
    relayout: given.Relayout = False,
    reset_templates: given.ResetTemplates = False,
    restore_deleted: given.RestoreDeleted = False,
    retire_many: given.RetireMany = False,
    formerly: given.Formerly = [],  # noqa: B006
    add_fields: given.AddFields = False,
    gate_chains: given.GateChains = None,
    gate_interval: given.GateInterval = None,
    gate_recall: given.GateRecall = None,
    grade_in_anki: given.Grade = False,
    previous: given.Previous = None,
    plan: given.SavePlan = None,
    apply: given.ApplyPlan = None,
    ankiweb: given.AnkiWeb = True,
    no_packages: given.NoPackages = False,
    url: given.Url = given.DEFAULT_URL,
    key: given.Key = None,
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
    from staffml_anki.anki.request import SyncRequest, read_plan

    if apply is not None:
        _require_alone(context)
        request, saved = read_plan(apply)
    else:
        saved = None
        request = SyncRequest(
            vault=str(vault.absolute()),
            recipe=recipe,
            narrow=options.selection(track=track, level=level, area=area, topic=topic, zone=zone, chain=chain),
            conflicts="theirs" if conflicts == "take-theirs" else "mine",
            relayout=relayout, reset_templates=reset_templates, restore_deleted=restore_deleted,
            retire_many=retire_many, formerly=tuple(formerly), add_fields=add_fields, use_packages=not no_packages,
            previous=str(previous.absolute()) if previous else "",
            gate_chains=gate_chains, gate_interval=gate_interval, gate_recall=gate_recall,
        )  # fmt: skip
    SyncRun(
        request, saved, plan_file=plan, looking=dry_run or plan is not None, yes=yes or saved is not None,
        ask_about_conflicts=conflicts == "ask", verbose=verbose, ankiweb=ankiweb, as_json=as_json,
        grade=grade_in_anki,
    ).run(url, key)  # fmt: skip


def _require_alone(context: typer.Context) -> None:
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        if name not in WITH_APPLY and source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter(f"--apply does what the saved plan says; leave out {parameter.opts[0]}")


def doctor(url: given.Url = given.DEFAULT_URL, key: given.Key = None, as_json: options.AsJson = False) -> None:
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


def prune(
    yes: given.Yes = False,
    ankiweb: given.AnkiWeb = True,
    url: given.Url = given.DEFAULT_URL,
    key: given.Key = None,
    as_json: options.AsJson = False,
) -> None:
    """Delete retired notes that were never reviewed and hold nothing of yours, after a backup.

    [dim]Example:[/dim]
      staffml-anki prune
    """
    from staffml_anki.anki.prune import delete, find_prunable

    if not (yes or (sys.stdin.isatty() and not as_json)):
        raise StaffmlAnkiError("prune asks before it deletes anything, and nobody can answer here; add --yes")
    connection = reach(url, key)
    with connection.memory() as memory, memory.alone():
        web = sync_with_ankiweb(connection, wanted=ankiweb)
        session = open_session(connection, memory)
        try:
            snapshot = session.look()
            found = find_prunable(connection.gateway, snapshot, memory.remembered())
            agreed = yes
            while found.unused and not agreed:
                _show_prunable(found)
                if not typer.confirm("Delete them?", default=False):
                    output.say("nothing was deleted")
                    raise typer.Exit
                # Anki went on while they read: what has become the learner's meanwhile stays.
                snapshot = session.look()
                again = find_prunable(connection.gateway, snapshot, memory.remembered())
                agreed, found = again == found, again
            if not as_json and (yes or not found.unused):
                _show_prunable(found)
            backup = session.back_up(snapshot, int(time.time())) if found.unused else []
        finally:
            session.discard()
        if found.unused and not backup:
            output.warn("note: Anki cannot write a backup where we see it")
        if found.unused:
            memory.begin_pruning({note.question: note.id for note in found.unused})
        left = delete(connection.gateway, found.unused) if found.unused else []
        gone = {note.question: note.id for note in found.unused if note not in left}
        memory.forget(gone)
        if gone and not as_json:
            output.say(f"{counted(len(gone), 'note')} deleted", "green")
        if gone and web == "synced":
            web = sync_with_ankiweb_again(connection)
    if as_json:
        output.emit_json({"deleted": sorted(gone), "left": [note.question for note in left], "ankiweb": web})
    if left or web == "failed":
        raise typer.Exit(PROBLEMS)


def _show_prunable(found: "Prunable") -> None:
    for note in found.unused:
        output.say(f"  {note.question}  {note.fields[1]}")
    kept = f"{len(found.reviewed):,} with reviews and {len(found.yours):,} with something of yours stay"
    output.say(f"{counted(len(found.unused), 'retired note')} to delete; {kept}", "bold")
