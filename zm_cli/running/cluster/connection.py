"""The connection of this process to a Dask cluster: one for each address, checked when it is made."""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable
from importlib import import_module
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar, cast

import zm_cli
from zm_cli.errors import DataError, UsageError
from zm_cli.running.cluster.address import LOCAL, find_scheduler
from zm_cli.running.cluster.paths import list_sizes
from zm_cli.running.cluster.remote import by_value, find_unseen
from zm_cli.running.guard import forget_unfinished, note_unfinished

Value = TypeVar("Value")

CONNECT_SECONDS = 5.0
"""How long the scheduler may take to answer."""
GRACE_SECONDS = 2.0
"""How much later than Dask zm gives up."""
WAITING_SECONDS = 2.0
"""After so long without workers at the start, it is told that they are waited for."""
WORKER_SECONDS = 60.0
"""How long the cluster may be without workers, at the start and later."""
POLL_SECONDS = 1.0
"""How often it is asked for its workers."""
PAUSE = 0.05
LOCAL_DEATHS = 3
"""How many workers of a local cluster die of an item before that is an error."""
INSTALL = "pip install 'zm-cli[dask]'"
SILENT = logging.CRITICAL + 1

_connected: dict[tuple[str, int], Cluster] = {}


class Cluster:
    """A connection to the cluster at `address`, as the user gave it. Only one thread may use it.

    `client` is Dask's own; `owned` is the cluster that was started for it, None where it was there before, and `folder`
    what that keeps its own files in.
    """

    def __init__(self, address: str, client: Any, owned: Any = None, folder: str | None = None) -> None:
        self.address = address
        self.client = client
        self._owned = owned
        self._folder = folder
        self._threads: dict[str, int] = {}
        self._counted = self._seen = time.monotonic()

    @property
    def where(self) -> str:
        """What to name in errors."""
        return f"--dask {self.address}"

    @property
    def is_connected(self) -> bool:
        """Whether the scheduler is there, as far as is known."""
        return bool(self.client.status == "running")

    def count_threads(self) -> int:
        """Returns how many threads the workers have, at least 1; it is asked for anew every POLL_SECONDS.

        Raises DataError where the scheduler is gone, or there were no workers for WORKER_SECONDS.
        """
        if not self._threads or time.monotonic() - self._counted >= POLL_SECONDS:
            self._count_workers()
        return max(1, sum(self._threads.values()))

    def _count_workers(self) -> None:
        if not self.is_connected:
            raise self.explain_loss()
        try:
            threads = self.client.nthreads()
        except OSError as error:
            raise self.explain_loss() from error
        self._counted = now = time.monotonic()
        if threads:
            self._threads, self._seen = threads, now
        elif now - self._seen >= WORKER_SECONDS:
            raise DataError(
                f"the Dask cluster has had no workers for {WORKER_SECONDS:.0f} s",
                where=self.where,
                hint="start some: dask worker ADDRESS, with the address of the scheduler",
            )

    def await_workers(self, tell: Callable[[str], object]) -> None:
        """Waits for the first worker, and after WAITING_SECONDS tells so; raises as `count_threads`."""
        begin, told = time.monotonic(), False
        while not self._threads:
            self._count_workers()
            if not self._threads and not told and time.monotonic() - begin >= WAITING_SECONDS:
                tell(f"waiting for workers of the Dask cluster at {self.address}")
                told = True
            time.sleep(0 if self._threads else PAUSE)

    def wait_for(self, arriving: SimpleQueue[Value]) -> Value:
        """Returns the next value of a queue; raises as `count_threads` does where none can come any more."""
        while True:
            try:
                return arriving.get(timeout=POLL_SECONDS)
            except Empty:
                self._count_workers()

    def describe(self) -> str:
        """Returns what to tell of the cluster, as a sentence."""
        workers, threads = len(self._threads), sum(self._threads.values())
        name = "a Dask cluster on this machine" if self._owned else f"the Dask cluster at {self.address}"
        return f"working on {name}: {_count(workers, 'worker')}, {_count(threads, 'thread')}"

    def check_versions(self) -> None:
        """Raises UsageError where a worker lacks zm, or has another version of it or of Python."""
        version = zm_cli.__version__
        for worker, found in self.client.get_versions(packages=["zm_cli"])["workers"].items():
            python, its = found["packages"]["python"], found["packages"]["zm_cli"]
            if its != version:
                raise self.explain_unfit(worker, its)
            here = ".".join(map(str, sys.version_info[:2]))
            if python.split(".")[:2] != here.split("."):
                there = ".".join(python.split(".")[:2])
                raise UsageError(f"worker {worker} has Python {there}, here it is {here}", where=self.where)

    def explain_unfit(self, worker: str, version: str | None) -> UsageError:
        """Returns the error to report where a worker has this version of zm, or None: none at all."""
        wanted = zm_cli.__version__
        if version is None:
            return UsageError(
                f"zm is not installed for worker {worker}",
                where=self.where,
                hint=f"pip install 'zm-cli[dask]=={wanted}' there",
            )
        return UsageError(
            f"worker {worker} has zm {version}, here it is {wanted}",
            where=self.where,
            hint="install the same version there",
        )

    def check_paths(self, paths: Iterable[str]) -> None:
        """Raises UsageError where a worker does not have the same files and folders at these paths as this process.

        Of very many paths, some are asked for, and of a folder some of its files.
        """
        sizes = list_sizes(paths)
        if not sizes:
            return
        for worker, unseen in self.client.run(by_value(find_unseen), sizes, on_error="ignore").items():
            for path, what in unseen:
                raise UsageError(
                    f"worker {worker} {what}",
                    where=path,
                    hint="all workers need the same files under the same names",
                )

    def explain_loss(self) -> DataError:
        """Returns the error to report where the scheduler went away."""
        hint = "look at its log, start it again, and then this command"
        return DataError("the Dask scheduler went away", where=self.where, hint=hint)

    def close(self) -> None:
        """Drops the connection; a cluster that was started for it ends."""
        for key in [key for key, cluster in _connected.items() if cluster is self]:
            del _connected[key]
        self.client.close()
        if self._owned is not None:
            self._owned.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            forget_unfinished(self._folder)


