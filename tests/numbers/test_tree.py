"""Merging in a tree whose shape follows from the data alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zm_cli.numbers.tree import FANOUT, MergeTree, find_level


def merge_all(values: list[str]) -> str | None:
    tree: MergeTree[str] = MergeTree(lambda one, other: f"({one}{other})")
    for value in values:
        tree.add(value)
    return tree.finish()


@given(st.integers(0, 700), st.integers(0, 2))
def test_neighbours_may_be_merged_elsewhere(count: int, level: int) -> None:
    leaves = [chr(0x4E00 + number) for number in range(count)]
    tree: MergeTree[str] = MergeTree(lambda one, other: f"({one}{other})")
    size = FANOUT**level
    for start in range(0, count, size):
        merged = merge_all(leaves[start : start + size])
        assert merged is not None
        tree.add(merged, level)
    assert tree.finish() == merge_all(leaves)


def test_values_keep_their_order() -> None:
    leaves = [chr(0x4E00 + number) for number in range(1000)]
    merged = merge_all(leaves)
    assert merged is not None
    assert merged.replace("(", "").replace(")", "") == "".join(leaves)


def test_a_value_of_a_higher_level_follows_complete_ones_only() -> None:
    tree: MergeTree[int] = MergeTree(int.__add__)
    tree.add(1)
    with pytest.raises(ValueError, match="complete"):
        tree.add(8, level=1)


def test_the_level_of_a_number_of_leaves() -> None:
    assert [find_level(FANOUT**level) for level in range(4)] == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="power"):
        find_level(FANOUT + 1)
