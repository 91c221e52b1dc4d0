"""The methods of `zm scale`: scikit-learn's numbers, constant features, missing values, what comes back."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from sklearn import datasets
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, Normalizer, RobustScaler

from tests.made import make_stats, make_transform
from zm_cli.data.packing import Packing
from zm_cli.data.spec import Spec
from zm_cli.methods import methods, methods_of
from zm_cli.methods.shared.settings import Settings
from zm_cli.numbers.axes import find_feature_axes
from zm_cli.numbers.stored import find_unit_divisor
from zm_cli.statistics.quantiles import Quantiles
from zm_cli.statsfile.stats import Stats
from zm_cli.transforms.affine import AffineTransform

SEED = 20261204
INVERTED = ["maxabs", "minmax", "quantile", "robust"]
"""The methods that have an inverse."""
REFERENCES = {
    "minmax": lambda settings: MinMaxScaler(settings.range or (0, 1), clip=settings.clip),
    "maxabs": lambda settings: MaxAbsScaler(),
    "robust": lambda settings: RobustScaler(quantile_range=settings.quantiles or (25, 75)),
}
"""What scikit-learn does by the same settings."""


def describe(values: NDArray[Any], per: str, axes: str, **options: Any) -> Stats:
    """The statistics of an array, with its quantiles."""
    stats = make_stats(values, per, axes=axes, **options)
    divisor = find_unit_divisor(values.dtype) if stats.unit else 1.0
    missing_codes = () if stats.ignore is None else (stats.ignore,)
    real = np.where(np.isin(values, missing_codes), np.nan, values / divisor) if missing_codes or stats.unit else values
    return replace(stats, statistics={"quantiles": Quantiles.from_block(real, find_feature_axes(axes, stats.per))})


def scale(values: NDArray[Any], method: str, per: str = "column", axes: str = "NC", **options: Any) -> NDArray[Any]:
    """The values scaled by their own statistics; `options` are those of `describe` and Settings."""
    own = {name: options.pop(name) for name in ("unit", "ignore") if name in options}
    spec = Spec("hdf5", axes, values.shape[1:], values.dtype)
    dtype = np.dtype(options.pop("dtype", "float64"))
    transform = make_transform(describe(values, per, axes, **own), spec, dtype, method=method, **options)
    scaled: NDArray[Any] = transform.apply_values(values)[0]
    assert scaled.shape == values.shape
    assert scaled.dtype == dtype
    return scaled


def draw(dtype: str) -> NDArray[Any]:
    """A table of this dtype, with quantiles that differ."""
    rng = np.random.default_rng(SEED)
    if np.dtype(dtype).kind == "f":
        return rng.normal(3, 20, (200, 5)).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(max(info.min, -(2**52)), min(info.max, 2**52), (200, 5), dtype=dtype, endpoint=True)


TABLES: dict[str, NDArray[Any]] = {
    "iris": datasets.load_iris().data,
    "wine": datasets.load_wine().data,
    "breast cancer": datasets.load_breast_cancer().data,
    "digits": datasets.load_digits().data,
    **{dtype: draw(dtype) for dtype in ("uint8", "int16", "uint32", "int64", "float16", "float32", "float64")},
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("minmax", {}),
        ("minmax", {"range": (-3.0, 7.5)}),
        ("maxabs", {}),
        ("robust", {}),
        ("robust", {"quantiles": (10.0, 99.5)}),
    ],
)
def test_scaled_tables_are_those_of_scikit_learn(name: str, method: str, options: dict[str, Any]) -> None:
    values = TABLES[name]
    expected = REFERENCES[method](Settings(**options)).fit_transform(values.astype(np.float64))
    np.testing.assert_allclose(scale(values, method, **options), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", TABLES)
def test_samples_of_length_1_are_those_of_scikit_learn(name: str) -> None:
    expected = Normalizer().fit_transform(TABLES[name].astype(np.float64))
    np.testing.assert_allclose(scale(TABLES[name], "l2"), expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("options", [{}, {"range": (0.0, 10.0), "quantiles": (5.0, 90.0)}])
@pytest.mark.parametrize("name", ["iris", "wine", "int16", "float64"])
def test_two_quantiles_become_the_ends_of_the_range(name: str, options: dict[str, Any]) -> None:
    values = TABLES[name].astype(np.float64)
    low, high = np.percentile(values, options.get("quantiles", (1, 99)), axis=0)
    start, end = options.get("range", (-1, 1))
    expected = (values - low) / (high - low) * (end - start) + start
    np.testing.assert_allclose(scale(TABLES[name], "quantile", **options), expected, rtol=1e-12, atol=1e-12)
    clipped = scale(TABLES[name], "quantile", clip=True, **options)
    np.testing.assert_allclose(clipped, np.clip(expected, start, end), rtol=1e-12, atol=1e-12)
    assert clipped.min() == start
    assert clipped.max() == end


@pytest.mark.parametrize("method", ["minmax", "maxabs", "robust"])
def test_constant_features_are_what_scikit_learn_makes_of_them(method: str) -> None:
    values = np.array([[0.0, 7.0, 1.0, 1e-16, 3.0], [0.0, 7.0, 1.0 + 2**-52, 2e-16, 3.0], [0.0, 7.0, 1.0, 3e-16, 5.0]])
    expected = REFERENCES[method](Settings()).fit_transform(values)
    np.testing.assert_allclose(scale(values, method), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("method", "what", "constant"),
    [
        ("minmax", "constant (less than 2e-15 counts as 0)", [True, True, False, True]),
        ("maxabs", "0 everywhere (less than 2e-15 counts as 0)", [True, False, False, True]),
        ("robust", "with equal quantiles 25% and 75% (less than 2e-15 counts as 0)", [True, True, True, True]),
        ("quantile", "with equal quantiles 1% and 99% (less than 2e-15 counts as 0)", [True, True, False, True]),
    ],
)
def test_features_that_are_divided_by_1_are_named(method: str, what: str, constant: list[bool]) -> None:
    tiny = np.arange(101) * 1e-18
    values = np.stack([np.zeros(101), np.full(101, 7.0), np.repeat([0, 1, 5], [10, 81, 10]), tiny], axis=1)
    chosen = methods()[method]
    found = chosen.find_constant(describe(values, "column", "NC"), chosen.complete(Settings()))
    assert found is not None
    assert (found[0], found[1].tolist()) == (f"{what}, so that scaling divides by 1", constant)


@pytest.mark.parametrize("method", methods_of("scale"))
def test_transforms_pickle(method: str) -> None:
    values = draw("float32")
    spec = Spec("hdf5", "NC", values.shape[1:], values.dtype)
    transform = make_transform(describe(values, "column", "NC"), spec, np.dtype("float32"), method=method)
    expected, again = (each.apply_values(values)[0] for each in (transform, pickle.loads(pickle.dumps(transform))))
    np.testing.assert_array_equal(again, expected)


@given(
    method=st.sampled_from(INVERTED),
    values=st.sampled_from(["uint8", "int16", "float32", "float64"]).flatmap(
        lambda dtype: hnp.arrays(
            dtype,
            st.tuples(st.integers(1, 9), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3)),
            elements=st.floats(-1000, 1000, width=32) if dtype.startswith("float") else None,
        )
    ),
    per=st.sampled_from(["channel", "pixel", "all"]),
    unit=st.booleans(),
)
def test_the_inverse_gives_the_input_back(method: str, values: NDArray[Any], per: str, unit: bool) -> None:
    unit = unit and values.dtype.kind in "iu"
    stats = describe(values, per, "NHWC", unit=unit)
    spec = Spec("hdf5", "NHWC", values.shape[1:], values.dtype)
    forward = make_transform(stats, spec, np.dtype("float64"), method=method)
    scaled = forward.apply_values(values)[0]
    there = Spec("hdf5", "NHWC", values.shape[1:], np.dtype("float64"))
    back = make_transform(stats, there, np.dtype("float64"), method=method, inverse=True)
    largest = float(np.abs(values.astype(np.float64)).max()) + 1
    # Where a scale is small, the offset of the range rounds more than the value itself.
    reach = float((np.abs(scaled) * forward.scale).max()) * forward.divisor
    np.testing.assert_allclose(back.apply_values(scaled)[0], values, rtol=0, atol=2.0**-48 * (largest + reach))


@pytest.mark.parametrize("method", INVERTED)
def test_missing_values_stay_missing_or_are_filled_before_scaling(method: str) -> None:
    values = draw("float64")
    values[3, 1], values[5] = np.nan, np.nan
    plain = scale(values, method)
    assert np.isnan(plain[3, 1])
    assert np.isnan(plain[5]).all()
    for impute, fill in (("mean", np.nanmean), ("median", np.nanmedian), (12.5, lambda values, axis: np.full(5, 12.5))):
        filled = scale(values, method, impute=impute)
        np.testing.assert_array_equal(filled[~np.isnan(values)], plain[~np.isnan(values)])
        again = np.where(np.isnan(values), fill(values, axis=0), values)
        stats = describe(values, "column", "NC")
        spec = Spec("hdf5", "NC", values.shape[1:], values.dtype)
        expected = make_transform(stats, spec, np.dtype("float64"), method=method).apply_values(again)[0]
        np.testing.assert_allclose(filled, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("method", INVERTED)
def test_ignored_values_are_missing(method: str) -> None:
    values = draw("int16")
    values[::7, 2] = -999
    assert np.isnan(scale(values, method, ignore=-999.0)[::7, 2]).all()
    assert np.isnan(scale(values, "l2", ignore=-999.0)[::7, 2]).all()


@pytest.mark.parametrize("method", methods_of("scale"))
def test_packed_values_are_scaled_by_what_they_stand_for(method: str) -> None:
    rng = np.random.default_rng(SEED)
    stored = rng.integers(-100, 100, (50, 3), dtype=np.int16)
    stored[4, 0] = -99
    packing = Packing(np.dtype("float64"), 0.25, 10.0, (-99.0,))
    real = np.where(stored == -99, np.nan, stored * 0.25 + 10.0)
    spec = Spec("hdf5", "NC", (3,), stored.dtype, packing=packing)
    stats = describe(real, "column", "NC")
    found = make_transform(stats, spec, np.dtype("float64"), method=method).apply_values(stored)[0]
    np.testing.assert_allclose(found, scale(real, method), rtol=1e-12)


def test_the_units_of_integers_do_not_change_what_they_are_scaled_to() -> None:
    values = np.random.default_rng(SEED).integers(0, 256, (9, 4, 4, 3), dtype=np.uint8)
    for method in INVERTED:
        expected = scale(values, method, "channel", "NHWC")
        found = scale(values, method, "channel", "NHWC", unit=True)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("method", INVERTED)
def test_a_feature_without_values_is_left_as_it_is(method: str) -> None:
    values = np.array([[1.0, np.nan], [2.0, np.nan], [4.0, np.nan]])
    spec = Spec("hdf5", "NC", (2,), values.dtype)
    transform = make_transform(describe(values, "column", "NC"), spec, np.dtype("float64"), method=method)
    assert isinstance(transform, AffineTransform)
    start = transform.offset
    np.testing.assert_allclose(transform.apply_values(np.array([[1.0, 0.0]]))[0][0, 1], start)


@given(
    ends=st.tuples(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    dtype=st.sampled_from(["float16", "float32", "float64"]),
    method=st.sampled_from(["minmax", "quantile"]),
    seed=st.integers(0, 2**32),
)
def test_clipped_values_lie_within_the_range_after_rounding(
    ends: tuple[float, float], dtype: str, method: str, seed: int
) -> None:
    values = np.random.default_rng(seed).normal(0, 1e3, (100, 2))
    if np.nextafter(np.float16(ends[0]), np.float16(np.inf)) >= ends[1]:
        return  # float16 has no number between the two
    scaled = scale(values, method, range=ends, clip=True, dtype=dtype)
    # As numbers of Python, so that the ends are not rounded to the dtype.
    assert ends[0] <= float(scaled.min()) <= float(scaled.max()) <= ends[1]


def test_settings_that_a_method_does_not_take_are_ignored() -> None:
    values = TABLES["iris"]
    np.testing.assert_array_equal(scale(values, "robust", range=(5.0, 6.0), clip=True), scale(values, "robust"))
    np.testing.assert_array_equal(scale(values, "minmax", quantiles=(5.0, 6.0)), scale(values, "minmax"))
