"""Sketches: buckets as defined, the same bits for any partition and order, and the quantiles of NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from tests.bits import DTYPES, draw_values, partitions
from tests.sketches import SMALL, assert_same_sketch, small_sketches
from tests.systems import examples
from zm_cli.numbers.sketch.ranks import count_below, find_quantiles, make_histogram
from zm_cli.numbers.sketch.sketch import Sketch

USUAL = np.array([0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1])
FLOATS = st.one_of(
    st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 2.3e-308, 1.7e308, -1.7e308, math.nan, math.inf, -math.inf]),
    st.floats(),
)
NEAR = st.one_of(
    st.sampled_from([0.0, -0.0, math.nan, math.inf, -math.inf, 1.0, -1.0]),
    st.floats(1.0, 1.001),
    st.floats(1.0, 2.0, exclude_max=True),
    st.floats(-2.0, -1.0, exclude_min=True),
)
"""Floats with four different pairs of sign and exponent, so that they fit into SMALL buckets."""


def tables(elements: st.SearchStrategy[float]) -> st.SearchStrategy[NDArray[np.float64]]:
    return hnp.arrays(np.float64, st.tuples(st.integers(1, 40), st.integers(1, 3)), elements=elements)


def of_column(values: NDArray[Any]) -> Sketch:
    return Sketch.from_block(values.reshape(-1, 1), (1,))


def define(values: NDArray[Any], most: int) -> tuple[int, list[float], list[int]]:
    """The dropped bits, the smallest floats of the buckets and their counts, computed by the definition."""
    finite = values[np.isfinite(values)].astype(np.float64) + 0.0
    bits = [int(number) for number in finite.view(np.uint64)]
    ordered = [(1 << 64) - 1 - number if number >> 63 else number | 1 << 63 for number in bits]
    shift = 0
    while len({number >> shift for number in ordered}) > most:
        shift += 1
    counts: dict[int, int] = {}
    for number in sorted(ordered):
        counts[number >> shift << shift] = counts.get(number >> shift << shift, 0) + 1
    raw = [number & ~(1 << 63) if number >> 63 else (1 << 64) - 1 - number for number in counts]
    return shift, np.array(raw, np.uint64).view(np.float64).tolist(), list(counts.values())


def assert_defined(sketch: Sketch, values: NDArray[Any], most: int) -> None:
    """The sketch of one feature is the one of the definition."""
    shift, bounds, counts = define(values, most)
    assert (sketch.dropped_bits.tolist(), sketch.sizes.tolist()) == ([shift], [len(bounds)])
    assert sketch.bounds.tobytes() == np.array(bounds).tobytes()
    assert sketch.counts.tolist() == counts
    finite = values[np.isfinite(values)]
    ends = (finite.min(), finite.max()) if len(finite) else (np.inf, -np.inf)
    assert (sketch.lowest.item(), sketch.highest.item()) == ends


@settings(deadline=None, max_examples=examples(100))
@given(values=tables(NEAR), most_sorted=st.sampled_from([4, 1000]))
def test_small_sketches_are_those_of_the_definition(values: NDArray[np.float64], most_sorted: int) -> None:
    with small_sketches(most_sorted):
        found = Sketch.from_block(values, (1,))
        for index in range(values.shape[1]):
            assert_defined(found.select([index]), values[:, index], SMALL)


@settings(deadline=None, max_examples=examples(100))
@given(values=tables(FLOATS))
def test_few_values_of_any_size_are_counted_one_by_one(values: NDArray[np.float64]) -> None:
    found = Sketch.from_block(values, ())
    assert_defined(found, values.ravel(), 8192)
    assert found.is_exact


MADE: dict[str, Callable[[np.random.Generator, int], NDArray[Any]]] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "2000 +- 10": lambda rng, n: rng.normal(2000, 10, n),
    "log-normal": lambda rng, n: rng.lognormal(size=n),
    "time stamps": lambda rng, n: 1.6e9 + rng.uniform(0, 4 * 365.25 * 86400, n),
    "time stamps, 10 years": lambda rng, n: 1.4e9 + rng.uniform(0, 10 * 365.25 * 86400, n),
    "Cauchy": lambda rng, n: rng.standard_cauchy(n),
    "mixture": lambda rng, n: np.where(rng.random(n) < 0.3, rng.normal(-5, 0.1, n), rng.normal(100, 20, n)),
    "many zeros": lambda rng, n: np.where(rng.random(n) < 0.6, 0.0, rng.normal(size=n)),
    "cents": lambda rng, n: rng.integers(-3000, 10**6, n) / 100,
    "integers": lambda rng, n: rng.integers(-2000, 2000, n),
    "float32": lambda rng, n: rng.normal(size=n).astype(np.float32),
    "huge and tiny": lambda rng, n: rng.normal(size=n) * 10.0 ** rng.integers(-300, 300, n),
    "close to 1e9": lambda rng, n: 1e9 + rng.random(n) * 1e-3,
}


@pytest.mark.parametrize("count", [8193, 16385])
@pytest.mark.parametrize("name", MADE)
def test_full_sketches_are_those_of_the_definition(name: str, count: int) -> None:
    values = MADE[name](np.random.default_rng(1), count)
    assert_defined(of_column(values), values, 8192)


@settings(deadline=None, max_examples=examples(100))
@given(
    values=hnp.arrays(np.float64, (20, 2), elements=NEAR),
    parts=partitions(20),
    order=st.permutations(range(20)),
    halve=st.booleans(),
)
def test_any_partition_and_order_give_the_same_bits(
    values: NDArray[np.float64], parts: list[slice], order: list[int], halve: bool
) -> None:
    with small_sketches():
        sketches = [Sketch.from_block(values[order][part], (1,)) for part in parts]
        if halve and len(sketches) > 1:
            middle = len(sketches) // 2
            sketches = [reduce(Sketch.merge, sketches[:middle]), reduce(Sketch.merge, sketches[middle:])]
        assert_same_sketch(reduce(Sketch.merge, sketches), Sketch.from_block(values, (1,)))


@pytest.mark.parametrize("name", MADE)
def test_any_partition_of_many_values_gives_the_same_bits(name: str) -> None:
    rng = np.random.default_rng(2)
    values = MADE[name](rng, 30_000)
    parts = np.split(rng.permutation(values), np.sort(rng.integers(0, len(values), 6)))
    assert_same_sketch(reduce(Sketch.merge, map(of_column, parts)), of_column(values))


@settings(deadline=None, max_examples=examples(100))
@given(values=tables(NEAR))
def test_nothing_merged_with_it_changes_nothing(values: NDArray[np.float64]) -> None:
    with small_sketches():
        sketch = Sketch.from_block(values, (1,))
        none = Sketch.identity((values.shape[1],))
        assert_same_sketch(sketch.merge(none), sketch)
        assert_same_sketch(none.merge(sketch), sketch)
        assert_same_sketch(none.merge(none), none)


@pytest.mark.parametrize("kept", [(3,), (1, 2, 3), (2,), ()])
def test_any_axes_can_be_kept(kept: tuple[int, ...]) -> None:
    values = np.random.default_rng(3).normal(size=(50, 2, 3, 4))
    found = Sketch.from_block(values, kept)
    rows = np.moveaxis(values, kept, range(len(kept))).reshape(math.prod(found.shape), -1)
    assert found.shape == (tuple(values.shape[axis] for axis in kept) or (1,))
    for index, row in enumerate(rows):
        shift, bounds, _ = define(row, 8192)
        start, size = found.starts[index], found.sizes.flat[index]
        assert (int(found.dropped_bits.flat[index]), found.bounds[start : start + size].tolist()) == (shift, bounds)


def test_a_block_in_columns_gives_the_same_bits_as_one_in_rows() -> None:
    values = np.random.default_rng(4).normal(size=(9000, 3))
    for kept in ((1,), ()):
        assert_same_sketch(Sketch.from_block(np.asfortranarray(values), kept), Sketch.from_block(values, kept))


def test_missing_values_and_codes_are_left_out() -> None:
    values = np.array([[1.0, np.nan], [np.inf, -np.inf], [7.0, 7.0], [-0.0, np.nan]])
    found = Sketch.from_block(values, (1,), missing_codes=(7.0,))
    assert (found.sizes.tolist(), found.bounds.tolist(), found.number.tolist()) == ([2, 0], [0.0, 1.0], [2, 0])
    assert not np.signbit(found.bounds).any()
    assert (found.lowest.tolist(), found.highest.tolist()) == ([0.0, np.inf], [1.0, -np.inf])
    assert np.isnan(find_quantiles(found, USUAL)[:, 1]).all()


def test_many_missing_values_are_left_out() -> None:
    values = np.where(np.arange(20_000) % 3 == 0, np.nan, np.arange(20_000.0))
    values[1] = np.inf
    assert_defined(of_column(values), values, 8192)
    assert_same_sketch(of_column(np.full(20_000, np.nan)), Sketch.identity((1,)))


@pytest.mark.parametrize("missing_codes", [(), (0.0, 200.0)])
def test_counts_of_values_give_the_bits_of_the_values(missing_codes: tuple[float, ...]) -> None:
    values = np.random.default_rng(5).integers(0, 256, (500, 3), dtype=np.uint8)
    counts = np.stack([np.bincount(column, minlength=256) for column in values.T])
    assert_same_sketch(Sketch.from_counts(counts, missing_codes), Sketch.from_block(values, (1,), missing_codes))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "<u2", ">u2", "<i2", ">i2"])
@pytest.mark.parametrize("count", [100, 200_000])
def test_small_integers_that_are_counted_in_a_table_give_the_bits_of_floats(dtype: str, count: int) -> None:
    rng = np.random.default_rng(12)
    ends = (0, 2) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max + 1)
    values = rng.integers(*ends, (count, 2)).astype(dtype)
    assert_same_sketch(Sketch.from_block(values, (1,)), Sketch.from_block(values.astype(np.float64), (1,)))
    part = Sketch.from_block(values[: count // 2].astype(np.float64), (1,))
    mixed = Sketch.combine([part], [values[count // 2 :].T])
    assert_same_sketch(mixed, Sketch.from_block(values, (1,)))


@pytest.mark.parametrize(("scale", "offset"), [(1 / 255, 0.0), (-0.25, 3.0), (1e-20, 1.0), (1e308, 0.0)])
def test_exact_values_are_mapped_as_if_they_had_been_measured(scale: float, offset: float) -> None:
    values = np.random.default_rng(6).integers(0, 256, (500, 2), dtype=np.uint8)
    mapped = Sketch.from_block(values, (1,)).map_values(lambda value: value * scale + offset)
    with np.errstate(over="ignore"):
        assert_same_sketch(mapped, Sketch.from_block(values * scale + offset, (1,)))


def test_sketches_are_stacked_and_features_selected() -> None:
    rng = np.random.default_rng(7)
    parts = [Sketch.from_block(rng.normal(size=(count, 3)).round(1), (1,)) for count in (50, 0, 9000)]
    stacked = Sketch.stack(parts)
    assert stacked.shape == (3, 3)
    for part, back in zip(parts, stacked.unstack(), strict=True):
        assert_same_sketch(back, part)
    assert_same_sketch(parts[2].select([2, 0]).select([1]), parts[2].select([0]))
    assert_same_sketch(Sketch.stack([parts[0], parts[1]]).merge(Sketch.stack([parts[2]] * 2)).unstack()[1], parts[2])


@pytest.mark.parametrize("dtype", DTYPES)
def test_exact_quantiles_have_the_bits_of_numpy(dtype: str) -> None:
    values = draw_values(dtype, (1000, 3), seed=8)
    found = find_quantiles(Sketch.from_block(values, (1,)), USUAL)
    expected = np.quantile(values.astype(np.float64), USUAL, axis=0)
    assert found.tobytes() == expected.tobytes()


@settings(deadline=None, max_examples=examples(100))
@given(
    values=hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(-1e300, 1e300)),
    probabilities=hnp.arrays(np.float64, 4, elements=st.floats(0, 1)),
)
def test_quantiles_of_any_floats_have_the_bits_of_numpy(
    values: NDArray[np.float64], probabilities: NDArray[np.float64]
) -> None:
    found = find_quantiles(of_column(values), probabilities)[:, 0]
    # NumPy keeps the sign of a zero.
    assert (found + 0.0).tobytes() == (np.quantile(values, probabilities) + 0.0).tobytes()


@pytest.mark.parametrize(
    ("name", "percent", "times"),
    [
        ("normal", 0.02, 1.5),
        ("2000 +- 10", 0.03, 1),
        ("log-normal", 0.03, 2.5),
        ("time stamps", 0.003, 1.5),
        ("time stamps, 10 years", 0.003, 1.5),
        ("Cauchy", 0.1, 2),
        ("mixture", 0.01, 1),
        ("cents", 0.02, 1),
        ("integers", 0.0, 1),
    ],
)
def test_quantiles_are_near_those_of_all_values(name: str, percent: float, times: float) -> None:
    shares, largest = USUAL[2:-2], []
    for seed in range(9):
        values = MADE[name](np.random.default_rng(seed), 300_000)
        sketch = reduce(Sketch.merge, map(of_column, np.array_split(values, 7)))
        expected = np.quantile(values, shares)
        error = np.abs(find_quantiles(sketch, shares)[:, 0] - expected).max()
        largest.append(100 * error / (expected[3] - expected[1]))
    # Of the interquartile range. How many values lie in one half of a bucket is chance, so some data are further off.
    assert np.median(largest) <= percent
    assert max(largest) <= times * percent


@pytest.mark.parametrize("name", ["normal", "log-normal", "Cauchy", "many zeros", "huge and tiny"])
def test_quantiles_ascend_between_the_extremes(name: str) -> None:
    values = MADE[name](np.random.default_rng(9), 20_000)
    found = find_quantiles(of_column(values), np.linspace(0, 1, 5001))[:, 0]
    assert (found[0], found[-1]) == (values.min(), values.max())
    assert (np.diff(found) >= 0).all()


def test_zeros_among_many_values_stay_zeros() -> None:
    sketch = of_column(MADE["many zeros"](np.random.default_rng(10), 40_000))
    assert not sketch.is_exact
    assert find_quantiles(sketch, np.array([0.3, 0.5, 0.7])).tolist() == [[0.0], [0.0], [0.0]]


def test_exact_histograms_are_those_of_numpy() -> None:
    values = np.random.default_rng(11).integers(-50, 60, (2000, 2)) / 4
    sketch = Sketch.from_block(values, (1,))
    edges = np.array([-20.0, -3.0, 0.0, 0.25, 12.0])
    for index in range(2):
        for bins in (10, 1, edges):
            counts, found = make_histogram(sketch, index, bins)
            expected, expected_edges = np.histogram(values[:, index], bins)
            assert counts.tolist() == expected.tolist()
            assert found.tolist() == expected_edges.tolist()
        column = np.sort(values[:, index])
        for side in ("left", "right"):
            assert count_below(sketch, index, edges, side).tolist() == np.searchsorted(column, edges, side).tolist()


@pytest.mark.parametrize("name", ["normal", "log-normal", "many zeros"])
def test_histograms_of_many_values_are_near_those_of_numpy(name: str) -> None:
    values = MADE[name](np.random.default_rng(12), 50_000)
    counts, edges = make_histogram(of_column(values), 0, 20)
    expected = np.histogram(values, edges)[0]
    assert math.isclose(counts.sum(), len(values))
    assert np.abs(counts - expected).max() < 0.001 * len(values)


def test_histograms_of_constant_and_of_no_values() -> None:
    sketch = Sketch.from_block(np.array([[3.0, np.nan]] * 4), (1,))
    counts, edges = make_histogram(sketch, 0, 2)
    assert (counts.tolist(), edges.tolist()) == ([0.0, 4.0], [2.5, 3.0, 3.5])
    assert make_histogram(sketch, 1, 2)[0].tolist() == [0.0, 0.0]


def test_sums_of_counts_may_overflow_over_the_features() -> None:
    counts = np.full((4, 3), 2**60)
    sketch = Sketch.from_counts(counts)
    assert sketch.number.tolist() == [3 * 2**60] * 4
    assert find_quantiles(sketch, np.array([0.1, 0.5, 1.0])).tolist() == [[0.0] * 4, [1.0] * 4, [2.0] * 4]
