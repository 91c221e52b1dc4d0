"""An output that is a folder of parts: joined, they are the whole, and they appear together or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from tests.shell import run_zm
from zm_cli.data.options import ReadOptions
from zm_cli.data.shard import Shard
from zm_cli.errors import DataError, UsageError
from zm_cli.formats import open_source
from zm_cli.pipeline.applying.apply import apply
from zm_cli.pipeline.applying.join import join_parts
from zm_cli.pipeline.applying.parts import WritePart, name_part, write_parts
from zm_cli.pipeline.applying.parts_record import RECORD
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.opening import open_to_apply
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions
from zm_cli.pipeline.outcome import Outcome
from zm_cli.running.plan import Plan
from zm_cli.statsfile.stats import Stats

ROWS = 100


def write_table(folder: Path) -> Path:
    rows = np.random.default_rng(1).normal(3, 2, (ROWS, 2)).tolist()
    (folder / "t.csv").write_text("a,b,name\n" + "".join(f"{a},{b},x{n}\n" for n, (a, b) in enumerate(rows)))
    return folder / "t.csv"


def write_array(folder: Path) -> Path:
    np.save(folder / "t.npy", np.random.default_rng(2).normal(3, 2, (ROWS, 4)))
    return folder / "t.npy"


def write_hdf5(folder: Path) -> Path:
    with h5py.File(folder / "t.h5", "w") as file:
        file["x"] = np.random.default_rng(3).integers(0, 256, (ROWS, 8, 9, 3), np.uint8)
    return folder / "t.h5"


def measure_one(path: Path) -> Stats:
    source = open_source(str(path), ReadOptions())
    try:
        return measure([source], MeasureOptions(), Plan(workers=1))[0]
    finally:
        source.close()


def write(
    path: Path, stats: Stats, output: Path, number: int, plan: Plan, *, own: bool = False, **reading: str
) -> Outcome:
    applying, options = ApplyOptions(operation="standardize"), ReadOptions(**reading)
    source, stats = open_to_apply(str(path), options, stats)
    task = WritePart(str(path), options, None, stats, applying)
    return write_parts(source, task, str(output), number, plan, own=own)


@pytest.mark.parametrize("make", [write_table, write_array])
@pytest.mark.parametrize("number", [1, 7])
def test_the_parts_are_those_of_the_whole(make: Callable[[Path], Path], tmp_path: Path, number: int) -> None:
    path = make(tmp_path)
    stats = measure_one(path)
    outcome = write(path, stats, tmp_path / "parts", number, Plan(workers=2), own=True)
    assert outcome.samples == ROWS
    names = [name_part(Shard(index, number), path.suffix) for index in range(1, number + 1)]
    record = json.loads((tmp_path / "parts" / RECORD).read_text())
    assert record["parts"] == names == sorted(names)
    join_parts([str(tmp_path / "parts" / name) for name in names], str(tmp_path / f"joined{path.suffix}"))
    whole = tmp_path / f"whole{path.suffix}"
    source, stats = open_to_apply(str(path), ReadOptions(), stats)
    apply(source, stats, str(whole), ApplyOptions(operation="standardize"), Plan(workers=1))
    assert (tmp_path / f"joined{path.suffix}").read_bytes() == whole.read_bytes()


def test_images_become_parts_of_hdf5(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for index, pixels in enumerate(np.random.default_rng(4).integers(0, 256, (10, 4, 4, 3), np.uint8)):
        Image.fromarray(pixels).save(tmp_path / "images" / f"{index}.png")
    write(tmp_path / "images", measure_one(tmp_path / "images"), tmp_path / "parts", 3, Plan(workers=1))
    counts = []
    for index in (1, 2, 3):
        with h5py.File(tmp_path / "parts" / name_part(Shard(index, 3), ".h5")) as file:
            counts.append(len(file["images"]))
    assert counts == [3, 3, 4]


def test_a_part_that_fails_leaves_nothing(tmp_path: Path) -> None:
    path = write_table(tmp_path)
    stats = measure_one(path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:-1], "1,what,x"]) + "\n")
    with pytest.raises(DataError, match="what"):
        write(path, stats, tmp_path / "parts", 4, Plan(workers=2))
    assert {entry.name for entry in tmp_path.iterdir()} == {"t.csv"}


def test_a_folder_of_parts_is_replaced_and_another_is_not(tmp_path: Path) -> None:
    path = write_hdf5(tmp_path)
    stats = measure_one(path)
    write(path, stats, tmp_path / "parts", 5, Plan(workers=1))
    write(path, stats, tmp_path / "parts", 2, Plan(workers=1))
    assert len(list((tmp_path / "parts").glob("part-*"))) == 2
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine").touch()
    with pytest.raises(UsageError, match="exists and holds files that zm did not write"):
        write(path, stats, tmp_path / "other", 2, Plan(workers=1))
    assert (tmp_path / "other" / "mine").exists()


def test_samples_that_are_left_out_are_told_once_for_all_parts(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for index in range(6):
        Image.new("L", (4, 4), 40 * index).save(tmp_path / "images" / f"{index}.png")
    table = write_table(tmp_path)
    stats = {path: measure_one(path) for path in (tmp_path / "images", table)}
    for index in (1, 4):
        (tmp_path / "images" / f"{index}.png").write_text("broken")
    lines = table.read_text().splitlines()
    lines[3] = lines[90] = "1,2,3,4"
    table.write_text("\n".join(lines) + "\n")
    for path, warning in (
        (tmp_path / "images", "samples left out because they could not be read: 2"),
        (table, "rows left out because they could not be read: 2, the first is row 3"),
    ):
        outcome = write(path, stats[path], tmp_path / "parts", 2, Plan(workers=1), on_error="skip")
        assert [sentence for sentence in outcome.warnings if "left out" in sentence] == outcome.warnings
        assert len(outcome.warnings) == 1
        assert outcome.warnings[0].startswith(warning)


def test_data_that_changed_since_they_were_measured_are_an_error(tmp_path: Path) -> None:
    path = write_table(tmp_path)
    stats = measure_one(path)
    with path.open("a") as file:
        file.write("1,2,more\n")
    with pytest.raises(DataError, match="changed"):
        write(path, stats, tmp_path / "parts", 2, Plan(workers=1), own=True)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--shard", "1/2", "--stats", "s.json"), "--shard only one"),
        (("--if-changed",), "does not know folders of parts"),
        (("-o", "-"), "writes a folder"),
    ],
)
def test_what_does_not_go_with_parts(tmp_path: Path, arguments: tuple[str, ...], what: str) -> None:
    write_table(tmp_path)
    assert run_zm("stats", "t.csv", "-qo", "s.json", cwd=tmp_path).code == 0
    ran = run_zm("center", "t.csv", "-o", "parts", "--parts", "2", *arguments, cwd=tmp_path)
    assert ran.code == 2
    assert what in ran.err


@pytest.mark.parametrize("name", ["notes.txt", "part-3-of-2.csv"])
def test_what_somebody_put_into_a_folder_of_parts_is_not_removed(tmp_path: Path, name: str) -> None:
    path = write_table(tmp_path)
    stats = measure_one(path)
    write(path, stats, tmp_path / "parts", 2, Plan(workers=1))
    (tmp_path / "parts" / name).touch()
    with pytest.raises(UsageError, match="exists and holds files that zm did not write"):
        write(path, stats, tmp_path / "parts", 2, Plan(workers=1))
    assert (tmp_path / "parts" / name).exists()


def test_a_foreign_record_does_not_make_a_folder_of_parts(tmp_path: Path) -> None:
    path = write_table(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / RECORD).write_text("{}")
    with pytest.raises(UsageError, match="exists and holds files that zm did not write"):
        write(path, measure_one(path), tmp_path / "other", 2, Plan(workers=1))


def test_folders_of_arrays_are_parts_without_a_suffix(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for index in range(4):
        Image.new("L", (3, 3), index).save(tmp_path / "images" / f"{index}.png")
    images, stats = str(tmp_path / "images"), measure_one(tmp_path / "images")
    source, stats = open_to_apply(images, ReadOptions(), stats)
    task = WritePart(images, ReadOptions(), None, stats, ApplyOptions(format="npy"))
    write_parts(source, task, str(tmp_path / "parts"), 2, Plan(workers=1))
    assert {entry.name for entry in (tmp_path / "parts").iterdir()} == {"part-1-of-2", "part-2-of-2", RECORD}
