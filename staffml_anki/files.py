"""Putting files in their places whole or not at all."""

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from staffml_anki.errors import OutputError, reason


def write_whole(files: Mapping[Path, bytes]) -> None:
    """Write files beside their names, all of them, and only then move them into place, in the order given.

    Readers see the old file or the new one, never a part; where one cannot be written, none is replaced. Where the
    system offers it (Linux), what is being written has no name until it is complete.

    Raises:
        OutputError: a folder is missing, read-only or full; the old files are as they were.
    """
    staged: list[tuple[Path, Path]] = []
    path = Path()
    try:
        for path, data in files.items():
            target = _target(path)
            staged.append((_stage(target, data), target))
        path = _move(staged)
    except OSError as error:
        folder = path.parent
        if not folder.is_dir():
            raise OutputError(f"{folder}: no such folder; create it first (mkdir -p {folder})") from None
        raise OutputError(f"{path}: cannot be written ({reason(error)}); the old file, if any, is untouched") from None
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)


def _move(staged: list[tuple[Path, Path]]) -> Path:
    """Once the first file is in its place the others follow, even if an interrupt comes in between."""
    interrupt: KeyboardInterrupt | None = None
    for temporary, target in staged:
        while temporary.exists():
            try:
                temporary.replace(target)
            except KeyboardInterrupt as error:
                interrupt = error
    if interrupt is not None:
        raise interrupt
    return staged[-1][1]


def _target(path: Path) -> Path:
    """The file itself where the name is a link to one; refused where it is no file at all."""
    target = path.resolve() if path.is_symlink() else path
    if target.is_dir():
        raise OutputError(f"{path}: is a folder; give the name of a file")
    if target.exists() and not target.is_file():
        raise OutputError(f"{path}: is not a regular file; give another name")
    return target


def _stage(target: Path, data: bytes) -> Path:
    return _write_unnamed(target, data) or _write_named(target, data)


def _write_unnamed(target: Path, data: bytes) -> Path | None:
    """Write into an unnamed file and name it once complete; None where system or file system cannot."""
    flag = getattr(os, "O_TMPFILE", 0)
    if not flag:
        return None
    try:
        folder = os.open(target.parent, os.O_RDONLY)
    except OSError:
        return None
    try:
        try:
            descriptor = os.open(target.parent, flag | os.O_WRONLY, 0o666)
        except OSError:
            return None
        with os.fdopen(descriptor, "wb") as file:
            _fill(file.fileno(), data)
            name = f".{target.name}.{os.getpid()}.part"
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
            try:
                # With a folder given, Python follows the link in /proc to the file; without one it does not.
                os.link(f"/proc/self/fd/{file.fileno()}", name, dst_dir_fd=folder, follow_symlinks=True)
            except OSError:
                return None
        return target.parent / name
    finally:
        os.close(folder)


def _write_named(target: Path, data: bytes) -> Path:
    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".part", dir=target.parent)
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
