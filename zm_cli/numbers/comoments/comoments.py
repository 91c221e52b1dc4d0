"""CoMoments: sums of products of deviations from the means, for all pairs of features, and how two parts are merged."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Values
from zm_cli.numbers.blas import limit_blas
from zm_cli.numbers.pieces import PIECE
from zm_cli.numbers.stored import MissingCodes, find_present, match_values
from zm_cli.numbers.sums import Floats, find_constant, map_mean, merge_means, two_sum

TALL = 1024
"""The fewest samples in a piece: with fewer, BLAS is slow for many features."""
FEW = 64
"""With fewer features, the values of each one lie together in memory, as NumPy is slow with short rows."""
BAND = 1 << 20
"""The numbers of a matrix that are changed at a time, so that no second matrix is held in memory."""


@dataclass(frozen=True)
class CoMoments:
    """The co-moments of some samples with F features each; only samples without missing values are counted.

    `count` is the number of these samples, `mean` (F,) are their means, and `tail` (F,) is what rounding drops from the
    means. `comoment` (F, F) holds the sums of products of deviations from the means: it is symmetric, and has no
    negative eigenvalue except by rounding. `seen` (F,) says which features have a value in any sample, complete or not.
    The others make no sample incomplete: their mean is 0, and so are their row and column in `comoment`.

    Merging the parts of some samples, in any partition, gives the same to 1e-12, relative to sqrt(c_ii * c_jj).
    """

    count: int
    mean: Floats
    tail: Floats
    comoment: Floats
    seen: NDArray[np.bool_]

    @classmethod
    def identity(cls, features: int) -> CoMoments:
        """Returns the co-moments of no samples."""
        return cls._of_none(np.zeros(features, dtype=np.bool_))

    @classmethod
    def _of_none(cls, seen: NDArray[np.bool_]) -> CoMoments:
        zero = np.zeros(len(seen))
        return cls(0, zero, zero, np.zeros((len(seen), len(seen))), seen)

    @classmethod
    def from_block(cls, values: Values, feature_axes: tuple[int, ...], missing_codes: MissingCodes = ()) -> CoMoments:
        """Returns the co-moments of an array of any real dtype.

        Features lie along the axes `feature_axes`, samples along all others. NaN, infinities and values equal to one of
        `missing_codes` are missing.

        The samples are measured in pieces that fit a core's cache; the pieces follow from the shape of the array alone.
        The means of a piece are subtracted from it in float64. Because of rounding, the means of these deviations are
        not 0, so they are subtracted too (for one feature: Chan, Golub & LeVeque 1983, "Algorithms for computing the
        sample variance", eq. 1.7).
        """
        limit_blas()
        features = math.prod(values.shape[axis] for axis in feature_axes)
        columns = np.moveaxis(values, feature_axes, range(len(feature_axes))).reshape(
            features, values.size // max(1, features)
        )
        parts = (_measure_piece(piece, missing_codes) for piece in _cut_samples(columns))
        return reduce(CoMoments.merge, parts, cls.identity(features))

    def merge(self, other: CoMoments) -> CoMoments:
        """Returns the co-moments of both parts together.

        For one feature, this is eq. 2.1 of Chan, Golub & LeVeque 1979, "Updating formulae and a pairwise algorithm for
        computing sample variances".
        """
        seen = self.seen | other.seen
        mine, theirs = self._widen(seen), other._widen(seen)
        if not (mine.count and theirs.count):
            return replace(mine if mine.count else theirs, seen=seen)
        count = mine.count + theirs.count
        with np.errstate(over="ignore", invalid="ignore"):
            parts = (mine.mean, mine.tail), (theirs.mean, theirs.tail)
            mean, tail, gap = merge_means(*parts, theirs.count / count)
            comoment = mine.comoment + theirs.comoment
            add_square(comoment, gap * math.sqrt(mine.count * (theirs.count / count)))
        return CoMoments(count, mean, tail, comoment, seen)

    def _widen(self, seen: NDArray[np.bool_]) -> CoMoments:
        """Returns the co-moments of the same samples if all features that are `seen` must have a value.

        The other features have no values. If a feature is `seen` that was not seen before, no sample is complete.
        """
        return self._of_none(seen) if (seen & ~self.seen).any() else self

    def transform(self, factor: Floats, offset: Floats) -> CoMoments:
        """Returns the co-moments of `x * factor + offset`; both arrays have the shape (F,), no factor is 0.

        Rounding of single values is not taken into account.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            mean, tail = map_mean(self.mean, self.tail, factor, offset, self._counted())
            comoment = self.comoment.copy()
            for rows in cut_rows(comoment):
                comoment[rows] *= factor[rows, None] * factor
        return CoMoments(self.count, mean, tail, comoment, self.seen)

    def select(self, indices: list[int]) -> CoMoments:
        """Returns the co-moments of some features. Samples in which another feature is missing are still left out."""
        seen = self.seen[indices]
        if not seen.any():
            return self._of_none(seen)
        comoment = self.comoment[np.ix_(indices, indices)]
        return CoMoments(self.count, self.mean[indices], self.tail[indices], comoment, seen)

    def means(self) -> Floats:
        """Returns the means (F,); NaN for features without values, and for all features if no sample is complete."""
        return np.where(self._counted(), self.mean, np.nan)

    def covariance(self, ddof: int = 0) -> Floats:
        """Returns comoment / (count - ddof), shape (F, F); NaN for features without a value."""
        counted = self._counted()
        found = self.comoment / max(1, self.count - ddof)
        found[~counted], found[:, ~counted] = np.nan, np.nan
        return found

    def correlation(self) -> Floats:
        """Returns Pearson's correlation of all pairs, shape (F, F), from -1 to 1; NaN for features that do not vary."""
        varies = self._counted() & ~self.constant()
        root = np.where(varies, np.sqrt(self.comoment.diagonal()), np.nan)
        found: Floats = self.comoment / root[:, None]
        found /= root
        # Each pair is divided in the other order than its mirror image, so that both are rounded differently.
        found = np.clip((found + found.T) / 2, -1.0, 1.0)
        np.fill_diagonal(found, np.where(varies, 1.0, np.nan))
        return found

    def second_moment(self) -> Floats:
        """Returns the means of the products of pairs, shape (F, F); NaN for features without a value.

        They are covariance + mean * mean.
        """
        found, mean = self.covariance(), self.means()
        add_square(found, mean)
        return found

    def constant(self) -> NDArray[np.bool_]:
        """Returns which features vary no more than rounding does, shape (F,), by the rule of `Moments.constant`."""
        variance = self.comoment.diagonal() / max(1, self.count)
        return find_constant(np.where(self._counted(), self.count, 0), self.mean, variance)

    def _counted(self) -> NDArray[np.bool_]:
        """Returns which features have a value in the samples that are counted, shape (F,)."""
        return self.seen & (self.count > 0)


def _cut_samples(columns: Values) -> Iterator[Values]:
    """Yields pieces of an array (features, samples), which follow from its shape alone."""
    features, samples = columns.shape
    tall = max(PIECE // max(1, features), TALL)
    for start in range(0, samples, tall):
        yield columns[:, start : start + tall]


def _measure_piece(columns: Values, missing_codes: MissingCodes) -> CoMoments:
    """Returns the co-moments of stored values (features, samples)."""
    seen: NDArray[np.bool_] = np.ones(len(columns), dtype=np.bool_)
    is_missing = _find_missing(columns, missing_codes)
    if is_missing is not None:
        np.logical_not(is_missing.all(axis=1), out=seen)
        columns = np.compress(~is_missing[seen].any(axis=0), columns, axis=1)
    count = columns.shape[1]
    if not (count and seen.any()):
        return CoMoments._of_none(seen)
    with np.errstate(over="ignore", invalid="ignore"):
        low, low_tail, values = _to_floats(columns)
        values[~seen], low, low_tail = 0.0, np.where(seen, low, 0.0), np.where(seen, low_tail, 0.0)
        center = values.mean(axis=1)
        values -= center[:, None]
        residual = values.mean(axis=1)
        values -= residual[:, None]
        mean, tail = two_sum(low, center)
        mean, tail = two_sum(mean, tail + (low_tail + residual))
        # NumPy notices that both factors are the same matrix, and computes only half of the product.
        return CoMoments(count, mean, tail, values @ values.T, seen)


def _find_missing(columns: Values, missing_codes: MissingCodes) -> NDArray[np.bool_] | None:
    """Returns which values are missing; None if no value is missing."""
    # A sum is finite only if all values are, and is much faster than a look at each.
    with np.errstate(over="ignore", invalid="ignore"):
        all_finite = columns.dtype.kind != "f" or math.isfinite(columns.sum(dtype=np.float64))
    matched = match_values(missing_codes, columns.dtype)
    if all_finite and not matched:
        return None
    is_missing: NDArray[np.bool_] = ~find_present(columns, matched)
    return is_missing if is_missing.any() else None


def _to_floats(columns: Values) -> tuple[Floats, Floats, Floats]:
    """Returns a number for each feature, what rounding drops from it, and the values less this number.

    The first two have the shape (features,); all are float64. The numbers are 0, except for 64-bit integers: float64
    does not hold all of them, but it holds small differences.
    """
    order: Any = "C" if len(columns) < FEW else "F"
    zero = np.zeros(len(columns))
    if columns.dtype.kind not in "iu" or columns.dtype.itemsize < 8:
        return zero, zero, columns.astype(np.float64, order=order)
    low = columns.min(axis=1)
    rounded = low.astype(np.float64)
    dropped = np.array([int(exact) - int(near) for exact, near in zip(low, rounded, strict=True)], np.float64)
    # Unsigned arithmetic wraps around, so the difference of any two 64-bit integers is right.
    above = columns.astype(np.uint64) - low.astype(np.uint64)[:, None]
    return rounded, dropped, above.astype(np.float64, order=order)


def add_square(matrix: Floats, vector: Floats) -> None:
    """Adds the products of all pairs of numbers in a vector to a matrix, without a second matrix."""
    for rows in cut_rows(matrix):
        matrix[rows] += vector[rows, None] * vector


def cut_rows(matrix: Floats) -> Iterator[slice]:
    """Yields slices of a few rows each, together all rows of a matrix."""
    height = max(1, BAND // max(1, matrix.shape[1]))
    for start in range(0, len(matrix), height):
        yield slice(start, start + height)
