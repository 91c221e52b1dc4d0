"""What the columns of a table hold as text: missing cells and different values, added up in bounded memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_DISTINCT = 1000
"""The most different values of a column that are counted."""


@dataclass(frozen=True)
class TextColumn:
    """The cells of a column: how many are missing, and which different values the others have.

    `distinct` holds a hash of each different value, sorted; None: there are more than MAX_DISTINCT.
    """

    missing: int
    distinct: NDArray[np.uint64] | None

    @classmethod
    def from_hashes(cls, missing: int, hashes: NDArray[np.uint64]) -> TextColumn:
        """The column with these hashes of values, which may repeat."""
        distinct = np.unique(hashes)
        return cls(missing, distinct if len(distinct) <= MAX_DISTINCT else None)

    def merge(self, other: TextColumn) -> TextColumn:
        """The cells of both parts of the column."""
        missing = self.missing + other.missing
        if self.distinct is None or other.distinct is None:
            return TextColumn(missing, None)
        return TextColumn.from_hashes(missing, np.concatenate([self.distinct, other.distinct]))


TextSummary = Mapping[int, TextColumn]
"""The columns of a table by their index in it."""


def merge_texts(one: TextSummary | None, other: TextSummary | None) -> TextSummary | None:
    """The summary of both parts of a table; None where neither has one."""
    if one is None or other is None:
        return other if one is None else one
    return {column: found.merge(other[column]) for column, found in one.items()}
