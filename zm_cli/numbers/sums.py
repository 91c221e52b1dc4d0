"""Sums: what the kernels find for the columns of an array, and the exact steps that they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from zm_cli.numbers.moments.integer_sums import IntegerSums
    from zm_cli.numbers.moments.weights import WeightSums

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Sums:
    """The sums of a block of rows, arrays with one entry per column; `tail` is what rounding dropped from `mean`.

    A column without a counted value has the mean and m2 0, min inf and max -inf. `integers` are the exact sums behind
    mean and m2 if the values are 8- or 16-bit integers, else None. `weights` are the sums of the weights of the values,
    None where all count alike.
    """

    count: Counts
    mean: Floats
    tail: Floats
    m2: Floats
    min: Floats
    max: Floats
    missing: Counts
    integers: IntegerSums | None = None
    weights: WeightSums | None = None


def two_sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """The rounded sum of two arrays and exactly what the rounding dropped (Knuth, TAOCP 2, 4.2.2)."""
    total = a + b
    back = total - a
    return total, (a - (total - back)) + (b - back)


def round_mean(total: NDArray[Any], count: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The integer q nearest to total / count, 0 for no values, and the residue total - count * q."""
    present = np.maximum(count, 1)
    nearest = (2 * total + present) // (2 * present)
    return nearest, total - count * nearest


def correct_mean(
    count: Counts, center: NDArray[Any], residual: NDArray[Any], square: Floats
) -> tuple[Floats, Floats, Floats]:
    """The mean, its tail and m2 of `count` values each, 0 for none.

    They follow from the sums of the deviations from `center`, which is `residual`, and of their squares.
    """
    present = np.maximum(count, 1)
    offset = residual.astype(np.float64)
    mean, tail = two_sum(center.astype(np.float64), offset / present)
    return mean, tail, np.maximum(square - offset * offset / present, 0.0)


def find_constant(count: Counts, mean: Floats, variance: Floats) -> NDArray[np.bool_]:
    """Which features vary no more than rounding does: `var <= n*eps*var + (n*mean*eps)**2`.

    The rule and its bound are those of scikit-learn's `StandardScaler`; features without a value are not constant.
    """
    eps = np.finfo(np.float64).eps
    with np.errstate(invalid="ignore", over="ignore"):
        bound = count * eps * variance + (count * mean * eps) ** 2
    return np.asarray((variance <= bound) & (count > 0))


def complete_sums(
    rows: int | Counts,
    count: Counts,
    moments: tuple[Floats, Floats, Floats],
    low: NDArray[Any],
    high: NDArray[Any],
    integers: IntegerSums | None = None,
) -> Sums:
    """The Sums of columns of `rows` values each, of which `count` are not missing; `moments` are mean, tail and m2."""
    mean, tail, m2 = moments
    counts = np.broadcast_to(count, mean.shape).astype(np.int64)
    none = counts == 0
    low, high = np.where(none, np.inf, low.astype(np.float64)), np.where(none, -np.inf, high.astype(np.float64))
    return Sums(counts, mean, tail, m2, low, high, rows - counts, integers)
