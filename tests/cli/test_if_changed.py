"""--if-changed: zm does nothing, and says so, if the output is up to date; otherwise it makes it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from tests.shell import run_zm
from tests.systems import needs_fifo, slow


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The same numbers as a table, a dataset and images."""
    values = np.arange(48, dtype=np.uint8).reshape(4, 2, 2, 3)
    np.savetxt(tmp_path / "t.csv", values.reshape(4, 12), delimiter=",", header="a,b,c,d,e,f,g,h,i,j,k,l", comments="")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("x", data=values)
        file.create_dataset("y", data=values)
    (tmp_path / "images").mkdir()
    for index, pixels in enumerate(values):
        Image.fromarray(pixels).save(tmp_path / "images" / f"{index}.png")
    (tmp_path / "list.txt").write_text("images/0.png\nimages/1.png\n")
    return tmp_path


RUNS = {
    "stats": ("stats", "t.csv", "-o", "s.json"),
    "stats npz": ("stats", "images", "-o", "s.npz"),
    "csv": ("center", "t.csv", "-o", "out.csv"),
    "gzip": ("center", "t.csv", "-o", "out.csv.gz"),
    "hdf5": ("standardize", "x.h5", "--dataset", "y", "--layout", "NHWC", "-o", "out.h5"),
    "images to hdf5": ("standardize", "images", "-o", "out.h5"),
    "images to a tree": ("center", "images", "-o", "out/"),
    "list": ("center", "@list.txt", "-o", "out.h5"),
}


def run(data: Path, *arguments: str) -> bool:
    """Runs zm and returns whether it changed any file; it must say so if it did not."""
    before = {path: path.lstat().st_mtime_ns for path in data.rglob("*")}
    ran = run_zm(*arguments, "--if-changed", cwd=data)
    assert (ran.code, ran.out) == (0, "")
    did = {path: path.lstat().st_mtime_ns for path in data.rglob("*")} != before
    assert ("is up to date" in ran.err) is not did
    return did


@pytest.mark.parametrize("arguments", RUNS.values(), ids=RUNS)
def test_a_second_run_does_nothing_and_says_so(data: Path, arguments: tuple[str, ...]) -> None:
    assert run(data, *arguments)
    assert not run(data, *arguments)
    # As after a fresh checkout: the same bytes with other times.
    for path in data.rglob("*"):
        os.utime(path, (1, 1))
    assert not run(data, *arguments, "-j", "1")


def edit_table(data: Path) -> None:
    table = data / "t.csv"
    table.write_text(table.read_text().replace("7.0", "8.0", 1))


def rename_image(data: Path) -> None:
    (data / "images" / "0.png").rename(data / "images" / "9.png")


def swap_classes(data: Path) -> None:
    """Renames a listed file; the list names the same images in the same order."""
    (data / "images" / "0.png").rename(data / "images" / "z.png")
    (data / "list.txt").write_text("images/z.png\nimages/1.png\n")


def cut_array(data: Path) -> None:
    os.truncate(data / "out" / "0.npy", 100)


def add_receipt(data: Path) -> None:
    (data / "t.csv.zm.json").write_text('{"format": "other"}')


CHANGES: dict[str, tuple[str, tuple[str, ...], Callable[[Path], object]]] = {
    "a value": ("csv", (), edit_table),
    "the output": ("csv", (), lambda data: (data / "out.csv").write_text("a\n1\n")),
    "the output gone": ("csv", (), lambda data: (data / "out.csv").unlink()),
    "the statistics gone": ("csv", (), lambda data: (data / "out.csv.stats.json").unlink()),
    "other statistics": ("csv", (), lambda data: shutil.copy(data / "t.csv.stats.json", data / "out.csv.stats.json")),
    "an option": ("csv", ("--columns", "a"), lambda data: None),
    "a dtype": ("hdf5", ("--dtype", "float16"), lambda data: None),
    "a name": ("images to a tree", (), rename_image),
    "a name in a list": ("list", (), swap_classes),
    "a shorter array": ("images to a tree", (), cut_array),
    "a receipt of the input": ("csv", (), add_receipt),
    "the stats file": ("stats", (), lambda data: (data / "s.json").write_text("{}")),
}


