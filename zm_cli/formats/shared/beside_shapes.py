"""Which arrays can lie beside the data: what they may hold, and how their axes fit those of the data."""

from __future__ import annotations

import math
from typing import NamedTuple

from zm_cli.data.options import Option, ReadOptions
from zm_cli.errors import UsageError
from zm_cli.formats.shared.options import BY, MASK, WEIGHT

MAX_LETTERS = 1 << 12
"""The most bytes that a label of fixed length can have: they are stored for every sample."""
WANTED: dict[Option[str], str] = {
    BY: f"labels are whole numbers, or texts of at most {MAX_LETTERS:,} bytes",
    WEIGHT: "weights are numbers",
    MASK: "a mask holds booleans or integers",
}
"""What the values of the array must be, for messages."""
OPTIONS: tuple[Option[str], ...] = (BY, WEIGHT, MASK)
"""The options that name an array beside the data."""


class MaskFit(NamedTuple):
    """How a mask lies on an array: `axis` is its sample axis, `extents` its length along each axis of a sample, 1 if it
    is the same all along that axis."""

    axis: int
    extents: tuple[int, ...]


def list_named(options: ReadOptions) -> dict[str, str]:
    """Returns the names that the user gave to arrays beside the data, by the names of the options."""
    given = {option.name: options.get(option) for option in OPTIONS}
    return {option: name for option, name in given.items() if name is not None}


def may_be_beside(option: Option[str], shape: tuple[int, ...]) -> bool:
    """Returns whether an array of this shape can hold labels or weights, which have one axis, or a mask."""
    entries = math.prod(shape)
    return entries > 0 and bool(shape) and (option is MASK or entries == max(shape))


def find_entry_axis(option: Option[str], shape: tuple[int, ...], samples: int, where: str) -> int:
    """Returns the axis along which an array of this shape has one entry for each sample; its other axes have length 1.

    Raises UsageError, naming both numbers, if it has another number of entries.
    """
    if math.prod(shape) == samples and shape:
        return next((axis for axis, extent in enumerate(shape) if extent != 1), 0)
    what = "label" if option is BY else "weight"
    if len(shape) == 2 and shape[0] == samples and option is BY:
        raise UsageError(
            f"has the shape {shape}, not one label for each of {samples:,} samples",
            where=where,
            hint="for one-hot labels, store the positions of the ones: labels.argmax(axis=1)",
        )
    raise UsageError(
        f"has the shape {shape}, but there are {samples:,} samples",
        where=where,
        hint=f"{option.spelling} takes one {what} for each sample",
    )


def fit_mask(mask: tuple[int, ...], shape: tuple[int, ...], letters: str, where: str) -> MaskFit:
    """Returns how a mask of shape `mask` lies on an array of this shape, whose axes are called `letters`.

    It has all axes of the array, or all except the channels, or the first ones, or only that of the samples. Along any
    axis except that of the samples, its length may be 1. Raises UsageError, naming both shapes, if it does not fit.
    """
    axes = range(len(shape))
    sample_axis = letters.index("N")
    choices = [list(axes), [axis for axis in axes if letters[axis] != "C"]]
    choices += [list(axes[:stop]) for stop in range(len(shape) - 1, sample_axis, -1)]
    choices.append([sample_axis])
    for kept in choices:
        if len(kept) == len(mask) and all(
            extent == shape[axis] or (extent == 1 and axis != sample_axis)
            for axis, extent in zip(kept, mask, strict=True)
        ):
            own = dict(zip(kept, mask, strict=True))
            return MaskFit(kept.index(sample_axis), tuple(own.get(axis, 1) for axis in axes if axis != sample_axis))
    raise UsageError(
        f"has the shape {mask}, the data have {shape}",
        where=where,
        hint="a mask has the shape of the data, of its first axes, of all but the channels, or of the samples",
    )
