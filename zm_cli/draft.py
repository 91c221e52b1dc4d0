"""Outputs that appear whole or not at all: written to a temporary sibling, renamed when complete."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from zm_cli.errors import DataError, UsageError


def check_folder(target: Path) -> None:
    """Raises UsageError where the folder that `target` is to be written to does not exist."""
    parent = Path(os.path.realpath(target)).parent
    if not parent.is_dir():
        raise UsageError("the folder to write to does not exist", where=str(parent), hint=f"mkdir -p {parent}")


_unfinished: set[Draft] = set()
"""Drafts that are neither committed nor discarded yet."""


def discard_unfinished() -> None:
    """Removes every draft that is still there: an interrupt may come at a moment when nobody holds one yet."""
    for draft in list(_unfinished):
        draft.discard()


class Draft:
    """A temporary sibling of `target` (`path`), which takes its name on `commit` and vanishes on `discard`.

    A regular file at the target is replaced only by `commit`. Raises UsageError where the folder does not exist or the
    target is of another kind, DataError where the file system refuses.
    """

    def __init__(self, target: Path, *, folder: bool = False) -> None:
        # The name behind a symbolic link is what gets replaced, not the link.
        self.target = Path(os.path.realpath(target))
        self._folder = folder
        check_folder(target)
        parent = self.target.parent
        if not folder and self.target.exists() and not self.target.is_file():
            raise UsageError("is there already and is no regular file", where=str(target), hint="name another output")
        self.path = parent / f".{self.target.name}.{os.urandom(4).hex()}.zm-part"
        _unfinished.add(self)
        try:
            if folder:
                self.path.mkdir()
            else:
                self.path.touch(exist_ok=False)
        except OSError as error:
            _unfinished.discard(self)
            raise DataError(f"cannot be written: {error.strerror}", where=str(target)) from error

    def commit(self) -> None:
        """Gives the draft its final name."""
        try:
            if self._folder and self.target.exists():
                old = self.path.with_suffix(".zm-old")
                self.target.rename(old)
                try:
                    self.path.rename(self.target)
                except OSError:
                    old.rename(self.target)
                    raise
                shutil.rmtree(old)
            else:
                self.path.replace(self.target)
        except OSError as error:
            self.discard()
            raise DataError(f"cannot be written: {error.strerror}", where=str(self.target)) from error
        _unfinished.discard(self)

    def discard(self) -> None:
        """Removes the draft; does nothing after `commit`."""
        if self._folder:
            shutil.rmtree(self.path, ignore_errors=True)
        else:
            self.path.unlink(missing_ok=True)
        _unfinished.discard(self)
