"""The dtype of written values: the default, and whether an inverse can restore the original values from it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.spec import Spec
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.sums import Floats
from zm_cli.statsfile.stats import Stats
from zm_cli.transforms.affine import AffineTransform
from zm_cli.transforms.base import Transform

MAX_SHARE = 0.01
"""How large an error may be, in standard deviations of its feature. Float32 stays far below it, and so does float16 for
values within 16 standard deviations."""
MAX_WHOLE = 2.0**64
"""Floats below this may be integers; no type of integers holds larger ones, and such floats are always whole."""


def choose_dtype(stats: Stats, spec: Spec, *, inverse: bool) -> np.dtype[np.generic]:
    """Returns the default dtype of an output: float64 where the real values need it, else float32.

    Float64 and integers of 32 and 64 bits need it. An inverse also restores the dtype that was measured.
    """
    dtypes = {spec.real_dtype, np.dtype(stats.dtype)} if inverse else {spec.real_dtype}
    wide = any(dtype.itemsize >= (8 if dtype.kind == "f" else 4) for dtype in dtypes)
    return np.dtype(np.float64 if wide else np.float32)


def find_rounding(stats: Stats, spec: Spec, transform: Transform) -> str | None:
    """Returns a sentence that names the features whose values the output's dtype rounds too much; None without any.

    The error is half the distance between neighbouring numbers of that dtype, at the largest transformed value by the
    extremes in the statistics, in the scale of the real values. It is too large where
    - values are integers, and the error is 0.5 or more, or half of `scale` where integers are stored with a scale.
      Floats count as integers if the smallest and the largest value are integers below MAX_WHOLE. Their error must also
      be larger than twice the distance between neighbouring numbers of their own dtype, there or at their extent.
    - other values have an error of more than MAX_SHARE of their feature's standard deviation.

    For an inverse, the error is that of the values that it restores. Only affine transforms are examined.
    """
    if not isinstance(transform, AffineTransform):
        return None
    moments = stats.moments
    unit = transform.divisor
    largest = np.maximum(np.abs(moments.min), np.abs(moments.max)) * unit
    # Features without values have infinite extremes, and the output's dtype may be too small for others.
    with np.errstate(over="ignore", invalid="ignore"):
        if transform.inverse:
            error = _half_step(largest, transform.dtype)
        else:
            shift, scale = (array.reshape(moments.mean.shape) for array in (transform.shift, transform.scale))
            ends = ((end - shift) / scale + transform.offset for end in (moments.min, moments.max))
            reach = np.maximum(*map(np.abs, ends))
            # Adding the mean back rounds, too.
            error = _half_step(reach, transform.dtype) * scale * unit + _half_step(largest, np.dtype(np.float64))
            # For a constant feature, the round trip is computed exactly.
            stored = ((moments.min - shift) / scale + transform.offset).astype(transform.dtype).astype(np.float64)
            back = np.abs((stored - transform.offset) * scale + shift - moments.min) * unit
            error = np.where(moments.min == moments.max, back, error)
        wrong = _exceeds(error, largest, moments, stats, spec, transform)
    indices = np.flatnonzero(wrong)
    if not len(indices):
        return None
    values = "the values" if stats.per == "all" else f"the values of {stats.quote_features(indices)}"
    hint = "" if transform.dtype == np.float64 else "; --dtype float64 keeps more digits"
    most = _format_error(float(error.ravel()[indices].max()))
    if transform.inverse:
        return f"{transform.dtype} cannot hold {values} exactly: off by up to {most}{hint}"
    return f"{transform.dtype} cannot give back {values} with --inverse: off by up to {most}{hint}"


def list_losses(transform: Transform) -> list[str]:
    """Returns sentences about values that an inverse may not restore, because they were cut off."""
    if not isinstance(transform, AffineTransform) or transform.clip is None or not transform.inverse:
        return []
    low, high = transform.clip
    return [f"values that --clip has cut off come back as what {low:g} and {high:g} stand for"]


def list_clipped(number: int, samples: int, spec: Spec) -> list[str]:
    """Returns sentences about `number` values that were cut off at the ends of a range; none if there are none.

    `samples` is the number of samples that were written, `spec` that of the data.
    """
    if not number:
        return []
    sizes = [size for size in spec.sample_shape if size is not None]
    of = f" of {samples * math.prod(sizes):,}" if len(sizes) == len(spec.sample_shape) else ""
    be, them = ("was", "it") if number == 1 else ("were", "them")
    values = "values" if of or number > 1 else "value"
    return [f"{number:,}{of} {values} {be} cut off by --clip, and --inverse cannot give {them} back"]


def _exceeds(
    error: Floats, largest: Floats, moments: Moments, stats: Stats, spec: Spec, transform: Transform
) -> NDArray[np.bool_]:
    """Returns which features have an error that is too large, in the shape of the moments."""
    finite = np.isfinite(error) & (moments.count > 0)
    step = _find_step(stats, spec, inverse=transform.inverse)
    if step is not None:
        return np.asarray(finite & (error >= step / 2))
    whole = (moments.min == np.rint(moments.min)) & (moments.max == np.rint(moments.max)) & (largest < MAX_WHOLE)
    # Differences of values are as large as their extent, and rounded at that size.
    size = np.maximum(largest, (moments.max - moments.min) * transform.divisor)
    resolved = 2 * _half_step(size, np.dtype(stats.dtype) if transform.inverse else spec.real_dtype)
    share = error > MAX_SHARE * moments.std()
    return np.asarray(finite & (error > 2 * resolved) & np.where(whole, error >= 0.5, share))


def _find_step(stats: Stats, spec: Spec, *, inverse: bool) -> float | None:
    """Returns the distance between neighbouring integers, or values that are stored as such; None for floats."""
    if inverse:
        return 1.0 if np.dtype(stats.dtype).kind in "iu" else None
    if spec.dtype.kind not in "iu":
        return None
    return 1.0 if spec.packing is None else abs(spec.packing.scale)


def _half_step(size: Floats, dtype: np.dtype[np.generic]) -> Floats:
    """Returns half the distance between neighbouring numbers of a float dtype at this size, NaN beyond its range."""
    step: Floats = np.spacing(size.astype(dtype)).astype(np.float64)
    return step / 2


def _format_error(error: float) -> str:
    return f"{error:,.0f}" if 100 <= error < 1e15 else f"{error:.3g}"
