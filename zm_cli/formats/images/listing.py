"""Listing the image files of a source with their headers, in the order of their paths."""

from __future__ import annotations

import os
import shlex
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from zm_cli.data.block import Skipped
from zm_cli.data.options import ReadOptions
from zm_cli.errors import DataError, NothingToMeasureError, UsageError
from zm_cli.formats.images.file_patterns import Selection
from zm_cli.formats.images.frames import Frames
from zm_cli.formats.images.header import Header
from zm_cli.formats.images.headers import read_header
from zm_cli.formats.images.limits import limit_pillow
from zm_cli.formats.images.names import Names
from zm_cli.formats.images.pictures import broken, quieten, refuse, say_why
from zm_cli.formats.images.suffixes import is_image_suffix, suffix_of
from zm_cli.outputs.receipt import load_receipt

RECEIPT = "zm.json"


@dataclass
class Listing:
    """The readable files of a source, and what was left out.

    Of each sample: its path relative to `base`, with `/`, in `paths`; its size in `nbytes`; in `header_indices` the
    index of its header in `headers`, which holds every different header once; in `numbers` the number of its frame, 0
    where the file is one sample (a frame has its number at the end of its path, too); and in `offsets` where its page
    begins in a TIFF, 0 for the first. `skipped` are files that could not be read, `left_out` counts files that are not
    images by their kind ("hidden", ".txt"), `unwanted` those that patterns left out, `loops` the links that lead back
    to a folder above them. `expanded` counts the files of which every frame is a sample, `copies`, `masks` and
    `stills` their pages that are not samples.
    """

    base: str
    paths: Names = field(default_factory=Names)
    nbytes: array[int] = field(default_factory=lambda: array("q"))
    header_indices: array[int] = field(default_factory=lambda: array("q"))
    numbers: array[int] = field(default_factory=lambda: array("q"))
    offsets: array[int] = field(default_factory=lambda: array("q"))
    headers: list[Header] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    unwanted: int = 0
    loops: int = 0
    expanded: int = 0
    copies: int = 0
    masks: int = 0
    stills: int = 0
    _known: dict[Header, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.paths)

    def add(self, path: str, nbytes: int, header: Header, number: int, offset: int) -> None:
        """Adds a sample at the end."""
        index = self._known.setdefault(header, len(self.headers))
        if index == len(self.headers):
            self.headers.append(header)
        self.paths.append(path)
        self.nbytes.append(nbytes)
        self.header_indices.append(index)
        self.numbers.append(number)
        self.offsets.append(offset)

    def header(self, index: int) -> Header:
        """The header of the sample at `index` in `paths`."""
        return self.headers[self.header_indices[index]]

    def is_part(self, index: int) -> bool:
        """Whether the sample at `index` is not simply what a decoder finds first in its file."""
        return self.numbers[index] > 0 or self.offsets[index] > 0

    def counts(self) -> list[tuple[Header, int]]:
        """Each header with the number of samples that have it."""
        counts = Counter(self.header_indices)
        return [(header, counts[index]) for index, header in enumerate(self.headers) if counts[index]]

    def example(self, header: Header) -> str:
        """The relative path of the first sample that has this header."""
        return self.paths[self.header_indices.index(self.headers.index(header))]

    def skip_lossy(self) -> None:
        """Moves the samples that cannot be read in full to `skipped`."""
        faults = [header.fault or header.loss for header in map(self.header, range(len(self)))]
        self.skipped += [Skipped(path, fault) for path, fault in zip(self.paths, faults, strict=True) if fault]
        self.keep([index for index, fault in enumerate(faults) if not fault])

    def keep(self, indices: list[int]) -> None:
        """Drops all samples but those at `indices`."""
        kept = Listing(self.base)
        for index in indices:
            kept.add(
                self.paths[index], self.nbytes[index], self.header(index), self.numbers[index], self.offsets[index]
            )
        self.paths, self.nbytes, self.numbers, self.offsets = kept.paths, kept.nbytes, kept.numbers, kept.offsets
        self.headers, self.header_indices, self._known = kept.headers, kept.header_indices, kept._known


def locate(path: str) -> str:
    """The folder that the relative paths of the source at `path` start from. Raises UsageError for a missing path."""
    if not os.path.exists(path):
        raise UsageError("does not exist", where=path)
    return path if os.path.isdir(path) else os.path.dirname(path) or "."


def list_images(path: str, wanted: Selection, *, skip: bool, max_pixels: int, frames: bool = False) -> Listing:
    """The wanted files of the folder at `path`, or the one file at `path`, with their headers.

    With `frames`, every frame or page of a file that has several is a sample. Raises DataError for a file that has the
    name of an image but cannot be read, or that claims more than `max_pixels`; with `skip`, such files are listed as
    skipped. Raises DataError where no image is left.
    """
    quieten()
    limit_pillow(max_pixels)
    listing = Listing(locate(path))
    is_search = wanted.files is None and os.path.isdir(path)
    candidates = _list_candidates(path, wanted, listing, skip)
    faults: tuple[type[BaseException], ...] = (*broken(), DataError)
    for name in candidates:
        if len(listing) == wanted.limit:
            break
        if not wanted.admits(name):
            listing.unwanted += 1
            continue
        full_path, suffix = os.path.join(listing.base, name), suffix_of(name)
        try:
            header, nbytes, offset = read_header(full_path, suffix, max_pixels)
        except faults as error:
            if not suffix and is_search:
                listing.left_out["without a suffix"] += 1
                continue
            if not skip:
                raise refuse(full_path, error) from error
            listing.skipped.append(Skipped(name, _say_why(error)))
            continue
        if frames and (header.frames or header.copies or header.masked or header.planes > 1):
            _add_frames(listing, name, nbytes, Frames(full_path, suffix, max_pixels), wanted.limit, skip=skip)
        else:
            listing.add(name, nbytes, header, 0, offset)
    check_not_empty(listing, path)
    return listing


