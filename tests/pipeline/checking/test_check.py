"""Checks agree with NumPy, and expect of data what the method has made that is in their receipt."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.made import make_stats, make_transform
from tests.pipeline.checking.tables import table
from zm_cli.data.spec import Spec
from zm_cli.errors import DataError
from zm_cli.methods import methods
from zm_cli.methods.shared.settings import Settings
from zm_cli.outputs.receipt import DONE
from zm_cli.pipeline.checking.check import check_stats
from zm_cli.pipeline.checking.limits import TOLERANCE
from zm_cli.pipeline.checking.making import Goal, Making
from zm_cli.statistics.covariance import Covariance
from zm_cli.statistics.quantiles import Quantiles
from zm_cli.statsfile.stats import Stats

TABLES = hnp.arrays(np.float64, st.tuples(st.integers(1, 8), st.just(2)), elements=st.floats(-50, 50, width=16))


@settings(deadline=None, derandomize=True)
@given(TABLES, st.floats(1e-6, 1))
@example(np.array([[0.0, 1.0], [0.0, 1.0]]), 1e-3)
def test_centered_and_standardized_agree_with_numpy(values: np.ndarray, tolerance: float) -> None:
    mean, std = values.mean(axis=0), values.std(axis=0)
    # With so few simple numbers, a feature is constant only if all its values are equal.
    constant = values.min(axis=0) == values.max(axis=0)
    clear = 1e-9
    shift = np.abs(mean) / np.where(constant, 1, std)
    centered = check_stats("x", table(values), Goal("centered"), tolerance)
    decided = np.abs(shift - tolerance) > clear
    np.testing.assert_array_equal(centered.wrong[decided], (shift > tolerance)[decided])
    standardized = check_stats("x", table(values), Goal("standardized"), tolerance)
    decided = (np.abs(np.abs(mean) - tolerance) > clear) & (np.abs(np.abs(std - 1) - tolerance) > clear)
    wrong = (np.abs(mean) > tolerance) | ((np.abs(std - 1) > tolerance) & ~constant)
    np.testing.assert_array_equal(standardized.wrong[decided], wrong[decided])


def test_a_feature_without_a_value_is_off() -> None:
    found = check_stats("x", table([[-1, np.nan], [1, np.nan]]), Goal("standardized"), TOLERANCE)
    assert [feature["off"] for feature in found.feature_documents()] == [[], ["count"]]


def full(values: Any) -> Stats:
    """The statistics of a table with quantiles and co-moments."""
    array = np.asarray(values, np.float64)
    names = tuple("abcdefgh"[: array.shape[1]])
    more = {each.name: each.from_block(array, (1,)) for each in (Quantiles, Covariance)}
    return replace(table(array, names), statistics=more)


def check_as(stats: Stats, method: str, **given: Any) -> dict[str, Any]:
    """What is off of each feature, by the checks of a method with these settings."""
    made = methods()[method]
    state: Any = DONE[made.command]
    found = check_stats("x", stats, Goal(state), TOLERANCE, Making(made, Settings(**given)))
    return {feature["name"]: feature["off"] for feature in found.feature_documents()}


RANDOM = np.random.default_rng(14)
VALUES = np.column_stack([RANDOM.normal(5, 3, 200), RANDOM.lognormal(1, 1, 200), np.full(200, 0.1 + 0.2)])
UNTOUCHED: dict[str, list[str]] = {"a": [], "b": [], "c": []}


def scale_by_hand(low: Any, high: Any) -> np.ndarray:
    """The values with `low` at 0 and `high` at 1, each of shape (features,); divided by 1 where they are equal."""
    extent = np.where(high - low > 1e-12, high - low, 1.0)
    return np.asarray((VALUES - low) / extent)


def test_minmax_expects_extremes_at_the_ends_of_its_range() -> None:
    made = scale_by_hand(VALUES.min(axis=0), VALUES.max(axis=0))
    assert check_as(full(made), "minmax") == UNTOUCHED
    assert check_as(full(10 * made - 5), "minmax", range=(-5.0, 5.0)) == UNTOUCHED
    # The constant column lies at the lower end, too.
    assert check_as(full(made), "minmax", range=(0.0, 1.01)) == {"a": ["max"], "b": ["max"], "c": []}
    assert check_as(full(made + 0.01), "minmax") == {"a": ["min", "max"], "b": ["min", "max"], "c": ["min"]}
    # The tolerance is in units of the range.
    assert check_as(full(10 * made - 5 + 0.009), "minmax", range=(-5.0, 5.0)) == UNTOUCHED


def test_maxabs_expects_a_largest_magnitude_of_1() -> None:
    values = np.column_stack([VALUES[:, 0], np.zeros(200)])
    made = values / np.where(values.any(axis=0), np.abs(values).max(axis=0), 1)
    assert check_as(full(made), "maxabs") == {"a": [], "b": []}
    assert check_as(full(-made), "maxabs") == {"a": [], "b": []}
    assert check_as(full(0.9 * made), "maxabs") == {"a": ["largest"], "b": []}


def test_robust_expects_a_median_of_0_and_a_spread_of_1() -> None:
    low, middle, high = np.quantile(VALUES, [0.25, 0.5, 0.75], axis=0)
    made = scale_by_hand(low, high) - (middle - low) / np.where(high > low, high - low, 1)
    assert check_as(full(made), "robust") == UNTOUCHED
    assert check_as(full(2 * made), "robust") == {"a": ["spread"], "b": ["spread"], "c": []}
    assert check_as(full(made + 0.1), "robust") == {"a": ["median"], "b": ["median"], "c": ["median"]}
    assert check_as(full(made), "robust", quantiles=(10.0, 90.0))["a"] == ["spread"]


def test_quantile_scaling_expects_quantiles_at_the_ends_of_its_range() -> None:
    made = 2 * scale_by_hand(*np.quantile(VALUES, [0.01, 0.99], axis=0)) - 1
    assert check_as(full(made), "quantile") == UNTOUCHED
    assert check_as(full(made), "quantile", quantiles=(5.0, 95.0))["a"] == ["low", "high"]
    assert check_as(full(0.9 * made), "quantile")["b"] == ["low", "high"]
    # Where the median was filled in, the quantiles move inwards, but not the extremes.
    filled = np.concatenate([made, np.repeat(np.median(made, axis=0, keepdims=True), 20, axis=0)])
    assert check_as(full(filled), "quantile", impute="median") == UNTOUCHED
    assert check_as(full(1.1 * filled), "quantile", impute="median")["b"] == ["low", "high"]
    assert check_as(full(0.3 * filled), "quantile", impute="median")["a"] == ["min", "max"]


def test_clipped_quantiles_expect_extremes_at_the_ends() -> None:
    made = np.clip(2 * scale_by_hand(*np.quantile(VALUES, [0.01, 0.99], axis=0)) - 1, -1, 1)
    assert np.quantile(made, 0.99, axis=0)[0] < 0.999
    assert check_as(full(made), "quantile", clip=True) == UNTOUCHED
    assert check_as(full(0.9 * made), "quantile", clip=True)["a"] == ["min", "max"]
    assert check_as(full(1.1 * made), "quantile", clip=True)["b"] == ["low", "high", "min", "max"]


@pytest.mark.parametrize("method", ["minmax", "maxabs", "robust", "quantile"])
@pytest.mark.parametrize("filling", [-40.0, 5.0, 3000.0, "mean", "median"])
@pytest.mark.parametrize("clip", [False, True])
def test_what_was_filled_in_is_as_it_is_expected(method: str, filling: Any, clip: bool) -> None:
    values = VALUES[:, :2].copy()
    values[::3, 0], values[::7, 1] = np.nan, np.nan
    spec = Spec("csv", "NC", (2,), values.dtype, ("a", "b"))
    transform = make_transform(full(values), spec, np.dtype("f8"), method=method, impute=filling, clip=clip)
    made = transform.apply_values(values)[0]
    assert check_as(full(made), method, impute=filling, clip=clip) == {"a": [], "b": []}
    assert check_as(full(0.001 * made), method, impute=filling, clip=clip)["a"]


def test_values_that_count_as_zeros_are_not_scaled_by_maxabs() -> None:
    values = np.column_stack([np.arange(20) * 1e-20, np.arange(20) / 19])
    assert check_as(full(values), "maxabs") == {"a": [], "b": []}


def test_l2_expects_samples_of_length_1() -> None:
    made = VALUES / np.linalg.norm(VALUES, axis=1, keepdims=True)

    def check(values: Any) -> list[str]:
        together = make_stats(np.asarray(values), "all", axes="NC", kind="csv")
        off: list[str] = check_as(together, "l2")["all"]
        return off

    assert check(made) == []
    assert check(made * 1.01) == ["length"]
    assert check(VALUES) == ["length"]
    # Samples of zeros stay zeros.
    zeros = np.where(np.arange(200)[:, np.newaxis] % 4, made, 0)
    assert check(zeros) == []
    found = check_stats(
        "x", make_stats(zeros, "all", axes="NC", kind="csv"), Goal("scaled"), TOLERANCE, Making(methods()["l2"])
    )
    assert found.outcome.notes == [
        "x: the samples have length 1 if a share of 0.25 has only zeros, which is not measured"
    ]


def whiten_by_hand(values: np.ndarray, *, turn_back: bool, epsilon: float = 0.0) -> np.ndarray:
    variances, directions = np.linalg.eigh(np.cov(values.T, ddof=0))
    kept = variances > 1e-9
    made = (values - values.mean(axis=0)) @ directions[:, kept] / np.sqrt(variances[kept] + epsilon)
    return np.asarray(made @ directions[:, kept].T if turn_back else made)


@pytest.mark.parametrize(("method", "turn_back"), [("pca", False), ("zca", True)])
def test_whitening_expects_the_identity_as_covariance(method: str, turn_back: bool) -> None:
    mixed = RANDOM.normal(size=(300, 4)) @ RANDOM.normal(size=(4, 4)) + 7
    made = whiten_by_hand(mixed, turn_back=turn_back)
    assert not any(check_as(full(made), method).values())
    assert all(check_as(full(mixed), method).values())
    assert all(check_as(full(made + 0.01), method).values())
    turned = made.copy()
    turned[:, 0] = (turned[:, 0] + 0.1 * turned[:, 1]) / np.std(turned[:, 0] + 0.1 * turned[:, 1])
    assert check_as(full(turned), method)["a"] in (["correlated"], ["projected"])
    # With an epsilon, variances are only known to be smaller.
    smaller = whiten_by_hand(mixed, turn_back=turn_back, epsilon=0.5)
    assert any(check_as(full(smaller), method).values())
    assert not any(check_as(full(smaller), method, epsilon=0.5).values())


def test_what_zca_leaves_of_dependent_features_is_a_projection() -> None:
    mixed = RANDOM.normal(size=(300, 3)) @ RANDOM.normal(size=(3, 3))
    dependent = np.column_stack([mixed, mixed.sum(axis=1)])
    made = whiten_by_hand(dependent, turn_back=True)
    assert not any(check_as(full(made), "zca").values())
    assert any(check_as(full(made), "pca").values())
    assert any(check_as(full(0.9 * made), "zca").values())


def test_a_file_without_the_statistic_that_a_check_needs_is_an_error() -> None:
    for method, option in (("robust", "--quantiles default"), ("pca", "--covariance")):
        with pytest.raises(DataError) as caught:
            check_as(table([[1.0, 2.0], [3.0, 5.0]]), method)
        assert option in str(caught.value)


def test_quantiles_that_imputation_made_equal_do_not_make_a_feature_constant() -> None:
    values = np.concatenate([np.zeros(60), RANDOM.normal(0, 1, 40)])[:, np.newaxis]
    stats = full(np.column_stack([values, np.zeros(100), RANDOM.normal(size=100)]))
    making = Making(methods()["robust"], Settings(impute="median"))
    found = check_stats("x", stats, Goal("scaled"), 10.0, making)
    assert [feature["constant"] for feature in found.feature_documents()] == [True, True, False]
    assert (found.ok, found.equal_quantiles) == (True, 1)


def test_data_without_a_receipt_are_checked_for_the_method_that_is_named() -> None:
    low, middle, high = np.quantile(VALUES, [0.25, 0.5, 0.75], axis=0)
    made = scale_by_hand(low, high) - (middle - low) / np.where(high > low, high - low, 1)
    found = check_stats("x", full(made), Goal("scaled", "robust"), TOLERANCE)
    assert (found.ok, found.method, found.made, found.check) == (True, "robust", "scaled (robust)", "scaled")
    assert not check_stats("x", full(made), Goal("scaled"), TOLERANCE).ok
    wide = 10 * scale_by_hand(VALUES.min(axis=0), VALUES.max(axis=0)) - 5
    assert check_stats("x", full(wide), Goal("scaled", "minmax", (-5.0, 5.0)), TOLERANCE).ok
    assert check_stats("x", full(wide), Goal("scaled", None, (-5.0, 5.0)), TOLERANCE).ok
    assert not check_stats("x", full(wide), Goal("scaled", "minmax"), TOLERANCE).ok
