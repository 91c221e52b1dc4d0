"""BufferedSketch: a sketch, and values that wait until there are enough of them to count all at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zm_cli.data.block import Values
from zm_cli.numbers.axes import find_shape
from zm_cli.numbers.sketch.size import EXTRA_NUMBERS, MAX_FEATURE_NUMBERS
from zm_cli.numbers.sketch.sketch import Sketch, list_rows
from zm_cli.numbers.statistic import Shape
from zm_cli.numbers.stored import MissingCodes

_MAX_BLOCKS = 32
"""The most arrays that wait."""


@dataclass(eq=False)
class BufferedSketch:
    """The sketch of the `counted` values, and the values `waiting` to be counted, arrays (features, M) of one dtype.

    A sketch depends only on its values, so the bits do not depend on when values are counted. Before it is pickled,
    waiting values are counted.
    """

    counted: Sketch
    waiting: Sequence[Values] = ()

    @classmethod
    def from_block(
        cls, values: Values, feature_axes: tuple[int, ...], missing_codes: MissingCodes = ()
    ) -> BufferedSketch:
        """Returns the sketch of a block, as `Sketch.from_block` makes it; few values wait, in a copy."""
        shape = find_shape(values.shape, feature_axes)
        if missing_codes or not values.size or values.nbytes > 8 * MAX_FEATURE_NUMBERS * math.prod(shape):
            return cls(Sketch.from_block(values, feature_axes, missing_codes))
        rows = list_rows(values, feature_axes)
        # The block may be changed later. In the copy, the values of a feature lie side by side.
        return cls(Sketch.identity(shape), [rows.copy() if np.may_share_memory(rows, values) else rows])

    def merge(self, other: BufferedSketch) -> BufferedSketch:
        """Returns the sketch of the values of both parts."""
        counted = [each.counted for each in (self, other) if each.counted.sizes.any()]
        waiting = [*self.waiting, *other.waiting]
        nbytes = sum(block.shape[1] * block.itemsize for block in waiting)
        buckets = int(counted[0].sizes.max()) if counted else 0
        is_full = 16 * buckets + nbytes > 8 * MAX_FEATURE_NUMBERS
        if is_full or len(counted) > 1 or len({block.dtype for block in waiting}) > 1:
            return BufferedSketch(_count(counted, waiting, self.counted.shape))
        if len(waiting) > _MAX_BLOCKS:
            waiting = [np.concatenate(waiting, axis=1)]
        return BufferedSketch(counted[0] if counted else self.counted, waiting)

    def count_numbers(self) -> int:
        """Returns how many numbers are kept: those of the sketch, and those that wait, each counted as a float64."""
        waiting = sum(block.nbytes for block in self.waiting) // 8
        return 2 * len(self.counted.bounds) + EXTRA_NUMBERS * self.counted.sizes.size + waiting

    def settle(self) -> Sketch:
        """Returns the sketch of all values; those that wait are counted first."""
        if self.waiting:
            self.counted, self.waiting = _count([self.counted], self.waiting, self.counted.shape), ()
        return self.counted

    def __getstate__(self) -> dict[str, Any]:
        return {"counted": self.settle(), "waiting": ()}


def _count(counted: Sequence[Sketch], waiting: Sequence[Values], shape: Shape) -> Sketch:
    """Returns the sketch, of this shape, of counted and waiting values."""
    return Sketch.combine(counted, waiting).reshape(shape)
