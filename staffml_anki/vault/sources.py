"""The three shapes a vault comes in, told apart by content, each as the same few raw parts."""

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from staffml_anki import reading
from staffml_anki.errors import VaultError, reason
from staffml_anki.reading import Unreadable
from staffml_anki.vault.chains import Link, links_of_sidecar
from staffml_anki.vault.model import Problem, Shape
from staffml_anki.wording import sound

type Parse = Callable[[], Any]
"""Gives one raw record, or raises Unreadable."""


@dataclass
class Source:
    """A vault before it is understood. Texts are read once, so that what is fingerprinted is what is parsed; a database
    and drawings, which are read where they are used, are fingerprinted from their files."""

    path: Path
    root: Path
    shape: Shape
    find_records: Callable[[], list[tuple[str, Parse]]]
    links: list[Link] | None = None
    """Chain steps from a sidecar; None where the questions themselves carry them."""
    release: Mapping[Any, Any] = field(default_factory=dict)
    policy: Any = None
    problems: list[Problem] = field(default_factory=list)
    digest: str = ""
    """Of every byte that can show in a deck."""

    @cached_property
    def records(self) -> list[tuple[str, Parse]]:
        """Where each question is, and what gives it; looked for when first asked for, as the fingerprint alone often
        says enough.

        Raises:
            VaultError: the file is no corpus.
        """
        found, self.find_records = self.find_records(), list
        return found


class _Digest:
    """A fingerprint over named parts, so that no byte can slip from one file into the next unnoticed."""

    def __init__(self, shape: Shape) -> None:
        self._hash = hashlib.blake2b(shape.encode(), digest_size=16)

    def add(self, name: str, data: bytes) -> None:
        self._hash.update(f"\0{name}\0{len(data)}\0".encode("utf-8", "surrogateescape"))
        self._hash.update(data)

    def hex(self) -> str:
        return self._hash.hexdigest()


def open_source(path: Path) -> Source:
    """Read a vault's bytes.

    Args:
        path: a folder with ``questions/``, a ``corpus.json``, a ``vault.db``, or a folder that holds one of those.

    Raises:
        VaultError: nothing there is a vault.
    """
    try:
        if path.is_dir():
            return _open_folder(path)
        if path.exists() and not path.is_file():
            raise VaultError(f"{path}: is not a regular file; give a vault folder, a corpus.json or a vault.db")
        with path.open("rb") as file:
            head = file.read(64)
    except FileNotFoundError:
        raise VaultError(f"{path}: no such file or folder; give a vault folder, a corpus.json or a vault.db") from None
    except OSError as error:
        raise VaultError(f"{path}: cannot be read ({reason(error)})") from None
    if head.startswith(b"SQLite format 3\0"):
        return _open_database(path)
    if path.suffix in (".db", ".sqlite", ".sqlite3"):
        raise VaultError(f"{path}: is not a SQLite database; download the release's vault.db again")
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"[", b"{") or path.suffix == ".json":
        return _open_corpus(path)
    raise VaultError(f"{path}: is not a vault; give a vault folder, a corpus.json or a vault.db")


def _open_folder(path: Path) -> Source:
    if not (path / "questions").is_dir():
        for name, opener in (("corpus.json", _open_corpus), ("vault.db", _open_database)):
            if (path / name).is_file():
                return opener(path / name)
        what = (
            "is empty" if not any(path.iterdir()) else "is not a vault: it holds no questions/, corpus.json or vault.db"
        )
        raise VaultError(f"{path}: {what}")
    records: list[tuple[str, Parse]] = []
    source = Source(path, path, "folder", lambda: records)
    digest = _Digest("folder")
    inside = path.resolve()
    for label, file, linked in _yaml_files(str(path / "questions"), "questions", source.problems):
        try:
            if linked and not Path(file).resolve().is_relative_to(inside):
                raise Unreadable("is a link that leaves the vault")
            data = reading.read_bytes(file, reading.MAX_YAML)
        except Unreadable as why:
            records.append((label, partial(_fail, str(why))))
            digest.add(label, str(why).encode())
            continue
        records.append((label, partial(reading.parse_yaml, data)))
        digest.add(label, data)
    if not records and not source.problems:
        raise VaultError(f"{path}: its questions/ folder holds no .yaml file")
    for name, parse in (("chains.json", reading.parse_json), ("chains.yaml", reading.parse_yaml)):
        raw = _sidecar(source, digest, name, parse)
        if raw is not None and source.links is None:
            source.links, problems = links_of_sidecar(raw, name)
            source.problems += problems
    _common_sidecars(source, digest)
    return source


