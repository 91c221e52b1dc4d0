"""What every optional statistic promises: how it merges, what it counts, and that stats files keep it."""

from __future__ import annotations

import io
import json
import math
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.bits import DTYPES, assert_same_arrays, draw_values, merge_all, partitions
from tests.hostile_stats import document_of, refused
from tests.made import make_stats
from tests.systems import examples
from zm_cli.numbers.axes import Per, find_feature_axes
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.statistic import Population, Statistic
from zm_cli.pipeline.measuring import checkpoint_file
from zm_cli.statistics import optional_statistics
from zm_cli.statistics.zeros import Zeros
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import load_stats, save_stats

Kind = type[Statistic]

ROWS = 40
CODE = 3.0
BOUND = 1e-12
"""How far a statistic that does not merge exactly may be from that of the whole, relative to the largest number."""


def each(*kinds: Kind) -> Any:
    return pytest.mark.parametrize("kind", kinds, ids=[kind.name for kind in kinds])


STATISTICS = tuple(optional_statistics().values())
every = each(*STATISTICS)
files = pytest.mark.parametrize("suffix", [".json", ".npz", ".h5"])


def make_table(dtype: str = "float64", rows: int = ROWS, *, with_missing: bool = True) -> NDArray[Any]:
    """A table of three columns with zeros and, if asked for, missing values: CODE, and NaN and infinities in floats."""
    values, rng = draw_values(dtype, (rows, 3), seed=1), np.random.default_rng(2)
    values[rng.random(values.shape) < 0.1] = 0
    if with_missing:
        for missing in (CODE, np.nan, np.inf, -np.inf)[: 4 if dtype.startswith("float") else 1]:
            values[rng.random(values.shape) < 0.05] = missing
    return values


def assert_same(found: Statistic, expected: Statistic) -> None:
    """The statistics have the same bits if they merge exactly, else the same numbers to BOUND."""
    if found.merges_exactly:
        assert_same_arrays(found, expected)
        return
    arrays = expected.to_document()
    for key, array in arrays.items():
        # Rounding errors are compared with the numbers that they belong to, which are in an array of the same shape.
        alike = [
            np.abs(other).max(initial=0, where=np.isfinite(other))
            for other in arrays.values()
            if other.shape == array.shape
        ]
        np.testing.assert_allclose(found.to_document()[key], array, rtol=0, atol=BOUND * max(alike), err_msg=key)


def describe(kind: Kind, values: NDArray[Any], per: Per = "column", axes: str = "NC") -> Stats:
    """The statistics of an array, this one among them."""
    stats = make_stats(values, per, axes=axes, kind="csv" if axes == "NC" else "hdf5")
    return replace(stats, statistics={kind.name: kind.from_block(values, find_feature_axes(axes, per))})


def reload(stats: Stats, folder: Path, suffix: str) -> Stats:
    save_stats(stats, str(folder / f"stats{suffix}"))
    return load_stats(str(folder / f"stats{suffix}"))


@every
@pytest.mark.parametrize("rows", [0, 1, ROWS])
def test_nothing_merged_with_something_is_that(kind: Kind, rows: int) -> None:
    some, nothing = kind.from_block(make_table(rows=rows), (1,)), kind.identity((3,))
    assert_same_arrays(some.merge(nothing), some)
    assert_same_arrays(nothing.merge(some), some)
    assert_same_arrays(nothing.merge(nothing), nothing)


@every
@settings(deadline=None, max_examples=examples(100))
@given(
    dtype=st.sampled_from(DTYPES),
    order=st.permutations(range(ROWS)),
    parts=partitions(ROWS),
    halve=st.booleans(),
)
def test_any_partition_and_order_give_the_same(
    kind: Kind, dtype: str, order: list[int], parts: list[slice], halve: bool
) -> None:
    values = make_table(dtype)
    found = [kind.from_block(values[order][part], (1,), (CODE,)) for part in parts]
    assert_same(merge_all(found, halve=halve), kind.from_block(values, (1,), (CODE,)))


@every
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_has_the_statistic_of_its_values_as_float64_with_nan_for_missing_ones(
    kind: Kind, dtype: str
) -> None:
    values = make_table(dtype)
    plain = values.astype(np.float64)
    plain[~np.isfinite(plain) | (values == CODE)] = np.nan
    for axes in ((1,), ()):
        assert_same(kind.from_block(values, axes, (CODE,)), kind.from_block(plain, axes))


@each(*(kind for kind in STATISTICS if kind.counts_suffice))
@pytest.mark.parametrize("missing_codes", [(), (CODE,), (0.0, 200.0)])
def test_counted_values_have_the_bits_of_the_values(kind: Kind, missing_codes: tuple[float, ...]) -> None:
    values = make_table("uint8", 500)
    counts = np.stack([np.bincount(column, minlength=256) for column in values.T])
    assert_same_arrays(kind.from_counts(counts, missing_codes), kind.from_block(values, (1,), missing_codes))


@every
def test_a_transform_gives_what_transformed_values_have_or_none(kind: Kind) -> None:
    values = make_table()
    shift, scale = np.array([2.0, 0.0, -1.0]), np.array([2.0, 0.5, 4.0])
    found = kind.from_block(values, (1,))
    pairs = [(found.transform(part, scale), (values - part) / scale) for part in (shift, np.zeros(3))]
    pairs += [(found.unpack(-0.5, offset), values * -0.5 + offset) for offset in (0.0, 3.0)]
    for made, real in pairs:
        if made is not None:
            assert_same(made, kind.from_block(real, (1,)))
    # After a shift, it is not known which values are zero.
    survives_shift = kind is not Zeros
    assert [made is not None for made, _ in pairs] == [survives_shift, True, True, survives_shift]


