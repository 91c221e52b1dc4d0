"""Maps the values of a stored array into memory span by span, so that never more than a span of the file is held."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from contextlib import ExitStack
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.formats.npy.choose import SUFFIX, StoredArray
from zm_cli.formats.shared.npy_header import NpyHeader

COPY_BYTES = 1 << 20


class MappedArray:
    """Reads runs of samples of one array along `axis`; safe to use from several threads at once.

    A compressed member of an archive is unpacked to a temporary file without a name, which vanishes with the process.
    Raises the errors of NumPy and `zipfile` if the file is damaged or shorter than it was.
    """

    def __init__(self, path: str, array: StoredArray, axis: int) -> None:
        assert array.header is not None
        self._path = path
        self._header: NpyHeader = array.header
        self._offset = array.offset
        self._axis = axis
        self._unpacked = _unpack(path, array.name) if array.packed else None

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Returns the samples from `start` to `stop`, sample axis first, in the native byte order; booleans as uint8.

        The array is a view of the mapped file if possible.
        """
        values = np.moveaxis(self._map(start, stop), self._axis, 0)
        values = values.view(np.uint8) if values.dtype.kind == "b" else values
        return np.ascontiguousarray(values, values.dtype.newbyteorder("="))

    def close(self) -> None:
        """Closes the temporary file; the array cannot be read any more."""
        if self._unpacked is not None:
            self._unpacked.close()

    def _map(self, start: int, stop: int) -> NDArray[Any]:
        header, axis = self._header, self._axis
        offset, shape = self._offset, list(header.shape)
        cut = axis == slowest_axis(header)
        if cut:
            # Samples that follow one another are contiguous: nothing else of the file is mapped.
            offset += start * (header.nbytes // shape[axis])
            shape[axis] = stop - start
        with ExitStack() as stack:
            file: IO[bytes] = self._unpacked or stack.enter_context(open(self._path, "rb"))
            if os.fstat(file.fileno()).st_size < self._offset + header.nbytes:
                raise ValueError("it is shorter than when it was opened")
            mapped: NDArray[Any] = np.memmap(
                file,
                dtype=header.dtype,
                mode="r",
                offset=offset,
                shape=tuple(shape),
                order="F" if header.fortran_order else "C",
            )
        plain = mapped.view(np.ndarray)
        return plain if cut else plain[(slice(None),) * axis + (slice(start, stop),)]


def slowest_axis(header: NpyHeader) -> int:
    """Returns the axis along which neighbours are farthest apart in the file."""
    return len(header.shape) - 1 if header.fortran_order else 0


def _unpack(path: str, name: str) -> IO[bytes]:
    """Returns a temporary file with the unpacked bytes of a member of an archive."""
    file = tempfile.TemporaryFile(prefix="zm-")  # noqa: SIM115
    try:
        with zipfile.ZipFile(path) as archive, archive.open(name + SUFFIX) as member:
            shutil.copyfileobj(member, file, COPY_BYTES)
        file.flush()
    except BaseException:
        file.close()
        raise
    return file
