"""The listing of a source: its image files with their headers, in the order of their paths."""

from __future__ import annotations

import os
import shlex
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from zm_cli.data.block import Skipped
from zm_cli.data.shard import Shard
from zm_cli.errors import DataError, NothingToMeasureError, UsageError
from zm_cli.formats.images.header import Header
from zm_cli.formats.images.names import Names
from zm_cli.outputs.receipt import load_receipt

RECEIPT = "zm.json"


@dataclass
class Listing:
    """The readable files of a source, and what was left out.

    For each sample: `paths` has its path relative to `base`, with `/`; `nbytes` its size; `header_indices` the index of
    its header in `headers`, which holds every different header once; `numbers` the number of its frame, 0 if the file
    is one sample (the path of a frame ends with its number, too); and `offsets` the offset of its page in a TIFF, 0 for
    the first page. `skipped` are files that could not be read, `left_out` counts files that are not images by their
    kind ("hidden", ".txt"), `unwanted` those that patterns left out, `loops` the links that lead back to a folder above
    them. `expanded` counts the files of which every frame is a sample, `copies`, `masks` and `stills` their pages that
    are not samples.
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
        self.paths.append(path)
        self.nbytes.append(nbytes)
        self.header_indices.append(self._index(header))
        self.numbers.append(number)
        self.offsets.append(offset)

    def extend(
        self, paths: Names, start: int, stop: int, nbytes: array[int], headers: Sequence[Header], indices: array[int]
    ) -> None:
        """Adds the files from `start` to `stop` of a list at the end; each whole file is a sample.

        `nbytes` are the sizes of all files in the list, `indices` those of their headers in `headers`.
        """
        chosen = indices[start:stop]
        # Only headers that occur, in the order in which they occur.
        own = {index: self._index(headers[index]) for index in dict.fromkeys(chosen)}
        self.paths.extend(paths, start, stop)
        self.nbytes.extend(nbytes[start:stop])
        self.header_indices.extend(map(own.__getitem__, chosen))
        self.numbers.extend(array("q", bytes(8 * len(chosen))))
        self.offsets.extend(array("q", bytes(8 * len(chosen))))

    def include(self, listing: Listing) -> None:
        """Adds all samples of another listing at the end, and what was left out with them."""
        first = len(self)
        self.extend(listing.paths, 0, len(listing), listing.nbytes, listing.headers, listing.header_indices)
        self.numbers[first:], self.offsets[first:] = listing.numbers, listing.offsets
        self.skipped += listing.skipped
        self.left_out += listing.left_out
        self.expanded += listing.expanded
        self.copies += listing.copies
        self.masks += listing.masks
        self.stills += listing.stills

    def cut(self, shard: Shard) -> Listing:
        """Returns the listing of a shard of the samples, with the same shard of the skipped files."""
        start, stop = shard.cut(len(self))
        part = replace(self, left_out=Counter(self.left_out))
        part.keep(range(start, stop))
        start, stop = shard.cut(len(self.skipped))
        part.skipped = self.skipped[start:stop]
        return part

    def header(self, index: int) -> Header:
        """Returns the header of the sample at `index` in `paths`."""
        return self.headers[self.header_indices[index]]

    def is_part(self, index: int) -> bool:
        """Returns whether the sample at `index` is a frame or page that a decoder must look for in its file."""
        return self.numbers[index] > 0 or self.offsets[index] > 0

    def counts(self) -> list[tuple[Header, int]]:
        """Returns each header with the number of samples that have it."""
        counts = Counter(self.header_indices)
        return [(header, counts[index]) for index, header in enumerate(self.headers) if counts[index]]

    def example(self, header: Header) -> str:
        """Returns the relative path of the first sample that has this header."""
        return self.paths[self.header_indices.index(self.headers.index(header))]

    def skip_lossy(self) -> None:
        """Moves the samples that cannot be read in full to `skipped`."""
        faults = [header.fault or header.loss for header in map(self.header, range(len(self)))]
        self.skipped += [Skipped(path, fault) for path, fault in zip(self.paths, faults, strict=True) if fault]
        self.keep([index for index, fault in enumerate(faults) if not fault])

    def keep(self, indices: Sequence[int]) -> None:
        """Drops all samples but those at `indices`."""
        kept = Listing(self.base)
        for index in indices:
            kept.add(
                self.paths[index], self.nbytes[index], self.header(index), self.numbers[index], self.offsets[index]
            )
        self.paths, self.nbytes, self.numbers, self.offsets = kept.paths, kept.nbytes, kept.numbers, kept.offsets
        self.headers, self.header_indices, self._known = kept.headers, kept.header_indices, kept._known

    def _index(self, header: Header) -> int:
        """Returns the index of a header in `headers`, and adds it if it is new."""
        index = self._known.setdefault(header, len(self.headers))
        if index == len(self.headers):
            self.headers.append(header)
        return index


def locate(path: str) -> str:
    """Returns the folder that relative paths of the source at `path` start from;
    raises UsageError for a missing path."""
    if not os.path.exists(path):
        raise UsageError("does not exist", where=path)
    return path if os.path.isdir(path) else os.path.dirname(path) or "."


def check_not_empty(listing: Listing, path: str) -> None:
    """Raises DataError, saying what was left out, if a listing has no image."""
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
    """Returns the receipt in a folder that zm wrote; None if there is none, DAMAGED if it cannot be read."""
    return load_receipt(os.path.join(path, RECEIPT))
