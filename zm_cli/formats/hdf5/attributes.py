"""Attributes of HDF5 objects: listed, read as text, and copied to an object of another file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zm_cli.formats.hdf5.library import DEFAULT, call
from zm_cli.formats.hdf5.names import format_name
from zm_cli.formats.hdf5.raw import copy_attribute_values
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS, explain_error


def list_attributes(item: Any) -> list[bytes]:
    """Returns the names of the attributes of an object (a low-level id),
    in the order of creation if the file tracks it."""
    from h5py import h5, h5a, h5p

    names: list[bytes] = []
    plist = item.get_create_plist()
    tracked = plist.get_attr_creation_order() & h5p.CRT_ORDER_TRACKED
    h5a.iterate(item, names.append, index_type=h5.INDEX_CRT_ORDER if tracked else h5.INDEX_NAME)
    return names


def read_text_attribute(dataset: Any, name: str) -> str | None:
    """Returns the attribute `name` of an `h5py.Dataset`; None if it does not exist or is not a single text."""
    from h5py import h5a, h5t

    try:
        # The type is checked first: h5py crashes on some types (sequences of references to regions).
        if h5a.open(dataset.id, name.encode()).get_type().get_class() != h5t.STRING:
            return None
        value = dataset.attrs[name]
    except H5PY_ERRORS:
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None


def copy_attributes(
    source: Any, target: Any, find_type: Callable[[Any], Any], left_out: frozenset[bytes] = frozenset()
) -> tuple[list[bytes], list[str]]:
    """Copies all attributes of `source` except those in `left_out` to `target` (low-level ids).

    Returns the names of the attributes that hold references, which are created without a value, and a description of
    each attribute that could not be copied. `find_type` returns the type in the target file for a type of the source
    file.
    """
    from h5py import h5a, h5t

    referring: list[bytes] = []
    lost: list[str] = []
    for name in list_attributes(source):
        if name in left_out:
            continue
        created = False
        try:
            attribute = h5a.open(source, name)
            stored_type = attribute.get_type()
            copy = _create_attribute(target, name, find_type(stored_type), attribute)
            created = True
            if stored_type.detect_class(h5t.REFERENCE):
                referring.append(name)
            else:
                copy_attribute_values(attribute, copy)
        except H5PY_ERRORS as error:
            lost.append(f"{format_name(name)} ({explain_error(error)})")
            if created:
                h5a.delete(target, name)
    return referring, lost


def copy_plain_attributes(source: Any, target: Any, left_out: frozenset[bytes] = frozenset()) -> list[str]:
    """Copies all attributes of `source` except those in `left_out` to `target` (low-level ids), an object of a file
    without the named types and objects that the source refers to; returns a description of each that could not be
    copied."""
    from h5py import h5a

    referring, lost = copy_attributes(source, target, lambda stored_type: stored_type.copy(), left_out)
    for attribute in referring:
        h5a.delete(target, attribute)
    return lost + [f"{format_name(attribute)} (it refers to another file)" for attribute in referring]


def describe_lost(path: bytes, lost: list[str]) -> list[str]:
    """Returns sentences on the attributes of the object at `path` that could not be copied."""
    return [f"{format_name(path)} is written without its attribute {attribute}" for attribute in lost]


def _create_attribute(target: Any, name: bytes, new_type: Any, attribute: Any) -> Any:
    """Creates an attribute like `attribute`, except for its type and value (low-level ids)."""
    from h5py import h5a, h5p, h5t

    space = attribute.get_space()
    if h5a.get_info(attribute).cset == h5t.CSET_ASCII:
        return h5a.create(target, name, new_type, space)
    properties = h5p.PropCreateID(call("H5Aget_create_plist", attribute.id))
    return h5a.AttrID(call("H5Acreate2", target.id, name, new_type.id, space.id, properties.id, DEFAULT))
