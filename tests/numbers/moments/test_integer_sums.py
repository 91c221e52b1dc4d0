"""Sums of 8- and 16-bit integers: merging gives the same bits for any parts in any order, and nothing overflows."""

from __future__ import annotations

import pickle
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bits import SMALL, assert_same_bits, draw_integers, make_moments, merge_all, partitions
from tests.systems import examples
from zm_cli.numbers.accumulate import Accumulator
from zm_cli.numbers.moments.exact import sum_counts
from zm_cli.numbers.moments.integer_sums import MAX_TOTAL, IntegerSums
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.stored import find_unit_divisor

SAMPLES = 12


@settings(deadline=None, max_examples=examples(200))
@given(
    dtype=st.sampled_from(SMALL),
    kept=st.sampled_from([(), (1,), (3,), (1, 2, 3)]),
    missing_codes=st.sampled_from([(), (0.0,), (1.0, 127.0)]),
    unit=st.booleans(),
    halve=st.booleans(),
    parts=partitions(SAMPLES),
    seed=st.integers(0, 99),
)
def test_any_parts_in_any_order_have_the_bits_of_the_whole(
    dtype: str,
    kept: tuple[int, ...],
    missing_codes: tuple[float, ...],
    unit: bool,
    halve: bool,
    parts: list[slice],
    seed: int,
) -> None:
    values = draw_integers(dtype, (SAMPLES, 3, 2, 4), seed)
    # Bits are read as bytes.
    divisor = find_unit_divisor(np.dtype("uint8" if dtype == "bool" else dtype)) if unit else 1.0
    whole = Moments.from_block(values, kept, missing_codes).divide(divisor)
    found = [Moments.from_block(values[part], kept, missing_codes).divide(divisor) for part in parts]
    assert_same_bits(merge_all(found, halve=halve), whole)


@pytest.mark.parametrize("dtype", SMALL)
@pytest.mark.parametrize("kept", [(), (1,), (3,), (1, 2, 3)])
def test_an_accumulator_gives_the_bits_of_the_whole(dtype: str, kept: tuple[int, ...]) -> None:
    values = draw_integers(dtype, (9, 4, 5, 3), seed=2)
    groups = []
    for group in (values[:4], values[4:]):
        running = Accumulator(kept, (1.0,))
        for block in np.split(group, [1, 1, 3]):
            running.add_block(block)
        groups.append(running.finish()[0])
    whole = Moments.from_block(values, kept, (1.0,))
    assert_same_bits(groups[0].merge(groups[1]), whole)
    assert_same_bits(groups[1].merge(groups[0]), whole)


def test_counts_give_the_bits_of_the_values() -> None:
    values = draw_integers("uint8", (500, 3), seed=3)
    counts = [np.array([np.bincount(column, minlength=256) for column in part.T]) for part in (values[:100], values)]
    whole = Moments.from_block(values, (1,), (7.0,))
    assert_same_bits(Moments.from_counts(counts[1], (7.0,)), whole)
    counted = Moments.from_counts(counts[0], (7.0,))
    assert_same_bits(Moments.from_block(values[100:], (1,), (7.0,)).merge(counted), whole)


def test_features_whose_values_are_scattered_keep_their_sums() -> None:
    values = draw_integers("int16", (4, 3, 64, 64), seed=4)
    whole = Moments.from_block(values, (1,))
    assert whole.integer_sums is not None
    assert whole.integer_sums.total.tolist() == values.sum(axis=(0, 2, 3), dtype=np.int64).tolist()
    parts = [Moments.from_block(part, (1,)) for part in (values[3:], values[:3])]
    assert_same_bits(parts[0].merge(parts[1]), whole)


def test_selected_and_reshaped_moments_keep_their_sums() -> None:
    values = draw_integers("uint16", (6, 4), seed=5)
    moments = Moments.from_block(values, (1,))
    assert_same_bits(moments.select([2, 0]), Moments.from_block(values[:, [2, 0]], (1,)))
    assert_same_bits(moments.reshape((2, 2)), Moments.from_block(values.reshape(6, 2, 2), (1, 2)))


