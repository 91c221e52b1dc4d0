"""The executor that distributes the items among worker processes, which are forked or started anew."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from multiprocessing.connection import wait
from typing import Any, TypeVar

from zm_cli.running.executors import Executor
from zm_cli.running.in_order import AnswersInOrder
from zm_cli.running.serving import pickle_message, unpickle_message
from zm_cli.running.worker_process import WorkerProcess, start_workers

Item = TypeVar("Item")
Result = TypeVar("Result")


class Forks:
    """Does tasks in worker processes, which do not share an interpreter lock."""

    name = "forks"

    def map(
        self, task: Callable[[Item], Result], items: Iterable[Item], workers: int, window: int
    ) -> Generator[Result, None, None]:
        """Yields the results as described in `Executor.map`; `task`, items and results must be picklable.

        Raises DataError as soon as a worker dies. The error names the input that the task's method `name_input(item)`
        returns for the item of that worker; without such a method, the input that was recorded last.
        """
        name_input: Callable[[Item], str] | None = getattr(task, "name_input", None)
        team: list[WorkerProcess] = []
        try:
            start_workers(workers, task, team)
            source = iter(items)
            idle = list(team)
            busy: dict[Any, tuple[int, WorkerProcess]] = {}
            answers = AnswersInOrder()
            taken, more = 0, True
            while more or busy or answers:
                while more and idle and len(busy) + len(answers) < window:
                    try:
                        item = next(source)
                    except StopIteration:
                        more = False
                    except Exception as error:
                        more = False
                        answers.put(taken, (False, error))
                    else:
                        worker = idle.pop()
                        # Errors of pickling are the caller's; only errors of the pipe show that a worker died.
                        worker.send(pickle_message(item), name_input(item) if name_input else None)
                        # Items may be large: release this one before the next one is read.
                        del item
                        busy[worker.pipe] = taken, worker
                        taken += 1
                if answers.has_next():
                    yield answers.take_next()
                    continue
                # With no worker busy, `wait` would never return.
                for ready in wait(list(busy)) if busy else ():
                    index, worker = busy.pop(ready)
                    answers.put(index, unpickle_message(worker.receive()))
                    idle.append(worker)
        finally:
            # Results are no longer needed, and workers have nothing to clean up.
            for worker in team:
                worker.process.kill()
            for worker in team:
                worker.process.join()


EXECUTOR: Executor = Forks()
