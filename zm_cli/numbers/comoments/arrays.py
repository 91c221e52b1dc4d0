"""The arrays of co-moments in a stats file: how they are read, and checked against one another and the moments."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zm_cli.numbers.comoments.comoments import CoMoments, cut_rows
from zm_cli.numbers.moments.arrays import RELATIVE_TOLERANCE
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.statistic import FieldError, Population, read_counts
from zm_cli.numbers.sums import Counts, Floats

TINY = 1e-300
"""A difference that is always allowed: the rounding errors of numbers as small as this are relatively large."""

COUNT = "covariance.count"
MEAN = "covariance.mean"
TAIL = "covariance.tail"
COMOMENT = "covariance.comoment"
MATRIX = "covariance.matrix"
"""The fields of a stats file."""


def read_comoments(arrays: Mapping[str, NDArray[Any]], population: Population, most: int) -> list[CoMoments]:
    """Returns the co-moments in the arrays of a stats file.

    They are those of each group if the population is `grouped`, else one. Raises FieldError if there are more than
    `most` features, or if values are impossible, or contradict each other or the population.
    """
    features = math.prod(population.features[population.grouped :])
    if features > most:
        raise FieldError(COMOMENT, f"is of {features:,} features, which are more than {most:,}")
    count = read_counts(arrays, COUNT)
    number = population.features[0] if population.grouped else 1
    if count.size != number:
        raise FieldError(COUNT, "is not one number")
    stored = _Stored(
        count.reshape(number),
        arrays[MEAN].astype(np.float64).reshape(number, features),
        arrays[TAIL].astype(np.float64).reshape(number, features) if TAIL in arrays else np.zeros((number, features)),
        arrays[COMOMENT].astype(np.float64).reshape(number, features, features),
        arrays[MATRIX].reshape(number, features, features) if MATRIX in arrays else None,
    )
    counts = None if population.count is None else population.count.reshape(number, features)
    moments = None if population.moments is None else population.moments.reshape((number, features))
    return [
        _read_part(
            stored.take(index),
            None if counts is None else counts[index],
            None if moments is None else moments.select([index]).reshape((features,)),
        )
        for index in range(number)
    ]


class _Stored(NamedTuple):
    """The arrays as they are in the file: those of all groups, with an axis for the groups first, or of one group."""

    count: Any
    mean: Floats
    tail: Floats
    comoment: Floats
    matrix: NDArray[Any] | None

    def take(self, index: int) -> _Stored:
        matrix = None if self.matrix is None else self.matrix[index]
        return _Stored(self.count[index], self.mean[index], self.tail[index], self.comoment[index], matrix)


def _read_part(stored: _Stored, counts: Counts | None, moments: Moments | None) -> CoMoments:
    """Returns the co-moments of one group.

    `counts` (F,) are the numbers of values of each feature, also of those in incomplete samples.
    """
    count, mean, tail, comoment, matrix = stored
    seen = np.isfinite(mean) if counts is None else counts > 0
    if counts is not None and count > min(counts[seen], default=0):
        raise FieldError(COUNT, "is more than the values of a feature")
    counted = seen & (count > 0)
    for field, array in ((MEAN, mean), (TAIL, tail)):
        if not np.isfinite(array[counted]).all():
            raise FieldError(field, "is not finite")
    if not np.isnan(mean[~counted]).all() or tail[~counted].any():
        raise FieldError(MEAN, "has a value for a feature without one")
    mean = np.where(counted, mean, 0.0)
    if (np.abs(tail) > np.spacing(np.abs(mean))).any():
        raise FieldError(TAIL, "is more than rounding drops from 'mean'")
    _check_matrix(comoment, counted)
    found = CoMoments(int(count), mean, tail, np.tril(comoment) + np.tril(comoment, -1).T, seen)
    if matrix is not None:
        _check_derived(matrix, found, counted)
    if moments is not None:
        _check_moments(found, moments, counted)
    return found


def _check_matrix(comoment: Floats, counted: NDArray[np.bool_]) -> None:
    """Raises FieldError if a matrix cannot hold co-moments.

    Its eigenvalues take long, so they are not computed here: `check_definite` checks them where they are needed.
    """
    diagonal = comoment.diagonal()
    if not np.isfinite(comoment).all():
        raise FieldError(COMOMENT, "is not finite")
    if (diagonal < 0).any():
        raise FieldError(COMOMENT, "is negative on its diagonal")
    if comoment[~counted].any() or comoment[:, ~counted].any():
        raise FieldError(COMOMENT, "has a value for a feature without one")
    root = np.sqrt(diagonal)
    for rows in cut_rows(comoment):
        bound = root[rows, None] * root
        if (np.abs(comoment[rows] - comoment[:, rows].T) > RELATIVE_TOLERANCE * bound + TINY).any():
            raise FieldError(COMOMENT, "is not symmetric")
        if (np.abs(comoment[rows]) > (1 + RELATIVE_TOLERANCE) * bound + TINY).any():
            raise FieldError(COMOMENT, "is larger than its diagonal allows")


def _check_derived(matrix: NDArray[Any], found: CoMoments, counted: NDArray[np.bool_]) -> None:
    """Raises FieldError if the covariance does not follow from the co-moments."""
    expected = found.covariance()
    with np.errstate(over="ignore", invalid="ignore"):
        root = np.sqrt(np.where(counted, expected.diagonal(), 0.0))
        apart = np.abs(matrix - expected) > RELATIVE_TOLERANCE * root[:, None] * root + TINY
    if apart.any() or (np.isnan(matrix) != np.isnan(expected)).any():
        raise FieldError(MATRIX, "does not follow from 'comoment' and 'count'")


def _check_moments(found: CoMoments, moments: Moments, counted: NDArray[np.bool_]) -> None:
    """Raises FieldError if means or variances are impossible, or are not those of the same values in the moments."""
    size = np.where(counted, np.maximum(np.abs(moments.min), np.abs(moments.max)), 0.0)
    slack = size * RELATIVE_TOLERANCE + TINY
    if (counted & ((moments.min - found.mean > slack) | (found.mean - moments.max > slack))).any():
        raise FieldError(MEAN, "does not lie between 'min' and 'max'")
    # The values are the same if no sample with a value was left out. Only the moments are weighted.
    same = counted & (moments.count == found.count) & (moments.weights is None)
    if (same & (np.abs(found.mean - moments.mean) > slack)).any():
        raise FieldError(MEAN, "is not that of the same values in 'mean'")
    roots = np.sqrt(found.comoment.diagonal()), np.sqrt(moments.m2)
    slack = RELATIVE_TOLERANCE * roots[1] + 8 * np.finfo(np.float64).eps * size * math.sqrt(found.count) + TINY
    if (same & (np.abs(roots[0] - roots[1]) > slack)).any():
        raise FieldError(COMOMENT, "does not have 'm2' on its diagonal")
