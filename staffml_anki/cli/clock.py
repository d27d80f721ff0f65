"""Time as a session is told it, and as people read it."""

import time


class Clock:
    """Milliseconds since the epoch, by the computer's clock when it was made; afterwards nobody can set it."""

    def __init__(self) -> None:
        self._start, self._ticks = time.time_ns(), time.monotonic_ns()

    def now(self) -> int:
        return (self._start + time.monotonic_ns() - self._ticks) // 1_000_000


def seconds(value: float | None) -> str:
    """``95`` → ``1:35``."""
    if value is None:
        return "–"
    whole = int(value)
    return f"{whole // 60}:{whole % 60:02d}"
