"""In which mode all images of a source are read, what that converts, and which mixtures are refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from zm_cli.errors import DataError, UsageError
from zm_cli.formats.images.arrays import INSTALL, has_tifffile
from zm_cli.formats.images.headers import Header
from zm_cli.formats.images.listing import Listing, check_not_empty
from zm_cli.formats.images.suffixes import TIFFS

ARRAY = "array"
BANDS: dict[str, tuple[str, ...]] = {
    "L": ("L",),
    "LA": ("L", "A"),
    "RGB": ("R", "G", "B"),
    "RGBA": ("R", "G", "B", "A"),
    "CMYK": ("C", "M", "Y", "K"),
    "YCbCr": ("Y", "Cb", "Cr"),
    "LAB": ("L", "A", "B"),
    "HSV": ("H", "S", "V"),
    "I;16": ("I",),
    "I": ("I",),
    "F": ("F",),
}
"""The modes to choose from, with the names of their channels."""

DTYPES = {"I;16": "uint16", "I": "int32", "F": "float32"}
"""Of the modes with more than 8 bits; the others are uint8."""

_GRAY = frozenset({"1", "L", "LA", "I;16", "I", "F"})
_DEEP = frozenset(DTYPES)
_KEPT = frozenset({("I;16", "I"), ("I;16", "F")})
"""Changes from one deep mode to another that keep every value."""
_SPOKEN = {"1": "1-bit"}


@dataclass(frozen=True, slots=True)
class Mode:
    """The mode that a source is read in: `array` or one of BANDS, with its dtype, channel count and channel names."""

    name: str
    dtype: str
    channels: int
    names: tuple[str, ...] | None

    @property
    def numpy_dtype(self) -> np.dtype[np.generic]:
        return np.dtype(self.dtype)


def parse_mode(asked: str | None) -> str | None:
    """The mode's proper spelling, None for `auto`; UsageError, naming the choices, for an unknown one."""
    if asked is None or asked.lower() == "auto":
        return None
    known = {name.lower(): name for name in (*BANDS, ARRAY)}
    if asked.lower() not in known:
        choices = ", ".join(("auto", *known.values()))
        raise UsageError(f"there is no mode '{asked}'", where="--mode", hint=f"choose from {choices}")
    return known[asked.lower()]


def decide_mode(listing: Listing, asked: str | None, path: str, *, skip: bool, lossy: bool) -> Mode:
    """The mode to read a listing in: `asked`, or where that is None the one that keeps every value and one depth.

    Files that the decoder would cut short are refused by name, with `skip` moved to the skipped ones, unless `lossy`
    allows it and the mode asked for has 8 bits. Raises DataError for mixtures that have no common mode.
    """
    headers = [header for header, _ in listing.counts()]
    if asked == ARRAY or (asked is None and headers and all(header.array for header in headers)):
        return _decide_array(listing, path)
    if not lossy or asked in _DEEP:
        _refuse_loss(listing, path, asked, skip=skip)
    headers = [header for header, _ in listing.counts()]
    if asked is None and all(header.array for header in headers):
        return _decide_array(listing, path)
    if not all(header.mode for header in headers):
        raise DataError(
            (f"holds arrays, which are not converted to {asked}: " if asked else "mixes arrays and pictures: ")
            + _list(listing, headers),
            where=path,
            hint="leave --mode away for arrays alone" if asked else "separate the folders",
        )
    if asked is not None and not lossy:
        _refuse_other_depth(listing, asked, path)
    name = asked or _decide_picture(listing, headers, path)
    for header in headers:
        if header.mode in _DEEP and header.mode != name and (header.mode, name) not in _KEPT:
            raise DataError(
                f"is {header.mode}, which {name} would clip or round",
                where=f"{path}: {listing.example(header)}",
                hint=f"--mode {header.mode} keeps its values; or separate the folders",
            )
    return Mode(name, DTYPES.get(name, "uint8"), len(BANDS[name]), BANDS[name])


