"""Pictures of which Pillow would not keep every bit, sign or channel: refused, or read in full."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from tests.formats.images.opened import open_images, read_pixels
from tests.formats.images.samples import encode_picture, overwrite, random_values, save_picture
from tests.made import png
from zm_cli.errors import DataError


def test_16_bit_colour_is_refused_unless_8_bits_are_asked_for(tmp_path: Path) -> None:
    values = np.array([0, 256, 512, 65535, 300, 0x1234], ">u2")
    (tmp_path / "deep.png").write_bytes(png(2, 1, 16, 2, b"\0" + values.tobytes()))
    with pytest.raises(
        DataError, match=r"deep\.png: holds 16 bits per channel, of which the decoder keeps 8; --mode RGB"
    ):
        open_images(tmp_path)
    source = open_images(tmp_path, mode="RGB")
    assert read_pixels(source).ravel().tolist() == [0, 1, 2, 255, 1, 0x12]
    assert "1 file holds 16 bits per channel, of which the decoder keeps 8" in source.facts().notes
    save_picture(tmp_path, "flat.png", random_values((1, 2, 3)))
    kept = open_images(tmp_path, on_error="skip")
    assert kept.files == ["flat.png"]
    assert [skip.name for skip in kept.facts().skipped] == ["deep.png"]


@pytest.mark.parametrize("colour", [4, 6])
def test_16_bit_alpha_pngs_are_refused(tmp_path: Path, colour: int) -> None:
    rows = b"\0" + bytes(2 * {4: 2, 6: 4}[colour])
    (tmp_path / "deep.png").write_bytes(png(1, 1, 16, colour, rows))
    with pytest.raises(DataError, match="16 bits per channel"):
        open_images(tmp_path)


def test_deep_colour_in_other_formats_is_refused(tmp_path: Path) -> None:
    text = b"P3 1 1 65535\n1 2 3\n"
    binary = b"P6 1 1 1023\n" + bytes(6)
    j2k = overwrite(encode_picture("JPEG2000", no_jp2=True), 42, bytes([11]))
    for name, data in (("a.ppm", text), ("b.ppm", binary), ("c.j2k", j2k)):
        folder = tmp_path / name[0]
        folder.mkdir()
        (folder / name).write_bytes(data)
        with pytest.raises(DataError, match=r"bits per channel, of which the decoder keeps 8"):
            open_images(folder)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_a_folder_of_only_16_bit_colour_tiffs_is_read_in_full(tmp_path: Path, planar: Any) -> None:
    values = random_values((4, 5, 3), "uint16")
    stored = values if planar == "contig" else np.moveaxis(values, -1, 0)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", planarconfig=planar)
    source = open_images(tmp_path)
    assert (source.spec.dtype.name, source.spec.decoding["mode"], source.spec.names) == ("uint16", "array", None)
    np.testing.assert_array_equal(read_pixels(source), values[None])
    np.testing.assert_array_equal(read_pixels(open_images(tmp_path, mode="array")), values[None])
    save_picture(tmp_path, "b.png", random_values((4, 5, 3)))
    with pytest.raises(DataError, match=r"a\.tif: holds 16 bits per channel"):
        open_images(tmp_path)
    assert open_images(tmp_path, mode="RGB").spec.samples == 2


def test_channels_and_signs_that_pillow_would_lose_are_kept(tmp_path: Path) -> None:
    arrays = {
        "channels": random_values((4, 5, 6)),
        "signed": np.array([[-3, 100]], np.int8)[..., None],
        "unsigned": np.array([[2**32 - 1, 1]], np.uint32)[..., None],
        "double": np.array([[0.1, 1e300]])[..., None],
        "half": np.array([[0.5, 2]], np.float16)[..., None],
    }
    for name, values in arrays.items():
        (tmp_path / name).mkdir()
        flat = values[..., 0] if values.shape[-1] == 1 else values
        photometric = "rgb" if name == "channels" else "minisblack"
        planar = "contig" if name == "channels" else None
        tifffile.imwrite(tmp_path / name / "a.tif", flat, photometric=photometric, planarconfig=planar)
        source = open_images(tmp_path / name)
        assert source.spec.dtype == values.dtype
        np.testing.assert_array_equal(read_pixels(source), values[None])
