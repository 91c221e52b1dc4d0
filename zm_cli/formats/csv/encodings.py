"""Text in any encoding: what it is called, how it is recognised, read as UTF-8 and written back."""

from __future__ import annotations

import codecs
from typing import Protocol

from zm_cli.errors import DataError, UsageError

UTF8 = "utf-8"
BOM = b"\xef\xbb\xbf"
"""A byte order mark as UTF-8, which every other one is turned into."""

MARKS = {
    b"\xff\xfe\0\0": "utf-32-le",
    b"\0\0\xfe\xff": "utf-32-be",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
    BOM: UTF8,
}
"""Byte order marks, of which none begins like one after it, and the encodings that they tell."""

LONGEST_MARK = max(map(len, MARKS))

CERTAIN = {"utf-8-sig": UTF8, "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
"""What stands for an encoding that leaves something to the mark, where there is no mark."""

NOT_OF_FILES = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})
"""Codecs between text and bytes that spell host names and Python's literals."""

ONE_SPELLING = ("utf-16", "utf-32")
"""Encodings, by the start of their names, in which the same text is always the same bytes."""

DECODED_BYTES = 1 << 18
"""Bytes that are decoded at once."""

NO_TEXT = "zm.no-text"
"""The error handler that puts a lone surrogate where bytes are no text."""


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int = -1, /) -> bytes: ...


def parse_encoding(text: str) -> str:
    """The codec that an option's text names, as Python calls it; UsageError where there is none for text."""
    try:
        name = codecs.lookup(text.strip()).name
    except (LookupError, ValueError) as error:
        raise UsageError(
            f"'{text}' is no encoding", where="--encoding", hint="try latin-1, cp1252, shift_jis or utf-16"
        ) from error
    if not _is_of_files(name):
        raise UsageError(
            f"'{text}' is no encoding of text files", where="--encoding", hint="try latin-1, cp1252 or shift_jis"
        )
    return name


def _is_of_files(name: str) -> bool:
    try:
        "".encode(name)
    except (LookupError, UnicodeError):
        return False
    return name.replace("_", "-") not in NOT_OF_FILES


def choose_encoding(named: str | None, start: bytes, where: str) -> str:
    """The encoding of a file with these first bytes, `named` by the user or told by its byte order mark.

    Raises DataError where the two do not agree.
    """
    marked = next((encoding for mark, encoding in MARKS.items() if start.startswith(mark)), None)
    if marked is None:
        return UTF8 if named is None else CERTAIN.get(named, named)
    if named is not None and not marked.startswith(named.removesuffix("-sig")):
        raise DataError(f"begins with the byte order mark of {marked}", where=where, hint="leave out --encoding")
    return marked


def advise_encoding(encoding: str) -> str:
    """What to do about bytes that are no text in this encoding."""
    if encoding == UTF8:
        return "if it is Latin-1 or Shift-JIS, say so with --encoding latin-1 or --encoding shift_jis"
    return "the file is damaged, or --encoding is another one"


def encode_text(text: bytes, encoding: str, where: str) -> bytes:
    """UTF-8 in another encoding; DataError for a character that it cannot write."""
    if encoding == UTF8:
        return text
    try:
        return text.decode().encode(encoding)
    except UnicodeEncodeError as error:
        raise DataError(
            f"cannot be written: {encoding} reads '{error.object[error.start]}' and has no way to write it",
            where=where,
            hint="convert the table to UTF-8 first: iconv",
        ) from error


def _put_surrogate(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


codecs.register_error(NO_TEXT, _put_surrogate)


class Decoded:
    """The text of `file`, of which `start` was read already, as UTF-8.

    Bytes that are no text become bytes that are no UTF-8, so that whoever reads on finds them, in their row.
    `respelled` tells that some text so far has other bytes in this encoding than those it was read from.
    """

    def __init__(self, file: Readable, start: bytes, encoding: str) -> None:
        self._file = file
        self._start = start
        self._decoder = codecs.getincrementaldecoder(encoding)(NO_TEXT)
        self._encoder = codecs.getincrementalencoder(encoding)("replace")
        self._one_spelling = encoding.startswith(ONE_SPELLING)
        self._stored = self._written = b""
        self._ended = False
        self.respelled = False

    def read(self, size: int = -1, /) -> bytes:
        """The next text, somewhat more or less than `size` bytes, nothing at its end."""
        while not self._ended:
            stored = self._start or self._file.read(min(size, DECODED_BYTES))
            self._start = b""
            self._ended = not stored
            text = self._decoder.decode(stored, self._ended)
            if not (self._one_spelling or self.respelled):
                self._compare(stored, text)
            if text:
                return text.encode(UTF8, "surrogatepass")
        return b""

    def _compare(self, stored: bytes, text: str) -> None:
        self._stored += stored
        self._written += self._encoder.encode(text, self._ended)
        # A shift from one character set to another may be read with what is before it and written with what follows.
        both = min(len(self._stored), len(self._written))
        self.respelled = self._stored[:both] != self._written[:both] or (
            self._ended and len(self._stored) != len(self._written)
        )
        self._stored, self._written = self._stored[both:], self._written[both:]
