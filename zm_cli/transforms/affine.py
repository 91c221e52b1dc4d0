"""AffineTransform: shifts and scales the values of each feature, or undoes that."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Values
from zm_cli.data.packing import Packing
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.pieces import PIECE
from zm_cli.numbers.stored import find_equal, match_values, unpack_values
from zm_cli.numbers.sums import Floats
from zm_cli.transforms.base import Transform
from zm_cli.transforms.pieces import Piece, cut_samples

NOISE = 1e-12
"""How far beyond the ends of a range rounding alone may move a value, as a share of the width of the range."""
WIDE = 1024
"""NumPy is at full speed if the last axis of an array has at least this length."""


@dataclass(frozen=True, kw_only=True)
class AffineTransform(Transform):
    """`(x / divisor - shift) / scale + offset`, or with `inverse` `((x - offset) * scale + shift) * divisor`.

    `shift` and `scale` have a shape that broadcasts against a block's values. With `clip`, values beyond these two ends
    become the nearer end; an inverse cannot give them back. Values that are not finite become `filled`, which has the
    same shape as `shift`; None: they stay missing.

    `tail` (same shape) is what rounding dropped from `shift`. It only matters for 64-bit integers, whose distances are
    more exact than float64. `constant` (same shape) marks constant features, whose integers are rounded like `shift`,
    so that they become exactly 0.
    """

    shift: Floats
    scale: Floats
    offset: float = 0.0
    clip: tuple[float, float] | None = None
    filled: Floats | None = None
    tail: Floats | None = None
    constant: NDArray[np.bool_] | None = None

    def apply_values(self, values: Values) -> tuple[Values, int]:
        """Returns the transformed values and how many overflowed; see Transform.

        The shape and the order in memory stay the same.
        """
        result, overflows, _ = self.apply_counting(values)
        return result, overflows

    def apply_counting(self, values: Values) -> tuple[Values, int, int]:
        """Returns what `apply_values` returns, and how many values were clipped."""
        result = np.empty_like(values, dtype=self.dtype)
        overflows = clipped = 0
        names = self._list_arrays().keys()
        for piece, arrays in self._cut(values):
            work = self._compute(values[piece], **dict(zip(names, arrays, strict=True)))
            if self.clip is not None and not self.inverse:
                clipped += _count_beyond(work, *self.clip)
                np.clip(work, *_find_inner(self.clip, self.dtype), out=work)
            with np.errstate(over="ignore"):
                result[piece] = work
            if self.dtype != np.float64 and np.isinf(result[piece]).any():
                overflows += int(np.count_nonzero(np.isinf(result[piece]) & np.isfinite(work)))
        return result, overflows, clipped

    def predict(self, moments: Moments, *, units: bool = True) -> Moments | None:
        """Returns the moments after this transform, in the shape of `moments`; None if values may be clipped."""
        shape = moments.mean.shape
        shift, scale = (np.broadcast_to(array.reshape(shape), shape) for array in (self.shift, self.scale))
        if units and self.packing is not None:
            moments = moments.unpack(self.packing.scale, self.packing.offset)
        made = (moments.divide(self.divisor) if units else moments).transform(shift, scale)
        if self.offset:
            made = made.transform(np.full(shape, -self.offset), np.ones(shape))
        if self.clip is not None and ((made.min < self.clip[0]) | (made.max > self.clip[1])).any():
            return None
        if self.filled is None:
            return made
        none, zero, some = np.zeros(shape, np.int64), np.zeros(shape), moments.missing > 0
        filled = np.where(some, self.filled.reshape(shape), 0.0)
        low, high = np.where(some, filled, np.inf), np.where(some, filled, -np.inf)
        imputed = Moments(count=moments.missing, mean=filled, tail=zero, m2=zero, min=low, max=high, missing=none)
        return replace(made.merge(imputed), missing=none)

    def _list_arrays(self) -> dict[str, NDArray[Any]]:
        """Returns the arrays in the shape of `shift`, by the names of their fields."""
        arrays = {
            "shift": self.shift,
            "scale": self.scale,
            "filled": self.filled,
            "tail": self.tail,
            "constant": self.constant,
        }
        return {name: array for name, array in arrays.items() if array is not None}

    def _cut(self, values: Values) -> Iterator[tuple[Piece, list[NDArray[Any]]]]:
        """Yields pieces of a block, small enough for a float64 copy in cache, each with its part of the arrays."""
        arrays = list(self._list_arrays().values())
        if values.ndim == 2 and values.flags.f_contiguous and not values.flags.c_contiguous:
            for column in range(values.shape[1]):
                one = slice(column, column + 1)
                own = one if self.shift.size > 1 else slice(None)
                for start in range(0, len(values), PIECE):
                    yield (slice(start, start + PIECE), one), [array[:, own] for array in arrays]
            return
        shape, wide = None, arrays
        for pieces in cut_samples(values):
            if shape is None:
                shape = self._choose_width(values.shape, pieces[0])
                wide = [_widen(array, shape) for array in arrays]
            for piece in pieces:
                yield piece, wide if len(piece) == 1 else [array[:, self._choose_part(piece[1])] for array in wide]

    def _choose_width(self, shape: tuple[int, ...], first: Piece) -> tuple[int, ...]:
        """Returns the shape towards which arrays are widened for a block of this shape with this first piece."""
        if len(first) == 1 or self.shift.shape[1] > 1:
            return shape
        return (1, first[1].stop, *shape[2:])

    def _choose_part(self, part: slice) -> slice:
        """Returns the part of widened arrays for a part of a sample."""
        return part if self.shift.shape[1] > 1 else slice(0, part.stop - part.start)

    def _compute(
        self,
        values: Values,
        shift: Floats,
        scale: Floats,
        filled: Floats | None = None,
        tail: Floats | None = None,
        constant: NDArray[np.bool_] | None = None,
    ) -> Floats:
        """Returns the transformed values in float64, before they are clipped."""
        missing_codes = match_values(self.missing_codes, values.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            if self.inverse:
                work = unpack_values(values, self.packing)
                if self.offset:
                    work -= self.offset
                work *= scale
                if tail is not None:
                    work += tail
                work += shift
                work *= self.divisor
            else:
                work = subtract(values, shift, self.divisor, self.packing, tail, constant)
                work /= scale
                if self.offset:
                    work += self.offset
        if missing_codes:
            work[find_equal(values, missing_codes)] = np.nan
        if filled is not None:
            np.copyto(work, filled, where=~np.isfinite(work))
        return work


def is_wide(dtype: np.dtype[Any], divisor: float, packing: Packing | None) -> bool:
    """Returns whether these are 64-bit integers, whose distances are computed without rounding them to float64."""
    return divisor == 1.0 and packing is None and dtype.kind in "iu" and dtype.itemsize == 8


def subtract(
    values: Values,
    shift: Floats,
    divisor: float,
    packing: Packing | None,
    tail: Floats | None = None,
    constant: NDArray[np.bool_] | None = None,
) -> Floats:
    """Returns the real values of stored ones, divided by `divisor`, minus a shift that broadcasts against them.

    `tail` and `constant` are those of AffineTransform.
    """
    if is_wide(values.dtype, divisor, packing):
        # Beyond 2**53, float64 would round the values themselves, but not their distances from the mean. Unsigned
        # arithmetic wraps around, so a distance that fits into 63 bits is right as a signed integer.
        whole = np.floor(shift)
        distance = (values.view(np.uint64) - whole.astype(values.dtype).view(np.uint64)).view(np.int64)
        rounded = values - shift
        exact = distance - (shift - whole) if tail is None else distance - (shift - whole) - tail
        chosen = np.abs(rounded) < 2.0**62
        return np.where(chosen if constant is None else chosen & ~constant, exact, rounded)
    work = unpack_values(values, packing)
    if divisor != 1.0:
        work /= divisor
    work -= shift
    return work


def _count_beyond(work: Floats, low: float, high: float) -> int:
    """Returns how many values lie beyond two ends, by more than rounding."""
    noise = NOISE * (high - low)
    with np.errstate(invalid="ignore"):
        return int(np.count_nonzero(work < low - noise) + np.count_nonzero(work > high + noise))


def _find_inner(ends: tuple[float, float], dtype: np.dtype[Any]) -> tuple[float, float]:
    """Returns the smallest and the largest number of a dtype between two ends, so that no value is rounded beyond them.

    The ends themselves if there is no such number.
    """
    with np.errstate(over="ignore"):
        low, high = (dtype.type(end) for end in ends)
    # Converted to Python floats, so that both are compared in float64.
    low = float(low if float(low) >= ends[0] else np.nextafter(low, dtype.type(np.inf)))
    high = float(high if float(high) <= ends[1] else np.nextafter(high, dtype.type(-np.inf)))
    return (low, high) if low <= high else ends


def _widen(array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Returns the array repeated along its last axes towards `shape`, because NumPy is slow along a short last axis.

    It has at most PIECE values after that.
    """
    wide = list(array.shape)
    for axis in range(len(shape) - 1, 0, -1):
        if math.prod(wide) >= WIDE or math.prod(wide) // wide[axis] * shape[axis] > PIECE:
            break
        wide[axis] = shape[axis]
    return np.ascontiguousarray(np.broadcast_to(array, wide))
