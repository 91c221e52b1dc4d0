"""Worker processes, each at the end of a pipe of its own, so that one that dies is noticed and holds up no other.

The standard library's pool shares its queues and their locks among all workers: where one is killed in the middle of a
result, by a signal to the process group or for want of memory, the pool waits for the rest of it for ever.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from zm_cli.errors import DataError
from zm_cli.running.guard import die_with, explain_death, noted_input, signals_held

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_processes(
    task: Callable[[Item], Result], items: Iterable[Item], *, workers: int, window: int
) -> Generator[Result, None, None]:
    """`task(item)` for each item, in the order of the items, at most `window` of them begun and not yet taken.

    `task`, items and results must pickle. The first error in that order is raised. DataError where a worker dies.
    """
    processes: list[BaseProcess] = []
    try:
        idle = _start(workers, task, processes)
        waiting = enumerate(items)
        busy: dict[Any, int] = {}
        done: dict[int, tuple[bool, Any]] = {}
        wanted, more = 0, True
        while more or busy or done:
            while more and idle and len(busy) + len(done) < window:
                following = next(waiting, None)
                more = following is not None
                if following is not None:
                    pipe = idle.pop()
                    with _deaths_explained(processes):
                        pipe.send(following[1])
                    busy[pipe] = following[0]
            if wanted in done:
                good, result = done.pop(wanted)
                if not good:
                    raise result
                wanted += 1
                yield result
                continue
            for ready in wait(list(busy)):
                assert isinstance(ready, Connection)
                with _deaths_explained(processes):
                    done[busy.pop(ready)] = ready.recv()
                idle.append(ready)
    finally:
        # Nobody waits for a result any more. A worker has nothing that it would have to put in order.
        for process in processes:
            process.kill()
        for process in processes:
            process.join()


@contextmanager
def _deaths_explained(processes: Sequence[BaseProcess]) -> Iterator[None]:
    """Raises DataError where what is done with a pipe fails because the process at its other end is gone."""
    try:
        yield
    except (EOFError, ConnectionError) as error:
        raise _explain_end(processes) from error


def _explain_end(processes: Sequence[BaseProcess]) -> DataError:
    """The error of the first of the processes that has ended; none does by itself while it is waited for."""
    ended = wait([process.sentinel for process in processes])
    code = next(process.exitcode or 0 for process in processes if process.sentinel in ended)
    if code < 0:
        return explain_death(-code, noted_input())
    return DataError("a worker process ended before its work", where=noted_input(), hint="try again with --workers 1")


def _start(count: int, task: Callable[[Any], Any], processes: list[BaseProcess]) -> list[Connection]:
    """Starts workers, which are added to `processes` one by one, and returns the ends of their pipes."""
    forked = may_fork()
    context = get_context("fork") if forked else get_context("spawn")
    pipes: list[Connection] = []
    if not forked:
        # It lets signals through again when it starts, so it has to be there before they are held back.
        resource_tracker.ensure_running()
    with signals_held():
        for _ in range(count):
            ours, theirs = context.Pipe()
            inherited = (*pipes, ours) if forked else ()
            process = context.Process(target=_serve, args=(task, theirs, inherited, os.getpid()), daemon=True)
            process.start()
            theirs.close()
            processes.append(process)
            pipes.append(ours)
    return pipes


def may_fork() -> bool:
    """Whether copies of this process are safe: on Linux, with one thread of Python; else workers load all anew.

    Formats whose library has threads of its own say of themselves that they are not `forkable`.
    """
    return sys.platform == "linux" and threading.active_count() == 1


def _serve(task: Callable[[Any], Any], pipe: Connection, inherited: Sequence[Connection], parent: int) -> None:
    """Answers each item with whether it went well and its result or error, until the parent is done or gone.

    `inherited` are copies of the parent's own ends: while a worker holds one, another would never see the parent gone.
    """
    for end in inherited:
        end.close()
    die_with(parent)
    try:
        while True:
            item = pipe.recv()
            try:
                answer = True, task(item)
            except Exception as error:
                answer = False, error
            pipe.send(answer)
    except (EOFError, ConnectionError):
        return
