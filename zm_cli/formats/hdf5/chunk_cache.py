"""Sizes the library's chunk cache for samples that are read or written in order."""

from __future__ import annotations

import math

MAX_BYTES = 64 << 20
"""The most that the cached chunks of one dataset may take."""
MIN_BYTES = 1 << 20
SLOTS = 12421
"""A prime, and far more than the chunks that usually fit: two chunks in the same slot evict each other."""


def size_chunk_cache(
    shape: tuple[int, ...], chunks: tuple[int, ...] | None, itemsize: int, axis: int, *, aligned: bool
) -> tuple[int, int, float]:
    """Returns the slots, bytes and preemption policy of a chunk cache for ranges of samples along `axis`.

    It is small if the ranges are `aligned`, which means that they end where chunks end. Otherwise it holds one row of
    chunks across the dataset, up to MAX_BYTES, so that a chunk cut by the end of a range is still there for the next
    range.
    """
    if chunks is None or aligned:
        return 521, MIN_BYTES, 1.0
    extents = enumerate(zip(shape, chunks, strict=True))
    across = math.prod(-(-extent // chunk_extent) for index, (extent, chunk_extent) in extents if index != axis)
    row = across * math.prod(chunks) * itemsize
    return SLOTS, max(MIN_BYTES, min(MAX_BYTES, row)), 1.0
