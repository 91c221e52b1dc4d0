"""Decodes and encodes chunks outside the library, in any thread: gzip, alone or after shuffle, or no filter.

Filters are applied in the order of the pipeline when a chunk is written, and in reverse when it is read. Each chunk has
a mask of the filters that were skipped for it (HDF5 File Format Specification: the filter pipeline message, and the
chunk indexes).
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
FLETCHER32 = 3
CHECKSUM_BYTES = 4
FILTER_NAMES = {
    GZIP: "gzip",
    SHUFFLE: "shuffle",
    FLETCHER32: "fletcher32",
    4: "szip",
    5: "nbit",
    6: "scaleoffset",
    32000: "lzf",
}
"""Filters by their registered numbers."""
LEVEL = 3
"""ISA-L's compression level, whatever gzip level the dataset has. With shuffle, its chunks are at most about 10 %
larger than those of zlib's level 4, and made about three times as fast. Levels 1 and 2 are faster, but read memory that
they have not set (isal 1.9), so that the same data do not always give the same bytes."""
LEVELS = [(level,) for level in range(10)]
"""The settings that gzip can have."""
SLACK = 1 << 16
"""A chunk is inflated to at most twice its size and this many bytes more."""


@dataclass(frozen=True)
class Filters:
    """The filter pipeline of a dataset: `codes` are the numbers of its filters, in the order in which they are applied
    when writing.

    Each chunk holds `nbytes` bytes of values of `itemsize` bytes each.
    """

    codes: tuple[int, ...]
    itemsize: int
    nbytes: int

    def decode(self, stored: bytes, mask: int, out: NDArray[Any]) -> None:
        """Fills `out`, C-contiguous, with the first values of a chunk; raises as `inflate`."""
        values, flat = np.frombuffer(self.inflate(stored, mask), np.uint8), out.reshape(-1).view(np.uint8)
        if SHUFFLE in self._applied(mask):
            unshuffle(values, self.itemsize, flat)
        else:
            flat[...] = values[: len(flat)]

    def inflate(self, stored: bytes, mask: int) -> bytes:
        """Returns the `nbytes` bytes of a chunk's values, still shuffled where shuffle was applied.

        Raises EOFError if `stored` holds less than a chunk (the library would add what was in memory) or far more (the
        library would inflate all of it); ValueError if it is not a chunk or holds a little more.
        """
        data = _inflate(stored, self.nbytes) if GZIP in self._applied(mask) else stored
        if len(data) < self.nbytes:
            raise EOFError(f"a chunk has {len(data)} bytes instead of {self.nbytes}")
        if len(data) > self.nbytes:
            raise ValueError(f"a chunk has {len(data)} bytes instead of {self.nbytes}")
        return data

    def _applied(self, mask: int) -> list[int]:
        return [code for index, code in enumerate(self.codes) if not mask >> index & 1]

    def encode(self, values: NDArray[Any]) -> bytes:
        """Returns the bytes to store for a whole chunk of values, C-contiguous; the pipeline must end with gzip."""
        from isal import isal_zlib

        data = values.reshape(-1).view(np.uint8)
        return isal_zlib.compress(shuffle(data, self.itemsize) if SHUFFLE in self.codes else data, LEVEL)


def _inflate(stored: bytes, nbytes: int) -> bytes:
    """Returns the inflated bytes of a stream that should hold `nbytes`.

    Raises ValueError if it is not a stream or is incomplete, EOFError if it holds far more.
    """
    from isal import isal_zlib

    stream = isal_zlib.decompressobj()
    try:
        # One byte more than needed is asked for: otherwise the end of the stream would not be reached.
        data: bytes = stream.decompress(stored, nbytes + 1)
        if len(data) > nbytes and not stream.eof:
            data += stream.decompress(stream.unconsumed_tail, nbytes + SLACK)
    except cast("type[Exception]", isal_zlib.IsalError) as error:
        raise ValueError(f"a chunk cannot be inflated: {error}") from error
    if len(data) > 2 * nbytes + SLACK:
        raise EOFError(f"a chunk has more than {len(data) - 1} bytes instead of {nbytes}")
    if not stream.eof:
        raise ValueError("a chunk cannot be inflated: it is incomplete")
    return data


def find_filters(plist: Any, itemsize: int) -> Filters | None:
    """Returns the filters of a dataset creation list; None if there are no chunks, or filters other than these."""
    from h5py import h5d

    if plist.get_layout() != h5d.CHUNKED:
        return None
    entries = [plist.get_filter(index) for index in range(plist.get_nfilters())]
    settings = {code: values for code, _flags, values, _name in entries}
    codes = tuple(code for code, _flags, _values, _name in entries)
    if codes not in ((), (GZIP,), (SHUFFLE, GZIP)):
        return None
    # The library refuses other levels with an error. Shuffle keeps the item size that it was set up for.
    if settings.get(GZIP, (LEVEL,)) not in LEVELS or settings.get(SHUFFLE, (itemsize,)) != (itemsize,):
        return None
    return Filters(codes, itemsize, math.prod(plist.get_chunk()) * itemsize)


def find_stored_length(plist: Any, itemsize: int) -> int | None:
    """Returns the stored size of each chunk in bytes, by a dataset creation list; None if it depends on the values."""
    from h5py import h5d

    if plist.get_layout() != h5d.CHUNKED:
        return None
    codes = [plist.get_filter(index)[0] for index in range(plist.get_nfilters())]
    if not set(codes) <= {SHUFFLE, FLETCHER32}:
        return None
    nbytes: int = math.prod(plist.get_chunk()) * itemsize
    return nbytes + CHECKSUM_BYTES * codes.count(FLETCHER32)


def has_compression(plist: Any) -> bool:
    """Returns whether a dataset creation list has gzip at a level that compresses:
    any but 0, which ISA-L does not have."""
    entries = [plist.get_filter(index) for index in range(plist.get_nfilters())]
    return any(code == GZIP and values != (0,) for code, _flags, values, _name in entries)


def shuffle(values: Bytes, itemsize: int) -> Bytes:
    """Returns the bytes of values, (n * itemsize,), in another order: the first byte of each value, then all second
    bytes, and so on."""
    return np.ascontiguousarray(values.reshape(-1, itemsize).T).reshape(-1)


def unshuffle(planes: Bytes, itemsize: int, out: Bytes) -> None:
    """Fills `out`, (m * itemsize,), with the first m values of `planes`, (n * itemsize,), which `shuffle` returned."""
    values = out.reshape(-1, itemsize)
    # Plane by plane is faster: a transposed copy of the whole would loop over the few bytes of each value.
    for index, plane in enumerate(planes.reshape(itemsize, -1)):
        values[:, index] = plane[: len(values)]
