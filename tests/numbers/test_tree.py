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
        tree.add(merged, len(leaves[start : start + size]))
    assert tree.finish() == merge_all(leaves)


def test_values_keep_their_order() -> None:
    leaves = [chr(0x4E00 + number) for number in range(1000)]
    merged = merge_all(leaves)
    assert merged is not None
    assert merged.replace("(", "").replace(")", "") == "".join(leaves)


@given(st.integers(0, 700), st.integers(0, 700))
def test_a_tree_goes_on_from_the_levels_of_another(before: int, after: int) -> None:
    leaves = [chr(0x4E00 + number) for number in range(before + after)]
    tree: MergeTree[str] = MergeTree(lambda one, other: f"({one}{other})")
    for leaf in leaves[:before]:
        tree.add(leaf)
    tree = MergeTree(lambda one, other: f"({one}{other})", tree.levels)
    for leaf in leaves[before:]:
        tree.add(leaf)
    assert tree.finish() == merge_all(leaves)


def test_the_levels_of_a_finished_tree_hold_its_result() -> None:
    tree: MergeTree[int] = MergeTree(int.__add__)
    for number in range(20):
        tree.add(number)
    assert (tree.finish(), tree.finish()) == (190, 190)
    assert MergeTree(int.__add__, tree.levels).finish() == 190


@pytest.mark.parametrize(("earlier", "later"), [(1, FANOUT), (FANOUT + 1, 1), (3, 1)])
def test_only_complete_values_are_followed_by_others(earlier: int, later: int) -> None:
    tree: MergeTree[int] = MergeTree(int.__add__)
    tree.add(1, earlier)
    with pytest.raises(ValueError, match="complete"):
        tree.add(8, later)


def test_the_level_of_a_number_of_leaves() -> None:
    assert [find_level(FANOUT**level) for level in range(4)] == [0, 1, 2, 3]
    assert [find_level(leaves) for leaves in (FANOUT - 1, FANOUT + 1, FANOUT**2 - 1)] == [0, 1, 1]
