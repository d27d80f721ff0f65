"""Napkin math in its three stages and a common mistake in its three parts, found in Markdown by their bold headings.

Older questions have free text: what stands before the first heading, or all of it, is given back as such.
"""

import re
import textwrap
from typing import NamedTuple


class NapkinMath(NamedTuple):
    """Markdown sources; ``free`` is what no heading claims."""

    free: str
    assumptions: str
    calculations: str
    conclusion: str


class CommonMistake(NamedTuple):
    """Markdown sources; ``free`` is what no heading claims."""

    free: str
    pitfall: str
    rationale: str
    consequence: str


def _heading(*stems: str) -> re.Pattern[str]:
    """A bold heading at the start of a line, in any spelling in use: ``**The Pitfall:**``, ``**Pitfall**:``.

    Words beyond the label are the author's and stay: ``**Assumptions (FP16):**``, ``**Conclusion: 42 GB.**``. A bold
    text that only begins like a label, such as ``**Calculation error is 5%**``, is no heading.
    """
    label = rf"(?:The[ \t]+)?({'|'.join(stems)})s?(?:[ \t]*(?:&|and)[ \t]*\w+)?"
    return re.compile(
        rf"\*\*{label}[ \t]*"
        r"(?:(\([^*\n]*\))?[ \t]*(?::\*\*|\*\*[ \t]*:|\*\*(?=[ \t]*$))|:[ \t]*([^*\n]+)\*\*)[ \t]*",
        re.MULTILINE | re.IGNORECASE,
    )


_BULLET = re.compile(r"[ \t]*(?:(?:[-*+]|\#{1,6}|[0-9]{1,2}[.)])[ \t]+)?")
_FENCE = re.compile(r"^[ \t]*(```+|~~~+).*?(?:^[ \t]*\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_NAPKIN = _heading("Assumption", "Calculation", "Conclusion")
_MISTAKE = _heading("Pitfall", "Rationale", "Consequence")


def split_napkin_math(text: str) -> NapkinMath:
    free, parts = _split(_NAPKIN, text)
    return NapkinMath(free, parts.get("assumption", ""), parts.get("calculation", ""), parts.get("conclusion", ""))


def split_common_mistake(text: str) -> CommonMistake:
    free, parts = _split(_MISTAKE, text)
    return CommonMistake(free, parts.get("pitfall", ""), parts.get("rationale", ""), parts.get("consequence", ""))


def _split(heading: re.Pattern[str], text: str) -> tuple[str, dict[str, str]]:
    """What stands before the first heading, and the text under each; a heading that comes twice collects both."""
    # (where its line begins, where its text begins, its name, what it says beyond its name)
    found = []
    for match in heading.finditer(text):
        line = text.rfind("\n", 0, match.start()) + 1
        if line == match.start() or _BULLET.fullmatch(text, line, match.start()):
            found.append((line, match.end(), match[1].lower(), match[2] or match[3]))
    if "```" in text or "~~~" in text:
        fences = [match.span() for match in _FENCE.finditer(text)]
        found = [item for item in found if not any(start <= item[0] < end for start, end in fences)]
    parts: dict[str, str] = {}
    stop = len(text)
    for line, start, name, more in reversed(found):
        body = _outdented(text[start:stop])
        if more:
            body = f"**{more.strip()}** {body}".strip()
        parts[name] = f"{body}\n\n{parts[name]}" if name in parts else body
        stop = line
    return text[:stop].strip(), parts


def _outdented(body: str) -> str:
    """What stood indented below a numbered heading, as it stands on its own."""
    first, newline, rest = body.partition("\n")
    return f"{first.strip()}{newline}{textwrap.dedent(rest)}".strip()
