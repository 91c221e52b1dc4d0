"""AffineTransform: centered and standardized values, their inverse, and missing values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from tests.made import make_stats, make_transform
from zm_cli.data.spec import Spec
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.pieces import PIECE
from zm_cli.statistics.quantiles import Quantiles
from zm_cli.transforms.affine import AffineTransform

SEED = 20261121

RESOLUTION = {"float16": 2.0**-11, "float32": 2.0**-24, "float64": 2.0**-53}
"""The relative error of one rounding to the output's dtype: half a unit in the last place."""

SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3))


def transform_for(
    values: NDArray[np.generic], per: str, dtype: str = "float64", method: str = "standardize", **settings: Any
) -> tuple[AffineTransform, AffineTransform]:
    """The transform by the values' own statistics, and its inverse."""
    stats = make_stats(values, per, axes="NHWC")
    spec = Spec("hdf5", "NHWC", values.shape[1:], values.dtype)
    forward = make_transform(stats, spec, np.dtype(dtype), method=method, **settings)
    back = make_transform(stats, spec, np.dtype("float64"), method=method, inverse=True, **settings)
    return forward, back


@given(
    values=st.sampled_from(["uint8", "int16", "float32", "float64"]).flatmap(
        lambda dtype: hnp.arrays(
            dtype,
            SHAPES,
            elements=st.floats(-1000, 1000, width=32) if dtype.startswith("float") else None,
        )
    ),
    per=st.sampled_from(["channel", "pixel", "all"]),
    dtype=st.sampled_from(list(RESOLUTION)),
    standardize=st.booleans(),
)
def test_the_inverse_gives_the_input_back_to_the_outputs_precision(
    values: NDArray[np.generic], per: str, dtype: str, standardize: bool
) -> None:
    forward, back = transform_for(values, per, dtype, "standardize" if standardize else "center")
    if dtype == "float16" and values.dtype != np.uint8:
        return  # the range of float16 ends at 65504
    returned = back.apply_values(forward.apply_values(values)[0])[0]
    # One rounding of the transformed value, times the scale, and a few roundings of float64; for subnormal values the
    # error is absolute.
    largest = float(np.abs(values.astype(np.float64)).max()) + 1
    tolerance = (4 * RESOLUTION[dtype] + 2.0**-50) * 2 * largest + float(forward.scale.max()) * 2.0**-24 * (
        dtype == "float16"
    )
    np.testing.assert_allclose(returned, values.astype(np.float64), rtol=0, atol=tolerance)


@given(
    hnp.arrays(np.float64, st.tuples(st.integers(2, 50), st.integers(1, 5)), elements=st.floats(-1000, 1000)),
    st.booleans(),
)
def test_the_training_set_has_mean_zero_and_deviation_one(values: NDArray[np.float64], standardize: bool) -> None:
    stats = make_stats(values, "column", axes="NC")
    spec = Spec("hdf5", "NC", values.shape[1:], values.dtype)
    transform = make_transform(stats, spec, np.dtype("float64"), method="standardize" if standardize else "center")
    result = transform.apply_values(values)[0]
    again = make_stats(result, "column", axes="NC").moments
    # Each value is rounded once, relative to the largest one of the input (divided by the scale) or of the output.
    size = np.abs(values).max(axis=0) / transform.scale.ravel()
    assert (np.abs(again.mean) <= 4 * 2.0**-52 * (size + 1)).all()
    varying = ~stats.moments.constant()
    if standardize:
        error = np.abs(again.std() - 1)[varying]
        assert (error <= 8 * 2.0**-52 * (size[varying] + 1)).all()


def test_statistics_broadcast_with_channels_first() -> None:
    values = np.random.default_rng(1).normal(size=(5, 3, 4, 2))
    stats = make_stats(values, "channel", axes="NCHW")
    spec = Spec("hdf5", "NCHW", (3, 4, 2), values.dtype)
    result = make_transform(stats, spec, np.dtype("float64"), method="center").apply_values(values)[0]
    expected = values - values.mean(axis=(0, 2, 3)).reshape(1, 3, 1, 1)
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-15)


def test_float32_output_is_the_float64_result_rounded_once() -> None:
    values = np.random.default_rng(2).integers(0, 256, (20, 3, 3, 3), dtype=np.uint8)
    exact, _ = transform_for(values, "channel")
    rounded, _ = transform_for(values, "channel", dtype="float32")
    np.testing.assert_array_equal(rounded.apply_values(values)[0], exact.apply_values(values)[0].astype(np.float32))


def test_missing_values_stay_missing_unless_they_are_imputed() -> None:
    values = np.array([1.0, np.nan, 3.0]).reshape(3, 1, 1, 1)
    kept, _ = transform_for(values, "channel", method="center")
    filled, _ = transform_for(values, "channel", method="center", impute="mean")
    np.testing.assert_array_equal(kept.apply_values(values)[0].ravel(), [-1, np.nan, 1])
    np.testing.assert_array_equal(filled.apply_values(values)[0].ravel(), [-1, 0, 1])


