"""Which files and folders the workers of a cluster are asked for, before they read from them or write to them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice

MAX_CHECKED = 200
"""The most paths that the workers are asked for."""
SOME_ENTRIES, DEEPEST = 10, 5
"""How many entries of a folder are looked at, and how deep, for files that the workers must have, too."""


def list_sizes(paths: Iterable[str]) -> dict[str, int | None]:
    """Returns absolute paths with the bytes of each file, None for a folder; some files of each folder are among them.

    Of very many paths, some from all over the list are returned. Those that are not here are left out: whoever reads
    them says so.
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


def _find_files(folder: str) -> list[str]:
    """Some files of a folder or of a folder in it, which show whether another machine has the same ones."""
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
