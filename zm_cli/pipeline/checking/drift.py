"""Compares distributions of new data with those of training data: shifts of quantiles, and stability indices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zm_cli.numbers.sketch.leading_bits import Counted, find_bounds
from zm_cli.numbers.sketch.sketch import Sketch
from zm_cli.numbers.sums import Counts, Floats

PROBABILITIES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""The quantiles that are compared. More extreme ones vary too much by chance in a few samples."""
BINS = 10
"""The number of bins of a stability index if none holds a single value: each has a tenth of the training values."""
PSEUDOCOUNT = 0.5
"""Added to the count of each bin, so that an empty one has a logarithm (Jeffreys' prior)."""
NOISE_STDS = 3.0
"""How many standard deviations above its mean by chance a stability index may be."""


@dataclass(frozen=True)
class QuantileShift:
    """The largest shift of a quantile of each feature, in units of `scale`, and the `probability` of that quantile.

    `scale` is the interquartile range of the training data. If that is 0, it is the distance between their quantiles 5%
    and 95%; if that is 0, too, their standard deviation. `size` is infinite if a quantile of constant training data
    has moved, and NaN without values. All have the shape (features,).
    """

    size: Floats
    probability: Floats
    scale: Floats


def measure_shift(new: Floats, old: Floats, old_std: Floats) -> QuantileShift:
    """Returns the largest shift of the quantiles at PROBABILITIES.

    The quantiles of both have the shape (PROBABILITIES, features); `old_std` (features,) are the standard deviations of
    the training data.
    """
    scale = _find_distance(old, 0.25, 0.75)
    for wider in (_find_distance(old, 0.05, 0.95), old_std):
        scale = np.where(scale == 0, wider, scale)
    gap = np.abs(new - old)
    with np.errstate(divide="ignore", invalid="ignore"):
        shifts = np.where(gap == 0, 0.0, gap / scale)
    known = ~np.isnan(shifts).any(axis=0)
    largest = np.argmax(np.where(known, shifts, 0.0), axis=0)
    size = np.take_along_axis(shifts, largest[np.newaxis], axis=0)[0]
    probability = np.array(PROBABILITIES)[largest]
    return QuantileShift(*(np.where(known, each, np.nan) for each in (size, probability, scale)))


def _find_distance(quantiles: Floats, low: float, high: float) -> Floats:
    """Returns the distance between two of the quantiles at PROBABILITIES, shape (features,)."""
    distance: Floats = quantiles[PROBABILITIES.index(high)] - quantiles[PROBABILITIES.index(low)]
    return distance


@dataclass(frozen=True)
class Stability:
    """The population stability index of each feature, and how much chance may add to it; both of shape (features,)."""

    index: Floats
    noise: Floats


def measure_stability(new: Sketch, old: Sketch, samples: tuple[int, int]) -> Stability:
    """Returns how differently the values of two sketches fall into bins that are cut at the deciles of the `old` one.

    If a tenth of the old values or more are equal, they are a bin of their own; equal deciles are one cut. New values
    that fall into no bin are counted in one more. The index is `sum((q - p) * log(q / p))` over the bins, where `p` and
    `q` are the shares of the old and the new values (Siddiqi 2006, "Credit Risk Scorecards"). NaN for a feature without
    values in one of the two.

    If n and m values are drawn from the same distribution, the index is distributed as `(1/n + 1/m)` times chi squared
    with one degree of freedom less than there are bins (Yurdakul 2018, "Statistical properties of population stability
    index"). `noise` is the mean of that plus NOISE_STDS times its standard deviation. The values of one sample depend
    on each other, so no more of them count as independent than there are `samples`, of the new and of the old data.
    """
    pairs = zip(new.split(), old.split(), strict=True)
    index, noise = np.full(new.sizes.size, np.nan), np.zeros(new.sizes.size)
    for feature, (found, trained) in enumerate(pairs):
        if not (len(found.counts) and len(trained.counts)):
            continue
        dropped_bits = max(found.dropped_bits, trained.dropped_bits)
        bins = _Bins.of(_coarsen(trained, dropped_bits))
        counts = [bins.count(_coarsen(each, dropped_bits)) for each in (found, trained)]
        if not counts[0][-1]:
            counts = [count[:-1] for count in counts]
        independent = [min(float(count.sum()), most) for count, most in zip(counts, samples, strict=True)]
        new_share, old_share = ((count + PSEUDOCOUNT) / (count + PSEUDOCOUNT).sum() for count in counts)
        index[feature] = float(((new_share - old_share) * np.log(new_share / old_share)).sum())
        freedom = len(counts[0]) - 1
        noise[feature] = (freedom + NOISE_STDS * np.sqrt(2 * freedom)) * sum(1 / number for number in independent)
    return Stability(index, noise)


def _coarsen(counted: Counted, dropped_bits: int) -> Counted:
    """Returns the same values with `dropped_bits` bits dropped, at least as many as before.

    Two features with the same number of dropped bits have the same buckets.
    """
    if dropped_bits == counted.dropped_bits:
        return counted
    bounds, buckets = np.unique(find_bounds(counted.bounds, np.array(dropped_bits)), return_inverse=True)
    counts = np.bincount(buckets.ravel(), weights=counted.counts).astype(np.int64)
    return counted._replace(dropped_bits=dropped_bits, bounds=bounds, counts=counts)


@dataclass(frozen=True)
class _Bins:
    """The smallest bucket of each bin, and which bins are a single bucket; all others reach to the next bin."""

    starts: Floats
    single: NDArray[np.bool_]

    @classmethod
    def of(cls, trained: Counted) -> _Bins:
        """Returns the bins of the training values."""
        counts, total = trained.counts, int(trained.counts.sum())
        decile = BINS * (np.cumsum(counts) - counts) // total
        heavy = BINS * counts >= total
        begins = np.ones(len(counts), bool)
        begins[1:] = (decile[1:] != decile[:-1]) | heavy[1:] | heavy[:-1]
        return cls(trained.bounds[begins], heavy[begins])

    def count(self, found: Counted) -> Counts:
        """Returns how many values lie in each bin, and last how many in none; the first bin has no lower end."""
        bins = np.maximum(np.searchsorted(self.starts, found.bounds, side="right") - 1, 0)
        bins[self.single[bins] & (self.starts[bins] != found.bounds)] = len(self.starts)
        return np.bincount(bins, weights=found.counts, minlength=len(self.starts) + 1).astype(np.int64)
