"""The temporary folder of a local cluster: locked while its process lives, else removed by the next cluster."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress

from zm_cli.running.guard import forget_unfinished, note_unfinished
from zm_cli.system import HAS_LOCKS, NO_LINK, READ, lock_file

PREFIX = "zm-dask-"
"""How the names of all such folders begin."""


class ScratchFolder:
    """A new temporary folder at `path`, which `remove` removes. Those of processes that were killed are removed first.

    The process that watches this one removes the folder, too.
    """

    def __init__(self) -> None:
        remove_stale()
        self._lock: int | None = None
        made = None
        while made is None:
            made = self._make()
        self.path = made
        note_unfinished(self.path)

    def _make(self) -> str | None:
        """Creates and locks a folder, and returns its path; None if another process took it for a stale one."""
        path = tempfile.mkdtemp(prefix=PREFIX)
        if HAS_LOCKS:
            try:
                self._lock = os.open(path, READ)
                lock_file(self._lock)
            except (FileNotFoundError, BlockingIOError):
                self._unlock()
                return None
            if not os.path.exists(path):
                self._unlock()
                return None
        return path

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def remove(self) -> None:
        """Removes the folder with its contents."""
        shutil.rmtree(self.path, ignore_errors=True)
        forget_unfinished(self.path)
        self._unlock()


def remove_stale() -> None:
    """Removes the folders of processes that have ended; does nothing on a system without locks."""
    if not HAS_LOCKS:
        return
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX):
                # Those of other users cannot be opened, those in use are locked.
                with suppress(OSError):
                    _remove_unlocked(entry.path)


def _remove_unlocked(path: str) -> None:
    """Removes a folder; OSError if it cannot be opened, BlockingIOError if it is locked."""
    descriptor = os.open(path, READ | NO_LINK)
    try:
        lock_file(descriptor)
        shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(descriptor)
