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
FLETCHER32 = 3
CHECKSUM_BYTES = 4
LEVEL = 2
"""ISA-L's level, for any that a dataset names. With shuffle, its chunks are at most some 10 % larger than those of
zlib's level 4 and made ten times as fast; its level 3 is slower and mostly no smaller."""
LEVELS = [(level,) for level in range(10)]
"""What gzip may have for settings."""
SLACK = 1 << 16
"""A chunk that unpacks to twice its bytes and this many more is not unpacked further."""


@dataclass(frozen=True)
class Filters:
    """The pipeline of a dataset's chunks, each of `nbytes` bytes of values of `itemsize`."""

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
        """The bytes of a chunk's values, maybe shuffled.

        Raises ValueError where `stored` holds no chunk or somewhat more, EOFError where it holds less than one (the
        library would fill it up with what the memory held before) or far more (it would unpack it all).
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
        """The bytes to store for the values of a whole chunk, C-contiguous, of a pipeline that ends with gzip."""
        from isal import isal_zlib

        data = values.reshape(-1).view(np.uint8)
        return isal_zlib.compress(shuffle(data, self.itemsize) if SHUFFLE in self.codes else data, LEVEL)


def _inflate(stored: bytes, nbytes: int) -> bytes:
    """The bytes of a stream that is to have `nbytes`; ValueError where it is none or has no end, EOFError where it
    goes far beyond."""
    from isal import isal_zlib

    stream = isal_zlib.decompressobj()
    try:
        # One byte more than needed, or the end of the stream is not seen.
        data: bytes = stream.decompress(stored, nbytes + 1)
        if len(data) > nbytes and not stream.eof:
            data += stream.decompress(stream.unconsumed_tail, nbytes + SLACK)
    except cast("type[Exception]", isal_zlib.IsalError) as error:
        raise ValueError(f"a chunk cannot be inflated: {error}") from error
    if len(data) > 2 * nbytes + SLACK:
        raise EOFError(f"a chunk has more than {len(data) - 1} bytes instead of {nbytes}")
    if not stream.eof:
        raise ValueError("a chunk cannot be inflated: it has no end")
    return data


def find_filters(plist: Any, itemsize: int) -> Filters | None:
    """The filters of a dataset creation list; None without chunks, or where there are other filters than these."""
    from h5py import h5d

    if plist.get_layout() != h5d.CHUNKED:
        return None
    entries = [plist.get_filter(index) for index in range(plist.get_nfilters())]
    settings = {code: values for code, _flags, values, _name in entries}
    codes = tuple(code for code, _flags, _values, _name in entries)
    if codes not in ((), (GZIP,), (SHUFFLE, GZIP)):
        return None
    # What the library refuses is left to it; shuffle keeps the size it was made for.
    if settings.get(GZIP, (LEVEL,)) not in LEVELS or settings.get(SHUFFLE, (itemsize,)) != (itemsize,):
        return None
    return Filters(codes, itemsize, math.prod(plist.get_chunk()) * itemsize)


def find_length(plist: Any, itemsize: int) -> int | None:
    """The bytes that each chunk of a dataset creation list is stored in; None where that depends on the values."""
    from h5py import h5d

    if plist.get_layout() != h5d.CHUNKED:
        return None
    codes = [plist.get_filter(index)[0] for index in range(plist.get_nfilters())]
    if not set(codes) <= {SHUFFLE, FLETCHER32}:
        return None
    nbytes: int = math.prod(plist.get_chunk()) * itemsize
    return nbytes + CHECKSUM_BYTES * codes.count(FLETCHER32)


def compresses(plist: Any) -> bool:
    """Whether a dataset creation list has gzip at a level that changes the bytes; ISA-L has none for level 0."""
    entries = [plist.get_filter(index) for index in range(plist.get_nfilters())]
    return any(code == GZIP and values != (0,) for code, _flags, values, _name in entries)


def shuffle(values: Bytes, itemsize: int) -> Bytes:
    """The first bytes of all values, then the second ones, and so on."""
    return np.ascontiguousarray(values.reshape(-1, itemsize).T).reshape(-1)


def unshuffle(planes: Bytes, itemsize: int, out: Bytes) -> None:
    """Fills `out` with the first values of what `shuffle` made."""
    values = out.reshape(-1, itemsize)
    # Plane by plane: the transposed copy as a whole would run along the few bytes of each value.
    for index, plane in enumerate(planes.reshape(itemsize, -1)):
        values[:, index] = plane[: len(values)]
