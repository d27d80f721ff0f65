"""A plan and an outcome as a person reads them: short, or note by note with the words that change."""

import difflib
import html
import re
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from staffml_anki.cli import output
from staffml_anki.wording import counted

if TYPE_CHECKING:
    from staffml_anki.anki.plan import Conflict, Kind, NoteChange, Plan
    from staffml_anki.anki.sync import Outcome

EXAMPLES = 3
COLOURS: dict["Kind", str] = {
    "added": "green", "updated": "yellow", "retagged": "cyan", "moved": "cyan", "retired": "red", "restored": "green",
    "locked": "dim", "opened": "green",
}  # fmt: skip
_WORDS = re.compile(r"<[^>]*>|\w+|\s+|[^\w\s<]+|<")
_AROUND = 6
"""Unchanged words that are shown on either side of a change."""
MOST_WORDS = 4_000


def show_plan(plan: "Plan", profile: str, notes: int, *, verbose: bool) -> None:
    """What a sync would do."""
    release = f"release {plan.release}" if plan.release else "this vault"
    output.say(f"{release} → profile {profile or '(unnamed)'}, {counted(notes, 'note')} of ours", "bold")
    for kind, colour in COLOURS.items():
        changes = plan.of_kind(kind)
        if changes:
            output.say(f"  {len(changes):>6,} {kind:<9} {_summary(kind, changes)}", colour)
    output.say(f"  {plan.unchanged:>6,} unchanged")
    for line, style in _besides(plan):
        output.say(f"  {line}", style)
    if verbose:
        for change in plan.notes:
            _show_note(change)
    else:
        _list_conflicts(plan)
    for assumption in plan.assumed:
        output.warn(f"assumed: {assumption}")
    if plan.empty:
        output.say("nothing to do: the collection is up to date", "green")
        _say_how_to_decide(plan)


def _list_conflicts(plan: "Plan") -> None:
    for question, conflict in plan.conflicts[:10]:
        whose = "yours stays" if conflict.keep == "mine" else "the release's is taken"
        output.say(f"         conflict  {question} · {conflict.field}: {whose}", "magenta")
    if len(plan.conflicts) > 10:
        output.say(f"         … and {len(plan.conflicts) - 10:,} more conflicts; --verbose shows all", "magenta")


def _say_how_to_decide(plan: "Plan") -> None:
    if any(conflict.keep == "mine" and not conflict.decided for _, conflict in plan.conflicts):
        output.say("         decide them with --conflicts ask, or --conflicts take-theirs", "dim")


def _summary(kind: "Kind", changes: tuple["NoteChange", ...]) -> str:
    """In a few words: the fields of updates, examples of the rest."""
    if kind == "updated":
        fields = Counter(each.field for change in changes for each in change.fields)
        return ", ".join(f"{name} {count:,}" for name, count in fields.most_common(6))
    examples = ", ".join(change.question for change in changes[:EXAMPLES])
    return examples + (", …" if len(changes) > EXAMPLES else "")


def _besides(plan: "Plan") -> list[tuple[str, str]]:
    """What happens besides notes, and what is left alone."""
    note, lines = plan.notetype, []
    if note.create:
        lines.append((f"note type {note.name}: made", "green"))
    parts = [name for name in ("front", "back", "css") if getattr(note, name) is not None]
    if parts:
        lines.append((f"note type {note.name}: newer {', '.join(parts)}", "yellow"))
    if note.kept:
        lines.append((f"note type: your own {', '.join(note.kept)} stay (--reset-templates replaces them)", "magenta"))
    if note.missing:
        done = "put back; AnkiWeb will want a one-way sync" if note.add_fields else "stay away (--add-fields)"
        lines.append((f"note type: the fields {', '.join(note.missing)} are missing and {done}", "magenta"))
    if plan.new_decks:
        lines.append((f"decks: {len(plan.new_decks):,} new", "green"))
    if plan.described:
        lines.append((f"decks: {len(plan.described):,} with a newer description", "yellow"))
    if plan.media:
        lines.append((f"media: {counted(len(plan.media), 'drawing')}", "green"))
    if plan.edits:
        lines.append((f"your edits stay: {counted(len(plan.edits), 'field')}", "dim"))
    if plan.deleted:
        lines.append((f"you deleted {counted(len(plan.deleted), 'note')}: they stay away (--restore-deleted)", "dim"))
    if plan.waiting:
        lines.append(
            (f"{counted(len(plan.waiting), 'card')} in filtered decks: left there, done once they are out", "dim")
        )
    if plan.duplicates:
        lines.append(
            (
                f"{counted(len(plan.duplicates), 'note')} of yours with an ID of ours: search nid:{plan.duplicates[0]}",
                "magenta",
            )
        )
    return lines


