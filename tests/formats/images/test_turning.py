"""Orientation: TIFFs, whoever reads them, are turned with --exif and else stay as stored, as JPEG and PNG do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from tests.formats.images.opened import open_images, read_pixels
from tests.formats.images.samples import random_values
from zm_cli.formats.images.turning import turn_array, turn_back, turn_picture


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turning_arrays_and_pictures_is_what_pillow_does(orientation: int) -> None:
    values = random_values((3, 4))
    picture = Image.fromarray(values)
    upright = turn_picture(picture, orientation)
    np.testing.assert_array_equal(turn_array(values[..., np.newaxis], orientation)[..., 0], upright)
    np.testing.assert_array_equal(turn_back(upright, orientation), values)
    picture.getexif()[274] = orientation
    np.testing.assert_array_equal(ImageOps.exif_transpose(picture), upright)


@pytest.mark.parametrize("orientation", [1, 3, 6])
@pytest.mark.parametrize("shape", [(4, 6, 3), (4, 6)], ids=["colour", "gray"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_tiffs_are_turned_only_with_exif(tmp_path: Path, dtype: str, shape: tuple[int, ...], orientation: int) -> None:
    values = random_values(shape, dtype)
    tag = (274, "H", 1, orientation, True)
    photometric = "rgb" if len(shape) == 3 else "minisblack"
    tifffile.imwrite(tmp_path / "a.tif", values, photometric=photometric, extratags=[tag])
    stored = open_images(tmp_path)
    np.testing.assert_array_equal(read_pixels(stored).reshape(shape), values)
    note = "1 image carries an EXIF rotation that was not applied; --exif applies it"
    assert (note in stored.facts().notes) == (orientation != 1)
    upright = open_images(tmp_path, exif=True)
    np.testing.assert_array_equal(read_pixels(upright)[0], turn_array(values.reshape((4, 6, -1)), orientation))
    assert upright.facts().shapes == {"4x6" if orientation == 6 else "6x4": 1}
    assert upright.facts().others.get("EXIF rotation") == (None if orientation == 1 else "1 of 1")
    assert note not in upright.facts().notes


def test_a_tag_of_xmp_alone_turns_no_tiff(tmp_path: Path) -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><d tiff:Orientation="6"/></x:xmpmeta>'
    values = random_values((4, 6))
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="minisblack", extratags=[(700, "B", len(xmp), xmp, True)])
    for exif in (False, True):
        np.testing.assert_array_equal(read_pixels(open_images(tmp_path, exif=exif))[0, ..., 0], values)
