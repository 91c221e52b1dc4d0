"""Walks the pages of a TIFF file: where each begins, and the tags that say what its values mean.

Tags and types are those of TIFF 6.0, BigTIFF, and GDAL's private tag for missing values.
"""

from __future__ import annotations

import io
import math
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

Tag = tuple[int, ...] | bytes

SUBFILE_TYPE, OLD_SUBFILE_TYPE = 254, 255
WIDTH, HEIGHT, BITS, PHOTOMETRIC, DESCRIPTION = 256, 257, 258, 262, 270
ORIENTATION, SAMPLES, EXTRA_SAMPLES, SAMPLE_FORMAT, NODATA = 274, 277, 338, 339, 42113
_WANTED = frozenset(
    {SUBFILE_TYPE, OLD_SUBFILE_TYPE, WIDTH, HEIGHT, BITS, PHOTOMETRIC, DESCRIPTION, ORIENTATION, SAMPLES}
    | {EXTRA_SAMPLES, SAMPLE_FORMAT, NODATA}
)
_TEXT = 2
_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
"""The format letters of `struct` for TIFF's integer types."""
_MAX_VALUES = 1024
"""The most values of a tag that are read: no image has so many channels, and the start of a text is enough."""
_MAX_OVERLAP, _ALWAYS_READ = 4, 1 << 20
"""How many times over the bytes of a file may be read while looking for its pages, and a number of bytes that may be
read in any case."""
_ORDERS = {b"II": "<", b"MM": ">"}
_BIG = 43
_REDUCED, _MASK = 1, 4
"""Bits of the tag NewSubfileType: a copy of lower resolution, a transparency mask."""
_OLD_REDUCED = 2
_PLANES = re.compile(r"^images=(\d{1,9})\r?$", re.MULTILINE)
_SHAPE = re.compile(r'"shape": \[(\d{1,9}(?:, \d{1,9}){0,7})\]')
_TRUNCATED = '"truncated": true'


@dataclass(frozen=True, slots=True)
class Page:
    """One page: the `offset` of its list of tags, `following`, the offset of the next page (0: none), and its tags."""

    offset: int
    following: int
    tags: Mapping[int, Tag]

    def numbers(self, tag: int) -> tuple[int, ...]:
        """Returns the integers of a tag; empty if there are none."""
        value = self.tags.get(tag, ())
        return value if isinstance(value, tuple) else ()

    def number(self, tag: int, otherwise: int) -> int:
        """Returns the first integer of a tag, or `otherwise` if it is missing."""
        return next(iter(self.numbers(tag)), otherwise)

    def text(self, tag: int) -> str | None:
        """Returns the text of a tag, up to its first NUL; None if there is none."""
        value = self.tags.get(tag)
        return value.split(b"\0")[0].decode("latin-1").strip() if isinstance(value, bytes) else None

    @property
    def nodata(self) -> float:
        """The number that means no data; nan if nothing does. Raises ValueError if a text is not a number."""
        text = self.text(NODATA)
        if not text:
            return math.nan
        try:
            # Not all 64-bit integers are floats.
            return int(text)
        except ValueError:
            return float(text)

    @property
    def orientation(self) -> int:
        """The orientation of the page, 1 to 8 as in EXIF; 1 is upright."""
        found = self.number(ORIENTATION, 1)
        return found if 1 <= found <= 8 else 1

    @property
    def is_reduced(self) -> bool:
        """Whether it is declared to be a copy of another page at lower resolution:
        a thumbnail, or a level of a pyramid."""
        return bool(self.number(SUBFILE_TYPE, 0) & _REDUCED) or self.number(OLD_SUBFILE_TYPE, 0) == _OLD_REDUCED

    @property
    def is_mask(self) -> bool:
        """Whether it is declared to be the transparency mask of another page."""
        return bool(self.number(SUBFILE_TYPE, 0) & _MASK)

    @property
    def is_secondary(self) -> bool:
        """Whether it is not an image of its own."""
        return self.is_reduced or self.is_mask

    @property
    def planes(self) -> int:
        """The number of consecutive images that ImageJ or tifffile declares to begin here;
        only the first has a page."""
        description = self.text(DESCRIPTION) or ""
        if description.startswith("ImageJ=") and (found := _PLANES.search(description)):
            return int(found[1])
        if description.startswith("{") and _TRUNCATED in description and (found := _SHAPE.search(description)):
            sample = self.number(WIDTH, 1) * self.number(HEIGHT, 1) * self.number(SAMPLES, 1)
            return math.prod(map(int, found[1].split(","))) // max(1, sample)
        return 1


def is_tiff(start: bytes) -> bool:
    """Returns whether a file that begins with these bytes is a TIFF."""
    # Pillow also reads files whose version has the other byte order.
    return start[:2] in _ORDERS and start[2:4] in (b"*\0", b"\0*", b"+\0", b"\0+")


