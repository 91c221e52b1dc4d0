"""Leading bits: the floats that agree in all but their lowest bits are a bucket; here values are counted by buckets.

Floats are ordered as the bits of their sign, exponent and fraction are. So the bits that are left when the lowest ones
are dropped cut the floats into intervals, and a bit less joins two neighbours. No logarithm is taken: every machine
finds the same buckets. A bucket is given by its smallest float; with no bit dropped, it is that value itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.numbers.sums import Counts, Floats

MOST_BUCKETS = 4096
"""The most buckets of a feature."""
MOST_DROPPED = 52
"""The most bits that are ever dropped: sign and exponent are left, which have MOST_BUCKETS values."""

_FRACTION = 52
"""The bits of a float64 below its sign and exponent."""
_TABLE_BITS = 17
"""A table of counts has at most 2**17 entries, which stay in a core's cache."""
_FEW = 4096
"""So many values are looked at first, where all may be equal to one of few."""

Bits = NDArray[np.uint64]


@dataclass(frozen=True)
class Buckets:
    """The buckets of some features, one after another.

    `sizes` and `shift` (features,) are the number of buckets of each feature, and how many bits are dropped; `bounds`
    and `counts` (total,) the smallest float of each bucket, ascending in each feature, and how many values it holds.
    """

    sizes: Counts
    shift: Counts
    bounds: Floats
    counts: Counts


def find_bounds(values: Floats, shift: NDArray[Any]) -> Floats:
    """The smallest float of the bucket of each value, where `shift` bits are dropped; both of one shape.

    For what is not finite, it is not finite either.
    """
    bits, dropped = values.view(np.int64), (np.int64(1) << shift) - 1
    # The larger the bits of a negative float, the smaller it is.
    return np.where(bits < 0, bits | dropped, bits & ~dropped).view(np.float64)


def find_ends(bounds: Floats, shift: NDArray[Any]) -> Floats:
    """The largest float of the buckets that begin at `bounds`, where `shift` bits are dropped; both of one shape.

    It is 0 for the bucket that begins at 0, which holds nothing else but numbers too small to matter.
    """
    bits, dropped = bounds.view(np.int64), (np.int64(1) << shift) - 1
    ends = np.where(bits < 0, bits & ~dropped, bits | dropped).view(np.float64)
    return np.where(bounds == 0, 0.0, ends)


def gather(bounds: Floats, counts: Counts, shift: Counts) -> Buckets:
    """The buckets that hold so many values of each bucket, where `shift` bits or more are dropped.

    `bounds` and `counts` have the shape (features, buckets): in any order, some of them equal, and NaN with the count 0
    where there is no bucket. `shift` has the shape (features,).
    """
    order = np.argsort(bounds, axis=1, kind="stable")
    order += np.arange(len(bounds))[:, np.newaxis] * bounds.shape[1]
    return gather_sorted(bounds.take(order), counts.take(order), shift)


def gather_sorted(bounds: Floats, counts: Counts, shift: Counts) -> Buckets:
    """What `gather` returns, of buckets that ascend in each feature, NaN last."""
    apart = _tell_apart(bounds)
    if apart.shape[1] > MOST_BUCKETS:
        shift = shift.copy()
        for row in np.flatnonzero(np.count_nonzero(apart, axis=1) > MOST_BUCKETS):
            # One that is too many begins where the values before it agree in all bits but these.
            last = np.partition(apart[row], -1 - MOST_BUCKETS)[-1 - MOST_BUCKETS]
            shift[row] = max(int(shift[row]), int(last).bit_length())
    begins = apart >= (np.uint64(1) << shift.astype(np.uint64))[:, np.newaxis]
    sizes = np.count_nonzero(begins, axis=1)
    first = np.flatnonzero(begins)
    # How many values there are before each bucket: differences are right even where the sums overflow.
    before = np.cumsum(np.concatenate([counts.ravel(), [0]]))
    before = np.append(before[first] - counts.take(first), before[-1])
    return Buckets(sizes, shift, find_bounds(bounds.take(first), np.repeat(shift, sizes)), np.diff(before))


