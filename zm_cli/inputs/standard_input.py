"""Standard input, read without a buffer: a buffer would read again after the end of input at a terminal."""

from __future__ import annotations

import io
import select
import sys

READ_BYTES = 1 << 20


def name_input(path: str) -> str:
    """The name of the input at a path, for messages."""
    return "standard input" if path == "-" else path


class StandardInput(io.FileIO):
    """Standard input, which is never closed. Reading waits for data even if another program made it non-blocking."""

    def __init__(self) -> None:
        super().__init__(sys.stdin.fileno(), closefd=False)

    def read(self, size: int | None = READ_BYTES, /) -> bytes:
        """The bytes that have arrived, at most `size`; empty only at the end."""
        # A non-blocking pipe returns None while it is empty. Its flag is left as it is: other programs share it.
        while (data := super().read(size)) is None:
            select.select([self], [], [])
        return data

    def read_to_end(self, most: int) -> bytes:
        """All of it, or its first `most` bytes."""
        parts = []
        while most > 0 and (part := self.read(min(most, READ_BYTES))):
            parts.append(part)
            most -= len(part)
        return b"".join(parts)
