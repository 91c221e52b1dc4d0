"""Worker processes that die: an error, never a hang, which names the input that the worker was reading."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any

import pytest

from tests.systems import needs_fork
from zm_cli.errors import DataError
from zm_cli.running.executors import find_executor
from zm_cli.running.guard import note_input
from zm_cli.running.plan import Plan
from zm_cli.running.worker_process import WorkerProcess, start_workers
from zm_cli.running.workload import Workload

pytestmark = needs_fork
PROCESSES = Workload(1, forkable=True, small_steps=True)


@pytest.fixture
def noted() -> str:
    """The input that is recorded as being read."""
    note_input("noted.h5")
    return "noted.h5"


def exit_at_once(number: int) -> int:
    os._exit(1)


@dataclass(frozen=True)
class KillAt:
    """Kills the worker process that has the number `deadly`."""

    deadly: int
    signal: signal.Signals = signal.SIGKILL

    def __call__(self, number: int) -> int:
        if number == self.deadly:
            os.kill(os.getpid(), self.signal)
        return number


class NamedKillAt(KillAt):
    """The same task, which also names the input of each item."""

    def name_input(self, number: int) -> str:
        return f"input{number}.h5"


def make_unpicklable(number: int) -> threading.Lock:
    return threading.Lock()


class Unreadable:
    """An item that can be pickled but not unpickled."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return int, ("no number",)


def take(item: object) -> int:
    return 1


def send_much(number: int) -> bytes:
    """Returns a result that is larger than a pipe for number 1."""
    return bytes(32 << 20) if number == 1 else b""


def test_a_worker_process_that_dies_is_an_error_not_a_hang(noted: str) -> None:
    with pytest.raises(DataError, match="a worker process ended before its work") as caught:
        list(Plan(2).map(exit_at_once, range(4), PROCESSES))
    assert caught.value.where == noted


@pytest.mark.usefixtures("noted")
@pytest.mark.parametrize("deadly", [0, 1, 5, 8])
@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGKILL, r"the process that read it was killed \(SIGKILL\)"),
        (signal.SIGUSR1, r"cannot be read: the library crashed \(SIGUSR1\)"),
    ],
)
def test_the_error_names_the_item_of_the_worker_that_died(number: signal.Signals, words: str, deadly: int) -> None:
    for workers in (2, 3):
        with pytest.raises(DataError, match=words) as caught:
            list(Plan(workers).map(NamedKillAt(deadly, number), range(9), PROCESSES))
        assert caught.value.where == f"input{deadly}.h5"
    assert not multiprocessing.active_children()


def test_without_names_the_error_names_the_input_that_was_noted(noted: str) -> None:
    with pytest.raises(DataError, match=r"noted\.h5: the process that read it was killed"):
        list(Plan(2).map(KillAt(3), range(9), PROCESSES))


def test_a_worker_that_dies_in_the_middle_of_its_result_is_an_error(
    noted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    team: list[WorkerProcess] = []

    def start(count: int, task: Callable[[Any], Any], workers: list[WorkerProcess]) -> None:
        start_workers(count, task, workers)
        team.extend(workers)

    monkeypatch.setattr("zm_cli.running.executors.forks.start_workers", start)
    results = find_executor("forks").map(send_much, range(4), 2, 2)
    assert next(results) == b""
    # As soon as something has arrived, it is in the middle of sending, because nobody reads the rest.
    pipes: list[Any] = [worker.pipe for worker in team]
    sending = wait(pipes)
    for worker in team:
        if worker.pipe in sending:
            worker.process.kill()
            worker.process.join()
    with pytest.raises(DataError, match=r"noted\.h5: the process that read it was killed"):
        next(results)


def test_a_result_that_does_not_pickle_is_an_error_and_no_death() -> None:
    with pytest.raises(Exception, match="pickle"):
        list(find_executor("forks").map(make_unpicklable, range(4), 2, 4))
    assert not multiprocessing.active_children()


def test_an_item_that_does_not_pickle_is_an_error_of_the_caller() -> None:
    def items() -> Iterator[threading.Lock]:
        yield threading.Lock()

    with pytest.raises(TypeError, match="pickle"):
        list(find_executor("forks").map(take, items(), 2, 4))
    assert not multiprocessing.active_children()


def test_an_item_that_cannot_be_made_again_is_an_error() -> None:
    with pytest.raises(ValueError, match="no number"):
        list(find_executor("forks").map(take, [Unreadable()], 2, 4))
    assert not multiprocessing.active_children()


def test_signals_to_the_process_group_are_answered_by_the_parent_alone() -> None:
    masks = set(find_executor("forks").map(blocked, range(4), 2, 4))
    assert masks == {frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})}


def blocked(number: int) -> frozenset[int]:
    return frozenset(signal.pthread_sigmask(signal.SIG_BLOCK, ())) & {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
