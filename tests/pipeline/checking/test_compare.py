"""Comparisons with training data agree with NumPy; values outside a range are those counted one by one."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.made import make_stats
from tests.pipeline.checking.tables import column, compare, table
from zm_cli.data import block
from zm_cli.data.options import ReadOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.formats import open_source
from zm_cli.numbers.moments.bounds import Bounds
from zm_cli.numbers.values import LONG_FEATURE
from zm_cli.pipeline.checking.compare import compare_data
from zm_cli.pipeline.checking.limits import Limits
from zm_cli.pipeline.checking.training import Training, open_to_compare
from zm_cli.running.plan import Plan

DTYPES = ["uint8", "int8", "uint16", "int32", "int64", "uint64", "float16", "float32", "float64", "bool"]
HOLES = st.one_of(st.floats(-9, 9, width=16), st.just(math.nan))
TABLES_WITH_HOLES = hnp.arrays(np.float64, st.tuples(st.integers(1, 8), st.just(2)), elements=HOLES)


def count_by_hand(values: np.ndarray, kept: tuple[int, ...], low: Any, high: Any, ignore: float | None) -> list[int]:
    """Counts value by value, with Python's exact comparisons."""
    last = np.moveaxis(values, kept, range(-len(kept), 0)) if kept else values
    rows = last.reshape(-1, low.size)
    counts = [0] * low.size
    for row in rows.tolist():
        for feature, value in enumerate(row):
            is_value = math.isfinite(value) and value != ignore
            counts[feature] += is_value and not low.flat[feature] <= value <= high.flat[feature]
    return counts


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("shape", "kept"),
    [
        ((7, 5), (1,)),
        ((2, 3, LONG_FEATURE), (1,)),
        ((4, 3, 2, 2), (1,)),
        ((5, 4, 3), (1, 2)),
        ((300,), ()),
        ((0, 3), (1,)),
    ],
)
@pytest.mark.parametrize("ignore", [None, 1])
def test_values_outside_are_counted_in_any_layout(dtype: str, shape: tuple, kept: tuple, ignore: float | None) -> None:
    random = np.random.default_rng(6)
    values = random.integers(0, 10, shape).astype(dtype)
    if values.dtype.kind == "f" and values.size:
        values.flat[::7] = np.nan
        values.flat[::11] = -np.inf
    features = tuple(shape[axis] for axis in kept) or (1,)
    low, high = random.uniform(0, 4, features), random.uniform(3, 9, features)
    found = Bounds(low, high).count_outside(values, kept, () if ignore is None else (ignore,))
    assert found.ravel().tolist() == count_by_hand(values, kept, low, high, ignore)


def test_bounds_themselves_are_not_outside() -> None:
    values = np.array([[1.0], [2.0], [3.0]])
    assert Bounds(np.array([1.0]), np.array([3.0])).count_outside(values, (1,)).tolist() == [0]
    assert Bounds(np.array([1.5]), np.array([2.5])).count_outside(values, (1,)).tolist() == [2]


def test_counted_values_outside_are_those_of_the_pixels() -> None:
    pixels = np.random.default_rng(7).integers(0, 256, (50, 3), dtype=np.uint8)
    counts = np.stack([np.bincount(channel, minlength=256) for channel in pixels.T])
    bounds = Bounds(np.array([10.0, 0.0, 254.5]), np.array([200.0, 255.0, 255.0]))
    for ignore in (None, int(pixels[0, 0])):
        by_hand = count_by_hand(pixels, (1,), bounds.low, bounds.high, ignore)
        assert bounds.count_outside_counted(counts, () if ignore is None else (ignore,)).tolist() == by_hand


@settings(deadline=None, derandomize=True)
@given(TABLES_WITH_HOLES, TABLES_WITH_HOLES)
def test_a_comparison_agrees_with_numpy(new: np.ndarray, train: np.ndarray) -> None:
    found = list(compare(table(new), table(train)).feature_documents())
    for index, feature in enumerate(found):
        here, there = (array[np.isfinite(array[:, index]), index] for array in (new, train))
        missing = np.isnan(new[:, index]).mean() - np.isnan(train[:, index]).mean()
        assert feature["missing"] == pytest.approx(missing, abs=1e-12)
        assert feature["outside"] is None
        if not len(here) or not len(there):
            assert (feature["shift"], feature["ratio"]) == (None, None)
            assert ("count" in feature["off"]) == (len(here) != len(there))
            continue
        assert (feature["min"], feature["train_max"]) == (here.min(), there.max())
        flat = there.min() == there.max()
        if flat:
            same = here.mean() == there[0]
            assert feature["shift"] == (0 if same else None)
            assert ("shift" in feature["off"]) == (not same)
            assert feature["ratio"] == (1 if here.min() == here.max() else None)
        else:
            assert feature["shift"] == pytest.approx(abs(here.mean() - there.mean()) / there.std(), abs=1e-9)
            expected = 0 if here.min() == here.max() else here.std() / there.std()
            assert feature["ratio"] == pytest.approx(expected)
        assert feature["ok"] == (not feature["off"])


@pytest.mark.parametrize(
    ("new", "off"),
    [
        ([0, 1, 2, 3], []),
        ([0.2, 1.2, 2.2, 3.2], ["shift"]),
        ([-0.4, 0.9, 2.1, 3.4], ["ratio"]),
        ([0.3, 1.2, 1.8, 2.7], ["ratio"]),
        ([0, 1, 2, 3, np.nan], ["missing"]),
    ],
)
def test_each_limit_can_be_kept_and_exceeded(new: list[float], off: list[str]) -> None:
    found = compare(column(new), column([0, 1, 2, 3]))
    assert [feature["off"] for feature in found.feature_documents()] == [off]
    assert found.ok == (not off)


