"""Writes a `.npy` file block by block, along any axis and in either memory order."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.formats.npy.mapped import slowest_axis
from zm_cli.formats.shared.npy_header import NpyHeader


class ArrayWriter:
    """Writes the array that `header` describes to the existing file at `path`, samples in order along `axis`.

    Raises OSError if the file system refuses. If samples are not stored one after another, disk space for the whole
    file is reserved first: writing to mapped memory cannot report that the disk is full.
    """

    def __init__(self, path: Path, header: NpyHeader, axis: int) -> None:
        self._header = header
        self._axis = axis
        self._next = 0
        self._file = path.open("r+b", buffering=0)
        described = {
            "descr": np.lib.format.dtype_to_descr(header.dtype),
            "fortran_order": header.fortran_order,
            "shape": header.shape,
        }
        np.lib.format.write_array_header_1_0(self._file, described)
        self._offset = self._file.tell()
        self._sequential = axis == slowest_axis(header)
        if not self._sequential:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(self._file.fileno(), 0, self.nbytes)
            else:
                os.ftruncate(self._file.fileno(), self.nbytes)

    @property
    def nbytes(self) -> int:
        """The size of the complete file."""
        return self._offset + self._header.nbytes

    def write(self, values: NDArray[Any]) -> None:
        """Appends samples of the header's dtype, the sample axis first."""
        start, self._next = self._next, self._next + len(values)
        part = np.moveaxis(values, 0, self._axis)
        if self._sequential:
            rest = part.ravel(order="F" if self._header.fortran_order else "C").data.cast("B")
            while rest:
                rest = rest[self._file.write(rest) :]
            return
        mapped = np.memmap(
            self._file,
            dtype=self._header.dtype,
            mode="r+",
            offset=self._offset,
            shape=self._header.shape,
            order="F" if self._header.fortran_order else "C",
        )
        mapped[(slice(None),) * self._axis + (slice(start, self._next),)] = part

    def close(self) -> None:
        """Closes the file, unless it is closed already."""
        self._file.close()
