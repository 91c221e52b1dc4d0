"""Cuts rows into pieces that fit a core's cache, and puts short rows side by side, for NumPy's full speed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]
"""An array (M, K), C-contiguous."""

PIECE = 1 << 17
"""The most values in a piece: as float64 they take a megabyte, which fits a core's own cache."""


def fold_rows(rows: Rows) -> tuple[Rows, Rows, int]:
    """Returns the values with `copies` rows side by side, the rows left over, and `copies`.

    NumPy reduces short rows slowly and long ones fast. `unfold_sums` adds up the copies of each column.
    """
    count, width = rows.shape
    copies = 1
    while width * copies * 2 <= 2048 and copies * 32 <= count:
        copies *= 2
    whole = count // copies * copies
    return rows[:whole].reshape(whole // copies, width * copies), rows[whole:], copies


def cut_pieces(rows: Rows, limit: int | None = None) -> Iterator[tuple[slice, Rows]]:
    """Yields pieces of at most PIECE values and at most `limit` rows, each with the slice of its columns."""
    count, width = rows.shape
    wide = min(width, PIECE // 32)
    tall = max(1, min(PIECE // wide, limit or count))
    for left in range(0, width, wide):
        columns = slice(left, min(left + wide, width))
        for top in range(0, count, tall):
            yield columns, rows[top : top + tall, columns]


def unfold_sums(sums: NDArray[Any], copies: int) -> NDArray[Any]:
    """Returns the sums of the columns, from the sums of their copies in the rows that `fold_rows` made."""
    folded: NDArray[Any] = sums.reshape(copies, -1).sum(axis=0)
    return folded


def sum_columns(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Returns how many flags of each column (M, K), C-contiguous, are true."""
    folded, rest, copies = fold_rows(flags)
    count: NDArray[np.int64] = unfold_sums(folded.sum(axis=0, dtype=np.int64), copies) + rest.sum(
        axis=0, dtype=np.int64
    )
    return count


def find_extremes(rows: Rows) -> tuple[NDArray[Any], NDArray[Any]]:
    """Returns each column's smallest and largest value, in the dtype of the rows; NaN for a column with a NaN."""
    folded, rest, copies = fold_rows(rows)
    low, high = folded.min(axis=0).reshape(copies, -1).min(axis=0), folded.max(axis=0).reshape(copies, -1).max(axis=0)
    if len(rest):
        low, high = np.minimum(low, rest.min(axis=0)), np.maximum(high, rest.max(axis=0))
    return low, high


def find_present_extremes(rows: Rows, is_missing: NDArray[np.bool_]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Returns each column's smallest and largest integer that is not missing, in the dtype of the rows.

    For a column without any, they are the largest and the smallest number of the dtype.
    """
    limits = np.iinfo(rows.dtype)
    low, _ = find_extremes(np.where(is_missing, rows.dtype.type(limits.max), rows))
    _, high = find_extremes(np.where(is_missing, rows.dtype.type(limits.min), rows))
    return low, high
