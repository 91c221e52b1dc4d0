"""Checks the size that a dataset claims to have: against what its file stores, and against the machine's memory."""

from __future__ import annotations

import math
import os
import sys
from typing import Any

import numpy as np

from zm_cli.errors import DataError
from zm_cli.formats.hdf5.external import list_missing_sources
from zm_cli.formats.hdf5.names import format_name
from zm_cli.inputs.name_lists import list_few

_os: Any = os
"""The module without its types, which leave out what some systems lack."""
MAX_UNWRITTEN = 4 << 30
"""Of a dataset that claims more bytes than this, at least one in MIN_WRITTEN chunks must have been written."""
MIN_WRITTEN = 1000
LISTED = 12
"""How many missing sources a note lists."""


def check_claims(dataset: Any, path: str, where: str, axis: int, is_output: bool) -> str | None:
    """Returns a note on the values of an `h5py.Dataset` that were never written or are missing; None if there are none.

    `path` is the path of the dataset's file, `where` names the dataset in messages, `axis` is the axis of the samples,
    and `is_output` says that zm wrote the dataset. Raises DataError if nothing was written, or hardly anything of a
    huge dataset; if a part of an output is missing; and if a sample or a chunk is larger than the memory.
    """
    from h5py import h5d

    plist = dataset.id.get_create_plist()
    nbytes = math.prod(dataset.shape) * dataset.dtype.itemsize
    needed = nbytes // dataset.shape[axis]
    note = None
    if plist.get_layout() == h5d.CHUNKED:
        chunk = math.prod(dataset.chunks) * dataset.dtype.itemsize
        needed = max(needed, chunk if plist.get_nfilters() else 0)
        note = _check_chunks(dataset, where, nbytes)
    elif plist.get_layout() == h5d.CONTIGUOUS and not plist.get_external_count():
        if dataset.id.get_offset() is None:
            raise _make_unwritten_error(dataset, where)
    elif missing := list_missing_sources(dataset.id, path):
        listed = list_few(missing, LISTED)
        if is_output:
            several = len(missing) > 1
            raise DataError(
                f"its parts {listed} are missing" if several else f"its part {listed} is missing",
                where=where,
                hint=f"put {'them' if several else 'it'} back beside it, or run zm join again",
            )
        note = f"{where}: its sources {listed} are missing; their values are read as the fill value {_fill(dataset)}"
    memory = count_memory()
    if needed > memory:
        raise DataError(
            f"one sample or chunk takes {needed:,} bytes, more than the memory of this machine, {memory:,}",
            where=where,
            hint="is it damaged? If not, say with --layout which axis is N",
        )
    return note


def _check_chunks(dataset: Any, where: str, nbytes: int) -> str | None:
    extents = zip(dataset.shape, dataset.chunks, strict=True)
    chunks = math.prod(-(-extent // chunk_extent) for extent, chunk_extent in extents)
    written = dataset.id.get_num_chunks()
    if not written:
        raise _make_unwritten_error(dataset, where)
    if written >= chunks:
        return None
    if nbytes > MAX_UNWRITTEN and written * MIN_WRITTEN < chunks:
        raise DataError(
            f"claims {nbytes:,} bytes in {chunks} chunks, of which {written} were ever written",
            where=where,
            hint="is it damaged? If not, copy the part that was written to a dataset of its own",
        )
    missing = chunks - written
    return f"{where}: {missing} of {chunks} chunks were never written and are read as the fill value {_fill(dataset)}"


def _make_unwritten_error(dataset: Any, where: str) -> DataError:
    return DataError(
        f"nothing was ever written to it: all its values would be the fill value {_fill(dataset)}", where=where
    )


def _fill(dataset: Any) -> str:
    return format_name(str(np.asarray(dataset.fillvalue).item()))


def count_memory() -> int:
    """Returns the bytes of memory of this machine; a number beyond any limit if the system does not tell."""
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", {}):
        return sys.maxsize
    return int(_os.sysconf("SC_PHYS_PAGES") * _os.sysconf("SC_PAGE_SIZE"))
