"""ColumnMoments: what the kernels find for the columns of an array, and the steps that sums and merges share."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from zm_cli.numbers.moments.integer_sums import IntegerSums
    from zm_cli.numbers.moments.weights import WeightSums

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ColumnMoments:
    """The moments of each column of an array: arrays of the same shape, with an entry per column.

    `count` values were counted and `missing` ones left out. `m2` is the sum of squared deviations from the mean, `tail`
    is what rounding dropped from `mean`. A column without a counted value has the mean and m2 0, min inf and max -inf.
    `integer_sums` are the exact sums behind mean and m2 if the values are 8- or 16-bit integers, else None. `weights`
    are the sums of the weights of the values, None if all values have the same weight.
    """

    count: Counts
    mean: Floats
    tail: Floats
    m2: Floats
    min: Floats
    max: Floats
    missing: Counts
    integer_sums: IntegerSums | None = None
    weights: WeightSums | None = None


ARRAY_FIELDS = tuple(field.name for field in fields(ColumnMoments) if field.default is MISSING)
"""The names of the arrays that moments always have."""


def two_sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Returns the rounded sum of two arrays and exactly what the rounding dropped (Knuth, TAOCP 2, 4.2.2)."""
    total = a + b
    back = total - a
    return total, (a - (total - back)) + (b - back)


def merge_means(
    mine: tuple[Floats, Floats], theirs: tuple[Floats, Floats], share: Floats | float
) -> tuple[Floats, Floats, Floats]:
    """Returns the mean of two parts together, its tail, and the difference of their means.

    Each part is a mean and its tail. `share` is the share of the second part in the number of values, or in the sum of
    their weights. The tail collects what each rounding of the mean drops.
    """
    gap, gap_tail = two_sum(theirs[0], -mine[0])
    gap = gap + (gap_tail + (theirs[1] - mine[1]))
    mean, rounding = two_sum(mine[0], gap * share)
    mean, tail = two_sum(mean, rounding + mine[1])
    return mean, tail, gap


def map_mean(
    mean: Floats, tail: Floats, factor: Floats | float, offset: Floats, counted: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Returns the mean, and its tail, of `x * factor + offset`; both are 0 for features that are not `counted`."""
    mapped, rounding = two_sum(mean * factor, offset)
    mapped, rounding = two_sum(mapped, rounding + tail * factor)
    return np.where(counted, mapped, 0.0), np.where(counted & np.isfinite(rounding), rounding, 0.0)


def round_mean(total: NDArray[Any], count: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Returns the integer q nearest to total / count, 0 for no values, and the residue total - count * q."""
    present = np.maximum(count, 1)
    nearest = (2 * total + present) // (2 * present)
    return nearest, total - count * nearest


def correct_mean(
    count: Counts, center: NDArray[Any], residual: NDArray[Any], square: Floats
) -> tuple[Floats, Floats, Floats]:
    """Returns the mean, its tail and m2 of `count` values each; all are 0 for no values.

    They follow from the sum of the deviations from `center`, which is `residual`, and the sum of their squares,
    `square`.
    """
    present = np.maximum(count, 1)
    offset = residual.astype(np.float64)
    mean, tail = two_sum(center.astype(np.float64), offset / present)
    return mean, tail, np.maximum(square - offset * offset / present, 0.0)


def find_constant(count: Counts, mean: Floats, variance: Floats) -> NDArray[np.bool_]:
    """Returns which features vary no more than rounding does: `var <= n*eps*var + (n*mean*eps)**2`.

    The rule and its bound are those of scikit-learn's `StandardScaler`; features without a value are not constant.
    """
    eps = np.finfo(np.float64).eps
    with np.errstate(invalid="ignore", over="ignore"):
        bound = count * eps * variance + (count * mean * eps) ** 2
    return np.asarray((variance <= bound) & (count > 0))


def complete_moments(
    rows: int | Counts,
    count: Counts,
    moments: tuple[Floats, Floats, Floats],
    low: NDArray[Any],
    high: NDArray[Any],
    integer_sums: IntegerSums | None = None,
) -> ColumnMoments:
    """Returns the moments of columns of `rows` values each, of which `count` are not missing.

    `moments` are mean, tail and m2. The extremes `low` and `high` are those of the values that are not missing, of any
    dtype.
    """
    mean, tail, m2 = moments
    counts = np.broadcast_to(count, mean.shape).astype(np.int64)
    none = counts == 0
    low, high = np.where(none, np.inf, low.astype(np.float64)), np.where(none, -np.inf, high.astype(np.float64))
    return ColumnMoments(
        count=counts,
        mean=mean,
        tail=tail,
        m2=m2,
        min=low,
        max=high,
        missing=rows - counts,
        integer_sums=integer_sums,
    )
