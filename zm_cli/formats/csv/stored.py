"""The bytes of a table as they are stored in its file, counted as they are read."""

from __future__ import annotations

from typing import IO, Protocol

from zm_cli.formats.csv.arrivals import Arrivals


class Readable(Protocol):
    """Anything that bytes can be read from; a read returns no bytes only at the end."""

    def read(self, size: int = -1, /) -> bytes: ...


class StoredFile:
    """A file that counts the bytes read from it; `arrivals` waits for more of them."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._head = b""
        self._ended = False
        self.arrivals = Arrivals(file.fileno())
        self.count = 0

    def read(self, size: int = -1, /) -> bytes:
        """Waits for the next byte and returns what has arrived, at most `size` bytes; no bytes only at the end."""
        if self._head:
            stop = len(self._head) if size < 0 else size
            data, self._head = self._head[:stop], self._head[stop:]
        else:
            # A terminal would wait for more after its end was typed once.
            data = b"" if self._ended else self._read_file(size)
            self._ended = not data
        self.count += len(data)
        return data

    def _read_file(self, size: int) -> bytes:
        self.arrivals.wait()
        return self._file.read(size)

    def unread(self, data: bytes) -> None:
        """Puts the first bytes back, so that they are read again."""
        self._head = data + self._head
        self.count -= len(data)
