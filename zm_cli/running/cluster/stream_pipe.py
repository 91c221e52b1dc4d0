"""A pipe for messages made from two byte streams, which a started program has on every system."""

from __future__ import annotations

from typing import Any, Protocol

_LENGTH = 8
"""Bytes of the number before each message that says how long it is."""


class ReadableStream(Protocol):
    """An unbuffered stream to read."""

    def readinto(self, buffer: Any, /) -> int | None: ...

    def close(self) -> None: ...


class WritableStream(Protocol):
    """An unbuffered stream to write."""

    def write(self, data: Any, /) -> int | None: ...

    def close(self) -> None: ...


class StreamPipe:
    """Sends messages to one stream and receives them from another. Not safe for several threads."""

    def __init__(self, reading: Any, writing: Any) -> None:
        self._reading: ReadableStream = reading
        self._writing: WritableStream = writing

    def send_bytes(self, message: Any, /) -> None:
        """Sends a message; OSError if the other end is closed."""
        view = memoryview(message).cast("B")
        self._write(memoryview(len(view).to_bytes(_LENGTH, "little")))
        self._write(view)

    def _write(self, view: memoryview) -> None:
        while view:
            view = view[self._writing.write(view) or 0 :]

    def recv_bytes(self) -> bytearray:
        """Waits for the next message and returns it; EOFError if the pipe ends before or in a message."""
        return self._read(int.from_bytes(self._read(_LENGTH), "little"))

    def _read(self, size: int) -> bytearray:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            count = self._reading.readinto(view)
            if not count:
                raise EOFError
            view = view[count:]
        return data

    def close(self) -> None:
        """Closes both streams."""
        self._reading.close()
        self._writing.close()
