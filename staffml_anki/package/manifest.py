"""What was built, and when each note's content last changed: the memory that makes updates small.

Anki rewrites a note, tags and all, whenever the package's copy has a newer modification time. So a note keeps the
time of the release in which it last changed, and the manifest beside the package is where that is written down.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from staffml_anki import reading
from staffml_anki.errors import StaffmlAnkiError

VERSION = 1


class Stamp(BaseModel):
    """The content of something, and the time (seconds since the epoch) of the release that last changed it."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    hash: str
    mod: int = Field(ge=0, le=2**40)
    core: str = ""
    """Of a note: the digest of what every shape of vault carries."""
    shape: str = ""
    """Of a note: the shape of the vault that this content came from."""

    def at(self, mod: int) -> "Stamp":
        """The same content, dated."""
        return self.model_copy(update={"mod": mod})


class Manifest(BaseModel):
    """The release manifest. ``notes`` is by question id, ``chains`` by chain id."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    version: int = VERSION
    recipe: str
    release: str = ""
    inputs: str = ""
    """Digest of everything that the package was made from."""
    package: str = ""
    """Digest of the package file."""
    notetype: Stamp
    notes: dict[str, Stamp]
    chains: dict[str, str] = {}
    outcome: dict[str, Any] = {}
    """What the build reported, so that a build with nothing to do can report it again."""

    def to_json(self) -> bytes:
        return (json.dumps(self.model_dump(), ensure_ascii=False, indent=0, sort_keys=True) + "\n").encode()


def manifest_path(package: Path) -> Path:
    """``staffml-complete.apkg`` → ``staffml-complete.manifest.json`` in the same folder."""
    return package.with_suffix(".manifest.json")


def read_manifest(path: Path) -> Manifest:
    """A manifest from its file.

    Raises:
        StaffmlAnkiError: it is not one. Building without it would make every note count as changed, and importing
            such a package would overwrite learners' tags and edits; so this is never done silently.
    """
    try:
        raw = reading.parse_json(reading.read_bytes(path, reading.MAX_CORPUS))
        manifest = Manifest.model_validate(raw)
    except reading.Unreadable as why:
        fault = str(why)
    except ValidationError as invalid:
        fault = f"is not a release manifest ({'.'.join(map(str, invalid.errors()[0]['loc'])) or 'wrong shape'})"
    else:
        if manifest.version == VERSION:
            return manifest
        fault = f"has version {manifest.version}; this staffml-anki knows version {VERSION}, upgrade it"
    raise StaffmlAnkiError(
        f"{path}: {fault}; restore it, or delete it to start anew (every note then counts as changed)"
    )


@dataclass
class Dates:
    """Gives every note the time of the release in which it last changed.

    Attributes:
        previous: what the build before knew, if there was one.
        released: the release's own time; None where the vault carries none.
        now: the time of this build, used only where nothing else dates a change.
    """

    previous: Manifest | None
    released: int | None
    now: int
    used_clock: bool = field(default=False, init=False)

    def note(self, question_id: str, note: Stamp, own: int | None) -> Stamp:
        """The stamp of a note.

        Args:
            note: its content; the time in it does not count.
            own: the vault's own date of the question.
        """
        if self.previous is None:
            latest = self._release_or_now() if own is None else self.released or self.now
            # What belongs to a release cannot have changed after it.
            return note.at(latest if own is None else min(own, latest))
        before = self.previous.notes.get(question_id)
        if before is None:
            return note.at(self._release_or_now())
        if before.hash == note.hash:
            return before
        if before.shape != note.shape and before.core == note.core:
            return note.at(before.mod)
        # The same release with other content is still a later state of it: newer, but by as little as can be.
        return note.at(max(self._release_or_now(), before.mod + 1))

    def notetype(self, content: str, own: int) -> Stamp:
        """The stamp of the note type; ``own`` is when the templates last changed."""
        before = self.previous.notetype if self.previous else None
        if before is None:
            return Stamp(hash=content, mod=own)
        if before.hash == content:
            return before
        return Stamp(hash=content, mod=max(own, before.mod + 1))

    def _release_or_now(self) -> int:
        if self.released is None:
            self.used_clock = True
            return self.now
        return self.released


def is_current(manifest: Manifest, inputs: str, package: Path) -> bool:
    """Whether a package is whole and was made from just these inputs."""
    return manifest.inputs == inputs and package.is_file() and manifest.package == reading.digest_of(package)
