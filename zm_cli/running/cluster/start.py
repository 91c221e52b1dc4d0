"""Imports Dask, reaches a scheduler or starts a local cluster, and turns what goes wrong into errors of zm."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from importlib import import_module
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar, cast

from zm_cli.errors import UsageError
from zm_cli.running.cluster.address import LOCAL, find_scheduler
from zm_cli.running.cluster.scratch import ScratchFolder

Value = TypeVar("Value")

CONNECT_SECONDS = 5.0
"""How long the scheduler may take to answer."""
GRACE_SECONDS = 10.0
"""How long zm waits beyond Dask's own timeout: a busy machine may need seconds to start its threads."""
LOCAL_DEATHS = 3
"""How many deaths of workers on one item are an error in a local cluster."""
INSTALL = "pip install 'zm-cli[dask]'"
"""The command that installs Dask for zm."""
SILENT = logging.CRITICAL + 1
"""A level of logging above all messages."""


class StartedCluster:
    """A cluster that runs on this machine until `close`, or until this process ends; `scheduler` is Dask's object."""

    def __init__(self, scheduler: Any, folder: ScratchFolder) -> None:
        self.scheduler = scheduler
        self._folder = folder

    def close(self) -> None:
        """Stops the cluster and removes its temporary folder."""
        self.scheduler.close()
        self._folder.remove()


def import_quietly() -> None:
    """Imports Dask, and keeps its messages off standard error; UsageError if it is not installed."""
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


def reach_scheduler(address: str, tell: Callable[[str], object]) -> Any:
    """Returns a client of the scheduler at an address; UsageError if none answers. `tell` as in `find_scheduler`."""
    return make_client(address, find_scheduler(address, tell=tell))


def start_local(workers: int) -> StartedCluster:
    """Starts a cluster on this machine with so many workers of one thread; UsageError if that fails.

    It ends with this process, however that ends.
    """
    dask = import_module("dask")
    folder = ScratchFolder()
    try:
        with dask.config.set({"temporary-directory": folder.path}):
            scheduler = _explain_failure(
                LOCAL,
                lambda: _find_class("LocalCluster")(
                    n_workers=workers,
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",
                    # The memory is used by the children, which Dask does not see.
                    memory_limit=0,
                    silence_logs=SILENT,
                    scheduler_kwargs={"allowed_failures": LOCAL_DEATHS - 1},
                ),
            )
    except BaseException:
        folder.remove()
        raise
    return StartedCluster(scheduler, folder)


def make_client(address: str, scheduler: Any) -> Any:
    """Makes a Dask client that fetches results directly from the workers; UsageError if the scheduler does not answer.

    `scheduler` is a URL or a Dask cluster object, `address` what the user gave.
    """
    _check_certificates(address, scheduler)
    make = _find_class("Client")
    options = {"timeout": CONNECT_SECONDS, "set_as_default": False, "direct_to_workers": True, "name": "zm"}
    return _explain_failure(address, lambda: _call_in_time(lambda: make(scheduler, **options)))


def _check_certificates(address: str, scheduler: Any) -> None:
    """Raises UsageError if the URL of a scheduler needs certificates and Dask's configuration names none.

    Without them, Dask would leave a client behind which may block later ones when it is collected.
    """
    if not (isinstance(scheduler, str) and scheduler.startswith("tls://")):
        return
    found = _find_class("Security")().get_connection_args("client")
    if found.get("ssl_context") is None:
        raise UsageError(
            "needs certificates for tls",
            where=f"--dask {address}",
            hint="name them in Dask's configuration: distributed.comm.tls",
        )


def _find_class(name: str) -> Any:
    """Returns a class of Dask as Any: its types are incomplete."""
    return getattr(import_module("distributed"), name)


def _call_in_time(make: Callable[[], Value]) -> Value:
    """Returns what `make` returns or raises; TimeoutError if it takes much longer than CONNECT_SECONDS.

    Dask would wait forever for a server that accepts the connection and never answers.
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
        raise TimeoutError("the server there does not answer") from None
    if error is not None:
        raise error
    return cast("Value", made)


def _explain_failure(address: str, make: Callable[[], Value]) -> Value:
    """Returns what `make` returns; UsageError if the cluster cannot be reached or started."""
    try:
        return make()
    except Exception as error:
        # Wrong addresses, other programs at the port, other versions of Dask: each raises another error.
        reason = " ".join(str(error).split()) or type(error).__name__
        if address == LOCAL:
            raise UsageError(f"cannot be started: {reason}", where=f"--dask {address}") from error
        raise UsageError(
            f"no Dask scheduler answers ({reason})",
            where=f"--dask {address}",
            hint="is its address right? --dask takes tcp://HOST:8786, a scheduler file, or local",
        ) from error
