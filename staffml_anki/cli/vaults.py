"""`check`, `list`, `search`, `show`, `stats` and `diff`: looking at vaults."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from staffml_anki.cli import options, output
from staffml_anki.errors import PROBLEMS, StaffmlAnkiError
from staffml_anki.wording import counted

if TYPE_CHECKING:
    from staffml_anki.vault import Question, Vault
    from staffml_anki.vault.compare import Difference
    from staffml_anki.vault.napkin.verify import MathReport

LISTED = 50


def register(app: typer.Typer) -> None:
    app.command("check")(check)
    app.command("list")(list_questions)
    app.command("search")(search)
    app.command("show")(show)
    app.command("stats")(stats)
    app.command("diff")(diff)


def check(
    vault: options.VaultPath = options.DEFAULT_VAULT,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail, too.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also what is not published: drafts, archived.")] = False,
    math: Annotated[
        bool, typer.Option("--math", help="Also compute every calculation line of the napkin math; a wrong one fails.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Report every problem of a vault, each with file, field, what was found and what would be right.

    [dim]Examples:[/dim]
      staffml-anki check --vault vault/
      staffml-anki check --math
      staffml-anki check --strict --json
    """
    from staffml_anki.vault import load_vault
    from staffml_anki.vault.check import check as run
    from staffml_anki.vault.numbers import read_numbers
    from staffml_anki.vault.policy import EVERYTHING

    loaded = load_vault(vault, EVERYTHING if everything else None, output.progress)
    found = (*run(loaded, datetime.now(UTC)), *read_numbers(vault)[1])
    calculated = _calculated(loaded) if math else None
    errors = sum(problem.severity == "error" for problem in found)
    warnings = len(found) - errors
    if as_json:
        document = {
            "vault": str(vault),
            "shape": loaded.shape,
            "questions": len(loaded.questions),
            "unpublished": loaded.unpublished,
            "chains": len(loaded.chains),
            "errors": errors,
            "warnings": warnings,
            "problems": found,
        }
        output.emit_json(document if calculated is None else document | {"math": calculated})
    else:
        output.problems(found, warnings=None)
        what = [counted(len(loaded.questions), "question"), counted(len(loaded.chains), "chain")]
        if loaded.unpublished:
            what.append(f"{loaded.unpublished:,} not published")
        verdict = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
        output.say(f"{', '.join(what)}: {verdict}", "red" if errors else "yellow" if warnings else "green")
        if calculated is not None:
            _show_calculated(calculated)
    if errors or (strict and warnings) or (calculated is not None and calculated.wrong):
        raise typer.Exit(PROBLEMS)


def _calculated(vault: "Vault") -> "MathReport":
    from staffml_anki.vault.napkin.verify import check_math

    return check_math(vault, output.progress)


def _show_calculated(report: "MathReport") -> None:
    output.problems([finding.problem for finding in (*report.wrong, *report.unreadable)], warnings=None)
    what = f"{counted(report.read, 'calculation line')} read: {len(report.wrong):,} wrong"
    output.say(f"{what}; {len(report.unreadable):,} not read", "red" if report.wrong else "green")


def list_questions(
    vault: options.VaultPath = options.DEFAULT_VAULT,
    track: options.Tracks = [],  # noqa: B006
    level: options.Levels = [],  # noqa: B006
    area: options.Areas = [],  # noqa: B006
    topic: options.Topics = [],  # noqa: B006
    zone: options.Zones = [],  # noqa: B006
    chain: options.Chains = [],  # noqa: B006
    as_json: options.AsJson = False,
) -> None:
    """List questions, one per line.

    [dim]Examples:[/dim]
      staffml-anki list --track tinyml --level L3
      staffml-anki list --topic kv-cache-management --json
    """
    from staffml_anki.vault import load_vault
    from staffml_anki.vault.select import require_known, select

    loaded = load_vault(vault, progress=output.progress)
    selection = options.selection(track=track, level=level, area=area, topic=topic, zone=zone, chain=chain)
    require_known(loaded, selection)
    found = select(loaded, selection)
    if as_json:
        output.emit_json([_brief(question) for question in found.values()])
        return
    if not found:
        output.warn("no question matches; drop an option")
        return
    _rows(found.values())


