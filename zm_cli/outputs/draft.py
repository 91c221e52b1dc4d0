"""Outputs that appear whole or not at all: written to a temporary sibling, renamed when complete."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from pathlib import Path

from zm_cli.errors import DataError, UsageError
from zm_cli.running import guard

EXCHANGE = 2
"""The flag of renameat2(2) that has two names change places."""
HERE = -100
"""The descriptor that stands for the working folder in such calls."""


def check_folder(target: Path) -> None:
    """Raises UsageError where the folder that `target` is to be written to does not exist."""
    parent = Path(os.path.realpath(target)).parent
    if not parent.is_dir():
        raise UsageError("the folder to write to does not exist", where=str(parent), hint=f"mkdir -p {parent}")


class Draft:
    """A temporary sibling of `target` (`path`), which takes its name on `commit` and vanishes on `discard`.

    A regular file at the target is replaced only by `commit`. All drafts of a target have one name, and are locked
    while they are worked on: what a killed run left is removed by the next, what another run works on is refused.
    Raises UsageError where the folder does not exist or the target is of another kind, DataError where the file system
    refuses or another run writes there.
    """

    def __init__(self, target: Path, *, folder: bool = False) -> None:
        # The name behind a symbolic link is what gets replaced, not the link.
        self.target = Path(os.path.realpath(target))
        self._folder = folder
        check_folder(target)
        if not folder and self.target.exists() and not self.target.is_file():
            raise UsageError("is there already and is no regular file", where=str(target), hint="name another output")
        self.path = self.target.with_name(f".{self.target.name}.zm-part")
        self._lock = -1
        guard.note_half_done(str(self.path))
        try:
            while self._lock < 0:
                remove_left_over(self.path)
                self._lock = self._make()
        except BlockingIOError as error:
            guard.forget(str(self.path))
            raise DataError(
                "another run of zm is writing it", where=str(target), hint="wait for it, or name another output"
            ) from error
        except OSError as error:
            guard.forget(str(self.path))
            raise DataError(f"cannot be written: {error.strerror}", where=str(target)) from error

    def _make(self) -> int:
        """The locked descriptor of the new draft; -1 where another run was faster."""
        try:
            if self._folder:
                self.path.mkdir()
            flags = os.O_RDONLY if self._folder else os.O_RDWR | os.O_CREAT | os.O_EXCL
            descriptor = os.open(self.path, flags, 0o666)
        except (FileExistsError, FileNotFoundError):
            return -1
        try:
            _lock(descriptor)
        except BlockingIOError:
            os.close(descriptor)
            raise
        if not _is_at(descriptor, self.path):
            # Between the two calls another run took it for left over.
            os.close(descriptor)
            return -1
        return descriptor

    def commit(self) -> None:
        """Gives the draft its final name."""
        try:
            if self._folder and self.target.exists():
                self._replace_folder()
            else:
                self.path.replace(self.target)
        except OSError as error:
            self.discard()
            raise DataError(f"cannot be written: {error.strerror}", where=str(self.target)) from error
        self._let_go()

    def _let_go(self) -> None:
        guard.forget(str(self.path))
        os.close(self._lock)
        self._lock = -1

    def _replace_folder(self) -> None:
        """Puts the draft in the place of the folder at the target, and removes that."""
        old = os.open(self.target, os.O_RDONLY)
        try:
            # At the draft's name, it must not be taken for one that a killed run left.
            _lock(old)
            if not _exchange(self.path, self.target):
                aside = _aside(self.path)
                self.target.rename(aside)
                self.path.rename(self.target)
                aside.rename(self.path)
            _remove(self.path)
        finally:
            os.close(old)

    def discard(self) -> None:
        """Removes the draft; does nothing after `commit`."""
        if self._lock >= 0:
            _remove(self.path)
            self._let_go()


def remove_left_over(path: Path) -> None:
    """Removes what a killed run left at a draft's name; what it had put aside is put back.

    Raises BlockingIOError where another run works on it, OSError where it cannot be removed.
    """
    aside = _aside(path)
    target = path.with_name(path.stem.removeprefix("."))
    if aside.is_dir():
        if target.exists():
            shutil.rmtree(aside)
        else:
            aside.rename(target)
    if path.is_symlink():
        path.unlink()
    if not path.exists():
        return
    # A pipe of that name would be waited for.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        _lock(descriptor)
        if _is_at(descriptor, path):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    finally:
        os.close(descriptor)


def _aside(path: Path) -> Path:
    """Where the folder that a draft replaces lies for a moment, where names cannot change places at once."""
    return path.with_suffix(".zm-old")


def _remove(path: Path) -> None:
    """Removes a file, or a folder with all that it holds, if it is there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _lock(descriptor: int) -> None:
    """Locks an open file or folder; raises BlockingIOError where another process has done so.

    A file system without locks lets everybody pass.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether an open file or folder is still what lies at `path`."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _exchange(one: Path, other: Path) -> bool:
    """Has two names change places at once; False where the system cannot."""
    if sys.platform != "linux":
        return False
    import ctypes

    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return False
    return not rename(HERE, os.fsencode(one), HERE, os.fsencode(other), EXCHANGE)
