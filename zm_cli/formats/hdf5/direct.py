"""Reads values directly from their addresses in the file, in any thread, without the library and its global lock.

This is possible only if the stored values are NumPy values bit for bit, lie in the file itself, and the chunks can be
decoded here.
"""

from __future__ import annotations

import math
from array import array
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.formats.hdf5.filters import Filters, find_filters, find_stored_length
from zm_cli.formats.hdf5.grid import Grid
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS
from zm_cli.system import read_at, read_bytes_at

SMALLEST_PLAIN = 1 << 16
"""Smaller chunks (in bytes of values) without filters are left to the library, which reads them faster than Python.
Chunks with gzip are all inflated here: for a chunk that holds too little, the library would return what was in memory
before."""
MAX_CHUNKS = 1 << 21
"""The most chunks of a dataset whose addresses are kept, at 20 bytes each."""
ABSOLUTE_ADDRESSES = (1, 14, 4)
"""Before this version, the library did not count the user block in the addresses of chunks (its issue 3003)."""


def find_direct_reader(file: Any, dataset: Any, axis: int) -> ContiguousReader | ChunkedReader | None:
    """Returns the direct reader of samples along `axis` of an open dataset (a low-level id) in `file` (an `h5py.File`).

    None if only the library can read the dataset. The reader works with any descriptor of the file, in this process or
    another. Raises ValueError if a chunk does not have the stored length that it must have: the library would return
    what was in memory before.
    """
    from h5py import h5d, h5t

    dtype, plist = dataset.dtype, dataset.get_create_plist()
    plain = dataset.get_type().equal(h5t.py_create(dtype))
    # Texts of variable length are stored as addresses.
    if file.driver not in ("sec2", "windows") or dtype.hasobject:
        return None
    if plist.get_layout() == h5d.CONTIGUOUS:
        address = dataset.get_offset()
        before = math.prod(dataset.shape[:axis])
        sample_bytes = math.prod(dataset.shape[axis + 1 :]) * dtype.itemsize
        # Samples along an inner axis are scattered in many short pieces.
        usable = plain and address is not None and not plist.get_external_count() and before == 1
        return ContiguousReader(dtype, address, sample_bytes) if usable else None
    filters = find_filters(plist, dtype.itemsize)
    length = find_stored_length(plist, dataset.get_type().get_size())
    if filters is None and length is None:
        return None
    grid = Grid(dataset.shape, plist.get_chunk(), axis)
    index = _find_chunks(file, dataset, grid)
    if index is not None and length is not None:
        _check_lengths(index, length)
    if index is None or filters is None or not plain or (not filters.codes and filters.nbytes < SMALLEST_PLAIN):
        return None
    return ChunkedReader(dtype, axis, grid, filters, index)


@dataclass(frozen=True)
class ContiguousReader:
    """Reads values of `dtype` (of either byte order) that lie in one piece from `address` on, sample after sample."""

    dtype: np.dtype[Any]
    address: int
    sample_bytes: int

    def fill(self, descriptor: int, start: int, stop: int, out: NDArray[Any]) -> None:
        """Fills `out`, C-contiguous, with the samples from `start` to `stop`; its axes and dtype are those of the file.

        `descriptor` is that of the open file. Raises EOFError if the file ends too early, OSError if it cannot be read.
        """
        _fill(descriptor, self.address + start * self.sample_bytes, out)


@dataclass(frozen=True)
class ChunkIndex:
    """Each chunk by its number: its address (-1 if it was never written), its stored size in bytes, and the mask of the
    filters skipped for it."""

    addresses: array[int]
    sizes: array[int]
    masks: array[int]