def walk_pages(stream: IO[bytes]) -> Iterator[Page]:
    """Yields the pages of a TIFF, in the order of the file; ends where they begin to repeat.

    Raises ValueError if the next one cannot be read.
    """
    parser = _Parser(stream)
    following = parser.first
    seen: set[int] = set()
    while following and following not in seen:
        seen.add(following)
        page = parser.read(following)
        yield page
        following = page.following


def read_page(stream: IO[bytes], offset: int) -> Page:
    """Returns the page at `offset`. Raises ValueError as `walk_pages` does."""
    return _Parser(stream).read(offset)


def start_at(file: io.FileIO, offset: int) -> IO[bytes]:
    """Returns the TIFF in `file` as a stream whose first page is the one at `offset`.

    So a decoder finds any page directly. The stream does not close the file, but moves its position.
    """
    with io.BufferedReader(Unclosed(file)) as plain:
        parser = _Parser(plain)
    file.seek(0)
    return io.BufferedReader(_StartAt(file, parser.pointer, struct.pack(parser.offset_code, offset)))


class Unclosed(io.RawIOBase):
    """Reads another file, which stays open when this object is closed."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def fileno(self) -> int:
        return self._file.fileno()

    def readinto(self, buffer: Any) -> int:
        return self._file.readinto(buffer) or 0


class _StartAt(Unclosed):
    """A file in which the bytes from `position` on are replaced by others."""

    def __init__(self, file: io.FileIO, position: int, other: bytes) -> None:
        super().__init__(file)
        self._position, self._other = position, other

    def readinto(self, buffer: Any) -> int:
        start = self._file.tell()
        count = super().readinto(buffer)
        first = max(start, self._position)
        stop = min(start + count, self._position + len(self._other))
        if first < stop:
            buffer[first - start : stop - start] = self._other[first - self._position : stop - self._position]
        return count


class _Parser:
    """Reads pages of one file: `first` is the offset of the first page,
    and `pointer` where the file stores that offset."""

    def __init__(self, stream: IO[bytes]) -> None:
        size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        head = stream.read(16)
        if not is_tiff(head):
            raise ValueError("it does not begin as a TIFF")
        is_big = _BIG in head[2:4]
        if len(head) < (16 if is_big else 8):
            raise ValueError("it is truncated")
        order = _ORDERS[head[:2]]
        self._stream = stream
        self._order = order
        self._inline = 8 if is_big else 4
        self._count = struct.Struct(f"{order}Q" if is_big else f"{order}H")
        self._entry = struct.Struct(f"{order}HHQ8s" if is_big else f"{order}HHI4s")
        self.pointer = self._inline
        self.offset_code = f"{order}Q" if is_big else f"{order}I"
        self.first: int = struct.unpack_from(self.offset_code, head, self.pointer)[0]
        self._remaining = _MAX_OVERLAP * size + _ALWAYS_READ
        self._known: dict[tuple[int, int], bytes] = {}

    def read(self, offset: int) -> Page:
        """Returns the page at `offset`. Raises ValueError if it cannot be read."""
        try:
            (count,) = self._count.unpack(self._read(offset, self._count.size))
            # Tags have 16-bit numbers, and each occurs at most once.
            if count > 1 << 16:
                raise ValueError(f"the list of tags of a page claims {count} entries")
            table = self._read(offset + self._count.size, count * self._entry.size + self._inline)
            tags: dict[int, Tag] = {}
            entries = table[: min(count, len(table) // self._entry.size) * self._entry.size]
            for tag, kind, length, value in self._entry.iter_unpack(entries):
                if tag in _WANTED and tag not in tags and (found := self._read_tag(kind, length, value)) is not None:
                    tags[tag] = found
        except (OverflowError, OSError, struct.error) as error:
            raise ValueError("a page begins outside of the file") from error
        end = table[count * self._entry.size :]
        return Page(offset, struct.unpack(self.offset_code, end)[0] if len(end) == self._inline else 0, tags)

    def _read_tag(self, kind: int, length: int, value: bytes) -> Tag | None:
        """Returns the integers or the text of a tag; None for another type, and if they are not in the file."""
        code = "s" if kind == _TEXT else _INTEGERS.get(kind)
        if code is None or not length:
            return None
        layout = f"{self._order}{min(length, _MAX_VALUES)}{code}"
        size = struct.calcsize(layout)
        if size > self._inline:
            begin = struct.unpack(self.offset_code, value)[0]
            # Pages may share a text.
            value = self._known.get((begin, size)) or self._read(begin, size)
            self._known[begin, size] = value
        if len(value) < size:
            return None
        return value[:size] if code == "s" else struct.unpack(layout, value[:size])

    def _read(self, offset: int, size: int) -> bytes:
        self._remaining -= size
        if self._remaining < 0:
            raise ValueError("its pages overlap")
        self._stream.seek(offset)
        return self._stream.read(size)
