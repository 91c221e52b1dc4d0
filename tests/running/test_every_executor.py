"""What every executor guarantees: results in order, a bounded window, the first error ends it, no worker is left."""

from __future__ import annotations

import gc
import inspect
import itertools
import multiprocessing
import os
import threading
import weakref
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.running.clusters import start_cluster
from tests.running.tasks import PATIENCE, fail_at_seven, square
from tests.systems import needs_fifo
from zm_cli.errors import DataError, UsageError
from zm_cli.running.cluster.connection import Cluster, connect
from zm_cli.running.executors import Executor, executor_names, find_executor
from zm_cli.running.executors.dask import Dask
from zm_cli.running.plan import Plan
from zm_cli.running.workload import Workload
from zm_cli.system import AT_ONCE, READ

WINDOW = 4


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[Cluster]:
    """A connection to a Dask cluster, there before any test, so that what it starts here is not taken for left over."""
    with start_cluster() as running:
        connected = connect(running.address)
        assert list(Dask(connected).map(square, range(2), 1, 1)) == [0, 1]
        yield connected
        connected.close()


@pytest.fixture(params=[*executor_names(), "dask"])
def executor(request: pytest.FixtureRequest, cluster: Cluster) -> Executor:
    return Dask(cluster) if request.param == "dask" else find_executor(request.param)


def fail_always(number: int) -> int:
    raise DataError(f"is {number}")


class StubbornError(Exception):
    """Pickles, but cannot be made again from what was pickled."""

    def __init__(self, *, number: int) -> None:
        super().__init__(f"number {number} is stubborn")


def fail_stubbornly(number: int) -> int:
    raise StubbornError(number=number)


def fail_with_a_lock(number: int) -> int:
    error = ValueError(f"number {number} is locked")
    error.lock = threading.Lock()  # type: ignore[attr-defined]
    raise error


def stop_iterating(number: int) -> int:
    raise StopIteration(f"number {number}")


@dataclass(frozen=True)
class Mark:
    """Leaves a file for each number that was begun; the first fails, the others wait until nobody holds the gate."""

    folder: Path
    gate: Path

    def __call__(self, number: int) -> int:
        (self.folder / str(number)).touch()
        if number == 0:
            raise DataError("is the first")
        # Opened without waiting: it may be let go already.
        gate = os.open(self.gate, READ | AT_ONCE)
        os.set_blocking(gate, True)
        os.read(gate, 1)
        os.close(gate)
        return number


def count_with(taken: list[int], end: int | None = None) -> Iterator[int]:
    for number in itertools.count() if end is None else range(end):
        taken.append(number)
        yield number


def break_off_at(end: int) -> Iterator[int]:
    yield from range(end)
    raise DataError("breaks off", where=f"item {end}")


@pytest.fixture
def nobody_left() -> Iterator[None]:
    """Checks that no thread or process is left after the test."""
    before = threading.enumerate()
    yield
    for thread in threading.enumerate():
        if thread not in before:
            # The thread that feeds arriving items ends by itself.
            thread.join(PATIENCE)
            assert not thread.is_alive()
    assert not multiprocessing.active_children()


def test_it_is_registered_under_the_name_of_its_module(executor: Executor) -> None:
    assert type(executor).__module__ == f"zm_cli.running.executors.{executor.name}"


@pytest.mark.usefixtures("nobody_left")
def test_results_come_in_the_order_of_the_items(executor: Executor) -> None:
    for workers, window in ((1, 1), (1, 2), (2, 2), (2, 4), (3, 5), (3, 100)):
        results = executor.map(square, range(50), workers, window)
        assert list(results) == [number * number for number in range(50)]


@pytest.mark.usefixtures("nobody_left")
def test_no_items_give_no_results_and_one_item_gives_one(executor: Executor) -> None:
    for window in (2, WINDOW):
        assert list(executor.map(square, [], 2, window)) == []
        assert list(executor.map(square, [3], 2, window)) == [9]


@pytest.mark.usefixtures("nobody_left")
def test_the_first_error_arrives_whole_after_the_results_before_it(executor: Executor) -> None:
    results = executor.map(fail_at_seven, range(50), 2, WINDOW)
    assert [next(results) for _ in range(7)] == list(range(7))
    with pytest.raises(DataError, match="number 7: is seven; leave it out") as caught:
        next(results)
    assert (caught.value.where, caught.value.hint) == ("number 7", "leave it out")
    assert list(results) == []


@pytest.mark.usefixtures("nobody_left")
def test_of_several_errors_the_first_in_order_is_raised(executor: Executor) -> None:
    with pytest.raises(DataError, match="is 0"):
        list(executor.map(fail_always, range(50), 2, WINDOW))


@pytest.mark.usefixtures("nobody_left")
def test_an_error_of_the_items_arrives_after_the_results_before_it(executor: Executor) -> None:
    results = executor.map(square, break_off_at(5), 2, WINDOW)
    assert [next(results) for _ in range(5)] == [0, 1, 4, 9, 16]
    with pytest.raises(DataError, match="item 5: breaks off"):
        next(results)


