"""Napkin math in its three stages and a common mistake in its three parts, found in Markdown by their bold headings.

Older questions have free text: what stands before the first heading, or all of it, is given back as such.
"""

import re
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
    """A bold heading at the start of a line, in any spelling in use: ``**The Pitfall:**``, ``**Pitfall**:``."""
    return re.compile(
        rf"^[ \t]*(?:[-*+]\s+|\#{{1,6}}\s+)?\*\*(?:The\s+)?({'|'.join(stems)})[^*\n]{{0,40}}?:?\*\*[ \t]*:?[ \t]*",
        re.MULTILINE | re.IGNORECASE,
    )


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
    pieces = heading.split(text)
    parts: dict[str, str] = {}
    for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
        key = name.lower()
        parts[key] = f"{parts[key]}\n\n{body.strip()}" if key in parts else body.strip()
    return pieces[0].strip(), parts
