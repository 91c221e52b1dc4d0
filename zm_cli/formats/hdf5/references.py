"""Translates references to objects and regions of the input file to the same objects of the output file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.formats.hdf5.links import address_of
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS

ELEMENTS = 65536
"""How many elements of a dataset are in memory at a time; more where one row has more."""


class ReferenceTranslator:
    """Translates references from the file `source` to the file `target` (low-level ids).

    `paths` maps the address of each object in `source` to its path in `target`. `lost` counts the references to objects
    that are not in the output, which become null.
    """

    def __init__(self, source: Any, target: Any, paths: Mapping[int, bytes]) -> None:
        self._source = source
        self._target = target
        self._paths = paths
        self.lost = 0

    def copy_attribute(self, source: Any, target: Any, name: bytes) -> None:
        """Writes the attribute `name` of `source`, translated, to the attribute of that name of `target`, which exists
        (low-level ids)."""
        from h5py import h5a, h5s

        attribute = h5a.open(source, name)
        if attribute.get_space().get_simple_extent_type() == h5s.NULL:
            return
        values = np.empty(attribute.shape, attribute.dtype)
        attribute.read(values)
        h5a.open(target, name).write(self.translate(values, attribute.dtype))

    def copy_dataset(self, source: Any, target: Any) -> None:
        """Writes the values of the dataset `source`, translated, to the dataset `target` (low-level ids)."""
        from h5py import h5s

        if source.get_storage_size() == 0 or source.get_space().get_simple_extent_type() == h5s.NULL:
            return
        dtype = source.dtype
        for space, shape in cut_slabs(source):
            values = np.empty(shape, dtype)
            memory = h5s.create_simple(shape) if shape else h5s.create(h5s.SCALAR)
            source.read(memory, space, values)
            target.write(memory, space, self.translate(values, dtype))

    def translate(self, values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
        """The array, of any shape, with every reference in it translated, also in sequences, compounds and arrays."""
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
        except H5PY_ERRORS:
            self.lost += 1
            return h5r.RegionReference() if region else h5r.Reference()


def cut_slabs(dataset: Any) -> list[tuple[Any, tuple[int, ...]]]:
    """The dataspace of a dataset (a low-level id) cut into slabs along its first axis, each with its shape.

    The slabs end where chunks end. A scalar has one slab, of shape ().
    """
    shape = dataset.shape
    if not shape or 0 in shape:
        return [] if shape else [(dataset.get_space(), ())]
    plist = dataset.get_create_plist()
    chunk_rows = plist.get_chunk()[0] if _is_chunked(plist) else 1
    rows = max(1, ELEMENTS // math.prod(shape[1:]))
    rows = -(-rows // chunk_rows) * chunk_rows
    slabs = []
    for start in range(0, shape[0], rows):
        count = (min(rows, shape[0] - start), *shape[1:])
        space = dataset.get_space()
        space.select_hyperslab((start,) + (0,) * (len(shape) - 1), count)
        slabs.append((space, count))
    return slabs


def _is_chunked(plist: Any) -> bool:
    from h5py import h5d

    return bool(plist.get_layout() == h5d.CHUNKED)


def _map_objects(values: NDArray[Any], dtype: np.dtype[Any], change: Any) -> NDArray[Any]:
    """An array of the same shape and of `dtype` with `change` applied to each object."""
    out = np.empty(values.shape, dtype)
    flat = out.reshape(-1)
    for index, value in enumerate(values.reshape(-1)):
        flat[index] = change(value)
    return out
