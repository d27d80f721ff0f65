"""A vault counted along its axes."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from staffml_anki.vault.axes import AREAS, LEVELS, TRACKS, ZONES
from staffml_anki.vault.model import Shape, Vault


@dataclass(frozen=True, slots=True)
class Stats:
    """Numbers of questions, unless the name says otherwise; every value of an axis is there, in its natural order."""

    release: str
    released: datetime | None
    shape: Shape
    questions: int
    unpublished: int
    broken: int
    chains: int
    """How many chains."""
    topics: int
    """How many different topics."""
    track_by_level: dict[str, dict[str, int]]
    area: dict[str, int]
    zone: dict[str, int]
    features: dict[str, int]


def stats(vault: Vault) -> Stats:
    """Count a vault."""
    questions = list(vault.questions.values())
    cells: Counter[tuple[str, str]] = Counter((q.track, q.level) for q in questions)
    areas: Counter[str] = Counter(q.area for q in questions)
    zones: Counter[str] = Counter(q.zone or "" for q in questions)
    return Stats(
        release=vault.release.id,
        released=vault.release.created,
        shape=vault.shape,
        questions=len(questions),
        unpublished=vault.unpublished,
        broken=len({problem.question or problem.file for problem in vault.errors}),
        chains=len(vault.chains),
        topics=len({q.topic for q in questions}),
        track_by_level={track: {level: cells[track, level] for level in LEVELS} for track in TRACKS},
        area={area: areas[area] for area in AREAS},
        zone={zone: zones[zone] for zone in ZONES},
        features={
            "in_a_chain": len(vault.memberships),
            "with_napkin_math": sum(bool(q.napkin_math) for q in questions),
            "with_options": sum(bool(q.options) for q in questions),
            "with_a_visual": sum(q.visual is not None for q in questions),
            "math_verified": sum(q.math_verified for q in questions),
            "human_reviewed": sum(q.human_reviewed for q in questions),
        },
    )
