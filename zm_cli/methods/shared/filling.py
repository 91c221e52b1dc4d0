"""The values that replace missing ones (`--impute`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zm_cli.methods.shared.percents import find_quantiles
from zm_cli.statistics.quantiles import Quantiles

if TYPE_CHECKING:
    from zm_cli.methods.shared.settings import Impute
    from zm_cli.numbers.sums import Floats
    from zm_cli.statsfile.stats import Stats


@dataclass(frozen=True)
class Filling:
    """The value that fills each feature, in the features' shape: as it is in the data, and `divided` by the divisor."""

    real: Floats
    divided: Floats


def list_needed(impute: Impute) -> tuple[str, ...]:
    """Returns the names of the optional statistics that imputing needs."""
    return (Quantiles.name,) if impute == "median" else ()


def find_filling(stats: Stats, impute: Impute, divisor: float) -> Filling | None:
    """Returns what fills missing values, for integers that are divided by `divisor`; None if they stay missing."""
    import numpy as np

    if impute is None:
        return None
    if impute == "median":
        (median,) = find_quantiles(stats, (50.0,))
        # A feature without values is filled with 0, which is also its mean.
        median = np.where(stats.moments.count > 0, median, 0.0)
        return Filling(median * divisor, median)
    if isinstance(impute, str):
        mean = stats.moments.mean
        return Filling(mean * divisor, mean)
    value = np.full_like(stats.moments.mean, impute)
    return Filling(value, value / divisor)
