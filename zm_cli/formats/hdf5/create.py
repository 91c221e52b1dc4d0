"""Creates the output dataset: stored like the input dataset, for values of another dtype."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from zm_cli.formats.hdf5.filters import FILTER_NAMES
from zm_cli.formats.hdf5.names import format_name

LARGEST_CHUNK = (4 << 30) - 1
"""Bytes; the library's limit."""
TARGET_CHUNK = 1 << 20
"""Bytes of a chunk if the input has no chunks."""
LOSSY_FILTERS = {
    5: "nbit",
    6: "scaleoffset",
    32013: "ZFP",
    32017: "SZ",
    32022: "BitGroom",
    32023: "Granular BitRound",
    32024: "SZ3",
}
"""Filters, by their registered numbers, whose settings were made for the old values and would round the new ones."""


def create_dataset(
    dataset: Any,
    group: Any,
    name: bytes,
    dtype: np.dtype[Any],
    link: Any,
    shape: tuple[int, ...],
    axes: tuple[int, int] | None = None,
) -> list[str]:
    """Creates an empty dataset like `dataset` (an `h5py.Dataset`), but of `dtype` and `shape`, as `name` in `group`.

    `group` is a low-level id, `link` a link creation list. Returns notes on what could not be kept. The maximum shape,
    chunks, filters and the order of attributes are kept. Values that are virtual, in another file or in the object
    header are stored in the output file like any others. `axes`, the axis of the samples in `dataset` and in the new
    one, is given if the samples get another shape: then chunks are chosen anew, and only the number of samples can
    grow.
    """
    from h5py import h5d, h5p, h5s, h5t

    old = dataset.id.get_create_plist()
    notes: list[str] = []
    shown = format_name(dataset.name or name)
    if old.get_layout() == h5d.CHUNKED:
        plist = old
        _drop_lossy_filters(plist, shown, notes)
        drop_missing_filters(plist, shown, notes)
    else:
        plist = h5p.create(h5p.DATASET_CREATE)
        plist.set_attr_creation_order(old.get_attr_creation_order())
        plist.set_attr_phase_change(*old.get_attr_phase_change())
        if dataset.maxshape != dataset.shape:
            plist.set_chunk(_guess_chunks(dataset.shape, dtype.itemsize))
    if plist.get_layout() == h5d.CHUNKED and axes is not None:
        plist.set_chunk(_guess_chunks(shape, dtype.itemsize))
    elif plist.get_layout() == h5d.CHUNKED:
        _limit_chunks(plist, dtype.itemsize, shown, notes)
    _convert_fill(old, plist, dataset, dtype, shown, notes)
    plist.set_obj_track_times(False)
    space = dataset.id.get_space().copy()
    if axes is not None:
        sizes = list(shape)
        if plist.get_layout() == h5d.CHUNKED:
            size = space.get_simple_extent_dims(maxdims=True)[axes[0]]
            sizes[axes[1]] = size if size == h5s.UNLIMITED else max(size, shape[axes[1]])
        space = h5s.create_simple(shape, tuple(sizes))
    elif shape != dataset.shape:
        most = space.get_simple_extent_dims(maxdims=True) if plist.get_layout() == h5d.CHUNKED else shape
        # The whole of several parts may be larger than the maximum shape of the first.
        pairs = zip(most, shape, strict=True)
        space.set_extent_simple(shape, tuple(size if size == h5s.UNLIMITED else max(size, new) for size, new in pairs))
    h5d.create(group, name, h5t.py_create(dtype), space, plist, link).close()
    return notes


def drop_missing_filters(plist: Any, shown: str, notes: list[str]) -> None:
    """Removes the filters that are not installed for writing from a dataset creation list, with a note for each."""
    from h5py import h5z

    for code, stored_name in _list_filters(plist):
        if h5z.filter_avail(code) and h5z.get_filter_info(code) & h5z.FILTER_CONFIG_ENCODE_ENABLED:
            continue
        name = FILTER_NAMES.get(code) or format_name(stored_name) or str(code)
        notes.append(f"{shown} is written without the filter {name}, which is not installed for writing")
        plist.remove_filter(code)


def _drop_lossy_filters(plist: Any, shown: str, notes: list[str]) -> None:
    for code, _stored_name in _list_filters(plist):
        lossy = LOSSY_FILTERS.get(code)
        if lossy is not None:
            notes.append(f"{shown} is written without the filter {lossy}, which would round the new values")
            plist.remove_filter(code)


def _list_filters(plist: Any) -> list[tuple[int, bytes]]:
    """Returns the numbers and stored names of the filters."""
    found = (plist.get_filter(index) for index in range(plist.get_nfilters()))
    return [(code, stored_name) for code, _flags, _values, stored_name in found]


def _guess_chunks(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Returns chunks of whole samples and about TARGET_CHUNK bytes; the longest axes of a larger sample are halved."""
    chunks = [max(1, extent) for extent in shape]
    while math.prod(chunks) * itemsize > TARGET_CHUNK:
        axis = 0 if chunks[0] > 1 else max(range(len(chunks)), key=chunks.__getitem__)
        if chunks[axis] == 1:
            break
        chunks[axis] = -(-chunks[axis] // 2)
    return tuple(chunks)


def _limit_chunks(plist: Any, itemsize: int, shown: str, notes: list[str]) -> None:
    """Halves the longest axes of chunks that would be larger than the library allows."""
    old = plist.get_chunk()
    chunks = list(old)
    while math.prod(chunks) * itemsize > LARGEST_CHUNK:
        axis = max(range(len(chunks)), key=chunks.__getitem__)
        chunks[axis] = -(-chunks[axis] // 2)
    if tuple(chunks) != old:
        notes.append(f"{shown} is written in chunks of {tuple(chunks)}: those of {old} would exceed 4 GiB")
    # Set even if unchanged: the list remembers the size of the old dtype, and the library refuses any other.
    plist.set_chunk(tuple(chunks))


def _convert_fill(old: Any, plist: Any, dataset: Any, dtype: np.dtype[Any], shown: str, notes: list[str]) -> None:
    """Sets the old fill value if the new dtype can hold it exactly."""
    from h5py import h5d

    if old.fill_value_defined() != h5d.FILL_VALUE_USER_DEFINED:
        return
    before = np.zeros((), np.dtype(dataset.dtype).newbyteorder("="))
    old.get_fill_value(before)
    with np.errstate(over="ignore"):
        after = before.astype(dtype)
    # Compared as Python numbers, which is exact: 2**53 + 1 differs from float(2**53 + 1).
    if np.isnan(after) or before.item() == after.item():
        plist.set_fill_value(after)
    else:
        notes.append(f"{shown} is written without its fill value {before.item()}, which {dtype.name} cannot hold")
        plist.set_fill_value(np.zeros((), dtype))
