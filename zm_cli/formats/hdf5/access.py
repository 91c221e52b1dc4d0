"""Opens HDF5 files for reading."""

from __future__ import annotations

import os
from typing import Any

from zm_cli.errors import DataError, UsageError
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS, explain_error


def open_file(path: str) -> Any:
    """Returns the HDF5 file at `path` as an `h5py.File` open for reading.

    Raises UsageError if there is no such file, DataError if it is not an HDF5 file, is truncated or unreadable.
    """
    import h5py

    if not os.path.exists(path):
        raise UsageError("does not exist", where=path)
    if os.path.isdir(path):
        raise UsageError("is a folder, not an HDF5 file", where=path)
    try:
        # best-effort: so files can be read on a file system without locks.
        return h5py.File(path, "r", locking="best-effort")
    except PermissionError as error:
        raise DataError("cannot be opened: permission denied", where=path) from error
    except H5PY_ERRORS as error:
        reason = explain_error(error)
        if "signature not found" in reason:
            raise DataError(
                "is not an HDF5 file", where=path, hint="if it is something else, say so with --kind"
            ) from error
        raise DataError(f"cannot be opened as HDF5: {reason}", where=path) from error
