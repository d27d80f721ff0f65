"""Study plans: an ordered list of areas, a number of questions and a date; quota, pace and where it leads. Pure.

The seven plans of StaffML are recipes in ``plans/``; one of one's own is a file like them, or a few options.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from staffml_anki import data, recipes
from staffml_anki.coverage import Bank
from staffml_anki.errors import RecipeError, StaffmlAnkiError
from staffml_anki.reviews.days import date_of, number_of
from staffml_anki.vault import QuestionId
from staffml_anki.vault.axes import AREAS, LEVELS, TRACKS, level_rank
from staffml_anki.wording import nearest, show


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class PlanRecipe(_Value):
    """What a plan is, before anybody starts it."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")
    title: str = Field(min_length=1, max_length=120)
    days: int = Field(ge=1, le=3650)
    questions: int = Field(ge=1, le=100_000)
    track: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    area: tuple[str, ...] = AREAS
    """Competency areas, in the order in which they are walked."""


class StudyPlan(_Value):
    """A plan under way. ``started`` and ``by`` are days since 1 January 1970; ``steps`` are (area, questions)."""

    name: str
    title: str
    started: int
    by: int
    at: int
    """When it was started, in milliseconds since the epoch: what was answered before does not count."""
    steps: tuple[tuple[str, tuple[QuestionId, ...]], ...]

    @property
    def questions(self) -> tuple[QuestionId, ...]:
        return tuple(key for _, keys in self.steps for key in keys)


@dataclass(frozen=True)
class PlanStatus:
    """Where a plan stands on a day.

    Attributes:
        gone: questions of the plan that the vault no longer has; they count neither as done nor as left.
        quota: questions for today so that the date holds; ``today`` has been done of it.
        pace: questions a day since the start, today included; None before anything was done.
        projected: the day on which it will be done at this pace; None where there is none.
        on_track: as much is done as the days that have passed ask for.
        next: the questions to do next, in the plan's order: today's quota, or what is left of it.
    """

    name: str
    title: str
    started: date
    by: date
    day: int
    days: int
    total: int
    done: int
    gone: int
    quota: int
    today: int
    pace: float | None
    projected: date | None
    on_track: bool
    overdue: bool
    areas: tuple[tuple[str, int, int], ...]
    next: tuple[QuestionId, ...]

    @property
    def left(self) -> int:
        return self.total - self.done


def shipped_plans() -> list[PlanRecipe]:
    return [read_plan(path) for path in sorted(data.PLANS.glob("*.yaml"))]


def find_plan(name: str) -> PlanRecipe:
    """A plan by the name of a shipped one, or by the path of a file.

    Raises:
        RecipeError: there is none, or it is wrong.
    """
    return read_plan(recipes.find("plan", name, data.PLANS))


def read_plan(path: Path) -> PlanRecipe:
    """A plan from its YAML file.

    Raises:
        RecipeError: the file cannot be read or does not say what a plan must; the message lists every fault.
    """
    raw = recipes.read("plan", path, "docs/study.md")
    lists = ("track", "level", "area")
    made = {
        key: (value,) if key in lists and isinstance(value, str) else tuple(value) if isinstance(value, list) else value
        for key, value in raw.items()
    }
    try:
        plan = PlanRecipe.model_validate(made)
    except ValidationError as invalid:
        raise RecipeError(f"plan {path}: {recipes.explain(invalid, PlanRecipe, {})}") from None
    faults = [
        f"{key}: found {show(value)}; {nearest(value, known)}"
        for key, known in (("track", TRACKS), ("level", LEVELS), ("area", AREAS))
        for value in getattr(plan, key)
        if value not in known
    ]
    if faults:
        raise RecipeError(f"plan {path}: {'; '.join(faults)}")
    return plan


