"""A worker process at the end of a pipe of its own, so that one that dies is noticed and does not hold up the others.

The standard library's pool shares its queues and their locks among all workers: where one is killed in the middle of a
result, by a signal to the process group or for want of memory, the pool waits for the rest of it for ever.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, resource_tracker
from typing import Any, Protocol

from zm_cli.errors import DataError
from zm_cli.running.guard import get_noted_input
from zm_cli.running.serving import Pipe, serve, unpack
from zm_cli.running.signals import LESS_MEMORY, block_signals, end_with_parent, explain_signal
from zm_cli.system import fork


def may_fork() -> bool:
    """Returns whether copies of this process are safe: where the system is fit for them, with one thread of Python.

    Formats whose library has threads of its own say of themselves that they are not `forkable`.
    """
    return fork is not None and threading.active_count() == 1


class Process(Protocol):
    """A process that this one has started."""

    @property
    def exitcode(self) -> int | None:
        """Its exit code, the negative number of the signal that ended it, or None while it runs."""
        ...

    def join(self) -> None:
        """Waits for its end."""
        ...

    def kill(self) -> None:
        """Kills it, if it still runs."""
        ...


@dataclass
class WorkerProcess:
    """A worker process, this end of its pipe, and the name of the input that it has in hand, where that is known."""

    process: Process
    pipe: Pipe
    input_name: str | None = None
    advice: str = "try again with --workers 1"
    """What to do where it ends by itself."""
    less_memory: str = LESS_MEMORY
    """What to do where it takes too much memory."""

    def send(self, message: Any, input_name: str | None) -> None:
        """Sends the worker the message of an item, of the input of that name; DataError where the worker is dead."""
        self.input_name = input_name
        with self._death_explained():
            self.pipe.send_bytes(message)

    def receive(self) -> bytes | bytearray:
        """Returns its answer: whether the task went well, and its result or error; DataError where it is dead."""
        with self._death_explained():
            return self.pipe.recv_bytes()

    @contextmanager
    def _death_explained(self) -> Iterator[None]:
        """Raises DataError where a call on the pipe fails because the worker is gone."""
        try:
            yield
        except (EOFError, OSError) as error:
            # A pipe that breaks off in the middle of a message is an OSError of no special kind.
            raise self._explain_death() from error

    def _explain_death(self) -> DataError:
        self.process.join()
        code = self.process.exitcode or 0
        where = self.input_name or get_noted_input()
        if code < 0:
            return explain_signal(-code, where, self.less_memory)
        return DataError("a worker process ended before its work was done", where=where, hint=self.advice)


def start_workers(count: int, task: Callable[[Any], Any], team: list[WorkerProcess]) -> None:
    """Starts workers for `task` and adds them to `team` one by one, so that none is lost where a start fails."""
    forked = may_fork()
    context: Any = get_context("fork" if forked else "spawn")
    if not forked and hasattr(signal, "pthread_sigmask"):
        # It lets signals through again when it starts, so it has to be there before they are blocked.
        resource_tracker.ensure_running()
    with block_signals():
        for _ in range(count):
            ours, theirs = context.Pipe()
            inherited = (*(worker.pipe for worker in team), ours) if forked else ()
            process = context.Process(target=_work, args=(task, theirs, inherited, os.getpid()), daemon=True)
            process.start()
            theirs.close()
            team.append(WorkerProcess(process, ours))


def _work(task: Callable[[Any], Any], pipe: Pipe, inherited: Sequence[Pipe], parent: int) -> None:
    """Does the task for each item that comes through the pipe, until the parent is done or gone.

    `inherited` are copies of the parent's own ends: while a worker holds one, another would never see the parent gone.
    """
    for end in inherited:
        end.close()
    end_with_parent(parent)
    serve(pipe, lambda message: partial(task, unpack(message)))
