"""Images written as one HDF5 file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.formats.images.opened import RECEIPT, open_images, read_pixels, write_images
from tests.formats.images.samples import PHOTOS, random_values, save_photos, save_picture
from zm_cli.errors import DataError


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return save_photos(tmp_path / "photos")


def test_the_file_holds_images_labels_files_and_classes(photos: Path, tmp_path: Path) -> None:
    source = open_images(photos)
    write_images(source, str(tmp_path / "out.h5"))
    with h5py.File(tmp_path / "out.h5") as file:
        images = file["images"]
        assert images.dtype == np.float32
        np.testing.assert_array_equal(images[:], read_pixels(source).astype(np.float32))
        assert [images.dims[axis].label for axis in range(4)] == list("NHWC")
        assert json.loads(images.attrs["zm"]) == RECEIPT
        assert file["labels"][:].tolist() == [0, 0, 1, -1]
        assert file["labels"].dtype == np.int64
        assert list(file["files"].asstr()) == list(PHOTOS)
        assert list(file.attrs["classes"]) == ["cat", "dog"]


def test_without_class_folders_there_are_no_labels(tmp_path: Path) -> None:
    save_picture(tmp_path / "in", "a.png", random_values((2, 2)))
    write_images(open_images(tmp_path / "in"), str(tmp_path / "out.hdf5"), "float16")
    with h5py.File(tmp_path / "out.hdf5") as file:
        assert sorted(file) == ["files", "images"]
        assert file["images"].shape == (1, 2, 2, 1)
        assert file["images"].dtype == np.float16


def test_the_file_can_hold_thousands_of_classes(tmp_path: Path) -> None:
    for index in range(4500):
        folder = tmp_path / "in" / f"{index:05}"
        folder.mkdir(parents=True)
        np.save(folder / "a.npy", np.full((1, 1), index, np.float32))
    write_images(open_images(tmp_path / "in"), str(tmp_path / "out.h5"))
    with h5py.File(tmp_path / "out.h5") as file:
        assert len(file.attrs["classes"]) == 4500
        np.testing.assert_array_equal(file["labels"][:], np.arange(4500))


def test_images_of_several_sizes_are_refused(photos: Path, tmp_path: Path) -> None:
    save_picture(photos, "odd.png", random_values((9, 9, 3)))
    with pytest.raises(DataError, match=r"5x4 \(4\), 9x9 \(1\); --resize 5x4"):
        write_images(open_images(photos), str(tmp_path / "out.h5"))
    write_images(open_images(photos, resize=(5, 4)), str(tmp_path / "out.h5"))
    assert os.listdir(tmp_path / "photos")


def test_the_file_holds_only_the_images_that_could_be_read(photos: Path, tmp_path: Path) -> None:
    broken = photos / "cat" / "1.png"
    broken.write_bytes(broken.read_bytes()[:50] + bytes(100))
    source = open_images(photos, on_error="skip")
    assert source.spec.samples == 4
    write_images(source, str(tmp_path / "out.h5"))
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["images"].shape[0] == len(file["files"]) == len(file["labels"]) == 3
        np.testing.assert_array_equal(file["images"][:], read_pixels(source))
