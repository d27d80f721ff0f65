"""The beginning of a new question: every key in its place, and a word on what belongs there."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath

from staffml_anki.errors import VaultError
from staffml_anki.parallel import spread
from staffml_anki.reading import Unreadable
from staffml_anki.vault.axes import AREA_OF_TOPIC, BLOOM_LEVELS, LEVELS, TOPICS, level_rank
from staffml_anki.vault.questions import question_id_of
from staffml_anki.vault.sources import Parse, open_source
from staffml_anki.wording import nearest

LEVELS_OF_ZONE = {
    "recall": "L1 L2", "fluency": "L2 L3", "analyze": "L3 L4", "diagnosis": "L3 L4", "implement": "L2 L3 L4",
    "design": "L4 L5", "specification": "L4 L5", "optimization": "L4 L5", "evaluation": "L5 L6+",
    "realization": "L5 L6+", "mastery": "L6+",
}  # fmt: skip
"""The levels that a zone naturally comes with."""
_ZONE = {"L1": "recall", "L2": "fluency", "L3": "implement", "L4": "diagnosis", "L5": "evaluation", "L6+": "mastery"}
_MINUTES = {"L1": 2, "L2": 4, "L3": 7, "L4": 10, "L5": 14, "L6+": 20}
_ASKS = {
    "L1": "L1 asks for one number or fact that one really needs.",
    "L2": "L2 asks why: an effect, and how large it is.",
    "L3": "L3 gives the inputs and asks for a result that takes several steps.",
    "L4": "L4 shows symptoms or a design, and asks for the cause or the weak point.",
    "L5": "L5 names two or three designs with their numbers, and asks which one, and when another would win.",
    "L6+": "L6+ sets hard limits (time, memory, power, money, accuracy) and asks for a design that meets all of them.",
}
_NUMBERED = re.compile(r"(.*?)([0-9]+)")


@dataclass(frozen=True, slots=True)
class Draft:
    """A new question: its file, relative to the vault, and what stands in it."""

    id: str
    file: PurePosixPath
    text: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a question stands on the axes."""

    track: str
    level: str
    topic: str
    area: str
    zone: str


def place_of(track: str, level: str, topic: str, area: str = "", zone: str = "") -> Place:
    """A whole place: the area follows from the topic and the zone from the level where they are not given.

    Raises:
        VaultError: the topic is unknown, or belongs to another area, or the zone to other levels.
    """
    if topic not in TOPICS:
        raise VaultError(f"--topic {topic}: no such topic; {nearest(topic, TOPICS)}")
    known = AREA_OF_TOPIC.get(topic, "")
    if not (area or known):
        raise VaultError(f"--topic {topic}: belongs to no one area; name it with --area")
    if area and known and area != known:
        raise VaultError(f"--area {area}: {topic} belongs to {known}; leave --area out, or take another topic")
    zone = zone or _ZONE[level]
    if level not in LEVELS_OF_ZONE[zone].split():
        fitting = ", ".join(name for name, levels in LEVELS_OF_ZONE.items() if level in levels.split())
        raise VaultError(
            f"--zone {zone}: goes with {LEVELS_OF_ZONE[zone].replace(' ', ' and ')}; for {level}: {fitting}"
        )
    return Place(track, level, topic, area or known, zone)


def draft(vault: Path, place: Place, today: date) -> Draft:
    """A new question with the next free id of its track.

    Args:
        vault: a vault's folder. It may be missing or empty: then this is its first question.

    Raises:
        VaultError: it is no folder, or not one of a vault.
    """
    taken = _ids(vault)
    new_id = next_id(taken, place.track)
    file = PurePosixPath("questions", place.track, place.area, f"{new_id}.yaml")
    return Draft(new_id, file, _text(new_id, place, today))


def next_id(taken: Iterable[str], track: str) -> str:
    """The number after the highest, in the way in which most ids of a track are made: ``edge-0012``."""
    names = [match for each in taken if (match := _NUMBERED.fullmatch(each)) and track in match[1]]
    if not names:
        return f"{track}-0001"
    prefix, _ = Counter(match[1] for match in names).most_common(1)[0]
    numbers = [match[2] for match in names if match[1] == prefix]
    return f"{prefix}{max(map(int, numbers)) + 1:0{max(map(len, numbers))}d}"