@slow
@pytest.mark.parametrize("change", CHANGES)
def test_the_output_is_made_again_after_a_change(data: Path, change: str) -> None:
    name, options, make_change = CHANGES[change]
    run_zm("stats", "t.csv", "--columns", "b", "-o", "t.csv.stats.json", cwd=data)
    assert run(data, *RUNS[name])
    make_change(data)
    assert run(data, *RUNS[name], *options)
    assert not run(data, *RUNS[name], *options)


@slow
def test_statistics_that_are_applied_are_inputs_too(data: Path) -> None:
    run_zm("stats", "t.csv", "-o", "s.json", cwd=data)
    arguments = ("standardize", "t.csv", "--stats", "s.json", "-o", "out.csv")
    assert run(data, *arguments)
    assert not run(data, *arguments)
    run_zm("stats", "t.csv", "--columns", "a,b", "-o", "s.json", cwd=data)
    assert run(data, *arguments)


@slow
@needs_fifo
def test_changes_behind_links_are_noticed(data: Path) -> None:
    (data / "both").mkdir()
    for name in ("one", "two"):
        (data / "both" / name).symlink_to("../images")
    assert run(data, "stats", "both", "images", "-o", "s.json")
    assert json.loads((data / "s.json").read_text())["samples"] == 12
    (data / "both" / "two").unlink()
    assert run(data, "stats", "both", "images", "-o", "s.json")
    assert json.loads((data / "s.json").read_text())["samples"] == 8
    os.mkfifo(data / "images" / "pipe")
    (data / "images" / "dead.txt").symlink_to("nowhere")
    assert not run(data, "stats", "both", "images", "-o", "s.json")


@slow
def test_options_of_any_length_and_names_of_any_bytes_are_recorded(data: Path) -> None:
    odd = os.fsdecode(b"t\xff.csv")
    shutil.copy(data / "t.csv", data / odd)
    for arguments in (
        ("center", odd, "-o", "odd.csv"),
        ("stats", "images", "-o", "s.json", "--exclude", ",".join(f"nothing{number}" for number in range(3000))),
    ):
        assert run(data, *arguments)
        assert not run(data, *arguments)


def test_an_output_of_the_dataset_that_the_statistics_name_is_up_to_date(data: Path) -> None:
    run_zm("stats", "x.h5", "--dataset", "y", "--per", "all", "-o", "s.json", cwd=data)
    arguments = ("center", "x.h5", "--stats", "s.json", "-o", "out.h5")
    assert run(data, *arguments)
    assert not run(data, *arguments)


@slow
def test_another_version_makes_the_output_again(data: Path) -> None:
    assert run(data, *RUNS["stats"])
    document = json.loads((data / "s.json").read_text())
    assert document["provenance"]["options"] == "zm stats t.csv"
    document["provenance"]["version"] = "0.0.1"
    (data / "s.json").write_text(json.dumps(document))
    assert run(data, *RUNS["stats"])


@slow
def test_an_output_made_without_the_option_is_made_again_once(data: Path) -> None:
    run_zm(*RUNS["csv"], cwd=data)
    assert run(data, *RUNS["csv"])
    assert not run(data, *RUNS["csv"])


@slow
def test_the_record_changes_nothing_else(data: Path) -> None:
    run_zm("stats", "t.csv", "-o", "plain.json", cwd=data)
    run_zm("stats", "t.csv", "-o", "recorded.json", "--if-changed", cwd=data)
    plain, recorded = (json.loads((data / f"{name}.json").read_text()) for name in ("plain", "recorded"))
    assert recorded | {"provenance": None} == plain
    for name in ("plain", "recorded"):
        run_zm("center", "t.csv", "--stats", f"{name}.json", "-o", f"{name}.csv", cwd=data)
    assert (data / "plain.csv.zm.json").read_bytes() == (data / "recorded.csv.zm.json").read_bytes()


@pytest.mark.parametrize(
    "arguments",
    [
        ("stats", "t.csv"),
        ("stats", "t.csv", "-o", "-"),
        ("center", "t.csv", "-o", "-"),
        ("center", "-", "-o", "out.csv"),
        ("center", "images/0.png", "-o", "out.npy"),
        ("stats", "x.h5", "--dataset", "x", "-o", "s.json", "--allow-external"),
    ],
)
def test_it_needs_inputs_that_can_be_compared_and_an_output_file(data: Path, arguments: tuple[str, ...]) -> None:
    ran = run_zm(*arguments, "--if-changed", cwd=data, stdin=b"a\n1\n")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "--if-changed" in ran.err
