"""The ordered map: one task over many spans, in this thread, in threads or in processes; results in order."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, TypeVar

from zm_cli.block import BLOCK_BYTES
from zm_cli.errors import DataError, UsageError

Item = TypeVar("Item")
Result = TypeVar("Result")

DEFAULT_MEMORY = 256 << 20
SMALLEST_MEMORY = 32 << 20


def count_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Plan:
    """How to run: it decides speed and memory, never what comes out."""

    workers: int = 0
    """0: as many as there are cores."""
    memory: int = DEFAULT_MEMORY
    """Bytes for the blocks in flight."""

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise UsageError("must be 1 or more", where="--workers")
        if self.memory < SMALLEST_MEMORY:
            raise UsageError(f"must be at least {SMALLEST_MEMORY >> 20}MB", where="--memory")

    def window(self, block_cost: int) -> int:
        """How many blocks of `block_cost` bytes may be in flight at once; always at least one."""
        return max(1, min(self.memory // max(block_cost, BLOCK_BYTES), 4 * self.worker_count()))

    def worker_count(self) -> int:
        """The workers asked for, or as many as there are cores."""
        return self.workers or count_cores()


def map_in_order(
    task: Callable[[Item], Result], items: Iterable[Item], plan: Plan, *, block_cost: int, processes: bool
) -> Iterator[Result]:
    """`task(item)` for each item, in the order of the items, with a bounded number of results waiting.

    The first task that raises ends the run with its error; what has not started is dropped. With `processes`, `task`
    must pickle; it is sent to each worker once.
    """
    window = plan.window(block_cost)
    workers = min(plan.worker_count(), window)
    if workers == 1:
        for item in items:
            yield task(item)
        return
    executor: Executor
    if processes:
        executor = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_adopt, initargs=(task,))
        call: Callable[[Item], Any] = _run_adopted
    else:
        executor = ThreadPoolExecutor(workers)
        call = task
    try:
        yield from _drain(executor, call, items, window)
    except BrokenExecutor as error:
        raise DataError("a worker process died", hint="try again with --workers 1") from error
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _drain(executor: Executor, call: Callable[[Item], Any], items: Iterable[Item], window: int) -> Iterator[Any]:
    waiting: deque[Future[Any]] = deque()
    for item in items:
        waiting.append(executor.submit(call, item))
        if len(waiting) >= window:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


_task: Callable[[Any], Any]


def _adopt(task: Callable[[Any], Any]) -> None:
    """Keeps the task in this worker process, and leaves an interrupt to the parent."""
    global _task
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _task = task


def _run_adopted(item: Any) -> Any:
    return _task(item)
