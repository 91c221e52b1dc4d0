"""Leading bits: counts values in buckets. A bucket holds the floats that have all but their lowest bits in common.

Floats are ordered as the bits of their sign, exponent and fraction are. So dropping the lowest bits cuts the floats
into intervals, and dropping one more bit joins two neighbours into one. No logarithm is computed, so every machine
finds the same buckets. A bucket is named by its smallest float; if no bit is dropped, that is its only value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zm_cli.numbers.pieces import PIECE
from zm_cli.numbers.sketch.size import MAX_BUCKETS
from zm_cli.numbers.sums import Counts, Floats

MAX_DROPPED = 52
"""The most bits that are dropped: sign and exponent are left, and have fewer values than MAX_BUCKETS."""

_LEADING_BITS = 12
"""How many bits are read first: sign and exponent, or the highest bits in which values differ. 2**12 is less than
MAX_BUCKETS."""
_TABLE_BITS = 17
"""A table of counts has at most 2**17 entries, which stay in a core's cache."""
_FEW = 4096
"""The number of values in a quick first check of whether each group holds equal values."""

Bits = NDArray[np.uint64]


@dataclass(frozen=True)
class Buckets:
    """The buckets of some features, one after another.

    `sizes` and `dropped_bits` (features,) are the numbers of buckets and of dropped bits of each feature. `bounds` and
    `counts` (total,) are the smallest float of each bucket, ascending for each feature, and how many values it holds.
    """

    sizes: Counts
    dropped_bits: Counts
    bounds: Floats
    counts: Counts


def find_bounds(values: Floats, dropped_bits: NDArray[Any]) -> Floats:
    """Returns the smallest float of the bucket of each value if `dropped_bits` bits are dropped.

    All arrays have one shape. The float is not finite for values that are not finite.
    """
    bits, dropped = values.view(np.int64), (np.int64(1) << dropped_bits) - 1
    # The larger the bits of a negative float, the smaller it is.
    return np.where(bits < 0, bits | dropped, bits & ~dropped).view(np.float64)


def find_ends(bounds: Floats, dropped_bits: NDArray[Any]) -> Floats:
    """Returns the largest float of the buckets that begin at `bounds` if `dropped_bits` bits are dropped.

    All arrays have one shape. The float is 0 for the bucket that begins at 0, whose other numbers are too small to
    matter.
    """
    bits, dropped = bounds.view(np.int64), (np.int64(1) << dropped_bits) - 1
    ends = np.where(bits < 0, bits & ~dropped, bits | dropped).view(np.float64)
    return np.where(bounds == 0, 0.0, ends)


def gather(bounds: Floats, counts: Counts, dropped_bits: Counts) -> Buckets:
    """Returns the buckets of values that are already counted in finer buckets.

    `dropped_bits` bits or more are dropped; the array has the shape (features,). `bounds` and `counts` (features,
    buckets) are in any order, and some bounds may be equal; NaN with the count 0 is no bucket.
    """
    order = np.argsort(bounds, axis=1, kind="stable")
    order += np.arange(len(bounds))[:, np.newaxis] * bounds.shape[1]
    return gather_sorted(bounds.take(order), counts.take(order), dropped_bits)


def gather_sorted(bounds: Floats, counts: Counts, dropped_bits: Counts) -> Buckets:
    """Returns what `gather` returns, for buckets that ascend for each feature, NaN last."""
    apart = _tell_apart(bounds)
    if apart.shape[1] > MAX_BUCKETS:
        dropped_bits = dropped_bits.copy()
        for row in np.flatnonzero(np.count_nonzero(apart, axis=1) > MAX_BUCKETS):
            # The first bucket that is too many differs from the one before it in some bits: all of them are dropped.
            last = np.partition(apart[row], -1 - MAX_BUCKETS)[-1 - MAX_BUCKETS]
            dropped_bits[row] = max(int(dropped_bits[row]), int(last).bit_length())
    begins = apart >= (np.uint64(1) << dropped_bits.astype(np.uint64))[:, np.newaxis]
    sizes = np.count_nonzero(begins, axis=1)
    first = np.flatnonzero(begins)
    # The number of values before each bucket. The differences are right even if the sums overflow.
    before = np.cumsum(np.concatenate([counts.ravel(), [0]]))
    before = np.append(before[first] - counts.take(first), before[-1])
    return Buckets(
        sizes, dropped_bits, find_bounds(bounds.take(first), np.repeat(dropped_bits, sizes)), np.diff(before)
    )


def _tell_apart(values: Floats) -> Bits:
    """Returns the bits in which each value differs from the one before it.

    They are all bits for the first value of a row, and none for NaN.
    """
    bits = values.view(np.uint64)
    apart = np.empty_like(bits)
    apart[:, :1] = np.iinfo(np.uint64).max
    np.bitwise_xor(bits[:, 1:], bits[:, :-1], out=apart[:, 1:])
    apart[~np.isfinite(values)] = 0
    return apart


class Counted(NamedTuple):
    """The buckets of one feature, as in `Buckets`, and the extremes of its values: inf and -inf if it has none."""

    dropped_bits: int
    lowest: float
    highest: float
    bounds: Floats
    counts: Counts


