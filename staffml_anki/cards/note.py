"""A question becomes a note: fields, tags, media, identity."""

import hashlib
import re
from dataclasses import dataclass
from functools import cache

from staffml_anki.cards import markup
from staffml_anki.cards.notetype import FIELDS
from staffml_anki.cards.tags import ROOT, tags_of
from staffml_anki.vault import Chain, Membership, Question, QuestionId, Release, Vault
from staffml_anki.vault.axes import TRACK_NAMES, topic_name
from staffml_anki.vault.sections import split_common_mistake, split_napkin_math

_NAMESPACE = "staffml-anki"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NOT_IN_EVERY_SHAPE = {"Minutes", "Math Verified", "Human Reviewed"}
_TAGS_NOT_IN_EVERY_SHAPE = (f"{ROOT}::math-verified", f"{ROOT}::human-reviewed", f"{ROOT}::tag::")
_NO_TEXT = ("",) * len(FIELDS)
_UNSAFE_IN_NAME = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Media:
    """A file that goes into the collection's media folder."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """What Anki will hold for one question. ``fields`` stand in the order of ``notetype.FIELDS``, as HTML."""

    id: QuestionId
    fields: tuple[str, ...]
    tags: tuple[str, ...]
    media: Media | None = None

    @property
    def guid(self) -> str:
        return guid_of(self.id)


def digests_of(fields: tuple[str, ...], tags: tuple[str, ...]) -> tuple[str, str]:
    """Two digests of a note, 32 hexadecimal digits each: of everything that a release can change in it, and of what
    every shape of vault carries (building from another shape changes no more than the rest)."""
    core: list[str] = []
    rest: list[str] = []
    for name, text in zip(FIELDS, fields, strict=True):
        (rest if name in _NOT_IN_EVERY_SHAPE else core).append(text)
    for tag in tags:
        (rest if tag.startswith(_TAGS_NOT_IN_EVERY_SHAPE) else core).append(tag)
    hashed = hashlib.blake2b("\x1f".join(core).encode(), digest_size=16)
    of_core = hashed.hexdigest()
    hashed.update("\x1e".join(("", *rest)).encode())
    return hashed.hexdigest(), of_core


@cache
def guid_of(question_id: QuestionId) -> str:
    """The note's identity across every release, recipe and machine. Never change how it is made."""
    import genanki  # not above: who reads and compares notes does not need it, and it takes its time to load

    return str(genanki.guid_for(_NAMESPACE, question_id))


class NoteMaker:
    """Makes the notes of one vault. A note depends on its question, its chains and the vault's licence alone, never on
    the recipe or the selection: the same question is the same note in every deck."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._places = vault.memberships

    def note(self, question: Question) -> Note:
        media = self.media(question)
        fields = _texts(question) | _axes(question, self._vault.release) | self._chain_fields(question)
        fields["Visual"] = _visual(question, media)
        return Note(question.id, tuple(map(fields.get, FIELDS, _NO_TEXT)), self.tags(question), media)

    def around(self, question: Question) -> tuple[str, ...]:
        """All that the fields of a question's note depend on besides the question."""
        media, release = self.media(question), self._vault.release
        name = media.name if media is not None else ""
        return (release.source, release.licence, name, *self._chain_fields(question).values())

    def tags(self, question: Question) -> tuple[str, ...]:
        return tags_of(question, self._places.get(question.id, []))

    def media(self, question: Question) -> Media | None:
        """The drawing of a question, under the name that it has in every collection."""
        svg = self._vault.visuals.get(question.id)
        if svg is None:
            return None
        # The digest of id and content keeps two drawings with one file name apart, and a redrawn one from its old self.
        digest = hashlib.blake2b(question.id.encode() + b"\0" + svg, digest_size=6).hexdigest()
        slug = _UNSAFE_IN_NAME.sub("-", question.id.lower()).strip("-")[:60]
        return Media(f"staffml-{slug}-{digest}.svg", svg)

    def _chain_fields(self, question: Question) -> dict[str, str]:
        """The home chain for templates and searches, and every chain as a strip of steps."""
        places = self._places.get(question.id)
        if not places:
            return {}
        home = places[0]
        return {
            "Chain": markup.plain(chain_title(self._vault, home.chain)),
            "Chain Position": f"{home.position}/{len(home.chain.steps)}",
            "Chain Steps": "".join(self._strip(place) for place in places),
            "Previous Step": self._step_title(home.previous),
            "Next Step": self._step_title(home.next),
        }

    def _step_title(self, step: QuestionId | None) -> str:
        if step is None:
            return ""
        question = self._vault.questions[step]
        return markup.plain(f"{question.level} {question.title}")

    def _strip(self, place: Membership) -> str:
        """One chain: all levels, and titles only beside this step, so that a title far off touches no other note."""
        steps = []
        for position, step in enumerate(place.chain.steps, start=1):
            question = self._vault.questions[step]
            near = abs(position - place.position) <= 1
            current = ' aria-current="step"' if position == place.position else ""
            title = f" <span>{markup.plain(question.title)}</span>" if near else ""
            steps.append(f'<li data-level="{question.level}"{current}><b>{question.level}</b>{title}</li>')
        name = markup.plain(chain_title(self._vault, place.chain))
        return f'<p class="chain-name">{name}</p><ol class="chain-steps">{"".join(steps)}</ol>'


