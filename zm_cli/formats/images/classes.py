"""Finding classes: the names of the first-level folders that hold images."""

from __future__ import annotations

from collections.abc import Sequence


def find_classes(paths: Sequence[str]) -> tuple[str, ...]:
    """The names of the first-level folders in relative paths, sorted; empty where all files are at the top."""
    return tuple(sorted({path.split("/", 1)[0] for path in paths if "/" in path}))