def search(
    query: Annotated[list[str], typer.Argument(metavar="WORDS...", help="Each must begin a word of the question.")],
    vault: options.VaultPath = options.DEFAULT_VAULT,
    track: options.Tracks = [],  # noqa: B006
    level: options.Levels = [],  # noqa: B006
    area: options.Areas = [],  # noqa: B006
    topic: options.Topics = [],  # noqa: B006
    zone: options.Zones = [],  # noqa: B006
    chain: options.Chains = [],  # noqa: B006
    as_json: options.AsJson = False,
) -> None:
    """Search titles, scenarios, questions and answers, the best match first: what `browse` finds, in the terminal.

    Capitals, accents and punctuation do not matter; a number is found with or without its commas.

    [dim]Examples:[/dim]
      staffml-anki search kv cache
      staffml-anki search batch latenc --track cloud --level L4 --json
    """
    from staffml_anki.vault import load_vault
    from staffml_anki.vault.search import search as run
    from staffml_anki.vault.select import require_known

    loaded = load_vault(vault, progress=output.progress)
    selection = options.selection(track=track, level=level, area=area, topic=topic, zone=zone, chain=chain)
    require_known(loaded, selection)
    found = run(loaded, " ".join(query), selection)
    if as_json:
        output.emit_json([_brief(hit.question) | {"score": round(hit.score, 4)} for hit in found])
        return
    if not found:
        output.warn("no question matches; drop a word or an option")
        return
    _rows([hit.question for hit in found])


def _brief(question: "Question") -> dict[str, object]:
    return {key: getattr(question, key) for key in ("id", "track", "level", "area", "topic", "title")}


def _rows(questions: "Iterable[Question]") -> None:
    rows = [[q.id, q.level, q.track, q.area, q.title] for q in questions]
    output.table([["id", "level", "track", "area", "title"], *rows])


