"""Translates references to objects and regions of the input file to the same objects of the output file."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.formats.hdf5.library import DEFAULT, call
from zm_cli.formats.hdf5.links import address_of
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS

REGION = 1
"""The library's number for references to regions."""
NEWER_REGION = 3
NEWER_ATTRIBUTE = 4
"""The library's numbers for references that HDF5 1.12 introduced."""
SEQUENCE = np.dtype([("length", np.uintp), ("pointer", np.uintp)], align=True)
"""The library's representation of a sequence of variable length in memory."""


class ReferenceTranslator:
    """Translates references from the file `source` to the file `target` (low-level ids).

    `paths` maps the address of each object in `source` to its path in `target`. `lost` counts the references that
    cannot be translated, most often to objects that no longer exist; they become null.
    """

    def __init__(self, source: Any, target: Any, paths: Mapping[int, bytes]) -> None:
        self._source = source
        self._target = target
        self._paths = paths
        self._addresses: dict[int, int] = {}
        self.lost = 0

    def translate(self, stored_type: Any, values: NDArray[Any]) -> None:
        """Translates every reference in values of an HDF5 type in memory, also in compounds, arrays and sequences.

        `values` is an array of any shape and of a dtype `V` as large as the type. It is changed in place, and so is
        what it points to.
        """
        from h5py import h5t

        if not values.size or not stored_type.detect_class(h5t.REFERENCE):
            return
        kind = stored_type.get_class()
        if kind == h5t.REFERENCE:
            self._translate_references(stored_type, values)
        elif kind == h5t.COMPOUND:
            for index in range(stored_type.get_nmembers()):
                member, offset = stored_type.get_member_type(index), stored_type.get_member_offset(index)
                self.translate(member, _view_part(values, offset, member.get_size()))
        elif kind == h5t.ARRAY:
            item, shape = stored_type.get_super(), stored_type.get_array_dims()
            self.translate(item, _view_part(values, 0, item.get_size(), shape))
        elif kind == h5t.VLEN:
            item = stored_type.get_super()
            for length, pointer in values.view(SEQUENCE).reshape(-1).tolist():
                self.translate(item, _view_memory(pointer, length, item.get_size()))

    def _translate_references(self, stored_type: Any, values: NDArray[Any]) -> None:
        from h5py import h5t

        if stored_type.equal(h5t.STD_REF_OBJ):
            # In memory, such a reference is the address of its object.
            addresses = values.view(np.uint64)
            found, indices, counts = np.unique(addresses, return_inverse=True, return_counts=True)
            new = [self._translate_address(*pair) for pair in zip(found.tolist(), counts.tolist(), strict=True)]
            addresses[...] = np.array(new, np.uint64)[indices].reshape(addresses.shape)
            return
        translate = self._translate_region if stored_type.equal(h5t.STD_REF_DSETREG) else self._translate_newer
        for index in np.ndindex(values.shape):
            reference = values[index].tobytes()
            values[index] = translate(reference) if any(reference) else reference

    def _translate_address(self, address: int, count: int) -> int:
        """Returns the address in the target of the object at this address in the source; 0 if it is not in the target.

        `count` is the number of references to it.
        """
        from h5py import h5o

        if address and address not in self._addresses:
            path = self._paths.get(address)
            self._addresses[address] = 0 if path is None else address_of(h5o.open(self._target, path))
        new = self._addresses.get(address, 0)
        self.lost += count if address and not new else 0
        return new

    def _translate_region(self, reference: bytes) -> bytes:
        from h5py import h5d, h5s

        old, new = (ctypes.create_string_buffer(initial, len(reference)) for initial in (reference, b""))
        try:
            dataset = h5d.DatasetID(call("H5Rdereference2", self._source.id, DEFAULT, REGION, old))
            space = h5s.SpaceID(call("H5Rget_region", self._source.id, REGION, old))
            call("H5Rcreate", new, self._target.id, self._paths[address_of(dataset)], REGION, space.id)
        except H5PY_ERRORS:
            self.lost += 1
            return bytes(len(reference))
        return new.raw

    def _translate_newer(self, reference: bytes) -> bytes:
        """Translates a reference of the kind that HDF5 1.12 introduced: to an object, a region or an attribute.

        A reference to an object in another file is lost: the library (2.0) crashes when it writes one that it has read.
        """
        from h5py import h5d, h5f, h5s

        old, new = (ctypes.create_string_buffer(initial, len(reference)) for initial in (reference, b""))
        try:
            if _get_text("H5Rget_file_name", old) != h5f.get_name(self._source):
                raise KeyError("is in another file")
            kind = call("H5Rget_type", old)
            item = h5d.DatasetID(call("H5Ropen_object", old, DEFAULT, DEFAULT))
            path = self._paths[address_of(item)]
            if kind == NEWER_REGION:
                space = h5s.SpaceID(call("H5Ropen_region", old, DEFAULT, DEFAULT))
                call("H5Rcreate_region", self._target.id, path, space.id, DEFAULT, new)
            elif kind == NEWER_ATTRIBUTE:
                call("H5Rcreate_attr", self._target.id, path, _get_text("H5Rget_attr_name", old), DEFAULT, new)
            else:
                call("H5Rcreate_object", self._target.id, path, DEFAULT, new)
        except H5PY_ERRORS:
            self.lost += 1
        # The reference keeps its file open.
        call("H5Rdestroy", old)
        return new.raw


def _get_text(function: str, reference: Any) -> bytes:
    buffer = ctypes.create_string_buffer(call(function, reference, None, 0) + 1)
    call(function, reference, buffer, len(buffer))
    return buffer.value


def _view_part(values: NDArray[Any], offset: int, size: int, shape: tuple[int, ...] = ()) -> NDArray[Any]:
    """Returns the part at `offset` bytes of each of the values: an item of `size` bytes, or an array of such items."""
    layout = {"names": ["part"], "formats": [(f"V{size}", shape)], "offsets": [offset], "itemsize": values.itemsize}
    part: NDArray[Any] = values.view(np.dtype(layout))["part"]  # type: ignore[call-overload]
    return part


def _view_memory(pointer: int, count: int, size: int) -> NDArray[Any]:
    """Returns the `count` items of `size` bytes that a pointer leads to."""
    if not count:
        return np.empty(0, f"V{size}")
    memory = memoryview((ctypes.c_char * (count * size)).from_address(pointer))
    return np.frombuffer(memory, np.dtype((np.void, size)))
