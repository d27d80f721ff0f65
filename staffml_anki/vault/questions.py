"""From one raw record, of any shape or age, to a Question, or to the list of what is wrong with it."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from pydantic import ValidationError

from staffml_anki.vault.axes import (
    AREA_OF_TOPIC,
    AREAS,
    BLOOM_LEVELS,
    LEVELS,
    PHASES,
    STATUSES,
    TRACKS,
    ZONES,
)
from staffml_anki.vault.model import Problem, Question, Resource, Visual
from staffml_anki.wording import kind, nearest, show, sound

# Our field → the key of the upstream file, which is what a message must name.
UPSTREAM_KEY = {
    "area": "competency_area",
    "bloom": "bloom_level",
    "solution": "details.realistic_solution",
    "common_mistake": "details.common_mistake",
    "napkin_math": "details.napkin_math",
    "options": "details.options",
    "correct_index": "details.correct_index",
    "resources": "details.resources",
    "minutes": "expected_time_minutes",
}
_REQUIRED = ("id", "track", "level", "area", "topic", "title", "scenario", "solution")
MAX_TEXT = 20_000
"""Characters in one field. The longest answers have some 3,000; far longer ones are made to keep a program busy."""
_LEVEL_FOLDERS = {level.lower(): level for level in LEVELS} | {"l6": "L6+", "l6-plus": "L6+", "l6plus": "L6+"}
_VALUES = {
    "track": TRACKS,
    "level": LEVELS,
    "area": AREAS,
    "zone": ZONES,
    "bloom": BLOOM_LEVELS,
    "phase": PHASES,
    "status": STATUSES,
}
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_ID = re.compile(r"[^\s\"<>&]{1,200}")


def parse_question(raw: object, file: str) -> tuple[Question | None, list[Problem]]:
    """A question, and every problem that keeps it out of the decks.

    Args:
        raw: the parsed YAML or JSON value, or the row of a database in the same shape.
        file: where it stands, for messages.

    Returns:
        With problems, the question is a draft: what could be read of it, for further checks, and nothing else.
    """
    if not isinstance(raw, Mapping):
        return None, [Problem("error", file, "", f"found {kind(raw)}; a question is a mapping of keys to values")]
    values = _flatten(raw, file)
    problems: list[Problem] = []

    def error(field: str, message: str) -> None:
        problems.append(Problem("error", file, UPSTREAM_KEY.get(field, field), message, question_id_of(raw)))

    try:
        question = Question.model_validate(values)
    except ValidationError as invalid:
        details = invalid.errors(include_url=False, include_context=True)
        for detail in details:
            error(*_explain(detail))
        question = _draft(values, {str(detail["loc"][0]) for detail in details})
    for field, message in (*_text_faults(values), *_faults(values)):
        error(field, message)
    return question, problems


def _draft(values: Mapping[str, Any], broken: set[str]) -> Question:
    """A question of those values that are valid, with empty ones in the place of the others."""
    kept: dict[str, Any] = dict.fromkeys(_REQUIRED, "")
    kept |= {key: value for key, value in values.items() if key not in broken}
    if "resources" in kept:
        kept["resources"] = tuple(Resource.model_validate(item) for item in kept["resources"])
    if "visual" in kept:
        kept["visual"] = Visual.model_validate(kept["visual"])
    return Question.model_construct(**kept)


def question_id_of(raw: object) -> str:
    """The id of a raw record, or '' where it has none worth naming."""
    value = raw.get("id") if isinstance(raw, Mapping) else None
    return sound(value) if isinstance(value, str) else ""


def _flatten(raw: Mapping[Any, Any], file: str) -> dict[str, Any]:
    """Upstream's nesting and older spellings → our flat fields. Values keep their types for the model to judge."""
    raw = {**_axes_of_path(file), **raw}
    details = raw.get("details")
    details = details if isinstance(details, Mapping) else {}
    reviewed = raw.get("human_reviewed")
    values: dict[str, Any] = {
        "id": raw.get("id"),
        "track": _lower(raw.get("track")),
        "level": _upper(raw.get("level")),
        "area": _lower(raw.get("competency_area")) or AREA_OF_TOPIC.get(str(raw.get("topic"))),
        "topic": raw.get("topic"),
        "title": raw.get("title"),
        "scenario": raw.get("scenario"),
        "question": raw.get("question"),
        "solution": details.get("realistic_solution"),
        "common_mistake": details.get("common_mistake"),
        "napkin_math": details.get("napkin_math"),
        "zone": _lower(raw.get("zone")),
        "bloom": _lower(raw.get("bloom_level")),
        "phase": _lower(raw.get("phase")),
        "options": _tuple(details.get("options")),
        "correct_index": details.get("correct_index"),
        "resources": _resources(details),
        "visual": raw.get("visual"),
        "minutes": _whole(raw.get("expected_time_minutes")),
        "status": _lower(raw.get("status")),
        "validated": raw.get("validated"),
        "math_verified": raw.get("math_verified"),
        "human_reviewed": reviewed.get("status") == "verified" if isinstance(reviewed, Mapping) else reviewed,
        "provenance": raw.get("provenance"),
        "created": _date(raw.get("created_at")),
        "modified": _date(raw.get("last_modified")),
        "tags": _tuple(raw.get("tags")),
        "file": file,
    }
    return {key: _clean(value) for key, value in values.items() if value is not None or key in _REQUIRED}


