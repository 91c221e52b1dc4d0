"""Packing: how stored values are converted to real ones, as netCDF and GeoTIFF files declare it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Packing:
    """Real values are `stored * scale + offset`, and missing if the stored value is one of `missing`.

    Blocks hold stored values, so that integers are summed exactly; scale and offset are applied once, to the result.
    `scale` is finite and not 0, `offset` is finite. `dtype` is the type of the real values.
    """

    dtype: np.dtype[Any]
    scale: float = 1.0
    offset: float = 0.0
    missing: tuple[float, ...] = ()

    @property
    def is_affine(self) -> bool:
        """Whether real values differ from stored ones."""
        return (self.scale, self.offset) != (1.0, 0.0)
