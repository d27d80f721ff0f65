"""The Vault as one page: facets, search, chains, and every question with its answer to reveal.

What is seen first stands first in the file: the frame, the facets and the first rows, as plain HTML. Then come what the
list and the search need, and last the questions themselves, deflated in small packs that the page opens when it shows
one of theirs.
"""

import html
import json
from collections import Counter
from collections.abc import Callable, Mapping
from urllib.parse import quote

from staffml_anki.cards.note import NoteMaker, chain_title
from staffml_anki.cards.notetype import Templates
from staffml_anki.cards.render import render_note
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.pages.index import make_index
from staffml_anki.pages.parts import asset, packed_block, with_media
from staffml_anki.parallel import Progress, no_progress, spread
from staffml_anki.sealed import document
from staffml_anki.vault import Question, Vault
from staffml_anki.vault.axes import AREAS, LEVEL_NAMES, LEVELS, TRACK_NAMES, TRACKS, ZONES, topic_name

PACK = 12
"""Questions in a pack: opening one takes a millisecond or two."""
ROWS = 40
"""Rows that are in the page before its script runs."""
_PICKER = (
    '<input type="search" id="pick" placeholder="Find a chain" aria-label="Find a chain" autocomplete="off" '
    'spellcheck="false"><div id="picks"></div>'
)
"""Chains are too many for a box each: the script shows some, and finds the others."""
HAS = {"chain": "in a chain", "napkin": "napkin math", "options": "options", "visual": "a drawing"}


def vault_page(vault: Vault, templates: Templates, progress: Progress = no_progress) -> str:
    """The page. It is the same for the same vault.

    Raises:
        StaffmlAnkiError: the vault holds nothing to show.
    """
    if not vault.questions:
        raise StaffmlAnkiError("browse: the vault holds no question that can be published; see staffml-anki check")
    questions = list(vault.questions.values())
    bare, script = templates.without_script()
    sides = spread(_sides_of(NoteMaker(vault), bare), questions, "Rendering cards", progress)
    packs = [sides[start : start + PACK] for start in range(0, len(sides), PACK)]
    typesetter = asset("vendor/temml.min.js") + "\n" + asset("typeset.js")
    index = make_index(questions)
    about = _facts(vault, questions) | {
        "script": script,
        "words": " ".join(index.words),
        "lengths": index.lengths,
        "pack": PACK,
    }
    return document(
        "StaffML Vault",
        [
            _shell(vault, questions) + packed_block("about", _json(about)) + packed_block("postings", index.postings),
            packed_block("typesetter", typesetter.encode()),
            *(packed_block(f"pack-{number}", _json(pack)) for number, pack in enumerate(packs)),
        ],
        classes="card",
        styles=[templates.css, asset("vault.css")],
        scripts=[asset("theme.js"), asset("words.js") + "\n" + asset("vault.js")],
        later=[script, typesetter],
    )


def _sides_of(maker: NoteMaker, templates: Templates) -> Callable[[Question], tuple[str, str]]:
    def sides(question: Question) -> tuple[str, str]:
        note = maker.note(question)
        shown = render_note(note, templates)
        return with_media(shown.front, note.media), shown.answer

    return sides


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _facts(vault: Vault, questions: list[Question]) -> dict[str, object]:
    """What the list, the facets and the chains are made of; a value of a facet is its place in ``facets``."""
    number = {question.id: place for place, question in enumerate(questions)}
    facets = _facets(vault, questions)
    place = {facet: {value: n for n, value in enumerate(values)} for facet, values in facets.items()}
    return {
        "ids": [q.id for q in questions],
        "titles": [q.title for q in questions],
        "facets": {facet: list(values) for facet, values in facets.items()},
        "names": {facet: list(values.values()) for facet, values in facets.items()},
        "values": {
            facet: [[place[facet][value] for value in _values(vault, q)[facet]] for q in questions] for facet in facets
        },
        "chains": [[number[step] for step in chain.steps] for chain in vault.chains],
    }


def _values(vault: Vault, question: Question) -> Mapping[str, tuple[str, ...]]:
    has = {
        "chain": question.id in vault.memberships,
        "napkin": bool(question.napkin_math),
        "options": bool(question.options),
        "visual": question.visual is not None,
    }
    return {
        "track": (question.track,),
        "level": (question.level,),
        "area": (question.area,),
        "topic": (question.topic,),
        "zone": (question.zone,) if question.zone else (),
        "chain": tuple(place.chain.id for place in vault.memberships.get(question.id, ())),
        "has": tuple(name for name, holds in has.items() if holds),
    }


def _facets(vault: Vault, questions: list[Question]) -> dict[str, dict[str, str]]:
    """Every facet with its values, and what a reader calls them."""
    topics = sorted({q.topic for q in questions}, key=lambda topic: topic_name(topic).lower())
    return {
        "track": {track: TRACK_NAMES[track] for track in TRACKS},
        "level": {level: f"{level} {LEVEL_NAMES[level]}" for level in LEVELS},
        "has": HAS,
        "area": {area: area.capitalize() for area in AREAS},
        "topic": {topic: topic_name(topic) for topic in topics},
        "zone": {zone: zone.capitalize() for zone in ZONES},
        "chain": {chain.id: chain_title(vault, chain) for chain in vault.chains},
    }


def _shell(vault: Vault, questions: list[Question]) -> str:
    release = vault.release
    facets = _facets(vault, questions)
    counts = {facet: Counter[str]() for facet in facets}
    for question in questions:
        for facet, values in _values(vault, question).items():
            counts[facet].update(values)
    groups = "".join(_group(facet, values, counts[facet]) for facet, values in facets.items() if values)
    rows = "".join(map(_row, questions[:ROWS]))
    about = " · ".join(filter(None, (release.source, release.id and f"release {release.id}", release.licence)))
    return (
        asset("vault.html")
        .replace("<!--facets-->", groups)
        .replace("<!--rows-->", rows)
        .replace("<!--count-->", f"{len(questions):,}")
        .replace("<!--about-->", html.escape(f"{about}. {release.attribution}"))
    )


def _group(facet: str, values: Mapping[str, str], counts: Mapping[str, int]) -> str:
    boxes = (
        _PICKER
        if facet == "chain"
        else "".join(
            f'<label><input type="checkbox" name="{facet}" value="{html.escape(value)}"> '
            f"<span>{html.escape(name)}</span> <small>{counts[value]:,}</small></label>"
            for value, name in values.items()
        )
    )
    opened = " open" if facet in ("track", "level", "has", "area") else ""
    name = facet.capitalize()
    group = f'<div role="group" aria-label="{name}">{boxes}</div>'
    return f'<details class="facet"{opened}><summary>{name}</summary>{group}</details>'


def _row(question: Question) -> str:
    """A row as the script makes them."""
    return (
        f'<li><a href="#{quote(question.id, safe="")}">'
        f'<span class="level" data-level="{question.level}">{question.level}</span>'
        f"<b>{html.escape(question.title)}</b>"
        f"<i>{TRACK_NAMES[question.track]} · {html.escape(topic_name(question.topic))}</i></a></li>"
    )
