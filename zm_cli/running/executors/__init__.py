"""The registry of executors: each module of this package has an `EXECUTOR`, or `connect` if it needs a cluster.

A module is imported only when its executor is used.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol, TypeVar

from zm_cli.errors import UsageError

Item = TypeVar("Item")
Result = TypeVar("Result")


class Executor(Protocol):
    """Carries out a task for many items: in this thread, in several threads, in processes, or on a cluster.

    The module's name is the executor's name.
    """

    @property
    def name(self) -> str:
        """The name that `Plan.executor` uses."""
        ...

    def map(
        self, task: Callable[[Item], Result], items: Iterable[Item], workers: int, window: int
    ) -> Generator[Result, None, None]:
        """Yields `task(item)` for each item, in the order of the items; does nothing until the first is asked for.

        At most `window` items are in flight: taken, and their results not yet yielded. `window` is at least `workers`.
        The first error in the order of the items, of a task or of `items` itself, is raised after all earlier results,
        and items that were not started are dropped. When the generator is closed or has raised, all workers that it
        started have ended. An item is released as soon as its task is done.
        """
        ...


def find_executor(name: str) -> Executor:
    """Returns the executor of that name; UsageError if there is none."""
    if name in _module_names():
        found: Executor | None = getattr(import_module(f"{__name__}.{name}"), "EXECUTOR", None)
        if found is not None:
            return found
    raise UsageError(f"'{name}' is not an executor", hint=f"choose from {', '.join(executor_names())}")


def connect_executor(name: str, address: str, workers: int) -> Executor:
    """Returns the executor of that name for the cluster at an address.

    `workers` is the number of workers if a cluster is started; 0: one for each core. Raises UsageError if the cluster
    cannot be used, DataError if it has no workers.
    """
    connect: Callable[[str, int], Executor] = import_module(f"{__name__}.{name}").connect
    return connect(address, workers)


def executor_names() -> list[str]:
    """Returns the names of all executors of this machine, sorted; imports all modules."""
    return [name for name in _module_names() if hasattr(import_module(f"{__name__}.{name}"), "EXECUTOR")]


def _module_names() -> list[str]:
    return sorted(module.name for module in iter_modules(__path__))