TABLES: Mapping[str, tuple[NDArray[Any], Per, str]] = {
    "missing": (make_table(), "column", "NC"),
    "no values": (np.full((4, 2), np.nan), "column", "NC"),
    "many values": (make_table(rows=9000), "column", "NC"),
    "pixels": (draw_values("uint8", (20, 2, 3), seed=3), "pixel", "NHW"),
}


@every
@files
@pytest.mark.parametrize("table", TABLES)
def test_stats_files_keep_every_bit(kind: Kind, suffix: str, table: str, tmp_path: Path) -> None:
    stats = describe(kind, *TABLES[table])
    assert_same_arrays(reload(stats, tmp_path, suffix).statistics[kind.name], stats.statistics[kind.name])


@every
@files
def test_stats_files_of_parts_merge_to_the_whole(kind: Kind, suffix: str, tmp_path: Path) -> None:
    values = make_table(rows=9000)
    parts = [reload(describe(kind, part), tmp_path, suffix) for part in np.split(values, [100, 5000])]
    assert_same(merge_all([part.statistics[kind.name] for part in parts]), kind.from_block(values, (1,)))


@every
def test_pickles_and_checkpoints_keep_every_bit(kind: Kind) -> None:
    found, stream = kind.from_block(make_table(), (1,)), io.BytesIO()
    assert_same_arrays(pickle.loads(pickle.dumps(found)), found)
    checkpoint_file._Pickler(stream, protocol=5).dump(found)
    assert_same_arrays(checkpoint_file._Unpickler(io.BytesIO(stream.getvalue())).load(), found)


@every
def test_groups_are_stacked_saved_and_unstacked(kind: Kind) -> None:
    tables = [make_table(), np.full((1, 3), np.nan), make_table("int16").astype(np.float64)]
    groups = [kind.from_block(table, (1,)) for table in tables]
    moments = Moments.stack([Moments.from_block(table, (1,)) for table in tables])
    stacked = kind.stack(groups)
    back = kind.from_document(
        stacked.to_document(), Population((3, 3), None, moments.count, grouped=True, moments=moments)
    )
    assert_same_arrays(back, stacked)
    merged = stacked.merge(stacked)
    for one, both, group in zip(back.unstack(), merged.unstack(), groups, strict=True):
        assert_same_arrays(one, group)
        assert_same_arrays(both, group.merge(group))


@every
def test_features_are_selected_and_reordered(kind: Kind) -> None:
    values = make_table(with_missing=False)
    found = kind.from_block(values, (1,)).select([2, 0])
    assert_same(found, kind.from_block(values[:, [2, 0]], (1,)))


def list_kept(value: Any) -> Iterator[int]:
    """Yields the bytes of each array and number that an object holds."""
    if isinstance(value, np.ndarray):
        yield value.nbytes
    elif is_dataclass(value):
        for field in fields(value):
            yield from list_kept(getattr(value, field.name))
    elif isinstance(value, tuple | list):
        for entry in value:
            yield from list_kept(entry)


@every
@pytest.mark.parametrize("rows", [0, 20, 9000, 40_000])
def test_no_more_numbers_are_kept_than_is_said(kind: Kind, rows: int) -> None:
    values = make_table(rows=rows)
    for found in (kind.from_block(values, (1,)), kind.from_block(values, (1,)).merge(kind.from_block(values, (1,)))):
        kept = math.ceil(sum(list_kept(found)) / 8)
        said = found.count_kept()
        assert kept <= (kind.count_numbers(3) if said is None else said) <= kind.count_numbers(3, 2 * values.size)
        assert kind.count_numbers(3, 0) <= kind.count_numbers(3, values.size) <= kind.count_numbers(3)
        longest = max(array.size for array in found.to_document().values())
        different = max(len(np.unique(column)) for column in values.T)
        # The file has a few quantiles even of no values.
        assert rows == 0 or longest <= kind.count_longest(3, different) <= kind.count_longest(3)


@every
@pytest.mark.parametrize("shape", [(3,), (2, 3)])
def test_every_column_of_a_table_has_a_value_for_each_feature(kind: Kind, shape: tuple[int, ...]) -> None:
    values = draw_values("float64", (20, *shape), seed=4)
    for found in (kind.from_block(values, tuple(range(1, 1 + len(shape)))), kind.identity(shape)):
        assert {array.shape for array in found.to_columns().values()} <= {shape}


def damage_array(kind: Kind, key: str) -> Iterator[Any]:
    """Yields impossible contents of an array of a stats file, as nested lists; None for an array that is not there."""
    array, described = kind.from_block(make_table(), (1,)).to_document()[key], kind.arrays[key]
    # A file without its only array is one without the statistic.
    if described.required and len(kind.arrays) > 1:
        yield None
    yield [*array.tolist(), array.tolist()[-1]]
    yield "x"
    if not described.signed:
        changed = array.astype(object)
        changed.flat[0] = -1 if described.whole else None
        yield changed.tolist()


@every
def test_damaged_arrays_are_refused_by_their_key(kind: Kind, tmp_path: Path) -> None:
    for key in kind.arrays:
        section, _, field = key.rpartition(".")
        for content in damage_array(kind, key):
            document = document_of(describe(kind, make_table()))
            arrays = document[section] if section else document
            arrays[field] = content
            if content is None:
                del arrays[field]
            assert f"'{key}'" in refused(json.dumps(document), tmp_path)
