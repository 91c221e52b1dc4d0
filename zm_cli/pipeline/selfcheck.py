"""What a written dataset is like, known from the pass that wrote it, and whether its statistics promise that."""

from __future__ import annotations

import math

import numpy as np

from zm_cli.numbers.axes import Per
from zm_cli.numbers.kernels import Counts
from zm_cli.numbers.moments import Moments
from zm_cli.pipeline.outcome import MOST_NAMES, Written, list_names
from zm_cli.pipeline.transform import Transform
from zm_cli.statsfile.stats import Stats

MOST_SHIFT = 1.0
"""Promised deviations that a mean may be off, with four standard errors more where samples are few."""
MOST_RATIO = 3.0
"""How many times a deviation may be larger or smaller than promised."""
ENOUGH_SAMPLES = 30
"""Fewer say little about a deviation: of them, ten times as much is let pass."""
FEW_VALUES = 30
"""Fewer values say nothing about it at all."""


def checked_per(per: Per) -> Per:
    """What is compared: each feature, but of pixels, which are too many, all together."""
    return "all" if per == "pixel" else per


def promise(stats: Stats, transform: Transform) -> Written:
    """What the statistics' own data become by this transform: of mean 0 everywhere."""
    made = transform.apply_moments(stats.moments, units=False)
    variance = made.variance()
    if stats.per == "pixel":
        # Together, pixels vary as they do on average.
        weights = made.count.ravel()
        total = np.dot(np.where(weights > 0, variance.ravel(), 0.0), weights) / max(1, weights.sum())
        return Written(("all",), np.zeros(1), np.sqrt(np.array([total])))
    mean = np.where(made.count == 0, np.nan, 0.0).ravel()
    return Written(stats.features, mean, np.sqrt(variance).ravel())


def measured(stats: Stats, moments: Moments) -> Written:
    """What was measured of the written values."""
    names = ("all",) if stats.per == "pixel" else stats.features
    return Written(names, np.where(moments.count == 0, np.nan, moments.mean).ravel(), moments.std().ravel())


def find_broken_promise(promised: Written, found: Written, samples: int, values: Counts) -> str | None:
    """A sentence that names the features whose mean or deviation is not what was promised; None where all are.

    `samples` is their number, `values` that of the values of each feature.
    """
    varies = promised.std > 0
    unit = np.where(varies, promised.std, 1.0)
    with np.errstate(all="ignore"):
        shift = np.abs(found.mean - promised.mean) / unit
        ratio = found.std / unit
        wrong = varies & (shift > MOST_SHIFT + 4 / math.sqrt(samples))
        most = MOST_RATIO if samples >= ENOUGH_SAMPLES else 10 * MOST_RATIO
        wrong |= varies & (values >= FEW_VALUES) & ((ratio > most) | (ratio < 1 / most))
    places = np.flatnonzero(wrong)
    if not len(places):
        return None
    first = places[0]
    names = list_names([found.names[place] for place in places[:MOST_NAMES]], there_are=len(places))
    return (
        f"these data are not like those of the statistics: {names}; {found.names[first]} has now the mean "
        f"{found.mean[first]:.3g} and the deviation {found.std[first]:.3g}, promised were "
        f"{promised.mean[first]:.3g} and {promised.std[first]:.3g}"
    )
