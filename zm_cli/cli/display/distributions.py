"""What --json prints of distributions besides their state: histograms, and how many different values there are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

from zm_cli.statsfile.stats import Stats

if TYPE_CHECKING:
    from zm_cli.statistics.quantiles import Quantiles

MAX_FEATURES = 1000
"""Of more features, histograms are printed only where everything is asked for."""


def derive_distributions(stats: Stats, bins: int, *, everything: bool = False) -> dict[str, Any]:
    """Fields of the section `quantiles`, a list entry for each feature in order; nothing without quantiles.

    `distinct` is the number of different values, None where it is not known; `histogram` has `bins` bins of equal
    width from the smallest value to the largest one, None for a feature without values.
    """
    quantiles = cast("Quantiles | None", stats.statistics.get("quantiles"))
    if quantiles is None:
        return {}
    distinct = [None if math.isnan(number) else int(number) for number in quantiles.distinct().ravel()]
    derived: dict[str, Any] = {"quantiles.distinct": distinct}
    if len(distinct) <= MAX_FEATURES or everything:
        counts = stats.moments.count.ravel()
        derived["quantiles.histogram"] = [
            _draw(quantiles, index, bins) if count else None for index, count in enumerate(counts)
        ]
    return derived


def _draw(quantiles: Quantiles, feature: int, bins: int) -> dict[str, list[float]]:
    counts, edges = quantiles.histogram(feature, bins)
    return {"edges": edges.tolist(), "counts": counts.tolist()}
