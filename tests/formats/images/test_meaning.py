"""Alpha, inks, white as zero and palettes mean the same at 16 bits and in floats as at 8 bits, or are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.formats.images.opened import open_images, read_pixels
from tests.formats.images.samples import random_values, save_picture
from zm_cli.errors import DataError

FEW = random_values((7, 9, 4))
"""Values of 8 bits; times 257, they are the same part of the range of 16 bits."""
KINDS: dict[str, Any] = {"RGBA": ("rgb", 4, [2]), "LA": ("minisblack", 2, [2]), "CMYK": ("separated", 4, None)}


def write_both(folder: Path, photometric: str, channels: int, extra: list[int] | None) -> list[np.ndarray]:
    """Writes the same picture with 8 and with 16 bits, and returns what is read of each."""
    read = []
    for values in (FEW[..., :channels], FEW[..., :channels].astype("uint16") * 257):
        path = folder / f"{values.dtype}.tif"
        planar = "contig" if photometric == "minisblack" else None
        tifffile.imwrite(path, values, photometric=photometric, extrasamples=extra, planarconfig=planar)
        read.append(read_pixels(open_images(path))[0])
    return read


@pytest.mark.parametrize("kind", KINDS)
def test_alpha_is_dropped_and_inks_become_colours_at_both_depths(tmp_path: Path, kind: str) -> None:
    shallow, deep = write_both(tmp_path, *KINDS[kind])
    assert (shallow.dtype.name, deep.dtype.name, deep.shape) == ("uint8", "uint16", shallow.shape)
    # Inks are multiplied, and rounded at another depth.
    np.testing.assert_allclose(deep / 257, shallow, atol=0.51 if kind == "CMYK" else 0)
    notes = open_images(tmp_path / "uint16.tif").facts().notes
    expected = {
        "RGBA": "the alpha of 1 image was dropped: 1 uint16 with 4 channels; --mode array keeps it",
        "LA": "the alpha of 1 image was dropped: 1 uint16 with 2 channels; --mode array keeps it",
        "CMYK": "1 of 1 image was converted to RGB: 1 16-bit CMYK",
    }
    assert expected[kind] in notes
    stored = open_images(tmp_path / "uint16.tif", mode="array")
    channels = KINDS[kind][1]
    np.testing.assert_array_equal(read_pixels(stored)[0], FEW[..., :channels].astype("uint16") * 257)
    # What statistics record is enough to read other data in the same way.
    for source in (stored, open_images(tmp_path / "uint16.tif")):
        again = open_images(tmp_path / "uint16.tif", **{**source.spec.decoding, "resize": None})
        assert again.spec == source.spec


@pytest.mark.parametrize(("photometric", "channels"), [("rgb", 4), ("minisblack", 2)])
def test_colours_are_divided_by_the_alpha_that_they_were_multiplied_by(
    tmp_path: Path, photometric: str, channels: int
) -> None:
    shallow, deep = write_both(tmp_path, photometric, channels, [1])
    np.testing.assert_allclose(deep / 257, shallow, atol=1)
    colours, alpha = random_values((4, 5, 3)).astype("float32"), np.full((4, 5, 1), 0.25, "float32")
    alpha[0] = 0
    tifffile.imwrite(tmp_path / "f.tif", np.dstack([colours * alpha, alpha]), photometric="rgb", extrasamples=[1])
    np.testing.assert_array_equal(read_pixels(open_images(tmp_path / "f.tif"))[0], colours * (alpha > 0))


def test_bands_that_are_not_alpha_are_kept(tmp_path: Path) -> None:
    values = random_values((4, 5, 4), "uint16")
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", extrasamples=[0])
    np.testing.assert_array_equal(read_pixels(open_images(tmp_path))[0], values)
    tifffile.imwrite(
        tmp_path / "a.tif", values, photometric="minisblack", planarconfig="contig", extrasamples=[0, 0, 2]
    )
    np.testing.assert_array_equal(read_pixels(open_images(tmp_path))[0], values[..., :3])


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32"])
def test_white_as_zero_is_inverted_at_any_depth(tmp_path: Path, order: Any, dtype: str) -> None:
    values = random_values((4, 5), "uint16").astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="miniswhite", byteorder=order)
    source = open_images(tmp_path)
    assert source.spec.dtype == dtype
    np.testing.assert_array_equal(read_pixels(source)[0, ..., 0], np.iinfo(dtype).max - values)
    assert "1 file counts from white; the values were inverted, so that 0 is black" in source.facts().notes


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_white_as_zero_of_16_bits_is_inverted_before_it_is_resized(tmp_path: Path, compression: str | None) -> None:
    values = np.full((4, 4), 65535 - 1000, np.uint16)
    Image.fromarray(values).save(tmp_path / "a.tif", compression=compression, tiffinfo={262: 0})
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        assert tiff.pages.first.photometric == 0
    source = open_images(tmp_path, resize=(2, 2))
    np.testing.assert_array_equal(read_pixels(source), np.full((1, 2, 2, 1), 1000))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
def test_white_as_zero_without_a_white_is_read_as_stored_and_told(tmp_path: Path, dtype: str) -> None:
    values = random_values((4, 5)).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="miniswhite")
    source = open_images(tmp_path)
    np.testing.assert_array_equal(read_pixels(source)[0, ..., 0], values)
    note = f"1 file says that white is zero, but holds values of {dtype}, which are read as stored"
    assert note in source.facts().notes


def test_bits_are_black_and_white_whatever_zero_is(tmp_path: Path) -> None:
    bits = random_values((4, 9)) > 127
    for name, photometric, expected in (("a", "minisblack", bits), ("b", "miniswhite", ~bits)):
        tifffile.imwrite(tmp_path / f"{name}.tif", bits, photometric=photometric)
        np.testing.assert_array_equal(read_pixels(open_images(tmp_path / f"{name}.tif"))[0, ..., 0], expected * 255)


def test_a_palette_is_applied_at_16_bits_as_at_8(tmp_path: Path) -> None:
    indices, colours = random_values((4, 5)), random_values((3, 65536), "uint16")
    deep, shallow = tmp_path / "deep.tif", tmp_path / "shallow.tif"
    tifffile.imwrite(deep, indices.astype("uint16") + 300, photometric="palette", colormap=colours)
    tifffile.imwrite(shallow, indices, photometric="palette", colormap=colours[:, 300:556].copy())
    source = open_images(deep)
    assert (source.spec.dtype.name, source.spec.sample_shape) == ("uint8", (4, 5, 3))
    np.testing.assert_array_equal(read_pixels(source), read_pixels(open_images(shallow)))
    assert "1 of 1 image was converted to RGB: 1 16-bit palette" in source.facts().notes
    with pytest.raises(DataError, match="indices of a palette, which are not values; leave out --mode array"):
        open_images(deep, mode="array")


def test_a_palette_with_further_channels_is_refused_or_skipped(tmp_path: Path) -> None:
    values = random_values((4, 5, 2))
    colours = (320, "H", 768, tuple(range(768)), True)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="minisblack", planarconfig="contig", extratags=[colours])
    data = (tmp_path / "a.tif").read_bytes()
    entry = (262).to_bytes(2, "little") + (3).to_bytes(2, "little") + (1).to_bytes(4, "little")
    start = data.index(entry) + 8
    (tmp_path / "a.tif").write_bytes(data[:start] + b"\3\0" + data[start + 2 :])
    with pytest.raises(DataError, match=r"a\.tif: holds indices of a palette"):
        open_images(tmp_path)
    save_picture(tmp_path, "b.png", random_values((4, 5)))
    assert [left.name for left in open_images(tmp_path, on_error="skip").facts().skipped] == ["a.tif"]


@pytest.mark.parametrize(
    ("values", "options", "fault"),
    [
        (random_values((4, 5, 3), "uint16"), {"photometric": "cielab"}, "holds CIELab values of 16 bits"),
        (random_values((4, 5, 4)).astype("float32"), {"photometric": "separated"}, "holds CMYK with 4 channels of"),
        (random_values((6, 7, 5)), {"photometric": "separated", "extrasamples": [0]}, "holds CMYK with 5 channels of"),
        (random_values((4, 5, 4)).astype("int16"), {"photometric": "rgb", "extrasamples": [1]}, "multiplied by their"),
    ],
)
def test_what_has_no_meaning_here_is_refused_unless_it_is_asked_for_as_stored(
    tmp_path: Path, values: np.ndarray, options: dict[str, Any], fault: str
) -> None:
    tifffile.imwrite(tmp_path / "a.tif", values, **options)
    with pytest.raises(DataError, match=rf"a\.tif: .*{fault}.*--mode array reads its channels as they are stored"):
        open_images(tmp_path)
    np.testing.assert_array_equal(read_pixels(open_images(tmp_path, mode="array"))[0], values)
