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
    system offers it (Linux), what is being written has no name until everything is complete.

    Raises:
        OutputError: a folder is missing, read-only or full; the old files are as they were.
    """
    staged: list[_Staged] = []
    path = Path()
    try:
        for path, data in files.items():
            staged.append(_Staged(_target(path), data))
        _place(staged)
    except OSError as error:
        folder = path.parent
        if not folder.is_dir():
            raise OutputError(f"{folder}: no such folder; create it first (mkdir -p {folder})") from None
        raise OutputError(f"{path}: cannot be written ({reason(error)}); the old file, if any, is untouched") from None
    finally:
        for each in staged:
            each.discard()


def create(path: Path, data: bytes) -> None:
    """Write a file that must not be there yet, and the folders it lies in.

    Raises:
        OutputError: it is there, or cannot be written; nothing was changed, but for folders.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise OutputError(f"{path}: exists already; it was left as it is") from None
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({reason(error)})") from None


def _place(staged: "list[_Staged]") -> None:
    """Once the first file is in its place the others follow, even if an interrupt comes in between."""
    interrupt: KeyboardInterrupt | None = None
    for each in staged:
        while not each.placed:
            try:
                each.place()
            except KeyboardInterrupt as error:
                interrupt = error
    if interrupt is not None:
        raise interrupt


def _target(path: Path) -> Path:
    """The file itself where the name is a link to one; refused where it is no file at all."""
    target = path.resolve() if path.is_symlink() else path
    if target.is_dir():
        raise OutputError(f"{path}: is a folder; give the name of a file")
    if target.exists() and not target.is_file():
        raise OutputError(f"{path}: is not a regular file; give another name")
    return target


class _Staged:
    """A file that is written and not yet in its place: without a name where the system can, beside it elsewhere."""

    def __init__(self, target: Path, data: bytes) -> None:
        self.placed = False
        self._target = target
        self._name: Path | None = None
        self._descriptor = _unnamed(target.parent)
        if self._descriptor is None:
            self._descriptor, name = tempfile.mkstemp(
                prefix=f".{target.name[:100]}.", suffix=".part", dir=target.parent
            )
            self._name = Path(name)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._descriptor, view) :]
            with contextlib.suppress(OSError):
                os.fsync(self._descriptor)
            if self._name is not None:
                umask = os.umask(0)
                os.umask(umask)
                self._name.chmod(0o666 & ~umask)
        except BaseException:
            self.discard()
            raise

    def place(self) -> None:
        """Move the file to its name, in one step for whoever reads it."""
        if self._name is None:
            self._name = self._target.parent / f".{self._target.name[:100]}.{os.getpid()}.part"
            _name_it(self._descriptor, self._name)
        if self._name.exists():
            self._name.replace(self._target)
        self.placed = True

    def discard(self) -> None:
        """Close the file, and remove it where it has not reached its place. Harmless when repeated."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        if self._name is not None and not self.placed:
            self._name.unlink(missing_ok=True)


def _unnamed(folder: Path) -> int | None:
    """A file open for writing that has no name; None where system or file system does not know such."""
    flag = getattr(os, "O_TMPFILE", 0)
    if not flag or not os.path.isdir("/proc/self/fd"):  # noqa: PTH112 - a plain look
        return None
    try:
        return os.open(folder, flag | os.O_WRONLY, 0o666)
    except OSError:
        return None


def _name_it(descriptor: int | None, name: Path) -> None:
    folder = os.open(name.parent, os.O_RDONLY)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name.name, dir_fd=folder)
        # With a folder given, Python follows the link in /proc to the file; without one it does not.
        os.link(f"/proc/self/fd/{descriptor}", name.name, dst_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)
