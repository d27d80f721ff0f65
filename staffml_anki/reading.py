"""Reading files that nobody vouches for: bounded in size, depth and kind, decoded strictly, refused in one line."""

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable
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

_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXT = "tag:yaml.org,2002:str"
_ANCHOR = re.compile(r"&(?:(?<=[\s\[{,:?-]&)|(?<=\A&))[^\s&,\[\]{}]")


class _Loader(_SafeLoader):  # type: ignore[misc]  # PyYAML's C loader is untyped
    """PyYAML's safe loader, told what a vault looks like: it is asked for the same thirty keys ten thousand times."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        if kind is not yaml.ScalarNode:
            return str(super().resolve(kind, value, implicit))
        if not implicit[0] or len(value) > 30:
            return _TEXT  # quoted, a block, or too long to be a number, a date or a boolean
        tag = _tags.get(value)
        if tag is None:
            tag = _tags[value] = str(super().resolve(kind, value, implicit))
            if len(_tags) > 10_000:
                _tags.clear()
        return tag

    def plain(self, node: yaml.Node) -> Any:
        """The value of a node: PyYAML's own construction, without the detour that recursive structures need."""
        if isinstance(node, yaml.ScalarNode):
            return node.value if node.tag == _TEXT else self.construct_object(node)
        if node.tag == "tag:yaml.org,2002:map":
            made = {}
            for key, value in node.value:
                name = self._key(key)
                if name in made:
                    raise yaml.constructor.ConstructorError(None, None, f"the key {name} stands twice", key.start_mark)
                made[name] = self.plain(value)
            return made
        if node.tag == "tag:yaml.org,2002:seq":
            return [self.plain(item) for item in node.value]
        return self.construct_object(node, deep=True)

    def _key(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return self.plain(node)
        raise yaml.constructor.ConstructorError(None, None, "a key that is not a single value", node.start_mark)


_tags: dict[str, str] = {}


class Unreadable(Exception):
    """Why one file cannot be used, as half a sentence, with the line where that is known."""


def read_bytes(path: Path | str, limit: int) -> bytes:
    """The bytes of a regular file of at most ``limit`` bytes.

    Raises:
        Unreadable: it is missing, not a regular file, too large, or the system refuses it.
    """
    try:
        # Opened without waiting, and looked at only then: a pipe would keep us for ever.
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb") as file:  # noqa: PTH123
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise Unreadable("is not a regular file")
            if about.st_size > limit:
                raise Unreadable(f"is larger than {limit / MEGABYTE:g} MB; no vault file of this kind should be")
            return file.read(limit)
    except FileNotFoundError:
        raise Unreadable("does not exist") from None
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise Unreadable(f"cannot be read ({why})") from None


def digest_of(path: Path) -> str:
    """32 hexadecimal digits over a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def digest_of_texts(texts: Iterable[str]) -> str:
    """32 hexadecimal digits over texts, none of which holds a NUL."""
    return hashlib.blake2b("\0".join(texts).encode(), digest_size=16).hexdigest()


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
    try:
        if _suspicious(text):
            _refuse_traps(text)
        loader = _Loader(text)
        node = loader.get_single_node()
        return None if node is None else loader.plain(node)
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


def _suspicious(text: str) -> bool:
    """Whether a text may be deep or hold an alias. Depth takes a mark for each level, or as many spaces."""
    return (
        text.count("[") + text.count("{") > MAX_DEPTH
        or text.count("-") + text.count("?") > MAX_DEPTH // 2
        or " " * (MAX_DEPTH // 2) in text
        or ("&" in text and _ANCHOR.search(text) is not None)
    )


def _refuse_traps(text: str) -> None:
    """Walk the events, which libyaml gives without recursion, before anything is composed."""
    depth = 0
    for event in yaml.parse(text, Loader=_SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise Unreadable(f"line {line}: nested more than {MAX_DEPTH} levels deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            raise Unreadable(f"line {line}: YAML alias *{event.anchor} is not allowed in a vault; write the value out")


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]
