"""Spectrum: the directions in which features vary most, and how much, from their co-moments."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zm_cli.numbers.blas import limit_blas
from zm_cli.numbers.comoments.comoments import CoMoments
from zm_cli.numbers.comoments.definite import check_definite
from zm_cli.numbers.sums import Floats, find_constant

ROUNDING = 4.0
"""How many times larger than expected rounding errors may be."""
INVOLVED = 1e-3
"""The smallest part that a feature has in a direction without variance, to be named with it."""


@dataclass(frozen=True)
class Spectrum:
    """The directions of R independent variances of F features: orthonormal rows, the largest variance first.

    `directions` has the shape (R, F), `variances` (R,), divided by the number of samples. The largest entry of each
    direction by size is positive, the first of several. `constant` (F,) says which features do not vary, `absent` (F,)
    which of them have no value at all. In `dependent` more directions nothing varies, because the features `involved`
    (F,) follow from one another.
    """

    directions: Floats
    variances: Floats
    constant: NDArray[np.bool_]
    absent: NDArray[np.bool_]
    dependent: int
    involved: NDArray[np.bool_]


def find_spectrum(comoments: CoMoments) -> Spectrum:
    """The spectrum of features with these co-moments; the same bits for any number of workers.

    The eigenvectors of the correlation matrix give a factor of the covariance matrix, whose singular vectors are the
    directions: so the smallest variances of features of very different scales keep their digits (the error of a
    variance is relative to the root of it times the largest one, not to the largest). Directions do not count where the
    correlation matrix has an eigenvalue of at most ROUNDING * (F + 32 + sqrt(n)) * eps times its largest: that is what
    rounding leaves of 0, in LAPACK and in sums over n samples.
    Raises ValueError where the co-moments are not finite, DataError where no data can have them.
    """
    limit_blas()
    covariance = comoments.covariance()
    absent = ~np.isfinite(comoments.means())
    variance = np.where(absent, 0.0, covariance.diagonal())
    count = np.where(absent, 0, comoments.count)
    constant = absent | (find_constant(count, comoments.means(), variance) & np.isfinite(variance)) | (variance == 0)
    varying = np.flatnonzero(~constant)
    features = len(constant)
    if not len(varying):
        none = np.zeros(features, np.bool_)
        return Spectrum(np.zeros((0, features)), np.zeros(0), constant, absent, 0, none)
    if len(varying) < features:
        covariance = covariance[np.ix_(varying, varying)]
    if not np.isfinite(covariance).all():
        raise ValueError("covariances are not finite")
    deviation = np.sqrt(variance[varying])
    covariance /= deviation[:, None]
    covariance /= deviation
    values, vectors = np.linalg.eigh(covariance)
    del covariance
    check_definite(values)
    limit = ROUNDING * (len(varying) + 32 + math.sqrt(comoments.count)) * float(np.finfo(np.float64).eps)
    first = int(np.count_nonzero(values <= limit * values[-1]))
    involved = np.zeros(features, np.bool_)
    involved[varying] = (np.abs(vectors[:, :first]) > INVOLVED).any(axis=1)
    factor = vectors[:, first:]
    factor *= np.sqrt(values[first:])
    factor *= deviation[:, None]
    # Of a wide factor, LAPACK also returns the other singular vectors, which are of no use.
    found, roots, _ = np.linalg.svd(factor, full_matrices=False)
    directions = np.zeros((len(roots), features))
    directions[:, varying] = found.T
    largest = np.abs(directions).argmax(axis=1)
    directions *= np.where(directions[np.arange(len(roots)), largest] < 0, -1.0, 1.0)[:, None]
    return Spectrum(directions, roots * roots, constant, absent, first, involved)
