"""The HDF5 library's own ways: how a file is opened for reading, which errors it raises, what their messages mean."""

from __future__ import annotations

import os
import re
from typing import Any

from zm_cli.errors import DataError, UsageError

ERRORS = (OSError, RuntimeError, KeyError, ValueError, TypeError)
"""What h5py raises for a file that is damaged or holds something it does not know."""


def explain(error: BaseException) -> str:
    """The cause of a failed call, in one clause without addresses and times."""
    text = str(error.args[-1]) if error.args else type(error).__name__
    system = re.search(r"error message = '([^']*)'", text)
    if system:
        return system.group(1)
    clause = re.search(r"\((.*)\)", text, re.DOTALL)
    return (clause.group(1) if clause else text).strip()


def open_file(path: str) -> Any:
    """The HDF5 file at `path` as an `h5py.File` opened for reading.

    Raises UsageError where there is no such file, DataError where it is no HDF5 file, truncated or unreadable.
    """
    import h5py

    if not os.path.exists(path):
        raise UsageError("does not exist", where=path)
    if os.path.isdir(path):
        raise UsageError("is a folder, not an HDF5 file", where=path)
    try:
        # best-effort: a file system without locks is no reason not to read.
        return h5py.File(path, "r", locking="best-effort")
    except PermissionError as error:
        raise DataError("cannot be opened: permission denied", where=path) from error
    except ERRORS as error:
        reason = explain(error)
        if "signature not found" in reason:
            raise DataError(
                "is no HDF5 file", where=path, hint="if it is something else, say so with --kind"
            ) from error
        raise DataError(f"cannot be opened as HDF5: {reason}", where=path) from error


def address_of(item: Any) -> int:
    """Where a low-level object (group, dataset, named type) lies in its file: one number for all its hard links."""
    from h5py import h5o

    return int(h5o.get_info(item).addr)
