"""Statistics measured of data that are named like held-out data draw a warning that says what to do."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.formats.images.samples import random_values, save_picture
from tests.shell import run_zm
from tests.systems import slow
from zm_cli.data.options import ReadOptions
from zm_cli.formats import open_source
from zm_cli.pipeline.splits import find_held_out


def warn(*paths: Path, **options: str) -> str | None:
    return find_held_out([open_source(str(path), ReadOptions(**options)) for path in paths])


def table(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("a\n1\n2\n")
    return path


@pytest.mark.parametrize("name", ["test.csv", "iris_val.csv", "test/data.csv"])
def test_a_table_is_recognized_by_its_name(tmp_path: Path, name: str) -> None:
    warning = warn(table(tmp_path / "d" / name))
    assert warning is not None
    assert f"{name} is named like held-out data, and its own statistics are measured; if so, " in warning
    assert warning.endswith("(zm stats TRAIN -o train.stats.json), and give this --stats train.stats.json")


@pytest.mark.parametrize("name", ["train.csv", "contest.csv", "testing/prices.csv", "latest.csv"])
def test_other_names_are_not(tmp_path: Path, name: str) -> None:
    assert warn(table(tmp_path / "d" / name)) is None


def test_folders_are_recognized_by_their_name_and_by_what_is_in_them(tmp_path: Path) -> None:
    for name in ("val/cat/a.png", "root/test/cat/a.png", "data/test/images/a.png"):
        save_picture(tmp_path, name, random_values((2, 2)))
    for folder in ("val", "root", "data/test/images"):
        assert warn(tmp_path / folder) is not None, folder
    assert warn(tmp_path / "val" / "cat") is None


def test_a_dataset_says_more_than_its_file(tmp_path: Path) -> None:
    for name in ("data.h5", "test.h5"):
        with h5py.File(tmp_path / name, "w") as file:
            for dataset in ("x_train", "x_test", "x"):
                file[dataset] = np.ones((3, 2))
    assert "data.h5: /x_test is named" in str(warn(tmp_path / "data.h5", dataset="/x_test"))
    assert warn(tmp_path / "data.h5", dataset="/x") is warn(tmp_path / "test.h5", dataset="/x_train") is None
    assert "test.h5 is named" in str(warn(tmp_path / "test.h5", dataset="/x"))


@slow
def test_it_is_said_where_statistics_are_made_and_only_there(tmp_path: Path) -> None:
    table(tmp_path / "test.csv")
    assert run_zm("stats", "test.csv", "-o", "s.json", cwd=tmp_path).err.count("held-out data") == 1
    assert run_zm("center", "test.csv", "-o", "o.csv", cwd=tmp_path).err.count("held-out data") == 1
    for command in (("center", "test.csv", "--stats", "s.json"), ("inspect", "test.csv")):
        assert "held-out" not in run_zm(*command, cwd=tmp_path).err
