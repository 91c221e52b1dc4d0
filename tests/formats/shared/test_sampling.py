"""Samples are drawn evenly over the data, and the same ones each time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zm_cli.formats.shared.sampling import draw_evenly


@given(st.integers(0, 5000), st.integers(1, 600), st.integers(0, 2**31))
def test_one_sample_is_drawn_of_each_of_as_many_equal_parts(total: int, wanted: int, seed: int) -> None:
    chosen = draw_evenly(total, wanted, seed)
    assert len(chosen) == min(total, wanted)
    for part, index in enumerate(chosen):
        number = len(chosen)
        assert part * total // number <= index < (part + 1) * total // number


def test_a_seed_gives_the_same_samples_and_another_seed_others() -> None:
    assert draw_evenly(10_000, 5, 0) == draw_evenly(10_000, 5, 0) == [1688, 3515, 4841, 6517, 9022]
    assert draw_evenly(10_000, 5, 1) != draw_evenly(10_000, 5, 0)
