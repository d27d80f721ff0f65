"""Work spread over processes is the same work."""

import os
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any

import pytest

from staffml_anki.parallel import WORTH_IT, meanwhile, spread


@pytest.fixture(autouse=True)
def three_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "process_cpu_count", lambda: 3)


def where(number: int) -> tuple[int, int]:
    return number * 2, os.getpid()


@pytest.mark.parametrize("count", [0, 1, WORTH_IT - 1, WORTH_IT, WORTH_IT + 1, 5000])
def test_the_results_are_those_of_a_plain_loop_in_order(count: int) -> None:
    done = spread(where, range(count), "x")
    assert [value for value, _ in done] == [number * 2 for number in range(count)]
    processes = {process for _, process in done}
    assert os.getpid() in processes or not count
    if sys.platform == "linux" and count >= WORTH_IT:
        assert len(processes) == 3


def test_what_fails_in_a_child_fails_here() -> None:
    def fail_late(number: int) -> int:
        return 1 // (WORTH_IT * 2 - 1 - number)

    with pytest.raises(ZeroDivisionError):
        spread(fail_late, range(WORTH_IT * 2), "x")


def test_a_child_that_is_killed_costs_time_and_nothing_else() -> None:
    home = os.getpid()

    def dies_elsewhere(number: int) -> int:
        if os.getpid() != home:
            os.kill(os.getpid(), 9)
        return number

    assert spread(dies_elsewhere, range(WORTH_IT * 2), "x") == list(range(WORTH_IT * 2))


def test_an_interrupt_here_ends_the_children(monkeypatch: pytest.MonkeyPatch) -> None:
    home = os.getpid()
    forked: list[int] = []
    fork = os.fork

    def noted() -> int:
        process = fork()
        forked.append(process)
        return process

    def slow_elsewhere(number: int) -> int:
        if os.getpid() != home:
            time.sleep(60)
        elif number == 3:
            raise KeyboardInterrupt
        return number

    monkeypatch.setattr(os, "fork", noted)
    with pytest.raises(KeyboardInterrupt):
        spread(slow_elsewhere, range(WORTH_IT), "x")
    for process in forked:
        with pytest.raises(ChildProcessError):
            os.waitpid(process, 0)


def test_progress_is_shown_for_the_part_that_is_done_here() -> None:
    seen: list[tuple[str, int]] = []

    def track(items: Iterable[Any], what: str, total: int) -> Iterable[Any]:
        seen.append((what, total))
        return items

    spread(where, range(10), "Reading", track)
    assert seen == [("Reading", 10)]


def test_a_process_with_threads_does_everything_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threading.active_count", lambda: 2)
    assert {process for _, process in spread(where, range(WORTH_IT), "x")} == {os.getpid()}


def test_what_was_waited_for_is_there_after_the_block() -> None:
    waiting, before = threading.Event(), threading.active_count()
    with meanwhile(lambda: waiting.wait(20)) as result:
        waiting.set()
    assert result() is True
    assert before == threading.active_count()


def test_what_fails_while_waiting_fails_where_its_result_is_wanted() -> None:
    reached = False
    with meanwhile(lambda: 1 // 0) as result:
        reached = True
    assert reached
    with pytest.raises(ZeroDivisionError):
        result()


def test_a_block_that_fails_says_so_once_the_waiting_is_over() -> None:
    done = []

    def fail_late() -> None:
        time.sleep(0.2)
        done.append(True)
        raise ZeroDivisionError

    with pytest.raises(KeyError), meanwhile(fail_late):
        raise KeyError
    assert done


def test_who_presses_ctrl_c_does_not_wait() -> None:
    leave = threading.Event()
    with pytest.raises(KeyboardInterrupt), meanwhile(lambda: leave.wait(20)):
        raise KeyboardInterrupt
    assert not leave.is_set()
    leave.set()
