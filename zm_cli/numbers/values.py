"""The values of a block: arranged in rows with a column per feature, masked, and searched for missing ones."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Values
from zm_cli.numbers.stored import MissingCodes, find_present, match_values

LONG_FEATURE = 4096
"""From this many values per feature on, features whose values are scattered in memory are copied one by one."""


def lay_out(values: Values, feature_axes: tuple[int, ...]) -> Iterator[tuple[slice, Values]]:
    """Yields slices of features, each with its values as rows (M, K), C-contiguous, one column per feature."""
    features = math.prod(values.shape[axis] for axis in feature_axes)
    trailing = feature_axes == tuple(range(values.ndim - len(feature_axes), values.ndim))
    if trailing and values.flags.c_contiguous:
        yield slice(None), values.reshape(-1, features)
    elif len(feature_axes) == 1 and values.size // features >= LONG_FEATURE:
        for index, feature in enumerate(np.moveaxis(values, feature_axes[0], 0)):
            yield slice(index, index + 1), np.ascontiguousarray(feature).reshape(-1, 1)
    else:
        last = np.ascontiguousarray(np.moveaxis(values, feature_axes, range(-len(feature_axes), 0)))
        yield slice(None), last.reshape(-1, features)


def mask_values(values: Values, masked: NDArray[np.bool_] | None) -> Values:
    """Returns the values with NaN for those that are `masked`, an array of their shape; None masks nothing.

    Integers cannot hold NaN and become float64, so their exact sums are not kept.
    """
    if masked is None or not masked.any():
        return values
    held = values if values.dtype.kind == "f" else values.astype(np.float64)
    return np.where(masked, held.dtype.type(np.nan), held)


def find_missing(
    values: Values, feature_axes: tuple[int, ...], leave: Collection[int] = (), missing_codes: MissingCodes = ()
) -> tuple[int, int] | None:
    """Returns the sample and the feature, as indices, of the first missing value of a block; None if there is none.

    Missing are NaN, infinities and values equal to one of `missing_codes`. `feature_axes` are the axes of the features,
    as for `Moments.from_block`; the features in `leave` are skipped.
    """
    matched = match_values(missing_codes, values.dtype)
    if values.dtype.kind != "f" and not matched:
        return None
    is_missing = ~find_present(values, matched)
    if not is_missing.any():
        return None
    last = np.moveaxis(is_missing, feature_axes, range(-len(feature_axes), 0)) if feature_axes else is_missing
    features = math.prod(values.shape[axis] for axis in feature_axes)
    holes = last.reshape(len(values), -1, features)
    found = np.argwhere(np.delete(holes, list(leave), axis=2).any(axis=1) if len(leave) < features else holes[:0, 0])
    left = np.delete(np.arange(features), list(leave))
    return (int(found[0, 0]), int(left[found[0, 1]])) if len(found) else None


def count_infinities(values: Values) -> int:
    """Returns how many values of a block are infinite."""
    return int(np.count_nonzero(np.isinf(values))) if values.dtype.kind == "f" else 0
