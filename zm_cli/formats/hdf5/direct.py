"""Values read past the library, by their addresses in the file: outside its lock, in the caller's thread.

Only where a value in the file is a value of NumPy bit for bit, in the file itself, and its chunks can be decoded here.
"""

from __future__ import annotations

import math
import os
from array import array
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.formats.hdf5.access import ERRORS
from zm_cli.formats.hdf5.filters import Filters, find_filters, find_length
from zm_cli.formats.hdf5.grid import Grid

SMALLEST_PLAIN = 1 << 16
"""Bytes of a chunk's values; the library is faster with smaller ones than Python is, where they have no filter. Those
with gzip are all inflated here: of one that holds too little, the library gives what the memory held before."""
MOST_CHUNKS = 1 << 21
"""As many have their addresses held, 20 bytes each."""
ABSOLUTE_ADDRESSES = (1, 14, 4)
"""Before this version, the library told the addresses of chunks without the user block (its issue 3003)."""


def find_direct(file: Any, dataset: Any, axis: int) -> ContiguousValues | ChunkedValues | None:
    """The way to read runs of samples along `axis` of the open `dataset` (a low-level id); None: only by the library.

    It reads through any descriptor of the file, in this process or another. Raises ValueError where a chunk has not the
    length that it must have: the library gives what the memory held before.
    """
    from h5py import h5d, h5t

    dtype, plist = dataset.dtype, dataset.get_create_plist()
    plain = dataset.get_type().equal(h5t.py_create(dtype))
    if file.driver != "sec2":
        return None
    if plist.get_layout() == h5d.CONTIGUOUS:
        address = dataset.get_offset()
        before, row = math.prod(dataset.shape[:axis]), math.prod(dataset.shape[axis + 1 :]) * dtype.itemsize
        # Samples on an inner axis lie in many short pieces.
        usable = plain and address is not None and not plist.get_external_count() and before == 1
        return ContiguousValues(dtype, address, row) if usable else None
    filters, length = find_filters(plist, dtype.itemsize), find_length(plist, dataset.get_type().get_size())
    if filters is None and length is None:
        return None
    grid = Grid(dataset.shape, plist.get_chunk(), axis)
    index = _find_chunks(file, dataset, grid)
    if index is not None and length is not None:
        _check_sizes(index, length)
    if index is None or filters is None or not plain or (not filters.codes and filters.nbytes < SMALLEST_PLAIN):
        return None
    return ChunkedValues(dtype, axis, grid, filters, index)


@dataclass(frozen=True)
class ContiguousValues:
    """Values of `dtype` (of either byte order) that lie in the file in one piece, a sample every `row` bytes."""

    dtype: np.dtype[Any]
    address: int
    row: int

    def fill(self, handle: int, start: int, stop: int, run: NDArray[Any]) -> None:
        """Fills `run`, of the file's axes and dtype, with the samples from `start` to `stop` of the open file `handle`.

        Raises EOFError where the file ends before, OSError where it cannot be read.
        """
        _fill(handle, self.address + start * self.row, run)


@dataclass(frozen=True)
class ChunkIndex:
    """Where each chunk is, by its number: address (-1: nowhere, it was never written), bytes, filters skipped."""

    addresses: array[int]
    sizes: array[int]
    masks: array[int]


