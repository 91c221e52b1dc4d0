"""MatrixTransform: multiplies vectors of features by a matrix."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Values
from zm_cli.numbers.blas import limit_blas
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.stored import find_equal, match_values
from zm_cli.numbers.sums import Floats
from zm_cli.transforms.affine import subtract
from zm_cli.transforms.base import Transform

PIECE_VALUES = 1 << 18
"""How many numbers are multiplied at once: few enough for a core's cache."""
MIN_ROWS, MAX_ROWS = 256, 8192
"""How many rows are multiplied at once: with fewer, BLAS is not at full speed for a large matrix."""


@dataclass(frozen=True, kw_only=True)
class MatrixTransform(Transform):
    """`(x / divisor - shift) @ matrix`, or with `inverse` `(x @ matrix + shift) * divisor`, of vectors x of F features.

    `matrix` has the shape (F, K), `shift` (F,), with `inverse` (K,). The features of a block lie along `axis`; with
    `axis` None, all values of a sample are its features, and `sample_shape` is the shape of the K values that it
    becomes. An axis after the last one stands for a single feature.

    A vector that lacks a value becomes one of missing values, unless `filled`, shape (F,), fills it first; with
    `inverse`, it becomes `filled`, shape (K,). Features that are `absent` (F,) have no values in the statistics: their
    values do not count, and they stay missing if the output has as many features as the input. `known` are the moments
    of the transformed data of the statistics.
    """

    predicts = False

    matrix: Floats
    shift: Floats
    axis: int | None
    sample_shape: tuple[int, ...] = ()
    filled: Floats | None = None
    absent: NDArray[np.bool_] | None = None
    known: Moments | None = None

    def apply_values(self, values: Values) -> tuple[Values, int]:
        """Returns the transformed values in the output's dtype, and how many finite ones became infinite in that dtype.

        All pieces that are multiplied have the same number of rows, so that the bits of a row do not depend on the rows
        around it: for another number of rows, BLAS adds in another order.
        """
        limit_blas()
        rows = self._lay_out(values)
        inputs, outputs = self.matrix.shape
        result = np.empty((len(rows), outputs), self.dtype)
        step = min(MAX_ROWS, max(MIN_ROWS, PIECE_VALUES // max(inputs, outputs) // MIN_ROWS * MIN_ROWS))
        buffer, product = np.zeros((step, inputs)), np.empty((step, outputs))
        overflows = 0
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            lacking = self._prepare(part, buffer[: len(part)])
            with np.errstate(over="ignore", invalid="ignore"):
                np.matmul(buffer, self.matrix, out=product)
                made = product[: len(part)]
                if self.inverse:
                    made += self.shift
                    made *= self.divisor
                if lacking is not None:
                    made[lacking] = self.filled if self.inverse and self.filled is not None else np.nan
                result[start : start + len(part)] = made
            stored = result[start : start + len(part)]
            if self.dtype != np.float64 and np.isinf(stored).any():
                overflows += int(np.count_nonzero(np.isinf(stored) & np.isfinite(made)))
        if self.absent is not None and outputs == len(self.absent):
            result[:, self.absent] = np.nan
        return self._restore(result, values), overflows

    def count_incomplete(self, values: Values) -> int:
        """Returns how many vectors of the transformed values are missing."""
        rows = self._lay_out(values, made=True)
        some = 0 if self.absent is None or rows.shape[1] != len(self.absent) else int(np.argmin(self.absent))
        return int(np.count_nonzero(np.isnan(rows[:, some])))

    def predict_own(self, moments: Moments) -> Moments | None:
        """Returns the moments of the transformed data of the statistics."""
        return self.known

    def _lay_out(self, values: Values, *, made: bool = False) -> Values:
        """Returns the vectors of a block as rows; of a transformed block if `made`."""
        if self.axis is None:
            return values.reshape(len(values), self.matrix.shape[1 if made else 0])
        if self.axis == values.ndim:
            return values.reshape(-1, 1)
        moved = np.moveaxis(values, self.axis, -1)
        return moved.reshape(-1, moved.shape[-1])

    def _restore(self, result: Values, values: Values) -> Values:
        """Returns the rows of a result with the axes of the block that they were made of."""
        if self.axis is None:
            return result.reshape(len(values), *self.sample_shape)
        if self.axis == values.ndim:
            return result.reshape(values.shape)
        shape = (*values.shape[: self.axis], *values.shape[self.axis + 1 :], result.shape[1])
        return np.moveaxis(result.reshape(shape), -1, self.axis)

    def _prepare(self, part: Values, work: Floats) -> NDArray[np.bool_] | None:
        """Fills `work` with the numbers to multiply; returns which rows lack a value, None if none does."""
        with np.errstate(over="ignore", invalid="ignore"):
            if self.inverse:
                work[:] = subtract(part, np.zeros(1), 1.0, self.packing)
            else:
                work[:] = subtract(part, self.shift, self.divisor, self.packing)
            if matched := match_values(self.missing_codes, part.dtype):
                work[find_equal(part, matched)] = np.nan
            if self.absent is not None and len(self.absent) == work.shape[1]:
                work[:, self.absent] = 0.0
            if math.isfinite(work.sum()):
                return None
        missing = ~np.isfinite(work)
        if not missing.any():
            return None
        if self.filled is not None and not self.inverse:
            np.copyto(work, self.filled - self.shift, where=missing)
            return None
        lacking = np.asarray(missing.any(axis=1))
        # Whether NaN * 0 gives NaN depends on the BLAS library.
        work[lacking] = 0.0
        return lacking
