"""Parts of a folder of arrays are joined in one folder, the folder that a single run would have written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from zm_cli.data.options import ReadOptions
from zm_cli.data.shard import Shard
from zm_cli.errors import DataError, UsageError
from zm_cli.formats import open_source
from zm_cli.pipeline.apply import apply
from zm_cli.pipeline.join import join_parts
from zm_cli.pipeline.measure import measure
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


def write_h5(images: str, output: Path, shard: Shard | None, stats: Stats) -> None:
    source, columns = open_to_apply(images, ReadOptions(shard=shard), stats)
    apply(source, columns, str(output), ApplyOptions("center"), Plan(1))


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
