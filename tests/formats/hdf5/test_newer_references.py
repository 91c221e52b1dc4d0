"""References of the kind that HDF5 1.12 introduced (`H5T_STD_REF`), which h5py does not know, are translated, too."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from h5py import h5a, h5d, h5i, h5s, h5t

from tests.formats.hdf5.files import rewrite
from tests.formats.hdf5.stored import make_record, pack, split
from zm_cli.formats.hdf5.library import call

KIND = h5t.TypeReferenceID(ctypes.c_int64.in_dll(ctypes.PyDLL(h5d.__file__), "H5T_STD_REF_g").value).copy()
SIZE = KIND.get_size()
RECORD = make_record(to=KIND, code=h5t.STD_B8LE)
RECORDS = h5t.vlen_create(RECORD)


def put_values(group: Any, name: bytes, stored: Any, values: list[Any]) -> None:
    """An attribute and a dataset of this name."""
    kept: list[Any] = []
    raw = b"".join(pack(stored, value, kept) for value in values)
    space = h5s.create_simple((len(values),))
    attribute, dataset = h5a.create(group.id, name, stored, space), h5d.create(group.id, name, stored, space)
    call("H5Awrite", attribute.id, stored.id, raw)
    call("H5Dwrite", dataset.id, stored.id, 0, 0, 0, raw)


def read_values(group: Any, name: bytes, stored: Any) -> list[list[Any]]:
    """Returns the same values, of the attribute and of the dataset."""
    attribute, dataset = h5a.open(group.id, name), h5d.open(group.id, name)
    raw = [ctypes.create_string_buffer(attribute.shape[0] * stored.get_size()) for _ in range(2)]
    call("H5Aread", attribute.id, stored.id, raw[0])
    call("H5Dread", dataset.id, stored.id, 0, 0, 0, raw[1])
    return [split(stored, each.raw) for each in raw]


def describe(reference: bytes) -> Any:
    """Returns what a reference leads to: a path, with the bounds of a region or the name of an attribute."""
    if not any(reference):
        return None
    held = ctypes.create_string_buffer(reference, SIZE)
    path = h5i.get_name(h5d.DatasetID(call("H5Ropen_object", held, 0, 0)))
    kind = call("H5Rget_type", held)
    if kind == 3:
        return path, h5s.SpaceID(call("H5Ropen_region", held, 0, 0)).get_select_bounds()
    if kind == 4:
        text = ctypes.create_string_buffer(99)
        call("H5Rget_attr_name", held, text, len(text))
        return path, text.value
    return path


def test_references_of_the_newer_kind_are_translated(tmp_path: Path) -> None:
    raw = [ctypes.create_string_buffer(SIZE) for _ in range(5)]
    with h5py.File(tmp_path / "data.h5", "w", libver="latest") as file, h5py.File(tmp_path / "far.h5", "w") as far:
        file["x"] = np.arange(45).reshape(9, 5)
        file["x"].attrs["a name"] = "m"
        file["g/y"], far["z"] = np.arange(6), 1
        rows = file["x"].id.get_space()
        rows.select_hyperslab((1, 0), (2, 3))
        call("H5Rcreate_object", file.id.id, b"/g/y", 0, raw[0])
        call("H5Rcreate_region", file.id.id, b"/x", rows.id, 0, raw[1])
        call("H5Rcreate_attr", file.id.id, b"/x", b"a name", 0, raw[2])
        call("H5Rcreate_object", far.id.id, b"/z", 0, raw[4])
        values = [each.raw for each in raw]
        records = [{"to": value, "code": b"!"} for value in values]
        put_values(file["g"], b"references", KIND, values)
        put_values(file["g"], b"records", RECORDS, [records, [], records[:1]])
        for each in (*raw[:3], raw[4]):
            call("H5Rdestroy", each)
    expected = [b"/g/y", (b"/x", ((1, 0), (2, 2))), (b"/x", b"a name"), None, None]
    for output in ("out.h5", "again.h5"):
        (note,) = rewrite(tmp_path / "data.h5", tmp_path / output, dataset="x")
        # Those to another file: in attributes and datasets, alone and in a list of records.
        assert note == "4 references lead nowhere in the input file and are left empty"
    assert (tmp_path / "out.h5").read_bytes() == (tmp_path / "again.h5").read_bytes()
    with h5py.File(tmp_path / "out.h5") as file:
        for found in read_values(file["g"], b"references", KIND):
            assert [describe(each) for each in found] == expected
        for first, second, third in read_values(file["g"], b"records", RECORDS):
            assert [describe(each["to"]) for each in first] == expected
            assert (second, [describe(each["to"]) for each in third]) == ([], expected[:1])


@pytest.mark.parametrize("stored", [h5t.vlen_create(KIND), h5t.array_create(KIND, (1,))])
def test_what_the_library_does_not_store_is_left_empty_with_a_note(tmp_path: Path, stored: Any) -> None:
    reference = ctypes.create_string_buffer(SIZE)
    with h5py.File(tmp_path / "data.h5", "w", libver="latest") as file:
        file["x"] = np.arange(45).reshape(9, 5)
        call("H5Rcreate_object", file.id.id, b"/x", 0, reference)
        put_values(file.create_group("g"), b"name", stored, [[reference.raw]])
        call("H5Rdestroy", reference)
    notes = rewrite(tmp_path / "data.h5", tmp_path / "out.h5")
    reason = "are left empty: the library does not store references of the newer kind in sequences and arrays"
    assert notes == [f"references in {where} {reason}" for where in ("the attribute name of /g", "/g/name")]
