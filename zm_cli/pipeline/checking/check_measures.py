"""Measures each feature for a check, by the statistics of the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from zm_cli.errors import DataError
from zm_cli.methods.shared.expectation import Expectation
from zm_cli.methods.shared.percents import find_quantiles
from zm_cli.numbers.blas import limit_blas
from zm_cli.numbers.sums import Counts, Floats
from zm_cli.statistics import optional_statistics
from zm_cli.statistics.covariance import Covariance
from zm_cli.statsfile.stats import Stats

if TYPE_CHECKING:
    from numpy.typing import NDArray

Measure = Callable[[Stats, Expectation], Floats]
"""Returns a number for each feature, shape (features,); NaN if it is not known."""


def measure_features(
    stats: Stats, expected: Expectation, where: str
) -> tuple[dict[str, Floats | Counts], NDArray[np.bool_]]:
    """Returns the measures by their names: those of every check and those that are expected; and which features are
    constant, so that nothing could scale them.

    All arrays have the shape (features,). Raises DataError if the statistics, which are those of the file `where`, lack
    one that is needed.
    """
    for name in expected.requires:
        if name not in stats.statistics:
            option = optional_statistics()[name].option
            hint = (
                None if option is None else f"make it with zm stats {' '.join([option.spelling, *option.suggestions])}"
            )
            raise DataError(f"holds no {name}, which this check needs", where=where, hint=hint)
    moments, empty = stats.moments, stats.moments.count.ravel() == 0
    mean, std = MEASURES["mean"](stats, expected), MEASURES["std"](stats, expected)
    constant = ~empty & (MEASURES[expected.constant](stats, expected) <= expected.noise)
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.abs(mean) / np.where(constant | (std == 0), 1.0, std)
    basic: dict[str, Floats | Counts] = {
        "count": moments.count.ravel(),
        "missing": moments.missing.ravel(),
        "mean": mean,
        "std": std,
        "shift": shift,
    }
    others = (target.measure for target in expected.targets if target.measure not in basic)
    return basic | {name: np.where(empty, np.nan, MEASURES[name](stats, expected)) for name in others}, constant


def count_equal_quantiles(stats: Stats, expected: Expectation, constant: NDArray[np.bool_]) -> int:
    """Returns how many of the `constant` features (features,) vary, but have equal quantiles, which could not scale
    them."""
    if expected.percents is None:
        return 0
    return int((constant & (MEASURES["extent"](stats, expected) > expected.noise)).sum())


def _mean(stats: Stats, expected: Expectation) -> Floats:
    return np.where(stats.moments.count == 0, np.nan, stats.moments.mean).ravel()


def _std(stats: Stats, expected: Expectation) -> Floats:
    return stats.moments.std(expected.ddof).ravel()


def _largest(stats: Stats, expected: Expectation) -> Floats:
    return np.maximum(np.abs(stats.moments.min), np.abs(stats.moments.max)).ravel()


def _variation(stats: Stats, expected: Expectation) -> Floats:
    """Returns the largest magnitude; 0 for a feature that varies no more than rounding does."""
    return np.where(stats.moments.constant().ravel(), 0.0, _largest(stats, expected))


def _extent(stats: Stats, expected: Expectation) -> Floats:
    return (stats.moments.max - stats.moments.min).ravel()


def _length(stats: Stats, expected: Expectation) -> Floats:
    """Returns the root of the mean squared length of the samples, from the moments of all their values together."""
    moments = stats.moments
    squares: Floats = (moments.variance() + moments.mean**2).ravel()
    return np.sqrt(squares * moments.count.ravel() / max(stats.samples, 1))


def _covariance(stats: Stats, expected: Expectation) -> Floats:
    """Returns the covariance of all pairs of features; 0 for those without values."""
    found = stats.get_statistic(Covariance)
    assert found is not None
    return np.nan_to_num(found.comoments.covariance(expected.ddof))


def _correlated(stats: Stats, expected: Expectation) -> Floats:
    """Returns the largest magnitude of the covariances of each feature with the others."""
    covariance = np.abs(_covariance(stats, expected))
    np.fill_diagonal(covariance, 0.0)
    largest: Floats = covariance.max(axis=1)
    return largest


def _projected(stats: Stats, expected: Expectation) -> Floats:
    """Returns the largest magnitude in each feature's row of `C @ C - C`: 0 if the covariance C is a projection."""
    covariance = _covariance(stats, expected)
    limit_blas()
    largest: Floats = np.abs(covariance @ covariance - covariance).max(axis=1)
    return largest


def _quantile(which: Callable[[Expectation], float]) -> Measure:
    def measure(stats: Stats, expected: Expectation) -> Floats:
        return find_quantiles(stats, (which(expected),)).ravel()

    return measure


def _low_percent(expected: Expectation) -> float:
    assert expected.percents is not None
    return expected.percents[0]


def _high_percent(expected: Expectation) -> float:
    assert expected.percents is not None
    return expected.percents[1]


_low, _high = _quantile(_low_percent), _quantile(_high_percent)

MEASURES: Mapping[str, Measure] = {
    "mean": _mean,
    "std": _std,
    "min": lambda stats, expected: stats.moments.min.ravel(),
    "max": lambda stats, expected: stats.moments.max.ravel(),
    "largest": _largest,
    "variation": _variation,
    "extent": _extent,
    "length": _length,
    "correlated": _correlated,
    "projected": _projected,
    "low": _low,
    "median": _quantile(lambda expected: 50.0),
    "high": _high,
    "spread": lambda stats, expected: _high(stats, expected) - _low(stats, expected),
}
"""Every measure that an Expectation can name, besides `shift`: the magnitude of the mean in standard deviations."""
