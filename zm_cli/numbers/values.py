"""The values of a block: arranged in rows with a column per feature, and which are missing or infinite."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Values
from zm_cli.numbers.stored import Hidden, find_equal, match_values

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


def mask_values(values: Values, masked: NDArray[np.bool_] | None) -> Values:
    """The values with NaN where they are `masked`, an array of their shape; None: none is.

    Integers have no such value and become float64. The price is that their exact sums are not kept.
    """
    if masked is None or not masked.any():
        return values
    held = values if values.dtype.kind == "f" else values.astype(np.float64)
    return np.where(masked, held.dtype.type(np.nan), held)


def find_missing(
    values: Values, kept: tuple[int, ...], leave: Collection[int] = (), hidden: Hidden = ()
) -> tuple[int, int] | None:
    """The sample and the feature, as indices, of the first missing value of a block; None if there is none.

    Missing are NaN, infinities and values equal to one of `hidden`. `kept` are the axes of the features, as for
    `Moments.from_block`; the features in `leave` are skipped.
    """
    gone = _flag_missing(values, match_values(hidden, values.dtype))
    if gone is None or not gone.any():
        return None
    last = np.moveaxis(gone, kept, range(-len(kept), 0)) if kept else gone
    features = math.prod(values.shape[axis] for axis in kept)
    holes = last.reshape(len(values), -1, features)
    found = np.argwhere(np.delete(holes, list(leave), axis=2).any(axis=1) if len(leave) < features else holes[:0, 0])
    left = np.delete(np.arange(features), list(leave))
    return (int(found[0, 0]), int(left[found[0, 1]])) if len(found) else None


def _flag_missing(values: Values, matched: tuple[Any, ...]) -> NDArray[np.bool_] | None:
    """Which values are missing; None where none can be."""
    if values.dtype.kind != "f":
        return find_equal(values, matched) if matched else None
    gone: NDArray[np.bool_] = ~np.isfinite(values)
    return gone | find_equal(values, matched) if matched else gone


def count_infinities(values: Values) -> int:
    """How many values of a block are infinite."""
    return int(np.count_nonzero(np.isinf(values))) if values.dtype.kind == "f" else 0
