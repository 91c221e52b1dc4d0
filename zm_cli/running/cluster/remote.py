"""Functions that are sent to the processes of a cluster as code, so that they run where zm cannot be imported.

Each imports what it uses inside its body, and has no default values.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


def by_value(function: Function) -> Function:
    """Returns a copy of the function that Dask sends as code, not by the name of its module."""
    assert isinstance(function, FunctionType)
    made = FunctionType(function.__code__, {"__builtins__": __builtins__}, function.__name__)
    made.__module__, made.__qualname__ = "__main__", function.__name__
    return made  # type: ignore[return-value]


def run_item(version: str, paths: bytes, folder: str, task: bytes, item: bytes, input_name: str | None) -> Any:
    """Returns what `children.work` returns for an item; (host, version) if zm is missing or has another version.

    `paths` are what this worker must see, as `children.work` takes them.
    """
    try:
        import zm_cli

        found = zm_cli.__version__
    except ImportError:
        found = None
    if found != version:
        import socket

        return socket.gethostname(), found
    from zm_cli.running.cluster.children import work

    return work(paths, folder, task, item, input_name)


def find_versions() -> tuple[str | None, str]:
    """Returns the version of zm on this machine, None if it is missing, and that of Python, as "3.11"."""
    import sys

    python = ".".join(map(str, sys.version_info[:2]))
    try:
        import zm_cli
    except ImportError:
        return None, python
    return zm_cli.__version__, python


def read_allowed_failures(dask_scheduler: Any) -> int:
    """Returns how many deaths of workers on one task the scheduler allows; to run on the scheduler."""
    return int(dask_scheduler.allowed_failures)
