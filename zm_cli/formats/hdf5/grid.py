"""The chunks of a dataset as a grid: which of them a run of samples lies in, and which part of each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple


class Piece(NamedTuple):
    """What of one chunk lies in a run: `inside` the chunk and its `place` in the run, axes as in the file.

    `number` counts the chunks along the last axis first; `corner` is where the chunk begins in the dataset.
    """

    number: int
    corner: tuple[int, ...]
    inside: tuple[slice, ...]
    place: tuple[slice, ...]


class Grid:
    """The grid of a dataset of `shape` in `chunks`, for runs of samples along `axis`; `count` chunks in all."""

    def __init__(self, shape: tuple[int, ...], chunks: tuple[int, ...], axis: int) -> None:
        self.chunks = chunks
        self._shape = shape
        self._axis = axis
        counts = [-(-extent // deep) for extent, deep in zip(shape, chunks, strict=True)]
        self.count = math.prod(counts)
        self._steps = [math.prod(counts[index + 1 :]) for index in range(len(counts))]
        # Of the samples' own axis only runs are ever cut: all of it would be as long as the dataset.
        self._across = [[] if index == axis else self._cut(index, 0, extent) for index, extent in enumerate(shape)]

    def number(self, corner: tuple[int, ...]) -> int:
        """The number of the chunk that begins at `corner`; ValueError where the dataset does not reach."""
        if any(at >= extent for at, extent in zip(corner, self._shape, strict=True)):
            raise ValueError(f"a chunk at {corner} is outside of {self._shape}")
        return sum(at // deep * step for at, deep, step in zip(corner, self.chunks, self._steps, strict=True))

    def is_whole(self, start: int, stop: int) -> bool:
        """Whether the samples from `start` to `stop` are whole chunks, as far as the dataset reaches."""
        deep = self.chunks[self._axis]
        return start % deep == 0 and (stop % deep == 0 or stop == self._shape[self._axis])

    def pieces(self, start: int, stop: int) -> Iterator[Piece]:
        """The chunks that the samples from `start` to `stop` lie in, in the order of their numbers."""
        cuts = list(self._across)
        cuts[self._axis] = self._cut(self._axis, start, stop)
        for parts in product(*cuts):
            numbers, corner, inside, place = zip(*parts, strict=True)
            yield Piece(sum(numbers), corner, inside, place)

    def _cut(self, axis: int, low: int, high: int) -> list[tuple[int, int, slice, slice]]:
        """The chunks of one axis between `low` and `high`: what each adds to the number, and Piece's other fields."""
        deep, step = self.chunks[axis], self._steps[axis]
        cuts = []
        for index in range(low // deep, -(-high // deep)):
            corner = index * deep
            first, last = max(low, corner), min(high, corner + deep)
            cuts.append((index * step, corner, slice(first - corner, last - corner), slice(first - low, last - low)))
        return cuts
