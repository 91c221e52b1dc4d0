"""Finding the files of a source and reading their headers, in the order of their paths."""

from __future__ import annotations

import os
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from zm_cli.data.block import Skipped
from zm_cli.data.options import ReadOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.formats.images.headers import Header, read_header
from zm_cli.formats.images.limits import limit_pillow
from zm_cli.formats.images.names import Names
from zm_cli.formats.images.pictures import broken, quieten, refuse, say_why
from zm_cli.formats.images.selecting import Selection
from zm_cli.formats.images.suffixes import is_image_suffix, suffix_of
from zm_cli.outputs.receipt import load_receipt

RECEIPT = "zm.json"


@dataclass
class Listing:
    """The readable files of a source: paths relative to `base` with `/`, bytes, and an index into `table` for each."""

    base: str
    paths: Names = field(default_factory=Names)
    nbytes: array[int] = field(default_factory=lambda: array("q"))
    which: array[int] = field(default_factory=lambda: array("q"))
    table: list[Header] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    unwanted: int = 0
    loops: int = 0

    def __len__(self) -> int:
        return len(self.paths)

    def header(self, index: int) -> Header:
        return self.table[self.which[index]]

    def counts(self) -> list[tuple[Header, int]]:
        """Each header with the number of files that have it."""
        found = Counter(self.which)
        return [(header, found[index]) for index, header in enumerate(self.table) if found[index]]

    def example(self, header: Header) -> str:
        """The first file that has this header."""
        return self.paths[self.which.index(self.table.index(header))]

    def skip_lossy(self) -> None:
        """Moves the files of which the decoder would not keep everything to the skipped ones."""
        kept = Listing(self.base)
        for path, nbytes, which in zip(self.paths, self.nbytes, self.which, strict=True):
            if self.table[which].loss:
                self.skipped.append(Skipped(path, self.table[which].loss))
            else:
                kept.paths.append(path)
                kept.nbytes.append(nbytes)
                kept.which.append(which)
        self.paths, self.nbytes, self.which = kept.paths, kept.nbytes, kept.which


def locate(path: str) -> str:
    """The folder that the relative paths of a source at `path` start from; UsageError where there is nothing."""
    if not os.path.exists(path):
        raise UsageError("does not exist", where=path)
    return path if os.path.isdir(path) else os.path.dirname(path) or "."


def list_images(path: str, wanted: Selection, *, skip: bool, max_pixels: int) -> Listing:
    """The files of the folder or file at `path` with their headers, none of which claims more than `max_pixels`, as far
    as they are wanted.

    A file that is named as an image and cannot be read raises DataError, or with `skip` is listed as skipped. Raises
    DataError where no image is left.
    """
    quieten()
    limit_pillow(max_pixels)
    listing = Listing(locate(path))
    known: dict[Header, int] = {}
    found = wanted.files is None and os.path.isdir(path)
    candidates = _list_candidates(path, wanted, listing, skip)
    faults: tuple[type[BaseException], ...] = (*broken(), DataError)
    for name in candidates:
        if len(listing) == wanted.limit:
            break
        if not wanted.admits(name):
            listing.unwanted += 1
            continue
        full, suffix = os.path.join(listing.base, name), suffix_of(name)
        try:
            header, nbytes = read_header(full, suffix, max_pixels)
        except faults as error:
            if not suffix and found:
                listing.left_out["without a suffix"] += 1
                continue
            if not skip:
                raise refuse(full, error) from error
            listing.skipped.append(Skipped(name, error.what if isinstance(error, DataError) else say_why(error)))
            continue
        index = known.setdefault(header, len(listing.table))
        if index == len(listing.table):
            listing.table.append(header)
        listing.paths.append(name)
        listing.nbytes.append(nbytes)
        listing.which.append(index)
    check_not_empty(listing, path)
    return listing


def list_files(path: str, options: ReadOptions) -> Iterator[tuple[str, str]]:
    """The files that `list_images` would look at, and a folder's receipt: the relative path of each, and the path."""
    wanted = Selection.from_options(options)
    base = locate(path)
    for name in _list_candidates(path, wanted, Listing(base), skip=True):
        if wanted.admits(name):
            yield name, os.path.join(base, name)
    if os.path.exists(receipt := os.path.join(path, RECEIPT)):
        yield RECEIPT, receipt


def _list_candidates(path: str, wanted: Selection, listing: Listing, skip: bool) -> Iterator[str]:
    """The relative paths of what may be images, in order; counts in `listing` what is none."""
    if wanted.files is not None:
        return iter(wanted.files)
    return _walk(path, "", (), listing, skip) if os.path.isdir(path) else iter((os.path.basename(path),))


def check_not_empty(listing: Listing, path: str) -> None:
    """Raises DataError, saying what was left out, where a listing has no image."""
    if len(listing):
        return
    others = [f"{count} {what}" for what, count in sorted(listing.left_out.items())]
    if listing.unwanted:
        others.append(f"{listing.unwanted} by --include and --exclude")
    if listing.skipped:
        first = listing.skipped[0]
        others.append(f"{len(listing.skipped)} unreadable, the first: {first.name}: {first.reason}")
    raise DataError(
        "holds no image" + (f" (left out: {', '.join(others)})" if others else ""),
        where=path,
        hint="name a folder with images, or an image file",
    )


def read_receipt(path: str) -> Mapping[str, Any] | None:
    """What zm left in a folder that it wrote; None where the folder is not zm's, DAMAGED where that is not known."""
    return load_receipt(os.path.join(path, RECEIPT))


def _walk(folder: str, prefix: str, chain: tuple[tuple[int, int], ...], listing: Listing, skip: bool) -> Iterator[str]:
    """The relative paths under `folder` that may be images, in order; counts the others in `listing`."""
    try:
        status = os.stat(folder)
        identity = (status.st_dev, status.st_ino)
        if identity in chain:
            listing.loops += 1
            return
        names, special = _list_folder(folder)
    except OSError as error:
        if not skip:
            raise refuse(folder, error) from error
        listing.skipped.append(Skipped(prefix, say_why(error)))
        return
    for name in names:
        if name.startswith("."):
            listing.left_out["hidden"] += 1
            continue
        what = special.get(name, "file")
        if what == "folder":
            yield from _walk(os.path.join(folder, name), f"{prefix}{name}/", (*chain, identity), listing, skip)
        elif is_image_suffix(name) and what != "device":
            # A link that leads nowhere goes along: opening it tells why it cannot be read.
            yield prefix + name
        elif not suffix_of(name) and what == "file":
            yield prefix + name
        elif name != RECEIPT or prefix or read_receipt(folder) is None:
            listing.left_out[suffix_of(name) or "without a suffix"] += 1


def _list_folder(folder: str) -> tuple[list[str], dict[str, str]]:
    """The names in a folder, sorted, and what those are that are no files."""
    names: list[str] = []
    special: dict[str, str] = {}
    with os.scandir(folder) as found:
        for entry in found:
            names.append(entry.name)
            what = _look(entry)
            if what != "file":
                special[entry.name] = what
    names.sort()
    return names, special


def _look(entry: os.DirEntry[str]) -> str:
    """Whether an entry, its links followed, is a "folder", "file", "nothing", or a "device" that must not be opened."""
    try:
        if entry.is_dir():
            return "folder"
        if entry.is_file():
            return "file"
    except OSError:
        return "nothing"
    return "device" if os.path.exists(entry.path) else "nothing"
