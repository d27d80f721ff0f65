"""`practice` and `daily`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from staffml_anki.cli import options, output
from staffml_anki.cli.histories import Profile
from staffml_anki.cli.learner import GradeInAnki, New, Plain, at_bank, at_vault, begun_or_new, brief, session_of
from staffml_anki.cli.sitting import require_terminal
from staffml_anki.cli.sync_options import DEFAULT_URL, Key, Url
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.wording import counted

if TYPE_CHECKING:
    from staffml_anki.reviews.practice import Mode
    from staffml_anki.study.daily import Daily
    from staffml_anki.study.session import Session
    from staffml_anki.study.standing import Standing
    from staffml_anki.vault import Question, QuestionId, Vault
    from staffml_anki.vault.select import Selection

WHICH = "Which questions"
COUNT = 10


def register(app: typer.Typer) -> None:
    app.command("practice")(practice)
    app.command("daily")(daily)


def practice(
    vault: options.VaultPath = options.DEFAULT_VAULT,
    track: options.Tracks = [],  # noqa: B006 - typer copies defaults
    level: options.Levels = [],  # noqa: B006
    area: options.Areas = [],  # noqa: B006
    topic: options.Topics = [],  # noqa: B006
    zone: options.Zones = [],  # noqa: B006
    chain: options.Chains = [],  # noqa: B006
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many.", rich_help_panel=WHICH)] = COUNT,
    due_first: Annotated[
        bool, typer.Option("--due-first", help="What Anki has due, before the weakest.", rich_help_panel=WHICH)
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="What is left of the plan's quota.", rich_help_panel=WHICH)
    ] = False,
    napkin_only: Annotated[
        bool, typer.Option("--napkin-only", help="Only with napkin math.", rich_help_panel=WHICH)
    ] = False,
    with_visual: Annotated[
        bool, typer.Option("--with-visual", help="Only with a drawing.", rich_help_panel=WHICH)
    ] = False,
    chains: Annotated[
        bool, typer.Option("--chains", help="Only steps of chains, in their order.", rich_help_panel=WHICH)
    ] = False,
    just_list: Annotated[bool, typer.Option("--list", help="Show which questions it would ask.")] = False,
    new: New = False,
    plain: Plain = False,
    grade_in_anki: GradeInAnki = False,
    profile: Profile = None,
    timezone: options.TimeZone = None,
    rollover: options.Rollover = None,
    url: Url = DEFAULT_URL,
    key: Key = None,
    as_json: options.AsJson = False,
) -> None:
    """Answer questions, the weakest first: think, estimate, reveal step by step, score yourself.

    A session that you leave is kept; the same command goes on with it.

    [dim]Examples:[/dim]
      staffml-anki practice --list
      staffml-anki practice --track cloud --level L4 --count 5
      staffml-anki practice --napkin-only --due-first --grade-in-anki
    """
    from staffml_anki.vault.select import require_known

    narrow = options.selection(track=track, level=level, area=area, topic=topic, zone=zone, chain=chain)
    flags = {"has_napkin_math": napkin_only or None, "has_visual": with_visual or None, "in_chain": chains or None}
    narrow = narrow.model_copy(update=flags)
    listing = just_list or as_json
    if not listing:
        require_terminal("practice", "add --list to see what it would ask")
    with at_vault(vault, profile, timezone, rollover) as (standing, loaded):
        require_known(loaded, narrow)
        chosen = _chosen(standing, loaded, narrow, plan=plan, due_first=due_first, chains=chains)[:count]
        if listing:
            _list(standing, [loaded.questions[each] for each in chosen], as_json=as_json)
            return
        wish = _wish(narrow, count, due_first=due_first)
        resume = f"staffml-anki practice{' --plan' if plan else ''}"
        mode: Mode = "plan" if plan else "practice"
        session = begun_or_new(
            standing, mode, wish, lambda asked: _new_practice(standing, chosen, mode, asked), resume, new=new
        )
        session_of(standing, loaded, session, resume, plain=plain, grade=(url, key) if grade_in_anki else None)


def _wish(narrow: "Selection", count: int, *, due_first: bool) -> dict[str, Any]:
    """What was asked for beyond the ordinary."""
    wish: dict[str, Any] = narrow.model_dump(mode="json", exclude_defaults=True)
    wish |= {"count": count} if count != COUNT else {}
    return wish | ({"due_first": True} if due_first else {})


def _chosen(
    standing: "Standing", vault: "Vault", narrow: "Selection", *, plan: bool, due_first: bool, chains: bool
) -> "list[QuestionId]":
    """What practice asks, in order."""
    from staffml_anki.study.draws import weakest_first
    from staffml_anki.vault.select import select

    questions = select(vault, narrow)
    if plan:
        status = standing.plan_status()
        if status is None:
            raise StaffmlAnkiError("no plan is under way; start one with staffml-anki plan start llm-inference")
        return [key for key in status.next if key in questions]
    order = list(weakest_first(questions.values(), standing.recall, standing.last_practised))
    if due_first:
        order = list(standing.due_first(order))
    if chains:
        rank = {key: place for place, key in enumerate(order)}
        ladders = sorted(vault.chains, key=lambda chain: min(rank.get(step, len(rank)) for step in chain.steps))
        home = {key: places[0].chain for key, places in vault.memberships.items()}
        order = [step for chain in ladders for step in chain.steps if step in rank and home[step] is chain]
    return order


def _new_practice(standing: "Standing", chosen: "list[QuestionId]", mode: "Mode", asked: str) -> "Session":
    from staffml_anki.study.session import new_session

    if not chosen:
        raise StaffmlAnkiError(
            "today's quota is done; plan status shows the rest"
            if mode == "plan"
            else "no question matches; drop an option"
        )
    return new_session(f"{mode}-{standing.now}", mode, chosen, standing.now, about={"asked": asked})


def _list(standing: "Standing", questions: "list[Question]", *, as_json: bool) -> None:
    rows = [
        brief(question)
        | {
            "recall": round(standing.recall.get(question.id, 0.0), 4),
            "due": question.id in standing.due,
            "last_score": standing.last_practised.get(question.id, (None,))[0],
        }
        for question in questions
    ]
    if as_json:
        output.emit_json(rows)
        return
    if not rows:
        output.warn("no question matches; drop an option")
        return
    lines = [[str(row["id"]), str(row["level"]), f"{row['recall']:.0%}", str(row["title"])] for row in rows]
    output.table([["id", "level", "recall", "title"], *lines], right=(2,), fit=True)


def daily(
    vault: options.VaultPath = options.DEFAULT_VAULT,
    yesterday: Annotated[bool, typer.Option("--yesterday", help="Look at yesterday's, with the answers.")] = False,
    plain: Plain = False,
    grade_in_anki: GradeInAnki = False,
    profile: Profile = None,
    timezone: options.TimeZone = None,
    rollover: options.Rollover = None,
    url: Url = DEFAULT_URL,
    key: Key = None,
    as_json: options.AsJson = False,
) -> None:
    """The three questions of the day: the same for everybody with the same vault. Done once; a streak counts the days.

    [dim]Examples:[/dim]
      staffml-anki daily
      staffml-anki daily --yesterday
      staffml-anki daily --json
    """
    from staffml_anki.study.daily import begin
    from staffml_anki.study.daily import daily as challenge

    if as_json:
        with at_bank(vault, profile, timezone, rollover) as standing:
            found = challenge(standing, standing.today - (1 if yesterday else 0))
            output.emit_json(_daily_json(found, standing))
        return
    with at_vault(vault, profile, timezone, rollover) as (standing, loaded):
        found = challenge(standing, standing.today - (1 if yesterday else 0))
        if yesterday or found.state == "done":
            _show_daily(found, loaded, answers=yesterday)
            return
        require_terminal("daily", "add --json to see what it would ask")
        session = begin(standing, found)
        grade = (url, key) if grade_in_anki else None
        session_of(standing, loaded, session, "staffml-anki daily", plain=plain, grade=grade)
        _show_streak(challenge(standing, standing.today))


def _daily_json(found: "Daily", standing: "Standing") -> dict[str, object]:
    questions = [
        (brief(standing.entries[key]) if key in standing.entries else {"id": key}) | {"score": score}
        for key, score in zip(found.questions, found.scores, strict=True)
    ]
    return {"date": found.date, "state": found.state, "questions": questions, "streak": found.streak}


def _show_daily(found: "Daily", vault: "Vault", *, answers: bool) -> None:
    from staffml_anki.study.view import SCORE_NAMES, parts_of, question_text

    output.say(f"daily challenge of {found.date}: {found.state}", "bold")
    for key, score in zip(found.questions, found.scores, strict=True):
        question = vault.questions.get(key)
        if question is None:
            continue
        output.say(f"\n{question.level} · {question.track} · {question.title}", "bold")
        output.say(f"your score: {'none' if score is None else SCORE_NAMES[score]}", "dim")
        if answers:
            output.paragraph(f"\n{question_text(question)}")
            for part in parts_of(question, vault):
                output.say(f"\n{part.title}", "bold cyan")
                output.paragraph(part.text)
    _show_streak(found)


def _show_streak(found: "Daily") -> None:
    run = found.streak
    if found.reached is not None:
        output.say(f"\n{found.reached} days in a row: a milestone!", "bold green")
    following = f", next milestone at {run.next}" if run.next else ""
    output.say(f"\nstreak {counted(run.current, 'day')} (longest {run.longest}{following})")
