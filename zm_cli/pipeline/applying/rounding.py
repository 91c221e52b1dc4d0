"""The type of written values: the default, and whether the inverse can give the values back from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.spec import Spec
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.sums import Floats
from zm_cli.pipeline.words import MAX_NAMES, list_names
from zm_cli.statsfile.stats import Stats
from zm_cli.transforms.affine import AffineTransform
from zm_cli.transforms.base import Transform

MAX_SHARE = 0.01
"""How large an error may be, in deviations of its feature: float32 stays far below it, and so does float16 for values
within 16 deviations."""


def choose_dtype(stats: Stats, spec: Spec, *, inverse: bool) -> np.dtype[np.generic]:
    """The default type of an output: float64 where the real values need it, else float32.

    Float64 and integers of 32 and 64 bits need it. An inverse writes the values that were measured.
    """
    needing = {spec.real_dtype, np.dtype(stats.dtype)} if inverse else {spec.real_dtype}
    wide = any(dtype.itemsize >= (8 if dtype.kind == "f" else 4) for dtype in needing)
    return np.dtype(np.float64 if wide else np.float32)


def find_rounding(stats: Stats, spec: Spec, transform: Transform) -> str | None:
    """A sentence that names the features whose values the output's dtype rounds too much; None if there are none.

    The error is half the distance between two numbers of that dtype, where the transformed values are largest by the
    extremes in the statistics, in the scale of the real values. It is too much where
    - values are whole, and the error is 0.5 or more, or half of `scale` where integers are stored with a scale. Values
      are whole if their dtype is one of integers, or if the smallest and the largest one are whole; with floats, the
      error must also be larger than twice what their own dtype resolves there.
    - other values have an error of more than MAX_SHARE of their feature's deviation.

    For an inverse, the error is that of the values that it gives back. Only affine transforms are looked at.
    """
    if not isinstance(transform, AffineTransform):
        return None
    moments = stats.moments
    unit = transform.divisor
    largest = np.maximum(np.abs(moments.min), np.abs(moments.max)) * unit
    with np.errstate(all="ignore"):
        if transform.inverse:
            error = _half_step(largest, transform.dtype)
        else:
            shift, scale = (array.reshape(moments.mean.shape) for array in (transform.shift, transform.scale))
            ends = ((end - shift) / scale + transform.offset for end in (moments.min, moments.max))
            reach = np.maximum(*map(np.abs, ends))
            # Adding the mean again rounds, too.
            error = _half_step(reach, transform.dtype) * scale * unit + _half_step(largest, np.dtype(np.float64))
            # What becomes of a single value is known exactly, and so is what comes back of it.
            stored = ((moments.min - shift) / scale + transform.offset).astype(transform.dtype).astype(np.float64)
            back = np.abs((stored - transform.offset) * scale + shift - moments.min) * unit
            error = np.where(moments.min == moments.max, back, error)
        wrong = _exceeds(error, largest, moments, stats, spec, transform)
    indices = np.flatnonzero(wrong)
    if not len(indices):
        return None
    names = [stats.name_feature(int(index)) for index in indices[:MAX_NAMES]]
    values = "the values" if names == ["all"] else f"the values of {list_names(names, total=len(indices))}"
    hint = "" if transform.dtype == np.float64 else "; --dtype float64 keeps more digits"
    most = _show(float(error.ravel()[indices].max()))
    if transform.inverse:
        return f"{transform.dtype} cannot hold {values} exactly: off by up to {most}{hint}"
    return f"{transform.dtype} cannot give back {values} with --inverse: off by up to {most}{hint}"


def list_losses(transform: Transform) -> list[str]:
    """Sentences about values that an inverse does not give back, because they may have been cut off."""
    if not isinstance(transform, AffineTransform) or transform.clip is None or not transform.inverse:
        return []
    low, high = transform.clip
    return [f"values that --clip has cut off come back as what {low:g} and {high:g} stand for"]


def list_clipped(number: int) -> list[str]:
    """Sentences about values that were cut off at the ends of a range; none where none were."""
    if not number:
        return []
    what, them = ("1 value was", "it") if number == 1 else (f"{number:,} values were", "them")
    return [f"{what} cut off by --clip, and --inverse cannot give {them} back"]


def _exceeds(
    error: Floats, largest: Floats, moments: Moments, stats: Stats, spec: Spec, transform: Transform
) -> NDArray[np.bool_]:
    """Which features have an error that is too large, in the shape of the moments."""
    finite = np.isfinite(error) & (moments.count > 0)
    step = _find_step(stats, spec, inverse=transform.inverse)
    if step is not None:
        return np.asarray(finite & (error >= step / 2))
    whole = (moments.min == np.rint(moments.min)) & (moments.max == np.rint(moments.max))
    resolved = 2 * _half_step(largest, np.dtype(stats.dtype) if transform.inverse else spec.real_dtype)
    share = error > MAX_SHARE * moments.std()
    return np.asarray(finite & (error > 2 * resolved) & np.where(whole, error >= 0.5, share))


def _find_step(stats: Stats, spec: Spec, *, inverse: bool) -> float | None:
    """The distance between two neighbouring values of integers, or of real values stored as such; None for floats."""
    if inverse:
        return 1.0 if np.dtype(stats.dtype).kind in "iu" else None
    if spec.dtype.kind not in "iu":
        return None
    return 1.0 if spec.packing is None else abs(spec.packing.scale)


def _half_step(size: Floats, dtype: np.dtype[np.generic]) -> Floats:
    """Half the distance between numbers of a dtype of floats at this size, NaN beyond its range."""
    step: Floats = np.spacing(size.astype(dtype)).astype(np.float64)
    return step / 2


def _show(error: float) -> str:
    return f"{error:,.0f}" if error >= 100 else f"{error:.3g}"
