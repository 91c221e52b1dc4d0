"""The quantiles of features for some percents, from statistics that hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zm_cli.inputs.option_text import to_probability
from zm_cli.statistics.quantiles import Quantiles

if TYPE_CHECKING:
    from zm_cli.numbers.sums import Floats
    from zm_cli.statsfile.stats import Stats


def find_quantiles(stats: Stats, percents: tuple[float, ...]) -> Floats:
    """Returns the quantiles of each feature for these percents (P,), shape (P, *features).

    NaN for a feature without values. The statistics must have quantiles.
    """
    found = stats.get_statistic(Quantiles)
    assert found is not None
    return found.quantile([to_probability(percent) for percent in percents])


def name_quantiles(percents: tuple[float, float]) -> str:
    """Returns two quantiles in words."""
    low, high = percents
    return f"quantiles {low:g}% and {high:g}%"
