"""What a dataset claims to hold, held against what its file stores and what the memory of the machine can take."""

from __future__ import annotations

import math
import os
import sys
from typing import Any

import numpy as np

from zm_cli.errors import DataError
from zm_cli.formats.hdf5.links import SHOWN, show_name
from zm_cli.formats.hdf5.outside import list_missing_sources

MOST_UNWRITTEN = 4 << 30
"""Bytes of values that were never written, beyond which a dataset must have at least one chunk in LEAST_WRITTEN."""
LEAST_WRITTEN = 1000


def check_claims(dataset: Any, path: str, where: str, axis: int) -> str | None:
    """What of an `h5py.Dataset` with samples along `axis` was never written, or is not there, as a note; None where all
    is. `path` is that of its file.

    Raises DataError where nothing was, or hardly anything of a huge dataset, and where a sample or a chunk is larger
    than the memory.
    """
    from h5py import h5d

    plist = dataset.id.get_create_plist()
    nbytes = math.prod(dataset.shape) * dataset.dtype.itemsize
    held = nbytes // dataset.shape[axis]
    note = None
    if plist.get_layout() == h5d.CHUNKED:
        chunk = math.prod(dataset.chunks) * dataset.dtype.itemsize
        held = max(held, chunk if plist.get_nfilters() else 0)
        note = _check_chunks(dataset, where, nbytes)
    elif plist.get_layout() == h5d.CONTIGUOUS and not plist.get_external_count():
        if dataset.id.get_offset() is None:
            raise _nothing_written(dataset, where)
    elif missing := list_missing_sources(dataset.id, path):
        listed = ", ".join(missing[:SHOWN] + [f"and {len(missing) - SHOWN} more"] * (len(missing) > SHOWN))
        note = f"{where}: its sources {listed} are not there; their values count as the fill value {_fill(dataset)}"
    most = count_memory()
    if held > most:
        raise DataError(
            f"one sample or chunk takes {held:,} bytes, more than there is memory, {most:,}",
            where=where,
            hint="is it damaged? else --layout says which axis is N",
        )
    return note


def _check_chunks(dataset: Any, where: str, nbytes: int) -> str | None:
    chunks = math.prod(-(-extent // deep) for extent, deep in zip(dataset.shape, dataset.chunks, strict=True))
    written = dataset.id.get_num_chunks()
    if not written:
        raise _nothing_written(dataset, where)
    if written >= chunks:
        return None
    if nbytes > MOST_UNWRITTEN and written * LEAST_WRITTEN < chunks:
        raise DataError(
            f"claims {nbytes:,} bytes in {chunks} chunks, of which {written} were ever written",
            where=where,
            hint="is it damaged? a copy without what was never written can be read",
        )
    missing = chunks - written
    return f"{where}: {missing} of {chunks} chunks were never written and count as the fill value {_fill(dataset)}"


def _nothing_written(dataset: Any, where: str) -> DataError:
    return DataError(
        f"nothing was ever written to it: all its values would be the fill value {_fill(dataset)}", where=where
    )


def _fill(dataset: Any) -> str:
    return show_name(str(np.asarray(dataset.fillvalue).item()))


def count_memory() -> int:
    """Bytes of memory of this machine."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else sys.maxsize
