"""Weighted moments: agreement with NumPy and scikit-learn, merging, and what weights do not change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.bits import assert_same_bits, merge_all, partitions
from tests.systems import examples, slow
from zm_cli.numbers.accumulate import Accumulator
from zm_cli.numbers.moments.arrays import WEIGHTS
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.moments.weighted_block import MAX_AT_ONCE, measure_block
from zm_cli.numbers.moments.weights import WeightSums
from zm_cli.numbers.statistic import FieldError, Population

VALUES = np.random.default_rng(1).normal(50, 3, (200, 4))
SOME = np.random.default_rng(2).gamma(1, 1, 200)
DTYPES = ("bool", "uint8", "int16", "int32", "int64", "float16", "float32", "float64")


def weights_of(moments: Moments) -> WeightSums:
    assert moments.weights is not None
    return moments.weights


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", ["C", "F"])
def test_they_agree_with_numpy_for_every_dtype(dtype: str, order: Any) -> None:
    values = np.array(VALUES > 50 if dtype == "bool" else VALUES, dtype, order=order)
    moments, real = measure_block(values, (1,), (), SOME), values.astype(float)
    np.testing.assert_allclose(moments.mean, np.average(real, axis=0, weights=SOME), rtol=1e-14)
    for ddof in (0, 1):
        np.testing.assert_allclose(
            moments.variance(ddof), np.cov(real, rowvar=False, aweights=SOME, ddof=ddof).diagonal(), rtol=1e-12
        )
    np.testing.assert_allclose(weights_of(moments).total, SOME.sum(), rtol=1e-14)
    np.testing.assert_allclose(weights_of(moments).squares, (SOME**2).sum(), rtol=1e-14)
    assert (moments.min == real.min(0)).all()
    assert (moments.max == real.max(0)).all()
    assert (moments.count == 200).all()


@slow
def test_they_agree_with_the_scaler_of_scikit_learn_and_leave_out_missing_values() -> None:
    from sklearn.preprocessing import StandardScaler

    values = VALUES.copy()
    values[::7, 1] = np.nan
    moments = measure_block(values, (1,), (), SOME)
    scaler = StandardScaler().fit(values, sample_weight=SOME)
    np.testing.assert_allclose(moments.mean, scaler.mean_, rtol=1e-13)
    np.testing.assert_allclose(moments.find_scale(), scaler.scale_, rtol=1e-12)
    assert moments.missing.tolist() == [0, 29, 0, 0]


@pytest.mark.parametrize("kept", [(), (1,), (3,), (1, 2, 3)])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_weight_counts_for_every_value_of_its_sample(dtype: str, kept: tuple[int, ...]) -> None:
    values = np.random.default_rng(3).uniform(0, 255, (30, 4, 5, 3)).astype(dtype)
    moments = measure_block(values, kept, (), SOME[:30])
    real = np.moveaxis(values.astype(float), kept, range(-len(kept), 0))
    averaged = tuple(range(4 - len(kept)))
    weights = np.broadcast_to(SOME[:30].reshape(30, 1, 1, 1), values.shape)
    weights = np.moveaxis(weights, kept, range(-len(kept), 0))
    expected = np.average(real, axis=averaged, weights=weights)
    np.testing.assert_allclose(moments.mean.reshape(expected.shape), expected, rtol=1e-14)
    variance = np.average((real - expected) ** 2, axis=averaged, weights=weights)
    np.testing.assert_allclose(moments.variance().reshape(expected.shape), variance, rtol=1e-12)
    assert moments.count.sum() == values.size


@settings(max_examples=examples(40))
@given(st.data())
def test_merging_any_parts_gives_the_same_as_all_at_once(data: st.DataObject) -> None:
    parts = data.draw(partitions(60))
    scale = data.draw(st.sampled_from([1.0, 1e6]))
    values, weights = VALUES[:60] + scale, np.where(SOME[:60] < 0.2, 0, SOME[:60])
    whole = measure_block(values, (1,), (), weights)
    found = merge_all([measure_block(values[part], (1,), (), weights[part]) for part in parts], halve=True)
    np.testing.assert_allclose(found.mean, whole.mean, rtol=1e-14)
    np.testing.assert_allclose(found.variance(1), whole.variance(1), rtol=1e-10)
    np.testing.assert_array_equal(found.count, whole.count)
    np.testing.assert_array_equal(found.min, whole.min)
    none = Moments.identity((4,))
    assert_same_bits(none.merge(whole), whole)
    assert_same_bits(whole.merge(none), whole)


@settings(max_examples=examples(40))
@given(st.floats(1e-100, 1e100))
def test_weights_times_any_number_give_the_same_mean_and_variance(factor: float) -> None:
    plain, scaled = (measure_block(VALUES, (1,), (), weights) for weights in (SOME, SOME * factor))
    for ddof in (0, 1):
        np.testing.assert_allclose(scaled.variance(ddof), plain.variance(ddof), rtol=1e-12)
    np.testing.assert_allclose(scaled.mean, plain.mean, rtol=1e-14)


@pytest.mark.parametrize("ddof", [0, 1, 2])
@pytest.mark.parametrize("count", [1, 2, 200])
def test_weights_of_one_are_no_weights(count: int, ddof: int) -> None:
    values = VALUES[:count]
    plain, weighted = Moments.from_block(values, (1,)), measure_block(values, (1,), (), np.ones(count))
    np.testing.assert_allclose(weighted.mean, plain.mean, rtol=1e-15)
    np.testing.assert_allclose(weighted.variance(ddof), plain.variance(ddof), rtol=1e-12)
    assert plain.weights is None


def test_a_part_without_weights_has_the_weight_one() -> None:
    mixed = Moments.from_block(VALUES[:50], (1,)).merge(measure_block(VALUES[50:], (1,), (), SOME[50:]))
    whole = measure_block(VALUES, (1,), (), np.concatenate([np.ones(50), SOME[50:]]))
    np.testing.assert_allclose(mixed.mean, whole.mean, rtol=1e-14)
    np.testing.assert_allclose(mixed.variance(1), whole.variance(1), rtol=1e-12)


def test_a_sample_of_weight_0_is_neither_counted_nor_missing() -> None:
    weights = np.array([1.0, 0.0, 2.0])
    moments = measure_block(np.array([[1.0, 2], [-99, 99], [4, np.nan]]), (1,), (), weights)
    assert moments.count.tolist() == [2, 1]
    assert moments.missing.tolist() == [0, 1]
    assert (moments.min.tolist(), moments.max.tolist()) == ([1, 2], [4, 2])
    assert moments.mean.tolist() == [3, 2]
    assert moments.variance(1).tolist() == [pytest.approx(6 / (3 - 5 / 3)), 0]
    none = measure_block(np.ones((2, 2)), (1,), (), np.zeros(2))
    assert_same_bits(none.merge(moments), moments)


def test_missing_codes_and_constants_are_as_without_weights() -> None:
    values = np.array([[7, 3], [1, 3], [2, 3]], np.uint8)
    moments = measure_block(values, (1,), (7,), np.array([5.0, 0.1, 0.3]))
    assert moments.count.tolist() == [2, 3]
    assert moments.constant().tolist() == [False, True]
    assert moments.find_scale()[1] == 1
    assert moments.integer_sums is None


def test_large_blocks_are_measured_in_pieces() -> None:
    values = np.random.default_rng(4).normal(1e3, 1, (MAX_AT_ONCE // 2 + 999, 3))
    weights = np.random.default_rng(5).random(len(values))
    moments = measure_block(values, (1,), (), weights)
    np.testing.assert_allclose(moments.mean, np.average(values, axis=0, weights=weights), rtol=1e-13)
    expected = np.average((values - moments.mean) ** 2, axis=0, weights=weights)
    np.testing.assert_allclose(moments.variance(), expected, rtol=1e-12)


def test_weights_are_kept_by_whatever_changes_moments() -> None:
    moments = measure_block(VALUES, (1,), (), SOME)
    total = weights_of(moments).total
    shift, scale = np.full(4, 3.0), np.full(4, 2.0)
    expected = measure_block((VALUES - 3) / 2, (1,), (), SOME)
    for changed in (moments.transform(shift, scale), moments.unpack(0.5, -1.5)):
        np.testing.assert_array_equal(weights_of(changed).total, total)
        np.testing.assert_allclose(changed.std(1), expected.std(1), rtol=1e-12)
    assert weights_of(moments.select([2, 0])).total.tolist() == total[[2, 0]].tolist()
    assert weights_of(moments.reshape((2, 2))).squares.shape == (2, 2)
    stacked = Moments.stack([moments, moments.divide(2)])
    assert weights_of(stacked).total.shape == (2, 4)
    assert_same_bits(stacked.unstack()[0], moments)
    assert "weight" in moments.to_columns()


def test_weights_whose_squares_do_not_fit_are_found() -> None:
    for weights in ([1e200, 1e200], [1e-200, 1e-200]):
        assert weights_of(measure_block(VALUES[:2], (1,), (), np.array(weights))).find_impossible().all()
    assert not weights_of(measure_block(VALUES, (1,), (), SOME)).find_impossible().any()


def test_the_arrays_of_a_stats_file_give_back_the_same_bits() -> None:
    moments = measure_block(VALUES, (1,), (), SOME).merge(measure_block(VALUES - 1, (1,), (), SOME))
    arrays = moments.to_document()
    assert set(WEIGHTS) <= set(arrays)
    assert_same_bits(Moments.from_document(arrays, Population((4,), 400)), moments)


def change(field: str, factor: float) -> dict[str, NDArray[Any]]:
    arrays = measure_block(VALUES, (1,), (), SOME).to_document()
    return arrays | {field: arrays[field] * factor}


@pytest.mark.parametrize(
    ("field", "factor", "wrong"),
    [
        ("weight_sum", 0, "weight_sum"),
        ("weight_sum", np.nan, "weight_sum"),
        ("weight_sum", -1, "weight_sum"),
        ("weight_squares", 0, "weight_squares"),
        ("weight_squares", np.inf, "weight_squares"),
        ("weight_squares", 300, "weight_squares"),
        ("weight_squares", 1e-2, "weight_squares"),
        ("weight_sum", 1.1, "std"),
        ("var", 1.1, "var"),
    ],
)
def test_sums_of_weights_that_are_not_possible_are_refused(field: str, factor: float, wrong: str) -> None:
    with pytest.raises(FieldError) as caught:
        Moments.from_document(change(field, factor), Population((4,), 200))
    assert caught.value.field == wrong


@pytest.mark.parametrize("field", WEIGHTS)
def test_one_sum_of_weights_without_the_other_is_refused(field: str) -> None:
    arrays = change("mean", 1)
    del arrays[field]
    with pytest.raises(FieldError) as caught:
        Moments.from_document(arrays, Population((4,), 200))
    assert caught.value.field == field


def test_sums_of_integers_beside_weights_are_refused() -> None:
    integers = np.arange(6).astype(np.uint8).reshape(3, 2)
    arrays = Moments.from_block(integers, (1,)).to_document()
    arrays |= measure_block(integers, (1,), (), np.ones(3)).to_document()
    with pytest.raises(FieldError, match="is weighted"):
        Moments.from_document(arrays, Population((2,), 3))


def test_an_accumulator_takes_the_weights_of_each_block() -> None:
    running = Accumulator((1,))
    assert not running.add_block(VALUES[:99], None, SOME[:99])
    assert not running.add_block(VALUES[99:], None, np.where(SOME[99:] < 0.1, 0, SOME[99:]))
    moments, _ = running.finish()
    expected = np.average(VALUES, axis=0, weights=np.where((SOME < 0.1) & (np.arange(200) >= 99), 0, SOME))
    np.testing.assert_allclose(moments.mean, expected, rtol=1e-14)
