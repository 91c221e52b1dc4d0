"""Functions that travel to the workers of a cluster as their code, so that they run where zm cannot be imported.

Each imports what it uses by itself, and has no default values.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


def by_value(function: Function) -> Function:
    """Returns the function in a form that Dask sends as its code, not as the name of its module."""
    assert isinstance(function, FunctionType)
    made = FunctionType(function.__code__, {"__builtins__": __builtins__}, function.__name__)
    made.__module__, made.__qualname__ = "__main__", function.__name__
    return made  # type: ignore[return-value]


def run_item(version: str, folder: str, task: bytes, item: bytes, input_name: str | None) -> Any:
    """Returns the answer of the task to an item, as a message; where zm is missing or another one, (host, version)."""
    try:
        import zm_cli

        found = zm_cli.__version__
    except ImportError:
        found = None
    if found != version:
        import socket

        return socket.gethostname(), found
    from zm_cli.running.cluster.children import work

    return work(folder, task, item, input_name)


def find_unseen(sizes: dict[str, int | None]) -> list[tuple[str, str]]:
    """Returns the paths that are not on this machine as they should be, each with what is wrong, as a clause.

    `sizes` are the bytes of the files; None stands for a folder.
    """
    import os
    import stat

    unseen = []
    for path, size in sizes.items():
        try:
            status = os.stat(path)
        except OSError as error:
            unseen.append((path, f"does not see it ({error.strerror})"))
            continue
        if stat.S_ISDIR(status.st_mode) != (size is None):
            unseen.append((path, "sees something else there"))
        elif size is not None and status.st_size != size:
            unseen.append((path, f"sees {status.st_size} bytes there, not {size}"))
    return unseen
