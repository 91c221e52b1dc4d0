"""What is saved comes back to the bit, in every form of the file, so that merging files loses nothing."""

from __future__ import annotations

import tempfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from tests.bits import SMALL, assert_same_bits, draw_integers, make_moments, merge_all, partitions
from tests.hostile_stats import images, table
from tests.made import make_stats
from tests.systems import examples
from zm_cli.numbers.moments.integer_sums import IntegerSums
from zm_cli.numbers.moments.moments import Moments
from zm_cli.outputs.provenance import Provenance
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import load_stats, save_stats

SUFFIXES = (".json", ".npz", ".h5")


def reload(stats: Stats, suffix: str) -> Stats:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / f"stats{suffix}")
        save_stats(stats, path)
        return load_stats(path)


def measure_parts(values: NDArray[np.float64], cuts: list[int]) -> Stats:
    """The statistics of a table, merged from parts."""
    moments = Moments.identity((values.shape[1],))
    for part in np.split(values, sorted(cut for cut in cuts if cut <= len(values))):
        moments = moments.merge(Moments.from_block(part, (1,)))
    return replace(make_stats(values, "column", axes="NC", kind="csv"), moments=moments)


TABLES = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 20), st.integers(1, 3)),
    elements=st.one_of(st.floats(-1e150, 1e150), st.floats(-3, 3), st.just(float("nan"))),
)


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(deadline=None, max_examples=examples(150))
@given(values=TABLES, cuts=st.lists(st.integers(0, 20), max_size=5))
def test_moments_come_back_to_the_bit(suffix: str, values: NDArray[np.float64], cuts: list[int]) -> None:
    stats = measure_parts(values, cuts)
    assert_same_bits(reload(stats, suffix).moments, stats.moments)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_merging_files_gives_the_bits_of_merging_in_memory(suffix: str) -> None:
    values = 1e6 + np.random.default_rng(1).normal(size=(1000, 2))
    parts = [measure_parts(part, [7]) for part in np.split(values, [300, 650])]
    assert any(part.moments.tail.any() for part in parts)
    kept = loaded = Moments.identity((2,))
    for part in parts:
        kept, loaded = kept.merge(part.moments), loaded.merge(reload(part, suffix).moments)
    assert_same_bits(loaded, kept)


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(deadline=None, max_examples=examples(40))
@given(
    dtype=st.sampled_from(SMALL[1:]),
    per=st.sampled_from(["channel", "pixel", "all"]),
    ignore=st.sampled_from([None, 1.0]),
    unit=st.booleans(),
    parts=partitions(8),
    written=st.lists(st.booleans(), min_size=7, max_size=7),
    seed=st.integers(0, 99),
)
def test_merging_files_of_small_integers_gives_the_bits_of_the_whole(
    suffix: str,
    dtype: str,
    per: str,
    ignore: float | None,
    unit: bool,
    parts: list[slice],
    written: list[bool],
    seed: int,
) -> None:
    values = draw_integers(dtype, (8, 2, 3, 2), seed)
    whole, *found = (
        make_stats(part, per, axes="NHWC", unit=unit, ignore=ignore)
        for part in (values, *(values[part] for part in parts if part.stop > part.start))
    )
    # The bits of a part are the same whether it was in a file or not, and one without a single value has none.
    moments = [
        reload(part, suffix).moments if kept and part.moments.count.any() else part.moments
        for part, kept in zip(found, written, strict=False)
    ]
    assert_same_bits(merge_all(moments), whole.moments)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_squares_beyond_64_bits_come_back_to_the_bit(suffix: str) -> None:
    count, (high, low) = np.array([2**40]), divmod(65535**2 * 2**40, 2**62)
    sums = IntegerSums(65535 * count, np.array([low]), np.array([high]))
    moments = make_moments(count, sums, np.array([65535.0]))
    stats = make_stats(np.ones(4, np.uint16), "all", axes="N")
    stats = replace(stats, samples=2**40, sources=(replace(stats.sources[0], samples=2**40),), moments=moments)
    back = reload(stats, suffix).moments
    assert_same_bits(back, moments)
    assert_same_bits(back.merge(back), moments.merge(moments))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_sums_behind_marked_integers_come_back_though_their_real_type_is_float(suffix: str) -> None:
    stats = make_stats(draw_integers("int16", (9, 2), seed=1), "column", axes="NC", ignore=0.0)
    stats = replace(stats, dtype="float32")
    assert_same_bits(reload(stats, suffix).moments, stats.moments)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_moments_divided_for_unit_come_back_to_the_bit(suffix: str) -> None:
    stats = images(unit=True)
    assert stats.moments.tail.any()
    assert_same_bits(reload(stats, suffix).moments, stats.moments)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_said_beside_the_numbers_comes_back(suffix: str) -> None:
    stats = replace(
        table(),
        classes=("cat", "dög", "\udcff"),
        provenance=Provenance("1.0", "zm stats --per column", "xxh3_128:1"),
        transform={"operation": "scale", "method": "quantile", "range": [-1.0, 0.1], "clip": True, "impute": "mean"},
        decoding={"header": True, "null_values": ["-"], "of_a_later_version": {"a": [1, 2.5, None]}},
        partial=True,
    )
    back = reload(stats, suffix)
    for field in fields(Stats):
        if field.name != "moments":
            assert getattr(back, field.name) == getattr(stats, field.name)
