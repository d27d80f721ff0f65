"""Putting a file in its place whole or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path

from staffml_anki.errors import OutputError, reason


def write_whole(path: Path, data: bytes) -> None:
    """Write beside the name and move into place: readers see the old file or the new one, never a part.

    Where the system offers it (Linux), what is being written has no name until it is complete, so that not even a
    killed process leaves a temporary file.

    Raises:
        OutputError: the folder is missing, read-only or full; the old file is as it was.
    """
    folder = path.parent
    try:
        if path.is_dir():
            raise OutputError(f"{path}: is a folder; give the name of a file")
        temporary = _write_unnamed(folder, path.name, data) or _write_named(folder, path.name, data)
        try:
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        if not folder.is_dir():
            raise OutputError(f"{folder}: no such folder; create it first (mkdir -p {folder})") from None
        raise OutputError(f"{path}: cannot be written ({reason(error)}); the old file, if any, is untouched") from None


def _write_unnamed(folder: Path, name: str, data: bytes) -> Path | None:
    """Write into an unnamed file and name it once complete; None where system or file system cannot."""
    flag = getattr(os, "O_TMPFILE", 0)
    if not flag:
        return None
    try:
        descriptor = os.open(folder, flag | os.O_WRONLY, 0o666)
    except OSError:
        return None
    with os.fdopen(descriptor, "wb") as file:
        _fill(file.fileno(), data)
        target = folder / f".{name}.{os.getpid()}.part"
        target.unlink(missing_ok=True)
        try:
            os.link(f"/proc/self/fd/{file.fileno()}", target, follow_symlinks=True)
        except OSError:
            return None
    return target


def _write_named(folder: Path, name: str, data: bytes) -> Path:
    descriptor, temporary = tempfile.mkstemp(prefix=f".{name}.", suffix=".part", dir=folder)
    try:
        _fill(descriptor, data)
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    return Path(temporary)


def _fill(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    with contextlib.suppress(OSError):
        os.fsync(descriptor)
