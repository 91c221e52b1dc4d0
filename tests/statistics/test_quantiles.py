"""Quantiles: in every form of the stats file to the bit, refused where it is damaged, and shown as asked for."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.hostile_stats import document_of
from tests.inprocess import call_zm
from tests.made import make_stats
from tests.shell import run_zm
from tests.sketches import assert_same_sketch
from zm_cli.errors import DataError
from zm_cli.numbers.sketch import leading_bits
from zm_cli.numbers.sketch.size import MAX_BUCKETS
from zm_cli.numbers.sketch.sketch import Sketch
from zm_cli.numbers.statistic import FieldError, Population
from zm_cli.statistics.quantiles import Quantiles, name_quantile
from zm_cli.statsfile.reader import read_document
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import load_stats, save_stats

SUFFIXES = (".json", ".npz", ".h5")


def measure(values: NDArray[Any], percents: tuple[float, ...] | None = None) -> Stats:
    """The statistics of a table with its quantiles."""
    stats = make_stats(values, "column", axes="NC", kind="csv")
    return replace(stats, statistics={"quantiles": Quantiles.from_block(values, (1,)).configure(percents)})


def quantiles_of(stats: Stats) -> Quantiles:
    found = stats.statistics["quantiles"]
    assert isinstance(found, Quantiles)
    return found


def reload(stats: Stats, suffix: str) -> Stats:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / f"stats{suffix}")
        save_stats(stats, path)
        return load_stats(path)


@pytest.mark.parametrize(
    ("probability", "name"),
    [(0.0, "q00"), (0.001, "q00.1"), (0.01, "q01"), (0.025, "q02.5"), (0.07, "q07"), (0.5, "q50"), (1.0, "q100")],
)
def test_columns_are_named_by_the_percent(probability: float, name: str) -> None:
    assert name_quantile(probability) == name


def test_the_columns_are_those_that_were_asked_for() -> None:
    values = np.random.default_rng(1).normal(size=(100, 2))
    found = quantiles_of(measure(values, (2.5, 33.3, 50.0)))
    assert found.probabilities == (0.025, 0.333, 0.5)
    columns = found.to_columns()
    assert list(columns) == ["q02.5", "q33.3", "q50"]
    np.testing.assert_array_equal(list(columns.values()), np.quantile(values, [0.025, 0.333, 0.5], axis=0))
    assert list(quantiles_of(measure(values)).to_columns()) == ["q01", "q05", "q25", "q50", "q75", "q95", "q99"]


def test_merged_parts_show_the_quantiles_of_both() -> None:
    values = np.random.default_rng(2).normal(size=(100, 2))
    parts = [Quantiles.from_block(part, (1,)) for part in np.split(values, [30])]
    merged = parts[0].configure((50.0,)).merge(parts[1].configure((25.0, 50.0)))
    assert merged.probabilities == (0.25, 0.5)
    assert_same_sketch(merged.sketch, Sketch.from_block(values, (1,)))
    stacked = Quantiles.stack(parts)
    assert stacked.quantile([0.5]).shape == (1, 2, 2)
    np.testing.assert_array_equal(stacked.unstack()[1].quantile([0.5]), parts[1].quantile([0.5]))


def test_different_values_are_counted_while_they_are_few() -> None:
    values = np.column_stack([np.arange(9000.0), np.arange(9000) % 7, np.full(9000, np.nan)])
    np.testing.assert_array_equal(Quantiles.from_block(values, (1,)).count_distinct("float64"), [np.nan, 7, 0])


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_integers_that_float64_cannot_tell_apart_are_not_counted(tmp_path: Path, dtype: str) -> None:
    large = np.random.default_rng(9).integers(2**60, 2**60 + 3, 100)
    near = np.array([2**53, 2**53 + 1] * 50)
    few = np.arange(100) % 7
    np.save(tmp_path / "x.npy", np.column_stack([large, near, few, few - 3 + 2**53 - 4]).astype(dtype))
    shown = json.loads(call_zm("stats", "x.npy", "--quantiles", "50", "--json", cwd=tmp_path).out)
    assert shown["quantiles"]["distinct"] == [None, None, 7, 7]
    # As fractions of the largest integer of the dtype.
    shown = json.loads(call_zm("stats", "x.npy", "--quantiles", "50", "--json", "--unit", cwd=tmp_path).out)
    assert shown["quantiles"]["distinct"] == [None, None, 7, None]


def test_integers_that_reach_below_what_float64_holds_are_not_counted() -> None:
    found = Quantiles.from_block(np.array([[-(2**53), 1 - 2**53], [-(2**53) - 1, 0]]), (1,))
    np.testing.assert_array_equal(found.count_distinct("int64"), [np.nan, 2])
    np.testing.assert_array_equal(
        Quantiles.from_block(np.array([[2.0**60], [2.0**61]]), (1,)).count_distinct("float64"), [2]
    )
    np.testing.assert_array_equal(Quantiles.identity((2,)).count_distinct("int64"), [0, 0])


def test_full_sketches_are_not_transformed() -> None:
    full = Quantiles.from_block(np.random.default_rng(3).normal(size=(9000, 1)), (1,))
    assert full.transform(np.zeros(1), np.ones(1)) is None
    assert full.unpack(2.0, 0.0) is None


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_stats_files_keep_which_quantiles_are_shown(suffix: str) -> None:
    stats = measure(np.random.default_rng(5).normal(size=(100, 2)), (0.1, 33.3, 97.5))
    back = quantiles_of(reload(stats, suffix))
    assert back.probabilities == quantiles_of(stats).probabilities == (0.001, 0.333, 0.975)


def test_shares_and_histograms_are_those_of_numpy() -> None:
    values = np.random.default_rng(4).integers(0, 20, (300, 2)).astype(float)
    values[:, 1] = np.nan
    found = Quantiles.from_block(values, (1,))
    assert found.cdf(0, [-1, 4, 4.5, 19]).tolist() == [float((values[:, 0] <= x).mean()) for x in (-1, 4, 4.5, 19)]
    assert np.isnan(found.cdf(1, [0.0])).all()
    for bins in (5, [0.0, 3.0, 30.0]):
        for ours, theirs in zip(found.histogram(0, bins), np.histogram(values[:, 0], bins), strict=True):
            assert ours.tolist() == theirs.tolist()


FULL = np.random.default_rng(6).normal(size=9000)
FEW = np.column_stack([FULL, np.resize([1.0, 2.0, 4.0, 4.0], 9000)])


def damage(change: dict[str, Any]) -> dict[str, Any]:
    """The document of FEW with some entries of its arrays changed, by their indices, or whole arrays."""
    document = document_of(measure(FEW, (25.0, 50.0)))
    section = document["quantiles"]
    for field, value in change.items():
        if isinstance(value, dict):
            for index, entry in value.items():
                section[field][index] = entry
        elif value is None:
            del section[field]
        else:
            section[field] = value
    return document


NEXT = float(np.nextafter(Sketch.from_block(FEW, (1,)).bounds[4], np.inf))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"counts": None}, "'quantiles.counts' is not there"),
        ({"counts": "x"}, "'quantiles.counts'"),
        ({"counts": {-1: 0}}, "'quantiles.counts' has an empty bucket"),
        ({"counts": {-1: -1}}, "'quantiles.counts' is negative"),
        ({"counts": {-1: 4501}}, "'quantiles.counts' do not add up to 'count'"),
        ({"counts": {-1: 2**62, -2: 2**62, -3: 2**63 - 1}}, "'quantiles.counts' do not add up to 'count'"),
        ({"counts": [1, 2]}, "'quantiles.counts' has 2 entries, but 'quantiles.buckets' add up to"),
        ({"bounds": [1.0, 2.0]}, "'quantiles.bounds' has 2 entries"),
        ({"bounds": {-1: None}}, "'quantiles.bounds' is not finite"),
        ({"bounds": {-1: 2.0}}, "'quantiles.bounds' do not ascend"),
        ({"bounds": {-1: 1.5}}, "'quantiles.bounds' do not ascend"),
        ({"bounds": {4: NEXT}}, "'quantiles.bounds' do not begin the buckets"),
        ({"buckets": {1: -3}}, "'quantiles.buckets' is negative"),
        ({"buckets": {1: 8193}}, "'quantiles.bounds' has"),
        ({"buckets": {1: 2**62}}, "'quantiles.buckets' are more than 131,072"),
        ({"buckets": [1]}, "'quantiles.buckets' has the shape"),
        ({"shift": {1: 52}}, "'quantiles.values' do not follow from the buckets"),
        ({"shift": {1: 53}}, "'quantiles.shift' is more than 52"),
        ({"shift": {0: 0}}, "'quantiles.lowest' does not lie in the first bucket"),
        ({"lowest": {1: 2.0}}, "'quantiles.lowest' does not lie in the first bucket"),
        ({"lowest": {1: None}}, "'quantiles.lowest' is not a number where"),
        ({"highest": {1: 5.0}}, "'quantiles.highest' does not lie in the last bucket"),
        ({"highest": {0: float(np.sort(FULL)[-1]) * (1 + 1e-8)}}, "'quantiles.highest' is not 'max'"),
        ({"probabilities": {0: 0.5}}, "'quantiles.probabilities' are not ascending numbers from 0 to 1"),
        ({"probabilities": {0: -0.1}}, "'quantiles.probabilities' are not ascending"),
        ({"probabilities": {0: None}}, "'quantiles.probabilities' are not ascending"),
        ({"probabilities": [0.1, 0.2, 0.3]}, "'quantiles.values' are not as many as"),
        ({"values": {1: [0.0, 2.0]}}, "'quantiles.values' do not follow from the buckets"),
        ({"values": {1: [None, 2.0]}}, "'quantiles.values' do not follow from the buckets"),
        ({"values": [[0.0], [1.0]]}, "'quantiles.values' has the shape"),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else "",
)
def test_it_is_refused_where_it_is_damaged(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(damage(change)))
    with pytest.raises(DataError) as caught:
        load_stats(str(path))
    assert says in str(caught.value)


@pytest.mark.parametrize("buckets", [20_000, 100])
def test_sketches_that_are_finer_or_coarser_than_those_of_this_version_are_read(
    buckets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.random.default_rng(3).lognormal(size=(30_000, 2))
    with monkeypatch.context() as other:
        other.setattr(leading_bits, "MAX_BUCKETS", buckets)
        other.setattr(leading_bits, "_LEADING_BITS", 5)
        made = measure(values, (50.0,))
        assert buckets / 2 < quantiles_of(made).sketch.sizes.max() <= buckets
    back = quantiles_of(reload(made, ".json"))
    assert_same_sketch(back.sketch, quantiles_of(made).sketch)
    np.testing.assert_allclose(back.quantile([0.5])[0], np.median(values, axis=0), rtol=0.05)
    merged = back.merge(Quantiles.from_block(values, (1,)))
    assert merged.sketch.sizes.max() <= MAX_BUCKETS
    np.testing.assert_array_equal(merged.sketch.number, [60_000, 60_000])


def test_numbers_that_another_program_rounded_are_read() -> None:
    document = damage({})
    section = document["quantiles"]
    section["values"] = [[float(f"{number:.12g}") for number in row] for row in section["values"]]
    back = quantiles_of(read_document(document | _lift(section), "here"))
    assert_same_sketch(back.sketch, Sketch.from_block(FEW, (1,)))


def _lift(section: dict[str, Any]) -> dict[str, Any]:
    """The arrays of the section under the keys that they have in binary files."""
    return {f"quantiles.{field}": value for field, value in section.items()}


def test_counts_whose_sums_overflow_do_not_pass_for_others() -> None:
    arrays = Quantiles.from_counts(np.array([[2**62, 2**62, 1, 1, 1]])).to_document()
    arrays["quantiles.counts"] = np.array([2**62, 2**62, 2**62, 2**62, 3])
    with pytest.raises(FieldError, match="do not add up"):
        Quantiles.from_document(arrays, Population((1,), 3, np.array([3])))


def test_a_table_is_measured_saved_and_shown(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2.5\n2,\n3,7\n")
    ran = run_zm("stats", "t.csv", "--quantiles", "50,2.5", "-o", "s.json", cwd=tmp_path)
    assert ran.code == 0
    heading, first, second = run_zm("inspect", "s.json", cwd=tmp_path).out.splitlines()[-3:]
    assert heading.split()[-3:] == ["q02.5", "q50", "distinct"]
    assert first.split()[-3:] == ["1.05", "2", "3"]
    assert second.split()[-3:] == ["2.6125", "4.75", "2"]
    shown = json.loads(run_zm("inspect", "s.json", "--json", cwd=tmp_path).out)["quantiles"]
    assert shown["values"] == [[1.05, 2.6125], [2.0, 4.75]]
    assert (shown["bounds"], shown["buckets"]) == ([1.0, 2.0, 3.0, 2.5, 7.0], [3, 2])


def test_photographs_that_are_counted_have_the_quantiles_of_their_values(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    for index in range(3):
        pixels = rng.integers(0, 256, (200 + index, 210, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{index}.png")
    ran = run_zm("stats", tmp_path, "--quantiles", "5,50", "--unit", "--json")
    pixels = np.concatenate([np.asarray(Image.open(path)).reshape(-1, 3) for path in sorted(tmp_path.glob("*.png"))])
    assert json.loads(ran.out)["quantiles"]["values"] == np.quantile(pixels / 255.0, [0.05, 0.5], axis=0).tolist()


def test_few_values_take_few_numbers() -> None:
    assert Quantiles.count_numbers(1000, 5000) == 2 * 5000 + 4 * 1000
    assert Quantiles.count_numbers(2, 10**9) == Quantiles.count_numbers(2)
    assert Quantiles.count_longest(4096, 40) == 4096 * 40
    found = Quantiles.from_block(np.arange(12.0).reshape(4, 3), (1,))
    assert found.count_kept() == 12 + 4 * 3
    assert found.sketch.bounds.size == 12
    assert found.count_kept() == 2 * 12 + 4 * 3
