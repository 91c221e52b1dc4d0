"""Parts of a dataset: written with their own samples, and joined by a file that presents them as one dataset."""

from __future__ import annotations

import os
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.formats.hdf5.files import draw, save_x
from tests.formats.parts import write_part, write_parts
from tests.systems import skip_without_h5dump
from zm_cli.data.options import ReadOptions
from zm_cli.data.shard import Shard
from zm_cli.errors import DataError, UsageError
from zm_cli.formats import open_source
from zm_cli.pipeline.applying.join import join_parts

VALUES = draw((50, 4, 3))
GZIP: dict[str, Any] = {"chunks": (7, 4, 3), "compression": "gzip"}


def read(path: str | Path, name: str = "x") -> NDArray[Any]:
    with h5py.File(path) as file:
        values: NDArray[Any] = file[name][()]
        return values


@pytest.mark.parametrize("storage", [{}, GZIP, {"chunks": (7, 4, 3), "maxshape": (None, 4, 3)}, {"chunks": (50, 2, 2)}])
@pytest.mark.parametrize("nbytes", [100, 8 << 20])
def test_each_part_has_its_own_samples_wherever_chunks_end(
    tmp_path: Path, storage: dict[str, Any], nbytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", nbytes)
    path = save_x(tmp_path, VALUES, **storage)
    for number in (3, 52):
        parts = write_parts(path, tmp_path, number, ".h5", layout="NHW")
        edges = [index * 50 // number for index in range(number + 1)]
        for part, (low, high) in zip(parts, pairwise(edges), strict=True):
            np.testing.assert_array_equal(read(part), VALUES[low:high])
    join_parts(parts, str(tmp_path / "joined.h5"))
    np.testing.assert_array_equal(read(tmp_path / "joined.h5"), VALUES)


@pytest.mark.parametrize("storage", [{}, {"chunks": (2, 3, 8), "compression": "gzip"}])
def test_samples_may_lie_along_any_axis(tmp_path: Path, storage: dict[str, Any]) -> None:
    path = save_x(tmp_path, VALUES.T.copy(), **storage)
    parts = write_parts(path, tmp_path, 4, ".h5", layout="CHN")
    assert [read(part).shape for part in parts] == [(3, 4, 12), (3, 4, 13), (3, 4, 12), (3, 4, 13)]
    join_parts(parts, str(tmp_path / "joined.h5"))
    np.testing.assert_array_equal(read(tmp_path / "joined.h5"), VALUES.T)


def test_samples_are_numbered_as_in_the_dataset(tmp_path: Path) -> None:
    path = save_x(tmp_path, VALUES)
    source = open_source(path, ReadOptions(shard=Shard(2, 5), layout="NHW"))
    assert [number for span in source.spans() for number in source.read(span).numbers or ()] == list(range(11, 21))
    drawn = open_source(path, ReadOptions(sample=5, layout="NHW"))
    blocks = [drawn.read(span) for span in drawn.spans()]
    numbers = [number for block in blocks for number in block.numbers or ()]
    np.testing.assert_array_equal(np.concatenate([block.values for block in blocks]), VALUES[np.array(numbers) - 1])


@pytest.fixture
def rich(tmp_path: Path) -> str:
    """Returns a file with a dataset in a group, attributes, labels, links, and another name for the dataset."""
    with h5py.File(tmp_path / "rich.h5", "w") as file:
        dataset = file.create_dataset("g/x", data=VALUES, **GZIP)
        dataset.attrs["made"] = "by hand"
        dataset.dims[0].label = "N"
        file.attrs["title"], file["g"].attrs["inside"] = "all", 1
        file["labels"] = np.arange(50)
        file["g/names"] = np.arange(3)
        file["h/deep"] = np.ones(4)
        file["soft"], file["same"] = h5py.SoftLink("/g/x"), dataset
        dataset.attrs["scale"] = file["labels"].ref
    return str(tmp_path / "rich.h5")


def list_all(path: str) -> list[str]:
    names: list[str] = []
    with h5py.File(path) as file:
        file.visit(names.append)
    return names


def test_a_later_part_holds_nothing_but_the_dataset(rich: str, tmp_path: Path) -> None:
    options = {"dataset": "g/x", "layout": "NHW"}
    notes = [write_part(rich, tmp_path / f"{index}.h5", Shard(index, 2), **options) for index in (1, 2)]
    assert list_all(f"{tmp_path}/2.h5") == ["g", "g/x"]
    with h5py.File(tmp_path / "2.h5") as file:
        assert file["g/x"].attrs["made"] == "by hand"
        assert file["g/x"].dims[0].label == "N"
    assert set(list_all(f"{tmp_path}/1.h5")) == set(list_all(rich))
    assert any("everything else in the file is complete" in note for note in notes[0])
    assert "part 2/2 holds nothing but /g/x, 25 samples of it; everything else is in the first part" in notes[1]


def test_a_joined_file_has_all_that_the_whole_output_has(rich: str, tmp_path: Path) -> None:
    options = {"dataset": "g/x", "layout": "NHW"}
    write_part(rich, tmp_path / "whole.h5", None, **options)
    parts = write_parts(rich, tmp_path, 3, ".h5", **options)
    outcome = join_parts([parts[2], parts[0], parts[1]], str(tmp_path / "joined.h5"))
    assert "must stay where they are" in outcome.notes[0]
    # Moved together, they still find one another.
    moved = tmp_path / "moved"
    moved.mkdir()
    for path in (*parts, f"{tmp_path}/joined.h5"):
        shutil.move(path, moved)
    with h5py.File(moved / "joined.h5") as joined, h5py.File(tmp_path / "whole.h5") as whole:
        assert joined["g/x"].is_virtual
        for name in ("g/x", "labels", "g/names", "h/deep", "soft", "same"):
            np.testing.assert_array_equal(joined[name], whole[name])
        for name in ("/", "g"):
            assert dict(joined[name].attrs) == dict(whole[name].attrs)
        ours, theirs = (dict(file["g/x"].attrs) for file in (joined, whole))
        assert ours["zm"] == theirs["zm"]
        assert ours["made"] == theirs["made"]
        assert joined["g/x"].dims[0].label == "N"
    assert os.path.getsize(moved / "joined.h5") < 10_000


def test_a_copy_holds_all_that_the_whole_output_has(rich: str, tmp_path: Path) -> None:
    options = {"dataset": "g/x", "layout": "NHW"}
    write_part(rich, tmp_path / "whole.h5", None, **options)
    parts = write_parts(rich, tmp_path, 3, ".h5", **options)
    join_parts(parts, str(tmp_path / "joined.h5"), copy=True)
    for part in parts:
        os.remove(part)
    assert set(list_all(f"{tmp_path}/joined.h5")) == set(list_all(f"{tmp_path}/whole.h5"))
    with h5py.File(tmp_path / "joined.h5") as joined, h5py.File(tmp_path / "whole.h5") as whole:
        for name in ("g/x", "labels", "g/names", "h/deep", "soft", "same"):
            np.testing.assert_array_equal(joined[name], whole[name])
        ours, theirs = joined["g/x"], whole["g/x"]
        assert (ours.chunks, ours.compression, ours.maxshape) == (theirs.chunks, theirs.compression, theirs.maxshape)
        assert ours.attrs["zm"] == theirs.attrs["zm"]
        assert joined[ours.attrs["scale"]].name == "/labels"


def test_a_part_that_is_not_there_is_not_read_as_zeros(tmp_path: Path) -> None:
    parts = write_parts(save_x(tmp_path, VALUES), tmp_path, 2, ".h5", layout="NHW")
    join_parts(parts, str(tmp_path / "joined.h5"))
    os.remove(parts[1])
    values = read(tmp_path / "joined.h5")
    np.testing.assert_array_equal(values[:25], VALUES[:25])
    assert np.isnan(values[25:]).all()
    with pytest.raises(DataError, match=r"its part part2\.h5 is missing") as caught:
        open_source(str(tmp_path / "joined.h5"), ReadOptions(allow_external=True, layout="NHW"))
    assert caught.value.hint == "put it back beside it, or run zm join again"


def test_a_joined_file_is_read_only_where_other_files_may_be(tmp_path: Path) -> None:
    parts = write_parts(save_x(tmp_path, VALUES), tmp_path, 2, ".h5", layout="NHW")
    joined = str(tmp_path / "joined.h5")
    join_parts(parts, joined)
    with pytest.raises(UsageError, match=r"values from another file, part1\.h5") as caught:
        open_source(joined, ReadOptions(dataset="x"))
    assert "--allow-external" in str(caught.value.hint)
    source = open_source(joined, ReadOptions(allow_external=True, layout="NHW"))
    np.testing.assert_array_equal(np.concatenate([source.read(span).values for span in source.spans()]), VALUES)
    source.close()


def test_other_programs_read_a_joined_file(rich: str, tmp_path: Path) -> None:
    skip_without_h5dump()
    parts = write_parts(rich, tmp_path, 2, ".h5", dataset="g/x", layout="NHW")
    join_parts(parts, str(tmp_path / "joined.h5"))
    command = ["h5dump", "-d", "/g/x", "-s", "30,0,0", "-c", "1,1,3", "-y", str(tmp_path / "joined.h5")]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert ", ".join(map(str, VALUES[30, 0].tolist())) in shown


def test_parts_that_were_changed_are_not_joined(tmp_path: Path) -> None:
    parts = write_parts(
        save_x(tmp_path, VALUES, chunks=(5, 4, 3), maxshape=(None, 4, 3)), tmp_path, 2, ".h5", layout="NHW"
    )
    with h5py.File(parts[1], "a") as file:
        file["x"].resize(10, axis=0)
    with pytest.raises(DataError, match="hold 35 samples, not the 50 that were cut"):
        join_parts(parts, str(tmp_path / "joined.h5"))
    with h5py.File(parts[1], "a") as file:
        receipt = file["x"].attrs["zm"]
        del file["x"]
        file["x"] = np.ones((25, 4, 2), "float32")
        file["x"].attrs["zm"] = receipt
    with pytest.raises(DataError, match="does not continue"):
        join_parts(parts, str(tmp_path / "joined.h5"))
    assert not (tmp_path / "joined.h5").exists()


def test_a_part_with_values_of_other_files_is_not_joined(tmp_path: Path) -> None:
    parts = write_parts(save_x(tmp_path, VALUES), tmp_path, 2, ".h5", layout="NHW")
    with h5py.File(parts[1], "a") as file:
        receipt = file["x"].attrs["zm"]
        del file["x"]
        layout = h5py.VirtualLayout((25, 4, 3), "float32")
        layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "x", (25, 4, 3))
        file.create_virtual_dataset("x", layout).attrs["zm"] = receipt
    for copy in (False, True):
        with pytest.raises(DataError, match=r"values from another file, .*secret\.h5"):
            join_parts(parts, str(tmp_path / "joined.h5"), copy=copy)
    assert not (tmp_path / "joined.h5").exists()


def test_names_that_hdf5_would_replace_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "100%b"
    folder.mkdir()
    parts = write_parts(save_x(tmp_path, VALUES), folder, 2, ".h5", layout="NHW")
    with pytest.raises(UsageError, match="has a % in its path"):
        join_parts(parts, str(tmp_path / "joined.h5"))
    join_parts(parts, str(tmp_path / "copied.h5"), copy=True)
    join_parts(parts, str(folder / "beside.h5"))
    with h5py.File(folder / "beside.h5") as beside, h5py.File(tmp_path / "copied.h5") as copied:
        assert np.array_equal(beside["x"], copied["x"])


def test_joining_again_gives_the_same_bytes(tmp_path: Path) -> None:
    parts = write_parts(save_x(tmp_path, VALUES), tmp_path, 2, ".h5", layout="NHW")
    written = []
    for _ in range(2):
        join_parts(parts, str(tmp_path / "joined.h5"))
        written.append((tmp_path / "joined.h5").read_bytes())
    assert written[0] == written[1]
