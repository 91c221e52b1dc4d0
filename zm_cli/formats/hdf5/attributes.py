"""Attributes of any type, copied from an object of one file to an object of another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from zm_cli.formats.hdf5.access import ERRORS, explain


def list_attributes(item: Any) -> list[bytes]:
    """The names of an object's attributes, in the order of their creation where the file keeps that."""
    from h5py import h5, h5a, h5p

    names: list[bytes] = []
    plist = item.get_create_plist()
    tracked = plist.get_attr_creation_order() & h5p.CRT_ORDER_TRACKED
    h5a.iterate(item, names.append, index_type=h5.INDEX_CRT_ORDER if tracked else h5.INDEX_NAME)
    return names


def copy_attributes(
    source: Any, target: Any, find_type: Callable[[Any], Any], leave: frozenset[bytes] = frozenset()
) -> tuple[list[bytes], list[str]]:
    """Copies every attribute but those in `leave`; returns those that hold references, left empty, and those lost.

    `find_type` gives the type to use in the target file for a type of the source file.
    """
    from h5py import h5a, h5s, h5t

    referring: list[bytes] = []
    lost: list[str] = []
    for name in list_attributes(source):
        if name in leave:
            continue
        try:
            attribute = h5a.open(source, name)
            stored = attribute.get_type()
            space = attribute.get_space()
            made = h5a.create(target, name, find_type(stored), space)
            if stored.detect_class(h5t.REFERENCE):
                referring.append(name)
            elif space.get_simple_extent_type() != h5s.NULL:
                _copy_value(attribute, made, stored)
        except ERRORS as error:
            lost.append(f"{name.decode('utf-8', 'replace')} ({explain(error)})")
    return referring, lost


def _copy_value(attribute: Any, made: Any, stored: Any) -> None:
    if has_pointers(stored):
        values = np.empty(attribute.shape, attribute.dtype)
        attribute.read(values)
        made.write(values)
    else:
        # Byte for byte: padding, custom precision and types that NumPy does not have stay as they are.
        raw = np.empty(attribute.shape, f"V{stored.get_size()}")
        attribute.read(raw, mtype=stored)
        made.write(raw, mtype=stored)


def has_pointers(stored: Any) -> bool:
    """Whether values of this type lie elsewhere in the file, or refer there: strings of any length, sequences."""
    from h5py import h5t

    kind = stored.get_class()
    if kind == h5t.STRING:
        return bool(stored.is_variable_str())
    if kind == h5t.COMPOUND:
        return any(has_pointers(stored.get_member_type(index)) for index in range(stored.get_nmembers()))
    if kind == h5t.ARRAY:
        return has_pointers(stored.get_super())
    return kind in (h5t.VLEN, h5t.REFERENCE)