@dataclass(frozen=True)
class ChunkedValues:
    """Values of `dtype` (of either byte order) that lie in the file in chunks, filtered or as they are."""

    dtype: np.dtype[Any]
    axis: int
    grid: Grid
    filters: Filters
    index: ChunkIndex

    def fill(self, handle: int, start: int, stop: int, run: NDArray[Any]) -> None:
        """Fills `run`, of the file's axes and dtype, with the samples from `start` to `stop` of the open file `handle`.

        Raises EOFError where the file ends before, or a chunk does, or one unpacks to far too much; OSError where it
        cannot be read; ValueError where the library is to try: a chunk is not as it should be, or it would be a waste,
        since of a chunk that is filtered, or cut along an inner axis, all must be read for a part.
        """
        try:
            if not self.grid.is_whole(start, stop) and (self.filters.codes or self.axis != 0):
                raise ValueError("chunks would be cut")
            self._fill_pieces(handle, start, stop, run)
        except ValueError:
            # The library is to read it, which does not look at the lengths.
            self._check_lengths(handle, start, stop)
            raise

    def _check_lengths(self, handle: int, start: int, stop: int) -> None:
        """Raises EOFError where a filtered chunk that begins between `start` and `stop` does not hold one."""
        for number, corner, _inside, _place in self.grid.pieces(start, stop) if self.filters.codes else ():
            if corner[self.axis] >= start and self.index.addresses[number] >= 0:
                with suppress(ValueError):
                    self.filters.inflate(self._load(handle, number), self.index.masks[number])

    def _fill_pieces(self, handle: int, start: int, stop: int, run: NDArray[Any]) -> None:
        chunks = self.grid.chunks
        buffer: NDArray[Any] | None = None
        for number, _corner, inside, place in self.grid.pieces(start, stop):
            target, first = run[place], inside[0].start
            # Rows of a chunk that lie side by side in the run, too, need no copy.
            if target.flags.c_contiguous and target.shape[1:] == chunks[1:]:
                self._read(handle, number, first, target)
                continue
            if buffer is None:
                buffer = np.empty(chunks, self.dtype)
            part = buffer[: inside[0].stop - first]
            self._read(handle, number, first, part)
            target[...] = part[(slice(None), *inside[1:])]

    def _load(self, handle: int, number: int) -> bytes:
        """The bytes of a filtered chunk as they are stored; fewer where the file ends before."""
        size = self.index.sizes[number]
        # Deflate adds some bytes at most; a damaged index may claim gigabytes, which the library would unpack.
        if size > 2 * self.filters.nbytes + 64:
            raise EOFError(f"a chunk has {size} bytes, and {self.filters.nbytes} when it is unpacked")
        return os.pread(handle, size, self.index.addresses[number])

    def _read(self, handle: int, number: int, first: int, out: NDArray[Any]) -> None:
        """Fills `out`, C-contiguous, with the rows of a chunk from the `first` on, which is 0 where it is filtered."""
        address = self.index.addresses[number]
        if address < 0:
            raise ValueError("a chunk was never written")
        if self.filters.codes:
            self.filters.decode(self._load(handle, number), self.index.masks[number], out)
        else:
            _fill(handle, address + first * (self.filters.nbytes // self.grid.chunks[0]), out)


def _find_chunks(file: Any, dataset: Any, grid: Grid) -> ChunkIndex | None:
    """Where the chunks are; None where they are too many, or the library cannot tell.

    All are asked for at once: each by itself would be looked for among all.
    """
    import h5py

    if grid.count > MOST_CHUNKS or not hasattr(dataset, "chunk_iter"):
        return None
    if file.userblock_size and h5py.version.hdf5_version_tuple < ABSOLUTE_ADDRESSES:
        return None
    addresses, sizes, masks = array("q", [-1]) * grid.count, array("q", [0]) * grid.count, array("I", [0]) * grid.count

    def keep(stored: Any) -> None:
        number = grid.number(stored.chunk_offset)
        addresses[number], sizes[number], masks[number] = stored.byte_offset, stored.size, stored.filter_mask

    try:
        dataset.chunk_iter(keep)
    except (*ERRORS, OverflowError):
        return None
    return ChunkIndex(addresses, sizes, masks)


def _check_sizes(index: ChunkIndex, length: int) -> None:
    for address, size, mask in zip(index.addresses, index.sizes, index.masks, strict=True):
        # A filter that was skipped may have added something else, or nothing.
        if address >= 0 and not mask and size != length:
            raise ValueError(f"a chunk has {size} bytes instead of {length}")


def _fill(handle: int, address: int, out: NDArray[Any]) -> None:
    """Fills `out`, C-contiguous, from the file; EOFError where that ends before (the library would read zeros)."""
    view = out.reshape(-1).view(np.uint8).data
    while view:
        got = os.preadv(handle, [view], address)
        if not got:
            raise EOFError("the file ends within the values")
        view, address = view[got:], address + got