def chain_title(vault: Vault, chain: Chain) -> str:
    """A chain for people: its topic and what it climbs, ``KV cache management L1→L6+``."""
    low, high = vault.span(chain)
    return f"{topic_name(chain.topic)} {low}→{high}" if low != high else f"{topic_name(chain.topic)} {low}"


def _texts(question: Question) -> dict[str, str]:
    napkin = split_napkin_math(question.napkin_math)
    mistake = split_common_mistake(question.common_mistake)
    blocks, lines = markup.render_markdown((question.solution, *napkin, *mistake), question.options)
    solution, math, assumptions, calculations, conclusion, misstep, pitfall, rationale, consequence = blocks
    options = "".join(f"<li>{line}</li>" for line in lines)
    resources = "".join(f"<li>{markup.link(r.url, r.name)}</li>" for r in question.resources)
    correct = question.correct_index
    return {
        "ID": markup.plain(question.id),
        "Title": markup.plain(question.title),
        "Scenario": markup.plain(question.scenario),
        "Question": markup.plain(question.question),
        "Options": f'<ol class="options">{options}</ol>' if options else "",
        "Correct Option": _LETTERS[correct] if options and correct is not None and correct < len(_LETTERS) else "",
        "Answer": solution,
        "Napkin Assumptions": assumptions,
        "Napkin Calculations": calculations,
        "Napkin Conclusion": conclusion,
        "Napkin Math": math,
        "Pitfall": pitfall,
        "Rationale": rationale,
        "Consequence": consequence,
        "Common Mistake": misstep,
        "Resources": f"<ul>{resources}</ul>" if resources else "",
    }


def _axes(question: Question, release: Release) -> dict[str, str]:
    return {
        "Track": TRACK_NAMES[question.track],
        "Level": question.level,
        "Area": question.area,
        "Topic": markup.plain(topic_name(question.topic)),
        "Zone": question.zone or "",
        "Bloom": question.bloom or "",
        "Phase": question.phase or "",
        "Minutes": str(question.minutes) if question.minutes is not None else "",
        "Math Verified": "yes" if question.math_verified else "",
        "Human Reviewed": "yes" if question.human_reviewed else "",
        "Source": markup.plain(release.source),
        "Licence": markup.plain(release.licence),
    }


def _visual(question: Question, media: Media | None) -> str:
    """The drawing, or its text alternative where the vault came without drawings."""
    visual = question.visual
    if visual is None:
        return ""
    caption = f"<figcaption>{markup.plain(visual.caption)}</figcaption>" if visual.caption else ""
    if media is None:
        return f'<figure class="visual"><p>{markup.plain(visual.alt)}</p>{caption}</figure>'
    return f'<figure class="visual"><img src="{media.name}" alt="{markup.attribute(visual.alt)}">{caption}</figure>'
