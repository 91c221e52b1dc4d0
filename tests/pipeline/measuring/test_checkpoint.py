"""A run that was stopped resumes from its checkpoint, and ends with the bytes of one that was not stopped."""

from __future__ import annotations

import errno
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.formats.case import Case
from tests.running.clusters import start_cluster
from tests.systems import examples, needs_locks, slow
from zm_cli.data import block
from zm_cli.data.options import ReadOptions
from zm_cli.data.shard import Shard
from zm_cli.data.source import Source
from zm_cli.errors import DataError, UsageError
from zm_cli.formats import formats, open_source
from zm_cli.pipeline.measuring import checkpoint
from zm_cli.pipeline.measuring.checkpoint import Checkpoint
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.running.plan import Plan
from zm_cli.statistics.zeros import Zeros
from zm_cli.statsfile.encode import to_json

CASES = [case for kind in formats() for case in importlib.import_module(f"tests.formats.{kind}.cases").CASES]
FIRST_CASES = [importlib.import_module(f"tests.formats.{kind}.cases").CASES[0] for kind in formats()]
STATS = MeasureOptions(purpose="stats")
NO_OPTIONS = ReadOptions()
KEPT = "run.checkpoint"


class StoppedError(Exception):
    """Ends a run as a signal would, in the middle."""


@pytest.fixture(autouse=True)
def often() -> Iterator[None]:
    """A checkpoint after every result."""
    with mock.patch.object(checkpoint, "INTERVAL", 0.0):
        yield


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few samples."""
    set_block_bytes(monkeypatch, 300)


def set_block_bytes(monkeypatch: pytest.MonkeyPatch, nbytes: int) -> None:
    """Makes every format aim at blocks of `nbytes`."""
    for kind in formats():
        module = importlib.import_module(f"zm_cli.formats.{kind}.source")
        monkeypatch.setattr(module if hasattr(module, "BLOCK_BYTES") else block, "BLOCK_BYTES", nbytes)


class Run:
    """Measures sources with a checkpoint in a folder, once and again until the end."""

    def __init__(self, folder: Path, paths: Sequence[Path | str], options: MeasureOptions = STATS) -> None:
        self.path = folder / KEPT
        self.paths = [str(path) for path in paths]
        self.options = options

    def measure(self, plan: Plan | None = None, stop: int | None = None, reading: ReadOptions = NO_OPTIONS) -> str:
        """The stats file; raises StoppedError after `stop` results that an earlier run did not have."""
        parts = 0

        def tick(nbytes: int, samples: int) -> None:
            nonlocal parts
            parts += 1
            if parts == stop:
                raise StoppedError

        sources = self.open(reading)
        with Checkpoint(str(self.path), sources, self.options, reading) as progress:
            stats, outcome = measure(sources, self.options, plan or Plan(1), tick, progress)
        return to_json(stats.to_document() | {"notes": outcome.notes, "warnings": outcome.warnings})

    def measure_whole(self, reading: ReadOptions = NO_OPTIONS) -> str:
        """The stats file of a run without a checkpoint."""
        stats, outcome = measure(self.open(reading), self.options, Plan(1))
        return to_json(stats.to_document() | {"notes": outcome.notes, "warnings": outcome.warnings})

    def count_results(self) -> int:
        """How many results a run has without an earlier one."""
        parts: list[int] = []
        measure(self.open(NO_OPTIONS), self.options, Plan(1), lambda nbytes, samples: parts.append(samples))
        return len(parts)

    def stop_after(self, parts: int, plan: Plan | None = None, reading: ReadOptions = NO_OPTIONS) -> None:
        """Runs until so many more results have been added."""
        with pytest.raises(StoppedError):
            self.measure(plan, parts, reading)

    def open(self, reading: ReadOptions) -> list[Source]:
        """The sources, opened."""
        return [open_source(path, reading) for path in self.paths]


def write_numbers(path: Path, rows: int = 60, seed: int = 1) -> Path:
    """A table of three columns: one is an id, one lacks values, one holds a word in its last row."""
    values = np.random.default_rng(seed).normal(0, 1, rows)
    lines = [f"{row},{value if row % 7 else ''},{row % 3}" for row, value in enumerate(values.tolist())]
    path.write_text("\n".join(["id,value,word", *lines[:-1], f"{rows},1,none"]) + "\n")
    return path


def write_array(path: Path, samples: int = 40, dtype: str = "uint8", seed: int = 1) -> Path:
    values = np.random.default_rng(seed).integers(0, 200, (samples, 4, 5, 3)).astype(dtype)
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=values)
    return path


def write_pictures(folder: Path, number: int = 30) -> Path:
    """Pictures of two sizes; two of them cannot be read past their headers."""
    folder.mkdir()
    pixels = np.random.default_rng(1).integers(0, 256, (number, 9, 8, 3), np.uint8)
    for index, picture in enumerate(pixels):
        path = folder / f"{index:02}.png"
        Image.fromarray(picture[: 9 - index % 2]).save(path)
        if index in (3, number - 2):
            path.write_bytes(path.read_bytes()[:-60])
    return folder


@pytest.fixture
def table(tmp_path: Path, small_blocks: None) -> Run:
    return Run(tmp_path, [write_numbers(tmp_path / "t.csv")])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_format_goes_on_with_the_same_bytes(case: Case, tmp_path: Path, small_blocks: None) -> None:
    run = Run(tmp_path, [case.write(tmp_path, case.values)], MeasureOptions(case.pers[-1], statistics=(Zeros,)))
    run.stop_after(max(1, run.count_results() // 2))
    assert run.measure() == run.measure_whole()


@pytest.mark.parametrize("case", FIRST_CASES, ids=lambda case: case.name)
def test_workers_go_on_after_any_part(case: Case, tmp_path: Path, small_blocks: None) -> None:
    run = Run(tmp_path, [case.write(tmp_path, case.values)])
    whole, parts = run.measure_whole(), run.count_results()
    for stop in {1, parts - 1, parts} - {0}:
        run.path.unlink(missing_ok=True)
        run.stop_after(stop, Plan(2))
        assert run.measure(Plan(2)) == whole


@pytest.mark.parametrize("per", ["channel", "pixel", "all"])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_arrays_go_on_with_the_same_bytes(per: str, dtype: str, tmp_path: Path, small_blocks: None) -> None:
    path = write_array(tmp_path / "a.h5", dtype=dtype)
    run = Run(tmp_path, [path], MeasureOptions(per, unit=dtype == "uint8", statistics=(Zeros,)))
    reading = ReadOptions(layout="NHWC")
    run.stop_after(1, reading=reading)
    assert run.measure(reading=reading) == run.measure_whole(reading)


def test_pictures_that_cannot_be_read_are_counted_once(tmp_path: Path, small_blocks: None) -> None:
    run = Run(tmp_path, [write_pictures(tmp_path / "pictures")])
    skipping = ReadOptions(on_error="skip")
    whole = run.measure_whole(skipping)
    assert json.loads(whole)["sources"][0]["skipped_total"] == 2
    for _ in range(3):
        run.stop_after(4, reading=skipping)
    assert run.measure(reading=skipping) == whole


@pytest.fixture(scope="module")
def arrays(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Arrays of which one, a sample a block, needs three levels of the tree."""
    folder = tmp_path_factory.mktemp("arrays")
    paths = [folder / f"{index}.npy" for index in range(4)]
    for path, samples in zip(paths, (3, 80, 1, 10), strict=True):
        np.save(path, np.random.default_rng(samples).lognormal(0, 3, (samples, 2)))
    return paths


