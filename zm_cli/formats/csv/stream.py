"""A table as one stream of UTF-8 text: a plain or compressed file or standard input, without a byte order mark."""

from __future__ import annotations

import stat
import sys
from gzip import BadGzipFile
from pathlib import Path
from typing import IO, cast

from zm_cli.errors import DataError, UsageError
from zm_cli.formats.csv.encodings import BOM, LONGEST_MARK, UTF8, Decoded, Readable, advise_encoding, choose_encoding

ZSTD_PIECE = 1 << 14
"""Compressed bytes given to zstandard at once: it returns all they decode to, which may be very much more."""

FOREIGN = {
    b"BZh": ("is compressed with bzip2", "decompress it first: bzip2 -dc FILE | zm ... -"),
    b"\xfd7zXZ\0": ("is compressed with xz", "decompress it first: xz -dc FILE | zm ... -"),
    b"PK\x03\x04": ("is a zip archive or a workbook, no CSV text", "save the table in it as CSV"),
    b"PAR1\x15": ("is a Parquet file, no CSV text", "save the table in it as CSV"),
    b"\x89HDF": ("is an HDF5 file, no CSV text", "open it with --kind hdf5"),
}
"""First bytes of what people mistake for CSV text."""


class _Counted:
    """A file whose bytes are counted as they are read, after `head`, which has been read from it already."""

    def __init__(self, file: IO[bytes], head: bytes) -> None:
        self._file = file
        self._head = head
        self._ended = False
        self.count = 0

    def read(self, size: int = -1, /) -> bytes:
        if self._head:
            stop = len(self._head) if size < 0 else size
            data, self._head = self._head[:stop], self._head[stop:]
        else:
            data = b"" if self._ended else self._file.read(size)
            # At a terminal, one sign of the end is enough.
            self._ended = not data
        self.count += len(data)
        return data

    def readinto(self, buffer: memoryview, /) -> int:
        """Fills the start of `buffer`, as the gzip decoder asks for."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _ZstdReader:
    """Decodes frame after frame; EOFError where the last one is cut off, which the library's own reader lets pass."""

    def __init__(self, file: _Counted) -> None:
        import zstandard

        self._new = zstandard.ZstdDecompressor().decompressobj
        self._file = file
        self._frame = self._new()
        self._inside = False
        self._packed = b""

    def read(self, size: int = -1, /) -> bytes:
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


def name_of(path: str) -> str:
    """How messages call what lies at `path`."""
    return "standard input" if path == "-" else path


class TextStream:
    """What lies at `path` (`-`: standard input), decompressed if its first bytes say so, turned into UTF-8.

    `encoding` is the codec that was named for it, None where its first bytes are to tell. Raises UsageError for a
    folder, DataError where it cannot be opened or is none of the things read here. `consumed` counts bytes as they are
    stored, `compression` is `gzip`, `zstd` or None, `encoding` the codec, `bom` tells of a byte order mark.
    """

    def __init__(self, path: str, encoding: str | None = None) -> None:
        self._corrupt: tuple[type[Exception], ...] = ()
        self._name = name_of(path)
        self._file = self._open(path)
        self._owned = path != "-"
        self.compression: str | None = None
        self._unread = b""
        try:
            head = self._fill(self._file, 6)
            self._raw = _Counted(self._file, head)
            self._text = self._decoder(head)
            start = self.read(max(map(len, FOREIGN)))
            self._refuse_foreign(start)
            self.encoding = choose_encoding(encoding, start[:LONGEST_MARK], self._name)
            self.unread(start)
            self._decoded: Decoded | None = None
            if self.encoding != UTF8:
                self._decoded = Decoded(self._text, self._unread, self.encoding)
                self._text, self._unread = self._decoded, b""
            mark = self.read(len(BOM))
            self.bom = mark == BOM
            if not self.bom:
                self.unread(mark)
        except DataError:
            self.close()
            raise

    def _open(self, path: str) -> IO[bytes]:
        if path == "-":
            # Without a buffer, which would ask a terminal once more after its end.
            return open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)
        try:
            return open(path, "rb", buffering=0)
        except IsADirectoryError as error:
            raise UsageError("is a folder, not a table", where=path) from error
        except FileNotFoundError as error:
            raise UsageError("does not exist", where=path) from error
        except OSError as error:
            raise DataError(f"cannot be read: {error.strerror}", where=path) from error

    def _decoder(self, head: bytes) -> Readable:
        if head.startswith(b"\x1f\x8b"):
            from isal import igzip, isal_zlib

            self.compression = "gzip"
            self._corrupt = (BadGzipFile, cast("type[Exception]", isal_zlib.IsalError))
            reader: Readable = igzip.IGzipFile(fileobj=self._raw)  # type: ignore[no-untyped-call]
            return reader
        # The second form begins a skippable frame, which parallel compressors put first.
        if head.startswith(b"\x28\xb5\x2f\xfd") or (head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5):
            from zstandard import ZstdError

            self.compression = "zstd"
            self._corrupt = (ZstdError,)
            return _ZstdReader(self._raw)
        self._refuse_foreign(head)
        return self._raw

    def _refuse_foreign(self, head: bytes) -> None:
        for magic, (what, hint) in FOREIGN.items():
            if head.startswith(magic):
                raise DataError(what, where=self._name, hint=hint.replace("FILE", self._name))

    @property
    def consumed(self) -> int:
        """Bytes of the file, as they are stored, that were read so far."""
        return self._raw.count

    @property
    def respelled(self) -> bool:
        """Whether some text read so far has other bytes in its encoding than those it was read from."""
        return self._decoded is not None and self._decoded.respelled

    def read(self, size: int) -> bytes:
        """The next `size` bytes of text, fewer only at its end; DataError where the file is damaged."""
        if len(self._unread) >= size:
            data, self._unread = self._unread[:size], self._unread[size:]
            return data
        data, self._unread = self._unread, b""
        return data + self._fill(self._text, size - len(data)) if data else self._fill(self._text, size)

    def unread(self, data: bytes) -> None:
        """Puts bytes back, to be read again first."""
        self._unread = data + self._unread

    def _fill(self, file: Readable, size: int) -> bytes:
        # A pipe and a decompressor give what they have; where a block ends must not depend on that.
        parts: list[bytes] = []
        try:
            while size > 0 and (part := file.read(size)):
                parts.append(part)
                size -= len(part)
        except EOFError as error:
            raise DataError(
                f"the {self.compression} data end too early", where=self._name, hint="the file is cut off: get it again"
            ) from error
        except UnicodeError as error:
            # Codecs that shift between character sets give up on some bytes, and do not say where.
            raise DataError(
                f"is not {self.encoding.upper()} text", where=self._name, hint=advise_encoding(self.encoding)
            ) from error
        except self._corrupt as error:
            raise DataError(
                f"the {self.compression} data are damaged ({error})", where=self._name, hint="get the file again"
            ) from error
        except OSError as error:
            raise DataError(f"cannot be read: {error.strerror or error}", where=self._name) from error
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        if size < 0:
            # More than was asked for: a decompressor that cannot stop in the middle.
            self._unread = data[size:] + self._unread
            data = data[:size]
        return data

    def close(self) -> None:
        """Closes the file; standard input stays open."""
        if self._owned:
            self._file.close()


def is_regular(path: str) -> bool:
    """Whether `path` is a file that can be read again, unlike standard input or a pipe."""
    try:
        return path != "-" and stat.S_ISREG(Path(path).stat().st_mode)
    except OSError:
        return False
