"""A worker process with a pipe of its own: the death of one worker is noticed and does not block the others.

The standard library's pool shares its queues and their locks among all workers: if a worker is killed while it sends a
result, the pool waits forever for the rest.
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
from zm_cli.running.guard import get_noted_input, note_input, write_notes_to
from zm_cli.running.serving import Pipe, serve, unpickle_message
from zm_cli.running.shared_page import SharedPage
from zm_cli.running.signals import LESS_MEMORY, block_signals, end_with_parent, explain_signal
from zm_cli.system import fork


def may_fork() -> bool:
    """Returns whether this process may fork: the system must support it, and no other Python thread may run.

    Formats whose library starts threads declare that they are not `forkable`.
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
    """A worker process, this end of its pipe, and the name of the input it is working on, if known."""

    process: Process
    pipe: Pipe
    input_name: str | None = None
    advice: str = "try again with --workers 1"
    """The hint of the error if it exits by itself."""
    less_memory: str = LESS_MEMORY
    """The hint of the error if it was killed, perhaps because it took too much memory."""
    page: SharedPage | None = None
    """Where it notes the file that it is reading; None if it cannot."""

    def send(self, message: Any, input_name: str | None) -> None:
        """Sends an item as a message; `input_name` is the input it belongs to. DataError if the worker is dead."""
        self.input_name = input_name
        with self._death_explained():
            self.pipe.send_bytes(message)

    def receive(self) -> bytes | bytearray:
        """Returns its answer: whether the task succeeded, and the result or error. DataError if the worker is dead."""
        with self._death_explained():
            return self.pipe.recv_bytes()

    @contextmanager
    def _death_explained(self) -> Iterator[None]:
        """Turns the failure of a call on the pipe into the DataError that says how the worker died."""
        try:
            yield
        except (EOFError, OSError) as error:
            # A pipe that ends in the middle of a message raises a plain OSError.
            raise self._explain_death() from error

    def _explain_death(self) -> DataError:
        self.process.join()
        code = self.process.exitcode or 0
        noted = self.page.read()[0] if self.page else ""
        where = noted or self.input_name or get_noted_input()
        if code < 0:
            return explain_signal(-code, where, self.less_memory)
        return DataError("a worker process ended before its work was done", where=where, hint=self.advice)


def start_workers(count: int, task: Callable[[Any], Any], team: list[WorkerProcess]) -> None:
    """Starts workers for `task` and adds them to `team` one by one, so that none is lost if a start fails."""
    forked = may_fork()
    context: Any = get_context("fork" if forked else "spawn")
    if not forked and hasattr(signal, "pthread_sigmask"):
        # Its start unblocks signals, so it has to run before they are blocked.
        resource_tracker.ensure_running()
    with block_signals():
        for _ in range(count):
            ours, theirs = context.Pipe()
            inherited = (*(worker.pipe for worker in team), ours) if forked else ()
            # Only forked processes share this memory.
            page = SharedPage() if forked else None
            process = context.Process(target=_work, args=(task, theirs, inherited, os.getpid(), page), daemon=True)
            process.start()
            theirs.close()
            team.append(WorkerProcess(process, ours, page=page))


def _work(
    task: Callable[[Any], Any], pipe: Pipe, inherited: Sequence[Pipe], parent: int, page: SharedPage | None
) -> None:
    """Does the task for each item that comes through the pipe, until the parent closes it or ends.

    `inherited` are copies of the parent's ends of pipes: while one is open, no worker sees that the parent has ended.
    """
    for end in inherited:
        end.close()
    end_with_parent(parent)
    if page is not None:
        write_notes_to(page)

    def prepare(message: bytes | bytearray) -> Callable[[], Any]:
        # The file that was noted last belongs to an earlier item.
        note_input("")
        return partial(task, unpickle_message(message))

    serve(pipe, prepare)
