"""The values of a block: arranged in rows with a column per feature, and which are missing or infinite."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Values

LONG_FEATURE = 4096
"""With so many values per feature, features whose values are scattered are copied one by one."""


def lay_out(values: Values, kept: tuple[int, ...]) -> Iterator[tuple[slice, Values]]:
    """Yields slices of features, each with their values as rows (M, K), C-contiguous, one column per feature."""
    features = math.prod(values.shape[axis] for axis in kept)
    trailing = kept == tuple(range(values.ndim - len(kept), values.ndim))
    if trailing and values.flags.c_contiguous:
        yield slice(None), values.reshape(-1, features)
    elif len(kept) == 1 and values.size // features >= LONG_FEATURE:
        for index, feature in enumerate(np.moveaxis(values, kept[0], 0)):
            yield slice(index, index + 1), np.ascontiguousarray(feature).reshape(-1, 1)
    else:
        last = np.ascontiguousarray(np.moveaxis(values, kept, range(-len(kept), 0)))
        yield slice(None), last.reshape(-1, features)


def find_missing(values: Values, kept: tuple[int, ...], leave: Collection[int] = ()) -> tuple[int, int] | None:
    """The sample and the feature, as indices, of the first NaN or infinite value of a block; None if there is none.

    `kept` are the axes of the features, as for `Moments.from_block`; the features in `leave` are skipped.
    """
    if values.dtype.kind != "f" or np.isfinite(values).all():
        return None
    last = np.moveaxis(values, kept, range(-len(kept), 0)) if kept else values
    features = math.prod(values.shape[axis] for axis in kept)
    holes: NDArray[np.bool_] = ~np.isfinite(last.reshape(len(values), -1, features))
    found = np.argwhere(np.delete(holes, list(leave), axis=2).any(axis=1) if len(leave) < features else holes[:0, 0])
    left = np.delete(np.arange(features), list(leave))
    return (int(found[0, 0]), int(left[found[0, 1]])) if len(found) else None


def count_infinities(values: Values) -> int:
    """How many values of a block are infinite."""
    return int(np.count_nonzero(np.isinf(values))) if values.dtype.kind == "f" else 0
