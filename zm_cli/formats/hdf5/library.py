"""Calls functions of the HDF5 library that h5py lacks, or offers only with a conversion to NumPy types."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from typing import Any

_ID = ctypes.c_int64
_POINTER = ctypes.c_void_p
_STATUS = ctypes.c_int
_SIZE = ctypes.c_ssize_t

_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    # The type of the result, then those of the arguments.
    "H5Acreate2": (_ID, _ID, ctypes.c_char_p, _ID, _ID, _ID, _ID),
    "H5Aget_create_plist": (_ID, _ID),
    "H5Aread": (_STATUS, _ID, _ID, _POINTER),
    "H5Awrite": (_STATUS, _ID, _ID, _POINTER),
    "H5Dread": (_STATUS, _ID, _ID, _ID, _ID, _ID, _POINTER),
    "H5Dvlen_reclaim": (_STATUS, _ID, _ID, _ID, _POINTER),
    "H5Dwrite": (_STATUS, _ID, _ID, _ID, _ID, _ID, _POINTER),
    "H5Rcreate": (_STATUS, _POINTER, _ID, ctypes.c_char_p, _STATUS, _ID),
    "H5Rcreate_attr": (_STATUS, _ID, ctypes.c_char_p, ctypes.c_char_p, _ID, _POINTER),
    "H5Rcreate_object": (_STATUS, _ID, ctypes.c_char_p, _ID, _POINTER),
    "H5Rcreate_region": (_STATUS, _ID, ctypes.c_char_p, _ID, _ID, _POINTER),
    "H5Rdereference2": (_ID, _ID, _ID, _STATUS, _POINTER),
    "H5Rdestroy": (_STATUS, _POINTER),
    "H5Rget_attr_name": (_SIZE, _POINTER, ctypes.c_char_p, ctypes.c_size_t),
    "H5Rget_file_name": (_SIZE, _POINTER, ctypes.c_char_p, ctypes.c_size_t),
    "H5Rget_region": (_ID, _ID, _STATUS, _POINTER),
    "H5Rget_type": (_STATUS, _POINTER),
    "H5Ropen_object": (_ID, _POINTER, _ID, _ID),
    "H5Ropen_region": (_ID, _POINTER, _ID, _ID),
    "H5Tcommit2": (_STATUS, _ID, ctypes.c_char_p, _ID, _ID, _ID, _ID),
    "H5Tget_create_plist": (_ID, _ID),
}
DEFAULT = 0
"""Stands for the default property list, and for a whole dataspace."""


class _Error(ctypes.Structure):
    """An entry of the library's stack of errors."""

    _fields_ = (
        ("class", _ID), ("major", _ID), ("minor", _ID), ("line", ctypes.c_uint),
        ("function", ctypes.c_char_p), ("file", ctypes.c_char_p), ("description", ctypes.c_char_p),
    )  # fmt: skip


_SEE_ERROR = ctypes.PYFUNCTYPE(_STATUS, ctypes.c_uint, ctypes.POINTER(_Error), _POINTER)
_FUNCTIONS["H5Ewalk2"] = (_STATUS, _ID, _STATUS, _SEE_ERROR, _POINTER)
DEEPEST_FIRST = 0


def call(name: str, *arguments: Any) -> int:
    """Calls a function of the library that h5py has loaded; returns its result: an identifier, a size or a status.

    Identifiers are the `id` of h5py's low-level objects, which must live until the call is over. May be called from
    several threads. Raises RuntimeError if the call fails or the library cannot be found.
    """
    from h5py.h5d import phil

    function = _load_function(name)
    with phil:
        result = int(function(*arguments))
        if result < 0:
            raise RuntimeError(_find_reason() or f"{name} failed")
    return result


def _find_reason() -> str:
    """Returns the library's description of the error of the last failed call."""
    reasons: list[str] = []

    def see_error(_depth: int, error: Any, _data: Any) -> int:
        reasons.append((error.contents.description or b"").decode("utf-8", "replace"))
        return 0

    _load_function("H5Ewalk2")(DEFAULT, DEEPEST_FIRST, _SEE_ERROR(see_error), None)
    return reasons[0] if reasons else ""


@cache
def _load_function(name: str) -> Any:
    from h5py import h5d

    # A name that is not in h5py's own module is looked up in the libraries that the module has loaded. On Windows it is
    # not, but a loaded library is found by its name. PyDLL is used because the library may call back into Python: it
    # reads and writes some files through Python objects.
    try:
        function = getattr(ctypes.PyDLL("hdf5.dll" if os.name == "nt" else h5d.__file__), name)
    except (OSError, AttributeError) as error:
        raise RuntimeError("the HDF5 library that h5py uses cannot be called directly") from error
    function.restype, *function.argtypes = _FUNCTIONS[name]
    return function