def test_limits_themselves_are_within_the_limits() -> None:
    train = column([0, 2])
    assert compare(column([1, 3]), train, Limits(max_shift=1.0)).ok
    assert compare(column([-1, 3]), train, Limits(max_ratio=2.0)).ok
    assert compare(column([0.5, 1.5]), train, Limits(max_ratio=2.0)).ok
    assert compare(column([0, 2, np.nan, np.nan]), train, Limits(max_missing=0.5)).ok


def test_a_constant_with_more_samples_has_not_moved() -> None:
    for value in (0.1, 1e9 + 0.1, -7.3):
        assert compare(column([value] * 1000), column([value] * 7)).ok
        assert not compare(column([value + 0.01] * 7), column([value] * 1000)).ok


def test_columns_are_compared_by_name() -> None:
    train, new = table([[1, 10], [2, 20]]), table([[10, 1, 5], [20, 2, 6]], ("b", "a", "c"))
    found = compare(new, train)
    assert found.ok
    assert [feature["name"] for feature in found.feature_documents()] == ["a", "b"]
    assert (found.missing_columns, found.extra_columns) == ((), ("c",))
    back = compare(train, new)
    assert (back.missing_columns, back.extra_columns, back.ok) == (("c",), (), False)
    assert compare(train, new, exclude=("c",)).ok
    assert compare(train, new, columns=("a*", "b")).ok
    with pytest.raises(UsageError, match="there is no column 'z'"):
        compare(train, new, columns=("z",))
    with pytest.raises(DataError, match="none of their columns"):
        compare(train, table([[1.0]], ("z",)))


def test_statistics_of_other_features_are_an_error() -> None:
    images = np.arange(48.0).reshape(2, 4, 2, 3)
    train = make_stats(images, "channel", axes="NHWC", names=("R", "G", "B"), kind="images")
    for other in (
        make_stats(images, "all", axes="NHWC"),
        make_stats(images[..., :2], "channel", axes="NHWC"),
        make_stats(images, "channel", axes="NHWC", names=("L", "A", "B")),
    ):
        with pytest.raises(DataError, match="does not fit the statistics"):
            compare(other, train)
    assert compare(make_stats(np.moveaxis(images, 3, 1), "channel", axes="NCHW"), train).ok


@pytest.mark.parametrize("units", [(False, True), (True, False)])
def test_statistics_are_compared_in_one_scale(units: tuple[bool, bool]) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (4, 5), dtype=np.uint8)
    new, train = (make_stats(pixels, "all", axes="NC", unit=unit) for unit in units)
    assert compare(new, train, Limits(max_shift=1e-12, max_ratio=1 + 1e-12)).ok


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block, "BLOCK_BYTES", 1000)


@pytest.mark.parametrize("per", ["channel", "pixel", "all"])
@pytest.mark.parametrize("unit", [False, True])
@pytest.mark.usefixtures("small_blocks")
def test_values_outside_are_the_same_for_any_number_of_workers(tmp_path: Path, per: str, unit: bool) -> None:
    random = np.random.default_rng(4)
    pixels = random.integers(0, 256, (60, 6, 6, 3), dtype=np.uint8)
    train = make_stats(random.integers(30, 200, (9, 6, 6, 3), dtype=np.uint8), per, axes="NHWC", unit=unit)
    train = replace(train, decoding={"dataset": "/x", "layout": "NHWC"})
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = pixels
    training = Training("train", train)
    with closing(open_to_compare(str(tmp_path / "x.h5"), ReadOptions(), training)) as source:
        one, several = (list(compare_data(source, training, Limits(), Plan(n)).feature_documents()) for n in (1, 3))
    assert one == several
    axes = {"channel": (0, 1, 2), "pixel": (0,), "all": (0, 1, 2, 3)}[per]
    scaled = pixels / 255 if unit else pixels
    outside = ((scaled < train.moments.min) | (scaled > train.moments.max)).mean(axis=axes).ravel()
    assert [feature["outside"] for feature in one] == pytest.approx(outside.tolist())
    assert max(outside) > 0


def test_the_training_range_of_integers_read_as_0_to_1_is_exact(tmp_path: Path) -> None:
    for dtype in ("uint8", "uint16", "int16"):
        limits = np.iinfo(dtype)
        values = np.linspace(limits.min, limits.max, 200).astype(dtype).reshape(-1, 1)
        for low, high in ((3, 150), (100, 101), (0, 199)):
            train = make_stats(values[low : high + 1], "all", axes="NC", unit=True)
            train = replace(train, decoding={"dataset": "/x", "layout": "NC"})
            with h5py.File(tmp_path / "x.h5", "w") as file:
                file["x"] = values
            training = Training("train", train)
            with closing(open_to_compare(str(tmp_path / "x.h5"), ReadOptions(), training)) as source:
                found = compare_data(source, training, Limits(), Plan(1))
            assert found.measures["outside"].tolist() == [(200 - (high - low + 1)) / 200]


def test_a_table_is_read_like_the_training_data(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("1;-9\n2;5\n")
    names = open_source(str(tmp_path / "x.csv"), ReadOptions(header=False)).spec.names
    train = replace(table([[1, 5], [2, 6]], names or ()), ignore=5, decoding={"header": False, "null_values": ["-9"]})
    training = Training("train", train)
    source = open_to_compare(str(tmp_path / "x.csv"), ReadOptions(), training)
    found = compare_data(source, training, Limits(), Plan(1))
    assert found.measures["count"].tolist() == [2, 0]
    assert found.measures["missing_share"].tolist() == [0, 1]
