"""A file from which no more is read at once than was allowed, whatever the file says about its own parts."""

from __future__ import annotations

import io
import os
from typing import Any


class BoundedFile(io.FileIO):
    """A file, open for reading, that refuses reads of more than `most` bytes.

    Libraries take memory for what a file claims to hold; they cannot fill more of it than `most` bytes at once. A
    refused read raises OSError.
    """

    def __init__(self, path: str | os.PathLike[str], most: int) -> None:
        super().__init__(path)
        self.most = most

    def seek(self, position: int, whence: int = os.SEEK_SET, /) -> int:
        """Moves to a position and returns it; OSError for one that no file can have."""
        try:
            return super().seek(position, whence)
        except OverflowError as error:
            raise OSError("a part of it is beyond its end") from error

    def read(self, size: int | None = -1, /) -> bytes:
        """At most `size` bytes, or all that are left."""
        left = max(0, os.fstat(self.fileno()).st_size - self.tell())
        wanted = left if size is None or size < 0 else min(size, left)
        self._check(wanted)
        return super().read(wanted) or b""

    def readinto(self, buffer: Any, /) -> int:
        """Fills the buffer and returns its length in bytes; OSError where the file ends before."""
        view = memoryview(buffer).cast("B")
        self._check(len(view))
        filled = 0
        while filled < len(view):
            count = super().readinto(view[filled:])
            if not count:
                raise OSError("the file ends too early")
            filled += count
        return filled

    def _check(self, wanted: int) -> None:
        if wanted > self.most:
            raise OSError("a part of it is too large")
