"""Banks and texts of vaults, kept between runs: reading ten thousand files takes seconds, coverage a fraction of one.

A vault is known again as git knows a file: by the names, sizes and times of what is in it.
"""

import base64
import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from staffml_anki import __version__
from staffml_anki.coverage.bank import Bank, bank_from_json, bank_of
from staffml_anki.errors import StaffmlAnkiError
from staffml_anki.files import write_whole
from staffml_anki.parallel import Progress, no_progress
from staffml_anki.vault import Question, Vault, load_vault

PACK = 25
"""Questions in a pack of texts: opening one takes a millisecond or two."""


def load_bank(path: Path, home: Path, progress: Progress = no_progress) -> Bank:
    """The bank of a vault of any shape.

    Args:
        home: the program's data folder; what cannot be kept there is worked out again next time.

    Raises:
        StaffmlAnkiError: it is no vault.
    """
    kept = _Kept(path, home)
    text = kept.read("bank")
    bank = bank_from_json(text) if text else None
    if bank is None:
        bank = bank_of(load_vault(path, progress=progress))
        kept.write("bank", bank.to_json())
    return bank


@dataclass(frozen=True, slots=True)
class Texts:
    """All questions' texts: ``PACK`` in a pack, in the order of ``ids``; each is JSON, deflated, in Base64."""

    ids: tuple[str, ...]
    packs: tuple[str, ...]


def load_texts(path: Path, home: Path, progress: Progress = no_progress) -> Texts:
    """What :func:`load_bank` leaves out, for the page."""
    kept = _Kept(path, home)
    text = kept.read("texts")
    if text:
        raw = json.loads(text)
    else:
        vault = load_vault(path, progress=progress)
        raw = {"ids": list(vault.questions), "packs": list(_packed(vault))}
        kept.write("texts", json.dumps(raw))
    return Texts(tuple(raw["ids"]), tuple(raw["packs"]))


def _packed(vault: Vault) -> Iterator[str]:
    questions = list(vault.questions.values())
    for start in range(0, len(questions), PACK):
        data = json.dumps([_text(q) for q in questions[start : start + PACK]], ensure_ascii=False).encode()
        yield base64.b64encode(zlib.compress(data, 6)).decode()


def _text(question: Question) -> dict[str, object]:
    parts = {
        "scenario": question.scenario,
        "question": question.question,
        "options": list(question.options),
        "solution": question.solution,
        "napkin": question.napkin_math,
        "mistake": question.common_mistake,
    }
    return {key: value for key, value in parts.items() if value}


class _Kept:
    """What is kept of one vault."""

    def __init__(self, path: Path, home: Path) -> None:
        digest = hashlib.blake2b(os.fsencode(path.absolute()), digest_size=8).hexdigest()
        self._folder = home / "vaults"
        self._name = digest
        self._signature = _signature(path)

    def read(self, kind: str) -> str:
        try:
            signature, _, text = (self._folder / f"{self._name}.{kind}").read_text(encoding="utf-8").partition("\n")
        except (OSError, UnicodeDecodeError):
            return ""
        return text if signature == self._signature else ""

    def write(self, kind: str, text: str) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            data = f"{self._signature}\n{text}".encode("utf-8", "surrogatepass")
            write_whole({self._folder / f"{self._name}.{kind}": data})
        except (StaffmlAnkiError, OSError):
            return  # a read-only home: the next run takes as long as this one


def _signature(path: Path) -> str:
    digest = hashlib.blake2b(__version__.encode(), digest_size=16)
    for line in _files(path):
        digest.update(line)
    return digest.hexdigest()


def _files(path: Path) -> Iterable[bytes]:
    if not path.is_dir():
        yield _line(path)
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            yield _line(os.path.join(folder, name))  # noqa: PTH118 - ten thousand times


def _line(path: Path | str) -> bytes:
    try:
        about = os.stat(path)  # noqa: PTH116 - ten thousand times
    except OSError:
        return os.fsencode(path)
    return b"%s\0%d\0%d\0%d\0" % (os.fsencode(path), about.st_size, about.st_mtime_ns, about.st_ino)
