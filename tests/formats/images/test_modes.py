"""In which mode images are read, what is converted, and which mixtures are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.formats.images.opened import open_images, read_pixels
from tests.formats.images.samples import random_values, save_picture
from zm_cli.errors import DataError, UsageError


def test_gray_stays_gray_however_it_is_stored(tmp_path: Path) -> None:
    gray = random_values((4, 6))
    bits = gray > 127
    save_picture(tmp_path, "a.png", gray)
    save_picture(tmp_path, "b.png", bits)
    save_picture(tmp_path, "c.png", np.dstack([gray, 255 - gray]))
    source = open_images(tmp_path)
    assert (source.spec.decoding["mode"], source.spec.dtype.name, source.spec.names) == ("L", "uint8", ("L",))
    np.testing.assert_array_equal(read_pixels(source)[..., 0], np.stack([gray, bits * np.uint8(255), gray]))
    notes = source.facts().notes
    assert "1 of 3 images was converted to L: 1 1-bit" in notes
    assert "the alpha of 1 image was dropped: 1 LA" in notes
    assert source.facts().types == {"L": 1, "1": 1, "LA": 1}


@pytest.mark.parametrize(("suffix", "order"), [("png", "="), ("tif", "<"), ("tif", ">")])
def test_16_bit_gray_keeps_every_bit(tmp_path: Path, suffix: str, order: Any) -> None:
    deep = random_values((4, 6), "uint16")
    if order == "=":
        save_picture(tmp_path, "a.png", deep)
    else:
        tifffile.imwrite(tmp_path / "a.tif", deep, byteorder=order)
    source = open_images(tmp_path)
    assert (source.spec.dtype.name, source.spec.decoding["mode"]) == ("uint16", "I;16")
    np.testing.assert_array_equal(read_pixels(source)[0, ..., 0], deep)
    for mode, dtype in (("I", np.int32), ("F", np.float32)):
        wide = open_images(tmp_path, mode=mode)
        assert wide.spec.dtype == dtype
        assert read_pixels(open_images(tmp_path, mode=mode, resize=(6, 4))).dtype == dtype
        np.testing.assert_array_equal(read_pixels(wide)[0, ..., 0], deep.astype(dtype))


def test_a_16_bit_pgm_is_read_as_16_bit(tmp_path: Path) -> None:
    deep = random_values((3, 5), "uint16")
    (tmp_path / "a.pgm").write_bytes(b"P5 5 3 65535\n" + deep.astype(">u2").tobytes())
    save_picture(tmp_path, "b.png", deep)
    source = open_images(tmp_path)
    assert source.spec.dtype == np.uint16
    np.testing.assert_array_equal(read_pixels(source)[..., 0], np.stack([deep, deep]))


def test_a_note_says_that_a_pgm_of_another_range_is_stretched(tmp_path: Path) -> None:
    (tmp_path / "a.pgm").write_bytes(b"P5 2 1 1023\n" + np.array([0, 1023], ">u2").tobytes())
    source = open_images(tmp_path)
    assert any("stretches" in note for note in source.facts().notes)
    assert read_pixels(source).ravel().tolist() == [0, 65535]


def test_signed_and_16_bit_gray_together_are_int32(tmp_path: Path) -> None:
    signed, deep = np.array([[-5, 7]], np.int32), np.array([[9, 65535]], np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", signed)
    save_picture(tmp_path, "b.png", deep)
    source = open_images(tmp_path)
    assert source.spec.dtype == np.int32
    np.testing.assert_array_equal(read_pixels(source)[..., 0], np.stack([signed, deep.astype(np.int32)]))


def test_float_gray_is_float32(tmp_path: Path) -> None:
    values = np.array([[0.1, -3e20], [np.nan, 5]], np.float32)
    tifffile.imwrite(tmp_path / "a.tif", values)
    source = open_images(tmp_path)
    assert (source.spec.dtype.name, source.spec.decoding["mode"]) == ("float32", "F")
    np.testing.assert_array_equal(read_pixels(source)[0, ..., 0], values)


def test_all_images_are_rgb_if_one_has_colour(tmp_path: Path) -> None:
    rgb, gray = random_values((4, 5, 3)), random_values((4, 5))
    palette = random_values((256, 3), seed=3)
    save_picture(tmp_path, "a.png", rgb)
    save_picture(tmp_path, "b.png", gray)
    indexed = Image.fromarray(gray)
    indexed.putpalette(palette.tobytes())
    indexed.save(tmp_path / "c.png")
    save_picture(tmp_path, "d.png", np.dstack([rgb, gray]))
    Image.fromarray(np.dstack([255 - rgb, np.zeros((4, 5), np.uint8)]), "CMYK").save(tmp_path / "e.tif")
    source = open_images(tmp_path)
    assert (source.spec.names, source.spec.sample_shape) == (("R", "G", "B"), (4, 5, 3))
    expected = [rgb, np.dstack([gray] * 3), palette[gray], rgb, rgb]
    np.testing.assert_array_equal(read_pixels(source), np.stack(expected))
    assert "3 of 5 images were converted to RGB: 1 L, 1 P, 1 CMYK" in source.facts().notes
    assert "the alpha of 1 image was dropped: 1 RGBA" in source.facts().notes


def test_images_of_different_depth_are_refused_without_a_mode(tmp_path: Path) -> None:
    save_picture(tmp_path, "a.png", random_values((2, 2)))
    save_picture(tmp_path, "b.png", random_values((2, 2), "uint16"))
    with pytest.raises(DataError, match=r"1 L \(a\.png\), 1 I;16 \(b\.png\).*--mode I"):
        open_images(tmp_path)
    mixed = open_images(tmp_path, mode="i")
    np.testing.assert_array_equal(read_pixels(mixed)[1, ..., 0], random_values((2, 2), "uint16").astype(np.int32))
    np.testing.assert_array_equal(read_pixels(mixed)[0, ..., 0], random_values((2, 2)))
    save_picture(tmp_path, "c.png", random_values((2, 2, 3)))
    with pytest.raises(DataError, match="different depth"):
        open_images(tmp_path)


@pytest.mark.parametrize("mode", ["L", "RGB", "I;16"])
def test_a_mode_that_would_clip_deep_gray_is_refused(tmp_path: Path, mode: str) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.ones((2, 2), np.float32))
    with pytest.raises(DataError, match=r"a\.tif: is F, which .* would clip or round"):
        open_images(tmp_path, mode=mode)


@pytest.mark.parametrize(
    ("mode", "names", "dtype"),
    [
        ("l", ("L",), "uint8"),
        ("la", ("L", "A"), "uint8"),
        ("rgb", ("R", "G", "B"), "uint8"),
        ("RGBA", ("R", "G", "B", "A"), "uint8"),
        ("cmyk", ("C", "M", "Y", "K"), "uint8"),
        ("YCBCR", ("Y", "Cb", "Cr"), "uint8"),
        ("lab", ("L", "A", "B"), "uint8"),
        ("hsv", ("H", "S", "V"), "uint8"),
        ("i;16", ("I",), "uint16"),
        ("I", ("I",), "int32"),
        ("f", ("F",), "float32"),
    ],
)
def test_every_mode_can_be_asked_for(tmp_path: Path, mode: str, names: tuple[str, ...], dtype: str) -> None:
    gray = random_values((4, 5))
    save_picture(tmp_path, "gray.png", gray)
    save_picture(tmp_path, "p.png", np.dstack([gray] * 3), "P")
    save_picture(tmp_path, "rgb.png", np.dstack([gray] * 3))
    source = open_images(tmp_path, mode=mode)
    assert (source.spec.names, source.spec.dtype.name) == (names, dtype)
    read = read_pixels(source)
    assert read.shape == (3, 4, 5, len(names))
    if len(names) == 1:
        np.testing.assert_array_equal(read[0, ..., 0], gray)
    again = open_images(tmp_path, mode=source.spec.decoding["mode"])
    assert again.spec == source.spec
    np.testing.assert_array_equal(read_pixels(again), read)


def test_the_error_for_an_unknown_mode_names_the_choices(tmp_path: Path) -> None:
    save_picture(tmp_path, "a.png", random_values((2, 2)))
    with pytest.raises(UsageError, match="auto, L, LA, RGB"):
        open_images(tmp_path, mode="BGR")