def _open_corpus(path: Path) -> Source:
    try:
        data = reading.read_bytes(path, reading.MAX_CORPUS)
    except Unreadable as why:
        raise VaultError(f"{path}: {why}") from None
    source = Source(path, path.parent, "corpus", partial(_corpus_records, path, data))
    digest = _Digest("corpus")
    digest.add(path.name, data)
    _common_sidecars(source, digest)
    return source


def _corpus_records(path: Path, data: bytes) -> list[tuple[str, Parse]]:
    try:
        items = reading.parse_json(data)
    except Unreadable as why:
        raise VaultError(f"{path}: {why}") from None
    if not isinstance(items, list):
        raise VaultError(
            f"{path}: is not a corpus: it holds {type(items).__name__} where a list of questions is expected"
        )
    mappings = [item for item in items if isinstance(item, Mapping)]
    if items and not mappings:
        raise VaultError(f"{path}: is not a corpus: its items are not questions")
    if mappings and all("chain_id" in item for item in mappings):
        raise VaultError(f"{path}: holds chains, not questions; give the folder it lies in")
    if mappings and not any(item.get("details") and _details_text(item["details"]) for item in mappings):
        raise VaultError(f"{path}: holds no answers (is it corpus-summary.json?); give corpus.json, the full one")
    return [(f"{path.name}[{index}]", partial(_same, item)) for index, item in enumerate(items)]


def _open_database(path: Path) -> Source:
    records: list[tuple[str, Parse]] = []
    source = Source(path, path.parent, "database", lambda: records, links=[])
    digest = _Digest("database")
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.add("", block)
        connection = sqlite3.connect(_read_only(path), uri=True, timeout=2)
        # Damaged text must become a message about its row, not an exception in the middle of the table.
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        connection.row_factory = sqlite3.Row
        try:
            records += _read_tables(source, connection)
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        hint = "close the program that uses it" if "locked" in str(error) else "download the release's vault.db again"
        raise VaultError(f"{path}: cannot be read as a vault database ({error}); {hint}") from None
    except OSError as error:
        raise VaultError(f"{path}: cannot be read ({reason(error)})") from None
    metadata = source.release
    _common_sidecars(source, digest)
    source.release = {**source.release, **metadata}
    return source


def _read_only(path: Path) -> str:
    """How to open a database without leaving a trace beside it.

    Raises:
        VaultError: a program is still writing it, so that what lies there is not yet the vault.
    """
    with path.open("rb") as file:
        write_ahead = file.read(20)[18:19] == b"\x02"
    pending = path.with_name(path.name + "-wal")
    if pending.is_file() and pending.stat().st_size:
        raise VaultError(
            f"{path}: has changes that are not written yet ({pending.name}); close the program that uses it"
        )
    return f"{path.resolve().as_uri()}?mode=ro" + ("&immutable=1" if write_ahead else "")


def _read_tables(source: Source, connection: sqlite3.Connection) -> list[tuple[str, Parse]]:
    # Tables only: a view can be an endless query.
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "questions" not in names:
        raise VaultError(f"{source.path}: is a database but not a vault: it has no table 'questions'")
    assert source.links is not None
    records: list[tuple[str, Parse]] = []
    for row in connection.execute("SELECT * FROM questions ORDER BY id"):
        columns = {key: row[key] for key in row.keys()}  # noqa: SIM118 - a Row iterates over values
        records.append((f"{source.path.name}:{columns.get('id')}", partial(_from_columns, columns)))
    if "chain_questions" in names:
        query = "SELECT chain_id, question_id, position FROM chain_questions ORDER BY chain_id, position"
        for chain, question, position in connection.execute(query):
            order = position if isinstance(position, int) else 0
            source.links.append(Link(sound(str(chain)), order, sound(str(question)), source.path.name))
    if "release_metadata" in names:
        rows = connection.execute("SELECT key, value FROM release_metadata").fetchall()
        source.release = {sound(str(key)): sound(str(value)) for key, value in rows}
    return records


