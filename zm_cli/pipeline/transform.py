"""Transform: centers or standardizes blocks, and undoes it. Only here is a mean subtracted or a scale divided by."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zm_cli.data.block import Block, Values
from zm_cli.data.packing import Packing
from zm_cli.data.spec import Spec
from zm_cli.numbers.axes import broadcast_shape
from zm_cli.numbers.moments import Moments
from zm_cli.numbers.pieces import PIECE
from zm_cli.numbers.stored import Hidden, find_equal, hide_values, match_values, unit_divisor, unpack_values
from zm_cli.numbers.sums import Floats
from zm_cli.statsfile.stats import Stats

WIDE = 1024
"""A last axis of this length is enough for NumPy's full speed."""


@dataclass(frozen=True)
class Transform:
    """`(x / unit - shift) / scale`, or with `inverse` `x * scale + shift`, computed in float64.

    `shift` and `scale` have a shape that broadcasts against a block's values. These are stored values: first of all
    they become the real ones that they stand for by `packing` (None: they are themselves), in the same pass, and those
    equal to one of `hidden` become NaN. Then integers are divided by `unit` (1: they are not). With `impute`, values
    that are not finite become the mean or, if it is not None, what `filling` becomes, a value in the scale of the
    original data.
    """

    shift: Floats
    scale: Floats
    dtype: np.dtype[Any]
    unit: float = 1.0
    hidden: Hidden = ()
    packing: Packing | None = None
    impute: bool = False
    inverse: bool = False
    filling: float | None = None

    @classmethod
    def from_stats(
        cls,
        stats: Stats,
        spec: Spec,
        dtype: np.dtype[Any],
        *,
        standardize: bool,
        inverse: bool = False,
        impute: bool = False,
        ddof: int = 0,
        epsilon: float = 0.0,
        unit: float | None = None,
        filling: float | None = None,
    ) -> Transform:
        """The transform for blocks of `spec` by statistics that fit it.

        `unit` is what integers are divided by (for an inverse: were divided by); None: it follows from the statistics.
        """
        moments = stats.moments
        scale = moments.scale(ddof, epsilon) if standardize else np.ones_like(moments.mean)
        shape = broadcast_shape(moments.mean.shape, spec.axes, stats.per)
        if unit is None:
            # An inverse restores the scale of the data that were measured.
            measured = np.dtype(stats.dtype) if inverse else spec.dtype if spec.holds_integers else spec.real_dtype
            unit = unit_divisor(measured) if stats.unit else 1.0
        return cls(
            shift=moments.mean.reshape(shape),
            scale=scale.reshape(shape),
            dtype=dtype,
            unit=unit,
            hidden=hide_values(spec, None if inverse else stats.ignore),
            packing=spec.packing if spec.packing is not None and spec.packing.is_affine else None,
            impute=impute,
            inverse=inverse,
            filling=filling,
        )

    def apply(self, block: Block) -> tuple[Block, int]:
        """The transformed block, in the output's dtype, and how many finite values became infinite in that dtype."""
        values, overflows = self.apply_values(block.values)
        return replace(block, values=values), overflows

    def apply_values(self, values: Values) -> tuple[Values, int]:
        """The transformed values in the same shape and memory order, in the output's dtype, and how many overflowed."""
        result = np.empty_like(values, dtype=self.dtype)
        overflows = 0
        for piece, shift, scale in self._pieces(values):
            work = self._compute(values[piece], shift, scale)
            with np.errstate(over="ignore"):
                result[piece] = work
            if self.dtype != np.float64 and np.isinf(result[piece]).any():
                overflows += int(np.count_nonzero(np.isinf(result[piece]) & np.isfinite(work)))
        return result, overflows

    def apply_moments(self, moments: Moments, *, units: bool = True) -> Moments:
        """The moments of values after this transform (not an inverse), from those of the stored values before it.

        They have the shape of `shift` without its axes of length 1. `units` False says that they are already those of
        the real values, divided by `unit`. Rounding to the output's dtype is not taken into account.
        """
        shape = moments.mean.shape
        shift, scale = (np.broadcast_to(array.reshape(shape), shape) for array in (self.shift, self.scale))
        if units and self.packing is not None:
            moments = moments.unpack(self.packing.scale, self.packing.offset)
        made = (moments.divide(self.unit) if units else moments).transform(shift, scale)
        if not self.impute:
            return made
        none, zero, some = np.zeros(shape, np.int64), np.zeros(shape), moments.missing > 0
        filled = np.where(some, self._fill(shift, scale), 0.0)
        low, high = np.where(some, filled, np.inf), np.where(some, filled, -np.inf)
        return replace(made.merge(Moments(moments.missing, filled, zero, low, high, none, zero)), missing=none)

    def _fill(self, shift: Floats, scale: Floats) -> Floats:
        """What missing values become; the mean becomes 0."""
        if self.inverse:
            return shift * self.unit if self.filling is None else np.full_like(shift, self.filling)
        return np.zeros_like(shift) if self.filling is None else (self.filling / self.unit - shift) / scale

    def _pieces(self, values: Values) -> Iterator[tuple[tuple[slice, ...], Floats, Floats]]:
        """Pieces of a block, small enough for a float64 copy in cache, each with its part of shift and scale."""
        sample = values[:1].size
        if values.ndim == 2 and values.flags.f_contiguous and not values.flags.c_contiguous:
            for column in range(values.shape[1]):
                one = slice(column, column + 1)
                own = one if self.shift.size > 1 else slice(None)
                for start in range(0, len(values), PIECE):
                    yield (slice(start, start + PIECE), one), self.shift[:, own], self.scale[:, own]
            return
        if sample <= PIECE or values.ndim < 2:
            step = max(1, PIECE // max(1, sample))
            shift, scale = (_widen(array, values.shape) for array in (self.shift, self.scale))
            for start in range(0, len(values), step):
                yield (slice(start, start + step),), shift, scale
            return
        length = values.shape[1]
        step = max(1, PIECE * length // sample)
        along = self.shift.shape[1] > 1
        shape = (1, length if along else step, *values.shape[2:])
        shift, scale = (_widen(array, shape) for array in (self.shift, self.scale))
        for index in range(len(values)):
            for start in range(0, length, step):
                part = slice(start, min(start + step, length))
                own = part if along else slice(0, part.stop - start)
                yield (slice(index, index + 1), part), shift[:, own], scale[:, own]

    def _compute(self, values: Values, shift: Floats, scale: Floats) -> Floats:
        hidden = match_values(self.hidden, values.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            if self.inverse:
                work = unpack_values(values, self.packing)
                work *= scale
                work += shift
                work *= self.unit
            else:
                work = self._subtract(values, shift)
                work /= scale
        if hidden:
            work[find_equal(values, hidden)] = np.nan
        if self.impute:
            np.copyto(work, self._fill(shift, scale), where=~np.isfinite(work))
        return work

    def _subtract(self, values: Values, shift: Floats) -> Floats:
        plain = self.unit == 1.0 and self.packing is None
        if plain and values.dtype.kind in "iu" and values.dtype.itemsize == 8:
            # Beyond 2**53, float64 would round the values themselves, but not their distances from the mean. Unsigned
            # arithmetic wraps around, so a distance that fits into 63 bits is right as a signed integer.
            whole = np.floor(shift)
            distance = (values.view(np.uint64) - whole.astype(values.dtype).view(np.uint64)).view(np.int64)
            rounded = values - shift
            return np.where(np.abs(rounded) < 2.0**62, distance - (shift - whole), rounded)
        work = unpack_values(values, self.packing)
        if self.unit != 1.0:
            work /= self.unit
        work -= shift
        return work


def _widen(array: Floats, shape: tuple[int, ...]) -> Floats:
    """The array repeated along its last axes towards `shape`, because NumPy is slow along a short last axis.

    It is repeated only as long as it has at most PIECE values.
    """
    wide = list(array.shape)
    for axis in range(len(shape) - 1, 0, -1):
        if math.prod(wide) >= WIDE or math.prod(wide) // wide[axis] * shape[axis] > PIECE:
            break
        wide[axis] = shape[axis]
    return np.ascontiguousarray(np.broadcast_to(array, wide))
