"""The plan: how many workers and how much memory a command may use, and which executor runs its tasks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, NoReturn, TypeVar

from zm_cli.errors import UsageError
from zm_cli.running.allocator import keep_freed_memory
from zm_cli.running.cluster.address import LOCAL
from zm_cli.running.resource_limits import count_cores, find_memory_limit
from zm_cli.system import fork

if TYPE_CHECKING:
    from zm_cli.running.workload import Workload

Item = TypeVar("Item")
Result = TypeVar("Result")

MEMORY_PER_WORKER = 128 << 20
DEFAULT_MEMORY = 256 << 20
"""The smallest default for all workers together."""
SMALLEST_MEMORY = 32 << 20
MAX_IN_FLIGHT = 1 << 16
"""The most items that may be in flight on a cluster; its number of threads allows far fewer."""
CLUSTER_EXECUTOR = "dask"
BATCHES_TOGETHER = 8
"""How many batches of spans are worth sending to another machine: a power of the fan-out of merging."""


@dataclass(frozen=True)
class Plan:
    """How tasks are carried out. It affects speed and memory, never the result.

    Raises UsageError for a number of workers or bytes that is out of range, and for an unknown executor.
    """

    workers: int = 0
    """0: as many as there are cores."""
    memory: int = 0
    """Bytes for the blocks in flight. 0: MEMORY_PER_WORKER for each worker, but at least DEFAULT_MEMORY, and at most
    half of what the system allows."""
    executor: str | None = None
    """The name of the executor for every task; None: the workload of each task decides."""
    cluster: str | None = None
    """The address of the Dask cluster that runs the tasks, "local" to start one; None: this machine runs them."""

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise UsageError("must be 1 or more", where="--workers")
        if self.memory and self.memory < SMALLEST_MEMORY:
            raise UsageError(f"must be at least {SMALLEST_MEMORY >> 20}MB", where="--memory")
        if self.workers and self.cluster not in (None, LOCAL):
            raise UsageError(
                "cannot be combined with the address of a cluster", where="--workers", hint="leave out --workers"
            )
        if self.memory and self.cluster is not None:
            fewer = "a smaller --workers needs" if self.cluster == LOCAL else "fewer threads for each Dask worker need"
            raise UsageError("cannot be combined with --dask", where="--memory", hint=f"leave it out; {fewer} less")
        if self.executor is not None:
            from zm_cli.running.executors import find_executor

            find_executor(self.executor)

    @property
    def together(self) -> int:
        """How many batches of spans a task takes at a time."""
        return 1 if self.cluster is None else BATCHES_TOGETHER

    def divide(self, workload: Workload) -> tuple[int, int]:
        """Returns how many workers the memory allows, and how many items may be in flight; at least one of each.

        The latter is up to two more than there are workers: the next item, and a result that waits for its turn.
        """
        memory = self.memory or self._choose_memory()
        workers = max(1, min(self.worker_count(), memory // workload.block_bytes))
        left = memory - workers * workload.block_bytes
        waiting = workload.block_bytes if workload.result_bytes is None else workload.result_bytes
        return workers, workers + max(0, min(2, left // max(1, waiting)))

    def _choose_memory(self) -> int:
        memory = max(DEFAULT_MEMORY, self.worker_count() * MEMORY_PER_WORKER)
        limit = find_memory_limit()
        # The other half is for Python, its libraries and the file cache of the system.
        return memory if limit is None else max(SMALLEST_MEMORY, min(memory, limit // 2))

    def worker_count(self) -> int:
        """Returns the number of workers asked for, or as many as there are cores."""
        return self.workers or count_cores()

    def connect(self, tell: Callable[[str], object] = lambda sentence: None) -> str | None:
        """Connects to the cluster, and returns a sentence that describes it; None without a cluster.

        Calls `tell` with a sentence when it waits for workers, now or during a task. Raises UsageError if the cluster
        cannot be used, DataError if it has no workers. Without this call, the first task connects.
        """
        if self.cluster is None:
            return None
        from zm_cli.running.cluster.connection import connect

        return connect(self.cluster, self._new_workers, tell).describe()

    @property
    def _new_workers(self) -> int:
        """How many workers are started for a local cluster; 0 for a cluster that has its own."""
        return self.worker_count() if self.cluster == LOCAL else 0

    def map(
        self, task: Callable[[Item], Result], items: Iterable[Item], workload: Workload
    ) -> Generator[Result, None, None]:
        """Yields `task(item)` for each item, in the order of the items, with a bounded number in flight.

        The first error in that order, of a task or of the items, ends the map; items that have not started are dropped.
        For processes, the task, items and results must be picklable. A task may have a method `name_input(item)`, which
        returns what to name in the error if a worker process dies while it does the item.
        """
        from zm_cli.running.executors import connect_executor, find_executor

        keep_freed_memory()
        # Items that arrive through a pipe are read and written on this machine.
        if self.cluster is not None and not workload.arriving:
            executor = connect_executor(CLUSTER_EXECUTOR, self.cluster, self._new_workers)
            yield from executor.map(task, items, self._new_workers, MAX_IN_FLIGHT)
            return
        workers, window = self.divide(workload)
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

        if may_fork() or (workload.small_steps and fork is not None):
            return "forks"
    return "threads"


def _peek(items: Iterator[Item]) -> tuple[bool, Iterator[Item]]:
    """Returns whether there are several items, and an iterator over all of them.

    Only that iterator holds an item, until it moves on: an item of a table carries its text, which takes megabytes.
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
