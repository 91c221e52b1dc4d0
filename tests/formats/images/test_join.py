"""Parts of a folder of arrays are joined in one folder, the folder that a single run would have written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image

from zm_cli.data.options import ReadOptions
from zm_cli.data.shard import Shard
from zm_cli.errors import DataError, UsageError
from zm_cli.formats import open_source
from zm_cli.pipeline.applying.apply import apply
from zm_cli.pipeline.applying.join import join_parts
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.opening import open_to_apply
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions
from zm_cli.running.plan import Plan
from zm_cli.statsfile.stats import Stats


def read_tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def parts(tmp_path: Path) -> list[str]:
    """Three parts of a folder of arrays; the whole is in the folder `whole`."""
    for index in range(7):
        path = tmp_path / "images" / "ab"[index % 2] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 5 + index, 3), 30 * index, np.uint8)).save(path)
    images = str(tmp_path / "images")
    stats, _ = measure([open_source(images, ReadOptions())], MeasureOptions(), Plan(1))
    outputs = {None: "whole"} | {Shard(index, 3): f"part{index}" for index in (1, 2, 3)}
    for shard, name in outputs.items():
        source, columns = open_to_apply(images, ReadOptions(shard=shard), stats)
        apply(source, columns, str(tmp_path / name), ApplyOptions("center"), Plan(1))
    return [str(tmp_path / name) for name in list(outputs.values())[1:]]


@pytest.mark.parametrize("copy", [False, True])
def test_the_folder_is_that_of_one_run(parts: list[str], tmp_path: Path, copy: bool) -> None:
    join_parts([parts[1], parts[2], parts[0]], str(tmp_path / "joined"), copy=copy)
    assert read_tree(tmp_path / "joined") == read_tree(tmp_path / "whole")
    links = {path.stat().st_nlink for path in (tmp_path / "joined").rglob("*.npy")}
    assert links == ({1} if copy else {2})


def test_a_part_that_was_changed_is_not_joined(parts: list[str], tmp_path: Path) -> None:
    next(Path(parts[1]).rglob("*.npy")).rename(Path(parts[1]) / "other.npy")
    with pytest.raises(DataError, match="is not a part of an output, or was changed since"):
        join_parts(parts, str(tmp_path / "joined"))
    assert not (tmp_path / "joined").exists()


def test_a_folder_that_zm_did_not_write_is_kept(parts: list[str], tmp_path: Path) -> None:
    (tmp_path / "joined").mkdir()
    (tmp_path / "joined" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="is a folder that zm did not write"):
        join_parts(parts, str(tmp_path / "joined"))
    assert read_tree(tmp_path / "joined") == {"mine.txt": b"mine"}


def write_h5(images: str, output: Path, shard: Shard | None, stats: Stats, **options: Any) -> str:
    """Writes the images, or a part of them, as one HDF5 file; returns its path."""
    source, columns = open_to_apply(images, ReadOptions(shard=shard, **options), stats)
    apply(source, columns, str(output), ApplyOptions("center"), Plan(1))
    return str(output)


@pytest.fixture
def images(tmp_path: Path) -> str:
    """Returns a folder of nine images of one size in two classes."""
    for index in range(9):
        path = tmp_path / "images" / "ab"[index % 2] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 5, 3), 20 * index, np.uint8)).save(path)
    return str(tmp_path / "images")


@pytest.mark.parametrize("copy", [False, True])
def test_parts_that_were_undone_one_by_one_are_joined(images: str, tmp_path: Path, copy: bool) -> None:
    stats, _ = measure([open_source(images, ReadOptions())], MeasureOptions(), Plan(1))
    undone = []
    for path in [write_h5(images, tmp_path / f"{index}.h5", Shard(index, 3), stats) for index in (1, 2, 3)]:
        source, columns = open_to_apply(path, ReadOptions(), stats, inverse=True)
        undone.append(f"{path}.back.h5")
        apply(source, columns, undone[-1], ApplyOptions("center", inverse=True), Plan(1))
        receipts = []
        for each in (path, undone[-1]):
            with h5py.File(each) as file:
                receipts.append(json.loads(file["images"].attrs["zm"])["shard"])
        assert receipts[0] == receipts[1]
    join_parts(undone, str(tmp_path / "joined.h5"), copy=copy)
    write_h5(images, tmp_path / "whole.h5", None, stats)
    with h5py.File(tmp_path / "whole.h5") as whole, h5py.File(tmp_path / "joined.h5") as joined:
        assert sorted(joined) == ["files", "images", "labels"]
        for name in ("files", "labels"):
            np.testing.assert_array_equal(joined[name], whole[name])
        values = [int(Path(name.decode()).stem) * 20 for name in joined["files"]]
        np.testing.assert_allclose(joined["images"][:, 0, 0, 0], values, atol=1e-4)


@pytest.mark.parametrize("suffix", [".h5", ""])
@pytest.mark.parametrize("limited", [{}, {"limit": 5}])
def test_parts_that_were_cut_from_other_files_are_not_joined(
    images: str, tmp_path: Path, suffix: str, limited: dict[str, Any]
) -> None:
    stats, _ = measure([open_source(images, ReadOptions())], MeasureOptions(), Plan(1))
    first = write_h5(images, tmp_path / f"1{suffix}", Shard(1, 2), stats)
    options: dict[str, Any] = limited or {"exclude": ["a/0.png"]}
    second = write_h5(images, tmp_path / f"2{suffix}", Shard(2, 2), stats, **options)
    there = 5 if limited else 8
    with pytest.raises(DataError, match=f"the data that were cut into parts had {there} files, not 9"):
        join_parts([first, second], str(tmp_path / f"joined{suffix}"))


def test_no_file_is_in_two_parts(images: str, tmp_path: Path) -> None:
    stats, _ = measure([open_source(images, ReadOptions())], MeasureOptions(), Plan(1))
    first = write_h5(images, tmp_path / "1.h5", Shard(1, 2), stats, exclude=["a/0.png"])
    second = write_h5(images, tmp_path / "2.h5", Shard(2, 2), stats, exclude=["b/7.png"])
    for copy in (False, True):
        with pytest.raises(DataError, match=r"has a/8\.png, and so has another part") as caught:
            join_parts([first, second], str(tmp_path / "joined.h5"), copy=copy)
        assert caught.value.where == second
    assert not (tmp_path / "joined.h5").exists()


@pytest.mark.parametrize("named", [True, False])
def test_labels_are_those_of_one_run(tmp_path: Path, named: bool) -> None:
    for index, folder in enumerate(["a", "a", "b", "c", "c", ""]):
        path = tmp_path / "images" / folder / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 5, 3), 30 * index, np.uint8)).save(path)
    images = str(tmp_path / "images")
    stats, _ = measure([open_source(images, ReadOptions())], MeasureOptions(), Plan(1))
    stats = stats if named else replace(stats, classes=None)
    write_h5(images, tmp_path / "whole.h5", None, stats)
    parts = [tmp_path / f"{index}.h5" for index in range(1, 9)]
    for index, part in enumerate(parts, start=1):
        write_h5(images, part, Shard(index, 8), stats)
    join_parts(list(map(str, parts)), str(tmp_path / "joined.h5"))
    with h5py.File(tmp_path / "whole.h5") as whole, h5py.File(tmp_path / "joined.h5") as joined:
        assert sorted(whole) == sorted(joined) == ["files", "images", "labels"]
        for name in whole:
            np.testing.assert_array_equal(joined[name], whole[name])
        assert joined.attrs["classes"].tolist() == whole.attrs["classes"].tolist() == ["a", "b", "c"]