def _ids(vault: Path) -> list[str]:
    if not vault.exists() or (vault.is_dir() and not any(vault.iterdir())):
        return []
    if vault.is_file():
        raise VaultError(f"{vault}: is a file; new questions go into a vault's folder")
    if not (vault / "questions").is_dir():
        raise VaultError(
            f"{vault}: holds no questions/ folder, so it is not a vault to write in; name one with --vault"
        )
    if not any((vault / "questions").rglob("*.yaml")):
        return []
    source = open_source(vault)
    found = spread(_id_of, [parse for _, parse in source.records], "Reading questions")
    return [each for each in found if each] + [PurePosixPath(file).stem for file, _ in source.records]


def _id_of(parse: Parse) -> str:
    try:
        return question_id_of(parse()) or ""
    except Unreadable:
        return ""


def _text(new_id: str, place: Place, today: date) -> str:
    rank = level_rank(place.level)
    napkin = (
        "Needed from L2 up wherever there is something to compute." if rank else "Where a step leads to the number."
    )
    return _TEMPLATE.format(
        id=new_id,
        place=place,
        bloom=dict(zip(LEVELS, BLOOM_LEVELS, strict=True))[place.level],
        asks=_ASKS[place.level],
        napkin=napkin,
        minutes=_MINUTES[place.level],
        today=today.isoformat(),
    )


_TEMPLATE = """\
# How to write a question that passes: docs/authoring.md. Each TODO is to be replaced; then take the comments out.
schema_version: '1.0'
id: {id}
track: {place.track}
level: {place.level}
zone: {place.zone}
topic: {place.topic}
competency_area: {place.area}
bloom_level: {bloom}
phase: inference  # training, inference or both
# Names the thing, as a heading does; no sentence, no question. At most 120 characters, better 60. Plain text.
title: TODO name the thing
# A named part, a load, a budget, a deadline: everything that is needed, and nothing else. Plain text, no Markdown.
scenario: >-
  TODO a part with its numbers, what it has to do, and what limits it.
# {asks}
# At most 200 characters, and it says what a complete answer must hold.
question: TODO what is asked?
details:
  # What an interviewer wants to hear: the answer first, then why, then what it costs. 80 to 220 words of Markdown.
  realistic_solution: |
    TODO
  # A mistake that a good engineer makes, not a careless one.
  common_mistake: |
    **The Pitfall:** TODO what one does wrong.
    **The Rationale:** TODO why it seems right.
    **The Consequence:** TODO what it costs here, in numbers.
  # {napkin}
  # One chain of equalities a line, a unit on every quantity, `=` to the digits shown, `≈` within one percent.
  # Values of parts come from numbers.yaml. `staffml-anki check --math` computes every line.
  napkin_math: |
    **Assumptions & Constraints:**
    - TODO what is given
    **Calculations:**
    - TODO label: 35 GB / 3.35 TB/s ≈ 10.4 ms
    **Conclusion & Interpretation:**
    - TODO what the numbers say
  # Four options, each wrong one the result of a real misconception, all of about the same length:
  # options:
  # - TODO
  # - TODO
  # - TODO
  # - TODO
  # correct_index: 0  # counts from 0
  # Only addresses you are certain of, https:
  # resources:
  # - name: TODO title of the paper, data sheet or standard
  #   url: https://arxiv.org/abs/0000.00000
# Only where the drawing holds data that the answer needs. It is made by visuals/{place.track}.py, and lies beside it in
# visuals/{place.track}/; alt says the same in words:
# visual: {{kind: svg, path: {id}.svg, alt: TODO, caption: TODO}}
status: draft  # published when someone else has solved it without looking at the answer
provenance: human  # human, llm-draft, llm-then-human-edited or imported
expected_time_minutes: {minutes}
validated: false
math_verified: false
human_reviewed: {{status: not-reviewed, by: null, date: null, notes: null}}
created_at: '{today}T00:00:00'
tags: []
"""
