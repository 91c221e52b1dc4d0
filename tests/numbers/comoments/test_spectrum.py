"""Spectrum: compared with NumPy; features of very different scales, and directions without variance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from zm_cli.numbers.comoments.comoments import CoMoments
from zm_cli.numbers.comoments.conditioning import measure_conditioning
from zm_cli.numbers.comoments.spectrum import Spectrum, find_spectrum
from zm_cli.numbers.statistic import FieldError

SEED = 20261206


def find(values: NDArray[Any]) -> Spectrum:
    return find_spectrum(CoMoments.from_block(values, (1,)))


def mix(samples: int, features: int, seed: int = SEED) -> NDArray[np.float64]:
    """Values of correlated features, shape (samples, features)."""
    random = np.random.default_rng(seed)
    return random.normal(3, 2, (samples, features)) @ random.normal(0, 1, (features, features))


@settings(deadline=None)
@given(st.integers(1, 12), st.integers(20, 200), st.integers(0, 2**32))
def test_variances_and_directions_are_those_of_the_covariance(features: int, samples: int, seed: int) -> None:
    values = mix(samples, features, seed)
    found = find(values)
    covariance = np.atleast_2d(np.cov(values.T, ddof=0))
    expected = np.linalg.eigvalsh(covariance)[::-1]
    np.testing.assert_allclose(found.variances, expected, rtol=1e-9, atol=1e-12 * expected[0])
    np.testing.assert_allclose(found.directions @ found.directions.T, np.eye(features), atol=1e-12)
    spread = found.directions @ covariance @ found.directions.T
    np.testing.assert_allclose(spread, np.diag(found.variances), atol=1e-12 * expected[0])
    largest = np.abs(found.directions).argmax(axis=1)
    assert (found.directions[np.arange(features), largest] > 0).all()
    assert not found.constant.any()
    assert found.dependent == 0


def test_features_of_very_different_scales_all_count_and_keep_their_digits() -> None:
    values = np.random.default_rng(SEED).normal(0, 1, (500, 4))
    # The variances differ by 10**18, more than what float64 can tell apart in one matrix.
    scales = np.array([1e-4, 1e5, 1.0, 1e3])
    found = find(values * scales)
    assert len(found.variances) == 4
    # The directions of the smaller variances are those of what is left of the features without the larger ones.
    left = values[:, [1, 3, 2, 0]] - values[:, [1, 3, 2, 0]].mean(axis=0)
    _, triangle = np.linalg.qr(left)
    expected = (np.diag(triangle) * scales[[1, 3, 2, 0]]) ** 2 / len(values)
    np.testing.assert_allclose(found.variances, expected, rtol=1e-5)


@pytest.mark.parametrize("samples", [10, 1000, 100_000])
@pytest.mark.parametrize("size", [1.0, 1e6, 1e-6])
def test_what_follows_from_other_features_is_no_direction(samples: int, size: float) -> None:
    values = mix(samples, 3) * [1, size, 1]
    sums = np.column_stack([values, values @ [0.3, 0.1, 7.0], values[:, 1] * 3 - 5])
    found = find(sums)
    assert len(found.variances) == 3
    assert found.dependent == 2
    # By size, the first and third feature are next to nothing in sums with a very large one.
    assert found.involved.all() or size == 1e6


def test_the_features_that_follow_from_one_another_are_told_from_others() -> None:
    values = mix(300, 4)
    found = find(np.column_stack([values, values[:, 0] + values[:, 2]]))
    assert found.involved.tolist() == [True, False, True, False, True]


def test_few_samples_have_fewer_directions() -> None:
    found = find(mix(5, 9))
    assert len(found.variances) == 4
    assert found.dependent == 5


def test_constant_features_and_those_without_values_are_found() -> None:
    values = np.column_stack([mix(50, 2), np.full(50, 0.1), np.full(50, np.nan)])
    found = find(values)
    assert found.constant.tolist() == [False, False, True, True]
    assert found.absent.tolist() == [False, False, False, True]
    assert found.directions.shape == (2, 4)
    assert not found.directions[:, 2:].any()
    assert find(np.full((5, 3), 0.1)).directions.shape == (0, 3)


def test_covariances_beyond_float64_are_refused() -> None:
    with pytest.raises(ValueError, match="not finite"):
        find(mix(50, 2) * [1e160, 1])


IMPOSSIBLE = CoMoments(
    100, np.zeros(3), np.zeros(3), 100 * np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]), np.ones(3, np.bool_)
)


@pytest.mark.parametrize("use", [find_spectrum, measure_conditioning])
def test_comoments_that_no_data_can_have_are_damaged(use: Callable[[CoMoments], object]) -> None:
    with pytest.raises(FieldError, match="is not positive semidefinite, so no data can have it") as caught:
        use(IMPOSSIBLE)
    assert caught.value.field == "covariance.comoment"


@pytest.mark.parametrize("ratio", [1e2, 1e6, 1e12, 1e18, 1e23])
def test_values_are_white_and_restored_however_far_the_scales_are_apart(ratio: float) -> None:
    values = mix(400, 5) * np.geomspace(1 / np.sqrt(ratio), np.sqrt(ratio), 5)
    found = find(values)
    centered, std = values - values.mean(axis=0), np.sqrt(found.variances)
    white = centered @ (found.projections / std[:, None]).T
    # The correlation matrix of the mixed features has a condition number of 1e4.
    np.testing.assert_allclose(white.T @ white / len(values), np.eye(5), atol=1e-11)
    np.testing.assert_allclose(
        (white * std) @ found.loadings / values.std(axis=0), centered / values.std(axis=0), atol=1e-11
    )
    np.testing.assert_allclose(found.projections[0], found.directions[0], atol=1e-15)


def test_scales_that_no_float_can_hold_together_are_refused() -> None:
    with pytest.raises(ValueError, match="standard deviations of the features differ by more than 1e\\+24"):
        find(mix(100, 2) * np.array([1e-15, 1e15]))
