"""PCA and ZCA: uncorrelated values of variance 1, scikit-learn's and NumPy's numbers, components, what comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import datasets
from sklearn.decomposition import PCA

from tests.methods.cases import apply_method, describe, make, restore
from zm_cli.errors import DataError, UsageError
from zm_cli.methods import methods, methods_of
from zm_cli.methods.shared.settings import Settings
from zm_cli.methods.shared.whitening import find_components
from zm_cli.numbers.comoments import spectrum
from zm_cli.numbers.comoments.comoments import CoMoments
from zm_cli.numbers.comoments.spectrum import find_spectrum

SEED = 20261208
METHODS = methods_of("whiten")
TABLES = {name: getattr(datasets, f"load_{name}")().data for name in ("iris", "wine", "breast_cancer", "digits")}


def correlate(samples: int, features: int, seed: int = SEED) -> NDArray[np.float64]:
    """Correlated numbers."""
    random = np.random.default_rng(seed)
    return random.normal(3, 2, (samples, features)) @ (np.eye(features) + random.normal(0, 0.3, (features, features)))


def cov(values: NDArray[Any], ddof: int = 0) -> NDArray[np.float64]:
    """NumPy's covariance of all columns."""
    return np.atleast_2d(np.cov(values.reshape(len(values), -1).T, ddof=ddof))


