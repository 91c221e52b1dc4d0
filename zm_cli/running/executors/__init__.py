"""The registry of executors: each module of this package that has an `EXECUTOR`, imported only when it is used."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol, TypeVar

from zm_cli.errors import UsageError

Item = TypeVar("Item")
Result = TypeVar("Result")


class Executor(Protocol):
    """Who carries out a task for many items: this thread, threads, processes, other machines.

    The module's name is the executor's name.
    """

    @property
    def name(self) -> str:
        """The name that `Plan.executor` uses."""
        ...

    def map(
        self, task: Callable[[Item], Result], items: Iterable[Item], workers: int, window: int
    ) -> Generator[Result, None, None]:
        """Returns `task(item)` for each item, in the order of the items; nothing happens before the first is asked for.

        At most `window` items, which is at least `workers`, are taken whose results are not out yet. The first error in
        that order, of a task or of the items, is raised after the results before it; what has not started is dropped.
        Once the generator is closed or has raised, no worker is left. Items are not held when their task is done.
        """
        ...


def find_executor(name: str) -> Executor:
    """Returns the executor of that name; UsageError where there is none."""
    if name in _module_names():
        found: Executor | None = getattr(import_module(f"{__name__}.{name}"), "EXECUTOR", None)
        if found is not None:
            return found
    raise UsageError(f"'{name}' is not an executor", hint=f"choose from {', '.join(executor_names())}")


def executor_names() -> list[str]:
    """Returns the names of all executors, sorted; imports all of their modules."""
    return [name for name in _module_names() if hasattr(import_module(f"{__name__}.{name}"), "EXECUTOR")]


def _module_names() -> list[str]:
    return sorted(module.name for module in iter_modules(__path__))
