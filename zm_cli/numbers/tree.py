"""The order in which the parts of a source are merged: a tree whose shape follows from the data alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Value = TypeVar("Value")

Levels = Sequence[tuple[Value, int] | None]

FANOUT = 8
"""How many neighbours are merged into one, on each level. A constant, because it decides the last bits."""


class MergeTree(Generic[Value]):
    """Merges values in the order of the data: FANOUT neighbours at a time, then the results likewise, and so on.

    So a worker can merge FANOUT neighbours by itself, or any power of it, and the result has the same bits. Each level
    has one unfinished value: for n values, about log8(n) are held. A tree that starts with the `levels` of another one
    goes on where that one was.
    """

    def __init__(self, merge: Callable[[Value, Value], Value], levels: Levels[Value] = ()) -> None:
        self._merge = merge
        self._levels = list(levels)
        self._is_open = True

    @property
    def levels(self) -> Levels[Value]:
        """The unfinished value on each level, and how many values of the level below are in it; None if there is none.

        Adding to the tree changes the values.
        """
        return tuple(self._levels)

    def add(self, value: Value, leaves: int = 1) -> None:
        """Adds the value of the next leaves; their number is a power of FANOUT, except for the last value.

        Raises ValueError if a value follows one of another number, or if smaller values before it are incomplete.
        """
        level = find_level(leaves)
        if not self._is_open or any(node is not None for node in self._levels[:level]):
            raise ValueError("only complete values can be followed by others")
        self._is_open = leaves == FANOUT**level
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
        """Returns all values merged; None if there were none. Nothing may be added afterwards."""
        total: Value | None = None
        for node in self._levels:
            if node is not None:
                total = node[0] if total is None else self._merge(node[0], total)
        self._levels = [] if total is None else [(total, 1)]
        self._is_open = False
        return total


def find_level(leaves: int) -> int:
    """Returns the highest level whose values stand for at most this many leaves, at least 1."""
    level = 0
    while FANOUT ** (level + 1) <= leaves:
        level += 1
    return level
