"""Lists the datasets of an HDF5 file and describes their shapes and types."""

from __future__ import annotations

from typing import Any

import numpy as np

from zm_cli.formats.hdf5.external import is_external, is_virtual, stored_shape
from zm_cli.formats.hdf5.links import walk_links
from zm_cli.formats.hdf5.names import decode_name, format_name
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS


def list_datasets(file: Any) -> list[tuple[str, Any]]:
    """Returns every dataset of a file (an `h5py.File`) as its path and an `h5py.Dataset`, once even if it has several
    hard links.

    Soft and external links are not followed.
    """
    import h5py
    from h5py import h5d

    return [
        (decode_name(link.path), h5py.Dataset(link.item))
        for link in walk_links(file)
        if isinstance(link.item, h5d.DatasetID)
    ]


def describe_dataset(path: str, dataset: Any) -> str:
    """Returns the path, shape and type of an `h5py.Dataset`, and where its values are if not in its own file.
    Opens no other file."""
    shape = stored_shape(dataset.id)
    storage = " virtual" if is_virtual(dataset.id) else " in another file" if is_external(dataset.id) else ""
    return f"{format_name(path)} {'empty' if shape is None else shape} {describe_type(dataset)}{storage}"


def numeric_dtype(dataset: Any) -> np.dtype[Any] | None:
    """Returns the dtype of the dataset's values in native byte order (uint8 for booleans);
    None if zm does not read them as numbers."""
    import h5py
    from h5py import h5t

    try:
        stored_type = dataset.id.get_type()
        dtype = np.dtype(dataset.dtype)
    except H5PY_ERRORS:
        return None
    if dtype.kind == "b":
        return np.dtype(np.uint8)
    plain = stored_type.get_class() in (h5t.INTEGER, h5t.FLOAT) and h5py.check_enum_dtype(dtype) is None
    if not plain or dtype.kind not in "iuf" or dtype.itemsize > 8:
        return None
    native: np.dtype[Any] = dtype.newbyteorder("=")
    return native


def describe_type(dataset: Any) -> str:
    """Returns the type of the dataset's values in one or two words."""
    import h5py
    from h5py import h5t

    try:
        kind = dataset.id.get_type().get_class()
        words = {h5t.TIME: "time", h5t.BITFIELD: "bit field", h5t.REFERENCE: "reference"}
        if kind in words:
            return words[kind]
        dtype = dataset.dtype
    except H5PY_ERRORS:
        return "unknown type"
    if h5py.check_string_dtype(dtype) is not None:
        return "string"
    if h5py.check_vlen_dtype(dtype) is not None:
        return "variable length"
    if h5py.check_enum_dtype(dtype) is not None:
        return "enumeration"
    return "compound" if dtype.names else str(dtype.newbyteorder("=")) if dtype.kind in "biufc" else "opaque"
