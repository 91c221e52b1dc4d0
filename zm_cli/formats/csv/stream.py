"""Reads a table as one stream of UTF-8 text, from a plain or compressed file or from standard input."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable, Iterable
from gzip import BadGzipFile
from pathlib import Path
from typing import IO, cast

from zm_cli.errors import DataError, UsageError
from zm_cli.formats.csv.compression import GZIP, ZSTD, read_gzip, read_zstd
from zm_cli.formats.csv.encodings import (
    BOM,
    LONGEST_MARK,
    MARKS,
    UTF8,
    DecodedText,
    advise_encoding,
    choose_encoding,
)
from zm_cli.formats.csv.pieces import Origin
from zm_cli.formats.csv.stored import Readable, StoredFile
from zm_cli.formats.shared.foreign import STARTS
from zm_cli.inputs.standard_input import StandardInput, name_input

BEGINNING = 1 << 14
"""Bytes of text that are kept: an error may be explained by how the table begins."""
GATHERING = 0.03
"""Seconds for which `read_arrived` waits for more bytes after the first."""

STATEFUL = frozenset({"iso2022_kr"})
"""Encodings that name a character set once for all text that follows: the output would depend on where pieces begin."""


class TextStream:
    """The text of the file at `path` (`-`: standard input), decompressed if its first bytes say so, as UTF-8.

    `encoding` is the codec that the user named; None finds it by the first bytes. Afterwards the attribute holds the
    codec in use, `compression` is `gzip`, `zstd` or None, and `bom` tells whether there was a byte order mark.
    `beginning` is the start of the text, as far as it was read. While `prompt` is True, `read_piece` returns what has
    arrived. Not safe to use from several threads at once.

    Raises UsageError for a folder or a path that does not exist, DataError for a file that cannot be opened or is not
    CSV text.
    """

    def __init__(self, path: str, encoding: str | None = None) -> None:
        self._corrupt: tuple[type[Exception], ...] = ()
        self._name = name_input(path)
        self._file_name = "FILE" if path == "-" else path
        self._file = self._open(path)
        self._owned = path != "-"
        self._is_regular = is_regular(path)
        self.compression: str | None = None
        self.prompt = False
        self._unread = self.beginning = b""
        try:
            self._stored = StoredFile(self._file)
            self._text: Readable = self._stored
            head = self._read_mark((GZIP, *ZSTD, *STARTS))
            self._stored.unread(head)
            self.beginning = b""
            self._text = self._decompress(head)
            start = self._read_mark((*STARTS, *MARKS))
            self._refuse_foreign(start)
            self.encoding = choose_encoding(encoding, start[:LONGEST_MARK], self._name)
            self.unread(start)
            self._decoded: DecodedText | None = None
            if self.encoding != UTF8:
                self._decoded = DecodedText(self._text, self._unread, self.encoding)
                self._text, self._unread, self.beginning = self._decoded, b"", b""
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

    def _decompress(self, head: bytes) -> Readable:
        if head.startswith(GZIP):
            from isal import isal_zlib

            self.compression = "gzip"
            self._corrupt = (BadGzipFile, cast("type[Exception]", isal_zlib.IsalError))
            return read_gzip(self._stored)
        if head.startswith(ZSTD):
            from zstandard import ZstdError

            self.compression = "zstd"
            self._corrupt = (ZstdError,)
            return read_zstd(self._stored)
        self._refuse_foreign(head)
        return self._stored

    def _refuse_foreign(self, head: bytes) -> None:
        for start, foreign in STARTS.items():
            if head.startswith(start):
                raise DataError(foreign.describe(), where=self._name, hint=foreign.advise(self._file_name))

    @property
    def consumed(self) -> int:
        """The number of bytes read from the file so far, as they are stored."""
        return self._stored.count

    def locate(self, pending: int) -> Origin | None:
        """Returns where the text that was read but not used begins, which has `pending` bytes; None if a file does not
        store the text as it is."""
        if not self._is_regular or self._text is not self._stored:
            return None
        return Origin(self._file_name, self._stored.count - len(self._unread) - pending)

    @property
    def respelled(self) -> bool:
        """Whether some text so far would be encoded to other bytes than it was decoded from."""
        return self._decoded is not None and self._decoded.respelled

    def read(self, size: int) -> bytes:
        """Returns the next `size` bytes of text, fewer only at its end. Raises DataError if the file is damaged."""
        return self._read(size, lambda: True)

    def read_arrived(self, size: int) -> bytes:
        """Waits for the next byte of text and returns what arrives shortly after it, at most `size` bytes.

        Returns no bytes only at the end. Raises DataError if the file is damaged.
        """
        until: float | None = None

        def more() -> bool:
            nonlocal until
            now = time.monotonic()
            until = until or now + GATHERING
            return self._stored.arrivals.wait_at_most(until - now)

        return self._read(size, more)

    def read_piece(self, size: int) -> tuple[bytes, bool]:
        """Returns the next `size` bytes of text, or what has arrived of them if `prompt`, and whether the text ends
        there.

        Raises DataError if the file is damaged, BrokenPipeError if nobody reads the watched output any more.
        """
        text = self.read_arrived(size) if self.prompt else self.read(size)
        return text, not text if self.prompt else len(text) < size

    def follow(self, output: IO[str]) -> None:
        """Makes `read_piece` return what has arrived, and raise BrokenPipeError once nobody reads `output`.

        In a stateful encoding, `read_piece` still waits for pieces of full size.
        """
        self.prompt = self.encoding not in STATEFUL
        self._stored.arrivals.watch(output)

    def _read_mark(self, marks: Iterable[bytes]) -> bytes:
        """Returns the first bytes, no more than are needed to tell whether they are one of the marks."""
        start, longest = b"", max(map(len, marks))
        while any(mark.startswith(start) and mark != start for mark in marks):
            part = self._read(longest - len(start), lambda: False)
            if not part:
                break
            start += part
        return start

    def _read(self, size: int, more: Callable[[], bool]) -> bytes:
        """Returns at most `size` bytes of text, read part by part until `more` returns False."""
        data, self._unread = self._unread[:size], self._unread[size:]
        if data and (len(data) == size or not more()):
            return data
        fresh = self._fill(self._text, size - len(data), more)
        return data + fresh if data else fresh

    def unread(self, data: bytes) -> None:
        """Puts bytes back, so that they are read again first."""
        self._unread = data + self._unread

    def _fill(self, file: Readable, size: int, more: Callable[[], bool]) -> bytes:
        # Pipes and decompressors return parts of any size; the end of a block must not depend on that.
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
            # Codecs that shift between character sets fail on some bytes without calling the error handler.
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
        if len(self.beginning) < BEGINNING:
            self.beginning += data[: BEGINNING - len(self.beginning)]
        if size < 0:
            # Decoders cannot stop anywhere, so they may return more than `size`.
            self._unread = data[size:] + self._unread
            data = data[:size]
        return data

    def close(self) -> None:
        """Closes the file; standard input stays open."""
        if self._owned:
            self._file.close()


def is_regular(path: str) -> bool:
    """Returns whether `path` is a file that can be read more than once, unlike standard input or a pipe."""
    try:
        return path != "-" and stat.S_ISREG(Path(path).stat().st_mode)
    except OSError:
        return False
