"""Buffered sketches: the bits do not depend on when values are counted, and memory is bounded."""

from __future__ import annotations

import pickle
from functools import reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from tests.bits import partitions
from tests.sketches import assert_same_sketch, small_sketches
from tests.systems import examples
from zm_cli.numbers.sketch import buffered as buffered_sketch
from zm_cli.numbers.sketch.buffered import BufferedSketch
from zm_cli.numbers.sketch.size import MAX_FEATURE_NUMBERS
from zm_cli.numbers.sketch.sketch import Sketch
from zm_cli.statistics.quantiles import Quantiles

ROWS = 24


def count_kept(buffered: BufferedSketch) -> int:
    """The numbers that are kept: those of the sketch, and the bytes that wait as float64."""
    waiting = sum(block.nbytes for block in buffered.waiting)
    return 2 * buffered.counted.bounds.size + waiting // 8


@settings(deadline=None, max_examples=examples(100))
@given(
    values=hnp.arrays(np.float64, (ROWS, 2), elements=st.floats(1.0, 2.0, exclude_max=True) | st.just(np.nan)),
    parts=partitions(ROWS),
    most=st.sampled_from([1, 7, 20, 1000]),
    pickled=st.sets(st.integers(0, ROWS)),
    halve=st.booleans(),
)
def test_values_that_wait_give_the_same_bits(
    values: NDArray[np.float64], parts: list[slice], most: int, pickled: set[int], halve: bool
) -> None:
    with small_sketches(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(buffered_sketch, "MAX_FEATURE_NUMBERS", most)
        patch.setattr(buffered_sketch, "_MAX_BLOCKS", 3)
        found = [BufferedSketch.from_block(values[part], (1,)) for part in parts]
        found = [pickle.loads(pickle.dumps(each)) if index in pickled else each for index, each in enumerate(found)]
        if halve and len(found) > 1:
            middle = len(found) // 2
            found = [reduce(BufferedSketch.merge, found[:middle]), reduce(BufferedSketch.merge, found[middle:])]
        assert_same_sketch(reduce(BufferedSketch.merge, found).settle(), Sketch.from_block(values, (1,)))


@pytest.mark.parametrize("order", ["C", "F"])
def test_values_of_several_types_have_one_sketch(order: Any) -> None:
    rng = np.random.default_rng(1)
    parts = [
        rng.integers(-100, 100, (300, 4)).astype(dtype, order=order)
        for dtype in ("int8", "int16", "uint8", "float32", "int64", "float64")
    ]
    merged = reduce(BufferedSketch.merge, (BufferedSketch.from_block(part, (1,)) for part in parts))
    together = np.concatenate([part.astype(np.float64) for part in parts])
    assert_same_sketch(merged.settle(), Sketch.from_block(together, (1,)))


def test_a_block_that_is_changed_later_was_measured_as_it_had_been() -> None:
    block = np.arange(12.0).reshape(6, 2)
    expected = Sketch.from_block(block, (1,))
    found = BufferedSketch.from_block(block, (1,))
    block[:] = 0
    assert_same_sketch(found.settle(), expected)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_no_more_is_kept_than_is_said(dtype: str) -> None:
    rng = np.random.default_rng(2)
    total, most = Quantiles.identity((2,)), Quantiles.count_numbers(2)
    for rows in (10, MAX_FEATURE_NUMBERS, *[5000] * 20, 9 * MAX_FEATURE_NUMBERS, 5000):
        block = rng.normal(128, 30, (rows, 2)).clip(0, 255).astype(dtype)
        part = Quantiles.from_block(block, (1,))
        total = total.merge(part)
        assert max(count_kept(part.buffered), count_kept(total.buffered)) <= most


def test_few_values_wait_until_they_are_asked_for() -> None:
    parts = [BufferedSketch.from_block(np.full((2, 3), float(index)), (1,)) for index in range(100)]
    merged = reduce(BufferedSketch.merge, parts)
    assert 1 <= len(merged.waiting) < 50
    assert not merged.counted.sizes.any()
    assert merged.settle().sizes.tolist() == [100, 100, 100]
    assert not merged.waiting
    assert merged.settle() is merged.counted
