"""Text encodings: parsed from an option, found by a byte order mark, decoded to UTF-8 and encoded again."""

from __future__ import annotations

import codecs

from zm_cli.errors import DataError, UsageError
from zm_cli.formats.csv.stored import Readable

UTF8 = "utf-8"
BOM = b"\xef\xbb\xbf"
"""The byte order mark in UTF-8; decoding turns every other byte order mark into it."""

MARKS = {
    b"\xff\xfe\0\0": "utf-32-le",
    b"\0\0\xfe\xff": "utf-32-be",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
    BOM: UTF8,
}
"""The encoding of each byte order mark. A mark that starts like a shorter one comes before it."""

LONGEST_MARK = max(map(len, MARKS))

WITHOUT_MARK = {"utf-8-sig": UTF8, "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
"""Encodings that expect a byte order mark, and how text without one is read."""

NOT_FOR_FILES = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})
"""Codecs that encode text, but only in host names and Python literals."""

ONE_SPELLING = ("utf-16", "utf-32")
"""How the names of encodings begin in which the same text always has the same bytes."""

DECODED_BYTES = 1 << 18
"""Bytes decoded at once."""

SURROGATE_HANDLER = "zm.surrogate"
"""The name of the error handler that replaces invalid bytes by a lone surrogate."""


def parse_encoding(text: str) -> str:
    """Returns Python's name for the encoding that an option's text names. Raises UsageError for other texts."""
    try:
        name = codecs.lookup(text.strip()).name
    except (LookupError, ValueError) as error:
        raise UsageError(
            f"'{text}' is not an encoding", where="--encoding", hint="try latin-1, cp1252, shift_jis or utf-16"
        ) from error
    if not _is_for_files(name):
        raise UsageError(
            f"'{text}' is not an encoding of text files", where="--encoding", hint="try latin-1, cp1252 or shift_jis"
        )
    return name


def _is_for_files(name: str) -> bool:
    try:
        "".encode(name)
    except (LookupError, UnicodeError):
        return False
    return name.replace("_", "-") not in NOT_FOR_FILES


def choose_encoding(named: str | None, start: bytes, where: str) -> str:
    """Returns the encoding of a file by its first bytes `start`: that of a byte order mark, else `named`, else UTF-8.

    Raises DataError if the mark contradicts `named`.
    """
    marked = next((encoding for mark, encoding in MARKS.items() if start.startswith(mark)), None)
    if marked is None:
        return UTF8 if named is None else WITHOUT_MARK.get(named, named)
    if named is not None and not marked.startswith(named.removesuffix("-sig")):
        raise DataError(f"begins with the byte order mark of {marked}", where=where, hint="leave out --encoding")
    return marked


def advise_encoding(encoding: str) -> str:
    """Returns a hint for bytes that are not text in this encoding."""
    if encoding == UTF8:
        return "if it is Latin-1 or Shift-JIS, say so with --encoding latin-1 or --encoding shift_jis"
    return "the file is damaged, or --encoding is wrong"


def encode_text(text: bytes, encoding: str, where: str) -> bytes:
    """Returns UTF-8 text in another encoding. Raises DataError for a character that cannot be encoded."""
    if encoding == UTF8:
        return text
    try:
        return text.decode().encode(encoding)
    except UnicodeEncodeError as error:
        raise DataError(
            f"cannot be written: {encoding} can decode '{error.object[error.start]}', but not encode it",
            where=where,
            hint="convert the table to UTF-8 first: iconv",
        ) from error


def _replace_by_surrogate(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


codecs.register_error(SURROGATE_HANDLER, _replace_by_surrogate)


class DecodedText:
    """The text of a file as UTF-8. `start` is the part of `file` that was read before.

    Bytes that are not text become bytes that are not UTF-8, so that the parser can name their row. `respelled` is True
    once some text would be encoded to other bytes than it was decoded from.
    """

    def __init__(self, file: Readable, start: bytes, encoding: str) -> None:
        self._file = file
        self._start = start
        self._decoder = codecs.getincrementaldecoder(encoding)(SURROGATE_HANDLER)
        self._encoder = codecs.getincrementalencoder(encoding)("replace")
        self._one_spelling = encoding.startswith(ONE_SPELLING)
        self._stored = self._encoded = b""
        self._ended = False
        self.respelled = False

    def read(self, size: int = -1, /) -> bytes:
        """Returns the next text, slightly more or less than `size` bytes; no bytes only at the end."""
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
        self._encoded += self._encoder.encode(text, self._ended)
        # The decoder may read a shift to another character set together with the text before it, while the encoder
        # writes it with the text after it. So only bytes that both sides have are compared.
        both = min(len(self._stored), len(self._encoded))
        self.respelled = self._stored[:both] != self._encoded[:both] or (
            self._ended and len(self._stored) != len(self._encoded)
        )
        self._stored, self._encoded = self._stored[both:], self._encoded[both:]
