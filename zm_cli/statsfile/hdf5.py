"""Reads HDF5 stats files: only plain datasets in the file itself, checked before any data are read."""

from __future__ import annotations

import math
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.statsfile.arrays import ExpectedArray
from zm_cli.statsfile.hdf5_text import STRUCTURE_BYTES, RecordedFile, read_text
from zm_cli.statsfile.json_text import HEADER_BYTES
from zm_cli.statsfile.npz import HEADER, UNPACKED_BYTES

_CHECKSUM_BYTES = 4
"""The bytes that the checksum filter adds to a chunk."""
_MAX_CHUNKS = 1 << 16


class Hdf5Stats:
    """An HDF5 stats file that is open for reading.

    Raises the errors of h5py, and ValueError, if the file cannot be one.
    """

    def __init__(self, path: Path) -> None:
        import h5py

        self._bytes = RecordedFile(path)
        try:
            self._file = h5py.File(self._bytes, "r")
        except BaseException:
            self._bytes.close()
            raise

    def __enter__(self) -> Hdf5Stats:
        return self

    def __exit__(self, *reason: object) -> None:
        self._file.close()
        self._bytes.close()

    def read_header(self) -> bytes:
        """Returns the JSON of all fields that are not arrays."""
        return read_text(self._file, HEADER, self._bytes, HEADER_BYTES)

    def find_arrays(self, fields: Collection[str]) -> frozenset[str]:
        """Returns the fields that the file has, whatever they hold."""
        sections = {field.rpartition(".")[0] for field in fields}
        groups = {section: self._find_group(section) for section in sections}
        return frozenset(
            field
            for field in fields
            if (group := groups[field.rpartition(".")[0]]) is not None
            and group.id.links.exists(field.rpartition(".")[2].encode())
        )

    def take(self, expected: ExpectedArray) -> NDArray[Any]:
        """Returns the array of a field; DataError if it is not the expected one."""
        import h5py

        field = expected.field
        found = self._open_dataset(field)
        shape = found.shape
        if shape is None or found.id.get_type().get_class() not in (h5py.h5t.INTEGER, h5py.h5t.FLOAT):
            raise ValueError(f"'{field}' holds something other than numbers")
        expected.check(found.dtype, shape)
        nbytes = math.prod(shape) * found.dtype.itemsize
        chunk = math.prod(found.chunks or ()) * found.dtype.itemsize
        self._bytes.most = max(STRUCTURE_BYTES, nbytes, chunk + _CHECKSUM_BYTES)
        filters = _list_filters(found, field)
        packed = h5py.h5z.FILTER_DEFLATE in filters
        if max(chunk, nbytes if packed else 0) > UNPACKED_BYTES:
            raise ValueError(f"'{field}' unpacks to more than {UNPACKED_BYTES >> 20} MB")
        if packed:
            _check_packed(found, field, filters.index(h5py.h5z.FILTER_DEFLATE), chunk)
        elif found.id.get_storage_size() < nbytes:
            raise ValueError(f"'{field}' does not have as many bytes as its shape requires")
        return np.asarray(found[()])

    def _find_group(self, section: str) -> Any:
        """Returns the group of a section, or the file itself for an empty name; None if it is not in this file."""
        import h5py

        group = self._file
        for name in filter(None, section.split(".")):
            if not isinstance(group.get(name, getlink=True), h5py.HardLink) or not isinstance(group[name], h5py.Group):
                return None
            group = group[name]
        return group

    def _open_dataset(self, field: str) -> Any:
        """Returns the dataset of a field that the file has; ValueError if its numbers are not in this file."""
        import h5py

        name = field.replace(".", "/")
        if not isinstance(self._file.get(name, getlink=True), h5py.HardLink):
            raise ValueError(f"'{name}' is a link to something else")
        found = self._file[name]
        if not isinstance(found, h5py.Dataset):
            raise ValueError(f"'{name}' is not a dataset")
        plan = found.id.get_create_plist()
        if plan.get_layout() == h5py.h5d.VIRTUAL or plan.get_external_count():
            raise ValueError(f"the numbers of '{name}' are in another file")
        return found


def _list_filters(dataset: Any, field: str) -> list[int]:
    """Returns the filters of a dataset's chunks, in their order; ValueError if zm does not read one of them."""
    from h5py import h5z

    plan = dataset.id.get_create_plist()
    filters = [plan.get_filter(index)[0] for index in range(plan.get_nfilters())]
    known = {h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32}
    if not set(filters) <= known or len(set(filters)) < len(filters):
        raise ValueError(f"'{field}' is packed in a way that zm does not read")
    return filters


def _check_packed(dataset: Any, field: str, deflate: int, chunk: int) -> None:
    """Raises ValueError if a chunk unpacks to more than `chunk` bytes: the library would allocate memory for all.

    `deflate` is the position of that filter among the dataset's.
    """
    if dataset.id.get_num_chunks() > _MAX_CHUNKS:
        raise ValueError(f"'{field}' is in more than {_MAX_CHUNKS:,} chunks")
    stored: list[Any] = []
    dataset.id.chunk_iter(stored.append)
    for info in stored:
        most = chunk + _CHECKSUM_BYTES
        if info.size > STRUCTURE_BYTES + most:
            raise ValueError(f"'{field}' has a chunk that is too large")
        skipped, data = dataset.id.read_direct_chunk(info.chunk_offset)
        if not skipped >> deflate & 1 and len(zlib.decompressobj().decompress(data, most + 1)) > most:
            raise ValueError(f"'{field}' unpacks to more than its shape requires")