@settings(max_examples=examples(25), deadline=None)
@given(stops=st.lists(st.tuples(st.integers(1, 90), st.sampled_from([1, 8, 64])), max_size=5))
def test_however_often_it_is_stopped_the_bytes_are_the_same(
    stops: list[tuple[int, int]], arrays: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        set_block_bytes(patch, 16)
        patch.setattr(checkpoint, "INTERVAL", 0.0)
        run = Run(tmp_path_factory.mktemp("run"), arrays, MeasureOptions("all"))
        whole = run.measure_whole()
        for stop, together in stops:
            # As on a cluster, where a worker measures several batches at a time.
            patch.setattr(Plan, "together", together)
            try:
                assert run.measure(stop=stop) == whole
            except StoppedError:
                assert run.path.exists()
        assert run.measure() == whole


def test_runs_of_batches_begin_at_multiples_of_their_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_block_bytes(monkeypatch, 60)
    run = Run(tmp_path, [write_array(tmp_path / "a.h5", 80)], MeasureOptions("all"))
    run.stop_after(13)
    monkeypatch.setattr(Plan, "together", 8)
    seen: list[int] = []
    sources = run.open(NO_OPTIONS)
    with Checkpoint(str(run.path), sources, run.options, NO_OPTIONS) as progress:
        measure(sources, run.options, Plan(1), lambda nbytes, samples: seen.append(samples), progress)
    assert seen == [1] * 3 + [8] * 8


@slow
def test_a_cluster_goes_on_where_one_machine_was_and_the_other_way_round(tmp_path: Path) -> None:
    # Blocks of the usual size: the workers of the cluster know no other.
    np.save(tmp_path / "a.npy", np.random.default_rng(1).lognormal(0, 2, (13 << 17, 8)))
    # In a process of its own: a connection leaves threads behind, and a process with threads is not copied.
    call = f"import {__name__} as test; test.alternate({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", call], cwd=Path(__file__).parents[3], check=True, timeout=120)


def alternate(folder: str) -> None:
    """Stops runs here and on a cluster, and goes on with them there and here."""
    checkpoint.INTERVAL = 0.0
    run = Run(Path(folder), [Path(folder) / "a.npy"], MeasureOptions("all", statistics=(Zeros,)))
    whole = run.measure_whole()
    assert run.count_results() == 13
    with start_cluster() as cluster:
        here, there = Plan(2), Plan(cluster=cluster.address)
        for first, parts, then in ((here, 3, there), (there, 1, here), (there, 1, there)):
            run.stop_after(parts, first)
            assert run.measure(then) == whole
            run.path.unlink()


