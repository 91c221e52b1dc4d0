"""The quantiles of features for some percents, from statistics that hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zm_cli.inputs.option_text import to_probability

if TYPE_CHECKING:
    from zm_cli.numbers.statistic import Statistic
    from zm_cli.numbers.sums import Floats
    from zm_cli.statsfile.stats import Stats


def find_quantiles(stats: Stats, percents: tuple[float, ...]) -> Floats:
    """The quantiles of each feature for these percents (P,), shape (P, *features); NaN for one without values."""
    statistic: Statistic = stats.statistics["quantiles"]
    found: Floats = statistic.quantile([to_probability(percent) for percent in percents])  # type: ignore[attr-defined]
    return found


def name_quantiles(percents: tuple[float, float]) -> str:
    """Two quantiles in words."""
    low, high = percents
    return f"quantiles {low:g}% and {high:g}%"