def _tell_apart(values: Floats) -> Bits:
    """The bits in which each value differs from the one before it; all for the first of a row, none for NaN."""
    bits = values.view(np.uint64)
    apart = np.empty_like(bits)
    apart[:, :1] = np.iinfo(np.uint64).max
    np.bitwise_xor(bits[:, 1:], bits[:, :-1], out=apart[:, 1:])
    apart[~np.isfinite(values)] = 0
    return apart


def count_values(values: Floats, low: float, high: float) -> Buckets:
    """The buckets of one feature, which has these values (M,), all finite and none -0.0, from `low` to `high`.

    The bits are read from the highest on, some more at a time, until the buckets are too many, or each holds equal
    values: counting in a table is faster than sorting.
    """
    bits = values.view(np.uint64)
    prefixes, more, shift, keys = _read_exponents(values, low, high)
    while True:
        table = np.bincount(keys, minlength=len(prefixes) << more)
        full = False
        while np.count_nonzero(table) > MOST_BUCKETS:
            table = table[::2] + table[1::2]
            shift, more, full = shift + 1, more - 1, True
        found = np.flatnonzero(table > 0)
        prefixes = (prefixes[found >> more] << np.uint64(more)) | (found & ((1 << more) - 1)).view(np.uint64)
        if full or not shift:
            break
        positions = np.empty(len(table), np.int64)
        positions[found] = np.arange(len(found))
        index = positions[keys]
        same = _find_same(bits, index, len(found))
        if same is not None:
            prefixes, shift = same, 0
            break
        more = min(shift, _TABLE_BITS - len(prefixes).bit_length())
        shift -= more
        index <<= more
        keys = ((bits >> np.uint64(shift)) & np.uint64((1 << more) - 1)).view(np.int64)
        keys |= index
    first, counts = (prefixes << np.uint64(shift)).view(np.float64), table[found]
    # The bits of negative floats come last, and the larger they are, the smaller is the float.
    positive = len(first) - np.count_nonzero(np.signbit(first))
    first, counts = (np.concatenate([each[positive:][::-1], each[:positive]]) for each in (first, counts))
    return Buckets(np.array([len(first)]), np.array([shift]), find_bounds(first, np.array([shift])), counts)


def _read_exponents(values: Floats, low: float, high: float) -> tuple[Bits, int, int, Counts]:
    """The signs and exponents of values between `low` and `high`, as the bits of their prefixes, and what follows.

    That is how many more bits are read, how many are left then, and for each value (M,) the index of its prefix with
    these bits.
    """
    sizes = values if low >= 0 else np.abs(values)
    least, most = (_read_bits(size) for size in ((low if low >= 0 else float(sizes.min())), max(abs(low), abs(high))))
    exponents = np.arange(least >> _FRACTION, (most >> _FRACTION) + 1, dtype=np.uint64)
    signs = 1 if low >= 0 else 2
    more = _TABLE_BITS - (signs * len(exponents)).bit_length()
    shift = _FRACTION - more
    keys = (sizes.view(np.uint64) >> np.uint64(shift)).view(np.int64)
    keys -= int(exponents[0]) << more
    if signs == 2:
        keys += (values < 0) * (len(exponents) << more)
        exponents = np.concatenate([exponents, exponents | np.uint64(1 << 11)])
    return exponents, more, shift, keys


def _read_bits(value: float) -> int:
    return int(np.float64(value).view(np.uint64))


def _find_same(bits: Bits, index: Counts, number: int) -> Bits | None:
    """The value of each of `number` groups, where all values of a group are equal; else None.

    `index` is the group of each value.
    """
    same = np.zeros(number, np.uint64)
    for some in (slice(_FEW), slice(None)):
        same[index[some]] = bits[some]
        if (same[index[some]] != bits[some]).any():
            return None
    return same