@dataclass(frozen=True)
class ChunkedReader:
    """Reads values of `dtype` (of either byte order) that lie in chunks, with samples along `axis`."""

    dtype: np.dtype[Any]
    axis: int
    grid: Grid
    filters: Filters
    index: ChunkIndex

    def fill(self, descriptor: int, start: int, stop: int, out: NDArray[Any]) -> None:
        """Fills `out` with the samples from `start` to `stop`; its axes and dtype are those of the file.

        `descriptor` is that of the open file. Raises EOFError if the file or a chunk ends too early, or a chunk
        inflates to far too much; OSError if the file cannot be read. Raises ValueError if the library should read the
        samples: because a chunk is not as expected, or because a whole chunk would have to be read for a part of it, as
        it is filtered or cut along an inner axis.
        """
        try:
            if not self.grid.is_whole(start, stop) and (self.filters.codes or self.axis != 0):
                raise ValueError("chunks would be cut")
            self._fill_pieces(descriptor, start, stop, out)
        except ValueError:
            # The library reads the samples next, and does not check how much a chunk holds.
            self._check_contents(descriptor, start, stop)
            raise

    def _check_contents(self, descriptor: int, start: int, stop: int) -> None:
        """Raises EOFError if a filtered chunk that begins from `start` on holds too little or far too much."""
        for piece in self.grid.pieces(start, stop) if self.filters.codes else ():
            if piece.corner[self.axis] >= start and self.index.addresses[piece.number] >= 0:
                with suppress(ValueError):
                    self.filters.inflate(self._load(descriptor, piece.number), self.index.masks[piece.number])

    def _fill_pieces(self, descriptor: int, start: int, stop: int, out: NDArray[Any]) -> None:
        chunks = self.grid.chunks
        buffer: NDArray[Any] | None = None
        for number, _corner, in_chunk, in_range in self.grid.pieces(start, stop):
            target, first = out[in_range], in_chunk[0].start
            # Rows of a chunk that are contiguous in `out`, too, need no copy.
            if target.flags.c_contiguous and target.shape[1:] == chunks[1:]:
                self._read(descriptor, number, first, target)
                continue
            if buffer is None:
                buffer = np.empty(chunks, self.dtype)
            part = buffer[: in_chunk[0].stop - first]
            self._read(descriptor, number, first, part)
            target[...] = part[(slice(None), *in_chunk[1:])]

    def _load(self, descriptor: int, number: int) -> bytes:
        """Returns the stored bytes of a filtered chunk; fewer where the file ends too early."""
        size = self.index.sizes[number]
        # Deflate adds a few bytes at most, but a damaged index can claim gigabytes, which the library would read.
        if size > 2 * self.filters.nbytes + 64:
            raise EOFError(f"a chunk is stored in {size} bytes, but holds only {self.filters.nbytes}")
        return read_bytes_at(descriptor, size, self.index.addresses[number])

    def _read(self, descriptor: int, number: int, first: int, out: NDArray[Any]) -> None:
        """Fills `out`, C-contiguous, with the rows of a chunk from `first` on, which is 0 for a filtered chunk."""
        address = self.index.addresses[number]
        if address < 0:
            raise ValueError("a chunk was never written")
        if self.filters.codes:
            self.filters.decode(self._load(descriptor, number), self.index.masks[number], out)
        else:
            _fill(descriptor, address + first * (self.filters.nbytes // self.grid.chunks[0]), out)


def _find_chunks(file: Any, dataset: Any, grid: Grid) -> ChunkIndex | None:
    """Returns the addresses of all chunks; None if there are too many, or the library cannot report them.

    The library is asked once for all: asked for a single chunk, it would search all of them.
    """
    import h5py

    if grid.count > MAX_CHUNKS or not hasattr(dataset, "chunk_iter"):
        return None
    if file.userblock_size and h5py.version.hdf5_version_tuple < ABSOLUTE_ADDRESSES:
        return None
    addresses, sizes, masks = array("q", [-1]) * grid.count, array("q", [0]) * grid.count, array("I", [0]) * grid.count

    def keep(stored: Any) -> None:
        number = grid.number(stored.chunk_offset)
        addresses[number], sizes[number], masks[number] = stored.byte_offset, stored.size, stored.filter_mask

    try:
        dataset.chunk_iter(keep)
    except (*H5PY_ERRORS, OverflowError):
        return None
    return ChunkIndex(addresses, sizes, masks)


def _check_lengths(index: ChunkIndex, length: int) -> None:
    """Raises ValueError if a chunk is not stored in `length` bytes."""
    for address, size, mask in zip(index.addresses, index.sizes, index.masks, strict=True):
        # A chunk with a skipped filter can have another length.
        if address >= 0 and not mask and size != length:
            raise ValueError(f"a chunk has {size} bytes instead of {length}")


def _fill(descriptor: int, address: int, out: NDArray[Any]) -> None:
    """Fills `out`, C-contiguous, from the file; raises EOFError if that is too short (the library would read zeros)."""
    view = out.reshape(-1).view(np.uint8).data
    while view:
        got = read_at(descriptor, view, address)
        if not got:
            raise EOFError("the file ends within the values")
        view, address = view[got:], address + got
