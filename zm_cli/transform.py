"""Transform: blocks centered or standardized, and back; the one room that subtracts a mean or divides by a scale."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zm_cli.axes import broadcast_shape
from zm_cli.block import Block, Spec, Values
from zm_cli.kernels import PIECE, Floats
from zm_cli.statsfile import Stats


def unit_divisor(dtype: np.dtype[Any]) -> float:
    """What `--unit` divides by: the largest value of an integer type, 1 for floats, which are left as they are."""
    return float(np.iinfo(dtype).max) if dtype.kind in "iu" else 1.0


@dataclass(frozen=True)
class Transform:
    """`(x / unit - shift) / scale`, or with `inverse` `x * scale + shift`, computed in float64.

    `shift` and `scale` have a shape that broadcasts against a block's values. `unit` is what integers are divided by
    first (1 leaves them). Values equal to `ignore` become NaN. With `impute`, what is not finite becomes the mean.
    """

    shift: Floats
    scale: Floats
    dtype: np.dtype[Any]
    unit: float = 1.0
    ignore: float | None = None
    impute: bool = False
    inverse: bool = False

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
    ) -> Transform:
        """The transform by these statistics of blocks of this spec, which they must fit."""
        moments = stats.moments
        scale = moments.scale(ddof, epsilon) if standardize else np.ones_like(moments.mean)
        shape = broadcast_shape(moments.mean.shape, spec.axes, stats.per)
        # An inverse leads back to the scale of the data that were measured.
        integers = np.dtype(stats.dtype) if inverse else spec.dtype
        return cls(
            shift=moments.mean.reshape(shape),
            scale=scale.reshape(shape),
            dtype=dtype,
            unit=unit_divisor(integers) if stats.unit else 1.0,
            ignore=None if inverse else stats.ignore,
            impute=impute,
            inverse=inverse,
        )

    def invert(self) -> Transform:
        """The transform that undoes this one."""
        return replace(self, inverse=not self.inverse)

    def apply(self, block: Block) -> Block:
        """The block with its values transformed, in the output's dtype."""
        return replace(block, values=self.apply_values(block.values))

    def apply_values(self, values: Values) -> Values:
        """The values transformed, of the same shape, C-contiguous, in the output's dtype."""
        result = np.empty(values.shape, dtype=self.dtype)
        samples = max(1, PIECE // max(1, values[:1].size))
        for start in range(0, len(values), samples):
            piece = slice(start, start + samples)
            with np.errstate(over="ignore", invalid="ignore"):
                result[piece] = self._apply_piece(values[piece])
        return result

    def _apply_piece(self, values: Values) -> Floats:
        work: Floats = values.astype(np.float64)
        if self.ignore is not None:
            work[values == self.ignore] = np.nan
        if self.inverse:
            work *= self.scale
            work += self.shift
            if self.unit != 1.0:
                work *= self.unit
        else:
            if self.unit != 1.0:
                work /= self.unit
            work -= self.shift
            work /= self.scale
        if self.impute:
            fill = np.broadcast_to(self.shift if self.inverse else np.zeros(1), work.shape)
            holes = ~np.isfinite(work)
            work[holes] = fill[holes]
        return work