def count_values(values: Floats, earlier: Sequence[Counted] = ()) -> Counted:
    """Returns the buckets of one feature with these values (M,) and the values counted in `earlier`.

    No value is -0.0. NaN and infinities are left out. Values are counted in tables, which is faster than sorting. The
    bits are read from the highest on, some at a time, until there are too many buckets, or only bits are left that were
    dropped earlier, or each bucket holds equal values.
    """
    lowest, highest = float(values.min(initial=np.inf)), float(values.max(initial=-np.inf))
    if len(values) and not (np.isfinite(lowest) and np.isfinite(highest)):
        return count_values(values[np.isfinite(values)], earlier)
    lowest = min(lowest, *(each.lowest for each in earlier), np.inf)
    highest = max(highest, *(each.highest for each in earlier), -np.inf)
    bits = np.concatenate([values, *(each.bounds for each in earlier)]).view(np.uint64)
    if not len(bits):
        return Counted(0, lowest, highest, np.zeros(0), np.zeros(0, np.int64))
    counts = np.concatenate([each.counts for each in earlier]) if earlier else None
    least = max((each.dropped_bits for each in earlier), default=0)
    # The first table may be large, as it may also be the last one.
    room = _TABLE_BITS if least else min(_TABLE_BITS, max(_LEADING_BITS + 3, len(values).bit_length()))
    prefixes, dropped_bits, more, keys = _read_leading(bits, least, room)
    while True:
        table = np.bincount(keys[: len(values)], minlength=len(prefixes) << more)
        if counts is not None:
            np.add.at(table, keys[len(values) :], counts)
        full = False
        while np.count_nonzero(table) > MAX_BUCKETS:
            table = table[::2] + table[1::2]
            dropped_bits, more, full = dropped_bits + 1, more - 1, True
        found = np.flatnonzero(table > 0)
        prefixes = (prefixes[found >> more] << np.uint64(more)) | (found & ((1 << more) - 1)).view(np.uint64)
        if full or dropped_bits == least:
            break
        positions = np.empty(len(table), np.int64)
        positions[found] = np.arange(len(found))
        index = positions.take(keys)
        same = None if least else _find_same(bits, index, len(found))
        if same is not None:
            prefixes, dropped_bits = same, 0
            break
        # At least one more bit is read, so that the loop ends.
        more = min(dropped_bits - least, max(1, room - _count_bits(len(prefixes))))
        dropped_bits -= more
        index <<= more
        keys = ((bits >> np.uint64(dropped_bits)) & np.uint64((1 << more) - 1)).view(np.int64)
        keys |= index
    first, held = (prefixes << np.uint64(dropped_bits)).view(np.float64), table[found]
    # The bits of negative floats come last, and the larger the bits, the smaller the float.
    positive = len(first) - np.count_nonzero(np.signbit(first))
    if positive < len(first):
        first, held = (np.concatenate([each[positive:][::-1], each[:positive]]) for each in (first, held))
    return Counted(dropped_bits, lowest, highest, find_bounds(first, np.array(dropped_bits)), held)


def _read_leading(bits: Bits, least: int, room: int) -> tuple[Bits, int, int, Counts]:
    """Returns the distinct leading bits of floats, called prefixes, and what the first table needs.

    These are the prefixes; the number of dropped bits, at least `least`; the number of bits between a prefix and the
    dropped bits; and for each float (M,) its entry in the table. The entry is the index of its prefix followed by the
    bits between. The table has at most 2**room entries.
    """
    low, high = int(bits.min()), int(bits.max())
    dropped = least
    while (high >> dropped) - (low >> dropped) >= 1 << _LEADING_BITS:
        dropped += 1
    start = low >> dropped
    leading = ((bits >> np.uint64(dropped)) - np.uint64(start)).view(np.int64)
    found = np.flatnonzero(np.bincount(leading) > 0)
    more = min(dropped - least, room - _count_bits(len(found)))
    prefixes = found.astype(np.uint64) + np.uint64(start)
    # The difference between the leading bits and the index of their prefix, both followed by the same bits.
    between = np.zeros(int(found[-1]) + 1, np.uint64)
    between[found] = prefixes << np.uint64(more)
    between[found] -= np.arange(0, len(found) << more, 1 << more, dtype=np.uint64)
    dropped_bits = dropped - more
    keys = bits >> np.uint64(dropped_bits)
    keys -= between.take(leading)
    return prefixes, dropped_bits, more, keys.view(np.int64)


def _count_bits(number: int) -> int:
    """Returns the number of bits in the largest index of this many entries."""
    return (number - 1).bit_length()


def _find_same(bits: Bits, index: Counts, number: int) -> Bits | None:
    """Returns the value of each of `number` groups; None unless all values of each group are equal.

    `index` (M,) is the group of each value.
    """
    same = np.zeros(number, np.uint64)
    for some in (slice(_FEW), slice(None)):
        same[index[some]] = bits[some]
        if (same[index[some]] != bits[some]).any():
            return None
    return same


def count_integers(values: NDArray[Any]) -> Counted:
    """Returns the buckets of one feature with these values (M,), bool or integers of 8 or 16 bits."""
    plain = values.view(f"u{values.dtype.itemsize}")
    table = np.zeros(1 << 8 * values.dtype.itemsize, np.int64)
    for start in range(0, len(plain), PIECE):
        table += np.bincount(plain[start : start + PIECE], minlength=len(table))
    least = 0
    if values.dtype.kind == "i":
        # Negative numbers, which come first, have the bits of the upper half of the unsigned ones.
        least = -len(table) // 2
        table = np.roll(table, -least)
    found = np.flatnonzero(table > 0)
    numbers = (found + least).astype(np.float64)
    lowest, highest = float(numbers.min(initial=np.inf)), float(numbers.max(initial=-np.inf))
    counted = Counted(0, lowest, highest, numbers, table[found])
    return counted if len(found) <= MAX_BUCKETS else count_values(np.zeros(0), [counted])
