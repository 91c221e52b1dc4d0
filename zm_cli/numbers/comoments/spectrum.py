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

EIGENVALUE_SLACK = 4.0
"""How many times larger than expected the rounding errors of eigenvalues may be."""
MAX_SCALES = 1e24
"""How many times larger the standard deviation of one feature may be than that of another."""
ALIKE = 1e4
"""Up to this ratio of the standard deviations along directions, rounding of directions does not matter."""
ORTHONORMAL = 1e-13
"""How far products of refined directions may be from 0 and 1."""
MAX_ROUNDS = 6
"""The most rounds of refinement: each squares the error, until rounding is left."""
INVOLVED = 1e-3
"""A feature is named with a direction without variance if its component in it is larger than this."""


@dataclass(frozen=True)
class Spectrum:
    """The R directions in which F features vary independently, the one with the largest variance first.

    `directions` (R, F) are orthonormal rows, `variances` (R,) are the variances in them, with ddof 0. Of each
    direction, the component with the largest magnitude, the first of several, is positive. `projections` and `loadings`
    (R, F) are the directions again, rounded so that values can be projected on them, and restored from them: a
    component of 1e-17 matters if the scale of its feature is 1e17 times that of the others. `constant` (F,) says which
    features do not vary, `absent` (F,) which of these have no values. In `dependent` more directions nothing varies,
    because the features `involved` (F,) are combinations of one another.
    """

    directions: Floats
    projections: Floats
    loadings: Floats
    variances: Floats
    constant: NDArray[np.bool_]
    absent: NDArray[np.bool_]
    dependent: int
    involved: NDArray[np.bool_]


def find_spectrum(comoments: CoMoments) -> Spectrum:
    """Returns the spectrum of features with these co-moments; the same bits for any number of workers.

    The eigenvectors of the correlation matrix give a factor of the covariance matrix. The singular vectors of this
    factor are the directions. So small variances keep their digits if the scales of the features are very different:
    the error of a variance is relative to the square root of its product with the largest one, not to the largest one.

    A direction is left out if the eigenvalue of the correlation matrix is at most
    EIGENVALUE_SLACK * (F + 32 + sqrt(n)) * eps times the largest one. Rounding, in LAPACK and in the sums over n
    samples, can turn 0 into as much.

    Raises ValueError if the co-moments are not finite or the scales of the features differ by more than MAX_SCALES,
    FieldError if no data can have the co-moments.
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
        none = np.zeros((0, features))
        return Spectrum(none, none, none, np.zeros(0), constant, absent, 0, np.zeros(features, np.bool_))
    if len(varying) < features:
        covariance = covariance[np.ix_(varying, varying)]
    if not np.isfinite(covariance).all():
        raise ValueError("covariances are not finite")
    std = np.sqrt(variance[varying])
    if std.max() > MAX_SCALES * std.min():
        raise ValueError(f"the standard deviations of the features differ by more than {MAX_SCALES:.0e}")
    covariance /= std[:, None]
    covariance /= std
    values, vectors = np.linalg.eigh(covariance)
    del covariance
    check_definite(values)
    limit = EIGENVALUE_SLACK * (len(varying) + 32 + math.sqrt(comoments.count)) * float(np.finfo(np.float64).eps)
    first = int(np.count_nonzero(values <= limit * values[-1]))
    involved = np.zeros(features, np.bool_)
    involved[varying] = (np.abs(vectors[:, :first]) > INVOLVED).any(axis=1)
    factor = vectors[:, first:]
    factor *= np.sqrt(values[first:])
    factor *= std[:, None]
    # Without full_matrices=False, LAPACK would also compute singular vectors that are not needed.
    found, roots, _ = np.linalg.svd(factor, full_matrices=False)
    found = found.T
    found *= np.where(found[np.arange(len(roots)), np.abs(found).argmax(axis=1)] < 0, -1.0, 1.0)[:, None]
    refined = _refine(found, factor, roots) if roots[0] > ALIKE * roots[-1] else (found, found)
    directions, projections, loadings = (_spread(each, varying, features) for each in (found, *refined))
    return Spectrum(directions, projections, loadings, roots * roots, constant, absent, first, involved)


def _refine(directions: Floats, factor: Floats, roots: Floats) -> tuple[Floats, Floats]:
    """Returns the projections and the loadings of directions (R, V), the singular vectors of `factor` (V, R).

    LAPACK's error of a direction is relative to its length, so a direction of small variance has a share of those with
    large ones. The right projections turn a sample into R uncorrelated values of variance 1, and so turn `factor` into
    an orthogonal matrix. Gram-Schmidt in the order of the variances makes it one (QR). This takes the shares away and
    leaves the directions of large variance as they are.
    """
    weights = directions / roots[:, None]
    turned = weights @ factor
    for _ in range(MAX_ROUNDS):
        if np.abs(turned @ turned.T - np.eye(len(roots))).max() <= ORTHONORMAL:
            break
        upper: Floats = np.asarray(np.linalg.qr(turned.T, mode="r"))
        upper *= np.where(upper.diagonal() < 0, -1.0, 1.0)[:, None]
        _solve_lower(upper.T, weights)
        turned = weights @ factor
    return weights * roots[:, None], (turned @ factor.T) / roots[:, None]


def _solve_lower(lower: Floats, right: Floats) -> None:
    """Solves `lower @ x = right` in place, from the first row to the last.

    A general solver would exchange rows, and so add small directions to large ones.
    """
    step = 64
    for top in range(0, len(right), step):
        block = right[top : top + step]
        block -= lower[top : top + step, :top] @ right[:top]
        for index, row in enumerate(lower[top : top + step]):
            block[index] -= row[top : top + index] @ block[:index]
            block[index] /= row[top + index]


def _spread(directions: Floats, varying: NDArray[np.intp], features: int) -> Floats:
    """Returns the directions of some features as those of all, 0 for the others; the same array if no others exist."""
    if directions.shape[1] == features:
        return directions
    spread = np.zeros((len(directions), features))
    spread[:, varying] = directions
    return spread
