"""The bytes of a table as they are stored: counted as they arrive, decompressed as far as they go."""

from __future__ import annotations

from collections.abc import Callable
from gzip import BadGzipFile
from typing import IO, Protocol

from zm_cli.formats.csv.arrivals import Arrivals

GZIP = b"\x1f\x8b"
ZSTD = (b"\x28\xb5\x2f\xfd", *(bytes((code,)) + b"\x2a\x4d\x18" for code in range(0x50, 0x60)))
"""First bytes of a frame, and of the skippable ones that parallel compressors put first."""

PACKED_PIECE = 1 << 14
"""Compressed bytes given to a library at once: it returns all they decode to, which may be very much more."""
GZIP_WINDOW = 16 + 15
"""Says to zlib: gzip frames, of any window."""


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


class FrameReader:
    """Decodes frame after frame, each with an object that `new` makes, as far as the file has arrived.

    A frame begins with `start`; zero bytes between frames are `padded`, where that is so. Raises EOFError where the
    last frame is cut off, BadGzipFile for what is no frame, and what the library raises.
    """

    def __init__(self, file: Stored, new: Callable[[], Decoder], *, start: bytes = b"", padded: bool = False) -> None:
        self._file = file
        self._new = new
        self._start = start
        self._padding = b"\0" if padded else b""
        self._frame = new()
        self._inside = False
        self._packed = b""

    def read(self, size: int = -1, /) -> bytes:
        """The next text, however much one piece decodes to, nothing at its end."""
        while True:
            packed = self._packed or self._file.read(PACKED_PIECE)
            if not packed:
                if self._inside:
                    raise EOFError
                return b""
            if not self._inside:
                packed = packed.lstrip(self._padding)
                if not packed.startswith(self._start) and packed:
                    raise BadGzipFile("what follows the compressed text is none")
            self._packed = b""
            text = self._frame.decompress(packed)
            self._inside = bool(packed) and not self._frame.eof
            if self._frame.eof:
                self._packed = self._frame.unused_data
                self._frame = self._new()
            if text:
                return text


class Decoder(Protocol):
    """What the libraries offer to decode one frame."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def read_gzip(file: Stored) -> FrameReader:
    """What decodes gzip; the library's own file waits for all that it was asked for."""
    from isal import isal_zlib

    return FrameReader(file, lambda: isal_zlib.decompressobj(GZIP_WINDOW), start=GZIP[:1], padded=True)


def read_zstd(file: Stored) -> FrameReader:
    """What decodes Zstandard; the library's own reader lets a frame pass that is cut off."""
    import zstandard

    return FrameReader(file, lambda: zstandard.ZstdDecompressor().decompressobj())
