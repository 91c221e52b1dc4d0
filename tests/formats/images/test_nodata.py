"""GDAL's nodata: TIFFs that declare a value for missing data, as tag 42113."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from tests.formats.images.opened import open_images, read_pixels
from tests.formats.images.samples import random_values, save_picture
from zm_cli.data.packing import Packing
from zm_cli.errors import DataError
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.running.plan import Plan


def write(path: Path, values: np.ndarray, nodata: str | None, **options: Any) -> Path:
    """Writes a TIFF that declares `nodata`, as GDAL does."""
    extra = [] if nodata is None else [(42113, "s", 0, nodata, False)]
    tifffile.imwrite(path, values, **({"photometric": "minisblack"} | options), extratags=extra)
    return path


@pytest.mark.parametrize(
    ("values", "nodata", "missing", "real"),
    [
        (np.array([[1, 2], [0, 4]], "uint8"), "0", 0, "float32"),
        (np.array([[1, 2], [65535, 4]], "uint16"), "65535", 65535, "float32"),
        (np.array([[1, 2], [-9999, 4]], "int32"), "-9999", -9999, "float64"),
        (np.array([[1, 2], [2**32 - 1, 4]], "uint32"), "4294967295", 2**32 - 1, "float64"),
        (np.array([[1, 2], [-(2**63), 4]], "int64"), str(-(2**63)), -(2**63), "float64"),
        (np.array([[1, 2], [-9999, 4]], "float32"), "-9999", -9999.0, "float32"),
        (np.array([[1, 2], [0.1, 4]], "float32"), "0.1", float(np.float32(0.1)), "float32"),
        (np.array([[1, 2], [-3.4028235e38, 4]], "float32"), "-3.40282346638529e+38", -3.4028234663852886e38, "float32"),
        (np.array([[1, 2], [-9999, 4]], "float64"), "-9999\0 ", -9999.0, "float64"),
    ],
)
def test_the_declared_value_is_missing(
    tmp_path: Path, values: np.ndarray, nodata: str, missing: float, real: str
) -> None:
    source = open_images(write(tmp_path / "a.tif", values, nodata))
    assert source.spec.packing == Packing(np.dtype(real), missing=(missing,))
    assert source.spec.decoding["mask_and_scale"] is True
    note = (
        f"the image declares {missing:g} as no data, which counts as missing; --no-mask-and-scale reads it as a number"
    )
    assert note in source.facts().notes
    stats, _ = measure([source], MeasureOptions(), Plan(1))
    assert (stats.moments.count.item(), stats.moments.missing.item()) == (3, 1)
    assert stats.moments.mean.item() == pytest.approx(7 / 3)
    plain = open_images(tmp_path / "a.tif", mask_and_scale=False)
    assert (plain.spec.packing, plain.spec.decoding["mask_and_scale"]) == (None, False)


@pytest.mark.parametrize(
    ("dtype", "nodata"),
    [("uint8", "-9999"), ("uint8", "0.5"), ("float32", "nan"), ("float32", "1e300"), ("uint16", "")],
)
def test_a_value_that_no_pixel_can_have_has_no_effect(tmp_path: Path, dtype: str, nodata: str) -> None:
    source = open_images(write(tmp_path / "a.tif", random_values((4, 5), dtype), nodata))
    assert source.spec.packing is None
    assert "mask_and_scale" not in source.spec.decoding
    assert not source.facts().notes


def test_a_value_that_is_not_a_number_is_told_of(tmp_path: Path) -> None:
    source = open_images(write(tmp_path / "a.tif", random_values((4, 5)), "none"))
    assert source.facts().notes == ("1 file declares 'none' as no data, which is not a number and has no effect",)


def test_all_images_must_declare_the_same_value(tmp_path: Path) -> None:
    values = random_values((4, 5))
    for name, nodata in (("a", "0"), ("b", "0"), ("c", "255")):
        write(tmp_path / f"{name}.tif", values, nodata)
    save_picture(tmp_path, "d.png", values)
    fault = (
        r"do not declare the same value as no data: 2 0 \(a\.tif\), 1 255 \(c\.tif\), 1 none \(d\.png\); .*"
        "--no-mask-and-scale"
    )
    with pytest.raises(DataError, match=fault):
        open_images(tmp_path)
    assert open_images(tmp_path, mask_and_scale=False).spec.packing is None
    assert "all 2 images declare 0 as no data" in open_images(tmp_path, include=("a.tif", "b.tif")).facts().notes[0]


@pytest.mark.parametrize(
    ("options", "reading", "fault"),
    [
        ({"photometric": "palette", "colormap": random_values((3, 256), "uint16")}, {}, "become the colours of"),
        ({"photometric": "miniswhite"}, {}, "values that count from white are inverted"),
        ({}, {"mode": "RGB"}, "mode L is converted to RGB"),
        ({}, {"resize": (2, 2)}, "--resize would mix with the pixels beside it"),
    ],
)
def test_a_value_that_would_be_changed_before_it_is_left_out_is_refused(
    tmp_path: Path, options: dict[str, Any], reading: dict[str, Any], fault: str
) -> None:
    write(tmp_path / "a.tif", random_values((4, 5)), "0", **options)
    with pytest.raises(DataError, match=rf"a\.tif: declares 0 as no data, .*{fault}.*--no-mask-and-scale"):
        open_images(tmp_path, **reading)
    assert len(read_pixels(open_images(tmp_path, mask_and_scale=False, **reading))) == 1


def test_bands_and_pages_have_the_value_of_their_file(tmp_path: Path) -> None:
    bands = random_values((4, 5, 6), "uint16")
    assert open_images(write(tmp_path / "a.tif", bands, "7", planarconfig="contig")).spec.packing is not None
    pages = write(tmp_path / "b.tif", bands, "7")
    assert open_images(pages, frames="all").spec.packing == Packing(np.dtype("float32"), missing=(7,))


def test_a_remark_on_nodata_does_not_hide_that_white_is_zero(tmp_path: Path) -> None:
    values = random_values((4, 5), "uint16")
    path = write(tmp_path / "a.tif", values, "abc", photometric="miniswhite")
    source = open_images(path)
    told = " ".join(source.facts().notes)
    assert "inverted" in told
    assert "'abc'" in told
