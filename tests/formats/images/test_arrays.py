"""Images that are read as arrays: `.npy` files, and TIFFs where tifffile is installed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from tests.formats.images.opened import open_images, read_pixels, write_images
from tests.formats.images.samples import random_values, save_photos, save_picture
from zm_cli.errors import DataError, UsageError


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "uint8", "int16", ">f4"])
def test_arrays_are_read_as_they_are(tmp_path: Path, dtype: str) -> None:
    values = random_values((2, 4, 5, 2), seed=2).astype(dtype)
    for index in range(2):
        np.save(tmp_path / f"{index}.npy", np.asfortranarray(values[index]))
    source = open_images(tmp_path)
    assert (source.spec.dtype, source.spec.names) == (values.dtype.newbyteorder("="), None)
    assert source.spec.decoding["mode"] == "array"
    np.testing.assert_array_equal(read_pixels(source), values)


def test_an_array_of_two_axes_has_one_channel(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones((4, 5)))
    assert open_images(tmp_path).spec.sample_shape == (4, 5, 1)


def test_arrays_of_several_types_or_with_pictures_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones((4, 5)))
    np.save(tmp_path / "b.npy", np.ones((4, 5), np.float32))
    with pytest.raises(DataError, match=r"float64 with 1 channel \(a\.npy\); float32 with 1 channel \(b\.npy\)"):
        open_images(tmp_path)
    (tmp_path / "b.npy").unlink()
    save_picture(tmp_path, "c.png", random_values((4, 5)))
    with pytest.raises(DataError, match="mixes arrays and pictures"):
        open_images(tmp_path)
    with pytest.raises(DataError, match="not converted to RGB"):
        open_images(tmp_path, mode="RGB")
    with pytest.raises(DataError, match=r"c\.png: is a picture"):
        open_images(tmp_path, mode="array")


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[{}]], object), allow_pickle=True)
    with pytest.raises(DataError, match=r"a\.npy: cannot be decoded: values of dtype object"):
        open_images(tmp_path)


def test_the_error_for_tiff_without_tifffile_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tifffile.imwrite(
        tmp_path / "a.tif", np.ones((4, 5, 2), np.float32), photometric="minisblack", planarconfig="contig"
    )
    # The module that defines it comes last, so that modules imported here import the original.
    for module in ("create", "modes", "arrays"):
        monkeypatch.setattr(f"zm_cli.formats.images.{module}.has_tifffile", lambda: False)
    with pytest.raises(UsageError, match=r"pip install tifffile"):
        write_images(open_images(save_photos(tmp_path / "photos")), f"{tmp_path}/out/", format="tiff")
    with pytest.raises(DataError, match=r"pip install tifffile"):
        open_images(tmp_path / "a.tif")


def test_listed_npy_files_are_images_and_a_note_says_so(tmp_path: Path) -> None:
    for name in ("a.npy", "b.npy"):
        np.save(tmp_path / name, np.ones((4, 5)))
    note = "2 files of the list were read as one image each"
    assert note in open_images(tmp_path, files=("a.npy", "b.npy")).facts().notes
    assert note not in open_images(tmp_path).facts().notes
