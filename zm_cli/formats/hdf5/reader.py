"""Reads ranges of samples of one dataset: directly where that is possible, otherwise through h5py."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.errors import DataError
from zm_cli.formats.hdf5.access import open_file
from zm_cli.formats.hdf5.chunk_cache import size_chunk_cache
from zm_cli.formats.hdf5.direct import ChunkedReader, ContiguousReader, find_direct_reader
from zm_cli.formats.hdf5.links import is_in_another_file
from zm_cli.formats.hdf5.location import Location
from zm_cli.formats.hdf5.names import encode_name
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS, explain_error
from zm_cli.running.time_limit import limited
from zm_cli.system import KEEPS_POSITION, READ

ADDRESS_BYTES = 16
"""What a text of variable length takes in its dataset: its length, and its position in the file."""

_opening = threading.Lock()
_OWN = not KEEPS_POSITION
"""Whether direct reads need a descriptor of their own, because they move its position, which the library remembers."""


@dataclass(frozen=True)
class _Handles:
    """What one process has open: the file (an `h5py.File`) and the dataset (a low-level id).

    `descriptor` is that of the file if values can be read directly, else None; `own` says that it is closed here,
    because it is not the library's.
    """

    file: Any
    dataset: Any
    descriptor: int | None
    own: bool

    def close(self) -> None:
        """Closes everything."""
        if self.own and self.descriptor is not None:
            os.close(self.descriptor)
        self.file.close()


class DatasetReader:
    """Reads ranges of samples along `axis` of the dataset at `location`; `dataset` is the same one, as an
    `h5py.Dataset`.

    `span_samples` is the number of samples that are read at a time. Each process opens the file at its first read;
    pickled and forked copies have nothing open.
    """

    _process: int
    _handles: _Handles | None
    _direct: ContiguousReader | ChunkedReader | None = None
    _searched = False
    """Whether a direct reader has been looked for."""

    def __init__(self, location: Location, dataset: Any, axis: int, span_samples: int) -> None:
        self._location = location
        self._axis = axis
        self._shape: tuple[int, ...] = tuple(dataset.shape)
        self._chunks: tuple[int, ...] | None = dataset.chunks
        self._aligned = self._chunks is None or span_samples % self._chunks[axis] == 0
        self._native_dtype: np.dtype[Any] = np.dtype(dataset.dtype).newbyteorder("=")
        self._itemsize = ADDRESS_BYTES if self._native_dtype.hasobject else self._native_dtype.itemsize
        self._forget_handles()

    def prepare(self) -> None:
        """Finds the addresses of the chunks, which forked and pickled copies of the reader then have, too.

        The library keeps in memory what it reads for that, so the file is then closed again.
        """
        if not self._searched:
            with suppress(DataError, *H5PY_ERRORS):
                self._open()
                self.close()

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Returns the samples from `start` to `stop`, (stop - start, ...), in native byte order, C-contiguous.

        The sample axis comes first, the others follow in the order of the file. Booleans are returned as uint8. Raises
        DataError if the file changed or is damaged there. Safe to call from several threads at once.
        """
        values = self._read_directly(start, stop)
        if values is None:
            values = self._read_by_library(start, stop)
        return values.view(np.uint8) if values.dtype.kind == "b" else values

    def _read_directly(self, start: int, stop: int) -> NDArray[Any] | None:
        """Returns the samples without the library; None if it must read them.
        Raises DataError if the file is too short."""
        try:
            descriptor = self._open().descriptor
        except H5PY_ERRORS:
            # The library will meet the same error and can say more.
            return None
        direct = self._direct
        if descriptor is None or direct is None:
            return None
        sample_shape = self._shape[: self._axis] + self._shape[self._axis + 1 :]
        values: NDArray[Any] = np.empty((stop - start, *sample_shape), direct.dtype)
        try:
            direct.fill(descriptor, start, stop, np.moveaxis(values, 0, self._axis))
        except EOFError as error:
            raise self._make_read_error(start, stop, str(error)) from error
        except (OSError, ValueError):
            return None
        return values if values.dtype.isnative else values.byteswap(inplace=True).view(self._native_dtype)

    def _read_by_library(self, start: int, stop: int) -> NDArray[Any]:
        """Returns the samples as h5py reads them; raises DataError if that fails."""
        from h5py import h5s

        try:
            dataset = self._open().dataset
            count = (*self._shape[: self._axis], stop - start, *self._shape[self._axis + 1 :])
            offset = tuple(start if axis == self._axis else 0 for axis in range(len(count)))
            stored: NDArray[Any] = np.empty(count, self._native_dtype)
            space = dataset.get_space()
            if space.shape != self._shape:
                raise DataError(
                    f"changed its shape from {self._shape} to {space.shape} while it was read",
                    where=str(self._location),
                )
            space.select_hyperslab(offset, count)
            with limited(self._location.path):
                dataset.read(h5s.create_simple(count), space, stored)
        except H5PY_ERRORS as error:
            raise self._make_read_error(start, stop, explain_error(error)) from error
        return np.ascontiguousarray(np.moveaxis(stored, self._axis, 0))

    def _make_read_error(self, start: int, stop: int, reason: str) -> DataError:
        return DataError(
            f"samples {start} to {stop - 1} cannot be read: {reason}",
            where=str(self._location),
            hint="the file is damaged there, or cut short; copy it again from its origin",
        )

    def _find_descriptor(self, file: Any) -> int:
        """Returns the descriptor of the open `h5py.File` for direct reads; a new one if they need their own."""
        return os.open(self._location.path, READ) if _OWN else int(file.id.get_vfd_handle())

    def close(self) -> None:
        """Closes what this process has open; the next read opens it again."""
        with _opening:
            if self._handles is not None and self._process == os.getpid():
                self._handles.close()
            self._handles = None

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_process", "_handles")}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget_handles()

    def _forget_handles(self) -> None:
        self._process = os.getpid()
        self._handles = None

    def _open(self) -> _Handles:
        """Returns what this process has open; opens it at the first read."""
        from h5py import h5d, h5p

        with _opening, limited(self._location.path):
            if self._process != os.getpid():
                self._forget_handles()
            if self._handles is None:
                access = h5p.create(h5p.DATASET_ACCESS)
                access.set_chunk_cache(
                    *size_chunk_cache(self._shape, self._chunks, self._itemsize, self._axis, aligned=self._aligned)
                )
                file = open_file(self._location.path)
                # The checked dataset is closed again before the next line opens it: as long as it is open, every
                # opening gets the same cache.
                foreign = is_in_another_file(self._location.open_dataset(file).id, file)
                dataset = h5d.open(file.id, encode_name(self._location.name), access)
                same = dataset.shape == self._shape and dataset.dtype.newbyteorder("=") == self._native_dtype
                if same and not self._searched and not foreign:
                    self._direct, self._searched = find_direct_reader(file, dataset, self._axis), True
                readable = same and self._direct is not None
                self._handles = _Handles(file, dataset, self._find_descriptor(file) if readable else None, _OWN)
            return self._handles
