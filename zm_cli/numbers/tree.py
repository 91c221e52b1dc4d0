"""The order in which the parts of a source are merged: a tree whose shape follows from the data alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")

FANOUT = 8
"""How many neighbours are merged into one, on each level. A constant, because it decides the last bits."""


class MergeTree(Generic[Value]):
    """Merges values that come in the order of the data, FANOUT neighbours at a time, their results likewise, and so on.

    So a worker can merge FANOUT, or any power of it, neighbours by itself, and the result has the same bits. There is
    one unfinished value on each level: for n values, about log8(n) of them are held.
    """

    def __init__(self, merge: Callable[[Value, Value], Value]) -> None:
        self._merge = merge
        self._levels: list[tuple[Value, int] | None] = []

    def add(self, value: Value, level: int = 0) -> None:
        """Adds the next value: that of one leaf, or on another level that of the FANOUT**level leaves that follow.

        The last value of all may stand for fewer. Raises ValueError where leaves of a lower level are not complete.
        """
        if any(node is not None for node in self._levels[:level]):
            raise ValueError("a value of a higher level must follow complete ones")
        while True:
            self._levels += [None] * (level + 1 - len(self._levels))
            node = self._levels[level]
            merged, count = (value, 1) if node is None else (self._merge(node[0], value), node[1] + 1)
            if count < FANOUT:
                self._levels[level] = merged, count
                return
            self._levels[level] = None
            value, level = merged, level + 1

    def finish(self) -> Value | None:
        """Returns all values merged, None where there was none; nothing may be added afterwards."""
        total: Value | None = None
        for node in self._levels:
            if node is not None:
                total = node[0] if total is None else self._merge(node[0], total)
        return total


def find_level(leaves: int) -> int:
    """Returns the level on which a value stands for so many leaves; ValueError where it is not a power of FANOUT."""
    level = 0
    while FANOUT**level < leaves:
        level += 1
    if FANOUT**level != leaves:
        raise ValueError(f"{leaves} is not a power of {FANOUT}")
    return level
