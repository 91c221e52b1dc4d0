"""The ordered map: results in order, bounded, and the first error ends it, for every kind of worker."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from zm_cli.errors import DataError, UsageError
from zm_cli.running.forks import may_fork
from zm_cli.running.plan import Plan, WorkerKind, map_in_order

PATIENCE = 60
"""Seconds after which a test gives up; none waits for them."""

KINDS = pytest.mark.parametrize(("workers", "by"), [(1, "threads"), (3, "threads"), (2, "forks"), (2, "processes")])


def square(number: int) -> int:
    return number * number


def fail_at_seven(number: int) -> int:
    if number == 7:
        raise DataError("is seven", where="number 7", hint="leave it out")
    return number


def die(number: int) -> int:
    os._exit(1)


needs_forks = pytest.mark.skipif(not may_fork(), reason="this process cannot be forked safely")


@KINDS
def test_results_come_in_the_order_of_the_items(workers: int, by: WorkerKind) -> None:
    results = map_in_order(square, range(50), Plan(workers), block_cost=1, by=by)
    assert list(results) == [number * number for number in range(50)]


@KINDS
def test_the_first_error_arrives_whole_after_the_results_before_it(workers: int, by: WorkerKind) -> None:
    results = map_in_order(fail_at_seven, range(50), Plan(workers), block_cost=1, by=by)
    assert [next(results) for _ in range(7)] == list(range(7))
    with pytest.raises(DataError, match="number 7: is seven; leave it out"):
        next(results)


def where(item: int) -> int:
    return os.getpid()


@pytest.mark.parametrize("by", [pytest.param("forks", marks=needs_forks), "processes"])
def test_as_many_workers_are_started_as_there_is_work_for(by: WorkerKind) -> None:
    assert list(map_in_order(where, [1], Plan(4), block_cost=1, by=by)) == [os.getpid()]
    several = set(map_in_order(where, range(200), Plan(3), block_cost=1, by=by))
    assert len(several) == 3
    assert os.getpid() not in several


def test_one_worker_takes_an_item_when_it_is_done_with_the_last() -> None:
    items = iter(range(9))
    results = map_in_order(square, items, Plan(1), block_cost=1)
    assert next(results) == 0
    assert list(items) == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("arriving", [False, True])
def test_no_more_items_are_taken_than_memory_allows(arriving: bool) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = map_in_order(square, items(), Plan(4, memory=96 << 20), block_cost=32 << 20, arriving=arriving)
    for number in range(20):
        assert next(results) == number * number
        assert len(taken) <= number + 3


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_arriving_items_give_results_in_their_order(workers: int) -> None:
    results = map_in_order(square, range(200), Plan(workers), block_cost=1, arriving=True)
    assert list(results) == [number * number for number in range(200)]
    assert list(map_in_order(square, [], Plan(workers), block_cost=1, arriving=True)) == []
    results = map_in_order(fail_at_seven, range(50), Plan(workers), block_cost=1, arriving=True)
    assert [next(results) for _ in range(7)] == list(range(7))
    with pytest.raises(DataError, match="number 7: is seven"):
        next(results)


@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_of_the_items_is_raised_at_its_place(workers: int) -> None:
    def items() -> Iterator[int]:
        yield from range(5)
        raise DataError("breaks off", where="item 5")

    results = map_in_order(square, items(), Plan(workers), block_cost=1, arriving=True)
    assert [next(results) for _ in range(5)] == [0, 1, 4, 9, 16]
    with pytest.raises(DataError, match="item 5: breaks off"):
        next(results)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_result_does_not_wait_for_the_next_item(workers: int) -> None:
    coming = threading.Semaphore(0)

    def items() -> Iterator[int]:
        for number in range(4):
            assert coming.acquire(timeout=PATIENCE)
            yield number

    results = map_in_order(square, items(), Plan(workers), block_cost=1, arriving=True)
    for number in range(4):
        coming.release()
        assert next(results) == number * number


def test_nobody_waits_for_an_item_when_the_run_is_over() -> None:
    left, gone = threading.Event(), threading.Event()

    def items() -> Iterator[int]:
        yield 7
        assert left.wait(PATIENCE)
        gone.set()
        yield 8

    results = map_in_order(fail_at_seven, items(), Plan(2), block_cost=1, arriving=True)
    with pytest.raises(DataError, match="is seven"):
        next(results)
    assert not gone.is_set()
    left.set()
    assert gone.wait(PATIENCE)


def test_a_worker_process_that_dies_is_an_error_not_a_hang() -> None:
    with pytest.raises(DataError, match="a worker process ended before its work"):
        list(map_in_order(die, range(4), Plan(2), block_cost=1, by="processes"))


def test_too_little_memory_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="at least 32MB"):
        Plan(memory=1000)
