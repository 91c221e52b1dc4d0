"""Cuts a block into pieces that are small enough for a float64 copy in a core's cache."""

from __future__ import annotations

from collections.abc import Iterator

from zm_cli.data.block import Values
from zm_cli.numbers.pieces import PIECE

Piece = tuple[slice, ...]
"""The index of a piece: slices of the first axis, or of the first two."""


def cut_samples(values: Values) -> Iterator[list[Piece]]:
    """Yields a piece of several samples at a time, or all pieces of one larger sample, cut along its first axis."""
    size = values[:1].size
    if size <= PIECE or values.ndim < 2:
        step = max(1, PIECE // max(1, size))
        for start in range(0, len(values), step):
            yield [(slice(start, start + step),)]
        return
    length = values.shape[1]
    step = max(1, PIECE * length // size)
    for index in range(len(values)):
        sample = slice(index, index + 1)
        yield [(sample, slice(start, min(start + step, length))) for start in range(0, length, step)]
