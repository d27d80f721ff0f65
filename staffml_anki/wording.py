"""How messages speak of values: short, printable, and with the nearest thing that would be right."""

import re
from datetime import date
from difflib import get_close_matches

_LEVEL = re.compile(r"\s*L?\s*(\d{1,9})\D*", re.IGNORECASE)
_LEVELS = ("L1", "L2", "L3", "L4", "L5", "L6+")


def sound(text: str) -> str:
    """A text that can be written anywhere: JSON, file names and databases can spell halves of characters."""
    return text.encode("utf-8", "replace").decode()


def nearest(found: object, valid: tuple[str, ...]) -> str:
    """'did you mean X? (one of …)', or just the list where nothing is near."""
    level = _LEVEL.fullmatch(str(found))
    if valid == _LEVELS and level:
        # All levels are spelt alike: the nearest is the nearest number.
        return f"did you mean {_LEVELS[min(max(int(level[1]), 1), len(_LEVELS)) - 1]}? (one of {', '.join(_LEVELS)})"
    wanted = str(found).lower()
    by_lower = {v.lower(): v for v in valid}
    close = get_close_matches(wanted, by_lower, n=1, cutoff=0.6) or [v for v in by_lower if wanted and wanted in v]
    close = close or get_close_matches(wanted, by_lower, n=1, cutoff=0.4)
    hint = f"did you mean {by_lower[close[0]]}? " if close else ""
    listed = ", ".join(valid) if len(valid) <= 13 else f"{len(valid)} values"
    return f"{hint}(one of {listed})"


def show(value: object) -> str:
    """A value short enough for one line, and printable."""
    if isinstance(value, str):
        text = value if value.isprintable() else ascii(value)[1:-1]
        return f"'{text[:57]}…'" if len(text) > 60 else f"'{text}'"
    if isinstance(value, int) and abs(value) >= 10**18:
        return "a very large number"
    if value is None or isinstance(value, bool | int | float | date):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return kind(value)


def kind(value: object) -> str:
    names = {list: "a list", tuple: "a list", dict: "a mapping", str: "a text", int: "a number", float: "a number"}
    return "nothing" if value is None else names.get(type(value), f"a {type(value).__name__}")


def counted(number: int, noun: str) -> str:
    """``counted(1, "error")`` → ``1 error``, ``counted(2, "error")`` → ``2 errors``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
