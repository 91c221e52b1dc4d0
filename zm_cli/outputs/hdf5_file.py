"""The file that HDF5 writes to: keeps the first failure and lets the library end its work in peace after it."""

from __future__ import annotations

import os

from zm_cli.errors import DataError
from zm_cli.outputs.draft import Draft


class Device:
    """A file object for h5py's `fileobj` driver.

    The HDF5 library cannot close a file that it cannot flush, and crashes the process when it tries again at exit; it
    also forgets failures that happen while it empties its chunk cache. Here, a write that fails (a full disk) is kept
    for `check` to raise, and every later write does nothing and succeeds. Raises DataError where the draft, which is
    then discarded, cannot be opened.
    """

    def __init__(self, draft: Draft) -> None:
        self._target = draft.target
        try:
            self._handle = os.open(draft.path, os.O_RDWR)
        except OSError as error:
            draft.discard()
            raise DataError(f"cannot be written: {error.strerror}", where=str(draft.target)) from error
        self._place = 0
        self._size = 0
        self._failure: BaseException | None = None
        self._abandoned = False

    def check(self) -> None:
        """Raises the first failure of a write: DataError that names the output, or the interrupt that came in it."""
        if isinstance(self._failure, OSError):
            raise DataError(
                f"cannot be written: {self._failure.strerror}",
                where=str(self._target),
                hint="nothing is left of it; free some space or name another place",
            )
        if self._failure is not None:
            raise self._failure

    def abandon(self) -> None:
        """From here on nothing is written any more."""
        self._abandoned = True

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = start + offset
        return self._place

    def tell(self) -> int:
        return self._place

    def write(self, data: memoryview) -> int:
        view = memoryview(data)
        try:
            self._write_at(view, self._place)
        except BaseException as error:
            # An interrupt, too, must not pass through the C library. The traceback would keep its buffer alive.
            self._failure = self._failure or error.with_traceback(None)
            self._abandoned = True
        self._place += len(view)
        self._size = max(self._size, self._place)
        return len(view)

    def _write_at(self, view: memoryview, place: int) -> None:
        while view and not self._abandoned:
            done = os.pwrite(self._handle, view, place)
            view, place = view[done:], place + done

    def readinto(self, buffer: memoryview) -> int:
        view = memoryview(buffer)
        filled = 0
        while filled < len(view):
            got = os.preadv(self._handle, [view[filled:]], self._place + filled)
            if got == 0:
                # Past the end, or where an abandoned write would have been.
                view[filled:] = bytes(len(view) - filled)
                break
            filled += got
        self._place += len(view)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        self._size = self._place if size is None else size
        if not self._abandoned:
            try:
                os.ftruncate(self._handle, self._size)
            except OSError as error:
                self._failure = error.with_traceback(None)
                self._abandoned = True
        return self._size

    def flush(self) -> None:
        """Nothing waits here: every write goes to the operating system at once."""

    def copy_head(self, path: str, size: int) -> None:
        """Copies the first `size` bytes of the file at `path` to the front of this one: the user block."""
        with open(path, "rb") as source:
            self.seek(0)
            self.write(memoryview(source.read(size)))
