"""Attributes of HDF5 objects: listed, read as text, and copied to an object of another file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from zm_cli.outputs.hdf5_errors import H5PY_ERRORS, explain_error


def list_attributes(item: Any) -> list[bytes]:
    """The names of an object's attributes (of a low-level id), in the order of creation where the file tracks it."""
    from h5py import h5, h5a, h5p

    names: list[bytes] = []
    plist = item.get_create_plist()
    tracked = plist.get_attr_creation_order() & h5p.CRT_ORDER_TRACKED
    h5a.iterate(item, names.append, index_type=h5.INDEX_CRT_ORDER if tracked else h5.INDEX_NAME)
    return names


def read_text_attribute(dataset: Any, name: str) -> str | None:
    """The attribute `name` of an `h5py.Dataset`; None where it does not exist or is not a single text."""
    try:
        value = dataset.attrs.get(name)
    except H5PY_ERRORS:
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None


def copy_attributes(
    source: Any, target: Any, find_type: Callable[[Any], Any], left_out: frozenset[bytes] = frozenset()
) -> tuple[list[bytes], list[str]]:
    """Copies every attribute of `source` but those in `left_out` to `target` (low-level ids).

    Returns the names of the attributes that hold references, which are created without a value, and a description of
    each that could not be copied. `find_type` gives the type to use in the target file for one of the source file.
    """
    from h5py import h5a, h5s, h5t

    referring: list[bytes] = []
    lost: list[str] = []
    for name in list_attributes(source):
        if name in left_out:
            continue
        try:
            attribute = h5a.open(source, name)
            stored_type = attribute.get_type()
            space = attribute.get_space()
            copy = h5a.create(target, name, find_type(stored_type), space)
            if stored_type.detect_class(h5t.REFERENCE):
                referring.append(name)
            elif space.get_simple_extent_type() != h5s.NULL:
                _copy_value(attribute, copy, stored_type)
        except H5PY_ERRORS as error:
            lost.append(f"{name.decode('utf-8', 'replace')} ({explain_error(error)})")
    return referring, lost


def _copy_value(attribute: Any, copy: Any, stored_type: Any) -> None:
    if has_pointers(stored_type):
        values = np.empty(attribute.shape, attribute.dtype)
        attribute.read(values)
        copy.write(values)
    else:
        # Byte for byte: keeps padding, odd precisions and types that NumPy does not have.
        raw = np.empty(attribute.shape, f"V{stored_type.get_size()}")
        attribute.read(raw, mtype=stored_type)
        copy.write(raw, mtype=stored_type)


def has_pointers(stored_type: Any) -> bool:
    """Whether values of an HDF5 type point to data elsewhere in the file: strings and sequences of variable length, and
    references."""
    from h5py import h5t

    kind = stored_type.get_class()
    if kind == h5t.STRING:
        return bool(stored_type.is_variable_str())
    if kind == h5t.COMPOUND:
        return any(has_pointers(stored_type.get_member_type(index)) for index in range(stored_type.get_nmembers()))
    if kind == h5t.ARRAY:
        return has_pointers(stored_type.get_super())
    return kind in (h5t.VLEN, h5t.REFERENCE)
