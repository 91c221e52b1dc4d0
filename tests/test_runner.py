"""The ordered map: results in order, bounded, and the first error ends it, for every kind of worker."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from zm_cli.errors import DataError, UsageError
from zm_cli.processes import may_fork
from zm_cli.runner import Plan, WorkerKind, map_in_order

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


def test_no_more_items_are_taken_than_memory_allows() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = map_in_order(square, items(), Plan(4, memory=96 << 20), block_cost=32 << 20)
    next(results)
    assert len(taken) <= 3


def test_a_worker_process_that_dies_is_an_error_not_a_hang() -> None:
    with pytest.raises(DataError, match="a worker process ended before its work"):
        list(map_in_order(die, range(4), Plan(2), block_cost=1, by="processes"))


def test_too_little_memory_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="at least 32MB"):
        Plan(memory=1000)
