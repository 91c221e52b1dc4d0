"""Names: a list of file names that takes little memory."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator, Sequence
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

    def extend(self, names: Names, start: int, stop: int) -> None:
        """Adds the names from `start` to `stop` of another list at the end."""
        begin = names._begin(start)
        shift = len(self._text) - begin
        self._text += names._text[begin : names._begin(stop)]
        self._ends.extend(end + shift for end in names._ends[start:stop])

    def cut(self, start: int, stop: int) -> Names:
        """Returns the names from `start` to `stop` as a list of their own."""
        names = Names()
        names.extend(self, start, stop)
        return names

    def __len__(self) -> int:
        return len(self._ends)

    def __iter__(self) -> Iterator[str]:
        start = 0
        for end in self._ends:
            yield os.fsdecode(bytes(self._text[start:end]))
            start = end

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        position = range(len(self))[index]
        return os.fsdecode(bytes(self._text[self._begin(position) : self._ends[position]]))

    def _begin(self, position: int) -> int:
        """Returns where the name at a position begins in the text;
        for the position after the last name, where the text ends."""
        return self._ends[position - 1] if position else 0