def _add_frames(listing: Listing, path: str, nbytes: int, frames: Frames, limit: int | None, *, skip: bool) -> None:
    """Adds the frames of one file of `nbytes` bytes as samples, or with `skip` those that can be read."""
    faults: tuple[type[BaseException], ...] = (*broken(), DataError)
    first = len(listing)
    try:
        for frame in frames.read():
            if len(listing) == limit:
                break
            name = frames.name(path, frame.number) if frames.has_several else path
            if not isinstance(frame.header, BaseException):
                number = frame.number if frames.has_several else 0
                listing.add(name, nbytes // frames.total, frame.header, number, frame.offset)
            elif skip:
                listing.skipped.append(Skipped(name, _say_why(frame.header)))
            else:
                raise refuse(os.path.join(listing.base, name), frame.header) from frame.header
        else:
            if len(listing) > first:
                listing.nbytes[first] += nbytes - sum(listing.nbytes[first:])
    except faults as error:
        if not skip:
            raise refuse(frames.path, error) from error
        listing.skipped.append(Skipped(path, _say_why(error)))
    listing.expanded += frames.has_several
    listing.copies += frames.copies
    listing.masks += frames.masks
    listing.stills += frames.stills


def _say_why(error: BaseException) -> str:
    return error.what if isinstance(error, DataError) else say_why(error)


def list_files(path: str, options: ReadOptions) -> Iterator[tuple[str, str]]:
    """The files that `list_images` would look at, and the folder's receipt: the relative path and the path of each."""
    wanted = Selection.from_options(options)
    base = locate(path)
    for name in _list_candidates(path, wanted, Listing(base), skip=True):
        if wanted.admits(name):
            yield name, os.path.join(base, name)
    if os.path.exists(receipt := os.path.join(path, RECEIPT)):
        yield RECEIPT, receipt


def _list_candidates(path: str, wanted: Selection, listing: Listing, skip: bool) -> Iterator[str]:
    """The relative paths of files that may be images, in order; the others are counted in `listing`."""
    if wanted.files is not None:
        return iter(wanted.files)
    return _walk(path, "", (), listing, skip) if os.path.isdir(path) else iter((os.path.basename(path),))


def check_not_empty(listing: Listing, path: str) -> None:
    """Raises DataError where a listing has no image, saying what was left out."""
    if len(listing):
        return
    others = [f"{count} {kind}" for kind, count in sorted(listing.left_out.items())]
    if listing.unwanted:
        others.append(f"{listing.unwanted} by --include and --exclude")
    if listing.skipped:
        first = listing.skipped[0]
        others.append(f"{len(listing.skipped)} unreadable, the first: {first.name}: {first.reason}")
    look = f"zm inspect {shlex.quote(path)} shows what it holds"
    raise (DataError if listing.skipped else NothingToMeasureError)(
        "holds no image" + (f" (left out: {', '.join(others)})" if others else ""),
        where=path,
        hint=look if listing.left_out else "name a folder with images, or an image file",
    )


def read_receipt(path: str) -> Mapping[str, Any] | None:
    """The receipt in a folder that zm wrote; None where there is none, DAMAGED where it cannot be read."""
    return load_receipt(os.path.join(path, RECEIPT))


def _walk(
    folder: str, prefix: str, parents: tuple[tuple[int, int], ...], listing: Listing, skip: bool
) -> Iterator[str]:
    """The relative paths, each with `prefix`, of files in `folder` that may be images; counts the others in `listing`.

    `parents` are the devices and inodes of the folders above it, to detect links that lead back to one.
    """
    try:
        status = os.stat(folder)
        identity = (status.st_dev, status.st_ino)
        if identity in parents:
            listing.loops += 1
            return
        names, kinds = _list_folder(folder)
    except OSError as error:
        if not skip:
            raise refuse(folder, error) from error
        listing.skipped.append(Skipped(prefix, say_why(error)))
        return
    for name in names:
        if name.startswith("."):
            listing.left_out["hidden"] += 1
            continue
        kind = kinds.get(name, "file")
        if kind == "folder":
            yield from _walk(os.path.join(folder, name), f"{prefix}{name}/", (*parents, identity), listing, skip)
        elif is_image_suffix(name) and kind != "device":
            # Broken links are included: opening one gives the reason why it cannot be read.
            yield prefix + name
        elif not suffix_of(name) and kind == "file":
            yield prefix + name
        elif name != RECEIPT or prefix or read_receipt(folder) is None:
            listing.left_out[suffix_of(name) or "without a suffix"] += 1


def _list_folder(folder: str) -> tuple[list[str], dict[str, str]]:
    """The names in a folder, sorted, and the kinds of those that are not files."""
    names: list[str] = []
    kinds: dict[str, str] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            names.append(entry.name)
            kind = _find_kind(entry)
            if kind != "file":
                kinds[entry.name] = kind
    names.sort()
    return names, kinds


def _find_kind(entry: os.DirEntry[str]) -> str:
    """What an entry is, links followed: "folder", "file", "missing", or "device", which must not be opened."""
    try:
        if entry.is_dir():
            return "folder"
        if entry.is_file():
            return "file"
    except OSError:
        return "missing"
    return "device" if os.path.exists(entry.path) else "missing"
