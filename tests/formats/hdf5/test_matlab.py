"""MATLAB 7.3: the axes are stored in reverse, and much in such a file is not an array of numbers."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.formats.hdf5.files import draw, error_of, open_data, read_values
from tests.formats.hdf5.matlab import put_array, put_other_things, save_matlab
from zm_cli.errors import DataError


@pytest.mark.parametrize(
    ("size", "layout", "samples"),
    [
        ((9, 5), "CN", 9),
        ((9, 1), "CN", 9),
        ((1, 9), "NC", 9),
        ((28, 32, 3, 10), "NCWH", 10),
        ((8, 9, 7, 2, 6), "NCDWH", 6),
        ((4, 5, 6), None, 6),
        ((28, 32, 8, 10), None, 10),
    ],
)
def test_the_layout_follows_matlabs_conventions(
    tmp_path: Path, size: tuple[int, ...], layout: str | None, samples: int
) -> None:
    source = open_data(save_matlab(tmp_path / "x.mat", x=draw(size)))
    assert (source.spec.decoding.get("layout"), source.spec.samples) == (layout, samples)
    (note,) = source.facts().notes
    assert "x".join(map(str, size)) in note
    assert "x".join(map(str, size[::-1])) in note
    assert "--layout" in note


def test_the_rows_of_a_matrix_are_the_samples(tmp_path: Path) -> None:
    values = draw((9, 5))
    path = save_matlab(tmp_path / "x.mat", x=values)
    np.testing.assert_array_equal(read_values(open_data(path)), values)
    asked = open_data(path, layout="NC")
    assert (asked.spec.samples, asked.facts().notes) == (5, ())


def test_images_are_read_as_matlab_has_them(tmp_path: Path) -> None:
    values = draw((6, 7, 3, 5))
    source = open_data(save_matlab(tmp_path / "x.mat", x=values))
    assert source.spec.axes == "NCWH"
    np.testing.assert_array_equal(read_values(source), np.moveaxis(values, (3, 2, 1, 0), (0, 1, 2, 3)))


def test_a_layout_that_the_dataset_declares_is_taken(tmp_path: Path) -> None:
    path = save_matlab(tmp_path / "x.mat", x=draw((9, 5)))
    with h5py.File(path, "a") as file:
        file["x"].attrs["layout"] = "NC"
    assert open_data(path).spec.samples == 5


def test_matrices_are_chosen_before_vectors_and_other_things(tmp_path: Path) -> None:
    path = save_matlab(tmp_path / "x.mat", images=draw((9, 5)), labels=np.ones((9, 1)), rate=np.ones((1, 1)))
    with h5py.File(path, "a") as file:
        put_other_things(file)
    source = open_data(path)
    assert source.spec.decoding["dataset"] == "/images"
    assert source.facts().notes[0].endswith("x.mat: sparse matrices are not read: /S")
    others = source.facts().others["other datasets"]
    assert "/S/ir (5,) float64 (part of the sparse matrix /S)" in others
    assert "/none (2,) uint64 (the size of an empty MATLAB array)" in others
    assert "/text (2, 1) uint16 (a MATLAB char)" in others
    assert "#refs#" not in others


def test_what_is_not_an_array_of_numbers_is_never_read(tmp_path: Path) -> None:
    path = save_matlab(tmp_path / "x.mat")
    with h5py.File(path, "a") as file:
        put_other_things(file)
        put_array(file, "time", np.ones((6, 1), "u4"), "datetime")
    assert "has no dataset of numbers" in str(error_of(path))
    for name, says in (
        ("S/data", "part of the sparse matrix /S"),
        ("text", "a MATLAB char"),
        ("none", "the size of an empty MATLAB array"),
        ("time", "a MATLAB datetime"),
        ("cells", "reference"),
    ):
        error = error_of(path, dataset=name)
        assert isinstance(error, DataError)
        assert says in str(error)


@pytest.mark.parametrize("parts", [("data", "indices", "indptr", "shape"), ("data", "ir", "jc")])
def test_the_parts_of_a_sparse_matrix_are_not_data_in_other_files_either(
    tmp_path: Path, parts: tuple[str, ...]
) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for name in parts:
            file[f"X/{name}"] = np.ones(9)
        file["y"] = np.ones(3)
        file["data"] = np.ones(3)
    assert "There are /data (3,) float64, /y (3,) float64;" in str(error_of(tmp_path / "x.h5"))
