"""Compares a written dataset with what its statistics predict."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from zm_cli.inputs.name_lists import MAX_NAMES, quote_few
from zm_cli.inputs.standard_input import name_input
from zm_cli.numbers.axes import Per
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.sums import Counts
from zm_cli.pipeline.applying.summary import describe_done
from zm_cli.pipeline.options import ApplyOptions
from zm_cli.pipeline.outcome import Outcome, Written
from zm_cli.statsfile.stats import Stats
from zm_cli.transforms.affine import AffineTransform
from zm_cli.transforms.base import Transform

MAX_SHIFT = 1.0
"""How far a mean may be off, in expected standard deviations; four standard errors are added to it."""
MAX_RATIO = 3.0
"""How many times a standard deviation may be larger or smaller than expected."""
ENOUGH_SAMPLES = 30
"""With fewer samples, MAX_RATIO is ten times as high."""
FEW_VALUES = 30
"""With fewer values, standard deviations are not compared."""


def choose_checked_per(per: Per) -> Per:
    """Returns how values are compared: by feature, but all pixels together, because they are too many."""
    return "all" if per == "pixel" else per


def check_written(stats: Stats, transform: Transform, moments: Moments | None, outcome: Outcome) -> None:
    """Records what was written, and warns if it is not as expected; `moments` is None if it is known to be."""
    expected = expect_written(stats, transform)
    if moments is None:
        outcome.written = expected
        return
    outcome.written = describe_written(stats, moments)
    if expected is None:
        return
    if warning := find_unexpected(expected, outcome.written, outcome.samples, moments.count.ravel()):
        outcome.warn(warning)


def check_undone(
    stats: Stats, forward: Transform, options: ApplyOptions, path: str, moments: Moments, outcome: Outcome
) -> None:
    """Warns if the data that an inverse was applied to were not transformed, as their moments show.

    `forward` is the transform that would have made them, with the same options.
    """
    expected, found = expect_written(stats, forward), describe_written(stats, moments)
    if expected is None:
        return
    indices = find_unlike(expected, found, outcome.samples, moments.count.ravel())
    if not len(indices):
        return
    first, done = indices[0], describe_done(options)
    outcome.warn(
        f"{name_input(path)}: does not look {done}, so --inverse may have undone a transform that was never applied: "
        f"{_name_first(found, indices)}; {_compare(expected, found, first, 'has')}"
    )


def expect_written(stats: Stats, transform: Transform) -> Written | None:
    """Returns what the data of the statistics become by this transform; None if it does not follow from their moments.

    A mean that is subtracted becomes exactly 0, unless missing values are filled with something else.
    """
    made = transform.predict_own(stats.moments)
    if made is None:
        return None
    variance = made.variance()
    center = np.where(_is_centered(stats, transform), 0.0, made.mean)
    if stats.per == "pixel":
        weights = made.count.ravel()
        every, number = np.where(weights > 0, center.ravel(), 0.0), max(1, weights.sum())
        middle = np.dot(every, weights) / number
        # The variance of all pixels together is the mean of their variances plus the variance of their means.
        spread = np.where(weights > 0, variance.ravel(), 0.0) + (every - middle) ** 2
        std = np.sqrt(np.array([np.dot(spread, weights) / number]))
        ends = np.array([made.min.min()]), np.array([made.max.max()])
        return Written(("all",), np.array([middle]), std, *ends)
    mean = np.where(made.count == 0, np.nan, center).ravel()
    return Written(stats.features, mean, np.sqrt(variance).ravel(), made.min.ravel(), made.max.ravel())


def _is_centered(stats: Stats, transform: Transform) -> NDArray[np.bool_]:
    """Returns which features have mean 0 after a transform of the data of the statistics, in the features' shape."""
    moments = stats.moments
    if not isinstance(transform, AffineTransform) or transform.offset:
        return np.zeros(moments.mean.shape, np.bool_)
    centered: NDArray[np.bool_] = transform.shift.reshape(moments.mean.shape) == moments.mean
    if transform.filled is not None:
        centered &= (moments.missing == 0) | (transform.filled.reshape(moments.mean.shape) == 0)
    return centered


def describe_written(stats: Stats, moments: Moments) -> Written:
    """Returns the mean, standard deviation and extremes of the written values, from their moments."""
    names = ("all",) if stats.per == "pixel" else stats.features
    mean = np.where(moments.count == 0, np.nan, moments.mean).ravel()
    return Written(names, mean, moments.std().ravel(), moments.min.ravel(), moments.max.ravel())


def find_unexpected(expected: Written, found: Written, samples: int, values: Counts) -> str | None:
    """Returns a sentence that names the features whose mean or standard deviation is not as expected; None if all are.

    `samples` is the number of samples, `values` the number of values of each feature, shape (features,).
    """
    indices = find_unlike(expected, found, samples, values)
    if not len(indices):
        return None
    return (
        f"these data are not like those of the statistics: {_name_first(found, indices)}; "
        f"{_compare(expected, found, indices[0], 'now has')}"
    )


def find_unlike(expected: Written, found: Written, samples: int, values: Counts) -> NDArray[np.intp]:
    """Returns the indices of the features whose mean or standard deviation is not as expected.

    The parameters are those of `find_unexpected`.
    """
    varies = expected.std > 0
    unit = np.where(varies, expected.std, 1.0)
    # Values that overflowed in the output's dtype are infinite.
    with np.errstate(over="ignore", invalid="ignore"):
        shift = np.abs(found.mean - expected.mean) / unit
        ratio = found.std / unit
        wrong = varies & (shift > MAX_SHIFT + 4 / math.sqrt(samples))
        most = MAX_RATIO if samples >= ENOUGH_SAMPLES else 10 * MAX_RATIO
        wrong |= varies & (values >= FEW_VALUES) & ((ratio > most) | (ratio < 1 / most))
    return np.flatnonzero(wrong)


def _name_first(found: Written, indices: NDArray[np.intp]) -> str:
    return quote_few([found.names[index] for index in indices[:MAX_NAMES]], total=len(indices))


def _compare(expected: Written, found: Written, index: np.intp, has: str) -> str:
    return (
        f"{found.names[index]} {has} mean {found.mean[index]:.3g} and std {found.std[index]:.3g}, "
        f"expected mean {expected.mean[index]:.3g} and std {expected.std[index]:.3g}"
    )
