"""The sample data are what their script makes, are small, and match their README."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from tests.systems import slow

HERE = Path(__file__).resolve().parents[2] / "sample_data"


def make_into(folder: Path) -> Path:
    subprocess.run([sys.executable, str(HERE / "make.py"), str(folder)], check=True)
    return folder


def data_files(folder: Path) -> dict[str, Path]:
    """Every data file in the folder by its relative name, without the script and the README."""
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in {".png", ".jpg", ".h5", ".csv"}
    }


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def gray(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        assert image.mode == "L"
        return np.asarray(image)


@pytest.fixture(scope="module")
def remade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_into(tmp_path_factory.mktemp("remade"))


@slow
def test_the_script_writes_the_same_bytes_twice(remade: Path, tmp_path: Path) -> None:
    again = data_files(make_into(tmp_path))
    first = data_files(remade)
    assert again.keys() == first.keys()
    assert [name for name in first if first[name].read_bytes() != again[name].read_bytes()] == []


def test_the_script_makes_the_existing_files(remade: Path) -> None:
    assert data_files(remade).keys() == data_files(HERE).keys()


def test_the_tables_are_made_again_byte_for_byte(remade: Path) -> None:
    tables = sorted(path.name for path in HERE.glob("*.csv"))
    assert tables == ["housing.csv", "iris.csv", "iris_test.csv", "iris_train.csv"]
    for name in tables:
        assert (remade / name).read_bytes() == (HERE / name).read_bytes(), name


def test_the_digits_are_made_again_value_for_value(remade: Path) -> None:
    here = data_files(HERE / "digits")
    assert len(here) == 1797
    for name, path in here.items():
        np.testing.assert_array_equal(gray(remade / "digits" / name), gray(path), err_msg=name)


def test_the_digits_file_is_made_again_value_for_value(remade: Path) -> None:
    with h5py.File(HERE / "digits.h5") as here, h5py.File(remade / "digits.h5") as there:
        assert dict(here.attrs) == dict(there.attrs)
        assert list(here["labels"].attrs["classes"]) == list(there["labels"].attrs["classes"]) == list("0123456789")
        for name in ("images", "labels"):
            assert here[name].dtype == there[name].dtype
            np.testing.assert_array_equal(here[name][:], there[name][:])


def test_the_photographs_are_made_again(remade: Path) -> None:
    here = data_files(HERE / "photos")
    sizes = set()
    for name, path in here.items():
        with Image.open(path) as image, Image.open(remade / "photos" / name) as other:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", other.size)
            sizes.add(image.size)
            # The same version of libjpeg gives the same pixels; another may round its transform differently.
            difference = np.abs(np.asarray(image, dtype=int) - np.asarray(other, dtype=int))
            assert difference.mean() < 0.5, name
    assert len(here) == len(sizes) == 20


def test_the_folder_and_the_file_hold_the_same_digits() -> None:
    with h5py.File(HERE / "digits.h5") as file:
        images, labels = file["images"][:], file["labels"][:]
    assert images.shape == (1797, 8, 8, 1)
    assert images.dtype == np.uint8
    assert set(np.unique(images)) == set(range(0, 241, 15))
    assert labels.dtype == np.int64
    for path in (HERE / "digits").glob("*/*.png"):
        index = int(path.stem)
        assert int(path.parent.name) == labels[index]
        np.testing.assert_array_equal(gray(path), images[index, :, :, 0])


def test_the_sample_data_are_small() -> None:
    assert sum(path.stat().st_size for path in data_files(HERE).values()) < 3_000_000
    assert max(path.stat().st_size for path in (HERE / "digits").glob("*/*.png")) < 1_500
    assert sum(path.stat().st_size for path in (HERE / "photos").glob("*/*.jpg")) < 1_000_000


def test_iris_has_four_numbers_and_a_text_in_150_rows() -> None:
    header, *rows = rows_of(HERE / "iris.csv")
    assert header == ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"]
    assert len(rows) == 150
    assert {row[-1] for row in rows} == {"setosa", "versicolor", "virginica"}
    for row in rows:
        assert [float(cell) > 0 for cell in row[:-1]] == [True] * 4


def test_the_two_parts_of_iris_make_up_the_whole() -> None:
    header, *whole = rows_of(HERE / "iris.csv")
    train_header, *train = rows_of(HERE / "iris_train.csv")
    test_header, *test = rows_of(HERE / "iris_test.csv")
    assert train_header == test_header == header
    assert (len(train), len(test)) == (120, 30)
    assert sorted(train + test) == sorted(whole)


def test_the_housing_table_has_these_four_rows() -> None:
    assert (HERE / "housing.csv").read_text() == "rooms,price\n4,500000\n3,400000\n5,600000\n6,700000\n"
