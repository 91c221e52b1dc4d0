"""Items that arrive one by one: results are not delayed, and the end does not wait for another item."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.running.tasks import PATIENCE, fail_at_seven, square
from zm_cli.errors import DataError
from zm_cli.running.plan import Plan
from zm_cli.running.workload import Workload

ARRIVING = Workload(1, arriving=True)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_arriving_items_give_results_in_their_order(workers: int) -> None:
    results = Plan(workers).map(square, range(200), ARRIVING)
    assert list(results) == [number * number for number in range(200)]
    assert list(Plan(workers).map(square, [], ARRIVING)) == []
    results = Plan(workers).map(fail_at_seven, range(50), ARRIVING)
    assert [next(results) for _ in range(7)] == list(range(7))
    with pytest.raises(DataError, match="number 7: is seven"):
        next(results)


@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_of_the_items_is_raised_in_its_turn(workers: int) -> None:
    def items() -> Iterator[int]:
        yield from range(5)
        raise DataError("breaks off", where="item 5")

    results = Plan(workers).map(square, items(), ARRIVING)
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

    results = Plan(workers).map(square, items(), ARRIVING)
    for number in range(4):
        coming.release()
        assert next(results) == number * number


def test_nobody_waits_for_an_item_when_all_is_over() -> None:
    left, gone = threading.Event(), threading.Event()

    def items() -> Iterator[int]:
        yield 7
        assert left.wait(PATIENCE)
        gone.set()
        yield 8

    results = Plan(2).map(fail_at_seven, items(), ARRIVING)
    with pytest.raises(DataError, match="is seven"):
        next(results)
    assert not gone.is_set()
    left.set()
    assert gone.wait(PATIENCE)
