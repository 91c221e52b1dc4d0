"""Moments: accuracy compared with exact arithmetic, and merging."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from tests.bits import DTYPES, assert_same_bits, draw_values, merge_all, partitions
from tests.systems import examples
from zm_cli.numbers.moments.moments import Moments


def exact(values: NDArray[np.generic]) -> tuple[Fraction, Fraction]:
    """Mean and variance of the values in rational arithmetic."""
    numbers = [Fraction(value.item()) for value in values.ravel()]
    mean = sum(numbers, Fraction()) / len(numbers)
    return mean, sum(((number - mean) ** 2 for number in numbers), Fraction()) / len(numbers)


def assert_exact(moments: Moments, values: NDArray[np.generic]) -> None:
    """One feature's moments agree with rational arithmetic to a few units in the last place."""
    mean, variance = exact(values)
    # 64-bit integers that lie far apart are rounded to float64 one by one.
    rounding = 1e-16 * float(np.abs(values.astype(float)).max()) if values.dtype.itemsize == 8 else 0
    assert moments.mean.item() == pytest.approx(float(mean), rel=1e-15, abs=rounding)
    # The deviations' squares are rounded one by one and summed: about log2(n) units.
    assert moments.variance().item() == pytest.approx(float(variance), rel=1e-14, abs=1e-300)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kept", [(), (1,), (3,), (1, 2, 3)])
def test_every_dtype_agrees_with_exact_arithmetic_over_every_choice_of_axes(dtype: str, kept: tuple[int, ...]) -> None:
    values = draw_values(dtype, (9, 4, 5, 3), seed=1)
    moments = Moments.from_block(values, kept)
    features = np.moveaxis(values, kept, range(len(kept))).reshape(*moments.mean.shape, -1)
    for index in np.ndindex(moments.mean.shape):
        one = moments.reshape((-1,)).select([int(np.ravel_multi_index(index, moments.mean.shape))])
        assert_exact(one, features[index])
        assert one.min.item() == float(features[index].min())
        assert one.max.item() == float(features[index].max())
        assert one.count.item() == features[index].size


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16"])
def test_sums_of_small_integers_are_exact_in_blocks_longer_than_any_inner_piece(dtype: str) -> None:
    info = np.iinfo(dtype)
    values = np.full((300_000, 3), info.max, dtype=dtype)
    values[::2] = info.min
    values[0, 1] = info.max
    moments = Moments.from_block(values, (1,))
    for column in range(3):
        counts = np.unique(values[:, column], return_counts=True)
        pairs = [(Fraction(int(value)), int(count)) for value, count in zip(*counts, strict=True)]
        mean = sum((value * count for value, count in pairs), Fraction()) / len(values)
        m2 = sum(((value - mean) ** 2 * count for value, count in pairs), Fraction())
        assert moments.mean[column] == float(mean)
        assert moments.m2[column] == pytest.approx(float(m2), rel=4e-16)


def test_an_offset_of_a_million_million_loses_no_digits() -> None:
    values = 1e12 + np.random.default_rng(2).random(1_000_000)
    moments = Moments.from_block(values, ())
    shifted = values - 1e12  # exact: both are near 1e12
    assert moments.std().item() == pytest.approx(float(np.std(shifted)), rel=1e-12)


def test_integers_beyond_2_to_the_53_keep_their_last_digits() -> None:
    values = np.int64(2**62) + np.arange(101, dtype=np.int64)
    moments = Moments.from_block(values.reshape(-1, 1), (1,))
    assert moments.mean.item() + moments.tail.item() - 2**62 == 0  # float64 alone cannot say 2**62 + 50
    assert moments.tail.item() == 50 or moments.mean.item() == 2**62 + 50
    assert moments.variance().item() == 850.0


@pytest.mark.parametrize("size", [1, 2, 7, 100, 1001])
@pytest.mark.parametrize("offset", [0.0, 1e7, 1e12])
def test_blocks_of_any_size_give_the_moments_of_all(size: int, offset: float) -> None:
    values = offset + np.random.default_rng(3).normal(0, 0.1, 1001)
    merged = Moments.identity((1,))
    for start in range(0, len(values), size):
        merged = merged.merge(Moments.from_block(values[start : start + size], ()))
    assert_exact(merged, values)


