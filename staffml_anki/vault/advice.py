"""What authors get wrong, told from what a question shows: the signs are few and strong, so that each is worth a look.

Level inflation is the habit of giving a plain question a high level, or a low level to a long computation.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from staffml_anki.vault.axes import LEVELS, level_rank
from staffml_anki.vault.model import Question
from staffml_anki.vault.sections import split_common_mistake, split_napkin_math

MOST_STEPS = {"L1": 10, "L2": 20}
"""Calculation lines. Recalling a number and explaining an effect take fewer."""
MINUTES = {"L1": (0, 20), "L2": (0, 25), "L5": (3, 120), "L6+": (3, 120)}
"""Beyond these, the minutes or the level are wrong in any vault."""
_ENOUGH = 5
"""Questions on a level from which their typical time is one."""
TELLING = 1.6
"""How much longer than every wrong option the right one is where its length gives it away."""
_TELLING_CHARACTERS = 30

_RELATION = re.compile(r"[=≈]")
_SENTENCE = re.compile(r"[.;](?:\s|$)|\n")
_OPERATION = re.compile(r"[0-9][^=≈0-9×*/÷+−]{0,12}[×*/÷+−][^=≈0-9]{0,12}[0-9]")
_ASKS_ONE_NUMBER = re.compile(
    r"^(?:how (?:many|much|long|large|big|fast|far|often|high)|what (?:share|percentage|fraction|number))\b[^?,;]*\?$",
    re.IGNORECASE,
)
_WEIGHS = re.compile(
    r"\b(?:trade-?offs?|which|choose|design|compare|instead|rather|unless|whereas|while|but|versus|vs|against|price|costs?|"
    r"risks?|margin|worth|limits?|however|only if|except)\b",
    re.IGNORECASE,
)
_INTERROGATIVE = re.compile(
    r"^(?:(?:why|how|what|when|where|which|who)\s+)?(?:is|are|was|were|does|do|did|can|could|should|would)\s|"
    r"^how\s+(?:many|much|long|large|fast)\s",
    re.IGNORECASE,
)
_IMPERATIVE = re.compile(
    r"^(?:calculate|compute|explain|describe|estimate|determine|derive|choose|compare|identify|find|decide|reduce|avoid|fix|use)"
    r"\s+(?:the|a|an|how|why|what|whether|which|your)\b",
    re.IGNORECASE,
)
_FINITE_VERB = re.compile(
    r"\b(?:is|are|was|were|does|cannot|can't|must|should|won't|isn't|aren't|doesn't)\b", re.IGNORECASE
)
_CLAUSE = re.compile(r"\b(?:that|which|who|whose|what|when|where|while|if|as|than|because|how|why)\b", re.IGNORECASE)


def advise(questions: Sequence[Question]) -> Iterator[tuple[Question, str, str]]:
    """Question, field and advice, for each sign of something that authors get wrong."""
    typical = _typical_minutes(questions)
    for question in questions:
        for field, message in (
            *_title(question),
            *_stages(question),
            *_level(question),
            *_minutes(question, typical),
            *_options(question),
        ):
            yield question, field, message


def _title(question: Question) -> Iterator[tuple[str, str]]:
    title = question.title
    if title.endswith("?") or _INTERROGATIVE.match(title):
        yield "title", "asks; name the thing instead, as a heading does: 'Ridge point of an H100'"
    elif title.endswith((".", "!")) and not title.endswith(("…", "...", "etc.")):
        yield "title", "ends like a sentence; a title names the thing: 'Ridge point of an H100'"
    elif _IMPERATIVE.match(title):
        yield "title", "gives an order; a title names the thing: 'Ridge point of an H100'"
    elif (verb := _FINITE_VERB.search(title)) and not _CLAUSE.search(title, 0, verb.start()):
        yield "title", f"is a sentence ('{verb.group()}'), and may give the answer away; name the thing instead"


def _stages(question: Question) -> Iterator[tuple[str, str]]:
    """Parts that are missing. Older questions have free text, and no zone; they are left alone."""
    if question.napkin_math:
        parts = split_napkin_math(question.napkin_math)
        named = {"Assumptions & Constraints": parts.assumptions, "Calculations": parts.calculations,
                 "Conclusion & Interpretation": parts.conclusion}  # fmt: skip
        yield from (("napkin_math", message) for message in _missing(named, new=question.zone is not None))
    elif level_rank(question.level) >= level_rank("L3") and _computes(question.solution):
        yield "napkin_math", "is missing, and the solution computes; show the steps, one a line, with units"
    if question.common_mistake:
        mistake = split_common_mistake(question.common_mistake)
        named = {"The Pitfall": mistake.pitfall, "The Rationale": mistake.rationale,
                 "The Consequence": mistake.consequence}  # fmt: skip
        yield from (("common_mistake", message) for message in _missing(named, new=question.zone is not None))


def _computes(text: str) -> bool:
    """Whether a text computes something: a number, an operator, a number, and what comes out."""
    for sentence in _SENTENCE.split(text):
        left, *right = _RELATION.split(sentence, maxsplit=1)
        if right and any(c.isdigit() for c in right[0][:20]) and _OPERATION.search(left):
            return True
    return False


def _missing(parts: dict[str, str], *, new: bool) -> Iterator[str]:
    absent = [f"**{name}:**" for name, text in parts.items() if not text]
    if absent and (new or len(absent) < len(parts)):
        yield f"has no {', '.join(absent)}; its {len(parts)} parts are shown one by one"


def _level(question: Question) -> Iterator[tuple[str, str]]:
    level = question.level
    if (most := MOST_STEPS.get(level)) is not None:
        lines = split_napkin_math(question.napkin_math).calculations.split("\n")
        steps = sum(line.lstrip().startswith(("-", "*")) and bool(_RELATION.search(line)) for line in lines)
        if steps > most:
            yield "level", f"found {level} with {steps} calculation lines; {_LOW[level]}"
    if level not in ("L5", "L6+"):
        return
    everything = f"{question.scenario}\n{question.question}\n{question.solution}\n{question.napkin_math}"
    if not any(character.isdigit() for character in everything):
        yield "level", f"found {level} without a single number; at this level designs are weighed with numbers"
    elif _ASKS_ONE_NUMBER.match(question.question) and not _WEIGHS.search(f"{question.question} {question.solution}"):
        yield "level", f"found {level}, but it asks for one number and weighs nothing; that is L3"


_LOW = {"L1": "L1 asks for one number or fact that one needs", "L2": "L2 explains an effect, L3 computes"}


def _typical_minutes(questions: Sequence[Question]) -> dict[str, float]:
    """The median of each level, where they rise with it; a vault whose minutes do not follow the level says nothing."""
    by_level: dict[str, list[int]] = {level: [] for level in LEVELS}
    for question in questions:
        if question.minutes is not None:
            by_level[question.level].append(question.minutes)
    typical = {level: median(found) for level, found in by_level.items() if len(found) >= _ENOUGH}
    found = list(typical.values())
    rising = all(low < high for low, high in pairwise(found))
    return typical if rising and len(found) > 2 else {}


def _minutes(question: Question, typical: dict[str, float]) -> Iterator[tuple[str, str]]:
    minutes, level = question.minutes, question.level
    if minutes is None:
        return
    least, most = MINUTES.get(level, (0, 240))
    if not least <= minutes <= most:
        yield "minutes", f"found {minutes} for {level}; the time or the level is wrong"
    elif level in typical:
        rank = level_rank(level)
        lower = [time for other, time in typical.items() if level_rank(other) <= rank - 2]
        higher = [time for other, time in typical.items() if level_rank(other) >= rank + 2]
        if (lower and minutes <= max(lower)) or (higher and minutes >= min(higher)):
            yield (
                "minutes",
                f"found {minutes} for {level}, where this vault has {typical[level]:g}; check time and level",
            )


def _options(question: Question) -> Iterator[tuple[str, str]]:
    if question.correct_index is None or len(question.options) < 2 or question.correct_index >= len(question.options):
        return
    lengths = [len(option) for option in question.options]
    right = lengths.pop(question.correct_index)
    if right > TELLING * max(lengths) and right > max(lengths) + _TELLING_CHARACTERS:
        message = f"the right one has {right} characters, the longest wrong one {max(lengths)}; its length tells"
        yield "options", f"[{question.correct_index}]: {message}"
    if len({" ".join(option.lower().split()) for option in question.options}) < len(question.options):
        yield "options", "two are the same; four different ones are needed"