def connect(address: str, workers: int = 0, tell: Callable[[str], object] = lambda sentence: None) -> Cluster:
    """Returns the connection to the cluster at an address, which is made and checked when it is first asked for.

    LOCAL starts one with so many workers of one thread each. `tell` is called with a sentence where workers have to be
    waited for. Raises UsageError where Dask is not installed, nobody
    answers, or a worker cannot work for this zm; DataError where no worker comes.
    """
    key = (address, workers)
    if key not in _connected:
        _import_quietly()
        cluster = _start(workers) if address == LOCAL else _reach(address)
        try:
            cluster.await_workers(tell)
            cluster.check_versions()
        except BaseException:
            cluster.close()
            raise
        _connected[key] = cluster
    return _connected[key]


def _import_quietly() -> None:
    """Imports Dask, and keeps its messages from standard error, which is zm's."""
    try:
        import dask
        import distributed
    except ImportError as error:
        raise UsageError("needs dask and distributed", where="--dask", hint=INSTALL) from error
    # Items may carry the text of a table: this turns off the warning about large tasks.
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TiB"})
    for name in (distributed.__name__, "tornado", "asyncio", "bokeh"):
        logging.getLogger(name).setLevel(SILENT)
    for name in logging.root.manager.loggerDict:
        if name.startswith(("distributed.", "tornado.")):
            logging.getLogger(name).setLevel(SILENT)
    warnings.filterwarnings("ignore", module=r"(distributed|dask|tornado)\.")


def _find_class(name: str) -> Any:
    """A class of Dask, without its types, which are incomplete."""
    return getattr(import_module("distributed"), name)


def _reach(address: str) -> Cluster:
    """Connects to a scheduler that is there."""
    return Cluster(address, _make_client(address, find_scheduler(address)))


def _start(workers: int) -> Cluster:
    """Starts a cluster on this machine; it ends with this process, however that ends."""
    dask = import_module("dask")
    folder = tempfile.mkdtemp(prefix="zm-dask-")
    # The process that stands by removes it after the workers have ended.
    note_unfinished(folder)
    with dask.config.set({"temporary-directory": folder}):
        owned = _call_quietly(
            LOCAL,
            lambda: _find_class("LocalCluster")(
                n_workers=workers,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                # The memory is that of the children, which Dask does not see.
                memory_limit=0,
                silence_logs=SILENT,
                scheduler_kwargs={"allowed_failures": LOCAL_DEATHS - 1},
            ),
        )
        try:
            return Cluster(LOCAL, _make_client(LOCAL, owned), owned, folder)
        except BaseException:
            owned.close()
            shutil.rmtree(folder, ignore_errors=True)
            forget_unfinished(folder)
            raise


def _make_client(address: str, scheduler: Any) -> Any:
    """Dask's client of a scheduler, through which results do not go."""
    make = _find_class("Client")
    options = {"timeout": CONNECT_SECONDS, "set_as_default": False, "direct_to_workers": True, "name": "zm"}
    return _call_quietly(address, lambda: _call_in_time(lambda: make(scheduler, **options)))


def _call_in_time(make: Callable[[], Value]) -> Value:
    """Returns what `make` returns or raises; TimeoutError where it does not come to an end soon after CONNECT_SECONDS.

    Dask waits for ever for the first word of a program that listens and says nothing.
    """
    ended: SimpleQueue[tuple[Value | None, BaseException | None]] = SimpleQueue()

    def call() -> None:
        try:
            ended.put((make(), None))
        except BaseException as error:
            ended.put((None, error))

    Thread(target=call, daemon=True).start()
    try:
        made, error = ended.get(timeout=CONNECT_SECONDS + GRACE_SECONDS)
    except Empty:
        raise TimeoutError("what listens there says nothing") from None
    if error is not None:
        raise error
    return cast("Value", made)


def _call_quietly(address: str, make: Callable[[], Value]) -> Value:
    """Returns what `make` returns; UsageError where the cluster cannot be reached or started."""
    try:
        return make()
    except Exception as error:
        # Wrong addresses, other programs at the port, other versions of Dask: each is another error.
        reason = " ".join(str(error).split()) or type(error).__name__
        if address == LOCAL:
            raise UsageError(f"cannot be started: {reason}", where=f"--dask {address}") from error
        raise UsageError(
            f"no Dask scheduler answers ({reason})",
            where=f"--dask {address}",
            hint="is its address right? --dask takes tcp://HOST:8786, a scheduler file, or local",
        ) from error


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + "s" * (number != 1)