def align(found: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """The columns with the signs of those expected."""
    signs: NDArray[np.float64] = np.sign((found * expected).sum(axis=0))
    return found * signs


def test_directions_are_computed_once_for_each_dataset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of thousands of features, they take a minute, and a command needs them several times."""
    found: list[int] = []

    def count(comoments: CoMoments) -> spectrum.Spectrum:
        found.append(comoments.count)
        return find_spectrum(comoments)

    monkeypatch.setattr(spectrum, "find_spectrum", count)
    first, second = describe(TABLES["iris"]), describe(TABLES["wine"])
    for stats in (first, second, replace(first, names=("a", "b", "c", "d")), second):
        for method in METHODS:
            methods()[method].settle(stats, Settings())
            methods()[method].describe_output(stats, Settings(components=2))
            methods()[method].list_warnings(stats, Settings())
    assert found == [150, 178]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_the_covariance_of_what_comes_out_is_the_identity(name: str, ddof: int, method: str) -> None:
    made = apply_method(TABLES[name], method, ddof=ddof)
    np.testing.assert_allclose(cov(made, ddof), np.eye(made.shape[1]), atol=1e-8)
    np.testing.assert_allclose(made.mean(axis=0), 0, atol=1e-8)


@pytest.mark.parametrize("name", list(TABLES))
def test_pca_with_ddof_1_is_that_of_scikit_learn_but_for_signs(name: str) -> None:
    values = TABLES[name]
    made = apply_method(values, "pca", ddof=1)
    # Scikit-learn divides by deviations of 0, up to rounding, in directions that do not vary.
    expected = PCA(made.shape[1], whiten=True, svd_solver="full").fit_transform(values)
    np.testing.assert_allclose(align(made, expected), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_zca_is_the_root_of_the_inverse_covariance(name: str) -> None:
    values = TABLES[name]
    eigenvalues, vectors = np.linalg.eigh(cov(values))
    expected = (values - values.mean(axis=0)) @ vectors / np.sqrt(eigenvalues) @ vectors.T
    np.testing.assert_allclose(apply_method(values, "zca"), expected, atol=1e-5)


@settings(deadline=None)
@given(st.integers(1, 8), st.integers(30, 100), st.integers(0, 2**32), st.sampled_from(METHODS), st.integers(0, 1))
def test_random_data_become_white_and_come_back(features: int, samples: int, seed: int, method: str, ddof: int) -> None:
    values = correlate(samples, features, seed)
    stats = describe(values)
    made = make(stats, method, values, ddof=ddof).apply_values(values)[0]
    np.testing.assert_allclose(cov(made, ddof), np.eye(features), atol=1e-8)
    np.testing.assert_allclose(restore(stats, method, made, ddof=ddof), values, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("axes", ["NHWC", "NCHW", "NLC"])
def test_channels_are_vectors_at_every_pixel(axes: str, method: str) -> None:
    pixels = correlate(240, 3)
    values = pixels.reshape({"NLC": (40, 6, 3)}.get(axes, (20, 4, 3, 3)))
    if axes == "NCHW":
        values = np.moveaxis(values, -1, 1)
    made = apply_method(values, method, "channel", axes)
    assert made.shape == values.shape
    np.testing.assert_allclose(cov(np.moveaxis(made, axes.index("C"), -1).reshape(240, 3)), np.eye(3), atol=1e-8)
    stats = describe(values, "channel", axes)
    np.testing.assert_allclose(restore(stats, method, made), values, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_pixels_of_pictures_are_features(method: str) -> None:
    values = correlate(100, 24).reshape(100, 4, 3, 2)
    stats = describe(values, "pixel", "NHWC")
    made = make(stats, method, values).apply_values(values)[0]
    assert made.shape == ((100, 24) if method == "pca" else values.shape)
    np.testing.assert_allclose(cov(made), np.eye(24), atol=1e-8)


def test_gray_pictures_without_an_axis_of_channels_have_one_feature() -> None:
    values = np.random.default_rng(SEED).normal(5, 3, (10, 4, 4))
    for method in METHODS:
        made = apply_method(values, method, "channel", "NHW")
        np.testing.assert_allclose(made, (values - values.mean()) / values.std(), atol=1e-12)


def test_digits_lose_the_three_columns_that_are_always_0() -> None:
    values = TABLES["digits"]
    stats = describe(values, names=tuple(f"p{index}" for index in range(64)))
    (warning,) = methods()["pca"].list_warnings(stats, Settings())
    assert warning == "3 of 64 features do not vary ('p0', 'p32', 'p39'), so that there are fewer components"
    made = apply_method(values, "pca")
    assert made.shape == (1797, 61)
    np.testing.assert_allclose(cov(made), np.eye(61), atol=1e-8)
    np.testing.assert_allclose(restore(stats, "pca", made), values, atol=1e-9)
    same = apply_method(values, "zca")
    assert not same[:, [0, 32, 39]].any()
    np.testing.assert_allclose(restore(stats, "zca", same), values, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("epsilon", [0.0, 0.1])
def test_directions_that_follow_from_others_are_named_and_not_blown_up(epsilon: float, method: str) -> None:
    values = correlate(500, 3)
    values = np.column_stack([values, values[:, 0] - values[:, 2]])
    stats = describe(values, names=("a", "b", "c", "d"))
    (warning,) = methods()[method].list_warnings(stats, Settings(epsilon=epsilon))
    lost = "there are fewer components" if method == "pca" else "nothing is left of it"
    assert warning == f"1 direction does not vary, as features follow from one another ('a', 'c', 'd'), so that {lost}"
    made = make(stats, method, values, epsilon=epsilon).apply_values(values)[0]
    assert np.linalg.matrix_rank(made) == 3
    assert made.shape[1] == (3 if method == "pca" else 4)
    assert np.abs(made).max() < 5
    np.testing.assert_allclose(restore(stats, method, made, epsilon=epsilon), values, atol=1e-9)


def test_fewer_samples_than_features_have_fewer_components() -> None:
    values = correlate(6, 10)
    made = apply_method(values, "pca")
    assert made.shape == (6, 5)
    np.testing.assert_allclose(cov(made), np.eye(5), atol=1e-8)


@pytest.mark.parametrize(("asked", "kept"), [(None, 4), (1, 1), (3, 3), (1.0, 4), (0.92, 1), (0.95, 2), (0.99, 3)])
def test_a_number_of_components_or_a_share_of_the_variance_is_kept(asked: float | None, kept: int) -> None:
    values = TABLES["iris"]
    stats = describe(values)
    found = find_components(stats, Settings(components=asked))
    assert len(found.scale) == kept
    explained = PCA().fit(values).explained_variance_ratio_
    np.testing.assert_allclose(found.share, explained[:kept].sum(), rtol=1e-12)
    settled = methods()["pca"].settle(stats, Settings(components=asked))
    assert (settled.components, type(settled.components)) == (kept, int)
    assert apply_method(values, "pca", components=asked).shape == (150, kept)


@pytest.mark.parametrize("method", METHODS)
def test_fewer_components_give_the_projection_back_and_say_so(method: str) -> None:
    values = TABLES["iris"]
    stats = describe(values)
    made = make(stats, method, values, components=2).apply_values(values)[0]
    projected = PCA(2).fit(values)
    expected = projected.inverse_transform(projected.transform(values))
    np.testing.assert_allclose(restore(stats, method, made, components=2), expected, atol=1e-9)
    chosen = methods()[method]
    assert chosen.list_notes(stats, Settings(components=2), inverse=False) == [
        "2 of 4 components kept, with 97.77% of the variance"
    ]
    assert chosen.list_notes(stats, Settings(components=2), inverse=True) == [
        "the projection on 2 of 4 components is restored, with 97.77% of the variance"
    ]
    assert chosen.list_notes(stats, Settings(), inverse=True) == []


@pytest.mark.parametrize("method", METHODS)
def test_epsilon_is_added_to_variances(method: str) -> None:
    values = TABLES["iris"]
    stats = describe(values)
    made = make(stats, method, values, epsilon=0.5).apply_values(values)[0]
    eigenvalues, vectors = np.linalg.eigh(cov(values))
    shrunk = vectors * (eigenvalues / (eigenvalues + 0.5)) @ vectors.T
    expected = shrunk if method == "zca" else np.diag(sorted(eigenvalues / (eigenvalues + 0.5), reverse=True))
    np.testing.assert_allclose(cov(made), expected, atol=1e-10)
    np.testing.assert_allclose(restore(stats, method, made, epsilon=0.5), values, atol=1e-10)


@pytest.mark.parametrize("method", METHODS)
def test_what_is_known_of_the_output_is_what_it_has(method: str) -> None:
    values = np.column_stack([TABLES["iris"], np.full(150, 2.0)])
    settings = Settings(epsilon=0.2, components=3, ddof=1)
    stats = describe(values, names=tuple("abcde"))
    made = make(stats, method, values, epsilon=0.2, components=3, ddof=1).apply_values(values)[0]
    described = methods()[method].describe_output(stats, settings)
    assert described.names == (("pc1", "pc2", "pc3") if method == "pca" else tuple("abcde"))
    assert described.sample_shape == made.shape[1:]
    np.testing.assert_allclose(described.moments.variance(), made.var(axis=0), atol=1e-12)
    np.testing.assert_allclose(made.mean(axis=0), described.moments.mean, atol=1e-12)


def test_components_of_pictures_are_described_as_vectors_or_channels() -> None:
    values = correlate(100, 24).reshape(100, 4, 2, 3)
    pixel = methods()["pca"].describe_output(describe(values, "pixel", "NHWC"), Settings(components=5))
    assert (pixel.per, pixel.axes, pixel.sample_shape, pixel.moments.mean.shape) == ("column", "NC", (5,), (5,))
    channel = methods()["pca"].describe_output(describe(values, "channel", "NHWC"), Settings(components=2))
    assert (channel.per, channel.axes, channel.sample_shape) == ("channel", "NHWC", (4, 2, 2))


def test_signs_follow_a_rule_so_that_two_computations_agree() -> None:
    values = correlate(300, 6)
    one = find_components(describe(values), Settings()).directions
    other = find_components(describe(values[::-1]), Settings()).directions
    np.testing.assert_allclose(one, other, atol=1e-9)
    assert (one[np.arange(6), np.abs(one).argmax(axis=1)] > 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_new_data_are_whitened_as_the_old_ones(method: str) -> None:
    train, test = TABLES["wine"][::2], TABLES["wine"][1::2]
    made = make(describe(train), method, test).apply_values(test)[0]
    reference = PCA(whiten=True, svd_solver="full").fit(train)
    # Scikit-learn divides by the deviations with ddof 1.
    expected = reference.transform(test) * np.sqrt(len(train) / (len(train) - 1))
    if method == "zca":
        made = made @ reference.components_.T
    np.testing.assert_allclose(align(made, expected), expected, atol=1e-7)


@pytest.mark.parametrize("method", METHODS)
def test_samples_that_lack_a_value_do_not_count_and_stay_missing(method: str) -> None:
    values = TABLES["iris"].copy()
    values[[3, 77], [0, 2]] = np.nan
    made = apply_method(values, method)
    missing = np.isnan(made)
    assert missing.sum() == 8
    assert missing[[3, 77]].all()
    np.testing.assert_allclose(cov(made[~missing[:, 0]]), np.eye(4), atol=1e-8)


def test_a_feature_without_values_stays_missing_in_its_place() -> None:
    values = TABLES["iris"].copy()
    values[:, 1] = np.nan
    made = apply_method(values, "zca")
    assert np.isnan(made[:, 1]).all()
    np.testing.assert_allclose(cov(made[:, [0, 2, 3]]), np.eye(3), atol=1e-8)
    stats = describe(values)
    made = apply_method(values, "pca")
    np.testing.assert_array_equal(restore(stats, "pca", made).round(9), values.round(9))


def test_some_columns_are_whitened_by_what_is_known_of_them() -> None:
    values = TABLES["iris"]
    stats = describe(values, names=tuple("abcd")).select(["b", "d"])
    made = make(stats, "zca", values[:, [1, 3]]).apply_values(values[:, [1, 3]])[0]
    np.testing.assert_allclose(cov(made), np.eye(2), atol=1e-8)


def test_what_cannot_be_whitened_is_refused() -> None:
    values = TABLES["iris"]
    stats = describe(values)
    with pytest.raises(DataError, match="holds no covariance"):
        find_components(replace(stats, statistics={}), Settings())
    with pytest.raises(UsageError, match="only 4 features"):
        find_components(stats, Settings(components=5))
    with pytest.raises(UsageError, match="several features"):
        find_components(describe(values, "all"), Settings())
    with pytest.raises(DataError, match=r"too few samples to be whitened: 1$"):
        find_components(describe(values[:1]), Settings())
    gone = values.copy()
    gone[2:, 0] = gone[0, 1] = np.nan
    with pytest.raises(DataError, match="those that lack a value do not count"):
        find_components(describe(gone), Settings())
    with pytest.raises(DataError, match="no feature varies"):
        find_components(describe(np.ones((5, 3))), Settings())
