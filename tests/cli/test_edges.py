"""Extreme values of types, and data with one value, with equal values, or with none: correct, or reported."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.shell import Ran, run_zm
from tests.systems import slow


def write_array(path: Path, values: NDArray[Any]) -> Path:
    with h5py.File(path, "w") as file:
        file["x"] = values.reshape(len(values), -1)
    return path


def write_table(path: Path, values: NDArray[Any]) -> Path:
    rows = "".join(f"{value.item()!r}\n" for value in values)
    path.write_text("column_1\n" + rows)
    return path


def measure(path: Path) -> tuple[dict[str, Any], Ran]:
    ran = run_zm("stats", path, "--json")
    assert ran.code == 0, ran
    return json.loads(ran.out), ran


def exact(values: NDArray[Any]) -> tuple[float, float]:
    """Mean and variance in rational arithmetic, rounded once."""
    numbers = [Fraction(value.item()) for value in values]
    mean = sum(numbers) / Fraction(len(numbers))
    return float(mean), float(sum((number - mean) ** 2 for number in numbers) / len(numbers))


EDGES = {
    "zeros of both signs": np.array([-0.0, 0.0, -0.0, 1.0]),
    "uint64 beyond 2**53": np.array([2**64 - 1, 2**64 - 3, 2**63 + 1], np.uint64),
    "int64 from end to end": np.array([-(2**63), 2**63 - 1, 0, 7], np.int64),
    "int64 close together, far out": np.array([2**62 + 1, 2**62 + 2, 2**62 + 4], np.int64),
    "halves at their end": np.array([65504, -65504, 65472], np.float16),
    "singles at their end": np.array([3.4e38, -3.4e38, 3.3e38], np.float32),
    "single subnormals": np.array([1e-45, 3e-45, 1e-44], np.float32),
    "doubles whose squares still fit": np.array([1e150, -1e150, 3e149]),
    "a small spread on a large base": np.array([1e9, 1e9 + 1, 1e9 + 2]),
}


@pytest.mark.parametrize("name", EDGES)
def test_extremes_of_types_are_measured_to_the_last_digits(name: str, tmp_path: Path) -> None:
    values = EDGES[name]
    found, _ = measure(write_array(tmp_path / "x.h5", values))
    mean, variance = exact(values)
    # Where large values cancel, distances beyond 2**53 are rounded relative to their size.
    cancelled = 2.0**-62 * float(np.abs(values.astype(np.float64)).max())
    np.testing.assert_allclose(np.ravel(found["mean"]), [mean], rtol=1e-15, atol=cancelled)
    np.testing.assert_allclose(np.ravel(found["var"]), [variance], rtol=1e-13)
    assert np.ravel(found["min"]) == values.min()
    assert np.ravel(found["max"]) == values.max()


@pytest.mark.parametrize("name", [name for name, values in EDGES.items() if values.dtype == np.float64])
def test_extremes_are_the_same_in_a_table(name: str, tmp_path: Path) -> None:
    values = EDGES[name]
    table, _ = measure(write_table(tmp_path / "x.csv", values))
    array, _ = measure(write_array(tmp_path / "x.h5", values))
    for field in ("count", "mean", "m2", "min", "max"):
        assert np.ravel(table[field]) == np.ravel(array[field])


def test_squares_too_small_for_float64_are_reported(tmp_path: Path) -> None:
    found, ran = measure(write_array(tmp_path / "x.h5", np.array([5e-324, 1e-320, 3e-310])))
    assert np.ravel(found["max"]) == 3e-310
    assert "constant, so that standardizing divides by 1" in ran.err


def test_infinities_and_nan_are_counted_and_left_out(tmp_path: Path) -> None:
    found, ran = measure(write_array(tmp_path / "x.h5", np.array([1.0, np.inf, -np.inf, np.nan, 3.0])))
    assert (found["count"], found["missing"], found["mean"]) == ([2], [3], [2.0])
    assert "infinite values counted as missing: 2" in ran.err


@slow
@pytest.mark.parametrize("write", [write_array, write_table])
def test_one_sample_has_no_deviation_and_is_divided_by_one(write: Any, tmp_path: Path) -> None:
    path = write(tmp_path / ("x.h5" if write is write_array else "x.csv"), np.array([42.5]))
    found, ran = measure(path)
    assert (found["count"], found["mean"], found["std"]) == ([1], [42.5], [0.0])
    assert "constant" in ran.err
    assert run_zm("standardize", path, "-o", path.with_stem("z")).code == 0
    assert measure(path.with_stem("z"))[0]["mean"] == [0.0]


@pytest.mark.parametrize("value", [0.1, -7e150, 255, 1e-310])
def test_equal_values_become_zeros(value: float, tmp_path: Path) -> None:
    path = write_array(tmp_path / "x.h5", np.full(1000, value))
    assert run_zm("standardize", path, "-o", tmp_path / "z.h5").code == 0
    with h5py.File(tmp_path / "z.h5") as file:
        assert not np.any(file["x"][()])


def test_nothing_but_missing_values_is_an_error(tmp_path: Path) -> None:
    ran = run_zm("stats", write_array(tmp_path / "x.h5", np.full(5, np.nan)))
    assert (ran.code, ran.err.count("\n")) == (3, 1)
    assert "has no numbers" in ran.err


def test_halves_that_overflow_in_the_output_are_counted(tmp_path: Path) -> None:
    path = write_array(tmp_path / "x.h5", np.array([0, 0, 0, 0, 200_000, -200_000], np.float32))
    ran = run_zm("center", path, "-o", tmp_path / "c.h5", "--dtype", "float16")
    assert ran.code == 0
    assert "2 values are beyond the range of float16 and became infinite" in ran.err