def _axes_of_path(file: str) -> dict[str, str]:
    """What older folders say by where a question lies, ``questions/<track>/<level>/<zone>/…``, and nowhere else."""
    folders = file.lower().split("/")[1:-1] if file.startswith("questions/") else []
    found = {}
    for key, valid in (("track", TRACKS), ("level", _LEVEL_FOLDERS), ("zone", ZONES)):
        if folders and folders[0] in valid:
            found[key] = _LEVEL_FOLDERS.get(folders[0], folders[0])
            folders.pop(0)
    return found


def _clean(value: Any) -> Any:
    """Texts in Unicode NFC (Anki would normalise them anyway) with ``\\n`` line ends and no space around them."""
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            return value
        text = (value.replace("\r\n", "\n").replace("\r", "\n") if "\r" in value else value).strip()
        return text if text.isascii() else unicodedata.normalize("NFC", text)
    if isinstance(value, tuple):
        return tuple(_clean(item) for item in value)
    if isinstance(value, Mapping):
        return {key: _clean(item) for key, item in value.items() if item is not None}
    return value


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def _upper(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _date(value: Any) -> Any:
    """A day between 2000 and 2100; anything else that is a date is nobody's, and counts as none."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return value
    if isinstance(value, datetime):
        value = value.date()
    return value if not isinstance(value, date) or 2000 <= value.year < 2100 else None


def _resources(details: Mapping[Any, Any]) -> Any:
    listed = details.get("resources")
    if listed is None and isinstance(details.get("deep_dive_url"), str):
        url = details["deep_dive_url"]
        title = details.get("deep_dive_title")
        listed = [{"name": title if isinstance(title, str) and title.strip() else url, "url": url}]
    return _tuple(listed)


def _text_faults(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Fields that are too long for a card, or hold characters that no field of a note may hold."""
    everything = "\n".join(_texts(tuple(values.values())))
    if len(everything) <= MAX_TEXT and not _UNFIT.search(everything):
        return
    for key, value in values.items():
        text = "\n".join(_texts(value))
        if len(text) > MAX_TEXT:
            yield key, f"has {len(text):,} characters; a card holds at most {MAX_TEXT:,}"
        if found := _UNFIT.search(text):
            if "\ud800" <= found.group() <= "\udfff":
                yield key, "holds half a character; save the text as UTF-8 again"
            else:
                yield key, f"holds the control character U+{ord(found.group()):04X}; remove it"


def _texts(value: Any) -> list[str]:
    """Every text in a value, however nested."""
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else ()
    return [text for item in items for text in ((item,) if isinstance(item, str) else _texts(item))]


def _faults(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is well-typed and still makes a card that would be wrong or could not be filed."""
    faults = []
    question_id, options, correct = values["id"], values.get("options"), values.get("correct_index")
    if isinstance(question_id, str) and not _ID.fullmatch(question_id):
        faults.append(("id", f"found {show(question_id)}; an id is 1-200 characters without spaces, quotes, <, > or &"))
    faults += [(field, "is empty") for field in ("title", "solution", "topic") if values[field] == ""]
    if values["scenario"] == "" and not values.get("question"):
        faults.append(("scenario", "is empty, and so is question: there is nothing to ask"))
    if isinstance(options, tuple) and options:
        last = len(options) - 1
        if correct is None:
            faults.append(("correct_index", f"is missing; with options it is 0 to {last}"))
        elif isinstance(correct, int) and not 0 <= correct <= last:
            faults.append(("correct_index", f"found {show(correct)}; out of range, must be 0 to {last}"))
    return faults


def _explain(detail: Any) -> tuple[str, str]:
    """A pydantic error as (our field, what was found and what would be right)."""
    field = str(detail["loc"][0])
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"][1:])
    found = detail.get("input")
    where = f"{place.lstrip('.')}: " if place else ""
    if not place and (found is None or detail["type"] == "missing"):
        message = "is missing"
        if field in _VALUES:
            message += f"; one of {', '.join(_VALUES[field])}"
        return field, message
    if detail["type"] == "missing":
        return field, f"{where}is missing"
    if detail["type"] == "literal_error" and field in _VALUES:
        return field, f"found {show(found)}; {nearest(found, _VALUES[field])}"
    return field, f"{where}found {show(found)}; {str(detail['msg'])[0].lower()}{str(detail['msg'])[1:]}"
