"""Stored values: which of them are missing, and which real values the others stand for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Values
from zm_cli.data.packing import Packing
from zm_cli.data.spec import Spec
from zm_cli.numbers.sums import Floats

MissingCodes = tuple[float, ...]
"""Stored values that stand for missing ones."""

ON_GRID = 0.01
"""How far, in steps of the packing's scale, a typed value may be from a stored one and still match it."""


def find_missing_codes(spec: Spec, ignore: float | None) -> MissingCodes:
    """Returns the stored values that stand for missing ones.

    They are those of the packing, and those that stand for the real value `ignore`.
    """
    packing = spec.packing
    if packing is None:
        return () if ignore is None else (ignore,)
    return packing.missing + (() if ignore is None else _find_stored(ignore, packing, spec.dtype))


def _find_stored(real: float, packing: Packing, dtype: np.dtype[Any]) -> MissingCodes:
    """Returns the stored value that stands for a real one; empty if no value of an integer `dtype` does."""
    if not packing.is_affine:
        return (real,)
    stored = (real - packing.offset) / packing.scale
    if dtype.kind == "f" or not math.isfinite(stored):
        return (stored,)
    return (round(stored),) if abs(stored - round(stored)) <= ON_GRID else ()


def unpack_values(values: Values, packing: Packing | None) -> Floats:
    """Returns the real values in float64, in the same shape and memory order; missing ones are not marked as NaN."""
    real = values.astype(np.float64)
    if packing is not None and packing.is_affine:
        with np.errstate(over="ignore", invalid="ignore"):
            real *= packing.scale
            real += packing.offset
    return real


@dataclass(frozen=True)
class RealValues:
    """How stored values become real ones: they are unpacked, divided by `divisor`, and NaN if they are missing."""

    packing: Packing | None = None
    divisor: float = 1.0
    missing_codes: MissingCodes = ()

    def of(self, values: Values) -> Values:
        """Returns the real values, float64 with NaN for missing ones; `values` itself if nothing changes."""
        matched = match_values(self.missing_codes, values.dtype)
        affine = self.packing is not None and self.packing.is_affine
        if not (matched or affine or self.divisor != 1.0):
            return values
        real = unpack_values(values, self.packing)
        if self.divisor != 1.0:
            real /= self.divisor
        if matched:
            real[find_equal(values, matched)] = np.nan
        return real


def find_unit_divisor(dtype: np.dtype[Any]) -> float:
    """Returns the number that `--unit` divides by: the largest value of an integer dtype, 1 for other dtypes."""
    return float(np.iinfo(dtype).max) if dtype.kind in "iu" else 1.0


def match_values(missing_codes: MissingCodes, dtype: np.dtype[Any]) -> tuple[Any, ...]:
    """Returns the values of `dtype` that equal `missing_codes`, so that values are compared without rounding.

    For floats, a code matches the nearest value of the dtype, as when 0.1 is stored as float32. Codes that no value of
    the dtype equals are left out, as are NaN and infinities, which are missing anyway.
    """
    matched = (_match_value(value, dtype) for value in missing_codes)
    return tuple(value for value in matched if value is not None)


def _match_value(value: float, dtype: np.dtype[Any]) -> Any:
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            nearest = dtype.type(value)
        return nearest if np.isfinite(nearest) else None
    if not math.isfinite(value) or value != int(value):
        return None
    low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return dtype.type(int(value)) if low <= value <= high else None


def find_equal(values: Values, matched: tuple[Any, ...]) -> NDArray[np.bool_]:
    """Returns which values equal one of `matched`, which holds at least one value of the same dtype."""
    return reduce(np.logical_or, (values == value for value in matched))


def find_present(values: Values, matched: tuple[Any, ...]) -> NDArray[np.bool_]:
    """Returns which values are not missing: finite, and equal to none of `matched`, which are of the same dtype."""
    present: NDArray[np.bool_] = np.isfinite(values)
    for value in matched:
        present &= values != value
    return present


def find_possible(matched: tuple[Any, ...], low: NDArray[Any], high: NDArray[Any]) -> tuple[Any, ...]:
    """Returns the values in `matched` that may occur in columns with these extremes."""
    return tuple(value for value in matched if bool(np.any((low <= value) & (value <= high))))