def test_progress_begins_with_what_is_done(table: Run) -> None:
    table.stop_after(3)
    seen: list[tuple[int, int]] = []
    with Checkpoint(str(table.path), table.open(NO_OPTIONS), STATS, NO_OPTIONS) as progress:
        begun = progress.nbytes, progress.samples
        measure(table.open(NO_OPTIONS), STATS, Plan(1), lambda *more: seen.append(more), progress)
    whole: list[tuple[int, int]] = []
    measure(table.open(NO_OPTIONS), STATS, Plan(1), lambda *more: whole.append(more))
    assert seen == whole[3:]
    assert begun == tuple(map(sum, zip(*whole[:3], strict=True)))


def test_a_part_of_the_data_goes_on(tmp_path: Path, small_blocks: None) -> None:
    run = Run(tmp_path, [write_array(tmp_path / "a.h5")], MeasureOptions("all"))
    second = ReadOptions(shard=Shard(2, 3))
    run.stop_after(1, reading=second)
    with pytest.raises(DataError, match=r"with --shard 2/3, this one has --shard 1/3"):
        run.measure(reading=ReadOptions(shard=Shard(1, 3)))
    assert run.measure(reading=second) == run.measure_whole(second)


def test_nothing_is_written_before_it_is_time(table: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "INTERVAL", 3600.0)
    table.stop_after(3)
    assert not table.path.exists()
    assert [path.name for path in table.path.parent.iterdir()] == ["t.csv"]


def test_a_checkpoint_that_cannot_be_written_is_a_warning(table: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path, *rest: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    table.stop_after(3)
    before = table.path.read_bytes()
    with monkeypatch.context() as full:
        full.setattr(checkpoint, "write_checkpoint", fail)
        found = json.loads(table.measure())
    assert f"the checkpoint {table.path} was not written: No space left on device" in found["warnings"]
    assert table.path.read_bytes() == before
    assert table.measure() == table.measure_whole()


@needs_locks
def test_two_runs_do_not_share_a_checkpoint(table: Run) -> None:
    first = Checkpoint(str(table.path), table.open(NO_OPTIONS), STATS, NO_OPTIONS)
    with first, pytest.raises(DataError, match="another run of zm is writing it"):
        table.measure()


def test_what_is_read_once_has_no_checkpoint(table: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = table.open(NO_OPTIONS)
    monkeypatch.setattr(sources[0], "one_pass", True)
    with pytest.raises(UsageError, match=r"--checkpoint: cannot resume .*t.csv: it can be read only once"):
        Checkpoint(str(table.path), sources, STATS, NO_OPTIONS)


def edit_last_row(path: Path) -> None:
    path.write_text(path.read_text()[:-5] + "nono\n")


def edit_first_row(path: Path) -> None:
    path.write_text(path.read_text().replace("0,,0", "9,,0", 1))


def keep_time(change: Callable[[Path], object]) -> Callable[[Path], object]:
    """The change, after which the file has the time that it had before."""

    def change_unseen(path: Path) -> None:
        before = path.stat()
        change(path)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert path.stat().st_size == before.st_size

    return change_unseen


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda path: path.write_text(path.read_text() + "61,1,1\n"), "in which .*t.csv had another size"),
        (edit_last_row, "before .*t.csv was changed"),
        (keep_time(edit_first_row), "t.csv: has changed since the checkpoint"),
    ],
    ids=["longer", "later", "unseen"],
)
def test_a_table_that_was_changed_is_refused(change: Callable[[Path], object], said: str, table: Run) -> None:
    table.stop_after(3)
    change(Path(table.paths[0]))
    with pytest.raises(DataError, match=said) as raised:
        table.measure()
    assert "begin anew" in str(raised.value)
    table.path.unlink()
    assert table.measure() == table.measure_whole()


def test_the_last_values_are_read_again(tmp_path: Path, small_blocks: None) -> None:
    path = write_array(tmp_path / "a.h5", 20, seed=1)
    run = Run(tmp_path, [path], MeasureOptions("all"))
    run.stop_after(3)
    before = path.stat()
    with h5py.File(path, "r+") as file:
        file["x"][...] = file["x"][...] + 1
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(DataError, match=r"a.h5: has changed since the checkpoint .*; remove the checkpoint to begin"):
        run.measure()


def test_a_folder_with_other_files_is_refused(tmp_path: Path, small_blocks: None) -> None:
    folder = write_pictures(tmp_path / "pictures")
    run = Run(tmp_path, [folder, write_pictures(tmp_path / "others")])
    skipping = ReadOptions(on_error="skip")
    run.stop_after(20, reading=skipping)
    (folder / "00.png").rename(folder / "00a.png")
    with pytest.raises(DataError, match="pictures: has changed since the checkpoint"):
        run.measure(reading=skipping)
