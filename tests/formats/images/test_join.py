"""Parts of a folder of arrays are joined in one folder, the folder that a single run would have written."""

from __future__ import annotations

from pathlib import Path

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
