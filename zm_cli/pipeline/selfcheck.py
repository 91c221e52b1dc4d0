"""What a written dataset is like, known from the pass that wrote it, and whether its statistics promise that."""

from __future__ import annotations

import math

import numpy as np

from zm_cli.axes import Per
from zm_cli.kernels import Floats
from zm_cli.moments import Moments
from zm_cli.pipeline.outcome import MOST_NAMES, Written, list_names
from zm_cli.statsfile import Stats

MOST_SHIFT = 1.0
"""Promised deviations that a mean may be off, with four standard errors more where samples are few."""
MOST_RATIO = 3.0
"""How many times a deviation may be larger or smaller than promised."""
ENOUGH_SAMPLES = 30
"""Fewer say nothing about a deviation."""


def checked_per(per: Per) -> Per:
    """What is compared: each feature, but of pixels, which are too many, all together."""
    return "all" if per == "pixel" else per


def promise(stats: Stats, scale: Floats) -> Written:
    """What the statistics' own data become where their mean is taken off and they are divided by `scale`."""
    moments = stats.moments
    empty = moments.count == 0
    variance = np.where(empty, 0.0, moments.variance()) / np.square(scale.reshape(moments.mean.shape))
    if stats.per == "pixel":
        # Every pixel has the mean 0: together they vary as they do on average.
        variance = np.array([np.average(variance, weights=moments.count)])
        return Written(("all",), np.zeros(1), np.sqrt(variance))
    mean, std = (np.where(empty, np.nan, array).ravel() for array in (np.zeros_like(variance), np.sqrt(variance)))
    return Written(stats.features, mean, std)


def measured(stats: Stats, moments: Moments) -> Written:
    """What was measured of the written values."""
    names = ("all",) if stats.per == "pixel" else stats.features
    return Written(names, np.where(moments.count == 0, np.nan, moments.mean).ravel(), moments.std().ravel())


def find_broken_promise(promised: Written, found: Written, samples: int) -> str | None:
    """A sentence that names the features whose mean or deviation is not what was promised; None where all are."""
    varies = promised.std > 0
    unit = np.where(varies, promised.std, 1.0)
    with np.errstate(invalid="ignore"):
        shift = np.abs(found.mean - promised.mean) / unit
        ratio = found.std / unit
        wrong = varies & (shift > MOST_SHIFT + 4 / math.sqrt(samples))
        if samples >= ENOUGH_SAMPLES:
            wrong |= varies & ((ratio > MOST_RATIO) | (ratio < 1 / MOST_RATIO))
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
