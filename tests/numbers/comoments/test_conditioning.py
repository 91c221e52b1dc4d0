"""Conditioning: compared with NumPy on known datasets, and with the steps of gradient descent."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import datasets

from zm_cli.numbers.comoments.comoments import CoMoments
from zm_cli.numbers.comoments.conditioning import Conditioning, count_steps, find_correlated, measure_conditioning

Matrix = NDArray[np.float64]


def find(values: Matrix) -> Conditioning:
    return measure_conditioning(CoMoments.from_block(values, (1,)))


@pytest.mark.parametrize(
    ("name", "raw", "centered", "standardized"),
    [
        ("iris", 2592.0, 177.4, 140.9),
        ("wine", 8.043e7, 1.209e7, 45.52),
        ("breast_cancer", 2.206e12, 6.322e11, 9.983e4),
    ],
)
def test_known_datasets_have_the_condition_numbers_that_numpy_finds(
    name: str, raw: float, centered: float, standardized: float
) -> None:
    values = getattr(datasets, f"load_{name}")().data
    found = find(values)
    above = values - values.mean(axis=0)
    for number, inputs, known in (
        (found.raw, values, raw),
        (found.centered, above, centered),
        (found.standardized, above / values.std(axis=0), standardized),
    ):
        expected = np.linalg.cond(inputs.T @ inputs / len(inputs))
        # The smallest eigenvalue is right to eps times the largest.
        assert number == pytest.approx(expected, rel=1e-12 + 10 * np.finfo(float).eps * expected)
        assert number == pytest.approx(known, rel=1e-3)
    assert found.dependent == 0


def test_constant_features_are_left_out_of_what_they_do_not_vary_in() -> None:
    values = datasets.load_iris().data
    wide = np.column_stack([values, np.full(len(values), 3.0), np.zeros(len(values))])
    found, expected = find(wide), find(values)
    assert (found.centered, found.standardized) == pytest.approx((expected.centered, expected.standardized))
    assert found.involved == expected.involved == ()
    assert found.raw == pytest.approx(np.linalg.cond(wide[:, :5].T @ wide[:, :5]), rel=1e-9)


@pytest.mark.parametrize("blocks", [1, 200])
def test_features_that_follow_from_others_are_counted_and_the_rest_has_a_number(blocks: int) -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(2000, 4)) * [1, 10, 1e3, 1e-3] + 5
    wide = np.column_stack([values, 3 * values[:, 0] + 2, values[:, 1] - values[:, 2]])
    parts = [CoMoments.from_block(part, (1,)) for part in np.array_split(wide, blocks)]
    whole = CoMoments.identity(6)
    for part in parts:
        whole = whole.merge(part)
    found = measure_conditioning(whole)
    assert (found.dependent, found.centered, found.standardized) == (2, math.inf, math.inf)
    assert found.involved == (0, 1, 2, 4, 5)
    assert 1 < found.standardized_without < 10
    spread = np.linalg.eigvalsh(np.corrcoef(wide.T))
    assert found.standardized_without == pytest.approx(spread[-1] / spread[2], rel=1e-9)
    assert found.limit > 1e14


def test_no_feature_that_varies_has_no_number() -> None:
    found = find(np.ones((5, 2)))
    assert math.isnan(found.centered)
    assert math.isnan(found.standardized)
    assert math.isnan(measure_conditioning(CoMoments.identity(2)).raw)
    assert find(np.arange(5.0).reshape(5, 1)).standardized == 1
    with np.errstate(over="ignore"):
        assert math.isnan(find(np.array([[1e200], [-1e200]])).raw)


@given(st.floats(1.01, 1e4))
def test_gradient_descent_takes_so_many_steps_for_a_digit_from_where_it_goes_slowest(condition: float) -> None:
    values = np.array([1.0, condition])
    steps = count_steps(condition)
    # Both components shrink by the same factor with each step of 2 / (1 + condition).
    shrinks = np.abs(1 - 2 / values.sum() * values)
    assert np.prod(shrinks / shrinks[0]) == pytest.approx(1)
    if steps > 1:
        assert shrinks[0] ** steps == pytest.approx(0.1, rel=1e-9)
    else:
        assert shrinks[0] <= 0.1 * (1 + 1e-9)


def test_steps_of_the_extremes() -> None:
    assert count_steps(1.0) == 1
    assert count_steps(1e12) == pytest.approx(1e12 * math.log(10) / 2)
    assert count_steps(math.inf) == math.inf
    assert math.isnan(count_steps(math.nan))


def test_correlated_pairs_come_the_strongest_first() -> None:
    correlation = np.array([[1, 0.96, -0.99, np.nan], [0.96, 1, 0.95, np.nan], [-0.99, 0.95, 1, np.nan], [np.nan] * 4])
    pairs = find_correlated(correlation)
    assert [tuple(pair) for pair in pairs] == [(0, 2, -0.99), (0, 1, 0.96)]
    assert len(find_correlated(correlation, above=0.9)) == 3
