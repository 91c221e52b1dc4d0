"""Compares sketches to the bit, and makes them so small that few values fill them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields

import pytest

from zm_cli.numbers.sketch import leading_bits, sketch
from zm_cli.numbers.sketch.sketch import Sketch

SMALL = 5
PIECE = 8


def assert_same_sketch(left: Sketch, right: Sketch) -> None:
    """All arrays have the same bits."""
    for field in fields(Sketch):
        mine, theirs = getattr(left, field.name), getattr(right, field.name)
        assert (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape), field.name
        assert mine.tobytes() == theirs.tobytes(), field.name


@contextmanager
def small_sketches(most_sorted: int = 4) -> Iterator[None]:
    """Limits sketches to SMALL buckets, found in pieces of PIECE values; at most `most_sorted` values are sorted.

    The values may have only few exponents, because bits of sign and exponent are never dropped.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leading_bits, "MAX_BUCKETS", SMALL)
        patch.setattr(leading_bits, "_LEADING_BITS", 2)
        patch.setattr(leading_bits, "_TABLE_BITS", 5)
        patch.setattr(sketch, "_SORTED", most_sorted)
        patch.setattr(sketch, "PIECE", PIECE)
        patch.setattr(sketch, "_TOGETHER", 3 * PIECE)
        yield
