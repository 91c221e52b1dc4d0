"""Everything else in a file is copied: links, other datasets, named types, the order of creation, the user block."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from h5py import h5a, h5o

from tests.formats.hdf5.files import RECEIPT, draw, open_data, rewrite, save
from zm_cli.data.sink import WriteOptions
from zm_cli.errors import DataError
from zm_cli.pipeline.applying.output import create_sink


def test_links_of_every_kind_are_kept_as_they_are(tmp_path: Path) -> None:
    path = save(tmp_path, **{"g/x": draw((9, 5)), "g/labels": np.arange(9)})
    with h5py.File(path, "a") as file:
        file["also x"] = file["g/x"]
        file["also labels"] = file["g/labels"]
        file["g/self"] = file["g"]
        file["up"] = file["/"]
        file["soft"] = h5py.SoftLink("g/x")
        file["dangling"] = h5py.SoftLink("/nowhere/ü")
        file["away"] = h5py.ExternalLink("absent.h5", "/a/b")
    rewrite(path, tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["also x"] == file["g/x"] == file["soft"]
        assert file["x" if "x" in file else "g/x"].dtype == np.float32
        assert file["also labels"] == file["g/labels"]
        assert file["g/self"] == file["g"]
        assert file["up"] == file["/"]
        assert file.get("dangling", getlink=True).path == "/nowhere/ü"
        away = file.get("away", getlink=True)
        assert (away.filename, away.path) == ("absent.h5", "/a/b")
        assert set(file) == {"g", "also x", "also labels", "up", "soft", "dangling", "away"}


def test_other_datasets_keep_values_types_and_storage(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = draw((9, 5))
        file.create_dataset("zipped", data=draw((50, 5)), chunks=(8, 5), compression="gzip", shuffle=True)
        file.create_dataset("growing", data=np.arange(3), maxshape=(None,), chunks=(4,))
        file["texts"] = ["a", "bcd", ""]
        file["compound"] = np.array([(1, 2.5)], [("a", ">i4"), ("b", "f8")])
        file.create_dataset("ragged", data=np.array([np.arange(2), np.arange(3)], object), dtype=h5py.vlen_dtype("i4"))
        file.create_dataset("enum", data=[1, 2], dtype=h5py.enum_dtype({"a": 1, "b": 2}))
        file["null"] = h5py.Empty("f4")
        file["nothing"] = np.zeros((0, 3))
        file["scalar"] = 3
        file.create_dataset("holes", (10,), "i4", chunks=(2,), fillvalue=-1)[4] = 5
    rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5", dataset="x")
    with h5py.File(tmp_path / "data.h5") as old, h5py.File(tmp_path / "out.h5") as new:
        assert set(old) == set(new)
        for name in set(old) - {"x"}:
            assert old[name].id.get_type().equal(new[name].id.get_type())
            assert (old[name].shape, old[name].maxshape) == (new[name].shape, new[name].maxshape)
            assert (old[name].chunks, old[name].compression) == (new[name].chunks, new[name].compression)
            assert old[name].id.get_storage_size() == new[name].id.get_storage_size()
            if old[name].shape is not None:
                assert repr(old[name][()]) == repr(new[name][()])


def test_a_named_type_is_shared_by_datasets_and_attributes(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["types/pair"] = np.dtype([("a", "i4"), ("b", "f8")])
        file["data"] = np.zeros((9, 5))
        file.create_dataset("a", (3,), file["types/pair"])
        file.create_group("g").attrs.create("pair", np.zeros((), file["types/pair"].dtype), dtype=file["types/pair"])
    assert rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5") == []
    with h5py.File(tmp_path / "out.h5") as file:
        address = h5o.get_info(file["types/pair"].id).addr
        assert h5o.get_info(file["a"].id.get_type()).addr == address
        assert h5o.get_info(h5a.open(file["g"].id, b"pair").get_type()).addr == address
        assert set(file) == {"types", "data", "a", "g"}
        assert h5o.get_info(file["types/pair"].id).rc == 3


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_a_dataset_of_a_named_type_keeps_values_and_references(tmp_path: Path, libver: str) -> None:
    path = str(tmp_path / "data.h5")
    with h5py.File(path, "w", libver=libver, userblock_size=512, track_order=True) as file:
        file["type"] = np.dtype([("a", "i4"), ("b", "f8")])
        file.create_dataset("x", data=draw((9, 3)))
        group = file.create_group("group", track_order=True)
        named = group.create_dataset("named", shape=(4,), dtype=file["type"])
        named[...] = np.array([(index, index / 2) for index in range(4)], dtype=named.dtype)
        named.attrs["to"] = file["x"].ref
        file.attrs.create("attribute", np.zeros(2, named.dtype), dtype=file["type"])
    rewrite(path, tmp_path / "out.h5", dataset="/x")
    with h5py.File(path) as old, h5py.File(tmp_path / "out.h5") as new:
        np.testing.assert_array_equal(new["group/named"][()], old["group/named"][()])
        assert new["group/named"].id.get_type().committed()
        assert new[new["group/named"].attrs["to"]].name == "/x"


def test_the_order_of_creation_is_kept(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w", track_order=True) as file:
        group = file.create_group("z", track_order=True)
        for name in ("x", "b", "y", "a"):
            group[name] = np.arange(3)
            file.attrs[name] = group.attrs[name] = 1
        file["x"] = draw((9, 5))
        file.create_dataset("m", data=draw((9,)), track_order=True)
        file["a"] = h5py.SoftLink("/x")
    rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        assert list(file) == ["z", "x", "m", "a"]
        assert list(file["z"]) == list(file.attrs) == list(file["z"].attrs) == ["x", "b", "y", "a"]


def list_order(file: h5py.File) -> dict[str, tuple[list[str], list[str]]]:
    """Returns the links and attributes of every object, in their order;
    the attributes of x, which zm adds to, by name."""
    items = {name: file[name] for name in ("/", "top/many", "top/many/data", "x")}
    return {
        name: (
            [*item] if isinstance(item, h5py.Group) else [],
            sorted({*item.attrs} - {"zm"}) if name == "x" else [*item.attrs],
        )
        for name, item in items.items()
    }


@pytest.mark.parametrize(
    ("libver", "tracked", "count"),
    [
        ("earliest", True, 9),
        ("v108", False, 9),
        ("v110", True, 20),
        ("v112", False, 20),
        ("v114", True, 20),
        ("latest", True, 250),
        ("latest", False, 250),
    ],
)
def test_many_links_and_attributes_are_kept_in_their_order(
    tmp_path: Path, libver: str, tracked: bool, count: int
) -> None:
    """From 9 on, newer groups keep links, and objects attributes, in a storage of their own."""
    with h5py.File(tmp_path / "data.h5", "w", libver=libver, track_order=tracked) as file:
        many = file.create_group("top", track_order=tracked).create_group("many", track_order=tracked)
        file.create_dataset("x", data=draw((9, 5)), chunks=(2, 5), track_order=tracked)
        data = many.create_dataset("data", data=draw((5,)), track_order=tracked, track_times=True)
        for name in (f"{number * 7 % count} of {count}" for number in range(count)):
            for group in (file, many):
                group[name] = h5py.SoftLink("/x")
            for item in (file, many, data, file["x"]):
                item.attrs[name] = 1
        data.attrs["see"] = file["x"].ref
    assert rewrite(tmp_path / "data.h5", tmp_path / "out.h5", dataset="x") == []
    assert rewrite(tmp_path / "out.h5", tmp_path / "again.h5", dataset="x") == []
    orders = []
    for name in ("data.h5", "out.h5", "again.h5"):
        with h5py.File(tmp_path / name) as file:
            orders.append(list_order(file))
    assert orders[0] == orders[1] == orders[2]


def test_the_user_block_is_kept(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.mat", "w", userblock_size=512) as file:
        file["x"] = draw((9, 5))
    head = b"MATLAB 7.3 MAT-file".ljust(512, b" ")
    with open(tmp_path / "data.mat", "r+b") as stream:
        stream.write(head)
    rewrite(str(tmp_path / "data.mat"), tmp_path / "out.mat")
    assert (tmp_path / "out.mat").read_bytes()[:512] == head
    with h5py.File(tmp_path / "out.mat") as file:
        np.testing.assert_array_equal(file["x"][()], draw((9, 5)) + 0.5)


@pytest.mark.parametrize("strategy", ["page", "aggregate"])
def test_files_with_managed_space_are_kept(tmp_path: Path, strategy: Any) -> None:
    with h5py.File(tmp_path / "data.h5", "w", fs_strategy=strategy, fs_persist=strategy == "page") as file:
        file["x"] = draw((90, 50))
        file["other"] = np.arange(99)
    rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        np.testing.assert_array_equal(file["x"][()], draw((90, 50)) + 0.5)
        assert file["other"][-1] == 98


def test_another_dataset_that_is_damaged_is_named(tmp_path: Path) -> None:
    path = save(tmp_path, x=draw((9, 5)))
    with h5py.File(path, "a") as file:
        dataset = file.create_dataset(
            "texts", data=["a", "b"], chunks=(2,), dtype=h5py.string_dtype(), compression="gzip"
        )
        chunk = dataset.id.get_chunk_info(0)
    with open(path, "r+b") as stream:
        stream.seek(chunk.byte_offset)
        stream.write(b"\xff" * chunk.size)
    with pytest.raises(DataError, match="/texts: cannot be copied"):
        create_sink(open_data(path), str(tmp_path / "out.h5"), WriteOptions(np.dtype("f4"), RECEIPT))
    assert [entry.name for entry in tmp_path.iterdir()] == ["data.h5"]
