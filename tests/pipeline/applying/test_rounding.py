"""The default type of outputs, and warnings of a type that cannot give the values back."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.made import make_stats, make_transform
from zm_cli.data.options import ReadOptions
from zm_cli.data.packing import Packing
from zm_cli.data.spec import Spec
from zm_cli.formats import open_source
from zm_cli.pipeline.applying.apply import apply
from zm_cli.pipeline.applying.rounding import choose_dtype, find_rounding, list_clipped, list_losses
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions
from zm_cli.running.plan import Plan
from zm_cli.statistics.quantiles import Quantiles

SEED = 8
RANDOM = np.random.default_rng(SEED)
IDS = RANDOM.integers(0, 2**31 - 1, (500, 1))
STAMPS = RANDOM.integers(1_500_000_000, 1_700_000_000, (500, 1))
MEASURED = RANDOM.normal(1e6, 3, (500, 1))
OUTLIER = np.concatenate([RANDOM.normal(0, 1, (99_999, 1)), [[1e9]]])


def find(values: NDArray[Any], dtype: str, *, standardize: bool = False, inverse: bool = False) -> str | None:
    """The warning for these values, transformed by their own statistics, and written as this dtype."""
    stats = make_stats(values, "column", axes="NC", names=("id",))
    spec = Spec("hdf5", "NC", (1,), values.dtype)
    transform = make_transform(
        stats, spec, np.dtype(dtype), method="standardize" if standardize else "center", inverse=inverse
    )
    return find_rounding(stats, spec, transform)


@pytest.mark.parametrize(
    ("dtype", "default"),
    [
        *((dtype, "float32") for dtype in ("uint8", "int8", "uint16", "int16", "float16", "float32")),
        *((dtype, "float64") for dtype in ("uint32", "int32", "uint64", "int64", "float64")),
    ],
)
def test_wide_values_are_written_as_float64(dtype: str, default: str) -> None:
    stats = make_stats(np.ones((3, 1), dtype), "column", axes="NC")
    assert choose_dtype(stats, Spec("hdf5", "NC", (1,), np.dtype(dtype)), inverse=False) == default
    # An inverse writes what was measured, although the data that it reads are narrow.
    assert choose_dtype(stats, Spec("hdf5", "NC", (1,), np.dtype("float32")), inverse=True) == default


def test_the_type_of_real_values_decides() -> None:
    for real in ("float32", "float64"):
        spec = Spec("hdf5", "NC", (1,), np.dtype("int16"), packing=Packing(np.dtype(real), 0.5))
        assert choose_dtype(make_stats(np.ones((3, 1)), "column", axes="NC"), spec, inverse=False) == real


@pytest.mark.parametrize("values", [IDS, STAMPS, IDS.astype("i4"), IDS.astype("f8"), STAMPS.astype("f8")])
@pytest.mark.parametrize("standardize", [False, True])
def test_whole_numbers_that_do_not_come_back_are_named_with_their_error(
    values: NDArray[Any], standardize: bool
) -> None:
    warning = find(values, "float32", standardize=standardize)
    assert warning is not None
    assert warning.startswith("float32 cannot give back the values of 'id' with --inverse: off by up to ")
    most = float(re.findall(r"up to ([\d,.]+);", warning)[0].replace(",", ""))
    mean, scale = values.mean(), values.std() if standardize else 1.0
    back = ((values - mean) / scale).astype(np.float32).astype(np.float64) * scale + mean
    assert 0.2 * most <= np.abs(back - values).max() <= 1.01 * most
    assert find(values, "float64", standardize=standardize) is None


@pytest.mark.parametrize("magnitude", [1e17, 1e25, 1e100, 1e300])
@pytest.mark.parametrize("method", ["center", "standardize", "minmax", "maxabs"])
def test_large_floats_are_not_taken_for_integers(magnitude: float, method: str) -> None:
    """Every float of this size is a whole number; the error is 1e-16 of the extent."""
    values = np.linspace(-1.7, 1.7, 12)[:, np.newaxis] * np.linspace(0.5, 1, 30) * magnitude
    stats, spec = make_stats(values, "column", axes="NC"), Spec("hdf5", "NC", (30,), values.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        transform = make_transform(stats, spec, np.dtype("float64"), method=method)
    assert find_rounding(stats, spec, transform) is None


def test_a_huge_error_is_shown_in_few_digits() -> None:
    warning = find(OUTLIER * 1e30, "float16", standardize=True)
    assert warning is not None
    most = re.findall(r"off by up to (.*);", warning)[0]
    assert len(most) <= 8
    # Half a step of float16 at 316 standard deviations.
    assert float(most) == pytest.approx(0.125 * (OUTLIER * 1e30).std(), rel=0.01)


def test_an_inverse_that_is_asked_for_a_narrow_type_warns_too() -> None:
    assert find(IDS, "float32", inverse=True) == (
        "float32 cannot hold the values of 'id' exactly: off by up to 64; --dtype float64 keeps more digits"
    )
    assert find(IDS, "float64", inverse=True) is None


def test_a_column_named_all_is_named() -> None:
    spec = Spec("hdf5", "NC", (1,), IDS.dtype)
    for per, said in (("column", "the values of 'all' with"), ("all", "the values with")):
        stats = make_stats(IDS, per, axes="NC", names=("all",))
        warning = find_rounding(stats, spec, make_transform(stats, spec, np.dtype("float32")))
        assert warning is not None
        assert said in warning


def test_what_no_type_can_hold_is_told_without_a_hint() -> None:
    warning = find(np.array([[0], [2**62]]), "float64")
    assert warning == "float64 cannot give back the values of 'id' with --inverse: off by up to 768"


@pytest.mark.parametrize(
    ("values", "dtype", "warned"),
    [
        (RANDOM.integers(0, 256, (500, 1)).astype("u1"), "float16", False),
        (RANDOM.integers(0, 65536, (500, 1)).astype("u2"), "float16", True),
        (RANDOM.integers(0, 65536, (500, 1)).astype("u2"), "float32", False),
        (MEASURED, "float32", False),
        (MEASURED, "float16", False),
        (MEASURED.astype("f4"), "float32", False),
        (IDS.astype("f4"), "float32", False),
        (IDS.astype("f8") + 0.5, "float32", False),
        (OUTLIER, "float32", False),
        (OUTLIER, "float16", True),
        (OUTLIER.astype("f4"), "float32", False),
        (np.full((9, 1), 2**40), "float32", False),
        (np.full((9, 1), np.nan), "float32", False),
    ],
)
def test_expected_rounding_is_not_worth_a_warning(values: NDArray[Any], dtype: str, warned: bool) -> None:
    assert (find(values, dtype, standardize=True) is not None) == warned


def test_stored_integers_are_a_step_apart() -> None:
    values = IDS.astype("i4")
    packing = Packing(np.dtype("float64"), 0.001)
    stats = make_stats(values * 0.001, "column", axes="NC", names=("id",))
    spec = Spec("hdf5", "NC", (1,), values.dtype, packing=packing)
    for dtype, warned in (("float32", True), ("float64", False)):
        transform = make_transform(stats, spec, np.dtype(dtype), method="center")
        assert (find_rounding(stats, spec, transform) is not None) == warned


def test_wide_integers_come_back_exactly(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["t"] = np.concatenate([IDS, STAMPS], axis=1)

    def open_t(name: str) -> Any:
        return open_source(str(tmp_path / name), ReadOptions())

    stats, _ = measure([open_t("a.h5")], MeasureOptions(), Plan(1))
    apply(open_t("a.h5"), stats, str(tmp_path / "b.h5"), ApplyOptions(), Plan(1), own=True)
    apply(open_t("b.h5"), stats, str(tmp_path / "c.h5"), ApplyOptions(inverse=True), Plan(1))
    with h5py.File(tmp_path / "c.h5") as file:
        np.testing.assert_array_equal(np.rint(file["t"][()]), np.concatenate([IDS, STAMPS], axis=1))
    outcome = apply(open_t("a.h5"), stats, str(tmp_path / "b.h5"), ApplyOptions(dtype="float32"), Plan(1), own=True)
    assert outcome.warnings[0].startswith("float32 cannot give back the values of '0', '1'")


@pytest.mark.parametrize("method", ["minmax", "maxabs"])
def test_scaled_values_are_rounded_by_where_they_lie_in_the_range(method: str) -> None:
    # Float32 resolves numbers near 1 to 1e-7: half of that, of two billion, is 128.
    stats = make_stats(IDS, "column", axes="NC", names=("id",))
    spec = Spec("hdf5", "NC", (1,), IDS.dtype)
    coarse, fine = (make_transform(stats, spec, np.dtype(dtype), method=method) for dtype in ("float32", "float64"))
    warning = find_rounding(stats, spec, coarse)
    assert warning is not None
    assert warning.startswith("float32 cannot give back the values of 'id' with --inverse: off by up to 12")
    assert find_rounding(stats, spec, fine) is None


def test_what_is_cut_off_is_said_to_be_lost() -> None:
    values = np.array([[-3.0], [2.0], [5.0]])
    stats, spec = make_stats(values, "column", axes="NC"), Spec("hdf5", "NC", (1,), values.dtype)
    whole = make_transform(stats, spec, np.dtype("float64"), method="minmax", clip=True)
    assert list_losses(whole) == []
    assert list_clipped(0, 3, spec) == []
    assert list_clipped(1, 3, spec) == ["1 of 3 values was cut off by --clip, and --inverse cannot give it back"]
    lost = "cut off by --clip, and --inverse cannot give"
    assert list_clipped(1200, 2000, spec) == [f"1,200 of 2,000 values were {lost} them back"]
    mixed = Spec("images", "NHWC", (None, None, 3), np.dtype("uint8"))
    assert list_clipped(1, 3, mixed) == [f"1 value was {lost} it back"]
    assert list_clipped(1200, 3, mixed) == [f"1,200 values were {lost} them back"]
    back = make_transform(stats, spec, np.dtype("float64"), method="minmax", clip=True, inverse=True)
    assert list_losses(back) == ["values that --clip has cut off come back as what 0 and 1 stand for"]
    assert list_losses(make_transform(stats, spec, np.dtype("float64"), method="minmax")) == []


@pytest.mark.parametrize("value", [0.0, 0.1, 7.0, -1e6])
def test_a_feature_of_one_value_comes_back(value: float) -> None:
    values = np.full((6, 1), value)
    stats = make_stats(values, "column", axes="NC")
    stats = replace(stats, statistics={"quantiles": Quantiles.from_block(values, (1,))})
    for method in ("center", "minmax", "maxabs", "quantile"):
        transform = make_transform(stats, Spec("hdf5", "NC", (1,), values.dtype), np.dtype("float64"), method=method)
        assert find_rounding(stats, Spec("hdf5", "NC", (1,), values.dtype), transform) is None
