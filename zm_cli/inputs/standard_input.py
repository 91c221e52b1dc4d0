"""Standard input, read without a buffer: at a terminal, a buffer would read again after the end of input."""

from __future__ import annotations

import io
import select
import sys

READ_BYTES = 1 << 20


def name_input(path: str) -> str:
    """Returns the name of the input at a path, for messages."""
    return "standard input" if path == "-" else path


class StandardInput(io.FileIO):
    """Standard input; closing this object leaves it open. Reads wait for data even if it is set to non-blocking."""

    def __init__(self) -> None:
        super().__init__(sys.stdin.fileno(), closefd=False)

    def read(self, size: int | None = READ_BYTES, /) -> bytes:
        """Returns the bytes that have arrived, at most `size`; empty only at the end."""
        # A non-blocking pipe returns None while it is empty. Its flag must not change: other programs share it.
        while (data := super().read(size)) is None:
            select.select([self], [], [])
        return data

    def read_to_end(self, most: int) -> bytes:
        """Returns all bytes up to the end, or the first `most`."""
        parts = []
        while most > 0 and (part := self.read(min(most, READ_BYTES))):
            parts.append(part)
            most -= len(part)
        return b"".join(parts)
