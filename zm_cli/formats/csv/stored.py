"""The bytes of a table as they are stored: counted as they arrive, decompressed as far as they go."""

from __future__ import annotations

from typing import IO

from zm_cli.formats.csv.arrivals import Arrivals

GZIP = b"\x1f\x8b"
ZSTD = (b"\x28\xb5\x2f\xfd", *(bytes((code,)) + b"\x2a\x4d\x18" for code in range(0x50, 0x60)))
"""First bytes of a frame, and of the skippable ones that parallel compressors put first."""

ZSTD_PIECE = 1 << 14
"""Compressed bytes given to zstandard at once: it returns all they decode to, which may be very much more."""


class Stored:
    """A file whose bytes are counted as they are read; `arrivals` tells when there are any."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._head = b""
        self._ended = False
        self.arrivals = Arrivals(file.fileno())
        self.count = 0

    def read(self, size: int = -1, /) -> bytes:
        """What has arrived, at most `size` bytes; nothing only at the end. Waits for the first."""
        if self._head:
            stop = len(self._head) if size < 0 else size
            data, self._head = self._head[:stop], self._head[stop:]
        else:
            # At a terminal, one sign of the end is enough.
            data = b"" if self._ended else self._read_file(size)
            self._ended = not data
        self.count += len(data)
        return data

    def _read_file(self, size: int) -> bytes:
        self.arrivals.wait()
        return self._file.read(size)

    def unread(self, data: bytes) -> None:
        """Puts back the first bytes, to be read again."""
        self._head = data + self._head
        self.count -= len(data)

    def readinto(self, buffer: memoryview, /) -> int:
        """Fills the start of `buffer`, as the gzip decoder asks for."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class GzipReader:
    """Decodes what has arrived; the library's own `read` waits for all that it was asked for."""

    def __init__(self, file: Stored) -> None:
        from isal import igzip

        self._read = igzip.IGzipFile(fileobj=file).read1  # type: ignore[no-untyped-call]

    def read(self, size: int = -1, /) -> bytes:
        """The next text, at most `size` bytes, nothing at its end; EOFError where that is cut off."""
        data: bytes = self._read(size)
        return data


class ZstdReader:
    """Decodes frame after frame; EOFError where the last one is cut off, which the library's own reader lets pass."""

    def __init__(self, file: Stored) -> None:
        import zstandard

        self._new = zstandard.ZstdDecompressor().decompressobj
        self._file = file
        self._frame = self._new()
        self._inside = False
        self._packed = b""

    def read(self, size: int = -1, /) -> bytes:
        """The next text, however much one piece decodes to, nothing at its end."""
        while True:
            packed = self._packed or self._file.read(ZSTD_PIECE)
            if not packed:
                if self._inside:
                    raise EOFError
                return b""
            text = self._frame.decompress(packed)
            self._inside = not self._frame.eof
            self._packed = b""
            if self._frame.eof:
                self._packed = self._frame.unused_data
                self._frame = self._new()
            if text:
                return text
