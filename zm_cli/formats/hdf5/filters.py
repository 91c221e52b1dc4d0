"""The filters of a chunk outside the library, in any thread: gzip, alone or after shuffle, or none.

Filters apply in the order of the pipeline when a chunk is written, in reverse when it is read; each chunk has a mask of
those that were skipped for it (HDF5 File Format Specification: the filter pipeline message, and the chunk indexes).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

GZIP = 1
SHUFFLE = 2
LEVEL = 2
"""ISA-L's level, for any that a dataset names. With shuffle, its chunks are at most some 10 % larger than those of
zlib's level 4 and made ten times as fast; its level 3 is slower and mostly no smaller."""


@dataclass(frozen=True)
class Filters:
    """The pipeline of a dataset's chunks, each of `nbytes` bytes of values of `itemsize`."""

    codes: tuple[int, ...]
    itemsize: int
    nbytes: int

    def decode(self, stored: bytes, mask: int, out: NDArray[Any]) -> None:
        """Fills `out`, C-contiguous, with the first values of a chunk.

        Raises ValueError where `stored` holds no chunk, EOFError where it holds less than one (the library would fill
        it up with what the memory held before).
        """
        from isal import isal_zlib

        applied = [code for index, code in enumerate(self.codes) if not mask >> index & 1]
        data = stored
        if GZIP in applied:
            try:
                # One byte more than needed, or the buffer is doubled and copied before the end of the stream is seen.
                data = isal_zlib.decompress(stored, bufsize=self.nbytes + 1)
            except cast("type[Exception]", isal_zlib.IsalError) as error:
                raise ValueError(f"a chunk cannot be inflated: {error}") from error
        if len(data) < self.nbytes:
            raise EOFError(f"a chunk has {len(data)} bytes instead of {self.nbytes}")
        if len(data) > self.nbytes:
            raise ValueError(f"a chunk has {len(data)} bytes instead of {self.nbytes}")
        values, flat = np.frombuffer(data, np.uint8), out.reshape(-1).view(np.uint8)
        if SHUFFLE in applied:
            unshuffle(values, self.itemsize, flat)
        else:
            flat[...] = values[: len(flat)]

    def encode(self, values: NDArray[Any]) -> bytes:
        """The bytes to store for the values of a whole chunk, C-contiguous, of a pipeline that ends with gzip."""
        from isal import isal_zlib

        data = values.reshape(-1).view(np.uint8)
        return isal_zlib.compress(shuffle(data, self.itemsize) if SHUFFLE in self.codes else data, LEVEL)


def find_filters(plist: Any, itemsize: int) -> Filters | None:
    """The filters of a dataset creation list; None without chunks, or where there are other filters than these."""
    from h5py import h5d

    if plist.get_layout() != h5d.CHUNKED:
        return None
    entries = [plist.get_filter(index) for index in range(plist.get_nfilters())]
    settings = {code: values[0] if values else None for code, _flags, values, _name in entries}
    codes = tuple(code for code, _flags, _values, _name in entries)
    if codes not in ((), (GZIP,), (SHUFFLE, GZIP)):
        return None
    # A level of 0 asks for bytes as they are, which ISA-L has no level for; shuffle keeps the size it was made for.
    if settings.get(GZIP, LEVEL) == 0 or settings.get(SHUFFLE, itemsize) != itemsize:
        return None
    return Filters(codes, itemsize, math.prod(plist.get_chunk()) * itemsize)


def shuffle(values: Bytes, itemsize: int) -> Bytes:
    """The first bytes of all values, then the second ones, and so on."""
    return np.ascontiguousarray(values.reshape(-1, itemsize).T).reshape(-1)


def unshuffle(planes: Bytes, itemsize: int, out: Bytes) -> None:
    """Fills `out` with the first values of what `shuffle` made."""
    values = out.reshape(-1, itemsize)
    # Plane by plane: the transposed copy as a whole would run along the few bytes of each value.
    for index, plane in enumerate(planes.reshape(itemsize, -1)):
        values[:, index] = plane[: len(values)]
