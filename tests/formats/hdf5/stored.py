"""Values of any HDF5 type put into a file and taken out of it bit for bit, by h5py with the stored type in memory."""

from __future__ import annotations

import ctypes
import struct
from typing import Any

import numpy as np
from h5py import h5a, h5d, h5s, h5t

POINTERS = struct.Struct("NP")


def make_text(size: int, padding: int = h5t.STR_NULLTERM, charset: int = h5t.CSET_ASCII) -> Any:
    """Returns the type of a fixed-length text."""
    made = h5t.C_S1.copy()
    made.set_size(size)
    made.set_strpad(padding)
    made.set_cset(charset)
    return made


def make_record(**members: Any) -> Any:
    """Returns a compound type, with a byte between its members."""
    size = sum(member.get_size() + 1 for member in members.values())
    made = h5t.create(h5t.COMPOUND, size)
    offset = 0
    for name, member in members.items():
        made.insert(name.encode(), offset, member)
        offset += member.get_size() + 1
    return made


def make_opaque(size: int, tag: bytes) -> Any:
    made = h5t.create(h5t.OPAQUE, size)
    made.set_tag(tag)
    return made


def make_choice(base: Any, **values: int) -> Any:
    """Returns an enumeration."""
    made = h5t.enum_create(base)
    for name, value in values.items():
        made.enum_insert(name.encode(), value)
    return made


def make_odd_integer() -> Any:
    """Returns an integer of 3 bytes, of which 13 bits count."""
    made = h5t.STD_I32BE.copy()
    made.set_size(3)
    made.set_precision(13)
    made.set_offset(5)
    return made


def pack(stored: Any, value: Any, kept: list[Any]) -> bytes:
    """Returns a value as it is in memory: bytes, None for a null pointer, lists for arrays and sequences, dicts for
    compounds.

    What it points to is kept alive by `kept`.
    """
    kind = stored.get_class()
    if kind == h5t.VLEN:
        data = b"".join(pack(stored.get_super(), item, kept) for item in value)
        kept.append(ctypes.create_string_buffer(data, max(1, len(data))))
        return POINTERS.pack(len(value), ctypes.addressof(kept[-1]) if value else 0)
    if kind == h5t.STRING and stored.is_variable_str():
        if value is None:
            return bytes(8)
        kept.append(ctypes.create_string_buffer(value))
        return struct.pack("P", ctypes.addressof(kept[-1]))
    if kind == h5t.COMPOUND:
        raw = bytearray(stored.get_size())
        for index, item in enumerate(value.values()):
            start, member = stored.get_member_offset(index), stored.get_member_type(index)
            raw[start : start + member.get_size()] = pack(member, item, kept)
        return bytes(raw)
    if kind == h5t.ARRAY:
        return b"".join(pack(stored.get_super(), item, kept) for item in value)
    assert len(value) == stored.get_size()
    return bytes(value)


def unpack(stored: Any, raw: bytes) -> Any:
    """Returns the value that `pack` made these bytes of."""
    kind, size = stored.get_class(), stored.get_size()
    if kind == h5t.VLEN:
        length, pointer = POINTERS.unpack(raw)
        return split(stored.get_super(), ctypes.string_at(pointer, length * stored.get_super().get_size()))
    if kind == h5t.STRING and stored.is_variable_str():
        (pointer,) = struct.unpack("P", raw)
        return ctypes.string_at(pointer) if pointer else None
    if kind == h5t.COMPOUND:
        members = {}
        for index in range(stored.get_nmembers()):
            start, member = stored.get_member_offset(index), stored.get_member_type(index)
            members[stored.get_member_name(index).decode()] = unpack(member, raw[start : start + member.get_size()])
        return members
    if kind == h5t.ARRAY:
        return split(stored.get_super(), raw)
    assert len(raw) == size
    return raw


def split(stored: Any, raw: bytes) -> list[Any]:
    size = stored.get_size()
    return [unpack(stored, raw[start : start + size]) for start in range(0, len(raw), size)]


def put_attribute(item: Any, name: bytes, stored: Any, values: list[Any]) -> None:
    """An attribute with one axis."""
    attribute = h5a.create(item.id, name, stored, h5s.create_simple((len(values),)))
    kept: list[Any] = []
    raw = b"".join(pack(stored, value, kept) for value in values)
    attribute.write(np.frombuffer(raw, f"V{stored.get_size()}").copy(), mtype=stored)


def get_attribute(item: Any, name: bytes) -> list[Any]:
    attribute = h5a.open(item.id, name)
    stored = attribute.get_type().copy()
    raw = np.zeros(attribute.shape, f"V{stored.get_size()}")
    attribute.read(raw, mtype=stored)
    return split(stored, raw.tobytes())


def put_dataset(group: Any, name: bytes, stored: Any, values: list[Any], plist: Any = None) -> None:
    """A dataset with one axis."""
    fill_dataset(h5d.create(group.id, name, stored, h5s.create_simple((len(values),)), plist), values)


def fill_dataset(dataset: Any, values: list[Any]) -> None:
    """Writes all values of a dataset (a low-level id), in the order of C."""
    stored = dataset.get_type().copy()
    kept: list[Any] = []
    raw = b"".join(pack(stored, value, kept) for value in values)
    if raw:
        dataset.write(h5s.ALL, h5s.ALL, np.frombuffer(raw, f"V{stored.get_size()}").copy(), stored)


def get_dataset(dataset: Any) -> list[Any]:
    stored = dataset.id.get_type().copy()
    raw = np.zeros(dataset.shape, f"V{stored.get_size()}")
    dataset.id.read(h5s.ALL, h5s.ALL, raw, stored)
    return split(stored, raw.tobytes())
