"""Packs blocks into whole compressed chunks, in any thread, which the library then stores as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.formats.hdf5.filters import Filters, find_filters, has_compression
from zm_cli.formats.hdf5.grid import Grid


@dataclass(frozen=True)
class Packed:
    """The samples from `start` to `stop` as chunks: the index of the first element of each, and the bytes to store."""

    start: int
    stop: int
    chunks: list[tuple[tuple[int, ...], bytes]]


@dataclass(frozen=True)
class Packer:
    """Packs ranges of samples for a dataset of `dtype`; the part of a chunk outside the dataset is
    filled with `fill`, a scalar array."""

    grid: Grid
    filters: Filters
    dtype: np.dtype[Any]
    fill: NDArray[Any]

    def pack(self, values: NDArray[Any], start: int, stop: int) -> Packed | None:
        """Returns the samples from `start` to `stop`, packed; None if they are not whole chunks.

        `values` are of any dtype, with the axes in the order of the file. Safe to call from several threads at once.
        """
        if not self.grid.is_whole(start, stop):
            return None
        packed = []
        for _number, corner, in_chunk, in_range in self.grid.pieces(start, stop):
            part = values[in_range]
            if part.shape == self.grid.chunks:
                whole = np.ascontiguousarray(part, self.dtype)
            else:
                whole = np.full(self.grid.chunks, self.fill, self.dtype)
                whole[in_chunk] = part
            packed.append((corner, self.filters.encode(whole)))
        return Packed(start, stop, packed)


def find_packer(dataset: Any, axis: int) -> Packer | None:
    """Returns the packer for an `h5py.Dataset` with samples along `axis`; None if the library should write it."""
    from h5py import h5d

    plist, dtype = dataset.id.get_create_plist(), dataset.dtype
    filters = find_filters(plist, dtype.itemsize)
    # Without compression, the library is just as fast.
    if filters is None or not has_compression(plist):
        return None
    fill = np.zeros((), dtype)
    if plist.fill_value_defined() == h5d.FILL_VALUE_USER_DEFINED and plist.get_fill_time() != h5d.FILL_TIME_NEVER:
        plist.get_fill_value(fill)
    return Packer(Grid(dataset.shape, dataset.chunks, axis), filters, dtype, fill)
