"""The connection of this process to a Dask cluster: one for each address, checked when it is made."""

from __future__ import annotations

import time
from asyncio import CancelledError
from collections.abc import Callable, Iterable, Mapping
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import zm_cli
from zm_cli.errors import DataError, UsageError
from zm_cli.running.cluster.address import LOCAL
from zm_cli.running.cluster.paths import explain_unseen, find_unseen, list_sizes
from zm_cli.running.cluster.remote import by_value, find_versions, read_allowed_failures
from zm_cli.running.cluster.start import StartedCluster, import_quietly, make_client, reach_scheduler, start_local

Value = TypeVar("Value")
Tell = Callable[[str], object]
"""Prints a sentence for the user."""

WAITING_SECONDS = 2.0
"""After this many seconds without workers, a message says that zm is waiting for them."""
WORKER_SECONDS = 60.0
"""How long the cluster may be without workers, at the start and later."""
POLL_SECONDS = 1.0
"""How often the scheduler is asked for its workers."""
PAUSE = 0.05

_connected: dict[tuple[str, int], Cluster] = {}


def ignore_message(sentence: str) -> None:
    """The Tell of a caller that prints nothing."""


class Cluster:
    """A connection to the cluster at `address`, as the user gave it. Only one thread may use it.

    `client` is Dask's own; `started` is the cluster that was started for it, None for one that was there before.
    """

    def __init__(
        self, address: str, client: Any, started: StartedCluster | None = None, tell: Tell = ignore_message
    ) -> None:
        self.address = address
        self.client = client
        self.tell = tell
        self._started = started
        self._threads: Mapping[str, int] = {}
        self._counted = self._seen = time.monotonic()
        self._has_told = False
        self._failures: int | None = None

    @property
    def where(self) -> str:
        """What to name in errors."""
        return f"--dask {self.address}"

    @property
    def is_connected(self) -> bool:
        """Whether the scheduler is there, as far as is known."""
        return bool(self.client.status == "running")

    @property
    def workers(self) -> list[str]:
        """The addresses of the workers that were there when they were last counted."""
        return list(self._threads)

    @property
    def allowed_failures(self) -> int:
        """How many deaths of workers on one item the scheduler allows before the item is an error."""
        if self._failures is None:
            self._failures = int(self._ask(self.client.run_on_scheduler, by_value(read_allowed_failures)))
        return self._failures

    def count_threads(self) -> int:
        """Returns how many threads the workers have, at least 1; the scheduler is asked again after POLL_SECONDS.

        Raises DataError if the scheduler is gone, or there were no workers for WORKER_SECONDS.
        """
        if not self._threads or time.monotonic() - self._counted >= POLL_SECONDS:
            self._count_workers()
        return max(1, sum(self._threads.values()))

    def _count_workers(self) -> None:
        """Counts the workers; after WAITING_SECONDS without any, tells once that they are waited for."""
        if not self.is_connected:
            raise self.explain_loss()
        threads = self._ask(self.client.nthreads)
        self._counted = now = time.monotonic()
        if threads:
            self._threads, self._seen, self._has_told = threads, now, False
        elif now - self._seen >= WORKER_SECONDS:
            raise DataError(
                f"the Dask cluster has had no workers for {WORKER_SECONDS:.0f} s",
                where=self.where,
                hint="start some: dask worker ADDRESS, with the address of the scheduler",
            )
        elif now - self._seen >= WAITING_SECONDS and not self._has_told:
            self.tell(f"waiting for workers of the Dask cluster at {self.address}")
            self._has_told = True

    def _ask(self, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Returns the answer of the scheduler or its workers; DataError if the scheduler went away meanwhile."""
        try:
            return call(*arguments, **options)
        except (Exception, CancelledError) as error:
            if isinstance(error, OSError | CancelledError) or not self.is_connected:
                raise self.explain_loss() from error
            raise

    def await_workers(self) -> None:
        """Waits for the first worker; raises as `count_threads`."""
        while not self._threads:
            self._count_workers()
            time.sleep(0 if self._threads else PAUSE)

    def wait_for(self, arriving: SimpleQueue[Value]) -> Value:
        """Returns the next value of a queue; raises as `count_threads` if none can come any more."""
        while True:
            try:
                return arriving.get(timeout=POLL_SECONDS)
            except Empty:
                self._count_workers()

    def describe(self) -> str:
        """Returns a sentence that says which cluster this is, and how many workers it has."""
        workers, threads = len(self._threads), sum(self._threads.values())
        name = "a Dask cluster on this machine" if self._started else f"the Dask cluster at {self.address}"
        return f"working on {name}: {_count(workers, 'worker')}, {_count(threads, 'thread')}"

    def check_versions(self) -> None:
        """Raises UsageError if a worker lacks zm, or has another version of it or of Python."""
        _, here = find_versions()
        for worker, (version, python) in self._ask_workers(find_versions).items():
            if version != zm_cli.__version__:
                raise self.explain_unfit(worker, version)
            if python != here:
                raise UsageError(f"worker {worker} has Python {python}, here it is {here}", where=self.where)

    def explain_unfit(self, worker: str, version: str | None) -> UsageError:
        """Returns the error of a worker that has this version of zm, or None for none at all."""
        if version is None:
            return UsageError(
                f"zm is not installed for worker {worker}",
                where=self.where,
                hint=f"pip install 'zm-cli[dask]=={zm_cli.__version__}' there",
            )
        return UsageError(
            f"worker {worker} has zm {version}, here it is {zm_cli.__version__}",
            where=self.where,
            hint="install the same version there",
        )

    def check_paths(self, paths: Iterable[str]) -> dict[str, int | None]:
        """Raises UsageError if a worker does not have the same files and folders at these paths as this process.

        Of very many paths, only some are checked, and of a folder some of its files. Returns the sizes of those that
        were, as in `list_sizes`, to be checked by workers that join later.
        """
        sizes = list_sizes(paths)
        # A worker that fails to answer now checks the paths before its first item.
        for worker, unseen in self._ask_workers(find_unseen, sizes).items() if sizes else ():
            for path, what in unseen:
                raise explain_unseen(worker, path, what)
        return sizes

    def _ask_workers(self, function: Callable[..., Any], *arguments: Any) -> Mapping[str, Any]:
        """Returns what a function of `remote` returns on each worker, by their addresses; not those that fail."""
        answers: Mapping[str, Any] = self._ask(self.client.run, by_value(function), *arguments, on_error="ignore")
        return answers

    def explain_loss(self) -> DataError:
        """Returns the error to report when the scheduler went away."""
        hint = "look at its log, start it again, and then this command; zm stats --checkpoint FILE goes on where it was"
        return DataError("the Dask scheduler went away", where=self.where, hint=hint)

    def close(self) -> None:
        """Drops the connection; a cluster that was started for it ends."""
        for key in [key for key, cluster in _connected.items() if cluster is self]:
            del _connected[key]
        self.client.close()
        if self._started is not None:
            self._started.close()


def connect(address: str, workers: int = 0, tell: Tell | None = None) -> Cluster:
    """Returns the connection to the cluster at an address, which is made and checked at the first call.

    LOCAL starts a cluster with so many workers of one thread each. `tell` is called with a sentence when zm waits for
    workers, now or later. Raises UsageError if Dask is not installed, no scheduler answers, or a worker does not fit
    this zm; DataError if no worker comes.
    """
    key = (address, workers)
    if key not in _connected:
        import_quietly()
        cluster = _connect(address, workers, tell or ignore_message)
        try:
            cluster.await_workers()
            cluster.check_versions()
        except BaseException:
            cluster.close()
            raise
        _connected[key] = cluster
    elif tell is not None:
        _connected[key].tell = tell
    return _connected[key]


def _connect(address: str, workers: int, tell: Tell) -> Cluster:
    if address != LOCAL:
        return Cluster(address, reach_scheduler(address, tell), tell=tell)
    started = start_local(workers)
    try:
        return Cluster(LOCAL, make_client(LOCAL, started.scheduler), started, tell)
    except BaseException:
        started.close()
        raise


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + "s" * (number != 1)
