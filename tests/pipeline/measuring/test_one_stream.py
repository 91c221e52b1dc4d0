"""Several sources in one stream: the same bits as their stats files merged in order, with few open files."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from tests.shell import run_zm
from tests.systems import needs_limits, resource, slow
from zm_cli.data import block
from zm_cli.data.options import ReadOptions
from zm_cli.data.source import Source
from zm_cli.errors import DataError
from zm_cli.formats import open_source
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.measuring.span_batches import batch_spans
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.running.plan import Plan
from zm_cli.statsfile.encode import to_json
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import load_stats, save_stats

Write = Callable[[Path, int], Path]


def write_table(folder: Path, index: int) -> Path:
    values = np.random.default_rng(index).lognormal(index, 3, (50 + index, 2))
    path = folder / f"{index}.csv"
    names = ["a", "b"] if index % 2 else ["b", "a"]
    path.write_text("\n".join([",".join(names), *(",".join(map(repr, row)) for row in values.tolist())]) + "\n")
    return path


def write_bytes(folder: Path, index: int) -> Path:
    path = folder / f"{index}.h5"
    with h5py.File(path, "w") as file:
        values = np.random.default_rng(index).integers(0, 256, (40 + index, 6, 5, 3), dtype=np.uint8)
        file.create_dataset("x", data=values, chunks=(7, 6, 5, 3), compression="gzip")
    return path


def open_all(paths: list[Path]) -> list[Source]:
    return [open_source(str(path), ReadOptions()) for path in paths]


def measure_all(paths: list[Path], options: MeasureOptions, workers: int = 1) -> Stats:
    return measure(open_all(paths), options, Plan(workers))[0]


@pytest.mark.parametrize(
    ("write", "options"),
    [
        (write_table, MeasureOptions()),
        (write_bytes, MeasureOptions()),
        (write_bytes, MeasureOptions(unit=True)),
        (write_bytes, MeasureOptions(per="pixel", unit=True)),
    ],
)
def test_sources_have_the_bits_of_their_stats_files_merged_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write, options: MeasureOptions
) -> None:
    monkeypatch.setattr(block, "BLOCK_BYTES", 500)
    paths = [write(tmp_path, index) for index in range(4)]
    loaded = []
    for path in paths:
        save_stats(measure_all([path], options), f"{path}.json")
        loaded.append(load_stats(f"{path}.json"))
    order = loaded[0].names
    parts = [stats.select(list(order)).moments if order else stats.moments for stats in loaded]
    merged = reduce(lambda one, other: one.merge(other), parts)
    for workers in (1, 3):
        pooled = measure_all(paths, options, workers)
        for name, array in merged.to_document().items():
            np.testing.assert_array_equal(pooled.moments.to_document()[name], array)
        assert pooled.sources == tuple(stats.sources[0] for stats in loaded)


@slow
@needs_limits
def test_many_sources_need_few_open_files(tmp_path: Path) -> None:
    paths = [write_bytes(tmp_path, index) for index in range(90)]
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))
    try:
        ran = [run_zm("stats", *paths, "--json", "--per", per, "-j", "2") for per in ("channel", "pixel")]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert [each.code for each in ran] == [0, 0], ran


def test_an_error_in_a_later_source_names_it(tmp_path: Path) -> None:
    paths = [write_table(tmp_path, index) for index in range(3)]
    paths[2].write_text(paths[2].read_text().replace("\n", "\nx,", 3))
    with pytest.raises(DataError) as raised:
        measure_all(paths, MeasureOptions(), 2)
    assert str(raised.value.where).startswith(str(paths[2]))


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Forty JPEG files; no two consecutive ones have the same size."""
    rng = np.random.default_rng(5)
    folder = tmp_path / "photographs"
    folder.mkdir()
    for index in range(40):
        pixels = rng.integers(0, 256, (150 + index % 7, 160 + index % 5, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index:02}.jpg")
    return folder


def test_photographs_of_mixed_sizes_share_batches(photographs: Path) -> None:
    source = open_source(str(photographs), ReadOptions())
    batches = list(batch_spans(source, "channel"))
    assert len(list(source.spans())) == 40
    assert sum(map(len, batches)) == 40
    assert len(batches) == 1


def test_photographs_of_mixed_sizes_are_summed_exactly(photographs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = measure_all([photographs], MeasureOptions())
    pixels = [np.asarray(Image.open(path)).reshape(-1, 3).astype(int) for path in sorted(photographs.iterdir())]
    values = np.concatenate(pixels)
    count = len(values)
    for channel in range(3):
        total, square = int(values[:, channel].sum()), int((values[:, channel] ** 2).sum())
        mean = Fraction(total, count)
        assert whole.moments.mean[channel] == float(mean)
        assert whole.moments.m2[channel] == pytest.approx(float(square - mean * total), rel=1e-15)
    monkeypatch.setattr(block, "BLOCK_BYTES", 1 << 18)
    documents = {to_json(measure_all([photographs], MeasureOptions(), workers).to_document()) for workers in (1, 2, 3)}
    assert len(documents) == 1
