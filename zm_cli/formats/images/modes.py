"""Decides the one mode in which all images of a source are read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from zm_cli.errors import DataError, UsageError
from zm_cli.formats.images.arrays import INSTALL, ArrayType, has_tifffile
from zm_cli.formats.images.bands import ARRAY, BANDS
from zm_cli.formats.images.header import Header
from zm_cli.formats.images.listing import Listing, check_not_empty
from zm_cli.formats.images.suffixes import TIFFS

DTYPES = {"I;16": "uint16", "I": "int32", "F": "float32"}
"""The dtypes of the modes with more than 8 bits per channel; all others are uint8."""

_GRAY = frozenset({"1", "L", "LA", "I;16", "I", "F"})
_DEEP = frozenset(DTYPES)
_LOSSLESS = frozenset({("I;16", "I"), ("I;16", "F")})
"""Conversions of one deep mode to another that keep every value."""
_STORED = "--mode array reads its channels as they are stored"


@dataclass(frozen=True, slots=True)
class Mode:
    """The mode in which a source is read: its name ("array" or one of BANDS), dtype, channel count, channel names."""

    name: str
    dtype: str
    channels: int
    names: tuple[str, ...] | None

    @property
    def numpy_dtype(self) -> np.dtype[np.generic]:
        """The dtype as NumPy's object."""
        return np.dtype(self.dtype)


def parse_mode(asked: str | None) -> str | None:
    """Returns the mode as Pillow spells it, None for `auto`;
    raises UsageError, naming the choices, for an unknown mode."""
    if asked is None or asked.lower() == "auto":
        return None
    known = {name.lower(): name for name in (*BANDS, ARRAY)}
    if asked.lower() not in known:
        choices = ", ".join(("auto", *known.values()))
        raise UsageError(f"there is no mode '{asked}'", where="--mode", hint=f"choose from {choices}")
    return known[asked.lower()]


def decide_mode(listing: Listing, asked: str | None, path: str, *, skip: bool, lossy: bool, as_stored: bool) -> Mode:
    """Returns the mode in which to read a listing: `asked`, or with None the mode that keeps every value at one depth.

    Files that the decoder cannot keep in full are allowed only with `lossy` and if the mode asked for has 8 bits;
    otherwise they are a DataError, or with `skip` are moved to the skipped files. `as_stored` says whether arrays keep
    every channel that they are stored with. Raises DataError for mixtures that have no common mode.
    """
    headers = [header for header, _ in listing.counts()]
    if asked == ARRAY or (asked is None and headers and all(header.array for header in headers)):
        return _decide_array(listing, path, as_stored=as_stored)
    if not lossy or asked in _DEEP:
        _refuse_loss(listing, path, skip=skip)
        if asked is None:
            check_not_empty(listing, path)
    headers = [header for header, _ in listing.counts()]
    if asked is None and all(header.array for header in headers):
        return _decide_array(listing, path, as_stored=as_stored)
    if not all(header.mode for header in headers):
        raise DataError(
            (f"holds arrays, which are not converted to {asked}: " if asked else "mixes arrays and pictures: ")
            + _list_modes(listing, headers),
            where=path,
            hint="without --mode, a folder of arrays alone is read" if asked else "separate the folders",
        )
    if asked is not None and not lossy:
        _refuse_other_depth(listing, asked, path)
    name = asked or _decide_picture(listing, headers, path)
    for header in headers:
        if header.mode in _DEEP and header.mode != name and (header.mode, name) not in _LOSSLESS:
            raise DataError(
                f"is {header.mode}, which {name} would clip or round",
                where=f"{path}: {listing.example(header)}",
                hint=f"--mode {header.mode} keeps its values; or separate the folders",
            )
    return Mode(name, DTYPES.get(name, "uint8"), len(BANDS[name]), BANDS[name])


def keeps_values(mode: str, target: str) -> bool:
    """Returns whether the conversion of one picture mode to another keeps every value; alpha does not count."""
    return mode in (target, f"{target}A") or (target in ("I", "F") and _is_lossless(mode, target))


