"""A table as one stream of UTF-8 text: a plain or compressed file or standard input, without a byte order mark."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable, Iterable
from gzip import BadGzipFile
from pathlib import Path
from typing import IO, cast

from zm_cli.errors import DataError, UsageError
from zm_cli.formats.csv.encodings import (
    BOM,
    LONGEST_MARK,
    MARKS,
    UTF8,
    Decoded,
    Readable,
    advise_encoding,
    choose_encoding,
)
from zm_cli.formats.csv.stored import GZIP, ZSTD, Stored, read_gzip, read_zstd
from zm_cli.inputs.standard_input import StandardInput, name_input

GATHERING = 0.03
"""Seconds after the first byte of a piece in which more of it may come, where a piece is what has arrived."""

FOREIGN = {
    b"BZh": ("is compressed with bzip2", "decompress it first: bzip2 -dc FILE | zm ... -"),
    b"\xfd7zXZ\0": ("is compressed with xz", "decompress it first: xz -dc FILE | zm ... -"),
    b"PK\x03\x04": ("is a zip archive or a workbook, no CSV text", "save the table in it as CSV"),
    b"PAR1\x15": ("is a Parquet file, no CSV text", "save the table in it as CSV"),
    b"\x89HDF": ("is an HDF5 file, no CSV text", "open it with --kind hdf5"),
}
"""First bytes of what people mistake for CSV text."""

STATEFUL = frozenset({"iso2022_kr"})
"""Encodings that name a character set once for all text after it: where pieces begin shows in the output."""


class TextStream:
    """What lies at `path` (`-`: standard input), decompressed if its first bytes say so, turned into UTF-8.

    `encoding` is the codec that was named for it, None where its first bytes are to tell. Raises UsageError for a
    folder, DataError where it cannot be opened or is none of the things read here. `consumed` counts bytes as they are
    stored, `compression` is `gzip`, `zstd` or None, `encoding` the codec, `bom` tells of a byte order mark. With
    `prompt`, `take` gives what has arrived.
    """

    def __init__(self, path: str, encoding: str | None = None) -> None:
        self._corrupt: tuple[type[Exception], ...] = ()
        self._name = name_input(path)
        self._file = self._open(path)
        self._owned = path != "-"
        self.compression: str | None = None
        self.prompt = False
        self._unread = b""
        try:
            self._raw = Stored(self._file)
            self._text: Readable = self._raw
            head = self._read_mark((GZIP, *ZSTD, *FOREIGN))
            self._raw.unread(head)
            self._text = self._decoder(head)
            start = self._read_mark((*FOREIGN, *MARKS))
            self._refuse_foreign(start)
            self.encoding = choose_encoding(encoding, start[:LONGEST_MARK], self._name)
            self.unread(start)
            self._decoded: Decoded | None = None
            if self.encoding != UTF8:
                self._decoded = Decoded(self._text, self._unread, self.encoding)
                self._text, self._unread = self._decoded, b""
            mark = self._read_mark((BOM,))
            self.bom = mark == BOM
            if not self.bom:
                self.unread(mark)
        except DataError:
            self.close()
            raise

    def _open(self, path: str) -> IO[bytes]:
        if path == "-":
            return StandardInput()
        try:
            return open(path, "rb", buffering=0)
        except IsADirectoryError as error:
            raise UsageError("is a folder, not a table", where=path) from error
        except FileNotFoundError as error:
            raise UsageError("does not exist", where=path) from error
        except OSError as error:
            raise DataError(f"cannot be read: {error.strerror}", where=path) from error

    def _decoder(self, head: bytes) -> Readable:
        if head.startswith(GZIP):
            from isal import isal_zlib

            self.compression = "gzip"
            self._corrupt = (BadGzipFile, cast("type[Exception]", isal_zlib.IsalError))
            return read_gzip(self._raw)
        if head.startswith(ZSTD):
            from zstandard import ZstdError

            self.compression = "zstd"
            self._corrupt = (ZstdError,)
            return read_zstd(self._raw)
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
        return self._read(size, lambda: True)

    def gather(self, size: int) -> bytes:
        """What has arrived of the next `size` bytes of text shortly after its first; nothing only at its end."""
        until: float | None = None

        def more() -> bool:
            nonlocal until
            now = time.monotonic()
            until = until or now + GATHERING
            return self._raw.arrivals.come_within(until - now)

        return self._read(size, more)

    def take(self, size: int) -> tuple[bytes, bool]:
        """The next `size` bytes of text, or with `prompt` what has arrived of them, and whether the text ends there."""
        text = self.gather(size) if self.prompt else self.read(size)
        return text, not text if self.prompt else len(text) < size

    def hurry(self, output: IO[str]) -> None:
        """From here on `take` gives what has arrived; reading raises BrokenPipeError once nobody reads `output`."""
        self.prompt = self.encoding not in STATEFUL
        self._raw.arrivals.watch(output)

    def _read_mark(self, marks: Iterable[bytes]) -> bytes:
        """The first bytes, only as many as it takes to tell whether they are one of the marks."""
        start, longest = b"", max(map(len, marks))
        while any(mark.startswith(start) and mark != start for mark in marks):
            part = self._read(longest - len(start), lambda: False)
            if not part:
                break
            start += part
        return start

    def _read(self, size: int, more: Callable[[], bool]) -> bytes:
        """The next text, at most `size` bytes, a part at a time for as long as there is `more` to wait for."""
        data, self._unread = self._unread[:size], self._unread[size:]
        if data and (len(data) == size or not more()):
            return data
        fresh = self._fill(self._text, size - len(data), more)
        return data + fresh if data else fresh

    def unread(self, data: bytes) -> None:
        """Puts bytes back, to be read again first."""
        self._unread = data + self._unread

    def _fill(self, file: Readable, size: int, more: Callable[[], bool]) -> bytes:
        # A pipe and a decompressor give what they have; where a block ends may not depend on that.
        parts: list[bytes] = []
        try:
            while size > 0 and (part := file.read(size)):
                parts.append(part)
                size -= len(part)
                if not more():
                    break
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
        except BrokenPipeError:
            raise
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
