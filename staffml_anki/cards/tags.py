"""The tags we give a note. Everything under ``StaffML::`` is ours; nothing in it changes with every release."""

import re
from functools import lru_cache

from staffml_anki.vault import Membership, Question

ROOT = "StaffML"
# Anki separates tags by white space and levels by `::`; a quote would break searches that name the tag.
_UNFIT = re.compile(r"[\s\"'`]+|:{2,}")


@lru_cache(maxsize=50_000)
def tag(*parts: str) -> str:
    """``tag("track", "cloud")`` → ``StaffML::track::cloud``."""
    return "::".join([ROOT, *(_UNFIT.sub("-", part).strip(":") or "-" for part in parts)])


def tags_of(question: Question, places: list[Membership]) -> tuple[str, ...]:
    """All our tags of one note, sorted."""
    found = {
        tag("track", question.track),
        tag("level", question.level),
        tag("area", question.area),
        tag("topic", question.topic),
    }
    found |= {tag(axis, value) for axis, value in (("zone", question.zone), ("phase", question.phase)) if value}
    found |= {tag("chain", place.chain.id) for place in places}
    found |= {tag("tag", value) for value in question.tags if value.strip()}
    marks = {
        "math-verified": question.math_verified,
        "human-reviewed": question.human_reviewed,
        "has::napkin-math": bool(question.napkin_math),
        "has::options": bool(question.options),
        "has::visual": question.visual is not None,
    }
    found |= {f"{ROOT}::{mark}" for mark, holds in marks.items() if holds}
    return tuple(sorted(found))
