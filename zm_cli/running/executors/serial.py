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
        """Returns the results as `Executor.map` says, with one item in flight, whatever `workers` and `window` are."""
        for item in items:
            result = task(item)
            # Neither is held while the consumer works or the next item is read: both may be large.
            del item
            yield result
            del result


EXECUTOR: Executor = Serial()
