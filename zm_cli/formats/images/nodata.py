"""The no-data value that TIFFs of GDAL declare: checks that all files agree on it, and that it can be applied."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from zm_cli.data.packing import Packing
from zm_cli.errors import DataError
from zm_cli.formats.images.bands import ARRAY
from zm_cli.formats.images.decode import Decoding
from zm_cli.formats.images.header import Header
from zm_cli.formats.images.listing import Listing
from zm_cli.formats.images.modes import Mode, keeps_values

_IGNORE = "--no-mask-and-scale reads it as a number"
_SMALL = 2
"""The bytes of the largest integer type that float32 holds exactly."""


def find_nodata(listing: Listing, mode: Mode, decoding: Decoding, path: str) -> Packing | None:
    """Returns what the stored values of a listing stand for, if its files declare a no-data value; else None.

    A value that their dtype cannot hold has no effect, and neither has nan. Raises DataError if the files do not agree
    on it, or if it would be mixed with other values before it can be left out.
    """
    values = _hold_all(listing, mode)
    declared = {header: value for header, value in values.items() if value is not None}
    if not declared:
        return None
    if len(set(values.values())) > 1:
        raise _make_nodata_error(listing, values, path)
    (nodata,) = set(declared.values())
    for header in declared:
        if header.recoded and not (mode.name == ARRAY and decoding.as_stored and not header.white_is_zero):
            what = header.recoded
        elif mode.name != ARRAY and not keeps_values(header.mode, mode.name):
            what = f"mode {header.mode} is converted to {mode.name}"
        else:
            continue
        where = f"{path}: {listing.example(header)}"
        raise DataError(f"declares {nodata:g} as no data, but its {what}", where=where, hint=_IGNORE)
    if decoding.resize:
        where = f"{path}: {listing.example(next(iter(declared)))}"
        fault = f"declares {nodata:g} as no data, which --resize would mix with the pixels beside it"
        raise DataError(fault, where=where, hint=f"leave out --resize; or {_IGNORE}")
    return Packing(_real_dtype(mode.numpy_dtype), missing=(nodata,))


def declares_nodata(listing: Listing, mode: Mode) -> bool:
    """Returns whether a file declares a no-data value that its dtype can hold."""
    return any(value is not None for value in _hold_all(listing, mode).values())


def note_nodata(listing: Listing, packing: Packing) -> str:
    """Returns a sentence that says what counts as missing."""
    (nodata,) = packing.missing
    count = len(listing)
    images = f"the image declares {nodata:g}" if count == 1 else f"all {count} images declare {nodata:g}"
    return f"{images} as no data, which counts as missing; {_IGNORE}"


def _real_dtype(dtype: np.dtype[np.generic]) -> np.dtype[np.generic]:
    """Returns the dtype that can hold the values and NaN."""
    if dtype.kind == "f":
        return dtype
    return np.dtype(np.float32 if dtype.itemsize <= _SMALL else np.float64)


def _hold_all(listing: Listing, mode: Mode) -> dict[Header, float | None]:
    return {header: _hold(header.nodata, mode.numpy_dtype) for header, _ in listing.counts()}


def _hold(number: float | None, dtype: np.dtype[np.generic]) -> float | None:
    """Returns a number as a value of the dtype; None if there is no number, or if the dtype cannot hold it."""
    if number is None:
        return None
    if dtype.kind in "iu":
        limits = np.iinfo(dtype.name)
        is_held = limits.min <= number <= limits.max and number == int(number)
        return int(number) if is_held else None
    with np.errstate(over="ignore"):
        held = float(dtype.type(number))
    return held if math.isinf(held) == math.isinf(number) else None


def _make_nodata_error(listing: Listing, values: dict[Header, float | None], path: str) -> DataError:
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    for header, count in listing.counts():
        value = values[header]
        shown = "none" if value is None else f"{value:g}"
        counts[shown] += count
        first.setdefault(shown, listing.example(header))
    listed = ", ".join(f"{count} {shown} ({first[shown]})" for shown, count in counts.most_common())
    hint = "separate them, or read all values as numbers with --no-mask-and-scale"
    return DataError(f"holds images that do not declare the same value as no data: {listed}", where=path, hint=hint)