def test_sums_are_pickled() -> None:
    moments = Moments.from_block(draw_integers("uint8", (6, 4), seed=6), (1,)).divide(255.0)
    assert_same_bits(pickle.loads(pickle.dumps(moments)), moments)


@pytest.mark.parametrize("divisor", [1.0, 255.0])
def test_a_side_without_values_changes_no_bit(divisor: float) -> None:
    values = draw_integers("uint8", (6, 4), seed=7)
    moments = Moments.from_block(values, (1,)).divide(divisor)
    missing_codes = Moments.from_block(np.zeros((2, 4), np.uint8), (1,), (0.0,))
    for none in (
        Moments.identity((4,)),
        missing_codes,
        missing_codes.divide(65535.0),
        replace(missing_codes, integer_sums=None),
    ):
        expected = replace(moments, missing=moments.missing + none.missing)
        assert_same_bits(moments.merge(none), expected)
        assert_same_bits(none.merge(moments), expected)
        assert_same_bits(none.merge(Moments.identity((4,))), none)
        assert_same_bits(Moments.identity((4,)).merge(none), none)


def test_a_side_without_values_gives_other_data_no_sums() -> None:
    floats = Moments.from_block(np.array([[1.5], [2.0]]), (1,))
    none = Moments.from_block(np.zeros((2, 1), np.uint8), (1,), (0.0,))
    for merged in (floats.merge(none), none.merge(floats)):
        assert merged.integer_sums is None
        assert merged.mean.item() == 1.75


@pytest.mark.parametrize("other", [Moments.from_block(np.array([2.5, 3.5]), ()), Moments.from_block(np.arange(4), ())])
def test_data_of_which_one_part_is_of_another_type_have_no_sums(other: Moments) -> None:
    integers = Moments.from_block(np.arange(5, dtype=np.uint8), ())
    for merged in (integers.merge(other), other.merge(integers)):
        assert merged.integer_sums is None
        assert merged.count.item() == 5 + other.count.item()


def test_differently_divided_parts_have_no_sums() -> None:
    integers = Moments.from_block(np.arange(5, dtype=np.uint8), ())
    merged = integers.divide(255.0).merge(integers)
    assert merged.integer_sums is None
    assert merged.mean.item() == pytest.approx((10 + 10 / 255) / 10, rel=1e-15)


@pytest.mark.parametrize(
    ("shift", "scale", "divisor"),
    [
        ([0.0, 0.0], [1.0, 1.0], 1.0),
        ([0.0, 0.0], [255.0, 255.0], 255.0),
        ([0.0, 0.0], [32767.0, 32767.0], 32767.0),
        ([0.0, 0.0], [255.0, 1.0], None),
        ([0.0, 0.0], [3.0, 3.0], None),
        ([0.0, 1.0], [1.0, 1.0], None),
    ],
)
def test_sums_survive_a_division_by_a_units_divisor_alone(
    shift: list[float], scale: list[float], divisor: float | None
) -> None:
    moments = Moments.from_block(draw_integers("int8", (6, 2), seed=8), (1,))
    made = moments.transform(np.array(shift), np.array(scale)).integer_sums
    assert divisor == (None if made is None else made.divisor)


def test_sums_that_are_divided_are_not_divided_again() -> None:
    moments = Moments.from_block(draw_integers("int8", (6, 2), seed=8), (1,)).divide(127.0)
    assert moments.divide(127.0).integer_sums is None
    assert_same_bits(moments.divide(1.0), moments)


def test_unpacked_values_keep_sums_only_where_they_are_the_stored_ones() -> None:
    moments = Moments.from_block(draw_integers("int16", (6, 2), seed=9), (1,))
    assert_same_bits(moments.unpack(1.0, 0.0), moments)
    assert moments.unpack(0.5, 0.0).integer_sums is None
    assert moments.unpack(1.0, 3.0).integer_sums is None


