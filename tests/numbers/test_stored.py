"""Real values: the very array where nothing is changed, else float64 with NaN for what is missing."""

from __future__ import annotations

import numpy as np
import pytest

from zm_cli.data.packing import Packing
from zm_cli.numbers.stored import RealValues


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
