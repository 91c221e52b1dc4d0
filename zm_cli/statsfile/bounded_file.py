"""A file that refuses reads above a limit, because a damaged file may claim parts of any size."""

from __future__ import annotations

import io
import os
from typing import Any


class BoundedFile(io.FileIO):
    """A file, open for reading, that refuses reads of more than `most` bytes with an OSError.

    Libraries allocate memory for what a file claims to hold; they cannot fill more than `most` bytes of it at once.
    """

    def __init__(self, path: str | os.PathLike[str], most: int) -> None:
        super().__init__(path)
        self.most = most

    def seek(self, position: int, whence: int = os.SEEK_SET, /) -> int:
        """Moves to a position and returns it; OSError if no file can have it."""
        try:
            return super().seek(position, whence)
        except OverflowError as error:
            raise OSError("a part of it is beyond its end") from error

    def read(self, size: int | None = -1, /) -> bytes:
        """Returns at most `size` bytes, or all that are left."""
        left = max(0, os.fstat(self.fileno()).st_size - self.tell())
        wanted = left if size is None or size < 0 else min(size, left)
        self._check(wanted)
        return super().read(wanted) or b""

    def readinto(self, buffer: Any, /) -> int:
        """Fills the buffer and returns its length in bytes; OSError if the file ends before it is full."""
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
