"""MatrixTransform: products for every dtype and axis, rows that do not depend on others, missing values."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from zm_cli.data.packing import Packing
from zm_cli.transforms.matrix import MatrixTransform

SEED = 20261207
FLOAT = np.dtype("float64")


def make(inputs: int, outputs: int, **options: Any) -> MatrixTransform:
    """A transform with random numbers."""
    random = np.random.default_rng(SEED)
    size = outputs if options.get("inverse") else inputs
    numbers: dict[str, Any] = {"matrix": random.normal(0, 1, (inputs, outputs)), "shift": random.normal(0, 1, size)}
    return MatrixTransform(**(numbers | {"dtype": FLOAT, "axis": 1} | options))


def draw(shape: tuple[int, ...], dtype: str = "float64") -> NDArray[Any]:
    random = np.random.default_rng(SEED)
    return random.normal(0, 50, shape).astype(dtype) if dtype[0] == "f" else random.integers(0, 100, shape, dtype)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int64", "float16", "float32", "float64"])
@pytest.mark.parametrize(("axis", "shape"), [(1, (40, 5)), (3, (6, 4, 3, 5)), (1, (6, 5, 4, 3)), (2, (6, 2, 5))])
def test_vectors_along_an_axis_are_multiplied(dtype: str, axis: int, shape: tuple[int, ...]) -> None:
    values, transform = draw(shape, dtype), make(5, 3, axis=axis)
    found, overflows = transform.apply_values(values)
    vectors = np.moveaxis(values.astype(np.float64), axis, -1) - transform.shift
    np.testing.assert_allclose(found, np.moveaxis(vectors @ transform.matrix, -1, axis), rtol=1e-12, atol=1e-10)
    assert found.dtype == FLOAT
    assert overflows == 0


def test_whole_samples_are_multiplied_and_get_another_shape() -> None:
    values, transform = draw((7, 2, 3)), make(6, 4, axis=None, sample_shape=(4,))
    expected = (values.reshape(7, 6) - transform.shift) @ transform.matrix
    np.testing.assert_allclose(transform.apply_values(values)[0], expected, rtol=1e-12)
    back = make(4, 6, axis=None, sample_shape=(2, 3), inverse=True)
    restored = back.apply_values(expected)[0]
    assert restored.shape == (7, 2, 3)
    np.testing.assert_allclose(restored.reshape(7, 6), expected @ back.matrix + back.shift, rtol=1e-12)


def test_a_single_feature_needs_no_axis() -> None:
    values, transform = draw((4, 3, 2)), make(1, 1, axis=3)
    expected = (values - transform.shift[0]) * transform.matrix[0, 0]
    np.testing.assert_allclose(transform.apply_values(values)[0], expected, rtol=1e-12)


@settings(deadline=None)
@given(
    st.sampled_from([(1, 1), (2, 2), (3, 2), (4, 4), (13, 13), (64, 61), (300, 7)]),
    st.lists(st.integers(0, 700), max_size=5),
    st.booleans(),
)
def test_no_bit_of_a_row_depends_on_how_rows_are_cut(size: tuple[int, int], cuts: list[int], columns: bool) -> None:
    values, transform = draw((700, size[0])), make(*size)
    whole = transform.apply_values(values)[0]
    parts = np.split(np.asfortranarray(values) if columns else values, sorted(cuts))
    again = np.concatenate([transform.apply_values(part)[0] for part in parts])
    assert again.tobytes() == whole.tobytes()


def test_rows_beyond_one_piece_are_multiplied() -> None:
    values, transform = draw((20_000, 2)), make(2, 2)
    expected = (values - transform.shift) @ transform.matrix
    np.testing.assert_allclose(transform.apply_values(values)[0], expected, rtol=1e-12, atol=1e-10)


def test_no_rows_are_no_error() -> None:
    assert make(3, 2).apply_values(draw((0, 3)))[0].shape == (0, 2)


@pytest.mark.parametrize("gone", [np.nan, np.inf, -np.inf])
def test_a_row_that_lacks_a_value_is_missing_and_counted(gone: float) -> None:
    values, transform = draw((10, 3)), make(3, 2)
    whole = transform.apply_values(values)[0]
    values[4, 1] = gone
    found = transform.apply_values(values)[0]
    assert np.isnan(found[4]).all()
    assert np.delete(found, 4, axis=0).tobytes() == np.delete(whole, 4, axis=0).tobytes()
    assert transform.count_incomplete(found) == 1
    assert transform.count_incomplete(whole) == 0


def test_missing_values_are_filled_before_they_are_multiplied() -> None:
    values, fill = draw((10, 3)), np.array([1.0, 2.0, 3.0])
    transform = make(3, 2, filled=fill)
    complete = values.copy()
    values[4, 1], complete[4, 1] = np.nan, 2.0
    assert transform.apply_values(values)[0].tobytes() == transform.apply_values(complete)[0].tobytes()
    # What is restored of nothing is the filling itself.
    back = make(2, 3, filled=fill, inverse=True)
    assert back.apply_values(np.full((1, 2), np.nan))[0].tolist() == [[1.0, 2.0, 3.0]]


def test_stored_values_are_unpacked_hidden_and_divided() -> None:
    values = draw((10, 3), "int16")
    values[2, 0] = -1
    transform = make(3, 2, divisor=4.0, missing_codes=(-1.0,), packing=Packing(FLOAT, scale=0.5, offset=10.0))
    found = transform.apply_values(values)[0]
    expected = ((values * 0.5 + 10) / 4 - transform.shift) @ transform.matrix
    expected[2] = np.nan
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_an_inverse_is_multiplied_by_the_unit() -> None:
    values, back = draw((10, 2)), make(2, 3, inverse=True, divisor=255.0)
    np.testing.assert_allclose(back.apply_values(values)[0], (values @ back.matrix + back.shift) * 255, rtol=1e-12)


def test_large_whole_numbers_keep_their_distances() -> None:
    start = 2**62
    values = np.array([[start + 1], [start + 3]], np.int64)
    transform = MatrixTransform(dtype=FLOAT, axis=1, matrix=np.eye(1), shift=np.array([float(start)]))
    assert transform.apply_values(values)[0].tolist() == [[1.0], [3.0]]


def test_features_without_values_do_not_make_rows_incomplete() -> None:
    values = draw((5, 3))
    values[:, 1] = np.nan
    matrix = np.diag([1.0, 0.0, 2.0])
    absent = np.array([False, True, False])
    transform = MatrixTransform(dtype=FLOAT, axis=1, matrix=matrix, shift=np.zeros(3), absent=absent)
    found = transform.apply_values(values)[0]
    np.testing.assert_array_equal(found, values * [1, 1, 2])
    assert transform.count_incomplete(found) == 0


def test_values_beyond_the_range_of_the_output_are_counted() -> None:
    transform = MatrixTransform(dtype=np.dtype("float16"), axis=1, matrix=np.eye(2) * 1e6, shift=np.zeros(2))
    found, overflows = transform.apply_values(np.array([[1.0, 0.0], [0.0, -1.0]]))
    assert found.dtype == np.float16
    assert overflows == 2


def test_it_pickles() -> None:
    transform = make(3, 2)
    again = pickle.loads(pickle.dumps(transform))
    values = draw((4, 3))
    assert again.apply_values(values)[0].tobytes() == transform.apply_values(values)[0].tobytes()
    assert replace(transform, divisor=2.0).predict(None) is None  # type: ignore[arg-type]
