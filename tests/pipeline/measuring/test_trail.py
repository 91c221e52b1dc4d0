"""The hash of the addresses of spans: the same for the same data, another one for any other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zm_cli.data.block import Span
from zm_cli.formats.shared.sampling import SampleRange
from zm_cli.pipeline.measuring.trail import NO_SPANS, Trail


def hash_address(*addresses: Any, nbytes: int = 1) -> bytes:
    trail = Trail()
    trail.add(Span(index, address, nbytes, 1) for index, address in enumerate(addresses))
    return trail.digest()


def test_equal_addresses_have_one_hash() -> None:
    name = "".join(["a", "b"])
    assert hash_address((name, (name,))) == hash_address(("ab", ("ab",)))
    assert hash_address((np.arange(3), b"ab")) == hash_address((np.arange(3), name.encode()))
    assert hash_address() == NO_SPANS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ab", "c"), ("a", "bc")),
        (("a", ("b",)), (("a", "b"),)),
        ("1", 1),
        ((b"a", b"bc"), (b"ab", b"c")),
        ((b"a",), ("a",)),
        (None, "None"),
        ((np.arange(5000),), (np.roll(np.arange(5000), 1),)),
        ((np.arange(3, dtype=np.int64),), (np.arange(3, dtype=np.uint64),)),
        (("\udcff",), ("\udcfe",)),
        (SampleRange(0, 5), SampleRange(0, 6)),
        (SampleRange(0, 5), SampleRange(0, 5, (1,))),
    ],
)
def test_other_addresses_have_another_hash(one: Any, other: Any) -> None:
    assert hash_address(one) != hash_address(other)


def test_sizes_and_order_count() -> None:
    assert hash_address("a", nbytes=1) != hash_address("a", nbytes=2)
    assert hash_address("a", "b") != hash_address("b", "a")
