"""In a Dask worker: a child process for each of its threads, which does the items that are sent to the worker.

So a library that crashes or never returns ends the child and not the worker, and the error is the same as on one
machine. Workers under a nanny of Dask may not start processes of `multiprocessing`.
"""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from zm_cli.errors import DataError, UsageError
from zm_cli.running.cluster.child import PAGE_VARIABLE
from zm_cli.running.cluster.paths import explain_unseen, find_unseen
from zm_cli.running.cluster.stream_pipe import StreamPipe
from zm_cli.running.serving import pickle_message
from zm_cli.running.shared_page import SharedPage, create_page_file
from zm_cli.running.signals import KILLED, block_signals
from zm_cli.running.worker_process import WorkerProcess

LESS_MEMORY = "fewer threads for each Dask worker need less"
"""A hint for too little memory."""

_threads = threading.local()


@dataclass(frozen=True)
class KilledChild:
    """The answer of a worker whose child was killed (SIGKILL): its address, the input, and what to send elsewhere."""

    worker: str
    input_name: str | None
    task: bytes
    item: bytes


class Child:
    """A child process as `WorkerProcess` takes it."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self._popen = popen

    @property
    def exitcode(self) -> int | None:
        """Its exit code, or the negative number of the signal that ended it; None while it runs."""
        return self._popen.poll()

    def join(self) -> None:
        """Waits for its end."""
        self._popen.wait()

    def kill(self) -> None:
        """Kills it."""
        self._popen.kill()


def work(paths: bytes, folder: str, task: bytes, item: bytes, input_name: str | None) -> bytes | KilledChild:
    """Returns the answer of a pickled task to a pickled item, as `serve` sends it; the child works in `folder`.

    `paths` is a pickled pair: a name for the map, and the sizes of the paths that this worker must see, as in
    `list_sizes`. If it does not see them, or the child crashes, the answer is the error, and the next item gets
    another child.
    """
    if (unseen := _find_unseen(paths)) is not None:
        return bytes(pickle_message((False, unseen)))
    try:
        child = _take_child()
    except OSError as error:
        what = f"a process to work on it cannot be started: {error.strerror}"
        return bytes(pickle_message((False, DataError(what, where=input_name, hint=LESS_MEMORY))))
    try:
        child.send(pickle_message((folder, task, item)), input_name)
        return bytes(child.receive())
    except DataError as error:
        _threads.child = None
        if child.process.exitcode == -KILLED:
            return KilledChild(_name_worker(), error.where, task, item)
        return bytes(pickle_message((False, error)))


@lru_cache(maxsize=8)
def _find_unseen(paths: bytes) -> UsageError | None:
    """Returns the error of the first path that this worker does not see; None if it sees all of them.

    A worker checks once for each map: it may have joined after the check at the start of the command.
    """
    _, sizes = pickle.loads(paths)
    for path, what in find_unseen(sizes):
        return explain_unseen(_name_worker(), path, what)
    return None


def _name_worker() -> str:
    """Returns the address of this worker; outside of one, the name of the machine."""
    with suppress(ImportError, ValueError):
        from distributed import get_worker

        return str(get_worker().address)
    return socket.gethostname()


def _take_child() -> WorkerProcess:
    """Returns the child of this thread, a new one if it has none or that has ended."""
    child: WorkerProcess | None = getattr(_threads, "child", None)
    if child is None or child.process.exitcode is not None:
        _threads.child = child = _start_child()
    return child


def _start_child() -> WorkerProcess:
    # It finds the modules that this process finds, and has one core.
    found = os.pathsep.join(path or os.getcwd() for path in sys.path)
    environment = {"POLARS_MAX_THREADS": "1", **os.environ, "PYTHONPATH": found}
    descriptor = create_page_file()
    try:
        if descriptor is not None:
            environment[PAGE_VARIABLE] = str(descriptor)
        with block_signals():
            popen = subprocess.Popen(
                [sys.executable, "-m", "zm_cli.running.cluster.child", f"--of-dask-worker={os.getpid()}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                env=environment,
                pass_fds=() if descriptor is None else (descriptor,),
            )
        page = None if descriptor is None else SharedPage(descriptor)
    finally:
        if descriptor is not None:
            os.close(descriptor)
    assert popen.stdin is not None
    assert popen.stdout is not None
    return WorkerProcess(
        Child(popen),
        StreamPipe(popen.stdout, popen.stdin),
        advice="try it without --dask",
        less_memory=LESS_MEMORY,
        page=page,
    )