def _decide_array(listing: Listing, path: str, *, as_stored: bool) -> Mode:
    headers = [header for header, _ in listing.counts()]
    types: dict[ArrayType, Header] = {}
    for header in headers:
        found = header.stored if as_stored else header.array
        if found is None:
            raise _make_array_error(header, f"{path}: {listing.example(header)}")
        types.setdefault(found, header)
    if len(types) > 1:
        raise DataError(
            "holds arrays of several types: "
            + "; ".join(f"{array} ({listing.example(header)})" for array, header in types.items()),
            where=path,
            hint="separate the folders",
        )
    (array,) = types
    return Mode(ARRAY, array.dtype, array.channels, None)


def _make_array_error(header: Header, where: str) -> DataError:
    if header.is_indexed and header.array:
        return DataError("holds indices of a palette, which are not values", where=where, hint="leave out --mode array")
    if header.fault:
        return DataError(header.fault, where=where, hint=_STORED if header.stored else "save it as RGB")
    if header.loss and not has_tifffile():
        return DataError(header.loss, where=where, hint=f"{INSTALL} to read all of it")
    return DataError("is a picture, not an array", where=where, hint="read arrays and pictures separately")


def _refuse_loss(listing: Listing, path: str, *, skip: bool) -> None:
    """Raises DataError for files that cannot be read in full in any way; with `skip`, lists them as skipped."""
    for header, _ in listing.counts():
        if not (header.loss or header.fault):
            continue
        if skip:
            listing.skip_lossy()
            return
        where = f"{path}: {listing.example(header)}"
        if header.fault:
            raise _make_array_error(header, where)
        hints = ["--on-error skip leaves such files out"]
        if header.mode not in _DEEP:
            hints.insert(0, f"--mode {'L' if header.mode == 'L' else 'RGB'} accepts what the decoder keeps")
        if header.suffix in TIFFS:
            extra = "" if has_tifffile() else f" after {INSTALL}"
            hints.append(f"a folder of only such files is read in full without --mode{extra}")
        raise DataError(header.loss, where=where, hint=", ".join(hints))


def _refuse_other_depth(listing: Listing, asked: str, path: str) -> None:
    """Raises DataError for images that do not fit statistics in the mode `asked`:
    colour for gray, 8 bits for deeper modes."""
    for header, _ in listing.counts():
        colour = asked == "L" and header.mode not in _GRAY
        shallow = asked in _DEEP and header.mode not in _DEEP
        if colour or shallow:
            raise DataError(
                f"does not fit the statistics: it is {header.mode}, the statistics are of {asked}",
                where=f"{path}: {listing.example(header)}",
                hint="use images of the same kind, or measure with the --mode that all should have",
            )


def _decide_picture(listing: Listing, headers: list[Header], path: str) -> str:
    modes = {header.mode for header in headers}
    deep, gray = modes & _DEEP, modes <= _GRAY
    if not deep:
        return "L" if gray else "RGB"
    if gray and modes <= {"I", "I;16"}:
        return "I" if "I" in modes else "I;16"
    if modes == {"F"}:
        return "F"
    lossless = next((name for name in ("I", "F") if all(_is_lossless(mode, name) for mode in modes)), None)
    raise DataError(
        f"mixes images of different depth: {_list_modes(listing, headers)}",
        where=path,
        hint=f"--mode {lossless} keeps every value, or separate the folders" if lossless else "separate the folders",
    )


def _is_lossless(mode: str, target: str) -> bool:
    """Returns whether the conversion of a mode to the deep mode `target` keeps every value."""
    return mode in ("1", "L", target) or (mode, target) in _LOSSLESS


def _list_modes(listing: Listing, headers: list[Header]) -> str:
    """Returns a list of the modes and array types, each with its count and one example."""
    first: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for header, count in listing.counts():
        kind = header.mode or str(header.array or header.stored or header.fault)
        counts[kind] += count
        first.setdefault(kind, listing.example(header))
    return ", ".join(f"{count} {kind} ({first[kind]})" for kind, count in counts.most_common())