def test_ignored_values_become_missing() -> None:
    values = np.array([1, 255, 3], dtype=np.uint8).reshape(3, 1, 1, 1)
    stats = make_stats(values, "channel", axes="NHWC", ignore=255)
    spec = Spec("hdf5", "NHWC", (1, 1, 1), values.dtype)
    transform = make_transform(stats, spec, np.dtype("float32"), method="center")
    np.testing.assert_array_equal(transform.apply_values(values)[0].ravel(), [-1, np.nan, 1])


def test_unit_statistics_read_integers_as_0_to_1_and_back() -> None:
    values = np.array([0, 51, 255], dtype=np.uint8).reshape(3, 1, 1, 1)
    stats = make_stats(values, "channel", axes="NHWC", unit=True)
    spec = Spec("hdf5", "NHWC", (1, 1, 1), values.dtype)
    forward = make_transform(stats, spec, np.dtype("float64"), method="center")
    np.testing.assert_allclose(forward.apply_values(values)[0].ravel(), np.array([0, 0.2, 1]) - 0.4, atol=1e-16)
    floats = Spec("hdf5", "NHWC", (1, 1, 1), np.dtype("float64"))
    back = make_transform(stats, floats, np.dtype("float64"), method="center", inverse=True)
    np.testing.assert_allclose(back.apply_values(forward.apply_values(values)[0])[0], values, atol=1e-13)


@pytest.mark.parametrize("samples", [0, 1])
def test_blocks_without_or_with_one_sample_are_transformed(samples: int) -> None:
    forward, _ = transform_for(np.ones((3, 2, 2, 1)), "channel")
    assert forward.apply_values(np.ones((samples, 2, 2, 1)))[0].shape == (samples, 2, 2, 1)


def test_wide_integers_keep_their_distance_from_the_mean() -> None:
    for dtype, base in (("int64", 2**62), ("uint64", 2**64 - 200), ("int64", -(2**63))):
        values = np.array([base + step for step in range(101)], dtype=dtype).reshape(-1, 1)
        stats = make_stats(values, "column", axes="NC")
        spec = Spec("hdf5", "NC", (1,), values.dtype)
        result, _ = make_transform(stats, spec, np.dtype("float64"), method="center").apply_values(values)
        # The mean itself is a float64, what that drops its tail; the values' distances from both are exact.
        np.testing.assert_array_equal(result.ravel(), np.arange(-50.0, 51))


@pytest.mark.parametrize("method", ["center", "standardize", "minmax", "maxabs", "robust", "quantile"])
def test_wide_integers_that_are_all_the_same_become_one_exact_number(method: str) -> None:
    values = np.full((5, 1), 1_700_000_000_000_000_037)
    stats = replace(
        make_stats(values, "column", axes="NC"), statistics={"quantiles": Quantiles.from_block(values, (1,))}
    )
    spec = Spec("hdf5", "NC", (1,), values.dtype)
    made = make_transform(stats, spec, np.dtype("float64"), method=method).apply_values(values)[0]
    expected = {"maxabs": 1.0, "quantile": -1.0}.get(method, 0.0)
    np.testing.assert_array_equal(made, np.full((5, 1), expected))


def test_values_beyond_the_ends_are_counted_but_not_those_that_rounding_moves_there() -> None:
    values = np.array([[0.1], [0.7], [np.nan], [1.3]])
    stats, spec = make_stats(values, "column", axes="NC"), Spec("hdf5", "NC", (1,), values.dtype)
    for ends in ((0.0, 1.0), (-0.3, 0.1), (1e6, 1e6 + 1)):
        transform = make_transform(stats, spec, np.dtype("float32"), method="minmax", clip=True, range=ends)
        assert transform.apply_counting(values)[2] == 0
        assert transform.apply_counting(np.array([[0.0], [0.1], [2.0], [np.nan], [5.0]]))[2] == 3
        back = make_transform(stats, spec, np.dtype("float64"), method="minmax", clip=True, range=ends, inverse=True)
        assert back.apply_counting(values + 1e9)[2] == 0


def test_integers_further_apart_than_63_bits_are_rounded_not_wrapped() -> None:
    values = np.array([[0], [2**64 - 1]], dtype=np.uint64)
    stats = make_stats(values, "column", axes="NC")
    spec = Spec("hdf5", "NC", (1,), values.dtype)
    result, _ = make_transform(stats, spec, np.dtype("float64"), method="standardize").apply_values(values)
    np.testing.assert_array_equal(result.ravel(), [-1, 1])


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_values_beyond_the_outputs_range_are_counted(dtype: str) -> None:
    values = np.array([0.0, 1e300, -1e300, np.inf]).reshape(-1, 1)
    stats = make_stats(np.array([[1.0], [-1.0]]), "column", axes="NC")
    spec = Spec("hdf5", "NC", (1,), values.dtype)
    result, overflows = make_transform(stats, spec, np.dtype(dtype), method="center").apply_values(values)
    assert overflows == 2
    np.testing.assert_array_equal(result.ravel(), [0, np.inf, -np.inf, np.inf])


