"""References in values of every type lead to the same objects of the output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from h5py import h5d, h5o, h5p, h5s, h5t

from tests.formats.hdf5.files import rewrite
from tests.formats.hdf5.stored import get_attribute, get_dataset, make_record, put_attribute, put_dataset

OBJECT = h5t.STD_REF_OBJ
REGION = h5t.STD_REF_DSETREG
TEXT = h5t.C_S1.copy()
TEXT.set_size(h5t.VARIABLE)


def put_regions(file: h5py.File, regions: list[Any]) -> list[bytes]:
    """References to regions, as they are in memory, after they went through a dataset of the file."""
    file.create_dataset("scratch", data=np.array(regions, h5py.regionref_dtype), dtype=h5py.regionref_dtype)
    raw = np.zeros(len(regions), f"V{REGION.get_size()}")
    file["scratch"].id.read(h5s.ALL, h5s.ALL, raw, REGION)
    del file["scratch"]
    return [each.tobytes() for each in raw]


def describe_region(file: h5py.File, raw: bytes) -> Any:
    """Returns the dataset that a reference leads to, and the values in the region as they were before `rewrite`."""
    scratch = h5d.create(file.id, None, REGION, h5s.create_simple((1,)))
    scratch.write(h5s.ALL, h5s.ALL, np.frombuffer(raw, f"V{len(raw)}").copy(), REGION)
    region = h5py.Dataset(scratch)[0]
    return file[region].name, np.floor(file[region][region]).tolist()


def follow(file: h5py.File, value: Any) -> Any:
    """Returns the same value with names and points in place of references, which alone have 8 and 12 bytes."""
    if isinstance(value, list):
        return [follow(file, each) for each in value]
    if isinstance(value, dict):
        return {name: follow(file, each) for name, each in value.items()}
    if value and not any(value):
        return None
    if isinstance(value, bytes) and len(value) == OBJECT.get_size():
        names = {h5o.get_info(file[name].id).addr: name for name in ("/", "/x", "/g", "/g/y", "/type")}
        return names[int.from_bytes(value, "little")]
    if isinstance(value, bytes) and len(value) == REGION.get_size():
        return describe_region(file, value)
    return value


def make_cases(file: h5py.File) -> dict[str, tuple[Any, list[Any]]]:
    """Types, and values with references to objects of the file, by name."""
    x, y, root, kind = (h5o.get_info(file[name].id).addr.to_bytes(8, "little") for name in ("x", "g/y", "/", "type"))
    mask = np.zeros((9, 5), bool)
    mask[1, 2] = mask[4, 0] = mask[8, 4] = True
    some, points, part = put_regions(
        file, [file["x"].regionref[1:3, ::2], file["x"].regionref[mask], file["g/y"].regionref[2:4]]
    )
    pair = make_record(to=OBJECT, region=REGION, size=h5t.STD_U16BE)
    one, other = ({"to": x, "region": part, "size": b"\1\2"}, {"to": bytes(8), "region": bytes(12), "size": b"\3\4"})
    mixed = make_record(text=TEXT, all=h5t.vlen_create(OBJECT), regions=h5t.vlen_create(h5t.vlen_create(REGION)))
    return {
        "objects": (OBJECT, [x, bytes(8), y, root, kind]),
        "regions": (REGION, [some, bytes(12), points, part]),
        "pairs": (pair, [one, other]),
        "object-lists": (h5t.vlen_create(OBJECT), [[x, y, bytes(8)], [], [root]]),
        "region-lists": (h5t.vlen_create(REGION), [[some, points], [], [bytes(12), part]]),
        "lists-of-lists": (h5t.vlen_create(h5t.vlen_create(OBJECT)), [[[x], [], [y, y]], []]),
        "pair-lists": (h5t.vlen_create(pair), [[one, other], []]),
        "pair-arrays": (h5t.array_create(pair, (2, 2)), [[one, other, other, one], [one] * 4]),
        "object-arrays": (h5t.array_create(OBJECT, (3,)), [[x, y, kind], [root, x, x]]),
        "mixed": (
            mixed,
            [{"text": b"abc", "all": [x, y], "regions": [[some], []]}, {"text": None, "all": [], "regions": []}],
        ),
        "deep": (
            make_record(a=h5t.array_create(h5t.vlen_create(make_record(b=pair, c=h5t.vlen_create(REGION))), (2,))),
            [{"a": [[{"b": one, "c": [part, some]}], []]}],
        ),
    }


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_references_in_values_of_every_type_are_translated(tmp_path: Path, libver: str) -> None:
    stamped = h5p.create(h5p.DATASET_CREATE)
    stamped.set_obj_track_times(True)
    objects = ("/", "x", "g", "g/y", "type", "named/mixed")
    with h5py.File(tmp_path / "data.h5", "w", libver=(libver, "latest"), userblock_size=512) as file:
        file["filler"] = np.arange(1000)
        file["g/y"] = np.arange(6)
        file["x"] = np.arange(45).reshape(9, 5)
        file["type"] = np.dtype("i4")
        cases = make_cases(file)
        plain, with_stamp, with_type, types = map(file.create_group, ("plain", "stamped", "named", "types"))
        for name, (stored, values) in cases.items():
            put_dataset(plain, name.encode(), stored, values)
            put_dataset(with_stamp, name.encode(), stored, values, stamped)
            with_stamp[name].attrs["to"] = file["x"].ref
            named = stored.copy()
            named.commit(types.id, name.encode())
            put_dataset(with_type, name.encode(), named, values)
        for name, (stored, values) in cases.items():
            for item in objects:
                put_attribute(file[item], name.encode(), stored, values)
        expected = {name: follow(file, values) for name, (_, values) in cases.items()}
    assert expected["regions"][0] == ("/x", [[5, 7, 9], [10, 12, 14]])
    for output in ("out.h5", "again.h5"):
        assert rewrite(tmp_path / "data.h5", tmp_path / output, dataset="x") == []
    assert (tmp_path / "out.h5").read_bytes() == (tmp_path / "again.h5").read_bytes()
    with h5py.File(tmp_path / "out.h5", "r+") as file:
        for name, values in expected.items():
            for group in ("plain", "stamped", "named"):
                assert follow(file, get_dataset(file[group][name])) == values, (group, name)
            for item in objects:
                # Writing a reference would stamp an object with the time.
                assert h5o.get_info(file[item].id).mtime == 0
                assert follow(file, get_attribute(file[item], name.encode())) == values, (item, name)
