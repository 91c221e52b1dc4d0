"""References lead to the same objects of the output, dimension scales too."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.formats.hdf5.files import draw, rewrite, save


def put_references(file: h5py.File) -> None:
    file["g/x"] = draw((9, 5))
    file["g/y"] = np.arange(6)
    group = file["g"]
    file["cells"] = np.array([group["y"].ref, group["x"].ref, file["g"].ref, file.ref], h5py.ref_dtype)
    file.create_dataset("some", (3,), h5py.ref_dtype)[1] = group["y"].ref
    file.create_dataset("records", data=np.array([(group["y"].ref, 4)], [("target", h5py.ref_dtype), ("size", "i4")]))
    lists = file.create_dataset("lists", (2,), h5py.vlen_dtype(h5py.ref_dtype))
    lists[1] = np.array([group["x"].ref, group["y"].ref], h5py.ref_dtype)
    file.create_dataset("regions", data=np.array([group["y"].regionref[2:4]], h5py.regionref_dtype))
    for item in (file, group, group["x"], group["y"]):
        item.attrs["see"] = group["y"].ref
        item.attrs["this"] = group["x"].ref
        item.attrs["part"] = group["x"].regionref[1:3, :2]


def check_references(file: h5py.File) -> None:
    assert [file[ref].name for ref in file["cells"]] == ["/g/y", "/g/x", "/g", "/"]
    assert [bool(ref) for ref in file["some"]] == [False, True, False]
    assert file[file["records"][0]["target"]] == file["g/y"]
    assert file["records"][0]["size"] == 4
    assert [file[ref].name for ref in file["lists"][1]] == ["/g/x", "/g/y"]
    region = file["regions"][0]
    np.testing.assert_array_equal(file[region][region], [2, 3])
    for name in ("/", "g", "g/x", "g/y"):
        attrs = file[name].attrs
        assert file[attrs["see"]] == file["g/y"]
        assert file[attrs["this"]] == file["g/x"]
        assert file["g/x"].regionref.selection(attrs["part"]) == (2, 2)


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_references_point_to_the_same_objects_of_the_output(tmp_path: Path, libver: str) -> None:
    with h5py.File(tmp_path / "data.h5", "w", libver=libver) as file:
        put_references(file)
    assert rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5") == []
    with h5py.File(tmp_path / "out.h5") as file:
        check_references(file)
        assert file["g/x"].dtype == np.float32


def test_references_in_a_compound_with_texts_point_to_the_new_objects(tmp_path: Path) -> None:
    path = str(tmp_path / "data.h5")
    kind = np.dtype([("s", h5py.string_dtype()), ("r", h5py.ref_dtype)])
    with h5py.File(path, "w") as file:
        images = file.create_dataset("images", data=draw((9, 3)))
        cells = np.zeros(2, kind)
        cells["s"], cells["r"] = "hey", [images.ref, images.ref]
        file.create_dataset("cells", data=cells)
    rewrite(path, tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        assert [file[cell["r"]].name for cell in file["cells"][()]] == ["/images", "/images"]
        assert file["cells"][0]["s"] == b"hey"


def test_a_reference_that_leads_nowhere_is_noted(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = draw((9, 5))
        file["gone"] = 1
        file["refs"] = np.array([file["gone"].ref, file["x"].ref], h5py.ref_dtype)
        del file["gone"]
    (note,) = rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5")
    assert note.startswith("1 reference")
    with h5py.File(tmp_path / "out.h5") as file:
        assert [bool(ref) for ref in file["refs"]] == [False, True]


def test_dimension_scales_and_labels_stay_attached(tmp_path: Path) -> None:
    path = save(tmp_path, x=draw((9, 5)), time=np.arange(9), band=np.arange(5), other=draw((9,)))
    with h5py.File(path, "a") as file:
        for index, name in enumerate(("time", "band")):
            file[name].make_scale(name)
            file["x"].dims[index].attach_scale(file[name])
            file["x"].dims[index].label = f"the {name}"
        file["other"].dims[0].attach_scale(file["time"])
    rewrite(path, tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5", "r+") as file:
        assert [dim.label for dim in file["x"].dims] == ["the time", "the band"]
        assert [dim[0] for dim in file["x"].dims] == [file["time"], file["band"]]
        assert file["other"].dims[0][0] == file["time"]
        assert {file[ref].name for ref, _ in file["time"].attrs["REFERENCE_LIST"]} == {"/x", "/other"}
        # The library itself agrees that they belong together, from both sides.
        file["x"].dims[0].detach_scale(file["time"])
        assert len(file["x"].dims[0]) == 0


def test_the_written_dataset_can_be_a_dimension_scale(tmp_path: Path) -> None:
    path = save(tmp_path, x=draw((9, 5)), time=np.arange(9))
    with h5py.File(path, "a") as file:
        file["time"].make_scale("time")
        file["x"].dims[0].attach_scale(file["time"])
    rewrite(path, tmp_path / "out.h5", dataset="time")
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["x"].dims[0]["time"] == file["time"]
        assert file["time"].dtype == np.float32
