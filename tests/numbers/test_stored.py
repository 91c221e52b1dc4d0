"""Stored values: which of them are missing, and the real values that they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from zm_cli.data.packing import Packing
from zm_cli.numbers.stored import RealValues, find_present, match_values


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "int64", "float32", "float64"])
def test_values_that_stand_for_themselves_are_handed_over_as_they_are(dtype: str) -> None:
    values = np.array([[0, 1], [1, 0]], dtype)
    assert RealValues().of(values) is values
    assert RealValues(missing_codes=(0.5,)).of(values) is values or values.dtype.kind == "f"


def test_others_are_unpacked_divided_and_marked() -> None:
    values = np.array([0, 10, 255], np.uint8)
    np.testing.assert_array_equal(RealValues(missing_codes=(255.0,)).of(values), [0.0, 10.0, np.nan])
    np.testing.assert_array_equal(RealValues(divisor=255.0).of(values), values / 255.0)
    np.testing.assert_array_equal(RealValues(Packing(np.dtype(np.float64), 2.0, 1.0)).of(values), [1.0, 21.0, 511.0])
    assert values.tolist() == [0, 10, 255]


@pytest.mark.parametrize(
    ("dtype", "matched"),
    [
        ("bool", [1, 0]),
        ("uint8", [3, 1, 0, 255]),
        ("int8", [3, 1, 0, -1]),
        ("int64", [3, 1, 0, 255, -1]),
        ("float32", [3, 1, 0, 255, -1, np.float32(0.1)]),
    ],
)
def test_codes_match_the_values_that_a_dtype_can_hold(dtype: str, matched: list[float]) -> None:
    found = match_values((3.0, 1.0, 0.0, 255.0, -1.0, 0.1, np.nan, np.inf, 1e300), np.dtype(dtype))
    assert [*map(float, found)] == [*map(float, matched)]
    assert {value.dtype for value in found} == {np.dtype(dtype)}


def test_values_are_present_if_they_are_finite_and_match_no_code() -> None:
    values = np.array([1.0, np.nan, -np.inf, 3.0, 0.0, -0.0])
    assert find_present(values, ()).tolist() == [True, False, False, True, True, True]
    assert find_present(values, (3.0, 0.0)).tolist() == [True, False, False, False, False, False]
    assert find_present(np.array([3, 4], np.int16), (np.int16(4),)).tolist() == [True, False]
