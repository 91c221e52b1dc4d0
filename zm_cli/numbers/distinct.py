"""Which columns hold whole numbers that are all different, as ids and row numbers do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Values

FIRST_LOOK = 16
"""So many rows rule out most columns, all at once."""
CLOSER_LOOKS = (256, 4096)
"""So many rows rule out most of the others, before all rows are sorted."""
MAX_KEPT = 1 << 18
"""The most values of a column that are kept; a longer column is followed only as long as it rises or falls."""


@dataclass(frozen=True)
class Distinct:
    """The values of a column, which are all different: the first, the last, whether each is larger or smaller than the
    one before.

    `values` are all of them, sorted; None where there are more than are kept.
    """

    first: float
    last: float
    rises: bool
    falls: bool
    values: NDArray[np.float64] | None

    @property
    def is_ordered(self) -> bool:
        """Whether the values rise or fall from row to row."""
        return self.rises or self.falls

    def join(self, other: Distinct) -> Distinct | None:
        """The same of both, `other` being the values that follow; None where they may not all be different."""
        rises = self.rises and other.rises and self.last < other.first
        falls = self.falls and other.falls and self.last > other.first
        values = None
        if self.values is not None and other.values is not None and len(self.values) + len(other.values) <= MAX_KEPT:
            values = np.concatenate([other.values, self.values] if falls else [self.values, other.values])
            if not (rises or falls):
                values.sort(kind="stable")
        if not (rises or falls) and (values is None or _has_equal(values)):
            return None
        return Distinct(self.first, other.last, rises, falls, values)


@dataclass
class DistinctColumns:
    """The columns of consecutive rows that hold whole numbers, all different and none missing.

    `columns` maps the index of such a column to its values; None: there was no row yet.
    """

    columns: dict[int, Distinct] | None = None

    def add_block(self, values: Values) -> None:
        """Adds the rows that follow, shape (rows, columns), float64."""
        if not len(values):
            return
        left = [index for index in _find_likely(values[:FIRST_LOOK]) if self.columns is None or index in self.columns]
        found = {index: column for index in left if (column := _look(values[:, index])) is not None}
        self.add(DistinctColumns(found))

    def add(self, other: DistinctColumns) -> None:
        """Adds the rows that follow."""
        if self.columns is None or other.columns is None:
            self.columns = other.columns if self.columns is None else self.columns
            return
        theirs = other.columns
        joined = {index: mine.join(theirs[index]) for index, mine in self.columns.items() if index in theirs}
        self.columns = {index: column for index, column in joined.items() if column is not None}


def _find_likely(rows: Values) -> list[int]:
    """The columns of a few rows, shape (rows, columns), that hold whole numbers, all different."""
    with np.errstate(invalid="ignore"):
        whole = (np.isfinite(rows) & (np.rint(rows) == rows)).all(axis=0)
    likely = np.flatnonzero(whole)
    ordered = np.sort(rows[:, likely], axis=0)
    return [int(index) for index in likely[(ordered[1:] != ordered[:-1]).all(axis=0)]]


def _look(values: Values) -> Distinct | None:
    """What is known of the values of a column; None where they are not whole numbers that are all different."""
    rises, falls = (bool(order(values[1:], values[:-1]).all()) for order in (np.greater, np.less))
    ordered = values if rises else values[::-1]
    if not (rises or falls):
        for rows in (*CLOSER_LOOKS, len(values)):
            ordered = np.sort(values[:rows])
            if _has_equal(ordered):
                return None
    if not (np.isfinite(values) & (np.rint(values) == values)).all():
        return None
    # A copy: the block itself must not stay in memory.
    kept = ordered.copy() if len(values) <= MAX_KEPT else None
    return Distinct(float(values[0]), float(values[-1]), rises, falls, kept)


def _has_equal(ordered: Values) -> bool:
    return bool((ordered[1:] == ordered[:-1]).any())
