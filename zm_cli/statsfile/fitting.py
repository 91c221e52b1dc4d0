"""Whether data fit statistics: their channels, columns or sizes, and the scale of their values."""

from __future__ import annotations

import numpy as np

from zm_cli.data.block import Values
from zm_cli.data.spec import Spec
from zm_cli.errors import DataError
from zm_cli.formats.shared.options import MASK_AND_SCALE
from zm_cli.numbers.axes import count_channels, describe_shape, is_unclear
from zm_cli.statsfile.stats import Stats


def check_fits(stats: Stats, spec: Spec, where: str) -> None:
    """Raises DataError, naming the difference, if these statistics cannot transform data with this spec."""
    if difference := _find_difference(stats, spec):
        raise DataError(f"does not fit the statistics: {difference}", where=where, hint=_advise(stats, spec))


def check_scale(stats: Stats, spec: Spec, first: Values | None, where: str) -> None:
    """Raises DataError if data seem to be of another scale: 0-255 instead of 0-1, or 16 bits instead of 8.

    `first` is a block of the data, None if there is none. Tables are never refused, since each column has a scale of
    its own.
    """
    if difference := _find_other_decoding(stats, spec):
        raise DataError(
            f"does not fit the statistics: {difference}", where=where, hint="read it as they were, or --force"
        )
    if stats.axes != "NC" and (difference := _find_other_scale(stats, spec, first)):
        hint = "measure training data of the same scale (--unit reads integers as 0-1), or --force"
        raise DataError(f"does not fit the statistics: {difference}", where=where, hint=hint)


def _find_other_decoding(stats: Stats, spec: Spec) -> str | None:
    """Returns why one of the two holds stored values and the other real ones; None if nothing says so."""
    on, off = MASK_AND_SCALE.spelling, MASK_AND_SCALE.negation
    ours, theirs = (decoding.get(MASK_AND_SCALE.name) for decoding in (stats.decoding, spec.decoding))
    if isinstance(ours, bool) and isinstance(theirs, bool) and ours != theirs:
        return f"it is read with {on if theirs else off}, statistics were made with {on if ours else off}"
    # Statistics that were made before zm knew packed values.
    affine = spec.packing is not None and spec.packing.is_affine
    if ours is None and affine and not stats.unit and stats.dtype == spec.dtype.name != spec.real_dtype.name:
        return f"statistics were made of its stored values ({spec.dtype}), which {off} reads"
    return None


def _advise(stats: Stats, spec: Spec) -> str:
    """Returns what to do about data that these statistics cannot transform."""
    sizes = zip(spec.axes[1:], stats.sample_shape, spec.sample_shape, strict=False)
    differing = {axis for axis, ours, theirs in sizes if ours != theirs}
    if stats.per != "pixel" or spec.axes != stats.axes or not differing or "C" in differing:
        return "use data of the same kind"
    hint = "statistics --per channel fit any size"
    if spec.kind == "images" and not stats.decoding.get("resize"):
        height, width = stats.sample_shape[:2]
        return f"measure with --resize {width}x{height}, which is recorded and then resizes these too; or {hint}"
    return f"use data of the same size; or {hint}"


def _find_difference(stats: Stats, spec: Spec) -> str | None:
    """Returns how axes, channels, columns or sizes differ from those of the statistics; None if they do not."""
    axes = f"samples are {spec.axes}, statistics were made of {stats.axes}"
    if (spec.axes == "NC") != (stats.axes == "NC"):
        return axes
    if stats.per == "channel":
        return axes if count_channels(spec) is None else _compare_channels(stats, spec)
    if stats.per == "all":
        return None
    if stats.per == "pixel" and spec.axes != stats.axes and not (is_unclear(spec.axes) or is_unclear(stats.axes)):
        return axes
    if spec.sample_shape != stats.sample_shape:
        ours = describe_shape(stats.sample_shape)
        return f"samples are {describe_shape(spec.sample_shape)}, statistics were made of {ours}"
    if stats.names is not None and spec.names is not None and stats.names != spec.names:
        return f"its names are {', '.join(spec.names)}, statistics were made of {', '.join(stats.names)}"
    return None


def _compare_channels(stats: Stats, spec: Spec) -> str | None:
    channels, own = count_channels(spec), stats.moments.mean.size
    if channels != own:
        return f"it has {channels} channel{'s' * (channels != 1)}, statistics were made of {own}"
    if stats.names is not None and spec.names is not None and stats.names != spec.names:
        return f"its channels are {', '.join(spec.names)}, statistics were made of {', '.join(stats.names)}"
    return None


def _find_other_scale(stats: Stats, spec: Spec, first: Values | None) -> str | None:
    """Returns why the values are of another scale than those of the statistics; None if nothing says so."""
    # With --unit, integers are divided by their type's maximum, even if some of them are marked as missing.
    own, theirs = np.dtype(stats.dtype), spec.dtype if stats.unit and spec.holds_integers else spec.real_dtype
    low, high = stats.range
    if theirs.kind in "iu":
        if own.kind in "iu" and own != theirs and min(own.itemsize, theirs.itemsize) < 4:
            return f"its values are {theirs}, statistics were made of {own}"
        if own.kind == "f" and low >= 0 and high <= 1:
            return f"its values are {theirs}, statistics lie in 0-1"
        return None
    if first is None or not np.isfinite(first).any():
        return None
    least, most = (float(edge(first[np.isfinite(first)])) for edge in (np.min, np.max))
    if own.kind in "iu" and not stats.unit and high > 1 and least >= 0 and 0 < most <= 1:
        return f"its values lie in 0-1, statistics were made of {own}"
    if low >= 0 and high <= 1 and most > 2:
        return f"its values reach {most:g}, statistics lie in 0-1"
    return None