@given(
    hnp.arrays(np.float64, st.integers(0, 40), elements=st.floats(-1e6, 1e6)),
    st.lists(st.integers(0, 40), max_size=6),
)
def test_the_result_does_not_depend_on_the_split_into_blocks(values: NDArray[np.float64], cuts: list[int]) -> None:
    merged = Moments.identity((1,))
    for part in np.split(values, sorted(cut for cut in cuts if cut <= len(values))):
        merged = merged.merge(Moments.from_block(part, ()))
    whole = Moments.from_block(values, ())
    assert merged.count == whole.count
    assert merged.min == whole.min
    assert merged.max == whole.max
    spread = float(np.abs(values).max(initial=0))
    # The two differ by rounding only: of the mean relative to the values, of m2 relative to their squares' sum.
    assert merged.mean.item() == pytest.approx(whole.mean.item(), rel=1e-15, abs=1e-15 * spread)
    assert merged.m2.item() == pytest.approx(whole.m2.item(), rel=1e-12, abs=1e-30 * spread**2)


@settings(deadline=None, max_examples=examples(200))
@given(
    dtype=st.sampled_from(["int32", "int64", "float32", "float64"]),
    offset=st.sampled_from([0.0, 3.0, 1e4, 1e8]),
    spread=st.sampled_from([1e-3, 1.0, 1e6]),
    parts=partitions(60),
    halve=st.booleans(),
    seed=st.integers(0, 99),
)
def test_other_data_merge_to_fourteen_digits_from_any_parts_in_any_order(
    dtype: str, offset: float, spread: float, parts: list[slice], halve: bool, seed: int
) -> None:
    values = (offset + np.random.default_rng(seed).normal(0, spread, 60)).astype(dtype)
    merged = merge_all([Moments.from_block(values[part], ()) for part in parts], halve=halve)
    mean, variance = exact(values)
    assert merged.integer_sums is None
    assert merged.count.item() == 60
    within = 1e-14 * max(abs(float(mean)), math.sqrt(variance))
    assert abs(merged.mean.item() - float(mean)) <= within
    assert abs(merged.std().item() - math.sqrt(variance)) <= within


@given(hnp.arrays(np.float64, st.integers(0, 10), elements=st.floats(-1e9, 1e9)))
def test_the_identity_changes_no_bit_on_either_side(values: NDArray[np.float64]) -> None:
    moments, none = Moments.from_block(values, ()), Moments.identity((1,))
    assert_same_bits(moments.merge(none), moments)
    assert_same_bits(none.merge(moments), moments)


def test_nothing_merged_with_nothing_is_nothing() -> None:
    none = Moments.identity((2, 3))
    assert_same_bits(none.merge(none), none)
    assert np.isnan(none.variance()).all()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_nan_and_infinities_are_counted_as_missing(dtype: str) -> None:
    values = np.array([[1, np.nan], [np.inf, np.nan], [3, -np.inf]], dtype=dtype)
    moments = Moments.from_block(values, (1,))
    assert moments.count.tolist() == [2, 0]
    assert moments.missing.tolist() == [1, 3]
    assert moments.mean[0] == 2
    assert moments.variance()[0] == 1
    assert np.isnan(moments.variance()[1])
    assert (moments.min[0], moments.max[0]) == (1, 3)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32"])
def test_an_ignored_value_is_missing(dtype: str) -> None:
    values = np.array([[7, 1], [9, 7], [5, 3]], dtype=dtype)
    moments = Moments.from_block(values, (1,), missing_codes=(7,))
    assert moments.missing.tolist() == [1, 1]
    assert moments.mean.tolist() == [7, 2]
    assert moments.min.tolist() == [5, 1]


def test_values_near_the_largest_float_do_not_overflow_the_mean() -> None:
    moments = Moments.from_block(np.array([1.7e308, 1.7e308, 1.6e308]), ())
    assert moments.mean.item() == pytest.approx(1.6666666666666667e308, rel=1e-15)


def test_memory_layout_does_not_change_the_statistics() -> None:
    values = np.random.default_rng(4).normal(size=(5000, 6))
    rows, columns = Moments.from_block(values, (1,)), Moments.from_block(np.asfortranarray(values), (1,))
    np.testing.assert_allclose(rows.mean, columns.mean, rtol=1e-15, atol=1e-17)
    np.testing.assert_allclose(rows.m2, columns.m2, rtol=1e-14)


def test_one_sample_has_variance_zero_whatever_ddof() -> None:
    moments = Moments.from_block(np.array([[4.0]]), (1,))
    assert moments.variance().item() == 0
    assert moments.variance(ddof=1).item() == 0


def test_ddof_one_divides_by_one_less() -> None:
    values = np.array([1.0, 2.0, 4.0])
    assert Moments.from_block(values, ()).variance(1).item() == pytest.approx(float(values.var(ddof=1)), rel=1e-15)


def test_a_constant_feature_has_scale_one_and_epsilon_bounds_the_others() -> None:
    values = np.array([[3.3, 0.0, 1.0], [3.3, 1e-3, 5.0], [3.3, 2e-3, 9.0]])
    moments = Moments.from_block(values, (1,))
    assert moments.constant().tolist() == [True, False, False]
    assert moments.find_scale(epsilon=0.1).tolist() == [1.0, 0.1, pytest.approx(values[:, 2].std(), rel=1e-15)]


