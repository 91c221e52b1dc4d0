"""Co-moments: compared with NumPy's covariance and correlation, and with exact integers; merging in any partition."""

from __future__ import annotations

import pickle
from functools import reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from threadpoolctl import threadpool_info

from tests.bits import DTYPES, draw_values, partitions
from zm_cli.numbers.comoments import comoments as module
from zm_cli.numbers.comoments.comoments import CoMoments
from zm_cli.numbers.moments.moments import Moments

Matrix = NDArray[np.float64]


def assert_near(found: Matrix, expected: Matrix, relative: float = 1e-12) -> None:
    """Two matrices agree, relative to the square roots of the diagonal."""
    root = np.sqrt(np.abs(expected.diagonal()))
    assert (np.abs(found - expected) <= relative * root[:, None] * root + 1e-300).all()


def tie(rng: np.random.Generator, rows: int, features: int) -> Matrix:
    """Correlated features, each with its own scale and distance from zero."""
    values = rng.normal(size=(rows, features)) @ rng.normal(size=(features, features))
    scale, shift = (10.0 ** rng.integers(-3, 4, features) for _ in range(2))
    return np.asarray(values * scale + shift)


def measure(values: NDArray[Any], kept: tuple[int, ...] = (1,), missing_codes: tuple[float, ...] = ()) -> CoMoments:
    return CoMoments.from_block(values, kept, missing_codes)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kept", [(), (1,), (3,), (1, 3), (1, 2, 3)])
def test_every_dtype_agrees_with_numpy_over_every_choice_of_axes(dtype: str, kept: tuple[int, ...]) -> None:
    values = draw_values(dtype, (9, 4, 5, 3), seed=1)
    found = measure(values, kept)
    features = np.moveaxis(values, kept, range(len(kept))).reshape(len(found.mean), -1).astype(np.float64)
    assert found.count == features.shape[1]
    np.testing.assert_allclose(found.means(), features.mean(axis=1), rtol=0, atol=1e-15 * np.abs(features).max())
    assert_near(found.covariance(), np.atleast_2d(np.cov(features, ddof=0)))
    assert_near(found.covariance(ddof=1), np.atleast_2d(np.cov(features)))
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(found.correlation(), np.atleast_2d(np.corrcoef(features)), atol=1e-12)
    assert_near(found.second_moment(), features @ features.T / features.shape[1])
    np.testing.assert_array_equal(found.comoment, found.comoment.T)


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_integers_that_lie_closer_together_than_float64_can_tell_keep_their_differences(dtype: str) -> None:
    small = np.random.default_rng(2).integers(0, 200, (500, 3))
    for base in (2**62 + 1, 2**63 - 300):
        values = small.astype(dtype) + np.array(base, dtype)
        assert len(np.unique(values.astype(np.float64))) < 10
        parts = [measure(part) for part in np.array_split(values, 7)]
        assert_near(reduce(CoMoments.merge, parts).covariance(), np.cov(small.T, ddof=0))
    whole = np.array([[np.iinfo(dtype).min, 0], [np.iinfo(dtype).max, 1]], dtype)
    assert measure(whole).correlation() == pytest.approx(np.ones((2, 2)))


def test_the_diagonal_is_the_squared_deviations_of_the_moments() -> None:
    values = tie(np.random.default_rng(3), 3000, 6)
    np.testing.assert_allclose(measure(values).comoment.diagonal(), Moments.from_block(values, (1,)).m2, rtol=1e-12)


def test_values_far_from_zero_keep_their_covariance() -> None:
    values = np.random.default_rng(4).normal(size=(2000, 3)) @ np.array([[1, 0.5, 0], [0, 1, 0.2], [0, 0, 1]])
    exact = np.round(values * 2**20) / 2**20
    assert_near(measure(exact + 2.0**30).covariance(), np.cov(exact.T, ddof=0))


