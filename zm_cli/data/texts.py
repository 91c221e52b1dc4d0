"""Summaries of the columns of a table as text: missing cells and distinct values, merged in bounded memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_DISTINCT = 1000
"""The most distinct values of a column that are counted."""


@dataclass(frozen=True)
class TextColumn:
    """The cells of a column: the number of missing ones, and the distinct values of the others.

    `distinct` holds the sorted hashes of the distinct values; None if there are more than MAX_DISTINCT.
    """

    missing: int
    distinct: NDArray[np.uint64] | None

    @classmethod
    def from_hashes(cls, missing: int, hashes: NDArray[np.uint64]) -> TextColumn:
        """Returns the summary of a column with these hashes of values, which may repeat."""
        distinct = np.unique(hashes)
        return cls(missing, distinct if len(distinct) <= MAX_DISTINCT else None)

    def merge(self, other: TextColumn) -> TextColumn:
        """Returns the summary of both parts of the column."""
        missing = self.missing + other.missing
        if self.distinct is None or other.distinct is None:
            return TextColumn(missing, None)
        return TextColumn.from_hashes(missing, np.concatenate([self.distinct, other.distinct]))


TextSummary = Mapping[int, TextColumn]
"""The columns of a table by their index in it."""


def merge_texts(one: TextSummary | None, other: TextSummary | None) -> TextSummary | None:
    """Returns the summary of both parts of a table; None if neither has one."""
    if one is None or other is None:
        return other if one is None else one
    return {column: found.merge(other[column]) for column, found in one.items()}
