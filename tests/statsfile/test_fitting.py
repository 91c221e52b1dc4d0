"""Data that do not fit statistics are refused, with the difference: other channels, columns, sizes or scales."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.made import make_stats
from zm_cli.data.spec import Spec
from zm_cli.errors import DataError
from zm_cli.statsfile.fitting import check_fits, check_scale
from zm_cli.statsfile.stats import Stats

IMAGES = np.random.default_rng(7).integers(0, 256, (6, 4, 5, 3), dtype=np.uint8)
TABLE = np.random.default_rng(8).normal(size=(9, 2)) * 1e-300


def stats_of_images(**options: Any) -> Stats:
    return make_stats(IMAGES, "channel", axes="NHWC", names=("R", "G", "B"), kind="images", **options)


def spec(axes: str, shape: tuple[int | None, ...], dtype: str = "uint8", names: tuple[str, ...] | None = None) -> Spec:
    return Spec("hdf5", axes, shape, np.dtype(dtype), names)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (spec("NHWC", (4, 5, 4)), "4 channels"),
        (spec("NHW", (4, 5)), "1 channel,"),
        (spec("NHWC", (None, None, 3), names=("B", "G", "R")), "channels are B, G, R"),
    ],
)
def test_data_of_other_channels_do_not_fit(data: Spec, says: str) -> None:
    with pytest.raises(DataError, match=says):
        check_fits(stats_of_images(), data, "data")


@pytest.mark.parametrize("data", [spec("NCHW", (3, 9, 9)), spec("NHWC", (None, None, 3), "float32")])
def test_channels_fit_whatever_the_sizes_and_the_order_of_axes(data: Spec) -> None:
    check_fits(stats_of_images(), data, "data")


def test_pixels_need_the_same_shape() -> None:
    with pytest.raises(DataError, match=r"4x4x3.*use data of the same size; or statistics --per channel fit any size"):
        check_fits(make_stats(IMAGES, "pixel", axes="NHWC"), spec("NHWC", (4, 4, 3)), "data")
    with pytest.raises(DataError, match=r"4x4x4.*use data of the same kind"):
        check_fits(make_stats(IMAGES, "pixel", axes="NHWC"), spec("NHWC", (4, 4, 4)), "data")


def test_images_of_another_size_can_be_resized_by_the_run_that_measures() -> None:
    images = Spec("images", "NHWC", (4, 4, 3), np.dtype("uint8"))
    with pytest.raises(DataError, match="measure with --resize 5x4, which is recorded and then resizes these too"):
        check_fits(make_stats(IMAGES, "pixel", axes="NHWC", kind="images"), images, "data")


def test_unnamed_columns_need_the_same_number() -> None:
    with pytest.raises(DataError, match="samples are 3"):
        check_fits(make_stats(TABLE, "column", axes="NC"), spec("NC", (3,), "float64"), "data")


def test_column_statistics_need_as_many_columns_named_or_not() -> None:
    named = make_stats(TABLE, "column", axes="NC", names=("a", "b"))
    for columns in (1, 3):
        with pytest.raises(DataError, match=f"samples are {columns}"):
            check_fits(named, spec("NC", (columns,), "float64"), "data")
    with pytest.raises(DataError, match="b, a"):
        check_fits(named, spec("NC", (2,), "float64", names=("b", "a")), "data")
    check_fits(named, spec("NC", (2,), "float64"), "data")


def test_statistics_of_images_are_not_for_tables_not_even_of_all_values() -> None:
    with pytest.raises(DataError, match="samples are NC"):
        check_fits(make_stats(IMAGES, "all", axes="NHWC"), spec("NC", (3,), "float64"), "data")


@pytest.mark.parametrize(
    ("stats", "dtype", "first", "says"),
    [
        (stats_of_images(), "uint16", None, "uint16"),
        (make_stats(IMAGES / 255.0, "channel", axes="NHWC"), "uint8", None, "0-1"),
        (stats_of_images(), "float32", IMAGES / 255.0, "0-1"),
        (stats_of_images(unit=True), "float32", IMAGES * 1.0, "reach 25"),
        (make_stats(IMAGES / 255.0, "channel", axes="NHWC"), "float32", IMAGES * 1.0, "reach 25"),
    ],
)
def test_data_of_another_scale_are_refused(stats: Stats, dtype: str, first: Any, says: str) -> None:
    with pytest.raises(DataError, match=says):
        check_scale(stats, spec("NHWC", (4, 5, 3), dtype), first, "data")


@pytest.mark.parametrize(
    ("stats", "dtype", "first"),
    [
        (stats_of_images(), "float32", IMAGES * 1.0),
        (stats_of_images(), "float32", IMAGES * 0.0),
        (stats_of_images(), "float32", IMAGES * np.nan),
        (stats_of_images(unit=True), "float32", IMAGES / 255.0),
        (stats_of_images(unit=True), "uint8", None),
        (make_stats(IMAGES.astype("int64"), "channel", axes="NHWC"), "int32", None),
    ],
)
def test_data_of_the_same_scale_are_not_refused(stats: Stats, dtype: str, first: Any) -> None:
    check_scale(stats, spec("NHWC", (4, 5, 3), dtype), first, "data")