@pytest.mark.parametrize("per", ["channel", "pixel"])
def test_a_sample_larger_than_a_piece_gives_the_same_values(per: str) -> None:
    values = np.random.default_rng(9).integers(0, 256, (2, 300, 250, 3), dtype=np.uint8)
    transform, _ = transform_for(values, per, method="center")
    axes = (0, 1, 2) if per == "channel" else (0,)
    np.testing.assert_allclose(transform.apply_values(values)[0], values - values.mean(axis=axes), rtol=0, atol=1e-12)


def test_a_wide_row_is_cut_into_long_pieces_not_single_columns() -> None:
    values = np.random.default_rng(9).integers(0, 256, (1, 1_200_000), dtype=np.uint8)
    stats = make_stats(np.concatenate([values, values + 1]), "column", axes="NC")
    spec = Spec("hdf5", "NC", values.shape[1:], values.dtype)
    transform = make_transform(stats, spec, np.dtype("float64"), method="center")
    assert len(list(transform._cut(values))) < 20
    np.testing.assert_array_equal(transform.apply_values(values)[0], values - stats.moments.mean)


def test_a_short_last_axis_takes_no_copy_of_the_whole_sample() -> None:
    values = np.random.default_rng(9).integers(0, 256, (2, 400_000, 2), dtype=np.uint8)
    stats = make_stats(values, "channel", axes="NLC")
    spec = Spec("hdf5", "NLC", values.shape[1:], values.dtype)
    transform = make_transform(stats, spec, np.dtype("float64"), method="center")
    assert max(shift.size for _, (shift, _) in transform._cut(values)) <= PIECE
    np.testing.assert_array_equal(transform.apply_values(values)[0], values - stats.moments.mean)


@pytest.mark.parametrize("per", ["column", "all"])
@pytest.mark.parametrize("rows", [1, 7, 200_000])
def test_column_order_is_kept_and_gives_the_same_values(per: str, rows: int) -> None:
    values = np.random.default_rng(9).normal(5, 3, (rows, 4))
    stats = make_stats(values, per, axes="NC")
    transform = make_transform(stats, Spec("csv", "NC", (4,), values.dtype), np.dtype("float64"), method="standardize")
    by_rows = transform.apply_values(values)[0]
    by_columns = transform.apply_values(np.asfortranarray(values))[0]
    assert by_columns.flags.f_contiguous
    np.testing.assert_array_equal(by_columns, by_rows)


def test_an_inverse_fills_missing_values_with_the_mean_in_the_datas_own_scale() -> None:
    values = np.array([0, 51, 255], dtype=np.uint8).reshape(3, 1, 1, 1)
    stats = make_stats(values, "channel", axes="NHWC", unit=True)
    spec = Spec("hdf5", "NHWC", (1, 1, 1), np.dtype("float64"))
    back = make_transform(stats, spec, np.dtype("float64"), method="center", inverse=True, impute="mean")
    np.testing.assert_allclose(back.apply_values(np.array([0, np.nan]).reshape(2, 1, 1, 1))[0].ravel(), [102, 102])


def test_an_ignored_value_does_not_hide_a_neighbour_that_rounds_to_it() -> None:
    values = (2**62 - np.arange(5)).reshape(-1, 1)
    stats = make_stats(values, "column", axes="NC", ignore=2**62)
    assert stats.moments.missing.tolist() == [1]
    spec = Spec("hdf5", "NC", (1,), values.dtype)
    result, _ = make_transform(stats, spec, np.dtype("float64"), method="center").apply_values(values)
    assert np.isnan(result.ravel()).tolist() == [True, False, False, False, False]


@pytest.mark.parametrize("impute", [False, True])
@pytest.mark.parametrize("unit", [False, True])
def test_moments_are_transformed_as_the_values_are(impute: bool, unit: bool) -> None:
    values = np.random.default_rng(SEED).integers(0, 200, (40, 5, 3), np.uint8)
    stats = make_stats(values, "channel", axes="NLC", unit=unit, ignore=7)
    other = np.random.default_rng(SEED + 1).integers(0, 90, (30, 5, 3), np.uint8)
    spec = Spec("hdf5", "NLC", (5, 3), other.dtype)
    transform = make_transform(stats, spec, np.dtype("f8"), impute="mean" if impute else None)
    made = transform.predict(Moments.from_block(other, (2,), (7,)))
    expected = Moments.from_block(transform.apply_values(other)[0], (2,))
    assert (made.count == expected.count).all()
    assert (made.missing == expected.missing).all()
    for field in ("mean", "m2", "min", "max"):
        # Each value is rounded once more in one of the two.
        np.testing.assert_allclose(getattr(made, field), getattr(expected, field), rtol=1e-13, atol=1e-14)
