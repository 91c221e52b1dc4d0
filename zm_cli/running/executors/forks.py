"""The executor that shares the items among worker processes: copies of this one, or processes started anew."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from multiprocessing.connection import wait
from typing import Any, TypeVar

from zm_cli.running.executors import Executor
from zm_cli.running.serving import pack, unpack
from zm_cli.running.worker_process import WorkerProcess, start_workers

Item = TypeVar("Item")
Result = TypeVar("Result")


class Forks:
    """Does tasks in processes that do not wait for one another's Python."""

    name = "forks"

    def map(
        self, task: Callable[[Item], Result], items: Iterable[Item], workers: int, window: int
    ) -> Generator[Result, None, None]:
        """Returns the results as `Executor.map` says; `task`, items and results must pickle.

        Raises DataError as soon as a worker dies. The error names the input that the method `name_input(item)` of the
        task returns for the worker's item; if the task has no such method, the input that was noted last.
        """
        name_input: Callable[[Item], str] | None = getattr(task, "name_input", None)
        team: list[WorkerProcess] = []
        try:
            start_workers(workers, task, team)
            source = iter(items)
            idle = list(team)
            busy: dict[Any, tuple[int, WorkerProcess]] = {}
            done: dict[int, tuple[bool, Any]] = {}
            taken, given, more = 0, 0, True
            while more or busy or done:
                while more and idle and len(busy) + len(done) < window:
                    try:
                        item = next(source)
                    except StopIteration:
                        more = False
                    except Exception as error:
                        more, done[taken] = False, (False, error)
                    else:
                        worker = idle.pop()
                        # Errors of pickling are the caller's: only those of the pipe are signs of a death.
                        worker.send(pack(item), name_input(item) if name_input else None)
                        # Items may be large: none is held while the next one is read.
                        del item
                        busy[worker.pipe] = taken, worker
                        taken += 1
                if given in done:
                    good, result = done.pop(given)
                    if not good:
                        raise result
                    given += 1
                    yield result
                    del result
                    continue
                # With no worker busy, `wait` would never return.
                for ready in wait(list(busy)) if busy else ():
                    index, worker = busy.pop(ready)
                    done[index] = unpack(worker.receive())
                    idle.append(worker)
        finally:
            # No result is needed any more, and workers have nothing to clean up.
            for worker in team:
                worker.process.kill()
            for worker in team:
                worker.process.join()


EXECUTOR: Executor = Forks()
