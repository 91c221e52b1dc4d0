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
from zm_cli.numbers.sums import Floats

CORRELATED = 0.95
"""Two features are correlated strongly above this, by the size of their coefficient."""


@dataclass(frozen=True)
class Conditioning:
    """The condition numbers of the second moments of inputs: raw, centered and standardized.

    Infinite where the smallest eigenvalue is no more than rounding, which is where the number would be over `limit`;
    NaN where no feature is left. Raw inputs are without features that are always 0, the others without those that are
    constant: these are flat directions of the loss, in which gradient descent does not move. `dependent` says in how
    many further directions the standardized inputs do not vary, because features follow from others;
    `centered_without` and `standardized_without` are the condition numbers without these directions.
    """

    raw: float
    centered: float
    standardized: float
    dependent: int
    centered_without: float
    standardized_without: float
    limit: float


class Pair(NamedTuple):
    """Two features by their indices, and their correlation."""

    first: int
    second: int
    correlation: float


def measure_conditioning(comoments: CoMoments) -> Conditioning:
    """The condition numbers of inputs with these co-moments: three sets of eigenvalues.

    Raises DataError where no data can have these co-moments.
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
    spread = find_eigenvalues(centered)
    return Conditioning(
        raw=divide_eigenvalues(find_eigenvalues(raw)),
        centered=divide_eigenvalues(spread),
        standardized=divide_eigenvalues(values),
        dependent=dependent,
        centered_without=divide_eigenvalues(spread, dependent),
        standardized_without=divide_eigenvalues(values, dependent),
        limit=1 / _rounding(len(comoments.mean)),
    )


def find_eigenvalues(matrix: Floats) -> Floats:
    """The eigenvalues of a symmetric matrix, the smallest first; the same bits for any number of workers."""
    limit_blas()
    if not np.isfinite(matrix).all():
        return np.full(len(matrix), np.nan)
    return np.asarray(np.linalg.eigvalsh(matrix), np.float64)


def divide_eigenvalues(values: Floats, without: int = 0) -> float:
    """The largest of the eigenvalues, sorted, over the smallest, but for the first of them, `without` many.

    Infinite where the smallest is no more than rounding; NaN where there is none.
    """
    if len(values) <= without:
        return math.nan
    low, high = float(values[without]), float(values[-1])
    if math.isnan(high):
        return math.nan
    return high / low if low > _rounding(len(values)) * high else math.inf


def _rounding(features: int) -> float:
    """How large an eigenvalue can be that is 0 but for rounding, relative to the largest.

    LAPACK finds eigenvalues to a small multiple of F * eps times the largest; sums over many blocks add a little.
    """
    return (features + 32) * float(np.finfo(np.float64).eps)


def count_steps(condition: float) -> float:
    """How many steps of gradient descent make the error ten times smaller, at most; infinite for an infinite condition.

    With the best fixed step, 2 / (smallest + largest eigenvalue), each step multiplies the distance from the minimum by
    (k - 1) / (k + 1) or less (Nesterov 2004, "Introductory Lectures on Convex Optimization", theorem 2.1.15), as do
    exact line searches (Nocedal & Wright 2006, "Numerical Optimization", theorem 3.3, in the norm of the loss). For
    large k that is k * ln(10) / 2 steps.
    """
    if not math.isfinite(condition):
        return condition
    if condition <= 1:
        return 1.0
    # log1p, because the quotient is 1 but for rounding where k is large.
    return max(1.0, math.log(10) / math.log1p(2 / (condition - 1)))


def find_correlated(correlation: Floats, above: float = CORRELATED) -> list[Pair]:
    """The pairs of features whose correlation (F, F) is beyond `above` in size, the strongest first."""
    with np.errstate(invalid="ignore"):
        first, second = np.nonzero(np.triu(np.abs(correlation) > above, 1))
    found: NDArray[np.float64] = correlation[first, second]
    order = np.argsort(-np.abs(found), kind="stable")
    return [Pair(int(first[index]), int(second[index]), float(found[index])) for index in order]
