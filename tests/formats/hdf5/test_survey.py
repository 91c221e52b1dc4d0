"""What an HDF5 file holds, where no dataset of it can be chosen."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.formats.hdf5.files import draw, save
from tests.formats.hdf5.matlab import put_other_things, save_matlab
from zm_cli.data.options import ReadOptions
from zm_cli.data.survey import Content, Survey
from zm_cli.errors import DataError
from zm_cli.formats import formats


def survey(path: str | Path) -> Survey:
    found = formats()["hdf5"].survey(str(path), ReadOptions())
    assert found is not None
    return found


def test_every_dataset_is_listed_with_shape_type_and_size(tmp_path: Path) -> None:
    found = survey(save(tmp_path, **{f"run{index:02}/x": draw((9, index + 1), "f4") for index in range(70)}))
    assert (found.noun, len(found.contents), found.choices) == ("HDF5 file", 70, 70)
    assert found.contents[3] == Content("/run03/x", "float32", (9, 4), 144)


def test_what_cannot_be_measured_has_its_reason(tmp_path: Path) -> None:
    path = save(
        tmp_path, a=np.array([b"x"]), b=np.ones((0, 4)), c=3.0, d=np.ones((1,) * 6), time=np.ones(4), e=h5py.Empty("f4")
    )
    with h5py.File(path, "a") as file:
        file["time"].make_scale("time")
        file["far"] = h5py.ExternalLink("o.h5", "/x")
    found = survey(path)
    remarks = {content.name: content.remark for content in found.contents if not content.usable}
    assert remarks == {"/a": "not numbers", "/b": "empty", "/c": "a single number", "/d": "6 axes", "/e": "empty"}
    assert [content.remark for content in found.contents if content.usable] == ["coordinates of an axis"]
    assert (found.choices, found.facts) == (0, {"external links": "/far to /x in o.h5"})
    assert "--allow-external" in found.advice


@pytest.mark.parametrize(
    ("names", "meant"),
    [
        (("x_test", "x_train", "y_train"), "/x_train"),
        (("Xtest", "Xtrain"), "/Xtrain"),
        (("test/images", "train/images"), "/train/images"),
        (("testing", "training"), "/training"),
        (("big", "extra"), "/big"),
    ],
)
def test_the_training_data_are_proposed_else_the_largest(tmp_path: Path, names: tuple[str, ...], meant: str) -> None:
    sizes = range(50, 0, -10)
    found = survey(save(tmp_path, **{name: draw((size, 3)) for name, size in zip(names, sizes, strict=False)}))
    assert found.advice == f"try: zm inspect {tmp_path / 'data.h5'} --dataset {meant}"


def test_a_file_of_matlab_says_so_and_hides_the_contents_of_cells(tmp_path: Path) -> None:
    path = save_matlab(tmp_path / "x.mat", a=draw((9, 5)), b=draw((8, 5)))
    with h5py.File(path, "a") as file:
        put_other_things(file)
    found = survey(path)
    assert "in reverse" in found.facts["written by"]
    assert found.facts["cells hold"] == "1 more dataset"
    assert [content.name for content in found.contents if content.usable] == ["/a", "/b"]


def test_a_file_that_is_cut_off_is_an_error(tmp_path: Path) -> None:
    path = Path(save(tmp_path, x=draw((90, 50))))
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DataError):
        survey(path)
