"""Reads a text attribute of an HDF5 file after its claimed length was checked.

For a text of variable length, the library allocates and fills as much memory as the file claims, up to 4 GB, before it
looks at the text, and it has no function for the length. So the length is found in what it has read of the file.
"""

from __future__ import annotations

import os
import re
from typing import Any

from zm_cli.statsfile.bounded_file import BoundedFile

STRUCTURE_BYTES = 1 << 24
"""The most bytes that the library may read of a file besides texts and numbers."""


class RecordedFile(BoundedFile):
    """A file that remembers what was read from it, up to `STRUCTURE_BYTES`, until `stop` is called."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path, STRUCTURE_BYTES)
        self._parts: dict[int, bytes] | None = {}
        self._left = STRUCTURE_BYTES

    def readinto(self, buffer: Any, /) -> int:
        """Fills the buffer and returns its length in bytes; OSError if that is too much."""
        start = self.tell()
        count = super().readinto(buffer)
        if self._parts is not None:
            self._left -= count
            if self._left < 0:
                raise OSError("its structure is too large")
            self._parts[start] = max(self._parts.get(start, b""), bytes(buffer), key=len)
        return count

    def stop(self) -> list[bytes]:
        """Stops remembering, and returns what was read so far, with parts joined that are adjacent in the file."""
        joined: list[tuple[int, bytes]] = []
        for start, part in sorted((self._parts or {}).items()):
            if joined and start <= joined[-1][0] + len(joined[-1][1]):
                first, before = joined.pop()
                joined.append((first, before[: start - first] + part + before[start - first + len(part) :]))
            else:
                joined.append((start, part))
        self._parts = None
        return [part for _, part in joined]


def read_text(file: Any, name: str, recorded: RecordedFile, most: int) -> bytes:
    """Returns the text attribute `name` of the root of an `h5py.File`, the first thing to be read from `recorded`.

    Raises KeyError if there is no such attribute, ValueError if it is not text or has more than `most` bytes.
    """
    import h5py

    attribute = h5py.h5a.open(file.id, name.encode())
    parts = recorded.stop()
    kind = attribute.get_type()
    if kind.get_class() != h5py.h5t.STRING or attribute.shape != ():
        raise ValueError(f"its {name} is not text")
    lengths = _find_lengths(parts, name.encode()) if kind.is_variable_str() else [kind.get_size()]
    if not lengths or max(lengths) > most:
        raise ValueError(f"its {name} is too large")
    recorded.most = 2 * most
    text = file.attrs[name]
    return text.encode(errors="surrogateescape") if isinstance(text, str) else bytes(text)


def _find_lengths(parts: list[bytes], name: bytes) -> list[int]:
    """Returns the lengths claimed by all texts of variable length in attributes with this name.

    In the file, an attribute is its version (1 to 3), the sizes of its name, type and shape, in version 3 a byte for
    the encoding, then name, type and shape, in version 1 padded to 8 bytes, and then its value. The value of a text
    begins with its length.
    """
    size, spelled = (re.escape(part) for part in ((len(name) + 1).to_bytes(2, "little"), name))
    # Only version 3 has a byte before the name.
    pattern = rb"(?=([\x01-\x03]).%s(..)(..)(?:(?<=\x03.......).)?%s\0)" % (size, spelled)
    lengths = []
    for part in parts:
        for found in re.finditer(pattern, part, re.DOTALL):
            version = found[1][0]
            sizes = [len(name) + 1, *(int.from_bytes(found[group], "little") for group in (2, 3))]
            padded = [(length + 7) // 8 * 8 for length in sizes] if version == 1 else sizes
            start = found.start() + 8 + (version == 3) + sum(padded)
            value = part[start : start + 4]
            lengths.append(int.from_bytes(value, "little") if len(value) == 4 else 1 << 32)
    return lengths
