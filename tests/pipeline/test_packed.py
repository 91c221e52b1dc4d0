"""Packed values and codes for missing values: pictures that are counted have the same result as blocks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.formats.images.opened import open_images
from tests.formats.images.samples import save_picture
from zm_cli.data.packing import Packing
from zm_cli.errors import DataError
from zm_cli.numbers.moments.bounds import Bounds
from zm_cli.numbers.stored import find_missing_codes, match_values
from zm_cli.pipeline.measuring.measure import measure, measure_outside
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.running.plan import Plan
from zm_cli.statistics.zeros import Zeros

PLAN = Plan(1)
PIXELS = np.random.default_rng(5).integers(0, 10, (3, 300, 260, 3)).astype("u1")


def open_packed(folder: Path, **packing: Any) -> Any:
    """The pictures as a folder in which some values mean no data."""
    folder.mkdir(exist_ok=True)
    for index, pixels in enumerate(PIXELS):
        save_picture(folder, f"{index}.png", pixels)
    source = open_images(folder)
    source.spec = replace(source.spec, packing=Packing(np.dtype("float32"), **packing))
    return source


@pytest.mark.parametrize(
    ("packing", "unit"),
    [({"missing": (0, 7)}, False), ({"missing": (0, 7)}, True), ({"scale": -2.0, "missing": (9,)}, False)],
)
def test_counted_pictures_have_the_statistics_of_real_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packing: dict[str, Any], unit: bool
) -> None:
    source = open_packed(tmp_path / "train", **packing)
    assert source.tally(list(source.spans())) is not None
    bounds = Bounds(np.full(3, -10.0), np.full(3, 5.0))
    options = MeasureOptions(unit=unit, ignore=4.0, statistics=(Zeros,), bounds=bounds)
    counted, outside, _ = measure_outside(source, options, PLAN)
    monkeypatch.setattr(type(source), "tally", lambda self, spans: None)
    read, outside_read, _ = measure_outside(source, options, PLAN)
    real = PIXELS * packing.get("scale", 1.0)
    hidden = np.isin(PIXELS, packing["missing"]) | (real == 4)
    for channel in range(3):
        kept = real[..., channel][~hidden[..., channel]] / (255 if unit else 1)
        for stats in (counted, read):
            moments = stats.moments
            assert (moments.count[channel], moments.missing[channel]) == (len(kept), hidden[..., channel].sum())
            assert (moments.min[channel], moments.max[channel]) == (kept.min(), kept.max())
            assert moments.mean[channel] == pytest.approx(kept.mean(), rel=1e-14)
            assert moments.variance()[channel] == pytest.approx(kept.var(), rel=1e-13)
            zeros = stats.statistics["zeros"]
            assert isinstance(zeros, Zeros)
            assert zeros.zeros[channel] == (kept == 0).sum()
        if not unit:
            assert outside[channel] == outside_read[channel] == ((kept < -10) | (kept > 5)).sum()
    np.testing.assert_array_equal(counted.moments.m2, read.moments.m2)


def test_a_missing_value_in_a_picture_is_an_error_if_none_is_allowed(tmp_path: Path) -> None:
    source = open_packed(tmp_path / "train", missing=(3,))
    with pytest.raises(DataError, match="sample 1: is missing"):
        measure([source], MeasureOptions(missing="error"), PLAN)
    source = open_packed(tmp_path / "train", missing=(200,))
    assert measure([source], MeasureOptions(missing="error"), PLAN)[0].moments.missing.sum() == 0


def test_an_ignored_real_value_is_found_by_its_stored_value(tmp_path: Path) -> None:
    spec = replace(open_packed(tmp_path / "train").spec, packing=None)
    assert find_missing_codes(spec, None) == ()
    assert find_missing_codes(spec, 0.1) == (0.1,)
    spec = replace(spec, packing=Packing(np.dtype("float64"), 0.01, 273.15, (255,)))
    assert find_missing_codes(spec, None) == (255,)
    assert find_missing_codes(spec, 273.17) == (255, 2)
    assert find_missing_codes(spec, 273.175) == (255,)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32"])
def test_only_possible_values_match(dtype: str) -> None:
    found = match_values((3, 3.5, -(2.0**70), np.nan, np.inf), np.dtype(dtype))
    assert [float(value) for value in found] == ([3, 3.5, float(np.float32(-(2.0**70)))] if dtype == "float32" else [3])
    assert all(value.dtype == dtype for value in found)