def test_division_scales_all_but_the_counts() -> None:
    values = np.arange(256, dtype=np.uint8)
    divided = Moments.from_block(values, ()).divide(255.0)
    direct = Moments.from_block(values / 255.0, ())
    assert divided.mean.item() == pytest.approx(direct.mean.item(), rel=1e-15)
    assert divided.std().item() == pytest.approx(direct.std().item(), rel=1e-14)
    assert divided.max.item() == 1.0


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64"])
@pytest.mark.parametrize("ignore", [1e300, -7.5, 2.0**64, 300.0])
def test_an_ignored_value_that_the_type_cannot_hold_has_no_effect(dtype: str, ignore: float) -> None:
    values = np.arange(100).astype(dtype)
    assert Moments.from_block(values, (), missing_codes=(ignore,)).missing.item() == 0


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32", "float64"])
def test_missing_values_in_long_blocks_are_left_out_exactly(dtype: str) -> None:
    values = (
        draw_values(dtype, (70_001, 3), seed=5)
        if dtype.startswith("f")
        else draw_values("uint8", (70_001, 3), seed=5).astype(dtype)
    )
    values[::7, 1] = 9
    moments = Moments.from_block(values, (1,), missing_codes=(9,))
    for column in range(3):
        kept = values[:, column][values[:, column] != 9].astype(np.longdouble)
        assert moments.count[column] == len(kept)
        assert moments.missing[column] == len(values) - len(kept)
        assert moments.mean[column] == pytest.approx(float(kept.mean()), rel=1e-15)
        assert moments.variance()[column] == pytest.approx(float(kept.var()), rel=1e-13)
        assert (moments.min[column], moments.max[column]) == (float(kept.min()), float(kept.max()))


def test_an_affine_transform_gives_the_moments_of_the_transformed_values() -> None:
    values = 1e6 + np.random.default_rng(6).normal(size=(1000, 3))
    shift, scale = np.array([1e6, 0.0, -2.0]), np.array([2.0, 0.5, 1e3])
    transformed = Moments.from_block(values, (1,)).transform(shift, scale)
    direct = Moments.from_block((values - shift) / scale, (1,))
    np.testing.assert_array_equal(transformed.count, direct.count)
    np.testing.assert_allclose(transformed.mean, direct.mean, rtol=1e-9)
    np.testing.assert_allclose(transformed.std(), direct.std(), rtol=1e-9)
    np.testing.assert_array_equal(transformed.min, direct.min)
    np.testing.assert_array_equal(transformed.max, direct.max)


def test_a_feature_without_values_has_none_after_a_transform() -> None:
    none = Moments.from_block(np.array([[np.nan], [np.nan]]), (1,)).transform(np.array([5.0]), np.array([2.0]))
    assert_same_bits(none, Moments.identity((1,)).merge(none))
    assert (none.count.item(), none.mean.item(), none.min.item(), none.missing.item()) == (0, 0, np.inf, 2)


def test_columns_for_tables_have_nan_where_nothing_was_counted() -> None:
    columns = Moments.from_block(np.array([[1.0, np.nan], [3.0, np.nan]]), (1,)).to_columns()
    assert list(columns) == ["count", "missing", "mean", "std", "min", "max"]
    np.testing.assert_array_equal(columns["mean"], [2.0, np.nan])


@pytest.mark.parametrize(("scale", "offset"), [(0.01, 273.15), (-2.0, 0.0), (1e-8, -5e9), (3.0, 1.0)])
def test_moments_of_real_values_follow_from_those_of_stored_ones(scale: float, offset: float) -> None:
    stored = np.random.default_rng(3).integers(-30000, 30000, (500, 3)).astype("i2")
    stored[:, 2] = 7
    kept, real = Moments.from_block(stored, (1,), (7,)), stored * scale + offset
    moments = kept.unpack(scale, offset)
    found, direct = moments.select([0, 1]), Moments.from_block(np.where(stored == 7, np.nan, real), (1,)).select([0, 1])
    for field in ("count", "missing", "min", "max"):
        np.testing.assert_array_equal(getattr(found, field), getattr(direct, field))
    np.testing.assert_allclose(found.mean, direct.mean, rtol=4e-16, atol=abs(scale) * 1e-11)
    np.testing.assert_allclose(moments.m2, kept.m2 * scale**2, rtol=1e-15)
    assert (np.abs(moments.tail) <= np.spacing(np.abs(moments.mean))).all()
    assert (moments.count[2], moments.mean[2], moments.min[2], moments.max[2]) == (0, 0, np.inf, -np.inf)
