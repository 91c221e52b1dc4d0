"""The executor that does everything in the calling thread, one item after the other."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

from zm_cli.running.executors import Executor

Item = TypeVar("Item")
Result = TypeVar("Result")


class Serial:
    """Does each task in the calling thread, when its result is asked for."""

    name = "serial"

    def map(
        self, task: Callable[[Item], Result], items: Iterable[Item], workers: int, window: int
    ) -> Generator[Result, None, None]:
        """Yields the results as described in `Executor.map`, with one item in flight whatever `window` is."""
        for item in items:
            result = task(item)
            # Release both before the consumer works and the next item is read: they may be large.
            del item
            yield result
            del result


EXECUTOR: Executor = Serial()
