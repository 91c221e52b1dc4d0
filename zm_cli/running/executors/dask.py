"""The executor that sends the items to the workers of a Dask cluster."""

from __future__ import annotations

import asyncio
import itertools
import os
import pickle
import uuid
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from concurrent.futures import CancelledError
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

import zm_cli
from zm_cli.errors import DataError, ZmError
from zm_cli.running.cluster.children import LESS_MEMORY, KilledChild
from zm_cli.running.cluster.connection import Cluster
from zm_cli.running.cluster.connection import connect as connect_cluster
from zm_cli.running.cluster.remote import by_value, run_item
from zm_cli.running.executors import Executor
from zm_cli.running.guard import get_noted_input
from zm_cli.running.in_order import Answer, AnswersInOrder
from zm_cli.running.serving import unpickle_message
from zm_cli.running.signals import KILLED, explain_signal

Item = TypeVar("Item")
Result = TypeVar("Result")

PER_THREAD = 2
"""Items in flight for each thread of the cluster; few, because any item of a worker that dies may be the cause."""
LARGE = 1 << 20
"""Bytes of a large answer. Larger answers are fetched only FEW_AHEAD at a time, because they fill the memory of this
process."""
FEW_AHEAD, MANY_AHEAD = 2, 8
LARGE_TASK = 64 << 10
"""Bytes of a large task. A larger task is sent to each worker once, not with every item."""


class Dask:
    """Does tasks in the workers of a cluster, each in a child process of its own."""

    name = "dask"

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def map(
        self, task: Callable[[Item], Result], items: Iterable[Item], workers: int, window: int
    ) -> Generator[Result, None, None]:
        """Yields the results as described in `Executor.map`; `task`, items and results must be picklable.

        The cluster decides the number of workers: `workers` is not used, and no more than PER_THREAD items for each
        thread are in flight, whatever `window` is. A task may have a method `narrow(item)`, which returns the task with
        no more than that item needs; `list_paths()`, the files and folders that all workers must see; and
        `name_input(item)`, what to name in errors. An item whose child process crashes is an error at once, as on
        one machine. If a child or a whole worker is killed, other workers do its items, until one of them has killed
        too many (`distributed.scheduler.allowed-failures`; the third in a local cluster). Raises DataError then, and
        where the scheduler or all workers go away, UsageError where a worker does not see the paths or lacks this zm.
        """
        cluster = self._cluster
        list_paths: Callable[[], Iterable[str]] | None = getattr(task, "list_paths", None)
        sizes = {} if list_paths is None else cluster.check_paths(list_paths())
        name_input: Callable[[Item], str] | None = getattr(task, "name_input", None)
        sender = _Sender(cluster, task, sizes)
        source = iter(items)
        answers = AnswersInOrder()
        names: dict[int, str | None] = {}
        killers: dict[int, list[str]] = {}
        taken, more, ahead = 0, True, FEW_AHEAD
        try:
            while True:
                while more and taken - answers.taken < min(window, PER_THREAD * cluster.count_threads()):
                    try:
                        item = next(source)
                        names[taken] = name_input(item) if name_input else get_noted_input()
                        sender.send(taken, item, names[taken])
                        # Items may be large: release this one before the next one is read.
                        del item
                    except StopIteration:
                        more = False
                        break
                    except Exception as error:
                        more = False
                        answers.put(taken, (False, error))
                    taken += 1
                sender.fetch_up_to(answers.taken + ahead)
                if answers.has_next():
                    yield answers.take_next()
                elif answers.taken == taken:
                    return
                else:
                    index, answer = cluster.wait_for(sender.arrived)
                    sender.release(index)
                    if isinstance(answer, KilledChild):
                        met = killers.setdefault(index, [])
                        met.append(answer.worker)
                        if len(met) <= cluster.allowed_failures:
                            sender.send_elsewhere(index, answer, names[index], set(cluster.workers) - set(met))
                            continue
                    ahead = FEW_AHEAD if isinstance(answer, bytes) and len(answer) > LARGE else MANY_AHEAD
                    answers.put(index, self._read_answer(answer, names.pop(index)))
                    del answer
        finally:
            # The scheduler drops what nobody waits for.
            sender.release_all()

    def _read_answer(self, answer: Any, input_name: str | None) -> Answer:
        """Returns what a worker answered, or the error for what happened instead."""
        if isinstance(answer, bytes):
            outcome: Answer = unpickle_message(answer)
            return outcome
        return False, self._explain(answer, input_name)

    def _explain(self, answer: Any, input_name: str | None) -> ZmError:
        from distributed.scheduler import KilledWorker

        cluster = self._cluster
        if isinstance(answer, KilledChild):
            return explain_signal(KILLED, answer.input_name, LESS_MEMORY)
        if isinstance(answer, tuple):
            return cluster.explain_unfit(*answer)
        if isinstance(answer, KilledWorker):
            deaths = answer.allowed_failures + 1
            hint = "if there was too little memory, fewer threads for each worker need less; their logs may say more"
            return DataError(
                f"{deaths} worker{'s' * (deaths != 1)} died while processing it", where=input_name, hint=hint
            )
        if isinstance(answer, CancelledError | asyncio.CancelledError) or not cluster.is_connected:
            return cluster.explain_loss()
        reason = " ".join(str(answer).split()) or type(answer).__name__
        return DataError(f"the cluster could not process it: {reason}", where=input_name)


