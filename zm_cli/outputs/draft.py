"""Drafts: an output appears complete or not at all, because it is written beside its target and then renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zm_cli.errors import DataError, UsageError
from zm_cli.running.guard import forget_unfinished, note_unfinished, note_written
from zm_cli.system import AT_ONCE, HAS_LOCKS, NO_LINK, READ, WRITE, find_c_function, lock_file

EXCHANGE = 2
"""RENAME_EXCHANGE, the flag of renameat2(2) that swaps two names."""
HERE = -100
"""AT_FDCWD, the descriptor that stands for the working folder in such calls."""


def check_folder(target: Path) -> None:
    """Raises UsageError if the folder of `target` does not exist."""
    parent = Path(os.path.realpath(target)).parent
    if not parent.is_dir():
        raise UsageError("the folder to write to does not exist", where=str(parent), hint=f"mkdir -p {parent}")


class Draft:
    """A temporary file or folder at `path`, beside `target`; `commit` renames it to `target`, `discard` removes it.

    An earlier output at the target is replaced only by `commit`. All drafts of a target have the same name, and a draft
    is locked while it is in use: the next run removes the draft of a killed run, while that of a running one is an
    error. On a system without locks, every draft counts as that of a killed run; Windows itself refuses to remove a
    file that is open. Raises UsageError if the folder does not exist or the target is of another type, DataError if the
    file system fails or another run writes to the target.
    """

    def __init__(self, target: Path, *, folder: bool = False) -> None:
        # A symbolic link is kept: the file that it points to is replaced.
        self.target = Path(os.path.realpath(target))
        self._folder = folder
        check_folder(target)
        if not folder and self.target.exists() and not self.target.is_file():
            raise UsageError("exists and is not a regular file", where=str(target), hint="name another output")
        self.path = self.target.with_name(f".{self.target.name}.zm-part")
        self._in_use = False
        self._lock: int | None = None
        note_unfinished(str(self.path))
        try:
            while not self._in_use:
                remove_left_over(self.path)
                self._in_use = self._make()
        except BlockingIOError as error:
            forget_unfinished(str(self.path))
            raise DataError(
                "another run of zm is writing it", where=str(target), hint="wait for it, or name another output"
            ) from error
        except OSError as error:
            forget_unfinished(str(self.path))
            raise DataError(f"cannot be written: {error.strerror}", where=str(target)) from error

    def _make(self) -> bool:
        """Creates and locks the draft; returns False if another run interfered."""
        try:
            if self._folder:
                self.path.mkdir()
                if not HAS_LOCKS:
                    return True
            flags = READ if self._folder else WRITE | os.O_CREAT | os.O_EXCL
            descriptor = os.open(self.path, flags, 0o666)
        except (FileExistsError, FileNotFoundError):
            return False
        try:
            lock_file(descriptor)
        except BlockingIOError:
            os.close(descriptor)
            raise
        if not _is_at(descriptor, self.path):
            # Before it was locked, another run removed the draft as that of a killed run.
            os.close(descriptor)
            return False
        self._lock = descriptor
        return True

    def commit(self, *, promised: bool = True) -> None:
        """Renames the draft to its target; `promised` says that it is an output, not a checkpoint."""
        if promised:
            note_written()
        try:
            if not HAS_LOCKS:
                # Windows refuses to rename what is open.
                self._unlock()
            if self._folder and self.target.exists():
                self._replace_folder()
            else:
                self.path.replace(self.target)
        except OSError as error:
            self.discard()
            raise DataError(f"cannot be written: {error.strerror}", where=str(self.target)) from error
        self._release()

    def _release(self) -> None:
        forget_unfinished(str(self.path))
        self._unlock()
        self._in_use = False

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _replace_folder(self) -> None:
        """Replaces the folder at the target by the draft, and removes the old folder."""
        old = os.open(self.target, READ) if HAS_LOCKS else None
        try:
            # Lock the old folder: it gets the draft's name, and another run must not remove it meanwhile.
            if old is not None:
                lock_file(old)
            if not _exchange(self.path, self.target):
                aside = _name_aside(self.path)
                self.target.rename(aside)
                self.path.rename(self.target)
                aside.rename(self.path)
            _remove(self.path)
        finally:
            if old is not None:
                os.close(old)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Discards the draft if the body fails; turns OSError into DataError."""
        try:
            yield
        except BaseException as error:
            self.discard()
            if isinstance(error, OSError):
                raise DataError(f"cannot be written: {error.strerror or error}", where=str(self.target)) from error
            raise

    def discard(self) -> None:
        """Removes the draft; does nothing after `commit`."""
        if self._in_use:
            if not HAS_LOCKS:
                self._unlock()
            _remove(self.path)
            self._release()


def remove_left_over(path: Path) -> None:
    """Removes the draft of a killed run at `path`, and restores a folder that it had renamed.

    Raises BlockingIOError if another run uses the draft, OSError if it cannot be removed.
    """
    shutil.rmtree(_name_gone(path), ignore_errors=True)
    aside = _name_aside(path)
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
    if not HAS_LOCKS:
        _remove_found(path)
        return
    # Without AT_ONCE, opening a pipe of that name would wait.
    descriptor = os.open(path, READ | AT_ONCE | NO_LINK)
    try:
        lock_file(descriptor)
        if _is_at(descriptor, path):
            _remove_found(path)
    finally:
        os.close(descriptor)


def _remove_found(path: Path) -> None:
    """Removes a file or a folder with its contents; OSError if that fails."""
    if path.is_dir():
        shutil.rmtree(_take_away(path))
    else:
        path.unlink()


def _take_away(path: Path) -> Path:
    """Renames a folder before it is removed, and returns the new name; the old name if that fails.

    A worker on another machine may still write to the folder, and no longer finds it under its name.
    """
    gone = _name_gone(path)
    try:
        return path.rename(gone)
    except OSError:
        return path


def _name_gone(path: Path) -> Path:
    """Returns the name of the draft of a folder while it is removed."""
    return path.with_suffix(".zm-gone")


def _name_aside(path: Path) -> Path:
    """Returns the temporary name of the folder that a draft replaces, for systems that cannot swap two names."""
    return path.with_suffix(".zm-old")


def _remove(path: Path) -> None:
    """Removes a file or a folder with its contents, if it exists."""
    if path.is_dir():
        shutil.rmtree(_take_away(path), ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _is_at(descriptor: int, path: Path) -> bool:
    """Returns whether an open file or folder is still the one at `path`."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _exchange(one: Path, other: Path) -> bool:
    """Swaps two names in one step; returns False if the system cannot."""
    rename = find_c_function("renameat2")
    return rename is not None and not rename(HERE, os.fsencode(one), HERE, os.fsencode(other), EXCHANGE)
