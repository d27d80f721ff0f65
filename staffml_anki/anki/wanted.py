"""What a release says should be in the collection: every note, rendered, and its place. A value."""

import html
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from pydantic import BaseModel, ConfigDict

from staffml_anki.anki.held import SEPARATOR
from staffml_anki.cards import markup
from staffml_anki.cards.note import NoteMaker
from staffml_anki.cards.notetype import FIELDS
from staffml_anki.cards.tags import tag
from staffml_anki.decks.layout import lay_out
from staffml_anki.decks.recipe import Preset, Recipe
from staffml_anki.package.build import program_digest
from staffml_anki.parallel import Progress, no_progress, spread
from staffml_anki.reading import digest_of_texts
from staffml_anki.vault import Problem, QuestionId, Source, Vault, read_source
from staffml_anki.vault.select import Selection, require_known

_TITLE = FIELDS.index("Title")

PLAN_DECK = "Plan"


_IN_PLAN_DECK = re.compile(rf"(^|::){PLAN_DECK} [^:]+::\d\d ")


class PlanDecks(BaseModel):
    """A study plan as Anki gets it: ``steps`` are (name, questions), in the plan's order."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str
    title: str
    steps: tuple[tuple[str, tuple[QuestionId, ...]], ...]


@dataclass(frozen=True, slots=True)
class WantedNote:
    """A note as the release has it.

    Attributes:
        text: the fields in the order of ``notetype.FIELDS``, joined by U+001F.
        path: the deck that the recipe gives it, before the learner's own renaming is followed.
        due: its number among the new cards.
        media: the name of its drawing, or "".
        home: the recipe's deck where a study plan puts the card into another for a while; else "".
        source: digest of all that the text was made from, the program included.
    """

    question: QuestionId
    text: str
    tags: tuple[str, ...]
    path: str
    due: int = field(compare=False)
    media: str = ""
    home: str = ""
    source: str = ""

    @property
    def fields(self) -> list[str]:
        return self.text.split(SEPARATOR)

    @property
    def title(self) -> str:
        return self.text.split(SEPARATOR, _TITLE + 1)[_TITLE]


@dataclass(frozen=True)
class Wanted:
    """A release, laid out by a recipe.

    Attributes:
        inputs: digest of all that this was made from.
        descriptions: of the decks, by path.
        published: the ids of all questions in the vault, whether or not the recipe wants them, and of broken ones.
        complete: whether ``published`` is certain to hold them all: a file that cannot be read may be any question.
        source: the Source field that this vault's notes carry, as Anki stores it.
        media: drawings by file name.
        chains: the steps of each chain, in the chains' order.
        errors: what is broken in the vault; what it concerns is neither written nor retired.
    """

    inputs: str
    notes: Mapping[QuestionId, WantedNote]
    descriptions: Mapping[str, str]
    chain_names: Mapping[str, str]
    published: frozenset[QuestionId]
    complete: bool
    source: str
    release: str
    preset: Preset
    media: Mapping[str, bytes]
    chains: tuple[tuple[QuestionId, ...], ...] = ()
    errors: tuple[Problem, ...] = ()


@cache
def is_plan_deck(name: str) -> bool:
    """Whether a deck is one that we give to a step of a study plan."""
    return _IN_PLAN_DECK.search(name) is not None


def inputs_of(source: Source, recipe: Recipe, narrow: Selection, plan: PlanDecks | None = None) -> str:
    """Digest of all that decides what is wanted; equal inputs give equal notes in equal places."""
    texts = [source.digest, recipe.model_dump_json(), narrow.model_dump_json(), program_digest()]
    return digest_of_texts([*texts, plan.model_dump_json()] if plan else texts)


def read_wanted(
    source: Source,
    recipe: Recipe,
    narrow: Selection,
    chain_names: Mapping[str, str],
    progress: Progress = no_progress,
    plan: PlanDecks | None = None,
    rendered: Mapping[QuestionId, WantedNote] | None = None,
) -> Wanted:
    """Read, lay out and render a vault.

    Args:
        chain_names: the names that chain decks were given before.
        plan: the study plan that is under way.
        rendered: notes made before: what has not changed is not rendered again.

    Raises:
        StaffmlAnkiError: the vault or the recipe cannot be used at all.
    """
    vault = read_source(source, progress=progress)
    require_known(vault, narrow)
    layout = lay_out(vault, recipe, narrow, chain_names)
    placed = {key: deck.name for deck in layout.decks for key in deck.questions}
    notes, media = _make_notes(vault, placed, rendered or {}, progress)
    descriptions = {deck.name: deck.description for deck in layout.decks}
    if plan is not None:
        notes, descriptions = with_plan(notes, descriptions, plan)
    broken = {QuestionId(problem.question) for problem in vault.errors if problem.question}
    return Wanted(
        inputs=inputs_of(source, recipe, narrow, plan),
        notes=dict(sorted(notes.items())),
        descriptions=descriptions,
        chain_names=dict(chain_names) | dict(layout.chain_names),
        published=frozenset(vault.questions.keys() | broken | {question.id for question in vault.broken}),
        complete=not vault.unread,
        source=unicodedata.normalize("NFC", markup.plain(vault.release.source)),
        release=vault.release.id,
        preset=recipe.preset,
        media=media,
        chains=tuple(chain.steps for chain in vault.chains),
        errors=vault.errors,
    )


def _make_notes(
    vault: Vault, placed: Mapping[QuestionId, str], rendered: Mapping[QuestionId, WantedNote], progress: Progress
) -> tuple[dict[QuestionId, WantedNote], dict[str, bytes]]:
    """The notes, and the drawings by their names.

    Args:
        placed: the deck of each question, in the order in which they are to be learned.
    """
    maker, program = NoteMaker(vault), program_digest()
    questions = [vault.questions[key] for key in placed]
    digests = {
        each.id: digest_of_texts([program, each.model_dump_json(exclude={"file"}), *maker.around(each)])
        for each in questions
    }
    fresh = [each for each in questions if each.id not in rendered or rendered[each.id].source != digests[each.id]]
    texts = {note.id: SEPARATOR.join(note.fields) for note in spread(maker.note, fresh, "Making notes", progress)}
    notes, drawings = {}, {}
    for due, question in enumerate(questions, start=1):
        key = question.id
        text = texts.get(key) or rendered[key].text
        media = maker.media(question)
        name = media.name if media else ""
        notes[key] = WantedNote(key, text, maker.tags(question), placed[key], due, name, source=digests[key])
        if media:
            drawings[name] = media.data
    return notes, drawings


def with_plan(
    notes: Mapping[QuestionId, WantedNote], descriptions: Mapping[str, str], plan: PlanDecks
) -> tuple[dict[QuestionId, WantedNote], dict[str, str]]:
    """The same with the plan's notes tagged, and their cards in decks of the plan's own, one for each of its steps.

    Anki takes new cards deck by deck, in the order of their names: so the plan's order is theirs.
    """
    moved, texts = dict(notes), dict(descriptions)
    for number, (step, questions) in enumerate(plan.steps, start=1):
        for key in questions:
            note = notes.get(key)
            if note is None:
                continue
            top = f"{note.path.partition('::')[0]}::{PLAN_DECK} {plan.name}"
            path = f"{top}::{number:02d} {step}"
            tags = tuple(sorted({*note.tags, tag("plan", plan.name)}))
            moved[key] = replace(note, path=path, tags=tags, home=note.path)
            texts[top] = html.escape(plan.title)
            texts[path] = html.escape(f"{plan.title}: {step}")
    return moved, texts
