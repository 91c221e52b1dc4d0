"""Whether data fit statistics: their channels, columns or sizes, and the scale of their values."""

from __future__ import annotations

import numpy as np

from zm_cli.data.block import Values
from zm_cli.data.spec import Spec
from zm_cli.errors import DataError
from zm_cli.numbers.axes import count_channels, describe_shape, is_unclear
from zm_cli.statsfile.stats import Stats


def check_fits(stats: Stats, spec: Spec, where: str) -> None:
    """Raises DataError, naming the difference, where these statistics cannot transform data of this spec."""
    if difference := _find_difference(stats, spec):
        raise DataError(f"does not fit the statistics: {difference}", where=where, hint="use data of the same kind")


def check_scale(stats: Stats, spec: Spec, first: Values | None, where: str) -> None:
    """Raises DataError where data look to be of another scale: 0-255 for 0-1, or 16 bits for 8.

    `first` is a block of the data, None where none can be had. Tables are never refused, since each column has a scale
    of its own.
    """
    if stats.axes != "NC" and (difference := _find_other_scale(stats, spec, first)):
        hint = "measure training data of the same scale (--unit reads integers as 0-1), or --force"
        raise DataError(f"does not fit the statistics: {difference}", where=where, hint=hint)


def _find_difference(stats: Stats, spec: Spec) -> str | None:
    """What rules the statistics out: axes, channels, columns or sizes that do not line up with theirs."""
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
    """What says that the values of data are of another scale than those of the statistics; None where nothing does."""
    own, theirs = np.dtype(stats.dtype), spec.dtype
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