def start(recipe: PlanRecipe, bank: Bank, today: int, now: int, by: date | None = None) -> StudyPlan:
    """A plan over the questions of a bank, spread over its areas as evenly as they have questions.

    Within an area they climb from level to level; the steps of a chain come first, because they lead somewhere.

    Args:
        today: the learner's day; ``now``: milliseconds since the epoch.
        by: the day by which it shall be done; by default the recipe's number of days from today.

    Raises:
        StaffmlAnkiError: there is no such question, or the date has passed.
    """
    end = number_of(by) if by is not None else today + recipe.days - 1
    if end < today:
        raise StaffmlAnkiError(f"--by {by}: has passed; give a day from {date_of(today)} on")
    pools = {
        area: [
            entry
            for entry in bank.entries
            if entry.area == area
            and (not recipe.track or entry.track in recipe.track)
            and (not recipe.level or entry.level in recipe.level)
        ]
        for area in dict.fromkeys(recipe.area)
    }
    shares = _shares({area: len(pool) for area, pool in pools.items()}, recipe.questions)
    if not any(shares.values()):
        raise StaffmlAnkiError(f"plan {recipe.name}: this vault has none of its questions; staffml-anki stats counts")
    in_chains = {step for chain in bank.chains for step in chain.steps}
    steps = []
    for area, pool in pools.items():
        chosen = sorted(pool, key=lambda entry: (entry.id not in in_chains, entry.id))[: shares[area]]
        chosen.sort(key=lambda entry: (level_rank(entry.level), entry.id))
        if chosen:
            steps.append((area, tuple(entry.id for entry in chosen)))
    return StudyPlan(name=recipe.name, title=recipe.title, started=today, by=end, at=now, steps=tuple(steps))


def _shares(sizes: Mapping[str, int], count: int) -> dict[str, int]:
    """``count`` places for areas of these sizes, as evenly as they go; what an area cannot fill goes to the others."""
    shares = dict.fromkeys(sizes, 0)
    while count > 0:
        open_areas = [area for area, size in sizes.items() if shares[area] < size]
        if not open_areas:
            break
        for area in open_areas[:count]:
            shares[area] += 1
        count -= min(count, len(open_areas))
    return shares


def status(plan: StudyPlan, known: Collection[QuestionId], done_on: Mapping[QuestionId, int], today: int) -> PlanStatus:
    """Where a plan stands.

    Args:
        known: the questions of the vault.
        done_on: the day on which each question was first answered since the plan began; an earlier one where the app's
            plan of this name had it done: that is no part of the pace.
        today: the learner's day.
    """
    there = [key for key in plan.questions if key in known]
    done = {key for key in there if key in done_on}
    today_done = sum(done_on[key] >= today for key in done)
    before = len(done) - today_done
    days = plan.by - plan.started + 1
    day = today - plan.started + 1
    days_left = max(1, plan.by - today + 1)
    # The quota of a day stays what it was in the morning: it does not shrink while it is being done.
    quota = min(ceil((len(there) - before) / days_left), len(there) - before)
    left = len(there) - len(done)
    since = sum(done_on[key] >= plan.started for key in done)
    pace = since / day if since and day > 0 else None
    projected = date_of(today + ceil(left / pace) - (0 if today_done >= pace else 1)) if pace and left else None
    due = ceil(len(there) * min(max(day - 1, 0), days) / days)
    areas = tuple(
        (area, sum(key in done for key in keys), sum(key in known for key in keys)) for area, keys in plan.steps
    )
    open_questions = [key for key in there if key not in done]
    return PlanStatus(
        name=plan.name, title=plan.title, started=date_of(plan.started), by=date_of(plan.by), day=day, days=days,
        total=len(there), done=len(done), gone=len(plan.questions) - len(there), quota=quota, today=today_done,
        pace=pace, projected=projected, on_track=len(done) >= due and (left == 0 or today <= plan.by),
        overdue=left > 0 and today > plan.by, areas=areas,
        next=tuple(open_questions[: max(0, quota - today_done)]),
    )  # fmt: skip


def custom(
    track: Sequence[str], area: Sequence[str], start_level: str | None, questions: int | None, days: int
) -> PlanRecipe:
    """A plan of one's own: tracks, areas, the level to begin at."""
    levels = LEVELS[level_rank(start_level) :] if start_level else ()
    words = [*track, *area, *([f"from {start_level}"] if start_level else [])]
    name = "-".join(["my", *track, *area])[:60].rstrip("-")
    return PlanRecipe(
        name=name, title=" ".join(words)[:120] or "Everything", days=days, questions=questions or 100_000,
        track=tuple(track), level=tuple(levels), area=tuple(area) or AREAS,
    )  # fmt: skip
