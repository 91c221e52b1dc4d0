"""In a worker of a cluster: a child process for each of its threads, which does what is sent to the worker.

So a library that crashes or never returns ends the child and not the worker, and the error is that of one machine.
Workers that Dask watches over may not start processes of `multiprocessing`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading

from zm_cli.errors import DataError
from zm_cli.running.cluster.stream_pipe import StreamPipe
from zm_cli.running.serving import pack
from zm_cli.running.signals import block_signals
from zm_cli.running.worker_process import WorkerProcess

_threads = threading.local()


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


def work(folder: str, task: bytes, item: bytes, input_name: str | None) -> bytes:
    """Returns the answer of a pickled task to a pickled item, as `serve` gives it; the child works in `folder`.

    Where the child dies, the answer is the error that says why, and the next item gets another child.
    """
    try:
        child = _take_child()
    except OSError as error:
        what = f"a process to work on it cannot be started: {error.strerror}"
        hint = "fewer threads for each Dask worker need less"
        return bytes(pack((False, DataError(what, where=input_name, hint=hint))))
    try:
        child.send(pack((folder, task, item)), input_name)
        return bytes(child.receive())
    except DataError as error:
        _threads.child = None
        return bytes(pack((False, error)))


def _take_child() -> WorkerProcess:
    """Returns the child of this thread, a new one where it has none or that has ended meanwhile."""
    child: WorkerProcess | None = getattr(_threads, "child", None)
    if child is None or child.process.exitcode is not None:
        _threads.child = child = _start_child()
    return child


def _start_child() -> WorkerProcess:
    # It finds the modules that this process finds; a core of its own is all that it has.
    found = os.pathsep.join(path or os.getcwd() for path in sys.path)
    environment = {"POLARS_MAX_THREADS": "1", **os.environ, "PYTHONPATH": found}
    with block_signals():
        popen = subprocess.Popen(
            [sys.executable, "-m", "zm_cli.running.cluster.child", f"--of-dask-worker={os.getpid()}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=environment,
        )
    assert popen.stdin is not None
    assert popen.stdout is not None
    return WorkerProcess(
        Child(popen),
        StreamPipe(popen.stdout, popen.stdin),
        advice="try it without --dask",
        less_memory="fewer threads for each Dask worker need less",
    )
