"""Attributes of every type are copied as they are."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from h5py import h5a, h5d, h5p, h5s, h5t

from tests.formats.hdf5.files import VALUES, draw, rewrite
from zm_cli.formats.hdf5.library import call

ID = ctypes.c_int64


def raw_attribute(item: Any, name: bytes) -> tuple[Any, bytes]:
    """Returns the type and bytes of an attribute without pointers, as stored."""
    attribute = h5a.open(item.id, name)
    stored = attribute.get_type()
    raw = np.empty(attribute.shape, f"V{stored.get_size()}")
    attribute.read(raw, mtype=stored)
    return stored, raw.tobytes()


def put_attributes(item: Any) -> None:
    """An attribute of every kind that h5py can write."""
    attrs = item.attrs
    attrs["text"] = "grüße"
    attrs["texts"] = ["a", "", "ccc"]
    attrs["number"] = np.float32(1.5)
    attrs["big-endian"] = np.array([[1, 2], [3, 4]], ">i2")
    attrs["empty"] = h5py.Empty("f8")
    attrs["none"] = np.zeros((0, 3))
    attrs["flag"] = True
    attrs["complex"] = 1 + 2j
    attrs["compound"] = np.array([(1, b"xy"), (2, b"z")], [("a", "<i4"), ("b", "S3")])
    attrs["opaque"] = np.void(b"\x00\x01")
    attrs.create("enum", 2, dtype=h5py.enum_dtype({"red": 1, "blue": 2}))
    attrs.create("ragged", np.array([np.arange(2), np.arange(3)], object), dtype=h5py.vlen_dtype("i4"))
    attrs.create("mixed", np.array([(1, "abc")], [("a", "i4"), ("b", h5py.string_dtype())]))
    attrs.create("array", np.arange(6).reshape(2, 3), dtype=np.dtype(("i4", (3,))))
    padded = h5t.C_S1.copy()
    padded.set_size(5)
    padded.set_strpad(h5t.STR_SPACEPAD)
    h5a.create(item.id, b"padded", padded, h5s.create(h5s.SCALAR)).write(np.array(b"ab   "), mtype=padded)
    odd = h5t.STD_I32LE.copy()
    odd.set_size(3)
    odd.set_precision(24)
    h5a.create(item.id, b"odd", odd, h5s.create_simple((2,))).write(np.array([1, 2], "i4"), mtype=h5t.STD_I32LE)


ATTRIBUTES = (
    "text",
    "texts",
    "number",
    "big-endian",
    "none",
    "flag",
    "complex",
    "compound",
    "opaque",
    "enum",
    "ragged",
)


def check_attributes(old: Any, new: Any) -> None:
    assert set(new.attrs) - {"zm"} == set(old.attrs)
    for name in (*ATTRIBUTES, "mixed", "array"):
        ours, theirs = h5a.open(old.id, name.encode()), h5a.open(new.id, name.encode())
        assert ours.get_type().equal(theirs.get_type()), name
        assert ours.shape == theirs.shape
        assert repr(new.attrs[name]) == repr(old.attrs[name])
    assert isinstance(new.attrs["empty"], h5py.Empty)
    for raw in (b"padded", b"odd"):
        (mine, ours_raw), (their, theirs_raw) = raw_attribute(old, raw), raw_attribute(new, raw)
        assert mine.equal(their)
        assert ours_raw == theirs_raw


@pytest.mark.parametrize("libver", ["earliest", "v108", "latest"])
def test_attributes_of_every_kind_are_kept_everywhere(tmp_path: Path, libver: str) -> None:
    with h5py.File(tmp_path / "data.h5", "w", libver=(libver, "latest")) as file:
        file["x"] = draw((9, 5))
        file["other"] = np.arange(3)
        file["type"] = np.dtype("f8")
        for item in (file, file["x"], file["other"], file.create_group("g"), file["type"]):
            put_attributes(item)
    assert rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5") == []
    with h5py.File(tmp_path / "data.h5") as old, h5py.File(tmp_path / "out.h5") as new:
        for name in ("/", "x", "other", "g", "type"):
            check_attributes(old[name], new[name])


def test_an_attribute_larger_than_64_kb_is_kept(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w", libver="latest") as file:
        file["x"] = draw((9, 5))
        for item in (file, file["x"], file.create_group("g")):
            item.attrs["large"] = np.arange(50_000)
    rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        for name in ("/", "x", "g"):
            np.testing.assert_array_equal(file[name].attrs["large"], np.arange(50_000))


def test_a_long_list_of_attributes_is_kept(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w", libver="latest") as file:
        file["x"] = VALUES
        for index in range(3000):
            file["x"].attrs[f"a{index}"] = index
    assert rewrite(tmp_path / "data.h5", tmp_path / "out.h5") == []
    with h5py.File(tmp_path / "out.h5") as file:
        assert len(file["x"].attrs) == 3001


def test_the_character_set_of_a_name_is_kept(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = VALUES
        library = ctypes.PyDLL(h5d.__file__)
        library.H5Pcreate.restype = ID
        plist = h5p.PropCreateID(library.H5Pcreate(ID.in_dll(library, "H5P_CLS_ATTRIBUTE_CREATE_ID_g")))
        library.H5Pset_char_encoding(ID(plist.id), h5t.CSET_UTF8)
        space = h5s.create(h5s.SCALAR)
        made = call("H5Acreate2", file.id.id, "größe".encode(), h5t.STD_I8LE.id, space.id, plist.id, 0)
        h5a.AttrID(made).write(np.array(7, "i1"))
        file.attrs["plain"] = 1
    assert rewrite(tmp_path / "data.h5", tmp_path / "out.h5") == []
    with h5py.File(tmp_path / "out.h5") as file:
        kept, plain = (h5a.open(file.id, name.encode()) for name in ("größe", "plain"))
        assert (h5a.get_info(kept).cset, h5a.get_info(plain).cset) == (h5t.CSET_UTF8, h5t.CSET_ASCII)
        assert file.attrs["größe"] == 7


def test_an_attribute_that_cannot_be_read_is_not_written_and_noted(tmp_path: Path) -> None:
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        file["x"] = VALUES
        file["x"].attrs["text"] = "some text"
        file["x"].attrs["other"] = 1
    # The text lies in a heap, which begins so.
    path.write_bytes(path.read_bytes().replace(b"GCOL", b"LOST"))
    (note,) = rewrite(path, tmp_path / "out.h5")
    assert note == "/x is written without its attribute text (bad global heap collection signature)"
    with h5py.File(tmp_path / "out.h5") as file:
        assert set(file["x"].attrs) == {"other", "zm"}


def test_attributes_of_any_type_may_have_the_names_that_zm_reads(tmp_path: Path) -> None:
    """h5py itself crashes where it reads sequences of references to regions."""
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = VALUES
        for name in ("layout", "zm"):
            regions = np.empty(1, object)
            regions[0] = np.array([file["x"].regionref[:2]], h5py.regionref_dtype)
            file["x"].attrs.create(name, regions, dtype=h5py.vlen_dtype(h5py.regionref_dtype))
    rewrite(tmp_path / "data.h5", tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        assert isinstance(file["x"].attrs["zm"], str)
