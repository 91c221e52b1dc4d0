"""Quantiles, numbers of values below others, and histograms, from a sketch.

The values of a bucket are assumed to lie evenly in it; those of the first and the last bucket, between the bucket's end
and the extreme. For a bucket of equal values, that is exact.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from zm_cli.numbers.sketch.leading_bits import find_ends
from zm_cli.numbers.sketch.sketch import Sketch
from zm_cli.numbers.sums import Counts, Floats

Side = Literal["left", "right"]


def find_quantiles(sketch: Sketch, probabilities: Floats) -> Floats:
    """Returns the quantiles for probabilities (P,) from 0 to 1, shape (P, *features); NaN for a feature without values.

    They are interpolated between two values like those of NumPy's method `linear`: definition 7 of Hyndman & Fan
    (1996), "Sample Quantiles in Statistical Packages". If the sketch is exact, they have the bits of `numpy.quantile`.
    """
    some = np.flatnonzero(sketch.sizes)
    found = np.full((len(probabilities), sketch.sizes.size), np.nan)
    number = sketch.number.ravel()[some]
    index = (number - 1) * probabilities[:, np.newaxis]
    below = np.floor(index)
    # With more than 2**53 values, rounding could lead past the last one.
    first = np.minimum(below.astype(np.int64), number - 1)
    low, high = (_find_values(sketch, some, ranks) for ranks in (first, np.minimum(first + 1, number - 1)))
    share = index - below
    with np.errstate(over="ignore", invalid="ignore"):
        gap = high - low
        found[:, some] = np.where(share < 0.5, low + gap * share, high - gap * (1 - share))
    return found.reshape(len(probabilities), *sketch.shape)


def _find_values(sketch: Sketch, features: Counts, ranks: Counts) -> Floats:
    """Returns the values of some features, by their flat indices (F,), with these ranks (R, F), counted from 0."""
    starts, sizes = sketch.starts[features], sketch.sizes.ravel()[features]
    # The differences of these sums are right even if the sums of many features overflow.
    ends = np.cumsum(sketch.counts)
    before = ends[starts] - sketch.counts[starts]
    first, last = np.broadcast_to(starts, ranks.shape), np.broadcast_to(starts + sizes - 1, ranks.shape)
    # Binary search, for all features at once, for the first bucket whose values go beyond the rank.
    for _ in range(int(sizes.max(initial=0)).bit_length()):
        middle = (first + last) // 2
        beyond = ends[middle] - before > ranks
        first, last = np.where(beyond, first, np.minimum(middle + 1, last)), np.where(beyond, middle, last)
    count = sketch.counts[first]
    position = ranks - (ends[first] - before - count)
    low, high = _find_edges(sketch, features, first)
    # The extremes are values themselves; every other value lies in the middle of its share of the bucket.
    lowest, highest = first == starts, first == starts + sizes - 1
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (position + np.where(lowest, 0.0, 0.5)) / (count - np.where(lowest | highest, 0.5, 0.0))
        values: Floats = low + (high - low) * share
    return values


def _find_edges(sketch: Sketch, features: Counts, buckets: Counts) -> tuple[Floats, Floats]:
    """Returns the smallest and the largest value that buckets can hold; both have the shape of `buckets`.

    `buckets` (N, F) are indices of buckets of `features` (F,), which are flat indices.
    """
    starts, sizes, dropped_bits, lowest, highest = (
        array.ravel()[features]
        for array in (sketch.starts, sketch.sizes, sketch.dropped_bits, sketch.lowest, sketch.highest)
    )
    low = sketch.bounds[buckets]
    high = np.where(buckets == starts + sizes - 1, highest, find_ends(low, np.broadcast_to(dropped_bits, low.shape)))
    return np.where(buckets == starts, lowest, low), high


def count_below(sketch: Sketch, feature: int, values: Floats, side: Side) -> Floats:
    """Returns how many values of a feature, by its flat index, are less than each of `values`.

    With `right`, values that are equal count too. A number is whole if it is exact.
    """
    start, size = int(sketch.starts[feature]), int(sketch.sizes.flat[feature])
    if not size:
        return np.zeros(values.shape)
    buckets = np.arange(start, start + size)
    edges = _find_edges(sketch, np.array([feature]), buckets[:, np.newaxis])
    low, high = (edge[:, 0] for edge in edges)
    counts = sketch.counts[buckets]
    bucket = np.searchsorted(low, values, side) - 1
    ends = np.cumsum(counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(values >= high[bucket], 1.0, (values - low[bucket]) / (high[bucket] - low[bucket]))
    return np.where(bucket < 0, 0.0, ends[bucket] - counts[bucket] * (1 - share))


def make_histogram(sketch: Sketch, feature: int, bins: int | Floats) -> tuple[Floats, Floats]:
    """Returns how many values of a feature, by its flat index, lie in each bin, and the edges of the bins.

    `bins` are ascending edges, or a number of bins of equal width from the lowest to the highest value. As for
    `numpy.histogram`, each bin includes its lower edge, and the last one also its upper edge.
    """
    if isinstance(bins, int):
        low, high = float(sketch.lowest.flat[feature]), float(sketch.highest.flat[feature])
        low, high = (low, high) if low < high else (low - 0.5, high + 0.5) if low == high else (0.0, 1.0)
        bins = np.linspace(low, high, bins + 1)
    below = count_below(sketch, feature, bins, "left")
    below[-1:] = count_below(sketch, feature, bins[-1:], "right")
    return np.diff(below), bins
