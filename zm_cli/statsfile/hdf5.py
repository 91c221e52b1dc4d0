"""Stats files of HDF5: only plain datasets in the file itself, looked at before any data are read."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.statsfile.npz import HEADER, UNPACKED_BYTES
from zm_cli.statsfile.reader import ARRAYS, check_array

_BESIDES_BYTES = 64_000_000
"""What the file may hold besides the numbers; its header is a part of that, which is read by its true size."""


class Hdf5Stats:
    """An HDF5 stats file that is open for reading.

    Raises what h5py raises, and ValueError, for a file that cannot be one.
    """

    def __init__(self, place: Path) -> None:
        import h5py

        self._where = str(place)
        self._file = h5py.File(place, "r")
        self._nbytes = place.stat().st_size

    def __enter__(self) -> Hdf5Stats:
        return self

    def __exit__(self, *reason: object) -> None:
        self._file.close()

    def read_header(self) -> bytes:
        """The JSON of all fields that are no arrays."""
        import h5py

        attribute = h5py.h5a.open(self._file.id, HEADER.encode())
        if attribute.get_type().get_class() != h5py.h5t.STRING or attribute.shape != ():
            raise ValueError("its header is no text of JSON")
        if self._nbytes - self._count_numbers() > _BESIDES_BYTES:
            raise ValueError("it holds more than statistics")
        text = self._file.attrs[HEADER]
        return text.encode(errors="surrogateescape") if isinstance(text, str) else bytes(text)

    def list_arrays(self) -> frozenset[str]:
        """The names of all members of the file."""
        if len(self._file) > len(ARRAYS):
            raise ValueError("it holds more than statistics")
        return frozenset(self._file)

    def take(self, field: str, features: tuple[int, ...]) -> NDArray[Any]:
        """The array of a field; DataError where it has not the shape of the features or holds no numbers."""
        import h5py

        found = self._look(field)
        shape = found.shape
        if shape is None or found.id.get_type().get_class() not in (h5py.h5t.INTEGER, h5py.h5t.FLOAT):
            raise ValueError(f"'{field}' holds something else than numbers")
        check_array(field, found.dtype, shape, features, self._where)
        nbytes = math.prod(shape) * found.dtype.itemsize
        packed = self._check_filters(found, field)
        chunk = math.prod(found.chunks or ()) * found.dtype.itemsize
        if max(chunk, nbytes if packed else 0) > UNPACKED_BYTES:
            raise ValueError(f"'{field}' unpacks to more than {UNPACKED_BYTES >> 20} MB")
        if not packed and found.id.get_storage_size() < nbytes:
            raise ValueError(f"'{field}' has not as many bytes as its shape says")
        return np.asarray(found[()])

    def _look(self, name: str) -> Any:
        """The dataset of that name, the numbers of which lie in this very file."""
        import h5py

        if not isinstance(self._file.get(name, getlink=True), h5py.HardLink):
            raise ValueError(f"'{name[:50]}' is a link to something else")
        found = self._file[name]
        if not isinstance(found, h5py.Dataset):
            raise ValueError(f"'{name[:50]}' is no dataset")
        plan = found.id.get_create_plist()
        if plan.get_layout() == h5py.h5d.VIRTUAL or plan.get_external_count():
            raise ValueError(f"'{name[:50]}' lies in another file")
        return found

    def _count_numbers(self) -> int:
        """The bytes that the datasets named as arrays take in this file."""
        import h5py

        names = [name for name in ARRAYS if isinstance(self._file.get(name, getlink=True), h5py.HardLink)]
        found = [self._file[name] for name in names]
        return sum(item.id.get_storage_size() for item in found if isinstance(item, h5py.Dataset))

    def _check_filters(self, dataset: Any, field: str) -> bool:
        """Whether the dataset's chunks are packed."""
        from h5py import h5z

        plan = dataset.id.get_create_plist()
        filters = {plan.get_filter(index)[0] for index in range(plan.get_nfilters())}
        if not filters <= {h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32}:
            raise ValueError(f"'{field}' is packed in a way that zm does not read")
        return h5z.FILTER_DEFLATE in filters
