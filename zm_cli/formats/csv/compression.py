"""gzip and Zstandard: read frame by frame as the bytes arrive, and written without a time stamp."""

from __future__ import annotations

from collections.abc import Callable
from gzip import BadGzipFile
from typing import Protocol

from zm_cli.formats.csv.stored import Readable

GZIP = b"\x1f\x8b"
ZSTD = (b"\x28\xb5\x2f\xfd", *(bytes((code,)) + b"\x2a\x4d\x18" for code in range(0x50, 0x60)))
"""The first bytes of a frame, and of the skippable frames that parallel compressors put first."""

PACKED_BYTES = 1 << 14
"""Compressed bytes given to a library at once. It returns all that they decode to, which may be far more."""
GZIP_WINDOW = 16 + 15
"""Selects gzip frames in zlib, with the largest window."""
GZIP_LEVEL = 3
"""At ISA-L's levels 1 and 2, the same text does not always give the same bytes (isal 1.9)."""
ZSTD_LEVEL = 1


class Decoder(Protocol):
    """Decodes one frame, as the libraries do."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


class Compressor(Protocol):
    """Compresses one output, as the libraries do."""

    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


class FrameReader:
    """Decodes the frames of `file` one after another, as far as the file has arrived.

    `new_decoder` makes the decoder of one frame. Each frame starts with `start`; with `padded`, zero bytes may stand
    between frames.
    """

    def __init__(
        self, file: Readable, new_decoder: Callable[[], Decoder], *, start: bytes = b"", padded: bool = False
    ) -> None:
        self._file = file
        self._new_decoder = new_decoder
        self._start = start
        self._padding = b"\0" if padded else b""
        self._decoder = new_decoder()
        self._inside = False
        self._packed = b""

    def read(self, size: int = -1, /) -> bytes:
        """Returns the next text, whatever its size; no bytes only at the end.

        Raises EOFError if the last frame is cut off, BadGzipFile for data that are not a frame, and the library's own
        errors.
        """
        while True:
            packed = self._packed or self._file.read(PACKED_BYTES)
            if not packed:
                if self._inside:
                    raise EOFError
                return b""
            if not self._inside:
                packed = packed.lstrip(self._padding)
                if not packed.startswith(self._start) and packed:
                    raise BadGzipFile("data that are not compressed follow")
            self._packed = b""
            text = self._decoder.decompress(packed)
            self._inside = bool(packed) and not self._decoder.eof
            if self._decoder.eof:
                self._packed = self._decoder.unused_data
                self._decoder = self._new_decoder()
            if text:
                return text


def read_gzip(file: Readable) -> FrameReader:
    """Returns a reader of the text of a gzip file."""
    from isal import isal_zlib

    # The library's own file object would wait for all bytes that it was asked for.
    return FrameReader(file, lambda: isal_zlib.decompressobj(GZIP_WINDOW), start=GZIP[:1], padded=True)


def read_zstd(file: Readable) -> FrameReader:
    """Returns a reader of the text of a Zstandard file."""
    import zstandard

    # The library's own reader would accept a frame that is cut off.
    return FrameReader(file, lambda: zstandard.ZstdDecompressor().decompressobj())


def make_compressor(suffix: str) -> Compressor | None:
    """Returns a compressor for an output of this suffix, None for plain text; the same text gives the same bytes."""
    if suffix == ".gz":
        from isal import isal_zlib

        gzip: Compressor = isal_zlib.compressobj(GZIP_LEVEL, isal_zlib.DEFLATED, GZIP_WINDOW)
        return gzip
    if suffix == ".zst":
        import zstandard

        # One frame, because some readers stop after the first.
        return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compressobj()
    return None
