"""Finds the files of a source that may be images, in the order of their paths, without opening them."""

from __future__ import annotations

import os
from array import array
from bisect import bisect_right
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from typing import NamedTuple

from zm_cli.data.block import Skipped
from zm_cli.data.format import OpeningTick, ignore_opening
from zm_cli.data.options import ReadOptions
from zm_cli.errors import DataError
from zm_cli.formats.images.file_patterns import Selection
from zm_cli.formats.images.listing import RECEIPT, locate, read_receipt
from zm_cli.formats.images.names import Names
from zm_cli.formats.images.pictures import make_file_error, say_why
from zm_cli.formats.images.suffixes import is_image_suffix, suffix_of

WITHOUT_SUFFIX = "without a suffix"
"""The kind of files that are not images and have no suffix."""
_TICK = 1 << 12
"""The number of folder entries that are seen between two ticks."""


class LeftOut(NamedTuple):
    """The number of files that are not images, by their kind; of files that patterns leave out;
    and of links that lead back."""

    kinds: Counter[str]
    unwanted: int
    loops: int


class Candidates:
    """The wanted files of a source that may be images, searched as far as was asked for, and what was left out between
    them.

    `names` are their relative paths, in order.
    """

    def __init__(self, path: str, wanted: Selection, *, skip: bool, tick: OpeningTick = ignore_opening) -> None:
        self.names = Names()
        self._wanted = wanted
        self._skip = skip
        self._tick = tick
        self._seen = 0
        # For each file that is not wanted, the number of names before it. For everything else that is left out, the
        # number of wanted and unwanted files before it, which tells what lies before any file.
        self._unwanted = array("q")
        self._left_out: dict[str, array[int]] = defaultdict(lambda: array("q"))
        self._loops = array("q")
        self._folders: deque[tuple[int, Skipped]] = deque()
        self._error: DataError | None = None
        self._paths = self._list_paths(path)

    def find(self, count: int | None = None) -> None:
        """Searches until there are `count` names (None: to the end), or until the search fails.

        The error is raised later, by `count_left_out`, so that errors in earlier files come first.
        """
        while (count is None or len(self.names) < count) and self._find_one():
            pass

    def count_left_out(self, read: int | None = None) -> LeftOut:
        """Returns what was left out before the file that follows the first `read` names; None: everything.

        Raises DataError if the search failed before that file.
        """
        before = None if read is None else bisect_right(self._unwanted, read - 1)
        last = None if read is None or before is None else read + before
        while (last is None or self._files <= last) and self._find_one():
            pass
        if self._error is not None and (last is None or self._files <= last):
            raise self._error
        kinds = Counter({kind: _count_until(marks, last) for kind, marks in self._left_out.items()})
        unwanted = len(self._unwanted) if before is None else before
        return LeftOut(+kinds, unwanted, _count_until(self._loops, last))

    def take_skipped(self, index: int | None = None) -> Iterator[Skipped]:
        """Yields the folders before the name at `index` (None: all) that could not be listed; each only once."""
        last = self._files if index is None else index + bisect_right(self._unwanted, index)
        while self._folders and self._folders[0][0] <= last:
            yield self._folders.popleft()[1]

    @property
    def _files(self) -> int:
        return len(self.names) + len(self._unwanted)

    def _find_one(self) -> bool:
        """Searches for the next file; returns whether there is one."""
        try:
            name = next(self._paths, None)
        except DataError as error:
            self._error = error
            return False
        if name is None:
            return False
        if self._wanted.admits(name):
            self.names.append(name)
        else:
            self._unwanted.append(len(self.names))
        return True

    def _list_paths(self, path: str) -> Iterator[str]:
        """Returns the relative paths of files that may be images, in order; records the others."""
        if self._wanted.files is not None:
            return iter(self._wanted.files)
        return self._walk(path, "", ()) if os.path.isdir(path) else iter((os.path.basename(path),))

    def _walk(self, folder: str, prefix: str, parents: tuple[tuple[int, int], ...]) -> Iterator[str]:
        """Yields the relative paths, with `prefix`, of files in `folder` that may be images; records the others.

        `parents` are the devices and inodes of the folders above it, to detect links that lead back to one.
        """
        try:
            status = os.stat(folder)
            identity = (status.st_dev, status.st_ino)
            if identity in parents:
                self._loops.append(self._files)
                return
            names, kinds = self._list_folder(folder)
        except OSError as error:
            if not self._skip:
                raise make_file_error(folder, error) from error
            self._folders.append((self._files, Skipped(prefix, say_why(error))))
            return
        for name in names:
            if name.startswith("."):
                self._leave_out("hidden")
                continue
            kind = kinds.get(name, "file")
            if kind == "folder":
                yield from self._walk(os.path.join(folder, name), f"{prefix}{name}/", (*parents, identity))
            elif is_image_suffix(name) and kind != "device":
                # Broken links are included: opening one shows why it cannot be read.
                yield prefix + name
            elif not suffix_of(name) and kind == "file":
                yield prefix + name
            elif name != RECEIPT or prefix or read_receipt(folder) is None:
                self._leave_out(suffix_of(name) or WITHOUT_SUFFIX)

    def _list_folder(self, folder: str) -> tuple[list[str], dict[str, str]]:
        """Returns the names in a folder, sorted, and the kinds of those that are not files."""
        names: list[str] = []
        kinds: dict[str, str] = {}
        with os.scandir(folder) as entries:
            for entry in entries:
                names.append(entry.name)
                kind = _find_kind(entry)
                if kind != "file":
                    kinds[entry.name] = kind
                self._seen += 1
                if not self._seen % _TICK:
                    self._tick(self._seen, None)
        names.sort()
        return names, kinds

    def _leave_out(self, kind: str) -> None:
        self._left_out[kind].append(self._files)


def list_files(path: str, options: ReadOptions) -> Iterator[tuple[str, str]]:
    """Yields the files whose headers are read for a source, and the folder's receipt: relative path and path."""
    base = locate(path)
    candidates = Candidates(path, Selection.from_options(options), skip=True)
    candidates.find()
    for name in candidates.names:
        yield name, os.path.join(base, name)
    if os.path.exists(receipt := os.path.join(path, RECEIPT)):
        yield RECEIPT, receipt


def _count_until(marks: array[int], last: int | None) -> int:
    return len(marks) if last is None else bisect_right(marks, last)


def _find_kind(entry: os.DirEntry[str]) -> str:
    """Returns what an entry is, links followed: "folder", "file", "missing", or "device", which must not be opened."""
    try:
        if entry.is_dir():
            return "folder"
        if entry.is_file():
            return "file"
    except OSError:
        return "missing"
    return "device" if os.path.exists(entry.path) else "missing"
