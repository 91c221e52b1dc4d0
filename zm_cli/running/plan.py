"""The ordered map: one task over many spans, in this thread, in threads or in processes; results in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import TYPE_CHECKING, Literal, TypeVar

from zm_cli.errors import UsageError
from zm_cli.running.allocator import keep_freed_memory

if TYPE_CHECKING:
    from concurrent.futures import Future

Item = TypeVar("Item")
Result = TypeVar("Result")

WorkerKind = Literal["threads", "forks", "processes"]
"""What runs beside this thread. `forks` are copies of this process, or threads where it cannot be copied safely;
`processes` are copies, too, or started anew."""

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
        """How many blocks of `block_cost` bytes may be in flight at once; always at least one.

        Two more than there are workers: what they are to do next, and what waits to be written.
        """
        return max(1, min(self.memory // block_cost, self.worker_count() + 2))

    def worker_count(self) -> int:
        """The workers asked for, or as many as there are cores."""
        return self.workers or count_cores()


def map_in_order(
    task: Callable[[Item], Result],
    items: Iterable[Item],
    plan: Plan,
    *,
    block_cost: int,
    by: WorkerKind = "threads",
    arriving: bool = False,
) -> Generator[Result, None, None]:
    """`task(item)` for each item, in the order of the items, with a bounded number of results waiting.

    The first task that raises ends the run with its error; what has not started is dropped. For processes, tasks, items
    and results must pickle. Where items are `arriving`, any may be long in coming: threads take them, and what is done
    is not held back till the next item is there.
    """
    keep_freed_memory()
    window = plan.window(block_cost)
    items = iter(items)
    workers = min(plan.worker_count(), window)
    if arriving and workers > 1:
        with closing(_map_arriving(task, items, workers, window)) as results:
            yield from results
        return
    if workers > 1:
        # No worker is worth its start for a single item.
        first = list(islice(items, 2))
        workers = workers if len(first) > 1 else 1
        items = chain(first, items)
        # The span of a table carries its text, which is not to be held any longer than it takes.
        del first
    if workers == 1:
        for item in items:
            yield task(item)
        return
    if by != "threads":
        from zm_cli.running.forks import map_in_processes, may_fork

        if by == "processes" or may_fork():
            with closing(map_in_processes(task, items, workers=workers, window=window)) as results:
                yield from results
            return
    yield from _map_in_threads(task, items, workers, window)


def _map_in_threads(
    task: Callable[[Item], Result], items: Iterable[Item], workers: int, window: int
) -> Iterator[Result]:
    from concurrent.futures import ThreadPoolExecutor

    executor = ThreadPoolExecutor(workers)
    try:
        waiting: deque[Future[Result]] = deque()
        for item in items:
            waiting.append(executor.submit(task, item))
            if len(waiting) >= window:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _map_arriving(
    task: Callable[[Item], Result], items: Iterator[Item], workers: int, window: int
) -> Generator[Result, None, None]:
    """The same, with a thread of its own that waits for the items: where it is in the middle of that, it is left behind
    when the run ends."""
    from concurrent.futures import Future, ThreadPoolExecutor

    executor = ThreadPoolExecutor(workers)
    begun: SimpleQueue[Future[Result] | None] = SimpleQueue()
    room, over = Semaphore(window), Event()

    def feed() -> None:
        try:
            while room.acquire() and not over.is_set():
                # No name holds an item, which may be large, while the next one is waited for.
                begun.put(executor.submit(task, next(items)))
        except StopIteration:
            begun.put(None)
        except BaseException as error:
            failed: Future[Result] = Future()
            failed.set_exception(error)
            begun.put(failed)

    feeder = Thread(target=feed, daemon=True)
    feeder.start()
    try:
        while (future := begun.get()) is not None:
            result = future.result()
            del future
            yield result
            del result
            room.release()
        feeder.join()
    finally:
        over.set()
        room.release()
        executor.shutdown(wait=True, cancel_futures=True)
