"""The sink of an HDF5 file: the written dataset, the same bytes every time, and outputs that fail."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from h5py import h5g, h5o, h5p

from tests.formats.hdf5.files import RECEIPT, draw, open_data, read_blocks, rewrite, save, set_block_bytes
from zm_cli.data.sink import WriteOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.outputs.hdf5_file import OutputFile
from zm_cli.pipeline.applying.output import create_sink


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("layout", ["NHWC", "HWCN", "HNWC"])
def test_the_dataset_is_replaced_by_the_new_values(
    tmp_path: Path, dtype: str, layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_block_bytes(monkeypatch, 300)
    values = draw((7, 6, 5, 20), ">i2")
    rewrite(save(tmp_path, x=values), tmp_path / "out.h5", dtype, layout=layout)
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["x"].dtype == np.dtype(dtype)
        np.testing.assert_array_equal(file["x"][()], (values + 0.5).astype(dtype))
        assert file["x"].attrs["layout"] == layout


def test_a_layout_that_the_user_did_not_give_is_not_written(tmp_path: Path) -> None:
    rewrite(save(tmp_path, x=draw((9, 5, 5, 3))), tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        assert set(file["x"].attrs) == {"zm"}


def test_attributes_that_describe_the_old_values_are_noted(tmp_path: Path) -> None:
    path = save(tmp_path, x=draw((8, 5), "i2"))
    with h5py.File(path, "a") as file:
        file["x"].attrs["valid_max"] = 100
    (note,) = rewrite(path, tmp_path / "out.h5")
    assert "keeps valid_max" in note


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_two_runs_give_the_same_bytes_whatever_the_clock_says(tmp_path: Path, libver: str) -> None:
    with h5py.File(tmp_path / "data.h5", "w", libver=libver) as file:
        plist = h5p.create(h5p.GROUP_CREATE)
        plist.set_obj_track_times(True)
        h5g.create(file.id, b"stamped", gcpl=plist)
        for name in ("x", "y", "z"):
            file.create_dataset(f"stamped/{name}", data=draw((9, 5)[: 2 if name == "x" else 1]), track_times=True)
        file["stamped/y"].make_scale("y")
        file["stamped/x"].dims[0].attach_scale(file["stamped/y"])
        file["stamped/y"].attrs["text"] = "some"
        file["stamped/also"] = file["stamped/z"]
        file.create_dataset("refs", data=np.array([file["stamped/z"].ref], h5py.ref_dtype), track_times=True)
        file["refs"].attrs["to"] = file["stamped/z"].ref
    rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["stamped/x"].dims[0][0] == file["stamped/y"]
        np.testing.assert_array_equal(file["stamped/y"][()], draw((9,)))
        assert file["stamped/y"].attrs["text"] == "some"
        assert file[file["refs"][0]] == file[file["refs"].attrs["to"]] == file["stamped/z"]
        for name in ("/", "stamped", "stamped/x", "stamped/y", "refs"):
            # Nothing that was changed while writing carries a time.
            info = h5o.get_info(file[name].id)
            assert (info.mtime, info.ctime) == (0, 0), name
        kept = h5o.get_info(file["stamped/z"].id)
    with h5py.File(tmp_path / "data.h5") as file:
        original = h5o.get_info(file["stamped/z"].id)
    assert (kept.mtime, kept.ctime) == (original.mtime, original.ctime)
    rewrite(str(tmp_path / "data.h5"), tmp_path / "again.h5")
    assert (tmp_path / "out.h5").read_bytes() == (tmp_path / "again.h5").read_bytes()


# Outputs that fail


@pytest.mark.parametrize("name", ["out.csv", "out", "-", "out.mat"])
def test_an_output_of_another_kind_is_a_usage_error(tmp_path: Path, name: str) -> None:
    source = open_data(save(tmp_path, x=draw((9, 5))))
    output = name if name == "-" else str(tmp_path / name)
    with pytest.raises(UsageError):
        create_sink(source, output, WriteOptions(np.dtype("f4"), RECEIPT))


def test_nothing_is_there_before_commit_or_after_discard(tmp_path: Path) -> None:
    source = open_data(save(tmp_path, x=draw((9, 5))))
    folder = tmp_path / "folder"
    folder.mkdir()
    sink = create_sink(source, str(folder / "out.h5"), WriteOptions(np.dtype("f4"), RECEIPT))
    (one,) = read_blocks(source)
    sink.write(sink.encode(one))
    assert not (folder / "out.h5").exists()
    sink.discard()
    sink.discard()
    assert list(folder.iterdir()) == []


def test_missing_samples_are_cut_off_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_block_bytes(monkeypatch, 20)
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("chunked", data=draw((9, 5)), chunks=(4, 5))
        file.create_dataset("plain", data=draw((9, 5)))
    for name in ("chunked", "plain"):
        source = open_data(str(tmp_path / "data.h5"), dataset=name)
        sink = create_sink(source, str(tmp_path / f"{name}.h5"), WriteOptions(np.dtype("f4"), RECEIPT))
        sink.write(sink.encode(read_blocks(source)[0]))
        if name == "plain":
            with pytest.raises(DataError, match="4 of 9 samples"):
                sink.commit()
        else:
            sink.commit()
    with h5py.File(tmp_path / "chunked.h5") as file:
        np.testing.assert_array_equal(file["chunked"][()], draw((9, 5))[:4])
    assert not (tmp_path / "plain.h5").exists()


def rewrite_or_discard(path: str, output: Path) -> None:
    source = open_data(path)
    sink = create_sink(source, str(output), WriteOptions(np.dtype("f8"), RECEIPT))
    try:
        for one in read_blocks(source):
            sink.write(sink.encode(one))
        sink.commit()
    except BaseException:
        sink.discard()
        raise


@pytest.mark.parametrize("free", [0, 3_000, 30_000, 80_000])
@pytest.mark.parametrize("compression", [None, "gzip"])
def test_a_full_disk_is_reported_and_nothing_is_left(
    tmp_path: Path, free: int, compression: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_block_bytes(monkeypatch, 10_000)
    noise = np.random.default_rng(1).integers(0, 255, (2000, 50)).astype("u1")
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("x", data=noise, chunks=(300, 50), compression=compression)
        file["labels"] = np.arange(2000)
    real = os.pwrite

    def limited(descriptor: int, data: Any, offset: int) -> int:
        if offset + len(data) > free:
            raise OSError(28, "No space left on device")
        return real(descriptor, data, offset)

    monkeypatch.setattr(os, "pwrite", limited)
    with pytest.raises(DataError, match=r"out\.h5: cannot be written: No space left on device"):
        rewrite_or_discard(str(tmp_path / "data.h5"), tmp_path / "out.h5")
    assert [entry.name for entry in tmp_path.iterdir()] == ["data.h5"]


def test_an_interrupt_during_a_write_stays_an_interrupt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path, x=draw((900, 50)))

    def interrupted(self: OutputFile, view: memoryview, offset: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(OutputFile, "_write_at", interrupted)
    with pytest.raises(KeyboardInterrupt):
        rewrite_or_discard(path, tmp_path / "out.h5")
    assert [entry.name for entry in tmp_path.iterdir()] == ["data.h5"]
