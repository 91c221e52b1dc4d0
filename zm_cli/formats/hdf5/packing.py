"""Blocks cut into whole chunks and compressed, in any thread, for the library to store as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.formats.hdf5.filters import Filters, compresses, find_filters
from zm_cli.formats.hdf5.grid import Grid


@dataclass(frozen=True)
class Packed:
    """The samples from `start` to `stop` as chunks: where each begins in the dataset, and the bytes to store for it."""

    start: int
    stop: int
    chunks: list[tuple[tuple[int, ...], bytes]]


@dataclass(frozen=True)
class Packer:
    """Packs runs of samples for a dataset of `dtype`; what of a chunk lies outside of the dataset is `fill`."""

    grid: Grid
    filters: Filters
    dtype: np.dtype[Any]
    fill: NDArray[Any]

    def pack(self, values: NDArray[Any], start: int, stop: int) -> Packed | None:
        """The samples from `start` to `stop` of any dtype, axes as in the file; None where chunks would be cut."""
        if not self.grid.is_whole(start, stop):
            return None
        packed = []
        for _number, corner, inside, place in self.grid.pieces(start, stop):
            part = values[place]
            if part.shape == self.grid.chunks:
                whole = np.ascontiguousarray(part, self.dtype)
            else:
                whole = np.full(self.grid.chunks, self.fill, self.dtype)
                whole[inside] = part
            packed.append((corner, self.filters.encode(whole)))
        return Packed(start, stop, packed)


def find_packer(dataset: Any, axis: int) -> Packer | None:
    """The packer for an `h5py.Dataset` whose samples lie along `axis`; None where the library is to write it."""
    from h5py import h5d

    plist, dtype = dataset.id.get_create_plist(), dataset.dtype
    filters = find_filters(plist, dtype.itemsize)
    # What needs no work to be stored, the library stores as fast.
    if filters is None or not compresses(plist):
        return None
    fill = np.zeros((), dtype)
    if plist.fill_value_defined() == h5d.FILL_VALUE_USER_DEFINED and plist.get_fill_time() != h5d.FILL_TIME_NEVER:
        plist.get_fill_value(fill)
    return Packer(Grid(dataset.shape, dataset.chunks, axis), filters, dtype, fill)
