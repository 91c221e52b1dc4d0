"""Values that point to others are kept bit for bit, whatever NumPy makes of their types."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import h5py
import pytest
from h5py import h5d, h5o, h5p, h5s, h5t

from tests.formats.hdf5.files import VALUES, rewrite
from tests.formats.hdf5.stored import (
    fill_dataset,
    get_attribute,
    get_dataset,
    make_choice,
    make_odd_integer,
    make_opaque,
    make_record,
    make_text,
    put_attribute,
    put_dataset,
)
from zm_cli.formats.hdf5 import raw

LETTER = make_text(1)
TEXT = h5t.C_S1.copy()
TEXT.set_size(h5t.VARIABLE)
LETTERS = h5t.vlen_create(LETTER)
FIELDS = [[b"d", b"a", b"t", b"a"], [b"x"], [], [b"\0", b"\xff"]]
"""As MATLAB 7.3 stores the names of a structure's fields."""
CASES: dict[str, tuple[Any, list[Any]]] = {
    "letters": (LETTERS, FIELDS),
    "space-padded": (h5t.vlen_create(make_text(3, h5t.STR_SPACEPAD)), [[b"ab ", b"   ", b"abc"], []]),
    "null-padded": (h5t.vlen_create(make_text(4, h5t.STR_NULLPAD)), [[b"ab\0c", b"\0\0\0\0"], [b"full"]]),
    "null-terminated": (h5t.vlen_create(make_text(5)), [[b"ab\0cd", b"abcde"]]),
    "utf-8": (h5t.vlen_create(make_text(2, h5t.STR_NULLTERM, h5t.CSET_UTF8)), [["ü".encode()], [b"\xff\xfe"]]),
    "texts": (h5t.vlen_create(TEXT), [[b"one", None, b""], [], [b"gr\xc3\xbc\xc3\x9fe"]]),
    "nested": (h5t.vlen_create(h5t.vlen_create(LETTERS)), [[FIELDS, [], [[]]], []]),
    "opaque": (h5t.vlen_create(make_opaque(3, b"a tag")), [[b"\0\1\2", b"abc"]]),
    "enum": (h5t.vlen_create(make_choice(h5t.STD_I16BE, red=1, blue=-2)), [[b"\0\1", b"\xff\xfe", b"\x12\x34"]]),
    "bits": (h5t.vlen_create(h5t.STD_B16BE), [[b"\x01\xf0"], []]),
    "odd-integer": (h5t.vlen_create(make_odd_integer()), [[b"\xff\xff\xff", b"\1\2\3"]]),
    "time": (h5t.vlen_create(h5t.UNIX_D32BE), [[b"\1\2\3\4"]]),
    "records": (
        h5t.vlen_create(make_record(letters=LETTERS, code=h5t.STD_U16BE, text=TEXT)),
        [[{"letters": [b"a", b"\0"], "code": b"\1\2", "text": None}], []],
    ),
    "record": (
        make_record(name=make_text(2), letters=LETTERS, inner=make_record(bits=h5t.STD_B8LE, letters=LETTERS)),
        [{"name": b"xy", "letters": [b"q"], "inner": {"bits": b"\x9f", "letters": [b"z", b"z"]}}] * 2,
    ),
    "array": (h5t.array_create(LETTERS, (2, 2)), [FIELDS, FIELDS[::-1]]),
    "array-of-records": (
        h5t.array_create(make_record(a=h5t.vlen_create(h5t.array_create(LETTER, (2,)))), (2,)),
        [[{"a": [[b"a", b"b"]]}, {"a": []}]],
    ),
}


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_sequences_of_every_type_are_kept_in_attributes_and_datasets(tmp_path: Path, libver: str) -> None:
    stamped, chunked = h5p.create(h5p.DATASET_CREATE), h5p.create(h5p.DATASET_CREATE)
    stamped.set_obj_track_times(True)
    chunked.set_chunk((1,))
    chunked.set_deflate(4)
    objects = ("/", "x", "plain", "plain/letters")
    with h5py.File(tmp_path / "data.h5", "w", libver=(libver, "latest")) as file:
        file["x"] = VALUES
        for name, (stored, values) in CASES.items():
            named = stored.copy()
            named.commit(file.require_group("types").id, name.encode())
            put_dataset(file.require_group("plain"), name.encode(), stored, values)
            put_dataset(file.require_group("chunked"), name.encode(), stored, values, chunked)
            put_dataset(file.require_group("stamped"), name.encode(), stored, values, stamped)
            put_dataset(file.require_group("named"), name.encode(), named, values)
            file["stamped"][name].attrs["to"] = file["x"].ref
            for item in objects:
                put_attribute(file[item], name.encode(), named if item == "plain" else stored, values)
    for output in ("out.h5", "again.h5"):
        assert rewrite(tmp_path / "data.h5", tmp_path / output, dataset="x") == []
    assert (tmp_path / "out.h5").read_bytes() == (tmp_path / "again.h5").read_bytes()
    with h5py.File(tmp_path / "out.h5") as file:
        for name, (stored, values) in CASES.items():
            for group in ("plain", "chunked", "stamped", "named"):
                assert file[group][name].id.get_type().equal(stored), (group, name)
                assert get_dataset(file[group][name]) == values, (group, name)
            assert h5o.get_info(file["named"][name].id.get_type()).addr == h5o.get_info(file["types"][name].id).addr
            for item in objects:
                assert get_attribute(file[item], name.encode()) == values, (item, name)


@pytest.mark.parametrize("shape", [(), (0, 3), (7,), (1, 11), (5, 3, 2)])
@pytest.mark.parametrize("chunked", [False, True])
def test_values_are_copied_in_slabs_of_bounded_size(
    tmp_path: Path, shape: tuple[int, ...], chunked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw, "ELEMENTS", 4)
    monkeypatch.setattr(raw, "POINTED_BYTES", 600)
    plist = h5p.create(h5p.DATASET_CREATE)
    if chunked and shape:
        plist.set_chunk(tuple(max(1, min(2, extent)) for extent in shape))
    count = math.prod(shape)
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = VALUES
        for name, stored, values in (
            (b"plain", h5t.STD_I16BE, [bytes([number, 1]) for number in range(count)]),
            (b"lists", LETTERS, [[b"a"] * number for number in range(count)]),
        ):
            named = stored.copy()
            named.commit(file.id, name + b" type")
            space = h5s.create_simple(shape) if shape else h5s.create(h5s.SCALAR)
            fill_dataset(h5d.create(file.id, name, named, space, plist), values)
    rewrite(tmp_path / "data.h5", tmp_path / "out.h5", dataset="x")
    with h5py.File(tmp_path / "data.h5") as old, h5py.File(tmp_path / "out.h5") as new:
        for title in ("plain", "lists"):
            assert get_dataset(new[title]) == get_dataset(old[title])
            assert len(get_dataset(new[title])) == count
            slabs = [math.prod(slab) for _, slab in raw.cut_slabs(old[title].id, pointers=title == "lists")]
            assert sum(slabs) == count
            assert max(slabs, default=0) <= (4 if title == "lists" or not chunked else 2 * 4 * 2 ** len(shape))
