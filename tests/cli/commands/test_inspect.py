"""`zm inspect` as a process: datasets of each kind, and stats files, for people and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from tests.shell import run_zm
from tests.systems import slow


def test_a_table_is_described(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("name,x,y\na,1,NA\nb,3,4\n")
    ran = run_zm("inspect", tmp_path / "t.csv")
    assert ran.code == 0
    lines = {line.split()[0]: line for line in ran.out.splitlines() if line.strip()}
    assert lines["samples"].split() == ["samples", "2"]
    assert lines["missing"].split() == ["missing", "1"]
    assert "range" not in lines
    assert "name" in ran.out
    document = json.loads(run_zm("inspect", tmp_path / "t.csv", "--json").out)
    assert document["kind"] == "csv"
    assert document["missing_total"] == 1
    assert document["mean"] == [2.0, 4.0]
    assert document["names"] == ["x", "y"]


def test_a_folder_is_described_with_what_cannot_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.new("RGB", (4, 3), (10, 20, 30)).save(folder / "a.png")
    Image.new("RGB", (4, 3), (20, 20, 30)).save(folder / "b.png")
    Image.new("RGB", (5, 3)).save(folder / "c.png")
    (folder / "broken.png").write_bytes(b"no image")
    (folder / "README").write_text("not a sample")
    (folder / ".hidden.png").write_bytes(b"")
    document = json.loads(run_zm("inspect", folder, "--json").out)
    assert document["samples"] == 3
    assert document["shapes"] == {"4x3": 2, "5x3": 1}
    assert document["types"] == {"RGB": 3}
    assert document["left_out"] == 2
    assert [sample["name"] for sample in document["unreadable"]] == ["broken.png"]
    ran = run_zm("inspect", folder)
    assert ran.code == 0
    assert "broken.png" in ran.out
    assert "4x3 (2), 5x3 (1)" in ran.out


def test_an_array_whose_axes_are_not_clear_is_described_as_a_whole(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.arange(24.0).reshape(2, 3, 4)
        file["y"] = np.arange(2)
    document = json.loads(run_zm("inspect", tmp_path / "a.h5", "--json").out)
    assert document["per"] == "all"
    assert document["mean"] == [11.5]
    assert document["samples"] == 2


@slow
def test_a_stats_file_is_described_in_every_form(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x\n1\n3\n")
    expected = run_zm("stats", tmp_path / "t.csv", "--json").out
    for suffix in ("json", "npz", "h5"):
        run_zm("stats", tmp_path / "t.csv", "-o", tmp_path / f"s.{suffix}")
        assert run_zm("inspect", tmp_path / f"s.{suffix}", "--json").out == expected
        shown = run_zm("inspect", tmp_path / f"s.{suffix}").out
        assert "stats file, of csv" in shown
        assert str(tmp_path / "t.csv") in shown


@slow
def test_the_state_of_a_written_dataset_is_shown(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x\n1\n3\n")
    run_zm("standardize", tmp_path / "t.csv", "-o", tmp_path / "out.csv")
    assert json.loads(run_zm("inspect", tmp_path / "out.csv", "--json").out)["state"] == "standardized"
    run_zm("standardize", tmp_path / "out.csv", "--inverse", "-o", tmp_path / "back.csv")
    assert "then undone" in json.loads(run_zm("inspect", tmp_path / "back.csv", "--json").out)["state"]
