"""Statistics by group, of samples with weights, and of masked values: from the data to the stats file."""

from __future__ import annotations

import pickle
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.bits import assert_same_bits
from tests.made import make_stats
from tests.pipeline.merging.merging import merge, read_back, table
from zm_cli.data import block
from zm_cli.data.block import Labels
from zm_cli.data.options import ReadOptions
from zm_cli.data.shard import Shard
from zm_cli.data.source import Source
from zm_cli.errors import DataError, UsageError
from zm_cli.formats import open_source
from zm_cli.numbers.accumulate import Accumulator
from zm_cli.numbers.groups import groups as limits
from zm_cli.numbers.groups.groups import Groups
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.moments.weighted_block import measure_block
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.pipeline.outcome import Outcome
from zm_cli.running.plan import Plan
from zm_cli.statistics.covariance import Covariance
from zm_cli.statistics.quantiles import Quantiles
from zm_cli.statistics.zeros import Zeros
from zm_cli.statsfile.encode import to_json
from zm_cli.statsfile.stats import Stats

RNG = np.random.default_rng(1)
KINDS = ["cat", "dog", "emu", ""]
CODES = RNG.integers(0, 4, 80)
VALUES = np.round(RNG.normal(3, 1, (80, 2)), 2)
WEIGHTS = RNG.integers(0, 5, 80) / 4
PIXELS = RNG.integers(0, 256, (80, 4, 5, 3)).astype(np.uint8)

ARRAYS: dict[str, Any] = {"dataset": "/x", "layout": "NHWC"}
PLAIN = MeasureOptions()


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block, "BLOCK_BYTES", 300)


def write_table(path: Path, rows: slice = slice(None), *, more: str = "") -> Path:
    lines = [
        f"{a!r},{KINDS[code]},{b!r},{weight!r}"
        for (a, b), code, weight in zip(VALUES[rows].tolist(), CODES[rows], WEIGHTS[rows].tolist(), strict=True)
    ]
    path.write_text("\n".join(["a,kind,b,w", *lines]) + "\n" + more)
    return path


def write_arrays(path: Path, **attributes: float) -> Path:
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("x", data=PIXELS, chunks=(7, 4, 5, 3))
        dataset.attrs.update(attributes)
        file["y"], file["w"] = CODES, WEIGHTS
        file["m"] = PIXELS[..., 0] < 50
    return path


def open_all(*paths: Path, **options: Any) -> list[Source]:
    return [open_source(str(path), ReadOptions(**options)) for path in paths]


def measure_all(*paths: Path, how: MeasureOptions = PLAIN, workers: int = 1, **options: Any) -> tuple[Stats, Outcome]:
    return measure(open_all(*paths, **options), how, Plan(workers))


def groups_of(stats: Stats) -> Groups:
    assert stats.groups is not None
    return stats.groups


def named(stats: Stats) -> dict[str, Moments]:
    groups = groups_of(stats)
    return dict(zip(groups.names, groups.moments.unstack(), strict=True))


def rows_of(name: str) -> NDArray[np.bool_]:
    return np.array([KINDS[code] == name for code in CODES])


