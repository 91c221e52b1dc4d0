"""Checks that the workers of a cluster see the same files and folders as this process."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice

from zm_cli.errors import UsageError

MAX_CHECKED = 200
"""The most paths that are checked."""
SOME_ENTRIES, DEEPEST = 10, 5
"""How many entries of a folder are looked at, and how deep, to find files to check."""


def list_sizes(paths: Iterable[str]) -> dict[str, int | None]:
    """Returns absolute paths with the size of each file in bytes, None for a folder, and some files of each folder.

    Of very many paths, MAX_CHECKED at equal distances are returned. Those that do not exist are left out: reading them
    is an error of its own.
    """
    listed = list(dict.fromkeys(map(os.path.abspath, paths)))
    sizes: dict[str, int | None] = {}
    for path in listed[:: -(-len(listed) // MAX_CHECKED) or 1]:
        with suppress(OSError):
            if os.path.isdir(path):
                sizes[path] = None
                sizes |= {file: os.path.getsize(file) for file in _find_files(path)}
            elif os.path.isfile(path):
                sizes[path] = os.path.getsize(path)
    return sizes


def find_unseen(sizes: dict[str, int | None]) -> list[tuple[str, str]]:
    """Returns the paths that are missing or different on this machine, each with a clause that says how.

    `sizes` are the bytes of the files; None stands for a folder. Imports what it uses, because it is sent to workers as
    code.
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


def explain_unseen(worker: str, path: str, what: str) -> UsageError:
    """Returns the error of a worker that does not see a path as it is here; `what` is a clause of `find_unseen`."""
    return UsageError(
        f"worker {worker} {what}", where=path, hint="all workers need the same files under the same names"
    )


def _find_files(folder: str) -> list[str]:
    """Returns some files of a folder or of a folder in it."""
    for _ in range(DEEPEST):
        with os.scandir(folder) as entries:
            first = list(islice(entries, SOME_ENTRIES))
        if files := [entry.path for entry in first if entry.is_file()]:
            return files
        folders = [entry.path for entry in first if entry.is_dir()]
        if not folders:
            break
        folder = folders[0]
    return []
