"""The main job: a vault and a recipe in, an .apkg and its manifest out, and an account of what was done."""

import contextlib
import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, time
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from staffml_anki import __version__
from staffml_anki.cards.note import Note, NoteMaker, digests_of
from staffml_anki.cards.notetype import TEMPLATES_CHANGED, Templates, load_templates
from staffml_anki.decks.layout import Layout, lay_out
from staffml_anki.decks.recipe import Recipe
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.files import write_whole
from staffml_anki.package.manifest import Dates, Manifest, Stamp, is_current, manifest_path, read_manifest
from staffml_anki.package.writer import Contents, PackedDeck, model_json, note_ids, pack, package_bytes
from staffml_anki.parallel import Progress, no_progress, spread, without_collector
from staffml_anki.reading import digest_of, digest_of_texts
from staffml_anki.vault import Problem, Question, QuestionId, Vault, open_source, read_source
from staffml_anki.vault.compare import NOT_CARRIED
from staffml_anki.vault.select import Selection, require_known, unknown

_RENDERERS = ("genanki", "jinja2", "nh3", "pydantic", "pyromark", "pyyaml")


@dataclass(frozen=True, slots=True)
class Request:
    """What to build.

    Attributes:
        out: the package's file name.
        previous: a manifest to date changes by; without one, the manifest beside ``out`` if there is one.
        strict: refuse to build anything while the vault has errors.
        now: seconds since the epoch, used where neither vault nor manifest dates a change.
    """

    vault: Path
    recipe: Recipe
    out: Path
    now: int
    narrow: Selection = field(default_factory=Selection)
    previous: Path | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a build did. ``added``, ``updated`` and ``unchanged`` are notes against the previous manifest."""

    package: str
    manifest: str
    recipe: str
    release: str
    questions: int
    decks: int
    media: int
    bytes: int
    added: int
    updated: int
    unchanged: int
    problems: tuple[Problem, ...]
    notices: tuple[str, ...] = ()
    first: bool = False
    """No manifest of an earlier build was known: the vault's own dates had to say what changed when."""
    up_to_date: bool = False

    @property
    def skipped(self) -> tuple[Problem, ...]:
        """The errors: each kept a question, or a part of a chain, out."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


class BrokenVaultError(StaffmlAnkiError):
    """Nothing was built because of what is wrong in the vault: ``problems`` lists it."""

    def __init__(self, message: str, problems: Iterable[Problem]) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


@without_collector()
def build(request: Request, progress: Progress = no_progress) -> Outcome:
    """Build a package and its manifest.

    Where the package is there already and every input is the same, nothing is written.

    Raises:
        StaffmlAnkiError: nothing was built; an older package is untouched.
    """
    source = open_source(request.vault)
    beside = manifest_path(request.out)
    current = read_manifest(beside) if beside.is_file() else None
    previous = read_manifest(request.previous) if request.previous else current
    templates = load_templates()
    inputs = _digest(request, source.digest, templates)
    if current is not None and is_current(current, inputs, request.out):
        with contextlib.suppress(ValidationError):
            return _reported(current, request)
    vault = read_source(source, progress=progress)
    if request.strict and vault.errors:
        errors = f"{len(vault.errors)} error{'' if len(vault.errors) == 1 else 's'}"
        raise BrokenVaultError(f"the vault has {errors} and --strict was asked for; nothing was built", vault.errors)
    require_known(vault, request.narrow)
    layout = lay_out(vault, request.recipe, request.narrow, previous.chains if previous else None)
    if not layout.questions:
        raise BrokenVaultError(_nothing(vault, request), vault.errors)
    dates = Dates(previous, vault.release.timestamp, request.now)
    notes, stamps = _make_notes(vault, layout, dates, progress)
    notetype = dates.notetype(templates.digest, int(TEMPLATES_CHANGED.timestamp()))
    data = package_bytes(_contents(request.recipe, layout, notes, stamps, templates, notetype))
    outcome = _account(request, vault, layout, notes, stamps, dates, len(data))
    manifest = Manifest(
        recipe=request.recipe.name,
        release=vault.release.id,
        inputs=inputs,
        package=hashlib.blake2b(data, digest_size=16).hexdigest(),
        notetype=notetype,
        # A question that is not in this build keeps its stamp: a narrower build, or a retired question that comes
        # back, must not make it count as new.
        notes=(previous.notes if previous else {}) | stamps,
        chains=(previous.chains if previous else {}) | dict(layout.chain_names),
        outcome=_saved(outcome),
    )
    # The manifest goes last: killed in between, the next build sees the old one and does the same again.
    write_whole({request.out: data, beside: manifest.to_json()})
    return outcome


def _contents(
    recipe: Recipe,
    layout: Layout,
    notes: dict[QuestionId, Note],
    stamps: dict[str, Stamp],
    templates: Templates,
    notetype: Stamp,
) -> Contents:
    return Contents(
        model=model_json(templates, notetype.mod),
        decks=[PackedDeck(deck.name, deck.description, with_preset=True) for deck in layout.decks],
        notes=pack(layout.decks, notes, {key: stamps[key].mod for key in notes}, note_ids(notes)),
        media=[note.media for note in notes.values() if note.media],
        mod=notetype.mod,
        preset=recipe.preset,
    )


def _make_notes(
    vault: Vault, layout: Layout, dates: Dates, progress: Progress
) -> tuple[dict[QuestionId, Note], dict[str, Stamp]]:
    questions = [vault.questions[key] for deck in layout.decks for key in deck.questions]
    made = spread(partial(_make_note, NoteMaker(vault)), questions, "Making notes", progress)
    stamps = {
        str(q.id): dates.note(q.id, Stamp(hash=digest, core=core, shape=vault.shape, mod=0), _own_date(q))
        for q, (_, digest, core) in zip(questions, made, strict=True)
    }
    return {note.id: note for note, _, _ in made}, stamps


def _make_note(maker: NoteMaker, question: Question) -> tuple[Note, str, str]:
    note = maker.note(question)
    return note, *digests_of(note.fields, note.tags)


def _own_date(question: Question) -> int | None:
    """The start of the day (UTC) on which the vault says that a question last changed."""
    changed = question.last_changed
    return int(datetime.combine(changed, time(), UTC).timestamp()) if changed else None


def _account(
    request: Request,
    vault: Vault,
    layout: Layout,
    notes: dict[QuestionId, Note],
    stamps: dict[str, Stamp],
    dates: Dates,
    size: int,
) -> Outcome:
    before = dates.previous.notes if dates.previous else {}
    added = sum(key not in before for key in stamps)
    # What keeps its time is what Anki leaves alone.
    unchanged = sum(key in before and before[key].mod == stamp.mod for key, stamp in stamps.items())
    notices = [f"recipe {request.recipe.name} asks for {wish}" for wish in unknown(vault, request.recipe.select)]
    undated = dates.previous is None and any(_own_date(vault.questions[key]) is None for key in notes)
    if dates.used_clock:
        notices.append("The vault carries no release date: what changed is dated to this build.")
    if undated:
        notices.append(
            "No manifest of an earlier build was found, and the vault does not date its questions: every note counts "
            "as changed in this release. Over an earlier import, give that build's manifest with --previous."
        )
    return Outcome(
        package=str(request.out),
        manifest=str(manifest_path(request.out)),
        recipe=request.recipe.name,
        release=vault.release.id,
        questions=len(notes),
        decks=sum(bool(deck.questions) for deck in layout.decks),
        media=sum(note.media is not None for note in notes.values()),
        bytes=size,
        added=added,
        updated=len(stamps) - added - unchanged,
        unchanged=unchanged,
        problems=vault.problems,
        notices=tuple(notices),
        first=dates.previous is None,
    )


def _digest(request: Request, vault: str, templates: Templates) -> str:
    """Of everything that decides what is built: vault, recipe, selection, earlier manifest, templates, this program."""
    return digest_of_texts(
        [
            vault,
            request.recipe.model_dump_json(),
            request.narrow.model_dump_json(),
            str(request.strict),
            digest_of(request.previous) if request.previous else "",
            templates.digest,
            program_digest(),
        ]
    )


def program_digest() -> str:
    """Of this program and the libraries that render: with another one, the same vault may give other notes."""
    root = Path(__file__).parents[1]
    sources = [digest_of(path) for path in sorted(root.rglob("*.py"))]
    return digest_of_texts([__version__, *(f"{name}=={version(name)}" for name in _RENDERERS), *sources])


def _saved(outcome: Outcome) -> dict[str, Any]:
    """An outcome without what depends on where the build ran."""
    kept = asdict(outcome)
    for key in ("package", "manifest", "up_to_date"):
        del kept[key]
    kept["problems"] = [asdict(problem) for problem in outcome.problems]
    kept["notices"] = list(outcome.notices)
    return kept


def _reported(manifest: Manifest, request: Request) -> Outcome:
    """The account of the build that made what is already there: now everything in it is unchanged.

    Raises:
        ValidationError: somebody has edited the account.
    """
    files = {"package": str(request.out), "manifest": str(manifest_path(request.out)), "up_to_date": True}
    again = TypeAdapter(Outcome).validate_python(manifest.outcome | files)
    return replace(again, added=0, updated=0, unchanged=again.questions, notices=(), first=False)


def _nothing(vault: Vault, request: Request) -> str:
    if not vault.questions:
        return (
            f"{request.vault}: holds no question that can be published ({vault.unpublished} are not published, "
            f"{len(vault.errors)} are broken; see staffml-anki check)"
        )
    asked = [key for key in ("math_verified", "human_reviewed") if getattr(request.recipe.select, key) is not None]
    missing = [key for key in asked if key in NOT_CARRIED[vault.shape]]
    hint = f"a {vault.shape} carries no {' and no '.join(missing)}" if missing else "widen the selection"
    return f"recipe {request.recipe.name}: selects none of the {len(vault.questions)} questions; {hint}"
