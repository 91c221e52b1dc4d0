"""The plan: how many workers and how much memory a command may use, and which executor carries out its tasks."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, NoReturn, TypeVar

from zm_cli.errors import UsageError
from zm_cli.running.allocator import keep_freed_memory

if TYPE_CHECKING:
    from zm_cli.running.workload import Workload

Item = TypeVar("Item")
Result = TypeVar("Result")

DEFAULT_MEMORY = 256 << 20
SMALLEST_MEMORY = 32 << 20


def count_cores() -> int:
    """Returns the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Plan:
    """How tasks are carried out. It affects speed and memory, never the result.

    Raises UsageError for a number of workers or bytes that is out of range, and for an unknown executor.
    """

    workers: int = 0
    """0: as many as there are cores."""
    memory: int = DEFAULT_MEMORY
    """Bytes for the blocks in flight."""
    executor: str | None = None
    """The name of the executor for every task; None: the workload of each task decides."""

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise UsageError("must be 1 or more", where="--workers")
        if self.memory < SMALLEST_MEMORY:
            raise UsageError(f"must be at least {SMALLEST_MEMORY >> 20}MB", where="--memory")
        if self.executor is not None:
            from zm_cli.running.executors import find_executor

            find_executor(self.executor)

    def window(self, block_bytes: int) -> int:
        """Returns how many blocks of `block_bytes` bytes may be in flight at once; always at least one.

        That is two more than there are workers: what they do next, and what waits to be written.
        """
        return max(1, min(self.memory // block_bytes, self.worker_count() + 2))

    def worker_count(self) -> int:
        """Returns the number of workers asked for, or as many as there are cores."""
        return self.workers or count_cores()

    def map(
        self, task: Callable[[Item], Result], items: Iterable[Item], workload: Workload
    ) -> Generator[Result, None, None]:
        """Returns `task(item)` for each item, in the order of the items, with a bounded number in flight.

        The first error in that order, of a task or of the items, ends the map; what has not started is dropped. For
        processes, the task, items and results must pickle. A task may have a method `name_input(item) -> str`, which
        says what to name in the error where a worker process dies of the item.
        """
        from zm_cli.running.executors import find_executor

        keep_freed_memory()
        window = self.window(workload.block_bytes)
        workers = min(self.worker_count(), window)
        items = iter(items)
        name = self.executor
        if name is None:
            if workers > 1 and not workload.arriving:
                several, items = _peek(items)
                # A single item is not worth the start of a worker.
                workers = workers if several else 1
            name = _choose_executor(workload, workers)
        yield from find_executor(name).map(task, items, workers, window)


def _choose_executor(workload: Workload, workers: int) -> str:
    if workers == 1:
        return "serial"
    if workload.arriving:
        return "arriving"
    if workload.forkable:
        from zm_cli.running.worker_process import may_fork

        if workload.small_steps or may_fork():
            return "forks"
    return "threads"


def _peek(items: Iterator[Item]) -> tuple[bool, Iterator[Item]]:
    """Returns whether there are several items, and an iterator over all of them.

    Only that iterator holds an item, until it is past it: an item of a table carries its text, which takes megabytes.
    """
    begun: list[Item] = []
    try:
        for item in islice(items, 2):
            begun.append(item)
    except Exception as error:
        # The error is raised after the results of the items before it.
        items = _raise(error)
    return len(begun) > 1, chain(begun, items)


def _raise(error: Exception) -> Iterator[NoReturn]:
    raise error
    yield
