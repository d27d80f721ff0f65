"""Recipes: which questions become which decks. YAML outside, a checked value inside."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from staffml_anki import data, recipes
from staffml_anki.errors import RecipeError
from staffml_anki.vault.select import KNOWN_VALUES, Selection
from staffml_anki.wording import nearest, show

DEFAULT = "complete"
DESCRIPTION = """\
{{ title }}: {{ count }} question{{ "s" if count != 1 }}{% if release %}, release {{ release }}{% if released %} of \
{{ released }}{% endif %}{% endif %}.<br>
Source: {{ source }}. {{ attribution }}. Licence: {{ licence }}."""
OrderKey = Literal["track", "level", "area", "topic", "zone", "chain", "title", "id"]


Minutes = Annotated[float, Field(gt=0, le=525_600, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Preset(_Part):
    """A deck options preset. Anki applies it only where the learner asks for "import deck presets"."""

    name: str = "StaffML"
    new_per_day: int = Field(10, ge=0, le=9999)
    reviews_per_day: int = Field(200, ge=0, le=9999)
    learning_steps: tuple[Minutes, ...] = (1.0, 10.0)
    """Minutes."""
    relearning_steps: tuple[Minutes, ...] = (10.0,)
    """Minutes."""
    desired_retention: float = Field(0.9, ge=0.7, le=0.99, allow_inf_nan=False)
    """The probability of recall that FSRS aims at."""


class Recipe(_Part):
    """How a selection of questions is laid out as decks.

    ``deck``, ``chain_deck`` and ``description`` are Jinja2 templates; docs/recipes.md lists what they may use.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")
    title: str
    select: Selection = Selection()
    deck: str
    """The path of a question's deck, levels separated by ``::``."""
    chain_deck: str = ""
    """The path of a chain's deck, for questions in a chain; empty: chains get no decks of their own."""
    order: tuple[OrderKey, ...] = ("track", "level", "area", "topic", "id")
    """New cards come in this order; the steps of a chain deck always come in step order."""
    preset: Preset = Preset()
    description: str = DESCRIPTION
    """HTML, shown above the study button of the deck and of every deck below it."""
    output: str = Field(pattern=r"^[\w. -]+\.apkg$")


# Recipes are passed around like decks are. Theirs is a Jinja2 that reaches no Python and always ends: values,
# conditions and a few filters, but no loops, no calls and nothing that multiplies.
_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, trim_blocks=True)
_ENVIRONMENT.globals.clear()
_FILTERS = ("capitalize", "default", "first", "last", "length", "lower", "replace", "title", "trim", "upper")
_ENVIRONMENT.filters = {name: _ENVIRONMENT.filters[name] for name in _FILTERS}
_REFUSED: dict[type[nodes.Node], str] = {
    nodes.For: "loops", nodes.Macro: "macros", nodes.Call: "calls", nodes.CallBlock: "calls", nodes.Mul: "*",
    nodes.Pow: "**", nodes.Mod: "%", nodes.Include: "include", nodes.Import: "import", nodes.FromImport: "import",
    nodes.Extends: "extends", nodes.FilterBlock: "filter blocks",
}  # fmt: skip
MAX_TEMPLATE = 4_000


def compile_template(recipe: Recipe, key: str) -> jinja2.Template:
    """One of a recipe's templates, ready to render.

    Raises:
        RecipeError: it is not valid Jinja2.
    """
    source = getattr(recipe, key)
    fault = f"is longer than {MAX_TEMPLATE} characters" if len(source) > MAX_TEMPLATE else ""
    if not fault:
        try:
            parsed = _ENVIRONMENT.parse(source)
            used = [word for node, word in _REFUSED.items() if parsed.find(node)]
            if not used:
                return _ENVIRONMENT.from_string(source)
            fault = f"uses {', '.join(used)}; it may use values, conditions and the filters {', '.join(_FILTERS)}"
        except jinja2.TemplateError as error:
            fault = f"is not a valid template: {error}"
        except (RecursionError, SyntaxError):
            fault = "is not a valid template: nested too deeply"
    raise RecipeError(f"recipe {recipe.name}: {key} {fault}")


def render(recipe: Recipe, key: str, template: jinja2.Template, values: dict[str, Any]) -> str:
    """Render one of a recipe's templates, or say which one failed and why."""
    try:
        return template.render(values).strip()
    except (
        jinja2.TemplateError,
        TypeError,
        ValueError,
        ArithmeticError,
        LookupError,
        AttributeError,
        RecursionError,
    ) as error:
        known = ", ".join(sorted(values))
        raise RecipeError(f"recipe {recipe.name}: {key} cannot be rendered: {error}; it may use {known}") from None


def shipped_recipes() -> list[Recipe]:
    """Every shipped recipe, the default first, then by name."""
    shipped = [read_recipe(path) for path in sorted(data.RECIPES.glob("*.yaml"))]
    return sorted(shipped, key=lambda recipe: (recipe.name != DEFAULT, recipe.name))


def find_recipe(name: str) -> Recipe:
    """A recipe by the name of a shipped one, or by the path of a file.

    Raises:
        RecipeError: there is none, or it is wrong.
    """
    return read_recipe(recipes.find("recipe", name, data.RECIPES))


def read_recipe(path: Path) -> Recipe:
    """A recipe from its YAML file.

    Raises:
        RecipeError: the file cannot be read or does not say what a recipe must; the message lists every fault.
    """
    raw = recipes.read("recipe", path, "docs/recipes.md")
    try:
        recipe = Recipe.model_validate(_as_tuples(raw))
    except ValidationError as invalid:
        faults = recipes.explain(invalid, Recipe, {"select": Selection, "preset": Preset})
        raise RecipeError(f"recipe {path}: {faults}") from None
    faults = "; ".join(_unknown_values(recipe.select))
    if faults:
        raise RecipeError(f"recipe {path}: {faults}")
    for key in ("deck", "chain_deck", "description"):
        compile_template(recipe, key)
    return recipe


def _as_tuples(value: Any) -> Any:
    """YAML lists as the tuples that our frozen values hold; a single value under `select` may stand without a list."""
    if isinstance(value, dict):
        converted = {key: _as_tuples(item) for key, item in value.items()}
        if isinstance(chosen := converted.get("select"), dict):
            lists = {key for key, field in Selection.model_fields.items() if field.default == ()}
            converted["select"] = {k: (v,) if isinstance(v, str) and k in lists else v for k, v in chosen.items()}
        return converted
    if isinstance(value, list):
        return tuple(float(item) if type(item) is int else item for item in value)
    return value


def _unknown_values(selection: Selection) -> Iterable[str]:
    for key, valid in KNOWN_VALUES.items():
        # Topics grow with every release of the vault: an unknown one selects nothing, and `recipes` shows it.
        for value in getattr(selection, key) if key != "topic" else ():
            if value not in valid:
                yield f"select.{key}: found {show(value)}; {nearest(value, valid)}"
