"""Which columns hold whole numbers that are all different, as ids and row numbers do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Values

FIRST_LOOK = 16
"""Rows of the first check, which rules out most columns."""
CLOSER_LOOKS = (256, 4096)
"""Rows of the next checks, which rule out most other columns before all rows are sorted."""
MAX_KEPT = 1 << 18
"""The most values of a column that are kept; a longer column is followed only while it rises or falls."""


@dataclass(frozen=True)
class Distinct:
    """A run of values of a column that are all different: the first, the last, and whether they rise or fall.

    `values` are all of them, sorted; None if there are more than MAX_KEPT.
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
        """Joins two consecutive runs, `other` second; None if their values may repeat."""
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

    `columns` maps the index of such a column to its values; None if there were no rows yet.
    """

    columns: dict[int, Distinct] | None = None

    def add_block(self, values: Values) -> None:
        """Adds the next rows, shape (rows, columns), float64."""
        if not len(values):
            return
        left = [index for index in _find_likely(values[:FIRST_LOOK]) if self.columns is None or index in self.columns]
        found = {index: column for index in left if (column := _look(values[:, index])) is not None}
        self.add(DistinctColumns(found))

    def add(self, other: DistinctColumns) -> None:
        """Adds the columns of the next rows."""
        if self.columns is None or other.columns is None:
            self.columns = other.columns if self.columns is None else self.columns
            return
        theirs = other.columns
        joined = {index: mine.join(theirs[index]) for index, mine in self.columns.items() if index in theirs}
        self.columns = {index: column for index, column in joined.items() if column is not None}


def _find_likely(rows: Values) -> list[int]:
    """Returns the indices of the columns that hold whole numbers, all different, in a few rows.

    The rows have the shape (rows, columns).
    """
    with np.errstate(invalid="ignore"):
        whole = (np.isfinite(rows) & (np.rint(rows) == rows)).all(axis=0)
    likely = np.flatnonzero(whole)
    ordered = np.sort(rows[:, likely], axis=0)
    return [int(index) for index in likely[(ordered[1:] != ordered[:-1]).all(axis=0)]]


def _look(values: Values) -> Distinct | None:
    """Returns the run of values of a column; None if they are not whole numbers that are all different."""
    rises, falls = (bool(order(values[1:], values[:-1]).all()) for order in (np.greater, np.less))
    ordered = values if rises else values[::-1]
    if not (rises or falls):
        for rows in (*CLOSER_LOOKS, len(values)):
            ordered = np.sort(values[:rows])
            if _has_equal(ordered):
                return None
    if not (np.isfinite(values) & (np.rint(values) == values)).all():
        return None
    # A copy, so that the block itself does not stay in memory.
    kept = ordered.copy() if len(values) <= MAX_KEPT else None
    return Distinct(float(values[0]), float(values[-1]), rises, falls, kept)


def _has_equal(ordered: Values) -> bool:
    return bool((ordered[1:] == ordered[:-1]).any())
