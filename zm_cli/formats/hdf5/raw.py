"""Copies values between HDF5 files bit for bit as they are stored, with everything that they point to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.formats.hdf5.library import DEFAULT, call
from zm_cli.running.time_limit import limited

ELEMENTS = 65536
"""The number of elements of a dataset that are in memory at a time; more if its chunks have more."""
POINTED_BYTES = 16 << 20
"""The approximate number of bytes that the values in memory may point to."""

Change = Callable[[Any, NDArray[Any]], None]
"""Changes values in memory before they are written, given their HDF5 type and an array of dtype `V` and any shape."""


def has_pointers(stored_type: Any) -> bool:
    """Returns whether values of an HDF5 type point to data elsewhere in the file:
    strings and sequences of variable length, and references."""
    from h5py import h5t

    kind = stored_type.get_class()
    if kind == h5t.STRING:
        return bool(stored_type.is_variable_str())
    if kind == h5t.COMPOUND:
        return any(has_pointers(stored_type.get_member_type(index)) for index in range(stored_type.get_nmembers()))
    if kind == h5t.ARRAY:
        return has_pointers(stored_type.get_super())
    return kind in (h5t.VLEN, h5t.REFERENCE)


def copy_attribute_values(source: Any, target: Any, change: Change | None = None) -> None:
    """Writes the values of the attribute `source` to the attribute `target` of the same type and shape (low-level ids).

    Raises H5PY_ERRORS if they cannot be read or written.
    """
    from h5py import h5s

    memory_type, space = _memory_type(source), source.get_space()
    if space.get_simple_extent_type() == h5s.NULL or 0 in source.shape:
        return
    values = np.zeros(source.shape, f"V{memory_type.get_size()}")
    if not has_pointers(memory_type):
        source.read(values, mtype=memory_type)
        target.write(values, mtype=memory_type)
        return
    # h5py would copy what the values point to once more, and never free it.
    call("H5Aread", source.id, memory_type.id, values.ctypes.data)
    try:
        if change is not None:
            change(memory_type, values)
        # Written in the target's own type: a type with references belongs to its file.
        target_type = _memory_type(target)
        call("H5Awrite", target.id, target_type.id, values.ctypes.data)
    finally:
        call("H5Dvlen_reclaim", memory_type.id, space.id, DEFAULT, values.ctypes.data)


def copy_dataset_values(source: Any, target: Any, path: str, change: Change | None = None) -> None:
    """Writes the values of the dataset `source`, of the file at `path`, to the dataset `target` of the same type and
    shape (low-level ids), slab by slab.

    Raises H5PY_ERRORS if they cannot be read or written.
    """
    from h5py import h5s

    if source.get_storage_size() == 0 or source.get_space().get_simple_extent_type() == h5s.NULL:
        return
    memory_type, target_type = _memory_type(source), _memory_type(target)
    pointers = has_pointers(memory_type)
    for space, shape in cut_slabs(source, pointers=pointers):
        values = np.zeros(shape, f"V{memory_type.get_size()}")
        memory = h5s.create_simple(shape) if shape else h5s.create(h5s.SCALAR)
        # The time limit is for each slab: unpacked values can be far larger than the file.
        with limited(path):
            if not pointers:
                source.read(memory, space, values, memory_type)
                target.write(memory, space, values, memory_type)
                continue
            where = (memory.id, space.id, DEFAULT, values.ctypes.data)
            call("H5Dread", source.id, memory_type.id, *where)
            try:
                if change is not None:
                    change(memory_type, values)
                call("H5Dwrite", target.id, target_type.id, *where)
            finally:
                call("H5Dvlen_reclaim", memory_type.id, memory.id, DEFAULT, values.ctypes.data)


def _memory_type(item: Any) -> Any:
    """Returns the type in memory of the values of an attribute or dataset (a low-level id); a named type is as in the
    file.

    Raises TypeError for sequences and arrays of the references that HDF5 1.12 introduced: the library (1.14, 2.0)
    stores them as pointers into the memory of the process that wrote them, and crashes on reading them.
    """
    memory_type = item.get_type().copy()
    if _stores_memory(memory_type):
        raise TypeError("the library does not store references of the newer kind in sequences and arrays")
    return memory_type


def _stores_memory(stored_type: Any) -> bool:
    from h5py import h5t

    if stored_type.get_class() == h5t.COMPOUND:
        return any(_stores_memory(stored_type.get_member_type(index)) for index in range(stored_type.get_nmembers()))
    if stored_type.get_class() not in (h5t.VLEN, h5t.ARRAY):
        return False
    item = stored_type.get_super()
    older = item.equal(h5t.STD_REF_OBJ) or item.equal(h5t.STD_REF_DSETREG)
    return (item.get_class() == h5t.REFERENCE and not older) or _stores_memory(item)


def cut_slabs(dataset: Any, *, pointers: bool) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """Yields the slabs of a dataset (a low-level id), each a dataspace and its shape. A scalar has one, of shape ().

    The slabs end where chunks end. They may be smaller than a chunk if `pointers` says that the values point to other
    data, which might be too much for whole chunks.
    """
    from h5py import h5i

    shape = dataset.shape
    if not shape or 0 in shape:
        yield from [] if shape else [(dataset.get_space(), ())]
        return
    most = ELEMENTS
    if pointers:
        # What the values point to is in the file; this is a slab's share of the file.
        file_size = h5i.get_file_id(dataset).get_filesize()
        most = max(1, min(most, POINTED_BYTES * math.prod(shape) // max(1, file_size)))
    counts = [max(1, most // math.prod(shape[axis + 1 :])) for axis in range(len(shape))]
    counts = [_end_with_chunk(*pair, shrink=pointers) for pair in zip(counts, _chunk_shape(dataset), strict=True)]
    for start in product(*(range(0, extent, count) for extent, count in zip(shape, counts, strict=True))):
        slab = tuple(min(count, extent - first) for first, count, extent in zip(start, counts, shape, strict=True))
        space = dataset.get_space()
        space.select_hyperslab(start, slab)
        yield space, slab


def _end_with_chunk(count: int, chunk: int, *, shrink: bool) -> int:
    if not shrink:
        return -(-count // chunk) * chunk
    return max(count // chunk * chunk, min(count, chunk))


def _chunk_shape(dataset: Any) -> tuple[int, ...]:
    from h5py import h5d

    plist = dataset.get_create_plist()
    chunks: tuple[int, ...] = plist.get_chunk() if plist.get_layout() == h5d.CHUNKED else (1,) * len(dataset.shape)
    return chunks
