"""The numbers of a plan, and the executor that it chooses for a task."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running.tasks import fail_at_seven, square
from tests.systems import needs_fork
from zm_cli.errors import DataError, UsageError
from zm_cli.running.executors import Executor, find_executor
from zm_cli.running.plan import Plan
from zm_cli.running.worker_process import may_fork
from zm_cli.running.workload import Workload

THREADS, ARRIVING = Workload(1), Workload(1, arriving=True)
FORKS, PROCESSES = Workload(1, forkable=True), Workload(1, forkable=True, small_steps=True)

KINDS = pytest.mark.parametrize(("workers", "workload"), [(1, THREADS), (3, THREADS), (2, FORKS), (2, PROCESSES)])
needs_forks = pytest.mark.skipif(not may_fork(), reason="this process cannot be forked safely")


def where(item: int) -> int:
    return os.getpid()


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the executors that are chosen during the test."""
    names: list[str] = []

    def find(name: str) -> Executor:
        names.append(name)
        return find_executor(name)

    monkeypatch.setattr("zm_cli.running.executors.find_executor", find)
    return names


@pytest.fixture
def another_thread() -> Iterator[None]:
    """A second thread, so that forking this process is not safe."""
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    yield
    over.set()
    thread.join()


@KINDS
def test_results_come_in_the_order_of_the_items(workers: int, workload: Workload) -> None:
    results = Plan(workers).map(square, range(50), workload)
    assert list(results) == [number * number for number in range(50)]


@KINDS
def test_the_first_error_arrives_whole_after_the_results_before_it(workers: int, workload: Workload) -> None:
    results = Plan(workers).map(fail_at_seven, range(50), workload)
    assert [next(results) for _ in range(7)] == list(range(7))
    with pytest.raises(DataError, match="number 7: is seven; leave it out"):
        next(results)


@pytest.mark.parametrize(
    ("workload", "executor"),
    [
        (THREADS, "threads"),
        (ARRIVING, "arriving"),
        (Workload(1, forkable=True, small_steps=True, arriving=True), "arriving"),
        (Workload(1, small_steps=True), "threads"),
        pytest.param(FORKS, "forks", marks=needs_forks),
        pytest.param(PROCESSES, "forks", marks=needs_fork),
    ],
)
def test_the_workload_decides_who_works(workload: Workload, executor: str, chosen: list[str]) -> None:
    assert list(Plan(2).map(square, range(5), workload)) == [0, 1, 4, 9, 16]
    assert chosen == [executor]


@pytest.mark.usefixtures("another_thread")
@needs_fork
@pytest.mark.parametrize(("workload", "executor"), [(FORKS, "threads"), (PROCESSES, "forks")])
def test_beside_other_threads_processes_are_started_anew_only_for_small_steps(
    workload: Workload, executor: str, chosen: list[str]
) -> None:
    assert not may_fork()
    pids = set(Plan(2).map(where, range(20), workload))
    assert (os.getpid() in pids) == (executor == "threads")
    assert chosen == [executor]


@pytest.mark.parametrize("workload", [FORKS, PROCESSES])
def test_threads_do_the_work_where_processes_cannot_be_copied(
    workload: Workload, chosen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("plan", "worker_process"):
        monkeypatch.setattr(f"zm_cli.running.{module}.fork", None)
    assert set(Plan(2).map(where, range(20), workload)) == {os.getpid()}
    assert chosen == ["threads"]


@pytest.mark.parametrize("workload", [THREADS, ARRIVING, FORKS, PROCESSES])
def test_one_worker_is_this_thread(workload: Workload, chosen: list[str]) -> None:
    assert list(Plan(1).map(square, range(5), workload)) == [0, 1, 4, 9, 16]
    assert list(Plan(4, memory=32 << 20).map(square, range(3), Workload(32 << 20, arriving=True))) == [0, 1, 4]
    assert chosen == ["serial", "serial"]


@pytest.mark.parametrize("workload", [THREADS, FORKS, PROCESSES])
def test_no_worker_is_started_for_a_single_item(workload: Workload, chosen: list[str]) -> None:
    assert list(Plan(4).map(square, [3], workload)) == [9]
    assert list(Plan(4).map(square, [], workload)) == []
    assert chosen == ["serial", "serial"]


@needs_fork
@pytest.mark.parametrize("workload", [pytest.param(FORKS, marks=needs_forks), PROCESSES])
def test_as_many_workers_are_started_as_there_is_work_for(workload: Workload) -> None:
    assert list(Plan(4).map(where, [1], workload)) == [os.getpid()]
    several = set(Plan(3).map(where, range(200), workload))
    assert len(several) == 3
    assert os.getpid() not in several


def test_one_worker_takes_an_item_when_it_is_done_with_the_last() -> None:
    items = iter(range(9))
    results = Plan(1).map(square, items, THREADS)
    assert next(results) == 0
    assert list(items) == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("arriving", [False, True])
def test_no_more_items_are_taken_than_memory_allows(arriving: bool) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = Plan(4, memory=96 << 20).map(square, items(), Workload(32 << 20, arriving=arriving))
    for number in range(20):
        assert next(results) == number * number
        assert len(taken) <= number + 3


@pytest.mark.parametrize("workload", [THREADS, ARRIVING, FORKS, PROCESSES])
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("before", [0, 1, 2, 5])
def test_an_error_of_the_items_comes_after_the_results_before_it(workload: Workload, workers: int, before: int) -> None:
    def items() -> Iterator[int]:
        yield from range(before)
        raise DataError("breaks off", where="the item")

    results = Plan(workers).map(square, items(), workload)
    assert [next(results) for _ in range(before)] == [number * number for number in range(before)]
    with pytest.raises(DataError, match="the item: breaks off"):
        next(results)


def test_nothing_happens_before_a_result_is_asked_for(chosen: list[str]) -> None:
    items = iter(range(9))
    Plan(2).map(square, items, PROCESSES)
    assert (next(items), chosen) == (0, [])


def test_a_window_holds_one_block_at_least_and_two_more_than_workers_at_most() -> None:
    plan = Plan(3, memory=32 << 20)
    divided = [plan.divide(Workload(nbytes)) for nbytes in (1, 8 << 20, 16 << 20, 32 << 20, 1 << 30)]
    assert divided == [(3, 5), (3, 4), (2, 2), (1, 1), (1, 1)]
    assert plan.divide(Workload(12 << 20, result_bytes=4 << 20)) == (2, 4)
    assert Plan().worker_count() >= 1


def test_by_default_every_worker_has_memory_of_its_own() -> None:
    assert [Plan(workers).divide(Workload(100 << 20))[0] for workers in (1, 2, 8)] == [1, 2, 8]


def test_too_little_memory_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="at least 32MB"):
        Plan(memory=1000)


def test_a_negative_number_of_workers_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="must be 1 or more"):
        Plan(-1)


def test_a_plan_loads_no_executor_before_it_is_used() -> None:
    code = "import sys, zm_cli.running.plan as p; p.Plan(); print(*sys.modules)"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    loaded = set(done.stdout.split())
    assert "zm_cli.running.plan" in loaded
    assert not {"numpy", "concurrent.futures", "multiprocessing", "zm_cli.running.executors"} & loaded
