"""A real terminal for tests: a pseudo-terminal, and what it shows, as a terminal emulator works it out."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pexpect
import pyte

PATIENCE = 60.0


class Terminal:
    """staffml-anki in a terminal of its own. ``lines`` is the screen; ``sent`` everything that was ever written to it."""

    def __init__(self, home: Path, *arguments: object, columns: int = 80, lines: int = 30, **env: str) -> None:
        kept = {
            key: value
            for key, value in os.environ.items()
            if key not in ("NO_COLOR", "FORCE_COLOR", "CI", "COLUMNS", "LINES")
        }
        variables = kept | {"STAFFML_ANKI_HOME": str(home), "TERM": "xterm-256color"} | env
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self.sent = b""
        command = ["-m", "staffml_anki", *map(str, arguments)]
        self._process: Any = pexpect.spawn(
            sys.executable, command, env=variables, dimensions=(lines, columns), timeout=PATIENCE
        )

    def read(self) -> None:
        """Take in what was written meanwhile."""
        try:
            data = self._process.read_nonblocking(100_000, timeout=0.1)
        except (pexpect.TIMEOUT, pexpect.EOF, ValueError):
            return
        self.sent += data
        self._stream.feed(data)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def until(self, what: str | Callable[[str], bool]) -> str:
        """Wait until the screen holds a text."""
        holds = what if callable(what) else lambda text: what in text
        deadline = time.monotonic() + PATIENCE
        while not holds(self.text):
            assert time.monotonic() < deadline, f"{what!r} does not come:\n{self.text}"
            self.read()
        return self.text

    def keys(self, keys: str | bytes) -> None:
        self._process.send(keys)

    def resize(self, columns: int, lines: int) -> None:
        self._screen.resize(lines, columns)
        self._process.setwinsize(lines, columns)

    def kill(self) -> None:
        self._process.kill(9)
        self._process.wait()

    def end(self) -> int:
        """Wait for the end of the program; its exit code."""
        deadline = time.monotonic() + PATIENCE
        while self._process.isalive():
            assert time.monotonic() < deadline, f"it does not end:\n{self.text}"
            self.read()
        self.read()
        # What was on the full screen is gone with it; the emulator does not know that.
        after = self.sent.rpartition(b"\x1b[?1049l")[2]
        self._screen.reset()
        self._stream.feed(after)
        self._process.close()
        code = self._process.exitstatus
        return -int(self._process.signalstatus) if code is None else int(code)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._process.close(force=True)