def _from_columns(columns: dict[str, Any]) -> dict[str, Any]:
    """A row in the shape of a question file. Columns differ between releases: what is not there stays unset."""
    raw = {key: value for key, value in columns.items() if value is not None}
    details: dict[str, Any] = {
        key: raw.pop(key)
        for key in ("realistic_solution", "common_mistake", "napkin_math", "correct_index")
        if key in raw
    }
    for column, owner in (("options_json", details), ("resources_json", details), ("visual_json", raw)):
        if column in raw:
            try:
                owner[column.removesuffix("_json")] = reading.parse_json(str(raw[column]).encode("utf-8", "replace"))
            except Unreadable as why:
                raise Unreadable(f"{column}: {why}") from None
    for flag in ("validated", "math_verified"):
        if flag in raw:
            raw[flag] = raw[flag] in (1, "1", "true", True)
    # A release database holds published questions only, whatever columns it has to say so.
    raw.setdefault("validated", True)
    raw["details"] = details
    return raw


def _common_sidecars(source: Source, digest: "_Digest") -> None:
    """``release.json``, ``release-policy.yaml`` and ``visuals/``, beside every shape."""
    release = _sidecar(source, digest, "release.json", reading.parse_json)
    if isinstance(release, Mapping):
        source.release = release
    elif release is not None:
        source.problems.append(Problem("error", "release.json", "", "is not a mapping"))
    policy = source.root / "release-policy.yaml"
    if os.path.lexists(policy):
        # A policy that cannot be read must not be guessed at: the wrong questions would be published.
        try:
            data = reading.read_bytes(policy, reading.MAX_YAML)
            source.policy = reading.parse_yaml(data)
        except Unreadable as why:
            raise VaultError(f"{policy}: {why}") from None
        digest.add(policy.name, data)
    visuals = source.root / "visuals"
    for file in sorted(path for path in visuals.rglob("*") if path.is_file()) if visuals.is_dir() else ():
        try:
            digest.add(file.relative_to(source.root).as_posix(), reading.read_bytes(file, reading.MAX_VISUAL))
        except Unreadable as why:
            digest.add(str(file), str(why).encode())
    source.digest = digest.hex()


def _sidecar(source: Source, digest: "_Digest", name: str, parse: Callable[[bytes], Any]) -> Any:
    file = source.root / name
    if not file.exists():
        return None
    try:
        data = reading.read_bytes(file, reading.MAX_SIDECAR)
        digest.add(name, data)
        return parse(data)
    except Unreadable as why:
        source.problems.append(Problem("error", name, "", str(why)))
        return None


def _yaml_files(folder: str, label: str, problems: list[Problem]) -> Iterator[tuple[str, str, bool]]:
    """(label, path, whether it is a link) of every .yaml below a folder, in a fixed order.

    Links to folders are not followed: they could lead out, or round in a circle.
    """
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        problems.append(Problem("error", label, "", f"cannot be read ({reason(error)}); its questions are missing"))
        return
    for entry in entries:
        name = f"{label}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _yaml_files(entry.path, name, problems)
        elif entry.name.endswith((".yaml", ".yml")) and not entry.name.startswith("."):
            # A name that is not UTF-8 must still fit into a message, a manifest and JSON.
            yield os.fsencode(name).decode("utf-8", "replace"), entry.path, entry.is_symlink()


def _details_text(details: object) -> bool:
    return isinstance(details, Mapping) and any(isinstance(v, str) and v.strip() for v in details.values())


def _fail(why: str) -> Any:
    raise Unreadable(why)


def _same[T](value: T) -> T:
    return value
