"""How a dataset is stored: told in words, and made again for values of another dtype."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from zm_cli.formats.hdf5.links import show_name

CACHE_BYTES = 64 << 20
"""The most that cached chunks may take, for one dataset."""
SMALL_CACHE_BYTES = 1 << 20
CACHE_SLOTS = 12421
"""A prime, far more than the chunks that usually fit: two chunks in one slot push each other out."""
LARGEST_CHUNK = (4 << 30) - 1
"""Bytes; the library's limit."""
LOSSY_FILTERS = {
    5: "nbit",
    6: "scaleoffset",
    32013: "ZFP",
    32017: "SZ",
    32022: "BitGroom",
    32023: "Granular BitRound",
    32024: "SZ3",
}
"""Filters whose settings were made for the old values and would round the new ones; numbers as registered."""
FILTER_NAMES = {1: "gzip", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset", 32000: "lzf"}


def chunk_cache(
    shape: tuple[int, ...], chunks: tuple[int, ...] | None, itemsize: int, axis: int, aligned: bool
) -> tuple[int, int, float]:
    """Slots, bytes and preemption of a chunk cache for runs along `axis`: small where runs end with the chunks.

    Otherwise it holds one row of chunks across the dataset, as far as CACHE_BYTES allow, so that chunks cut by the end
    of a run are still there for the next.
    """
    if chunks is None or aligned:
        return 521, SMALL_CACHE_BYTES, 1.0
    across = math.prod(
        -(-extent // chunk) for index, (extent, chunk) in enumerate(zip(shape, chunks, strict=True)) if index != axis
    )
    row = across * math.prod(chunks) * itemsize
    return CACHE_SLOTS, max(SMALL_CACHE_BYTES, min(CACHE_BYTES, row)), 1.0


def describe_storage(dataset: Any) -> dict[str, str]:
    """The dataset's chunks and filters: `{"chunks": "100x28x28x1", "compression": "gzip-4 + shuffle"}`."""
    from h5py import h5d

    plist = dataset.id.get_create_plist()
    kind = plist.get_layout()
    if kind != h5d.CHUNKED:
        external = kind == h5d.CONTIGUOUS and plist.get_external_count()
        names = {h5d.COMPACT: "none (compact)", h5d.VIRTUAL: "none (virtual dataset)"}
        return {"chunks": "none (values in another file)" if external else names.get(kind, "none (contiguous)")}
    told = []
    for code, _flags, values, name in (plist.get_filter(index) for index in range(plist.get_nfilters())):
        word = FILTER_NAMES.get(code) or show_name(name).split(";")[0] or f"filter {code}"
        told.append(f"{word}-{values[0]}" if code == 1 else word)
    # What compresses comes before what only prepares for it.
    told.sort(key=lambda word: word in ("shuffle", "fletcher32"))
    return {"chunks": "x".join(map(str, dataset.chunks)), "compression": " + ".join(told) or "none"}


def create_dataset(
    dataset: Any, group: Any, name: bytes, dtype: np.dtype[Any], link: Any, shape: tuple[int, ...]
) -> list[str]:
    """Makes an empty dataset like `dataset` but of `dtype` and `shape` in `group`, and returns what could not be kept.

    The largest shape, chunks, filters and attribute order are kept; values that lie in another file or in the
    object header get a place of their own.
    """
    from h5py import h5d, h5p, h5t

    old = dataset.id.get_create_plist()
    notes: list[str] = []
    place = show_name(dataset.name or name)
    if old.get_layout() == h5d.CHUNKED:
        plist = old
        _drop_filters(plist, place, notes)
    else:
        plist = h5p.create(h5p.DATASET_CREATE)
        plist.set_attr_creation_order(old.get_attr_creation_order())
        plist.set_attr_phase_change(*old.get_attr_phase_change())
        if dataset.maxshape != dataset.shape:
            plist.set_chunk(_guess_chunks(dataset.shape, dtype.itemsize))
    if plist.get_layout() == h5d.CHUNKED:
        _limit_chunks(plist, dtype.itemsize, place, notes)
    _convert_fill(old, plist, dataset, dtype, place, notes)
    plist.set_obj_track_times(False)
    space = dataset.id.get_space().copy()
    if shape != dataset.shape:
        chunked = plist.get_layout() == h5d.CHUNKED
        space.set_extent_simple(shape, space.get_simple_extent_dims(maxdims=True) if chunked else shape)
    h5d.create(group, name, h5t.py_create(dtype), space, plist, link).close()
    return notes


def _drop_filters(plist: Any, place: str, notes: list[str]) -> None:
    from h5py import h5z

    for code, _flags, _values, name in [plist.get_filter(index) for index in range(plist.get_nfilters())]:
        word = LOSSY_FILTERS.get(code)
        if word is not None:
            notes.append(f"{place} is written without the filter {word}, which would round the new values")
        elif h5z.filter_avail(code) and h5z.get_filter_info(code) & h5z.FILTER_CONFIG_ENCODE_ENABLED:
            continue
        else:
            told = FILTER_NAMES.get(code) or show_name(name) or str(code)
            notes.append(f"{place} is written without the filter {told}, which is not installed for writing")
        plist.remove_filter(code)


def _guess_chunks(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Whole samples of about a megabyte a chunk; the longest axes are halved where one sample is larger."""
    chunks = [max(1, extent) for extent in shape]
    while math.prod(chunks) * itemsize > 1 << 20:
        axis = 0 if chunks[0] > 1 else max(range(len(chunks)), key=chunks.__getitem__)
        if chunks[axis] == 1:
            break
        chunks[axis] = -(-chunks[axis] // 2)
    return tuple(chunks)


def _limit_chunks(plist: Any, itemsize: int, place: str, notes: list[str]) -> None:
    old = plist.get_chunk()
    chunks = list(old)
    while math.prod(chunks) * itemsize > LARGEST_CHUNK:
        axis = max(range(len(chunks)), key=chunks.__getitem__)
        chunks[axis] = -(-chunks[axis] // 2)
    if tuple(chunks) != old:
        notes.append(f"{place} is written in chunks of {tuple(chunks)}: those of {old} would pass 4 GiB")
    # Set even where they stay: the list remembers the size of the old dtype, and the library refuses another.
    plist.set_chunk(tuple(chunks))


def _convert_fill(old: Any, plist: Any, dataset: Any, dtype: np.dtype[Any], place: str, notes: list[str]) -> None:
    from h5py import h5d

    if old.fill_value_defined() != h5d.FILL_VALUE_USER_DEFINED:
        return
    before = np.zeros((), np.dtype(dataset.dtype).newbyteorder("="))
    old.get_fill_value(before)
    with np.errstate(over="ignore"):
        after = before.astype(dtype)
    # Compared as Python numbers, which are exact: 2**53 + 1 is not float(2**53 + 1).
    if np.isnan(after) or before.item() == after.item():
        plist.set_fill_value(after)
    else:
        notes.append(f"{place} is written without its fill value {before.item()}, which is no {dtype.name}")
        plist.set_fill_value(np.zeros((), dtype))