def note_conversions(listing: Listing, mode: Mode, *, exif: bool) -> list[str]:
    """Sentences on what reading in this mode changes, with counts."""
    notes = []
    counts = listing.counts()
    total = len(listing)
    if mode.name != ARRAY:
        converted = _count(counts, (header for header, _ in counts if _is_converted(header, mode.name)))
        if converted:
            listed = ", ".join(f"{count} {_SPOKEN.get(name, name)}" for name, count in converted.most_common())
            were = "was" if converted.total() == 1 else "were"
            notes.append(f"{converted.total()} of {_images(total)} {were} converted to {mode.name}: {listed}")
        if not mode.name.endswith("A"):
            dropped = _count(counts, (header for header, _ in counts if header.alpha))
            if dropped:
                listed = ", ".join(f"{count} {name}" for name, count in dropped.most_common())
                notes.append(f"the alpha of {_images(dropped.total())} was dropped: {listed}")
        for what in sorted({header.loss for header, _ in counts if header.loss}):
            number = sum(found for header, found in counts if header.loss == what)
            notes.append(f"{_files(number)} {what.replace('holds', 'hold', 1) if number > 1 else what}")
    if stretched := sum(count for header, count in counts if header.stretched):
        notes.append(
            f"{_files(stretched)} {_state(stretched)} a range that is not its type's; "
            "the decoder stretches the values to the full range"
        )
    if frames := sum(count for header, count in counts if header.frames):
        notes.append(f"{_files(frames)} {'holds' if frames == 1 else 'hold'} several frames; the first is read")
    if not exif and (turned := sum(count for header, count in counts if header.orientation != 1)):
        carry = "carries" if turned == 1 else "carry"
        notes.append(f"{_images(turned)} {carry} an EXIF rotation that was not applied; --exif applies it")
    return notes


def _decide_array(listing: Listing, path: str) -> Mode:
    headers = [header for header, _ in listing.counts()]
    for header in headers:
        if header.array is None:
            what, hint = "is a picture, not an array", "read arrays and pictures separately"
            if header.loss and not has_tifffile():
                what, hint = header.loss, f"{INSTALL} reads it whole"
            raise DataError(what, where=f"{path}: {listing.example(header)}", hint=hint)
    kinds = {header.array: header for header in headers if header.array}
    if len(kinds) > 1:
        raise DataError(
            "holds arrays of several types: " + "; ".join(f"{kind} ({listing.example(kinds[kind])})" for kind in kinds),
            where=path,
            hint="separate the folders",
        )
    (kind,) = kinds
    return Mode(ARRAY, kind.dtype, kind.channels, None)


def _refuse_loss(listing: Listing, path: str, asked: str | None, *, skip: bool) -> None:
    for header, _ in listing.counts():
        if not header.loss:
            continue
        if skip:
            listing.skip_lossy()
            check_not_empty(listing, path)
            return
        hints = ["--on-error skip leaves such files out"]
        if header.mode not in _DEEP:
            hints.insert(0, f"--mode {'L' if header.mode == 'L' else 'RGB'} accepts what the decoder keeps")
        if header.suffix in TIFFS:
            extra = "" if has_tifffile() else f" after {INSTALL}"
            hints.append(f"without --mode a folder of such files alone is read whole{extra}")
        hint = ", ".join(hints)
        raise DataError(header.loss, where=f"{path}: {listing.example(header)}", hint=hint)


def _refuse_other_depth(listing: Listing, asked: str, path: str) -> None:
    """Raises DataError for colour where a mode found for gray is followed, and for 8 bits where one for more is."""
    for header, _ in listing.counts():
        colour = asked == "L" and header.mode not in _GRAY
        shallow = asked in _DEEP and header.mode not in _DEEP
        if colour or shallow:
            raise DataError(
                f"does not fit the statistics: it is {header.mode}, they were made of {asked}",
                where=f"{path}: {listing.example(header)}",
                hint="use images of the same kind, or measure with the --mode that all are to have",
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
    keeps = next((name for name in ("I", "F") if all(_keeps(mode, name) for mode in modes)), None)
    raise DataError(
        f"mixes images of different depth: {_list(listing, headers)}",
        where=path,
        hint=f"--mode {keeps} keeps every value, or separate the folders" if keeps else "separate the folders",
    )


def _keeps(mode: str, name: str) -> bool:
    return mode in ("1", "L", name) or (mode, name) in _KEPT


def _is_converted(header: Header, name: str) -> bool:
    # Losing alpha alone is told on its own.
    return header.mode not in (name, f"{name}A", "RGBX" if name == "RGB" else name)


def _count(counts: list[tuple[Header, int]], chosen: Iterable[Header]) -> Counter[str]:
    wanted = set(chosen)
    found: Counter[str] = Counter()
    for header, count in counts:
        if header in wanted:
            found[header.mode] += count
    return found


def _list(listing: Listing, headers: list[Header]) -> str:
    """Each mode or array type with its count and one example."""
    first: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for header, count in listing.counts():
        kind = header.mode or f"{header.array}"
        counts[kind] += count
        first.setdefault(kind, listing.example(header))
    return ", ".join(f"{count} {kind} ({first[kind]})" for kind, count in counts.most_common())


def _images(count: int) -> str:
    return f"{count} image{'s' * (count != 1)}"


def _files(count: int) -> str:
    return f"{count} file{'s' * (count != 1)}"


def _state(count: int) -> str:
    return "states" if count == 1 else "state"
