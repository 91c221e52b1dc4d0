"""SampleNormTransform: each sample is divided by its norm, in one piece or in several."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zm_cli.numbers.pieces import PIECE
from zm_cli.transforms.sample_norm import SampleNormTransform

SEED = 20261206
TRANSFORM = SampleNormTransform(dtype=np.dtype(np.float64))


def test_the_norm_is_that_of_all_axes_of_a_sample() -> None:
    values = np.random.default_rng(SEED).integers(-5, 5, (6, 3, 4, 2)).astype(np.int16)
    made, overflows = TRANSFORM.apply_values(values)
    norm = np.linalg.norm(values.reshape(6, -1), axis=1).reshape(6, 1, 1, 1)
    np.testing.assert_allclose(made, values / norm, rtol=1e-15)
    assert overflows == 0


def test_zero_samples_stay_zero_and_missing_values_do_not_count() -> None:
    values = np.array([[0.0, 0.0, -0.0], [3.0, np.nan, 4.0], [np.nan] * 3, [np.inf, 0.0, -2.0]])
    expected = [[0.0, 0.0, 0.0], [0.6, np.nan, 0.8], [np.nan] * 3, [np.inf, 0.0, -1.0]]
    np.testing.assert_array_equal(TRANSFORM.apply_values(values)[0], expected)
    filled = SampleNormTransform(dtype=np.dtype(np.float64), filled=0.0).apply_values(values)[0]
    np.testing.assert_array_equal(filled[1:], [[0.6, 0.0, 0.8], [0.0] * 3, [0.0, 0.0, -1.0]])


def test_no_square_overflows_or_vanishes() -> None:
    values = np.array([[3e300, 4e300], [3e-300, -4e-300], [3 * 5e-324, 4 * 5e-324]])
    np.testing.assert_allclose(TRANSFORM.apply_values(values)[0], [[0.6, 0.8], [0.6, -0.8], [0.6, 0.8]], rtol=1e-15)


@given(st.integers(1, 40), st.integers(1, 40), st.booleans(), st.integers(0, 2**32))
def test_neither_blocks_nor_their_order_in_memory_change_a_bit(
    samples: int, features: int, by_columns: bool, seed: int
) -> None:
    values = np.random.default_rng(seed).normal(0, 5, (samples, features))
    alone = np.concatenate([TRANSFORM.apply_values(values[index : index + 1])[0] for index in range(samples)])
    together, _ = TRANSFORM.apply_values(np.asfortranarray(values) if by_columns else values)
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_sample_larger_than_a_piece_has_norm_1(dtype: str) -> None:
    values = np.random.default_rng(SEED).integers(0, 256, (3, 200, 300, 3)).astype(dtype)
    assert values[0].size > PIECE
    values[1] = 0
    norm = np.linalg.norm(values.reshape(3, -1).astype(np.float64), axis=1).reshape(3, 1, 1, 1)
    np.testing.assert_allclose(TRANSFORM.apply_values(values)[0], values / np.where(norm == 0, 1, norm), rtol=1e-13)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (2, 0, 3), (4,)])
def test_samples_of_any_shape_are_taken(shape: tuple[int, ...]) -> None:
    values = np.full(shape, -7.0)
    made, _ = TRANSFORM.apply_values(values)
    np.testing.assert_array_equal(made, np.full(shape, -1.0 if len(shape) == 1 else -7.0))
