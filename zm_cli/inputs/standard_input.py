"""Standard input, read without a buffer, which would ask a terminal once more after its end."""

from __future__ import annotations

import io
import select
import sys

READ_BYTES = 1 << 20


def name_input(path: str) -> str:
    """What messages call the input at a path."""
    return "standard input" if path == "-" else path


class StandardInput(io.FileIO):
    """Standard input, which stays open; reading waits, even where another program said that nobody should."""

    def __init__(self) -> None:
        super().__init__(sys.stdin.fileno(), closefd=False)

    def read(self, size: int | None = READ_BYTES, /) -> bytes:
        """What has arrived, at most `size` bytes; nothing only at the end."""
        # None is what such a pipe gives when it is empty. The way it is set belongs to the other program.
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
