"""The quantiles of features for some percents, from statistics that hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zm_cli.numbers.statistic import Statistic
    from zm_cli.numbers.sums import Floats
    from zm_cli.statsfile.stats import Stats


def find_quantiles(stats: Stats, percents: tuple[float, ...]) -> Floats:
    """The quantiles of each feature for these percents (P,), shape (P, *features); NaN for one without values."""
    import numpy as np

    statistic: Statistic = stats.statistics["quantiles"]
    found: Floats = statistic.quantile(np.array(percents) / 100)  # type: ignore[attr-defined]
    return found


def name_quantiles(percents: tuple[float, float]) -> str:
    """Two quantiles in words."""
    low, high = percents
    return f"quantiles {low:g}% and {high:g}%"
