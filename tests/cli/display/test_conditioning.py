"""What is printed of covariances fits the terminal, and names the features that depend on others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.inprocess import call_zm


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table of columns with long names, two of which follow from others, and a constant one."""
    values = np.random.default_rng(1).normal(size=(50, 12)).cumsum(axis=1)
    values = np.column_stack([values, values[:, 0] * 2, values[:, 1] - values[:, 2], np.ones(50)])
    names = [f"measurement_number_{index}" for index in range(15)]
    lines = [",".join(map(repr, row)) for row in values.tolist()]
    (tmp_path / "t.csv").write_text("\n".join([",".join(names), *lines]) + "\n")
    return tmp_path / "t.csv"


def test_a_pair_of_correlated_features_is_a_line(table: Path) -> None:
    shown = call_zm("stats", table, "--covariance").out.split("\n\n")[1].splitlines()
    start = next(index for index, line in enumerate(shown) if line.startswith("correlated "))
    assert all(" and 'measurement_number_" in line for line in shown[start : start + 10])
    assert all(line.startswith(" " * 14) for line in shown[start + 1 :])
    assert max(len(line) for line in shown[start:]) < 80


def test_features_that_follow_from_others_are_named(table: Path) -> None:
    involved = [f"measurement_number_{index}" for index in (0, 1, 2, 12, 13)]
    shown = call_zm("stats", table, "--covariance").out
    listed = ", ".join(f"'{name}'" for name in involved)
    assert f"dependent     features follow from others in 2 directions ({listed}); without them, centered " in shown
    found = json.loads(call_zm("stats", table, "--covariance", "--json").out)["covariance"]["condition"]
    assert (found["dependent"], found["dependent_features"]) == (2, involved)


def test_one_constant_feature_is_spoken_of_in_the_singular(table: Path) -> None:
    shown = call_zm("stats", table, "--covariance").out
    assert "'measurement_number_14'; condition numbers are without it, raw only if it is always 0" in shown