class _Sender(Generic[Item]):
    """Sends the items of one map to the cluster, and fetches the answers to them, each from the worker that has it."""

    def __init__(self, cluster: Cluster, task: Callable[[Item], Any], sizes: Mapping[str, int | None]) -> None:
        self._client = cluster.client
        self._task = task
        self._narrow: Callable[[Item], Any] | None = getattr(task, "narrow", None)
        self._pickled = b"" if self._narrow else pickle.dumps(task)
        self._shared: dict[str, tuple[bytes, Any]] = {}
        self._folder = os.getcwd()
        self._run_item = by_value(run_item)
        self._name = f"zm-{uuid.uuid4().hex}"
        self._paths = pickle.dumps((self._name, sizes))
        self._numbers = itertools.count()
        self._futures: dict[int, Any] = {}
        self._fetched = 0
        self.arrived: SimpleQueue[tuple[int, Any]] = SimpleQueue()
        """The indices of items, with their answers or what was raised instead."""

    def send(self, index: int, item: Item, input_name: str | None) -> None:
        """Submits the item with that index, which goes up by one each time; raises what pickling raises."""
        task = self._pickled if self._narrow is None else pickle.dumps(self._narrow(item))
        self._submit(index, task, pickle.dumps(item), input_name)

    def send_elsewhere(self, index: int, killed: KilledChild, input_name: str | None, workers: Collection[str]) -> None:
        """Submits an item again that was released; one of `workers` does it, if any of them is there."""
        self._submit(index, killed.task, killed.item, input_name, workers)
        self._client.loop.add_callback(self._fetch, index, self._futures[index])

    def _submit(
        self, index: int, task: bytes, item: bytes, input_name: str | None, workers: Collection[str] = ()
    ) -> None:
        self._futures[index] = self._client.submit(
            self._run_item,
            zm_cli.__version__,
            self._share("paths", self._paths),
            self._folder,
            self._share("task", task),
            item,
            input_name,
            key=f"{self._name}-{next(self._numbers)}",
            workers=list(workers) or None,
            allow_other_workers=bool(workers),
            priority=-index,
            pure=False,
        )

    def _share(self, what: str, data: bytes) -> Any:
        """Returns the bytes, or if they are many a future that stands for them as long as they are the same.

        Dask takes it to each worker once, and makes it again where it is lost.
        """
        if len(data) <= LARGE_TASK:
            return data
        if what not in self._shared or data != self._shared[what][0]:
            key = f"{self._name}-{what}-{next(self._numbers)}"
            self._shared[what] = data, self._client.submit(bytes, data, key=key, pure=False)
        return self._shared[what][1]

    def fetch_up_to(self, stop: int) -> None:
        """Begins to fetch the answers of all items before the one with the index `stop`, as soon as they are there."""
        while self._fetched < stop and self._fetched in self._futures:
            self._client.loop.add_callback(self._fetch, self._fetched, self._futures[self._fetched])
            self._fetched += 1

    async def _fetch(self, index: int, future: Any) -> None:
        answer: Any
        try:
            answer = await self._client.gather(future, asynchronous=True)
        except (Exception, asyncio.CancelledError) as error:
            answer = error
        self.arrived.put((index, answer))

    def release(self, index: int) -> None:
        """Lets the cluster forget the item with that index."""
        self._futures.pop(index).release()

    def release_all(self) -> None:
        """Lets the cluster forget all items."""
        for index in list(self._futures):
            self.release(index)
        self._shared.clear()


def connect(address: str, workers: int) -> Executor:
    """Returns the executor for the cluster at an address; raises as `connection.connect`."""
    return Dask(connect_cluster(address, workers))