@pytest.mark.usefixtures("nobody_left")
def test_an_error_of_a_task_comes_before_a_later_one_of_the_items(executor: Executor) -> None:
    with pytest.raises(DataError, match="number 7: is seven"):
        list(executor.map(fail_at_seven, break_off_at(9), 2, WINDOW))


@pytest.mark.usefixtures("nobody_left")
@pytest.mark.parametrize(
    ("task", "words"),
    [
        (fail_stubbornly, "number 0 is stubborn"),
        (fail_with_a_lock, "number 0 is locked"),
        (stop_iterating, "StopIteration"),
    ],
)
def test_an_error_that_does_not_pickle_is_told_nevertheless(
    executor: Executor, task: Callable[[int], int], words: str
) -> None:
    with pytest.raises(Exception, match=words):
        list(executor.map(task, range(9), 2, WINDOW))


@needs_fifo
@pytest.mark.usefixtures("nobody_left")
def test_what_has_not_started_is_dropped_at_an_error(
    executor: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, (marks, gate) = list[int](), (tmp_path / "marks", tmp_path / "gate")
    marks.mkdir()
    os.mkfifo(gate)
    shutdown = ThreadPoolExecutor.shutdown
    with gate.open("r+b", buffering=0) as held:

        def open_gate(pool: ThreadPoolExecutor, wait: bool = True, *, cancel_futures: bool = False) -> None:
            # What waits in the queue is dropped before the tasks that were begun come to their end.
            shutdown(pool, wait=False, cancel_futures=cancel_futures)
            held.close()
            shutdown(pool, wait=wait)

        monkeypatch.setattr(ThreadPoolExecutor, "shutdown", open_gate)
        with pytest.raises(DataError, match="is the first"):
            list(executor.map(Mark(marks, gate), count_with(taken), 2, 100))
    assert len(taken) <= 100
    # Each of the two workers may have begun one more.
    assert len(os.listdir(marks)) <= 3


def test_nothing_happens_before_a_result_is_asked_for(executor: Executor) -> None:
    threads, taken = threading.active_count(), list[int]()
    results = executor.map(square, count_with(taken), 2, WINDOW)
    assert inspect.getgeneratorstate(results) == inspect.GEN_CREATED
    assert not taken
    assert threading.active_count() == threads
    assert not multiprocessing.active_children()
    results.close()


@pytest.mark.usefixtures("nobody_left")
@pytest.mark.parametrize("window", [2, 5])
def test_no_more_items_are_taken_than_the_window_holds(executor: Executor, window: int) -> None:
    asked, taken, most = 0, list[int](), list[int]()

    def items() -> Iterator[int]:
        for number in count_with(taken):
            # Looked at whenever one is taken: an executor may take items in a thread of its own.
            most.append(len(taken) - asked)
            yield number

    results = executor.map(square, items(), 2, window)
    for number in range(20):
        asked = number
        assert next(results) == number * number
        assert number < len(taken)
    results.close()
    assert max(most) <= window


@pytest.mark.usefixtures("nobody_left")
@pytest.mark.parametrize("results", [0, 1, 10])
def test_closed_early_it_leaves_nobody_behind(executor: Executor, results: int) -> None:
    taken: list[int] = []
    generator = executor.map(square, count_with(taken), 2, WINDOW)
    assert list(itertools.islice(generator, results)) == [number * number for number in range(results)]
    generator.close()
    assert len(taken) <= results + WINDOW


@pytest.mark.usefixtures("nobody_left")
def test_forgotten_it_leaves_nobody_behind(executor: Executor) -> None:
    generator: Generator[int, None, None] | None = executor.map(square, itertools.count(), 2, WINDOW)
    assert generator is not None
    assert next(generator) == 0
    generator = None
    gc.collect()


class Text:
    """An item that can be seen to be dropped."""


def measure_text(text: Text) -> int:
    return 1


@pytest.mark.usefixtures("nobody_left")
def test_items_are_not_held_when_their_tasks_are_done(executor: Executor) -> None:
    alive: set[int] = set()
    dropped = threading.Condition()

    def drop(number: int) -> None:
        with dropped:
            alive.remove(number)
            dropped.notify_all()

    def make(number: int) -> Text:
        text = Text()
        alive.add(number)
        weakref.finalize(text, drop, number)
        return text

    results = executor.map(measure_text, map(make, range(30)), 2, WINDOW)
    for _ in range(30):
        assert next(results) == 1
        with dropped:
            # Tasks that have been started come to their end meanwhile.
            assert dropped.wait_for(lambda: not alive, PATIENCE)
    assert list(results) == []


@pytest.mark.usefixtures("nobody_left")
@pytest.mark.parametrize("named", executor_names())
def test_a_plan_that_names_it_uses_it(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[Any] = []

    def find(name: str) -> Executor:
        used.append(name)
        return find_executor(name)

    plan = Plan(2, executor=named)
    monkeypatch.setattr("zm_cli.running.executors.find_executor", find)
    for items in ([], [3], range(20)):
        assert list(plan.map(square, items, Workload(1))) == [number * number for number in items]
    assert used == [named] * 3


@pytest.mark.parametrize("name", ["nobody", "__init__", "forks.py", "os", ""])
def test_an_unknown_executor_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError, match=f"'{name}' is not an executor; choose from arriving, forks, serial, threads"):
        Plan(executor=name)
