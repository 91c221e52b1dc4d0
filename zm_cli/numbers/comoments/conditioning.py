"""Conditioning: how elongated the valley of a linear layer's squared loss is, and which features are correlated.

The loss is quadratic in the weights, and its second derivatives are the second moments of the inputs. The condition
number of that matrix, its largest eigenvalue over its smallest, decides how fast gradient descent goes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zm_cli.numbers.blas import limit_blas
from zm_cli.numbers.comoments.comoments import CoMoments
from zm_cli.numbers.comoments.definite import check_definite
from zm_cli.numbers.comoments.spectrum import INVOLVED
from zm_cli.numbers.sums import Floats

CORRELATED = 0.95
"""Two features are strongly correlated if the magnitude of their correlation is larger."""


@dataclass(frozen=True)
class Conditioning:
    """The condition numbers of the second moments of inputs: raw, centered and standardized.

    A number is infinite if the smallest eigenvalue is no more than a rounding error, so that the number would be over
    `limit`; NaN if no feature is left. Features that are always 0 are left out of raw inputs, constant features out of
    the others: they are flat directions of the loss, in which gradient descent does not move. In `dependent` more
    directions, the standardized inputs do not vary, because some features are combinations of others: those with the
    indices `involved`. `centered_without` and `standardized_without` are the condition numbers without these
    directions.
    """

    raw: float
    centered: float
    standardized: float
    dependent: int
    involved: tuple[int, ...]
    centered_without: float
    standardized_without: float
    limit: float


class Pair(NamedTuple):
    """Two features by their indices, and their correlation."""

    first: int
    second: int
    correlation: float


def measure_conditioning(comoments: CoMoments) -> Conditioning:
    """Returns the condition numbers of inputs with these co-moments, from the eigenvalues of three matrices.

    Raises FieldError if no data can have these co-moments.
    """
    raw, centered, standardized = comoments.second_moment(), comoments.covariance(), comoments.correlation()
    varies = np.isfinite(standardized.diagonal())
    some = raw.diagonal() > 0
    raw, centered, standardized = (
        raw[np.ix_(some, some)],
        *(matrix[np.ix_(varies, varies)] for matrix in (centered, standardized)),
    )
    values = find_eigenvalues(standardized)
    check_definite(values)
    dependent = int(np.count_nonzero(values <= _rounding(len(values)) * values.max(initial=0.0)))
    involved = np.flatnonzero(varies)[_find_involved(standardized, dependent)]
    spread = find_eigenvalues(centered)
    return Conditioning(
        raw=divide_eigenvalues(find_eigenvalues(raw)),
        centered=divide_eigenvalues(spread),
        standardized=divide_eigenvalues(values),
        dependent=dependent,
        involved=tuple(involved.tolist()),
        centered_without=divide_eigenvalues(spread, dependent),
        standardized_without=divide_eigenvalues(values, dependent),
        limit=1 / _rounding(len(comoments.mean)),
    )


def find_eigenvalues(matrix: Floats) -> Floats:
    """Returns the eigenvalues of a symmetric matrix, the smallest first; the same bits for any number of workers."""
    limit_blas()
    if not np.isfinite(matrix).all():
        return np.full(len(matrix), np.nan)
    return np.asarray(np.linalg.eigvalsh(matrix), np.float64)


def _find_involved(correlation: Floats, dependent: int) -> NDArray[np.bool_]:
    """Returns which features have a part in the directions of the `dependent` smallest eigenvalues, shape (F,)."""
    if not dependent:
        return np.zeros(len(correlation), np.bool_)
    _, vectors = np.linalg.eigh(correlation)
    return np.asarray((np.abs(vectors[:, :dependent]) > INVOLVED).any(axis=1))


def divide_eigenvalues(values: Floats, without: int = 0) -> float:
    """Returns the largest eigenvalue over the smallest.

    `values` are sorted, the smallest first; the first `without` of them do not count. The quotient is infinite if the
    smallest is no more than a rounding error, and NaN if no eigenvalue is left.
    """
    if len(values) <= without:
        return math.nan
    low, high = float(values[without]), float(values[-1])
    if math.isnan(high):
        return math.nan
    return high / low if low > _rounding(len(values)) * high else math.inf


def _rounding(features: int) -> float:
    """Returns how large rounding can make an eigenvalue of 0, relative to the largest one.

    The errors of LAPACK's eigenvalues are a small multiple of F * eps times the largest; sums over many blocks add a
    little.
    """
    return (features + 32) * float(np.finfo(np.float64).eps)


def count_steps(condition: float) -> float:
    """Returns how many steps of gradient descent at most make the error ten times smaller; infinite for infinity.

    With the best fixed step, 2 / (smallest + largest eigenvalue), each step multiplies the distance from the minimum by
    (k - 1) / (k + 1) or less (Nesterov 2004, "Introductory Lectures on Convex Optimization", theorem 2.1.15). So does
    each step of exact line search (Nocedal & Wright 2006, "Numerical Optimization", theorem 3.3, in the norm of the
    loss). For large k, the number is k * ln(10) / 2.
    """
    if not math.isfinite(condition):
        return condition
    if condition <= 1:
        return 1.0
    # log1p, because the quotient is rounded to 1 if k is large.
    return max(1.0, math.log(10) / math.log1p(2 / (condition - 1)))


def find_correlated(correlation: Floats, above: float = CORRELATED) -> list[Pair]:
    """Returns the pairs of features whose correlation (F, F) has a magnitude over `above`, the strongest first."""
    with np.errstate(invalid="ignore"):
        first, second = np.nonzero(np.triu(np.abs(correlation) > above, 1))
    found: NDArray[np.float64] = correlation[first, second]
    order = np.argsort(-np.abs(found), kind="stable")
    return [Pair(int(first[index]), int(second[index]), float(found[index])) for index in order]
