"""Makes what --json prints of distributions: histograms, and how many different values there are."""

from __future__ import annotations

import math
from typing import Any

from zm_cli.statistics.quantiles import Quantiles
from zm_cli.statsfile.stats import Stats

MAX_FEATURES = 1000
"""The most features whose histograms are printed, unless everything is asked for."""


def derive_distributions(stats: Stats, bins: int, *, everything: bool = False) -> dict[str, Any]:
    """Returns fields of the section `quantiles`, with a list entry for each feature; nothing without quantiles.

    `distinct` is the number of different values, None if it is not known; `histogram` has `bins` bins of equal width
    from the smallest value to the largest one, None for a feature without values.
    """
    quantiles = stats.get_statistic(Quantiles)
    if quantiles is None:
        return {}
    counted = quantiles.count_distinct(stats.dtype, unit=stats.unit)
    distinct = [None if math.isnan(number) else int(number) for number in counted.ravel()]
    derived: dict[str, Any] = {"quantiles.distinct": distinct}
    if len(distinct) <= MAX_FEATURES or everything:
        counts = stats.moments.count.ravel()
        derived["quantiles.histogram"] = [
            _make_histogram(quantiles, index, bins) if count else None for index, count in enumerate(counts)
        ]
    return derived


def _make_histogram(quantiles: Quantiles, feature: int, bins: int) -> dict[str, list[float]]:
    counts, edges = quantiles.histogram(feature, bins)
    return {"edges": edges.tolist(), "counts": counts.tolist()}
