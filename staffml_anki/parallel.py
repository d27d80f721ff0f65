"""Making work quick: parsing and rendering take nearly all the time, share nothing, and make no cycles.

Processes only on Linux, where forking a process without threads is safe and costs a millisecond; elsewhere, and for
little work, everything happens here. A thread only to wait for another program.
"""

import gc
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

MOST = 4
WORTH_IT = 1_000
"""Items below which a second process would cost more than it does."""

type Progress = Callable[[Iterable[Any], str, int], Iterable[Any]]
"""Wraps an iterable to show progress: (items, what is being done, how many)."""


def no_progress(items: Iterable[Any], _what: str, _total: int) -> Iterable[Any]:
    return items


@contextmanager
def without_collector() -> Iterator[None]:
    """For work on ten thousand notes that makes no cycles: Python would look through all of them again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def meanwhile[T](work: Callable[[], T]) -> Iterator[Callable[[], T]]:
    """Wait for another program in a thread while the block goes on with something else.

    Yields what waits for ``work`` and gives its result, or raises its exception. At the end of the block both are done.
    When the block fails, its own exception comes out; only Ctrl-C does not wait.
    """
    results: list[T] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as failure:
            failures.append(failure)

    def wait() -> None:
        while thread.is_alive():
            thread.join(0.1)  # without an end, Windows would not hear Ctrl-C

    def result() -> T:
        wait()
        if failures:
            raise failures[0]
        return results[0]

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield result
    except Exception:
        wait()
        raise
    wait()


def spread[T, R](
    function: Callable[[T], R], items: Sequence[T], what: str, progress: Progress = no_progress
) -> list[R]:
    """``[function(item) for item in items]``, in the same order, on as many processors as there are (at most four).

    Args:
        function: pure; what it returns can be pickled. An exception of its comes out as it would here.
    """
    parts = _parts(len(items))
    size = max(1, -(-len(items) // parts))
    others: list[_Worker[T, R]] = []
    try:
        for start in range(size, len(items), size):
            others.append(_Worker(function, items[start : start + size]))
        done = [function(item) for item in progress(items[:size], what, min(size, len(items)))]
        for worker in others:
            done += worker.results()
        return done
    finally:
        for worker in others:
            worker.end()


def _parts(count: int) -> int:
    alone = sys.platform != "linux" or count < WORTH_IT or threading.active_count() > 1
    return 1 if alone else min(MOST, os.process_cpu_count() or 1)


class _Worker[T, R]:
    """A forked process that does one part and sends it back through a pipe."""

    def __init__(self, function: Callable[[T], R], items: Sequence[T]) -> None:
        self._function, self._items = function, items
        self._pipe, outlet = os.pipe()
        # If this process is killed, the child finds the pipe closed when it has done its part, and stops.
        self._process = os.fork()
        if self._process == 0:
            self._work(outlet)
        os.close(outlet)

    def _work(self, outlet: int) -> None:
        """The child: it never returns, touches no file, and says nothing."""
        code = 1
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told, and ends us
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.close(self._pipe)
            data = pickle.dumps([self._function(item) for item in self._items], pickle.HIGHEST_PROTOCOL)
            with os.fdopen(outlet, "wb") as file:
                file.write(data)
            code = 0
        finally:
            os._exit(code)

    def results(self) -> list[R]:
        """What the child made; made here instead where the child failed, so that the failure shows itself."""
        with os.fdopen(os.dup(self._pipe), "rb") as file:
            data = file.read()
        _, status = os.waitpid(self._process, 0)
        self._process = 0
        if status != 0:
            return [self._function(item) for item in self._items]
        made: list[R] = pickle.loads(data)  # noqa: S301 - our own child wrote it
        return made

    def end(self) -> None:
        os.close(self._pipe)
        if self._process:
            with suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)
