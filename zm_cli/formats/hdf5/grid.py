"""The grid of a dataset's chunks: which chunks hold a range of samples, and which part of each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple


class Piece(NamedTuple):
    """The part of one chunk that lies in a range of samples.

    `number` counts the chunks in C order; `corner` is the index of the chunk's first element in the dataset. `in_chunk`
    are the slices of the part within the chunk, `in_range` those within an array of the range; one for each axis, in
    the order of the file.
    """

    number: int
    corner: tuple[int, ...]
    in_chunk: tuple[slice, ...]
    in_range: tuple[slice, ...]


class Grid:
    """The grid of a dataset of `shape` with chunks of the shape `chunks`, for samples along `axis`.

    `count` is the number of chunks.
    """

    def __init__(self, shape: tuple[int, ...], chunks: tuple[int, ...], axis: int) -> None:
        self.chunks = chunks
        self._shape = shape
        self._axis = axis
        counts = [-(-extent // chunk_extent) for extent, chunk_extent in zip(shape, chunks, strict=True)]
        self.count = math.prod(counts)
        self._steps = [math.prod(counts[index + 1 :]) for index in range(len(counts))]
        # Along the other axes, the cuts are the same for every range of samples. Along the sample axis there may be too
        # many to keep.
        self._across = [[] if index == axis else self._cut(index, 0, extent) for index, extent in enumerate(shape)]

    def number(self, corner: tuple[int, ...]) -> int:
        """Returns the number of the chunk that begins at `corner`; raises ValueError if that is outside the dataset."""
        if any(index >= extent for index, extent in zip(corner, self._shape, strict=True)):
            raise ValueError(f"a chunk at {corner} is outside of {self._shape}")
        axes = zip(corner, self.chunks, self._steps, strict=True)
        return sum(index // chunk_extent * step for index, chunk_extent, step in axes)

    def is_whole(self, start: int, stop: int) -> bool:
        """Returns whether the samples from `start` to `stop` are whole chunks;
        the last chunk may be cut by the end of the dataset."""
        chunk_extent = self.chunks[self._axis]
        return start % chunk_extent == 0 and (stop % chunk_extent == 0 or stop == self._shape[self._axis])

    def pieces(self, start: int, stop: int) -> Iterator[Piece]:
        """Yields the parts of chunks that hold the samples from `start` to `stop`,
        in the order of the chunk numbers."""
        cuts = list(self._across)
        cuts[self._axis] = self._cut(self._axis, start, stop)
        for parts in product(*cuts):
            numbers, corner, in_chunk, in_range = zip(*parts, strict=True)
            yield Piece(sum(numbers), corner, in_chunk, in_range)

    def _cut(self, axis: int, low: int, high: int) -> list[tuple[int, int, slice, slice]]:
        """Returns the chunks along one axis between `low` and `high`: what each adds to the chunk number, and its
        entries in the other fields of Piece."""
        chunk_extent, step = self.chunks[axis], self._steps[axis]
        cuts = []
        for index in range(low // chunk_extent, -(-high // chunk_extent)):
            corner = index * chunk_extent
            first, last = max(low, corner), min(high, corner + chunk_extent)
            cuts.append((index * step, corner, slice(first - corner, last - corner), slice(first - low, last - low)))
        return cuts