@given(st.data(), st.integers(0, 2**32 - 1))
def test_any_partition_gives_the_same_to_a_trillionth(data: st.DataObject, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = tie(rng, 60, 4)
    if data.draw(st.booleans(), label="with missing values"):
        values[rng.random(values.shape) < 0.1] = rng.choice([np.nan, np.inf])
    if data.draw(st.booleans(), label="with a feature that has no values at first"):
        values[: rng.integers(60), 2] = np.nan
    whole = measure(values)
    merged = reduce(CoMoments.merge, [measure(values[part]) for part in data.draw(partitions(60))])
    assert merged.count == whole.count
    np.testing.assert_array_equal(merged.seen, whole.seen)
    np.testing.assert_allclose(merged.means(), whole.means(), rtol=1e-12, atol=1e-12 * np.nanmax(np.abs(whole.mean)))
    assert_near(merged.comoment, whole.comoment)
    np.testing.assert_array_equal(merged.comoment, merged.comoment.T)


def test_nothing_merged_with_something_is_that() -> None:
    some, none = measure(tie(np.random.default_rng(5), 20, 3)), CoMoments.identity(3)
    for merged in (some.merge(none), none.merge(some)):
        assert pickle.dumps(merged) == pickle.dumps(some)
    assert none.merge(none).count == 0
    assert np.isnan(none.means()).all()
    assert np.isnan(none.covariance()).all()


def test_many_merges_do_not_add_up_their_errors() -> None:
    values = tie(np.random.default_rng(6), 20_000, 3)
    merged = reduce(CoMoments.merge, [measure(part) for part in np.array_split(values, 5_000)])
    assert_near(merged.covariance(), measure(values).covariance(), 1e-13)
    np.testing.assert_allclose(merged.mean, values.mean(axis=0), rtol=0, atol=1e-15 * np.abs(values).max())


def test_samples_that_lack_a_value_are_left_out() -> None:
    rng = np.random.default_rng(7)
    values = tie(rng, 200, 3)
    values[rng.random(values.shape) < 0.05] = np.nan
    values[5, 1], values[6, 1] = np.inf, -np.inf
    complete = values[np.isfinite(values).all(axis=1)]
    found = measure(values)
    assert found.count == len(complete) < 200
    assert_near(found.covariance(), np.cov(complete.T, ddof=0))
    whole = rng.integers(0, 5, (200, 3), dtype=np.uint8)
    found = measure(whole, missing_codes=(0.0,))
    assert_near(found.covariance(), np.cov(whole[(whole > 0).all(axis=1)].T, ddof=0))


def test_a_feature_without_a_value_makes_no_sample_incomplete() -> None:
    values = tie(np.random.default_rng(8), 50, 3)
    values[:, 1] = np.nan
    found = measure(values)
    assert found.count == 50
    assert_near(found.select([0, 2]).covariance(), np.cov(values[:, [0, 2]].T, ddof=0))
    assert np.isnan(found.means()).tolist() == [False, True, False]
    assert np.isnan(found.covariance()[1]).all()
    # As soon as it has one, the samples that have none are incomplete.
    assert found.merge(measure(values + 1)).count == 100
    assert found.merge(measure(np.ones((4, 3)))).count == 4
    # Where no feature has a value, no sample is complete.
    assert (found.select([1]).count, measure(values[:, 1:2]).count) == (0, 0)


def test_constant_features_have_no_correlation() -> None:
    values = tie(np.random.default_rng(9), 50, 3)
    values[:, 1] = 0.1
    found = measure(values)
    assert found.constant().tolist() == [False, True, False]
    assert np.isnan(found.correlation()).sum() == 5
    assert found.correlation().diagonal()[[0, 2]].tolist() == [1, 1]


@given(st.integers(0, 2**32 - 1))
def test_transformed_comoments_are_those_of_transformed_values(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, factor, offset = rng.normal(size=(40, 3)), rng.uniform(-5, 5, 3), rng.uniform(-5, 5, 3)
    scaled, expected = measure(values).transform(factor, offset), measure(values * factor + offset)
    np.testing.assert_allclose(scaled.mean, expected.mean, rtol=1e-12, atol=1e-13)
    assert_near(scaled.comoment, expected.comoment)
    np.testing.assert_array_equal(scaled.comoment, scaled.comoment.T)


def test_blocks_longer_than_a_piece_are_measured_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    values = tie(np.random.default_rng(10), 1000, 70)
    for features in (3, 70):
        whole = measure(values[:, :features])
        with monkeypatch.context() as patched:
            patched.setattr(module, "PIECE", 1000)
            patched.setattr(module, "TALL", 7)
            patched.setattr(module, "BAND", 100)
            assert_near(measure(values[:, :features]).comoment, whole.comoment)


def test_bits_do_not_depend_on_the_layout_of_other_samples_in_memory() -> None:
    values = tie(np.random.default_rng(11), 999, 5)
    shifted = np.empty(values.size + 1)[1:].reshape(values.shape)
    shifted[:] = values
    assert pickle.dumps(measure(shifted)) == pickle.dumps(measure(values))


def test_blas_keeps_to_one_thread() -> None:
    measure(np.ones((2, 2)))
    assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} <= {1}


def test_values_too_large_to_square_are_infinite_and_not_an_error() -> None:
    assert np.isinf(measure(np.array([[1e200, 1], [-1e200, 2]])).comoment[0, 0])
