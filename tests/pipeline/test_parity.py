"""The same bits however the work is carried out: one thread, threads, processes, a Dask cluster of any size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from tests.running.clusters import start_cluster
from tests.systems import slow
from zm_cli.data import block
from zm_cli.data.options import ReadOptions
from zm_cli.formats import open_source
from zm_cli.pipeline.applying.apply import apply
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.opening import open_to_apply
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions
from zm_cli.running.cluster.connection import connect
from zm_cli.running.plan import Plan
from zm_cli.statistics import optional_statistics
from zm_cli.statsfile.encode import to_json
from zm_cli.statsfile.stats import Stats

SEED = 13
BLOCK_BYTES = 4 << 10
"""Small blocks, so that small data have more of them than the fan-out of merging twice over."""


@dataclass(frozen=True)
class Kind:
    """A dataset: how it is written into a folder, what gets means of its own, and the names of its outputs.

    `reading` are the options that group or weight its samples.
    """

    write: Callable[[Path, np.random.Generator], Path]
    pers: tuple[str, ...]
    outputs: tuple[str, ...]
    reading: Mapping[str, str] = field(default_factory=dict)


def write_table(folder: Path, rng: np.random.Generator) -> Path:
    numbers = enumerate(rng.normal(3, 2, (9000, 2)).tolist())
    rows = "".join(f"{a!r},{b:.3f},x{index},g{index % 7},{1 + index % 3}\n" for index, (a, b) in numbers)
    (folder / "table.csv").write_text("a,b,name,group,weight\n" + rows)
    return folder / "table.csv"


def write_hdf5(folder: Path, rng: np.random.Generator) -> Path:
    with h5py.File(folder / "array.h5", "w") as file:
        file.create_dataset("x", data=rng.normal(5, 2, (2400, 5, 4, 3)).astype("f4"), chunks=(50, 5, 4, 3))
    return folder / "array.h5"


def write_npy(folder: Path, rng: np.random.Generator) -> Path:
    np.save(folder / "array.npy", rng.normal(-3, 1, (9000, 7)))
    return folder / "array.npy"


def write_thumbnails(folder: Path, rng: np.random.Generator) -> Path:
    for index, pixels in enumerate(rng.integers(0, 256, (200, 12, 11, 3), np.uint8)):
        path = folder / "images" / "ab"[index % 2] / f"{index:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return folder / "images"


def write_photographs(folder: Path, rng: np.random.Generator) -> Path:
    """Pictures that are large enough to be counted, of several sizes."""
    (folder / "images").mkdir()
    for index in range(24):
        pixels = rng.integers(0, 256, (150 + index % 3, 160, 3), np.uint8)
        Image.fromarray(pixels).save(folder / "images" / f"{index:02}.jpg")
    return folder / "images"


KINDS = {
    "csv": Kind(write_table, ("column", "all"), ("out.csv", "out.csv.gz"), {"by": "group", "weight": "weight"}),
    "hdf5": Kind(write_hdf5, ("channel", "pixel"), ("out.h5",)),
    "npy": Kind(write_npy, ("column",), ("out.npy",)),
    "thumbnails": Kind(write_thumbnails, ("channel", "pixel"), ("out.h5", "out"), {"by": "class"}),
    "photographs": Kind(write_photographs, ("channel",), ("out",)),
}
ONE = Plan(workers=1)


@pytest.fixture(scope="module", params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture(scope="module")
def path(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return KINDS[kind].write(tmp_path_factory.mktemp(kind), np.random.default_rng(SEED))


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    with start_cluster(n_workers=3) as running:
        yield running.address
        connect(running.address).close()


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block, "BLOCK_BYTES", BLOCK_BYTES)


def measure_all(path: Path, per: str, plan: Plan) -> Stats:
    source = open_source(str(path), ReadOptions(), plan=plan)
    try:
        return measure([source], MeasureOptions(per=per), plan)[0]
    finally:
        source.close()


def measure_distributions(kind: str, path: Path, plan: Plan) -> list[Stats]:
    """All that is optional: every statistic, and groups and weights where the data have them."""
    every = tuple(optional_statistics().values())
    found = []
    for reading, statistics in (({}, every), ({"by": KINDS[kind].reading.get("by")}, every), (KINDS[kind].reading, ())):
        source = open_source(str(path), ReadOptions(**reading), plan=plan)
        try:
            found.append(measure([source], MeasureOptions(statistics=statistics), plan)[0])
        finally:
            source.close()
    return found


def standardize(path: Path, stats: Stats, output: Path, plan: Plan) -> dict[str, bytes]:
    """Writes the output and returns the bytes of all its files."""
    source, own = open_to_apply(str(path), ReadOptions(), stats, plan=plan)
    try:
        apply(source, own, str(output), ApplyOptions(operation="standardize"), plan)
    finally:
        source.close()
    files = [output] if output.is_file() else sorted(entry for entry in output.rglob("*") if entry.is_file())
    return {str(file.relative_to(output.parent)): file.read_bytes() for file in files}


def check_parity(kind: str, path: Path, folder: Path, plan: Plan) -> None:
    """Compares all that a plan gives with what one thread gives, to the last byte."""
    for per in KINDS[kind].pers:
        expected = measure_all(path, per, ONE)
        assert to_json(measure_all(path, per, plan).to_document()) == to_json(expected.to_document()), per
    for expected, found in zip(
        measure_distributions(kind, path, ONE), measure_distributions(kind, path, plan), strict=True
    ):
        assert to_json(found.to_document()) == to_json(expected.to_document())
    stats = measure_all(path, KINDS[kind].pers[0], ONE)
    for name in KINDS[kind].outputs:
        (folder / "one").mkdir(exist_ok=True)
        (folder / "other").mkdir(exist_ok=True)
        assert standardize(path, stats, folder / "other" / name, plan) == standardize(
            path, stats, folder / "one" / name, ONE
        ), name


@slow
def test_processes_give_the_bits_of_one_thread(kind: str, path: Path, tmp_path: Path) -> None:
    if kind == "csv":
        pytest.skip("its library has threads of its own, which a copy of the process lacks")
    check_parity(kind, path, tmp_path, Plan(workers=2, executor="forks"))


@slow
def test_threads_give_the_bits_of_one_thread(kind: str, path: Path, tmp_path: Path) -> None:
    check_parity(kind, path, tmp_path, Plan(workers=3, executor="threads"))


def test_a_cluster_gives_the_bits_of_one_thread(kind: str, path: Path, tmp_path: Path, cluster: str) -> None:
    check_parity(kind, path, tmp_path, Plan(cluster=cluster))


@slow
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_clusters_of_any_size_give_the_bits_of_one_thread(tmp_path: Path, workers: int) -> None:
    with start_cluster(n_workers=workers) as running:
        for kind, entry in KINDS.items():
            folder = tmp_path / kind
            folder.mkdir()
            path = entry.write(folder, np.random.default_rng(SEED))
            check_parity(kind, path, folder, Plan(cluster=running.address))
        connect(running.address).close()


def test_the_data_have_enough_blocks_for_three_levels_of_merging() -> None:
    assert BLOCK_BYTES * 8**2 < 9000 * 7 * 8