def _show_note(change: "NoteChange") -> None:
    kinds = ", ".join(change.kinds) or "conflict"
    output.say(f"\n{change.question}  {html.unescape(change.title)}  ({kinds})", "bold")
    if "added" not in change.kinds:
        for each in change.fields:
            output.say(f"  {each.field}: {word_diff(each.before, each.after)}")
        added, removed = (
            [f"{sign}{tag}" for tag in tags] for sign, tags in (("+", change.tags_added), ("-", change.tags_removed))
        )
        if added or removed:
            output.say(f"  tags: {' '.join([*removed, *added])}")
    if change.deck:
        output.say(f"  deck: {change.deck_before + ' → ' if change.deck_before else ''}{change.deck}")
    for conflict in change.conflicts:
        output.say(
            f"  conflict in {conflict.field}: {'yours stays' if conflict.keep == 'mine' else 'the release wins'}",
            "magenta",
        )
        show_conflict(conflict)


def show_conflict(conflict: "Conflict") -> None:
    """Both texts of a field, as the words that differ."""
    known = "" if conflict.known else " (or an older release's: this machine did not write it)"
    output.say(f"  [-yours{known}-] {{+the release's+}}", "dim")
    output.say(f"  {word_diff(conflict.mine, conflict.theirs)}")


def word_diff(before: str, after: str) -> str:
    """``the [-old-]{+new+} text``: the words that differ, with a few around them."""
    old, new = _WORDS.findall(before)[:MOST_WORDS], _WORDS.findall(after)[:MOST_WORDS]
    parts: list[str] = []
    opcodes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for number, (tag, i1, i2, j1, j2) in enumerate(opcodes):
        if tag == "equal":
            parts.append(_context(old[i1:i2], first=number == 0, last=number == len(opcodes) - 1))
            continue
        gone, came = "".join(old[i1:i2]), "".join(new[j1:j2])
        parts.append((f"[-{gone}-]" if gone else "") + (f"{{+{came}+}}" if came else ""))
    return " ".join("".join(parts).split())


def _context(words: list[str], *, first: bool, last: bool) -> str:
    if len(words) <= 2 * _AROUND:
        return "".join(words)
    start = "" if first else "".join(words[:_AROUND])
    end = "" if last else "".join(words[-_AROUND:])
    return f"{start} … {end}"


def show_outcome(outcome: "Outcome") -> None:
    if outcome.plan.empty and not outcome.failed:
        return
    done = [f"{getattr(outcome, kind):,} {kind}" for kind in COLOURS if getattr(outcome, kind)]
    output.say(f"done and read back: {', '.join(done) or 'no note changed'}", "bold green")
    _list_conflicts(outcome.plan)
    _say_how_to_decide(outcome.plan)
    for failure in outcome.failed[:20]:
        output.warn(f"not done: {failure.question}: {failure.what}", "bold red")
    if len(outcome.failed) > 20:
        output.warn(f"… and {len(outcome.failed) - 20:,} more; --json lists all", "bold red")
    for backup in outcome.backup:
        output.say(f"  backup: {backup}", "dim")


def outcome_json(outcome: "Outcome") -> dict[str, Any]:
    """The counts, then the lists behind them."""
    plan = outcome.plan.to_json()
    counts = (*COLOURS, "conflicts", "unchanged")
    return (
        {name: getattr(outcome, name) for name in counts}
        | {key: value for key, value in plan.items() if key not in counts}
        | {
            "failed": [asdict(failure) for failure in outcome.failed],
            "backup": list(outcome.backup),
            "way": outcome.way,
            "errors": [asdict(problem) for problem in outcome.errors],
        }
    )