def test_the_groups_of_a_table_have_the_statistics_of_their_rows(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.csv")
    stats, outcome = measure_all(path, by="kind", columns=("a", "b"))
    assert groups_of(stats).by == "kind"
    assert list(named(stats)) == ["cat", "dog", "emu"]
    for name, moments in named(stats).items():
        np.testing.assert_allclose(moments.mean, VALUES[rows_of(name)].mean(0), rtol=1e-14)
        np.testing.assert_allclose(moments.std(1), VALUES[rows_of(name)].std(0, ddof=1), rtol=1e-12)
    none = np.count_nonzero(rows_of(""))
    assert groups_of(stats).unlabelled == none
    assert f"{none} samples without a label in kind (--by): in no group" in outcome.notes
    plain = measure_all(path, columns=("a", "b"))[0]
    assert_same_bits(stats.moments, plain.moments)


@pytest.mark.parametrize("weight", [None, "w"])
def test_the_bits_do_not_depend_on_the_workers(tmp_path: Path, weight: str | None) -> None:
    path = write_table(tmp_path / "t.csv")
    one, three = (measure_all(path, workers=workers, by="kind", weight=weight)[0] for workers in (1, 3))
    assert to_json(one.to_document()) == to_json(three.to_document())


@pytest.mark.parametrize(
    "how", [MeasureOptions(unit=True), MeasureOptions(per="pixel", unit=True)], ids=["channel", "pixel"]
)
def test_the_groups_of_small_integers_are_exact_and_divided(tmp_path: Path, how: MeasureOptions) -> None:
    stats = measure_all(write_arrays(tmp_path / "d.h5"), how=how, **ARRAYS, by="/y", workers=2)[0]
    for code, moments in named(stats).items():
        kept = (1, 2, 3) if how.per == "pixel" else (3,)
        assert_same_bits(moments, Moments.from_block(PIXELS[int(code) == CODES], kept).divide(255.0))


def test_the_groups_of_packed_values_are_unpacked(tmp_path: Path) -> None:
    path = write_arrays(tmp_path / "d.h5", scale_factor=0.5, add_offset=-10.0, _FillValue=7)
    how = MeasureOptions(statistics=(Quantiles,))
    stats = measure_all(path, how=how, **ARRAYS, by="/y")[0]
    real = np.where(PIXELS == 7, np.nan, PIXELS * 0.5 - 10)
    for index, (code, moments) in enumerate(named(stats).items()):
        mine = real[int(code) == CODES]
        np.testing.assert_allclose(moments.mean, np.nanmean(mine, axis=(0, 1, 2)), rtol=1e-13)
        assert moments.missing.sum() == np.isnan(mine).sum()
        (quantiles,) = groups_of(stats).statistics[index]
        assert isinstance(quantiles, Quantiles)
        np.testing.assert_array_equal(quantiles.quantile([0.5])[0], np.nanmedian(mine, axis=(0, 1, 2)))


def test_classes_of_images_are_groups(tmp_path: Path) -> None:
    for index, pixels in enumerate(PIXELS[:20]):
        folder = tmp_path / KINDS[CODES[index] % 3]
        folder.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{index}.png")
    stats = measure_all(tmp_path, by="class")[0]
    for name, moments in named(stats).items():
        alone = measure_all(tmp_path / name)[0]
        assert_same_bits(moments, alone.moments)
    assert_same_bits(stats.moments, measure_all(tmp_path)[0].moments)


def test_several_sources_have_the_groups_of_their_stats_files_merged_in_order(tmp_path: Path) -> None:
    paths = [write_table(tmp_path / f"{part.start}.csv", part) for part in (slice(0, 30), slice(30, 31), slice(31, 80))]
    how = MeasureOptions(statistics=(Covariance, Quantiles, Zeros))
    whole = measure_all(*paths, how=how, by="kind")[0]
    loaded = [read_back(measure_all(path, how=how, by="kind")[0]) for path in paths]
    merged, outcome = merge(*loaded)
    assert outcome.notes == []
    for field, value in groups_of(whole).to_document().items():
        np.testing.assert_equal(groups_of(merged).to_document()[field], value, err_msg=field)
    assert to_json(read_back(merged).to_document()) == to_json(merged.to_document())


def test_the_groups_of_all_shards_are_those_of_the_whole(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.csv")
    shards = [measure_all(path, by="kind", weight="w", shard=Shard(index, 90))[0] for index in range(1, 91)]
    # A shard without rows has no groups, and can be kept as well.
    assert any(not groups_of(stats).names for stats in shards)
    merged, whole = merge(*map(read_back, shards))[0], measure_all(path, by="kind", weight="w")[0]
    assert groups_of(merged).samples.tolist() == groups_of(whole).samples.tolist()
    assert groups_of(merged).unlabelled == groups_of(whole).unlabelled
    np.testing.assert_allclose(groups_of(merged).moments.mean, groups_of(whole).moments.mean, rtol=1e-14)
    np.testing.assert_allclose(merged.moments.std(1), whole.moments.std(1), rtol=1e-12)


def test_a_column_that_turns_out_to_be_text_is_dropped_from_the_groups(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.csv", more="x,dog,1.5,1\n")
    stats = measure_all(path, by="kind", exclude=("w",))[0]
    assert stats.names == ("b",)
    assert groups_of(stats).moments.mean.shape == (3, 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_too_many_groups_are_an_error_that_names_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr(limits, "MAX_GROUPS", 20)
    path = write_table(tmp_path / "t.csv")
    with pytest.raises(DataError, match=r"t\.csv: --by b finds more than 20 different values"):
        measure_all(path, by="b", workers=workers)


def test_weights_are_those_of_the_samples(tmp_path: Path) -> None:
    stats = measure_all(write_table(tmp_path / "t.csv"), weight="w")[0]
    assert stats.names == ("a", "b")
    np.testing.assert_allclose(stats.moments.mean, np.average(VALUES, axis=0, weights=WEIGHTS), rtol=1e-14)
    expected = np.cov(VALUES, rowvar=False, aweights=WEIGHTS).diagonal()
    np.testing.assert_allclose(stats.moments.variance(1), expected, rtol=1e-12)
    assert stats.moments.count.tolist() == [np.count_nonzero(WEIGHTS)] * 2
    assert not stats.moments.missing.any()
    assert stats.to_document()["requires"] == ["weight_sum"]


def test_images_have_weights_per_channel_and_per_pixel(tmp_path: Path) -> None:
    path = write_arrays(tmp_path / "d.h5")
    for per, axes in (("channel", (0, 1, 2)), ("pixel", (0,)), ("all", (0, 1, 2, 3))):
        stats = measure_all(path, how=MeasureOptions(per=per), **ARRAYS, weight="/w", workers=2)[0]
        weights = np.broadcast_to(WEIGHTS.reshape(-1, 1, 1, 1), PIXELS.shape)
        expected = np.average(PIXELS.astype(float), axis=axes, weights=weights)
        np.testing.assert_allclose(stats.moments.mean, np.reshape(expected, stats.moments.mean.shape), rtol=1e-14)


def test_optional_statistics_do_not_take_weights(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.csv")
    for statistic in (Zeros, Quantiles, Covariance):
        with pytest.raises(UsageError, match=r"does not take weights; leave out --\w+ or --weight"):
            measure_all(path, how=MeasureOptions(statistics=(statistic,)), weight="w")


def test_weights_whose_squares_do_not_fit_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,w\n1,1e200\n2,1e200\n")
    with pytest.raises(DataError, match="weights too large or too small to square"):
        measure_all(path, weight="w")


def test_masked_values_are_missing(tmp_path: Path) -> None:
    path = write_arrays(tmp_path / "d.h5")
    stats = measure_all(path, **ARRAYS, mask="/m")[0]
    masked = np.repeat((PIXELS[..., 0] < 50)[..., None], 3, axis=3)
    expected = np.where(masked, np.nan, PIXELS)
    np.testing.assert_allclose(stats.moments.mean, np.nanmean(expected, axis=(0, 1, 2)), rtol=1e-14)
    assert stats.moments.missing.sum() == masked.sum()
    with pytest.raises(DataError, match="--missing error allows none"):
        measure_all(path, how=MeasureOptions(missing="error"), **ARRAYS, mask="/m")


def grouped(number: int, by: str = "kind", weights: NDArray[np.float64] | None = None) -> Stats:
    """The statistics of a made table with two groups."""
    stats = table(number, "a", "b")
    values = np.random.default_rng(number).normal(size=(3, 2))
    running = Accumulator((1,), by=by)
    running.add_block(values, Labels(np.array([0, 1, 0]), ("x", f"y{number}")), weights)
    decoding = {"by": by, "weight": None if weights is None else "w"}
    return replace(stats, groups=running.groups, decoding=decoding, moments=running.finish()[0])


def test_merging_unites_the_groups() -> None:
    merged, outcome = merge(grouped(1), grouped(2))
    assert groups_of(merged).names == ("x", "y1", "y2")
    assert groups_of(merged).samples.tolist() == [4, 1, 1]
    assert outcome.notes == []


def test_groups_that_some_file_lacks_or_has_by_something_else_are_dropped_with_a_note() -> None:
    merged, outcome = merge(grouped(1), table(2, "a", "b"), grouped(3))
    assert outcome.notes == ["b.json: has no groups (--by), so that the result has none"]
    assert (merged.groups, merged.decoding["by"]) == (None, None)
    merged, outcome = merge(grouped(1), grouped(2, by="other"))
    assert outcome.notes == ["b.json: has groups by other, a.json by kind, so that the result has none"]
    assert merged.groups is None


def test_too_many_groups_of_several_files_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_GROUPS", 2)
    with pytest.raises(DataError, match=r"b\.json: --by kind finds more than 2"):
        merge(grouped(1), grouped(2))


def test_statistics_with_weights_are_not_merged_with_others() -> None:
    weighted = grouped(1, weights=np.ones(3))
    for other in (grouped(2), table(2, "a", "b")):
        with pytest.raises(DataError, match=r"--weight none instead of w; measure both with the same --weight"):
            merge(weighted, other)
    merged = merge(weighted, grouped(2, weights=np.full(3, 0.5)))[0]
    assert groups_of(merged).moments.weights is not None


def test_groups_survive_pickling() -> None:
    groups = groups_of(grouped(1, weights=np.ones(3)))
    back = pickle.loads(pickle.dumps(groups))
    assert back.names == groups.names
    assert_same_bits(back.moments, groups.moments)


def test_scale_and_constants_follow_from_weighted_moments() -> None:
    values = np.array([[1.0, 5], [3, 5], [8, 5]])
    weights = np.array([1.0, 2.0, 0.5])
    moments = measure_block(values, (1,), (), weights)
    stats = replace(make_stats(values, "column", axes="NC", names=("a", "b")), moments=moments)
    read = read_back(stats).moments
    expected = np.sqrt(np.cov(values[:, 0], aweights=weights))
    assert read.find_scale(ddof=1).tolist() == [pytest.approx(float(expected), rel=1e-14), 1.0]
    assert reduce(Moments.merge, [read, Moments.identity((2,))]).find_scale(1).tolist() == read.find_scale(1).tolist()
