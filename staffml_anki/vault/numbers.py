"""``numbers.yaml``: the constants that a vault's questions use, in one place, each with its unit, source and date.

Upstream's vault has no such file; where there is none, nothing is checked.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from staffml_anki.reading import MAX_YAML, Unreadable, parse_yaml, read_bytes
from staffml_anki.vault.model import Problem
from staffml_anki.wording import show

FILE = "numbers.yaml"
_KEY = re.compile(r"[a-z0-9][a-z0-9.-]*")
_DATE = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])")
_TEXTS = ("key", "unit", "source", "date")
_KNOWN = (*_TEXTS, "value", "url")


@dataclass(frozen=True, slots=True)
class Constant:
    """``value`` and ``unit`` read as in a calculation line; ``date`` is a month, ``2026-11``."""

    key: str
    value: float
    unit: str
    source: str
    date: str
    url: str = ""
    section: str = ""


def read_numbers(vault: Path) -> tuple[tuple[Constant, ...], list[Problem]]:
    """The constants of a vault's folder, and what is wrong with their file. Both are empty where there is none."""
    if not (vault / FILE).is_file():
        return (), []
    try:
        raw = parse_yaml(read_bytes(vault / FILE, MAX_YAML))
    except Unreadable as why:
        return (), [Problem("error", FILE, "", str(why))]
    if not isinstance(raw, Mapping) or not all(isinstance(entries, list) for entries in raw.values()):
        return (), [Problem("error", FILE, "", "is not a mapping of sections to lists of constants")]
    constants: dict[str, Constant] = {}
    problems: list[Problem] = []
    for section, entries in raw.items():
        for index, entry in enumerate(entries):
            where = f"{section}[{index}]"
            faults = list(_faults(entry))
            if not faults and entry["key"] in constants:
                faults = [f"{entry['key']} stands twice; one value for each constant"]
            if faults:
                problems.extend(Problem("error", FILE, where, fault) for fault in faults)
            else:
                known = {name: entry[name] for name in _KNOWN if name in entry}
                constants[entry["key"]] = Constant(**known | {"value": float(entry["value"])}, section=str(section))
    return tuple(constants.values()), problems


def _faults(entry: Any) -> Iterator[str]:
    if not isinstance(entry, Mapping):
        yield "is not a constant: it needs key, value, unit, source and date"
        return
    for name in _TEXTS:
        if not isinstance(entry.get(name), str) or not entry[name].strip():
            yield f"{name}: found {show(entry.get(name))}; must be a text"
    if isinstance(entry.get("key"), str) and not _KEY.fullmatch(entry["key"]):
        yield f"key: found {show(entry['key'])}; lower case words with hyphens: h100-sxm-hbm-bandwidth"
    if isinstance(entry.get("date"), str) and not _DATE.fullmatch(entry["date"]):
        yield f"date: found {show(entry['date'])}; a month: 2026-11"
    value = entry.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield f"value: found {show(value)}; must be a number (YAML wants a point in 7.06e+10)"
    if not str(entry.get("url", "https://")).startswith("https://"):
        yield f"url: found {show(entry['url'])}; links begin with https://"
    for name in sorted(str(key) for key in entry if key not in _KNOWN):
        yield f"{name}: is no key of a constant (one of {', '.join(_KNOWN)})"
