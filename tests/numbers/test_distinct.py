"""Columns of whole numbers that are all different are found for any blocks of rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zm_cli.numbers import distinct
from zm_cli.numbers.distinct import DistinctColumns


def find(values: np.ndarray, cuts: list[int]) -> DistinctColumns:
    """The columns found in blocks that end at the cuts, each joined to those before it."""
    found = DistinctColumns()
    for block in np.split(np.asfortranarray(values), cuts):
        part = DistinctColumns()
        part.add_block(block)
        found.add(part)
    return found


@settings(deadline=None, derandomize=True)
@given(
    st.lists(st.one_of(st.integers(-20, 20), st.just(0.5), st.just(np.nan), st.just(np.inf)), min_size=1, max_size=40),
    st.lists(st.integers(0, 40), max_size=4),
)
def test_any_cuts_give_what_the_values_say(column: list[float], cuts: list[int]) -> None:
    values = np.array(column, dtype=np.float64)
    whole = bool(np.isfinite(values).all()) and bool((np.rint(values) == values).all())
    expected = whole and len(np.unique(values)) == len(values)
    found = find(values[:, np.newaxis], sorted(cuts)).columns
    assert found is not None
    assert (0 in found) == expected
    if expected:
        steps = np.diff(values)
        assert (found[0].rises, found[0].falls) == (bool((steps > 0).all()), bool((steps < 0).all()))


def test_columns_are_found_side_by_side() -> None:
    random = np.random.default_rng(3)
    rows = 1000
    shuffled = random.permutation(rows * 7)[:rows]
    values = np.column_stack([np.arange(rows), shuffled, random.integers(0, 9, rows), random.normal(size=rows)])
    found = find(values.astype(np.float64), [300, 700]).columns
    assert found is not None
    assert sorted(found) == [0, 1]
    assert [found[index].is_ordered for index in (0, 1)] == [True, False]


def test_a_long_column_is_followed_only_while_it_rises_or_falls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distinct, "MAX_KEPT", 100)
    rows = np.arange(1000.0)
    values = np.column_stack([rows, -rows, np.random.default_rng(4).permutation(rows)])
    found = find(values, list(range(30, 1000, 30))).columns
    assert found is not None
    assert sorted(found) == [0, 1]
    assert found[0].values is None


def test_no_rows_say_nothing() -> None:
    found = DistinctColumns()
    found.add_block(np.empty((0, 2)))
    assert found.columns is None
