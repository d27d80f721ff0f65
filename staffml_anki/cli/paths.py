"""`plan` and `chain`: ways through the bank, and how far along them the learner is."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from staffml_anki.cli import options, output
from staffml_anki.cli.histories import Profile, open_history
from staffml_anki.cli.learner import GradeInAnki, Plain, at_bank, at_vault, session_of
from staffml_anki.cli.sitting import require_terminal
from staffml_anki.cli.sync_options import DEFAULT_URL, Key, Url
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.wording import counted

if TYPE_CHECKING:
    from staffml_anki.study.ladders import Ladder
    from staffml_anki.study.plans import PlanRecipe, PlanStatus

DEFAULT_DAYS = 14
NO_CHAIN = "this vault has no chains"


def register(app: typer.Typer) -> None:
    plan = typer.Typer(no_args_is_help=True, help="A study plan: so many questions by a day, area by area.")
    plan.command("list")(plan_list)
    plan.command("start")(plan_start)
    plan.command("status")(plan_status)
    plan.command("stop")(plan_stop)
    app.add_typer(plan, name="plan")
    chain = typer.Typer(no_args_is_help=True, help="Chains: ladders of questions, and how far you have climbed.")
    chain.command("list")(chain_list)
    chain.command("show")(chain_show)
    chain.command("next")(chain_next)
    app.add_typer(chain, name="chain")


def plan_list(as_json: options.AsJson = False) -> None:
    """The plans that come with the program.

    [dim]Example:[/dim]
      staffml-anki plan list
    """
    from staffml_anki.study.plans import shipped_plans

    found = shipped_plans()
    if as_json:
        output.emit_json([plan.model_dump(mode="json") for plan in found])
        return
    rows = [
        [p.name, p.title, str(p.days), str(p.questions), "/".join(p.track), f"{p.level[0]}–{p.level[-1]}"]
        for p in found
    ]
    output.table([["name", "title", "days", "questions", "track", "levels"], *rows], right=(2, 3))


def plan_start(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A plan's name, or a plan file; none for one of your own.")
    ] = "",
    by: Annotated[str | None, typer.Option("--by", help="The day to be done, such as 2026-12-12.")] = None,
    track: options.Tracks = [],  # noqa: B006 - typer copies defaults
    area: options.Areas = [],  # noqa: B006
    from_level: Annotated[str | None, typer.Option("--from-level", help="For your own: the level to begin at.")] = None,
    questions: Annotated[int | None, typer.Option("--questions", min=1, help="For your own: how many.")] = None,
    vault: options.VaultPath = options.DEFAULT_VAULT,
    profile: Profile = None,
    timezone: options.TimeZone = None,
    rollover: options.Rollover = None,
    as_json: options.AsJson = False,
) -> None:
    """Start a plan: a quota for each day, and at the next sync its questions in decks of its own in Anki.

    [dim]Examples:[/dim]
      staffml-anki plan start llm-inference --by 2026-12-12
      staffml-anki plan start --track edge --area memory --from-level L3 --by 2026-12-12
    """
    from staffml_anki.study.plans import start

    recipe = _recipe(name, track, area, from_level, questions)
    end = _day(by)
    with at_bank(vault, profile, timezone, rollover) as standing:
        under_way = standing.notebook.plan()
        if under_way is not None:
            raise StaffmlAnkiError(f"{under_way.name} is under way; end it first with staffml-anki plan stop")
        standing.notebook.begin_plan(start(recipe, standing.bank, standing.today, standing.now, end))
        found = standing.plan_status()
        assert found is not None
        _report(found, as_json=as_json)
    if (name or questions) and found.total < recipe.questions:
        output.warn(f"note: this vault has only {found.total:,} of the {recipe.questions:,} that the plan asks for")
    if not as_json:
        output.say("\nnext: staffml-anki practice --plan; staffml-anki sync puts it into decks of its own in Anki")


def _recipe(
    name: str, track: list[str], area: list[str], from_level: str | None, questions: int | None
) -> "PlanRecipe":
    from staffml_anki.study.plans import custom, find_plan
    from staffml_anki.vault.axes import LEVELS
    from staffml_anki.wording import nearest

    own = bool(track or area or from_level or questions)
    if name and own:
        raise StaffmlAnkiError(f"plan start {name}: a plan says its own tracks and areas; drop the options or the name")
    if not name and not own:
        raise StaffmlAnkiError("plan start needs a name (see plan list), or --track, --area and the like for your own")
    if name:
        return find_plan(name)
    level = {known.lower(): known for known in LEVELS}.get((from_level or "").lower())
    if from_level and level is None:
        raise StaffmlAnkiError(f"--from-level {from_level}: no such level; {nearest(from_level, LEVELS)}")
    return custom(track, area, level, questions, DEFAULT_DAYS)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise StaffmlAnkiError(f"--by {text}: give a day such as 2026-12-12") from None


def plan_status(
    vault: options.VaultPath = options.DEFAULT_VAULT,
    profile: Profile = None,
    timezone: options.TimeZone = None,
    rollover: options.Rollover = None,
    as_json: options.AsJson = False,
) -> None:
    """How far the plan is, today's quota, the pace, and the day on which it will be done.

    [dim]Example:[/dim]
      staffml-anki plan status
    """
    with at_bank(vault, profile, timezone, rollover) as standing:
        found = standing.plan_status()
    if found is None and not as_json:
        output.say("no plan is under way; staffml-anki plan list shows some")
        return
    _report(found, as_json=as_json)


def _report(found: "PlanStatus | None", *, as_json: bool) -> None:
    if as_json or found is None:
        output.emit_json(found)
        return
    output.say(f"{found.title}, day {found.day} of {found.days}: {found.done} of {found.total} done", "bold")
    output.say(f"  today      {found.today} of {found.quota}")
    pace = "–" if found.pace is None else f"{found.pace:.1f} a day"
    output.say(f"  pace       {pace}")
    word, colour = ("on track", "green") if found.on_track else ("behind", "yellow")
    word = "overdue" if found.overdue else word
    output.say(f"  by {found.by}  {word}", colour)
    if found.projected is not None:
        output.say(f"  projected  {found.projected}")
    if found.gone:
        output.say(f"  {counted(found.gone, 'question')} of it left the vault", "dim")
    output.say()
    output.table([["area", "done", "of"], *([a, str(d), str(n)] for a, d, n in found.areas)], right=(1, 2))


def plan_stop(profile: Profile = None) -> None:
    """End the plan. What was done stays; at the next sync its cards go back to their decks, with all their reviews.

    [dim]Example:[/dim]
      staffml-anki plan stop
    """
    from staffml_anki.cli.clock import Clock
    from staffml_anki.study.notebook import Notebook

    with open_history(profile) as store:
        notebook = Notebook(store)
        plan = notebook.plan()
        if plan is None:
            raise StaffmlAnkiError("no plan is under way")
        notebook.end_plan(Clock().now())
    output.say(f"{plan.title} has ended; at the next sync its cards go back to their decks")


def chain_list(
    vault: options.VaultPath = options.DEFAULT_VAULT, profile: Profile = None, as_json: options.AsJson = False
) -> None:
    """All chains, with how deep you stand in each: the steps from the first on that you recall, or practised well.

    [dim]Example:[/dim]
      staffml-anki chain list
    """
    with at_bank(vault, profile) as standing:
        found = standing.ladders
    if as_json:
        output.emit_json([_as_json(ladder) for ladder in found])
        return
    if not found:
        output.say(NO_CHAIN)
        return
    rows = [[each.id, f"{each.depth}/{len(each.steps)}", each.name] for each in found]
    output.table([["id", "depth", "chain"], *rows], right=(1,))


def chain_show(
    chain_id: Annotated[str, typer.Argument(metavar="ID", help="The chain's id, as `chain list` shows it.")],
    vault: options.VaultPath = options.DEFAULT_VAULT,
    profile: Profile = None,
    as_json: options.AsJson = False,
) -> None:
    """One chain as a ladder: each step, and whether you are past it.

    [dim]Example:[/dim]
      staffml-anki chain show starter-cloud-chain-kv-cache
    """
    from staffml_anki.wording import nearest

    with at_bank(vault, profile) as standing:
        found = {ladder.id: ladder for ladder in standing.ladders}
    if chain_id not in found:
        if not found:
            raise StaffmlAnkiError(NO_CHAIN)
        raise StaffmlAnkiError(f"{chain_id}: no such chain in this vault; {nearest(chain_id, tuple(found))}")
    if as_json:
        output.emit_json(_as_json(found[chain_id]))
        return
    _show_ladder(found[chain_id])


def _show_ladder(ladder: "Ladder") -> None:
    from staffml_anki.study.view import SCORE_NAMES

    output.say(f"{ladder.name}: {ladder.depth} of {len(ladder.steps)}", "bold")
    for place, rung in reversed(list(enumerate(ladder.steps))):
        sign = "✓" if rung.climbed else "▶" if place == ladder.depth else "·"
        practised = f", practised: {SCORE_NAMES[rung.score]}" if rung.score is not None else ""
        style = "green" if rung.climbed else "bold" if place == ladder.depth else "dim"
        output.say(f"  {sign} {rung.level:<3} {rung.title} ({rung.id})  recall {rung.recall:.0%}{practised}", style)


def chain_next(
    vault: options.VaultPath = options.DEFAULT_VAULT,
    plain: Plain = False,
    grade_in_anki: GradeInAnki = False,
    profile: Profile = None,
    url: Url = DEFAULT_URL,
    key: Key = None,
    as_json: options.AsJson = False,
) -> None:
    """Answer the best next step over all chains: of one that you have begun and nearly climbed.

    [dim]Examples:[/dim]
      staffml-anki chain next
      staffml-anki chain next --json
    """
    from staffml_anki.study.ladders import best_next
    from staffml_anki.study.session import new_session

    if as_json:
        with at_bank(vault, profile) as standing:
            ladder = best_next(standing.ladders)
            output.emit_json(None if ladder is None else _as_json(ladder))
        return
    require_terminal("chain next", "add --json to see the step")
    with at_vault(vault, profile) as (standing, loaded):
        ladder = best_next(standing.ladders)
        if ladder is None or ladder.next is None:
            output.say("every chain is climbed" if standing.bank.chains else NO_CHAIN)
            return
        _show_ladder(ladder)
        session = standing.notebook.open_session("chain")
        if session is None or session.answers[0].question != ladder.next.id:
            session = new_session(f"chain-{standing.now}", "chain", [ladder.next.id], standing.now)
        grade = (url, key) if grade_in_anki else None
        session_of(standing, loaded, session, "staffml-anki chain next", plain=plain, grade=grade)


def _as_json(ladder: "Ladder") -> dict[str, object]:
    return {
        "id": ladder.id, "topic": ladder.topic, "depth": ladder.depth, "steps": ladder.steps,
        "next": ladder.next.id if ladder.next else None,
    }  # fmt: skip
