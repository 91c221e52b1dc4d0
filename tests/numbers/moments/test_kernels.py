"""The kernels, each compared with exact arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tests.bits import SMALL as SMALL_DTYPES
from tests.bits import draw_values
from zm_cli.numbers.moments import exact as exact_sums
from zm_cli.numbers.moments.exact import ExactSums, sum_counts
from zm_cli.numbers.moments.kernels import sum_rows
from zm_cli.numbers.sums import ColumnMoments, two_sum

SEED = 5
SMALL = tuple(dtype for dtype in SMALL_DTYPES if dtype != "bool")
SHAPES = [(1, 1), (1, 70000), (7, 3), (300, 5), (70000, 1), (5000, 3), (600, 2100)]


def draw(dtype: str, shape: tuple[int, int]) -> np.ndarray:
    """Values over the whole range of a dtype; in the first column its extremes, whose sums would overflow first."""
    info, values = np.iinfo(dtype), draw_values(dtype, shape, SEED)
    values[: len(values) // 2, 0] = info.min
    values[len(values) // 2 :, 0] = info.max
    return values


def plain(rows: np.ndarray, column: int) -> tuple[int, Fraction, Fraction]:
    """Count, mean and sum of squared deviations of a column, in whole numbers and fractions."""
    numbers = [int(number) for number in rows[:, column]]
    total = sum(numbers)
    squares = sum(number * number for number in numbers)
    return len(numbers), Fraction(total, len(numbers)), squares - Fraction(total * total, len(numbers))


def assert_plain(sums: ColumnMoments, rows: np.ndarray) -> None:
    for column in {0, rows.shape[1] // 2, rows.shape[1] - 1}:
        count, mean, m2 = plain(rows, column)
        assert sums.count[column] == count
        # The distance from the nearest integer is rounded, and its sum with it; m2 is rounded twice.
        assert sums.mean[column] == pytest.approx(float(mean), rel=2.3e-16, abs=1.2e-16)
        assert sums.m2[column] == pytest.approx(float(m2), rel=4e-16, abs=0)
        assert (sums.min[column], sums.max[column]) == (rows[:, column].min(), rows[:, column].max())
        assert sums.missing[column] == 0


@pytest.mark.parametrize("dtype", SMALL)
@pytest.mark.parametrize("shape", SHAPES)
def test_small_integers_are_summed_exactly(dtype: str, shape: tuple[int, int]) -> None:
    rows = draw(dtype, shape)
    assert_plain(sum_rows(rows), rows)


@pytest.mark.parametrize("dtype", SMALL)
def test_the_sums_do_not_depend_on_how_rows_are_grouped(dtype: str) -> None:
    rows = draw(dtype, (999, 130))
    exact = ExactSums(130, rows.dtype)
    for start, stop in ((0, 1), (1, 500), (500, 500), (500, 999)):
        if stop > start:
            assert not exact.add(rows[start:stop])
    once, grouped = sum_rows(rows), exact.finish()
    for field in ("count", "mean", "tail", "m2", "min", "max", "missing"):
        np.testing.assert_array_equal(getattr(once, field), getattr(grouped, field), err_msg=field)


def test_more_rows_than_64_bits_can_hold_the_squares_of_are_not_added(monkeypatch: pytest.MonkeyPatch) -> None:
    assert exact_sums.MAX_ROWS * 65535**2 < 2**63
    monkeypatch.setattr(exact_sums, "MAX_ROWS", 3)
    exact = ExactSums(1, np.dtype(np.uint16))
    exact.add(np.ones((2, 1), np.uint16))
    exact.add(np.ones((1, 1), np.uint16))
    with pytest.raises(AssertionError):
        exact.add(np.ones((1, 1), np.uint16))


def test_missing_codes_are_left_out_of_running_sums() -> None:
    exact = ExactSums(2, np.dtype(np.uint8))
    assert not exact.add(np.array([[1, 2]], np.uint8), (9, 8))
    assert exact.add(np.array([[3, 9], [8, 6]], np.uint8), (9, 8))
    sums = exact.finish()
    assert sums.count.tolist() == [2, 2]
    assert sums.missing.tolist() == [1, 1]
    assert sums.mean.tolist() == [2, 4]
    assert sums.m2.tolist() == [2, 8]
    assert (sums.min.tolist(), sums.max.tolist()) == ([1, 2], [3, 6])


@pytest.mark.parametrize("dtype", [*SMALL, "int32", "uint32", "int64", "uint64"])
@pytest.mark.parametrize("width", [1, 5, 2100])
def test_integers_are_summed_exactly_without_missing_codes(dtype: str, width: int) -> None:
    # Integers of 64 bits are exact as long as they lie within 32 bits of each other.
    base = 2**62 if dtype.endswith("64") else np.iinfo(dtype).max - 100
    rows = (np.random.default_rng(SEED).integers(0, 100, (700, width)) + base).astype(dtype)
    missing_codes = (base + 7, base, np.iinfo(dtype).min, 0.5, np.nan)
    rows[::9, 0] = np.iinfo(dtype).min
    rows[:, -1] = base if width > 1 else rows[:, -1]
    sums = sum_rows(rows, missing_codes)
    column = rows[:, 0]
    kept = column[~np.isin(column, np.array([base, base + 7, np.iinfo(dtype).min]).astype(dtype))]
    count, mean, m2 = plain(kept.reshape(-1, 1), 0)
    assert (sums.count[0], sums.missing[0]) == (count, 700 - count)
    assert sums.mean[0] == pytest.approx(float(mean), rel=2.3e-16)
    assert sums.m2[0] == pytest.approx(float(m2), rel=1e-13)
    assert (sums.min[0], sums.max[0]) == (float(kept.min()), float(kept.max()))
    if width > 1:
        nothing = (sums.count[-1], sums.mean[-1], sums.m2[-1], sums.min[-1], sums.max[-1], sums.tail[-1])
        assert nothing == (0, 0, 0, np.inf, -np.inf, 0)


def test_integers_further_apart_than_32_bits_are_summed_without_missing_codes() -> None:
    rows = np.array([[0], [2**40], [2**41], [-(2**63)]])
    sums = sum_rows(rows, (-(2**63),))
    assert (sums.count[0], sums.missing[0], sums.mean[0]) == (3, 1, 2**40)
    assert (sums.min[0], sums.max[0], sums.m2[0]) == (0, 2**41, 2 * 2.0**80)


@pytest.mark.parametrize("ignore", [None, 0, 7, 255, 7.5, -1])
def test_counts_give_the_moments_of_the_values(ignore: float | None) -> None:
    values = np.random.default_rng(SEED).integers(0, 10, (4000, 2)).astype(np.uint8)
    counts = np.array([np.bincount(column, minlength=256) for column in values.T])
    sums = sum_counts(counts, () if ignore is None else (ignore,))
    for column in range(2):
        kept = values[:, column][values[:, column] != ignore].reshape(-1, 1)
        count, mean, m2 = plain(kept, 0)
        assert (sums.count[column], sums.missing[column]) == (count, len(values) - count)
        assert sums.mean[column] == pytest.approx(float(mean), rel=2.3e-16)
        assert sums.m2[column] == pytest.approx(float(m2), rel=4e-16)
        assert (sums.min[column], sums.max[column]) == (kept.min(), kept.max())


def test_counts_of_nothing_are_the_moments_of_nothing() -> None:
    counts = np.zeros((1, 256), np.int64)
    counts[0, 4] = 10
    sums = sum_counts(counts, (4, 5))
    assert (sums.count[0], sums.missing[0], sums.mean[0], sums.m2[0]) == (0, 10, 0, 0)
    assert (sums.min[0], sums.max[0]) == (np.inf, -np.inf)


def test_two_sum_drops_nothing() -> None:
    rng = np.random.default_rng(SEED)
    a, b = rng.normal(size=1000) * 1e10, rng.normal(size=1000)
    total, rest = two_sum(a, b)
    for left, right, rounded, dropped in zip(a, b, total, rest, strict=True):
        assert Fraction(left) + Fraction(right) == Fraction(rounded) + Fraction(dropped)


def test_counts_of_a_hundred_million_photographs_are_summed_exactly() -> None:
    counts = np.array([[10**16, 3 * 10**16 + 1, 7]])
    sums = sum_counts(counts)
    total, square, count = 3 * 10**16 + 1 + 14, 3 * 10**16 + 1 + 28, 4 * 10**16 + 8
    assert sums.mean[0] == float(Fraction(total, count))
    assert sums.m2[0] == pytest.approx(float(square - Fraction(total * total, count)), rel=1e-15)
