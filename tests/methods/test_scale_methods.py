"""The methods of `zm scale`: scikit-learn's numbers, constant features, ranges, what an inverse returns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from sklearn import datasets
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, Normalizer, RobustScaler

from tests.methods.cases import apply_method, describe, make, restore
from zm_cli.methods import methods, methods_of
from zm_cli.methods.shared.settings import Settings
from zm_cli.transforms.affine import AffineTransform

SEED = 20261204
INVERTED = [name for name in methods_of("scale") if methods()[name].has_inverse]
REFERENCES = {
    "minmax": lambda settings: MinMaxScaler(settings.range or (0, 1), clip=settings.clip),
    "maxabs": lambda settings: MaxAbsScaler(),
    "robust": lambda settings: RobustScaler(quantile_range=settings.quantiles or (25, 75)),
}
"""What scikit-learn does by the same settings."""


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
    np.testing.assert_allclose(apply_method(values, method, **options), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", TABLES)
def test_samples_of_length_1_are_those_of_scikit_learn(name: str) -> None:
    expected = Normalizer().fit_transform(TABLES[name].astype(np.float64))
    np.testing.assert_allclose(apply_method(TABLES[name], "l2"), expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("options", [{}, {"range": (0.0, 10.0), "quantiles": (5.0, 90.0)}])
@pytest.mark.parametrize("name", ["iris", "wine", "int16", "float64"])
def test_two_quantiles_become_the_ends_of_the_range(name: str, options: dict[str, Any]) -> None:
    values = TABLES[name].astype(np.float64)
    low, high = np.percentile(values, options.get("quantiles", (1, 99)), axis=0)
    start, end = options.get("range", (-1, 1))
    expected = (values - low) / (high - low) * (end - start) + start
    np.testing.assert_allclose(apply_method(TABLES[name], "quantile", **options), expected, rtol=1e-12, atol=1e-12)
    clipped = apply_method(TABLES[name], "quantile", clip=True, **options)
    np.testing.assert_allclose(clipped, np.clip(expected, start, end), rtol=1e-12, atol=1e-12)
    assert clipped.min() == start
    assert clipped.max() == end


@pytest.mark.parametrize("method", ["minmax", "maxabs", "robust"])
def test_constant_features_are_what_scikit_learn_makes_of_them(method: str) -> None:
    values = np.array([[0.0, 7.0, 1.0, 1e-16, 3.0], [0.0, 7.0, 1.0 + 2**-52, 2e-16, 3.0], [0.0, 7.0, 1.0, 3e-16, 5.0]])
    expected = REFERENCES[method](Settings()).fit_transform(values)
    np.testing.assert_allclose(apply_method(values, method), expected, rtol=1e-12, atol=1e-12)


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
    found = chosen.find_constant(describe(values), chosen.complete(Settings()))
    assert found is not None
    assert (found[0], found[1].tolist()) == (f"{what}, so that scaling divides by 1", constant)


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
def test_the_inverse_gives_back_whatever_the_values_are(
    method: str, values: NDArray[Any], per: str, unit: bool
) -> None:
    unit = unit and values.dtype.kind in "iu"
    stats = describe(values, per, "NHWC", unit=unit)
    forward = make(stats, method, values)
    assert isinstance(forward, AffineTransform)
    scaled = forward.apply_values(values)[0]
    largest = float(np.abs(values.astype(np.float64)).max()) + 1
    # Where a scale is small, the offset of the range rounds more than the value itself.
    reach = float((np.abs(scaled) * forward.scale).max()) * forward.divisor
    np.testing.assert_allclose(restore(stats, method, scaled), values, rtol=0, atol=2.0**-48 * (largest + reach))


def test_the_units_of_integers_do_not_change_what_they_are_scaled_to() -> None:
    values = np.random.default_rng(SEED).integers(0, 256, (9, 4, 4, 3), dtype=np.uint8)
    for method in INVERTED:
        expected = apply_method(values, method, "channel", "NHWC")
        found = apply_method(values, method, "channel", "NHWC", unit=True)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("method", INVERTED)
def test_a_feature_without_values_is_left_as_it_is(method: str) -> None:
    values = np.array([[1.0, np.nan], [2.0, np.nan], [4.0, np.nan]])
    transform = make(describe(values), method, values)
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
    scaled = apply_method(values, method, range=ends, clip=True, dtype=dtype)
    # As numbers of Python, so that the ends are not rounded to the dtype.
    assert ends[0] <= float(scaled.min()) <= float(scaled.max()) <= ends[1]