def repeat(values: dict[int, int]) -> tuple[np.ndarray, IntegerSums, Fraction]:
    """The number of values, their sums, and the exact m2, from how often each value occurs."""
    count = sum(values.values())
    total = sum(value * often for value, often in values.items())
    squares = sum(value * value * often for value, often in values.items())
    wide: list[Any] = [np.array([number], dtype=object) for number in (total, squares)]
    sums = IntegerSums.from_unbounded(*wide)
    assert sums is not None
    return np.array([count]), sums, squares - Fraction(total * total, count)


@settings(max_examples=examples(200))
@given(
    st.dictionaries(st.integers(-(2**15), 2**16 - 1), st.integers(1, 2**42), min_size=1, max_size=6),
    st.dictionaries(st.integers(2**15, 2**16 - 1), st.integers(2**31, 2**42), min_size=1, max_size=6),
)
def test_squares_beyond_64_bits_are_exact(one: dict[int, int], other: dict[int, int]) -> None:
    both = {value: one.get(value, 0) + other.get(value, 0) for value in one | other}
    (_, left, _), (_, right, _), (count, whole, m2) = map(repeat, (one, other, both))
    for merged in (left.merge(right), right.merge(left)):
        assert merged is not None
        assert (merged.total, merged.squares, merged.squares_high) == (whole.total, whole.squares, whole.squares_high)
        assert 0 <= merged.squares < 2**62
        assert merged.find_squares()[0] == sum(value * value * often for value, often in both.items())
        mean, tail, found = merged.derive(count)
        exact = Fraction(int(whole.total[0]), int(count[0]))
        assert float(abs(Fraction(mean[0]) + Fraction(tail[0]) - exact)) < 1e-16
        assert found[0] == pytest.approx(float(m2), rel=1e-15)


def test_features_of_one_array_overflow_by_themselves() -> None:
    counts = [{255: 2**46, 0: 3}, {1: 5}, {65535: 2**44, 9: 2**44}]
    repeated = [repeat(values) for values in counts]
    sums = IntegerSums.combine([sums for _, sums, _ in repeated], np.concatenate)
    assert sums is not None
    assert (sums.squares_high > 0).tolist() == [False, False, True]
    count = np.concatenate([count for count, _, _ in repeated])
    for index, (number, alone, _) in enumerate(repeated):
        for array, single in zip(sums.derive(count), alone.derive(number), strict=True):
            assert array[index] == single[0]


@pytest.mark.parametrize("sign", [1, -1])
def test_sums_that_64_bits_cannot_hold_are_given_up(sign: int) -> None:
    often = MAX_TOTAL // 2**15
    count, sums, _ = repeat({sign * 2**15: often})
    ends = np.array([sign * 2.0**15])
    moments = make_moments(count, sums, ends)
    merged = moments.merge(moments)
    assert merged.integer_sums is None
    assert (merged.count.item(), merged.mean.item(), merged.m2.item()) == (2 * often, sign * 2.0**15, 0)
    assert merged.merge(moments).mean.item() == sign * 2.0**15


def test_counts_whose_sums_64_bits_cannot_hold_are_summed_without() -> None:
    counts = np.zeros((1, 256), np.int64)
    counts[0, 255] = MAX_TOTAL // 255 + 1
    assert sum_counts(counts).integer_sums is None
    assert sum_counts(counts).mean.item() == 255
    counts[0, 255] -= 1
    assert sum_counts(counts).integer_sums is not None


def test_the_arrays_of_a_stats_file_leave_out_high_squares_of_zero() -> None:
    _, small, _ = repeat({255: 2**45})
    _, large, _ = repeat({65535: 2**45})
    assert list(small.to_document()) == ["sum", "squares"]
    assert list(large.to_document()) == ["sum", "squares", "squares_high"]
    document = large.to_document()
    assert int(document["squares"][0]) + int(document["squares_high"][0]) * 2**62 == 65535**2 * 2**45
