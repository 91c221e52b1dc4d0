"""References to objects and regions of the input file, made to point to the same objects of the output file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.formats.hdf5.access import ERRORS, address_of

ELEMENTS = 65536
"""How many elements of a dataset of references are held at a time, or one row."""


class Referrer:
    """Translates references from `source` to `target` (file ids); `paths` tells the path of each object by address.

    `lost` counts the references whose object is not in the output; those become null.
    """

    def __init__(self, source: Any, target: Any, paths: Mapping[int, bytes]) -> None:
        self._source = source
        self._target = target
        self._paths = paths
        self.lost = 0

    def fix_attribute(self, source: Any, target: Any, name: bytes) -> None:
        """Writes the attribute `name` of `target` with what `source`'s holds, translated."""
        from h5py import h5a, h5s

        found = h5a.open(source, name)
        if found.get_space().get_simple_extent_type() == h5s.NULL:
            return
        values = np.empty(found.shape, found.dtype)
        found.read(values)
        h5a.open(target, name).write(self.translate(values, found.dtype))

    def fix_dataset(self, source: Any, target: Any) -> None:
        """Writes the values of the dataset `target` with what `source` holds, translated."""
        from h5py import h5s

        if source.get_storage_size() == 0 or source.get_space().get_simple_extent_type() == h5s.NULL:
            return
        dtype = source.dtype
        for space, count in slabs(source):
            values = np.empty(count, dtype)
            memory = h5s.create_simple(count) if count else h5s.create(h5s.SCALAR)
            source.read(memory, space, values)
            target.write(memory, space, self.translate(values, dtype))

    def translate(self, values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
        """The array with every reference in it translated, those in sequences, compounds and arrays too."""
        import h5py

        if h5py.check_ref_dtype(dtype) is not None:
            return _map_objects(values, dtype, self._translate_one)
        inner = h5py.check_vlen_dtype(dtype)
        if inner is not None and h5py.check_string_dtype(dtype) is None:
            return _map_objects(values, dtype, lambda part: self.translate(np.asarray(part, inner), inner))
        if dtype.names is not None:
            for name in dtype.names:
                field = dtype[name]
                values[name] = self.translate(values[name], field.base if field.subdtype else field)
        return values

    def _translate_one(self, reference: Any) -> Any:
        from h5py import h5r

        if not reference:
            return reference
        region = isinstance(reference, h5r.RegionReference)
        try:
            path = self._paths[address_of(h5r.dereference(reference, self._source))]
            if not region:
                return h5r.create(self._target, path, h5r.OBJECT)
            space = h5r.get_region(reference, self._source)
            return h5r.create(self._target, path, h5r.DATASET_REGION, space)
        except ERRORS:
            self.lost += 1
            return h5r.RegionReference() if region else h5r.Reference()


def slabs(dataset: Any) -> list[tuple[Any, tuple[int, ...]]]:
    """The dataset's space cut along its first axis, with the shape of each piece; one piece for a scalar."""
    shape = dataset.shape
    if not shape or 0 in shape:
        return [] if shape else [(dataset.get_space(), ())]
    plist = dataset.get_create_plist()
    deep = plist.get_chunk()[0] if _is_chunked(plist) else 1
    rows = max(1, ELEMENTS // math.prod(shape[1:]))
    rows = -(-rows // deep) * deep
    pieces = []
    for start in range(0, shape[0], rows):
        count = (min(rows, shape[0] - start), *shape[1:])
        space = dataset.get_space()
        space.select_hyperslab((start,) + (0,) * (len(shape) - 1), count)
        pieces.append((space, count))
    return pieces


def _is_chunked(plist: Any) -> bool:
    from h5py import h5d

    return bool(plist.get_layout() == h5d.CHUNKED)


def _map_objects(values: NDArray[Any], dtype: np.dtype[Any], change: Any) -> NDArray[Any]:
    out = np.empty(values.shape, dtype)
    flat = out.reshape(-1)
    for index, value in enumerate(values.reshape(-1)):
        flat[index] = change(value)
    return out