def show(
    question_id: Annotated[str, typer.Argument(metavar="ID", help="The question's id, as `list` shows it.")],
    vault: options.VaultPath = options.DEFAULT_VAULT,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show the answer and the napkin math, too.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Show one question; the answer only when asked for.

    [dim]Examples:[/dim]
      staffml-anki show starter-cloud-003
      staffml-anki show starter-cloud-003 --reveal
    """
    from staffml_anki.vault import QuestionId, load_vault
    from staffml_anki.wording import nearest

    loaded = load_vault(vault, progress=output.progress)
    question = loaded.questions.get(QuestionId(question_id))
    if question is None:
        mended = [problem for problem in loaded.errors if problem.question == question_id]
        hint = f"it is broken: {mended[0]}" if mended else nearest(question_id, tuple(loaded.questions))
        raise StaffmlAnkiError(f"{question_id}: no such question in this vault; {hint}")
    if as_json:
        hidden = set() if reveal else {"solution", "common_mistake", "napkin_math", "correct_index", "resources"}
        output.emit_json(question.model_dump(mode="json", exclude=hidden | {"file"}))
        return
    _show_text(loaded, question, reveal=reveal)


def _show_text(vault: "Vault", question: "Question", *, reveal: bool) -> None:
    where = [question.track, question.level, question.area, question.topic]
    where += [f"{question.minutes} min"] if question.minutes is not None else []
    output.say(" · ".join(where), "dim")
    output.say(question.title, "bold")
    for text in (question.scenario, question.question):
        if text:
            output.say(f"\n{text}")
    if question.visual:
        output.say(f"\n[{question.visual.alt}]", "italic")
    for index, option in enumerate(question.options):
        right = reveal and index == question.correct_index
        output.say(f"  {'✓' if right else ' '} {chr(65 + index)}. {option}", "green" if right else "")
    if not reveal:
        output.say("\n--reveal shows the answer", "dim")
        return
    parts = (
        ("Answer", question.solution),
        ("Napkin math", question.napkin_math),
        ("Common mistake", question.common_mistake),
        ("Resources", "\n".join(f"{resource.name}: {resource.url}" for resource in question.resources)),
    )
    for heading, text in parts:
        if text:
            output.say(f"\n{heading}", "bold cyan")
            output.say(text)
    for place in vault.memberships.get(question.id, []):
        output.say(f"\nChain {place.chain.id}", "bold cyan")
        for step in place.chain.steps:
            other = vault.questions[step]
            output.say(f"  {'▶' if step == question.id else ' '} {other.level:<3} {other.title} ({step})")


def stats(vault: options.VaultPath = options.DEFAULT_VAULT, as_json: options.AsJson = False) -> None:
    """Count a vault along its axes.

    [dim]Example:[/dim]
      staffml-anki stats --vault vault.db
    """
    from staffml_anki.vault import load_vault
    from staffml_anki.vault.stats import stats as run

    found = run(load_vault(vault, progress=output.progress))
    if as_json:
        output.emit_json(found)
        return
    release = f", release {found.release}" if found.release else ""
    what = f"{counted(found.questions, 'question')} in {counted(found.chains, 'chain')}{release}"
    output.say(what, "bold")
    output.say()
    levels = list(next(iter(found.track_by_level.values())))
    rows = [[track, *by_level.values(), sum(by_level.values())] for track, by_level in found.track_by_level.items()]
    total = ["all", *(sum(row[level] for row in found.track_by_level.values()) for level in levels), found.questions]
    output.table(
        [["track", *levels, "all"], *([str(cell) for cell in row] for row in (*rows, total))], right=range(1, 8)
    )
    for heading, counts in (("area", found.area), ("zone", found.zone), ("feature", found.features)):
        output.say()
        lines = [[name.replace("_", " "), str(count)] for name, count in counts.items()]
        output.table([[heading, "questions"], *lines], right=(1,))


def diff(
    old: Annotated[Path, typer.Argument(help="A vault of any shape.")],
    new: Annotated[Path, typer.Argument(help="A later one, of any shape.")],
    as_json: options.AsJson = False,
) -> None:
    """Show what changed between two vaults: added, changed with which fields, retired, moved, chains.

    [dim]Example:[/dim]
      staffml-anki diff release-1/corpus.json release-2/vault.db
    """
    from staffml_anki.vault import load_vault
    from staffml_anki.vault.compare import compare

    found = compare(load_vault(old, progress=output.progress), load_vault(new, progress=output.progress))
    if as_json:
        short = {"added": found.added, "retired": found.retired}
        brief = {key: [{"id": q.id, "title": q.title} for q in value] for key, value in short.items()}
        rest = ("changed", "moved", "chains_added", "chains_removed", "chains_changed", "unchanged")
        output.emit_json(brief | {key: getattr(found, key) for key in rest})
        return
    _show_difference(found)


def _show_difference(found: "Difference") -> None:
    if found.empty:
        output.say(f"no difference: {counted(found.unchanged, 'question')} the same")
        return
    groups: tuple[tuple[str, str, list[str]], ...] = (
        ("added", "green", [f"{q.id}  {q.title}" for q in found.added]),
        ("changed", "yellow", [f"{c.id}  {c.title}  ({', '.join(c.fields)})" for c in found.changed]),
        ("moved", "cyan", [f"{m.id}  {m.title}  ({_moves(m.places)})" for m in found.moved]),
        ("retired", "red", [f"{q.id}  {q.title}" for q in found.retired]),
        ("chains added", "green", list(found.chains_added)),
        ("chains changed", "yellow", list(found.chains_changed)),
        ("chains removed", "red", list(found.chains_removed)),
    )
    for name, colour, lines in groups:
        if lines:
            output.say(f"{len(lines):,} {name}", f"bold {colour}")
            for line in lines[:LISTED]:
                output.say(f"  {line}")
            if len(lines) > LISTED:
                output.say(f"  … and {len(lines) - LISTED:,} more; --json lists all", "dim")
    output.say(f"{found.unchanged:,} unchanged")


def _moves(places: tuple[tuple[str, str, str], ...]) -> str:
    return ", ".join(f"{axis}: {before or 'none'} → {after or 'none'}" for axis, before, after in places)
