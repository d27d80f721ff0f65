"""Reading files that nobody vouches for: bounded in size, depth and kind, decoded strictly, refused in one line."""

import hashlib
import itertools
import json
import re
from pathlib import Path
from typing import Any

import yaml

from staffml_anki.errors import reason

MEGABYTE = 1_000_000
# A question is 2-3 KB, the largest chain file about 1 MB: these leave two orders of magnitude.
MAX_YAML = 1 * MEGABYTE
MAX_SIDECAR = 64 * MEGABYTE
MAX_CORPUS = 1_000 * MEGABYTE
MAX_VISUAL = 1 * MEGABYTE
# libyaml composes recursively in C and takes the process down past about 10,000 levels.
MAX_DEPTH = 500

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEP_BLOCK = re.compile(rf"^[ \t?:-]{{{MAX_DEPTH},}}", re.MULTILINE)
_ANCHOR = re.compile(r"(?:^|[\s\[{,:?-])&[^\s&,\[\]{}]", re.MULTILINE)


class Unreadable(Exception):
    """Why one file cannot be used, as half a sentence, with the line where that is known."""


def read_bytes(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most ``limit`` bytes.

    Raises:
        Unreadable: it is missing, not a regular file, too large, or the system refuses it.
    """
    try:
        if not path.is_file():
            raise Unreadable("is not a regular file" if path.exists() else "does not exist")
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise Unreadable(f"cannot be read ({reason(error)})") from None
    if len(data) > limit:
        raise Unreadable(f"is larger than {limit / MEGABYTE:g} MB; no vault file of this kind should be")
    return data


def digest_of(path: Path) -> str:
    """32 hexadecimal digits over a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def decode(data: bytes) -> str:
    """UTF-8 text, with or without a byte order mark."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"line {line}: not UTF-8 (byte {error.start}); save the file as UTF-8") from None


def parse_yaml(data: bytes) -> Any:
    """One YAML document made of plain values.

    Refuses what a vault never needs and an attacker does: aliases (which can expand without bound), tags that build
    objects, and nesting deeper than ``MAX_DEPTH``.
    """
    text = decode(data)
    _refuse_depth(text)
    try:
        if _ANCHOR.search(text):
            _refuse_aliases(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - _Loader is a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise Unreadable(
            f"{line}broken YAML: {_one_line(error.problem or error.context or 'cannot be parsed')}"
        ) from None
    except yaml.reader.ReaderError as error:
        number = text.count("\n", 0, error.position) + 1
        character = error.character if isinstance(error.character, int) else ord(str(error.character))
        raise Unreadable(f"line {number}: broken YAML: character U+{character:04X} is not allowed") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Unreadable(f"broken YAML: {_one_line(str(error))}") from None


def parse_json(data: bytes) -> Any:
    """One JSON document."""
    try:
        return json.loads(decode(data))
    except json.JSONDecodeError as error:
        raise Unreadable(f"line {error.lineno}: broken JSON: {error.msg}") from None
    except RecursionError:
        raise Unreadable("broken JSON: nested too deeply") from None
    except ValueError as error:
        raise Unreadable(f"broken JSON: {_one_line(str(error))}") from None


def _refuse_depth(text: str) -> None:
    if _DEEP_BLOCK.search(text):
        raise Unreadable(f"nested more than {MAX_DEPTH} levels deep")
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    steps = ((1 if c in "[{" else -1) for c in text if c in "[]{}")
    if max(itertools.accumulate(steps, lambda depth, step: max(depth + step, 0)), default=0) > MAX_DEPTH:
        raise Unreadable(f"nested more than {MAX_DEPTH} levels deep")


def _refuse_aliases(text: str) -> None:
    for token in yaml.scan(text, Loader=_Loader):
        if isinstance(token, yaml.AliasToken):
            line = token.start_mark.line + 1
            raise Unreadable(f"line {line}: YAML alias *{token.value} is not allowed in a vault; write the value out")


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]
