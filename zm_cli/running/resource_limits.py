"""Finds the cores and the memory that this process may use, which may be less than the machine has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

_ESCAPED = {r"\040": " ", r"\011": "\t", r"\012": "\n", r"\134": "\\"}
"""The escapes in /proc/self/mountinfo for characters that separate fields."""


class _Mount(NamedTuple):
    """A mounted tree of control groups: the mount point, the group that it shows, and its controllers.

    `controllers` is empty for version 2, which has one tree for all of them.
    """

    folder: Path
    shown: PurePosixPath
    controllers: frozenset[str]


def count_cores(root: str = "/") -> int:
    """Returns the number of cores that this process may use, at least 1; `root` is the root of the file system.

    A limit of 2.5 cores counts as 3, so that all of it can be used.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    allowed = _find_limits(root)[0]
    return cores if allowed is None else max(1, min(cores, allowed))


def find_memory_limit(root: str = "/") -> int | None:
    """Returns the bytes of memory that the control group of this process may use; None if there is no limit."""
    return _find_limits(root)[1]


@cache
def _find_limits(root: str) -> tuple[int | None, int | None]:
    """Returns the cores and the bytes that the control groups of this process allow, each None for no limit.

    The strictest limit of a group and of those that contain it holds. A value that cannot be parsed is not a limit.
    """
    cores, memory = [], []
    for folder, is_version_2 in _list_groups(Path(root)):
        if is_version_2:
            quota, _, period = _read(folder / "cpu.max").partition(" ")
            limit = _read(folder / "memory.max")
        else:
            quota, period = _read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us")
            limit = _read(folder / "memory.limit_in_bytes")
        if (part := _parse(quota)) and (whole := _parse(period)):
            cores.append(-(-part // whole))
        if nbytes := _parse(limit):
            memory.append(nbytes)
    return min(cores, default=None), min(memory, default=None)


def _list_groups(root: Path) -> Iterator[tuple[Path, bool]]:
    """Yields the folders of the control groups of this process, and whether each is of version 2."""
    mounts = list(_list_mounts(root))
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        wanted = frozenset(filter(None, controllers.split(",")))
        for mount in mounts:
            if mount.controllers & wanted or not (mount.controllers or wanted):
                for folder in _climb(mount, PurePosixPath(path)):
                    yield folder, not wanted


def _climb(mount: _Mount, path: PurePosixPath) -> Iterator[Path]:
    """Yields the folder of the group at `path` in its tree, and those above it as far as the mount shows them."""
    try:
        below = path.relative_to(mount.shown)
    except ValueError:
        # In a container, the path may be the one outside of it, while the mount shows the container's own group.
        below = PurePosixPath()
    if ".." not in below.parts:
        yield from (mount.folder / part for part in (below, *below.parents) if part != PurePosixPath())
    yield mount.folder


def _list_mounts(root: Path) -> Iterator[_Mount]:
    for line in _read(root / "proc/self/mountinfo").splitlines():
        begin, _, end = line.partition(" - ")
        fields, rest = begin.split(), end.split()
        if len(fields) < 5 or len(rest) < 3 or rest[0] not in ("cgroup", "cgroup2"):
            continue
        folder, shown = _unescape(fields[4]), PurePosixPath(_unescape(fields[3]))
        controllers = frozenset(rest[2].split(",")) & {"cpu", "memory"} if rest[0] == "cgroup" else frozenset[str]()
        if controllers or rest[0] == "cgroup2":
            yield _Mount(root / folder.lstrip("/"), shown, controllers)


def _unescape(text: str) -> str:
    for escaped, character in _ESCAPED.items():
        text = text.replace(escaped, character)
    return text


def _read(path: Path) -> str:
    """Returns the text of a small system file; empty if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except (OSError, ValueError):
        return ""


def _parse(text: str) -> int | None:
    """Returns the whole number in a text; None for anything else, such as "max" and -1, which mean no limit."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
