"""Parts of an array: any memory order, any sample axis, and archives, whose other arrays are in the first part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.formats.parts import write_part, write_parts
from zm_cli.data.options import ReadOptions
from zm_cli.data.shard import Shard
from zm_cli.errors import DataError
from zm_cli.formats import open_source
from zm_cli.pipeline.applying.join import join_parts

VALUES = np.random.default_rng(5).integers(0, 100, (20, 4, 3)).astype(np.uint8)


@pytest.mark.parametrize("layout", ["NHC", "HNC", "HCN"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("number", [3, 25])
def test_joined_parts_are_the_file_of_one_run(
    tmp_path: Path, layout: str, order: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", 40)
    stored = np.moveaxis(VALUES, 0, layout.index("N"))
    np.save(tmp_path / "x.npy", np.asarray(stored, order=order))  # type: ignore[call-overload]
    write_part(tmp_path / "x.npy", tmp_path / "whole.npy", None, layout=layout)
    parts = write_parts(tmp_path / "x.npy", tmp_path, number, ".npy", layout=layout)
    assert sum(np.load(part).shape[layout.index("N")] for part in parts) == 20
    join_parts(parts[::-1], str(tmp_path / "joined.npy"))
    np.testing.assert_array_equal(np.load(tmp_path / "joined.npy"), stored)
    for name in ("{}.npy", "{}.npy.zm.json"):
        assert (tmp_path / name.format("joined")).read_bytes() == (tmp_path / name.format("whole")).read_bytes()


def test_other_arrays_of_an_archive_are_in_the_first_part(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", y=np.arange(20), x=VALUES, note=np.array("kept"))
    options = {"dataset": "x", "layout": "NHC"}
    write_part(tmp_path / "x.npz", tmp_path / "whole.npz", None, **options)
    parts = [tmp_path / f"{index}.npz" for index in (1, 2)]
    notes = [
        write_part(tmp_path / "x.npz", part, Shard(index, 2), **options) for index, part in enumerate(parts, start=1)
    ]
    assert notes == [[], ["other arrays are in the first part only: y, note"]]
    assert [sorted(np.load(part)) for part in parts] == [["note", "x", "y"], ["x"]]
    join_parts(list(map(str, parts)), str(tmp_path / "joined.npz"))
    for name in ("{}.npz", "{}.npz.zm.json"):
        assert (tmp_path / name.format("joined")).read_bytes() == (tmp_path / name.format("whole")).read_bytes()


def test_a_part_that_was_changed_is_not_joined(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", VALUES)
    parts = write_parts(tmp_path / "x.npy", tmp_path, 2, ".npy", layout="NHC")
    np.save(parts[1], np.load(parts[1]) + 1)
    with pytest.raises(DataError, match="changed since its receipt was written"):
        join_parts(parts, str(tmp_path / "joined.npy"))
    assert not (tmp_path / "joined.npy").exists()


def test_parts_of_arrays_of_other_lengths_are_not_joined(tmp_path: Path) -> None:
    parts = [tmp_path / f"{index}.npy" for index in (1, 2)]
    for index, part in enumerate(parts, start=1):
        np.save(tmp_path / "x.npy", VALUES[: 20 - index])
        write_part(tmp_path / "x.npy", part, Shard(index, 2), layout="NHC")
    with pytest.raises(DataError, match="the data that were cut into parts have size 18, not 19"):
        join_parts(list(map(str, parts)), str(tmp_path / "joined.npy"))


def test_samples_are_numbered_as_in_the_array(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", VALUES)
    source = open_source(str(tmp_path / "x.npy"), ReadOptions(shard=Shard(2, 5), layout="NHC"))
    assert [number for span in source.spans() for number in source.read(span).numbers or ()] == list(range(5, 9))
