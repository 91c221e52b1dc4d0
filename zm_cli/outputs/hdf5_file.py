"""The file object that the HDF5 library writes an output to: it remembers the first failed write."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from zm_cli.errors import DataError
from zm_cli.outputs.draft import Draft
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS, explain_error
from zm_cli.system import WRITE, read_at, write_at


class OutputFile:
    """A file object for h5py's `fileobj` driver that writes to a draft.

    The HDF5 library cannot close a file that it cannot flush, and crashes the process when it tries again at exit. It
    also loses errors that occur while it empties its chunk cache. So if a write fails (a full disk), this object keeps
    the error for `check` to raise, and all later writes do nothing and succeed. Raises DataError and discards the draft
    if the draft cannot be opened.
    """

    def __init__(self, draft: Draft) -> None:
        self._target = draft.target
        try:
            self._descriptor = os.open(draft.path, WRITE)
        except OSError as error:
            draft.discard()
            raise DataError(f"cannot be written: {error.strerror}", where=str(draft.target)) from error
        self._offset = 0
        self._size = 0
        self._failure: BaseException | None = None
        self._abandoned = False

    @contextmanager
    def library_calls(self, failure: str) -> Iterator[None]:
        """Wraps h5py calls that write to this file.

        Raises DataError if a call fails; `failure` says what could not be done ("cannot be completed"). A failed write
        is raised as in `check`, whether or not the library reported it.
        """
        try:
            yield
        except H5PY_ERRORS as error:
            self.check()
            raise DataError(f"{failure}: {explain_error(error)}", where=str(self._target)) from error
        self.check()

    def check(self) -> None:
        """Raises the first failure of a write: a DataError that names the output, or the interrupt that came then."""
        if isinstance(self._failure, OSError):
            raise DataError(
                f"cannot be written: {self._failure.strerror}",
                where=str(self._target),
                hint="the incomplete output was removed; free some space or name another output",
            )
        if self._failure is not None:
            raise self._failure

    def abandon(self) -> None:
        """Makes all later writes do nothing."""
        self._abandoned = True

    def close(self) -> None:
        """Closes the file; does nothing if it is closed."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Moves to an offset as `io.IOBase.seek` does, and returns the offset from the start of the file."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._offset, os.SEEK_END: self._size}[whence]
        self._offset = start + offset
        return self._offset

    def tell(self) -> int:
        """Returns the current offset."""
        return self._offset

    def write(self, data: memoryview) -> int:
        """Writes `data` at the current offset and returns its length, even if the write failed."""
        view = memoryview(data)
        try:
            self._write_at(view, self._offset)
        except BaseException as error:
            # An interrupt must not pass through the C library either. The traceback would keep the buffer alive.
            self._failure = self._failure or error.with_traceback(None)
            self._abandoned = True
        self._offset += len(view)
        self._size = max(self._size, self._offset)
        return len(view)

    def _write_at(self, view: memoryview, offset: int) -> None:
        while view and not self._abandoned:
            done = write_at(self._descriptor, view, offset)
            view, offset = view[done:], offset + done

    def readinto(self, buffer: memoryview) -> int:
        """Fills `buffer` from the current offset, with zeros past the end of the file, and returns its length."""
        view = memoryview(buffer)
        filled = 0
        while filled < len(view):
            got = read_at(self._descriptor, view[filled:], self._offset + filled)
            if got == 0:
                # This is past the end, or a write was abandoned here.
                view[filled:] = bytes(len(view) - filled)
                break
            filled += got
        self._offset += len(view)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Sets the size of the file, by default to the current offset, and returns it, even if that failed."""
        self._size = self._offset if size is None else size
        if not self._abandoned:
            try:
                os.ftruncate(self._descriptor, self._size)
            except OSError as error:
                self._failure = error.with_traceback(None)
                self._abandoned = True
        return self._size

    def flush(self) -> None:
        """Does nothing: writes are not buffered."""

    def copy_head(self, path: str, size: int) -> None:
        """Copies the first `size` bytes of the file at `path`, its user block, to the start of this file."""
        with open(path, "rb") as source:
            self.seek(0)
            self.write(memoryview(source.read(size)))
