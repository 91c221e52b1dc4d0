"""Datasets that claim more values than the file stores or the memory can hold."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.formats.hdf5.files import error_of, open_data, put_virtual, read_values
from zm_cli.errors import DataError
from zm_cli.formats.hdf5 import claims


def test_a_dataset_that_nothing_was_written_to_is_an_error(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("plain", (100, 5), "f4")
        file.create_dataset("chunked", (100, 5), "i4", chunks=(10, 5), fillvalue=-1)
    for name, fill in (("plain", "0.0"), ("chunked", "-1")):
        error = error_of(tmp_path / "data.h5", dataset=name)
        assert isinstance(error, DataError)
        assert f"/{name}: nothing was ever written to it: all its values would be the fill value {fill}" in str(error)


def test_chunks_that_were_never_written_are_noted(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("x", (100, 5), "i4", chunks=(10, 5), fillvalue=7)[:25] = 1
    source = open_data(tmp_path / "data.h5")
    (note,) = source.facts().notes
    assert note.endswith("/x: 7 of 10 chunks were never written and are read as the fill value 7")
    assert np.unique(read_values(source)).tolist() == [1, 7]


@pytest.mark.parametrize("filename", [".", "absent.h5"])
def test_missing_sources_of_virtual_datasets_are_noted(tmp_path: Path, filename: str) -> None:
    with h5py.File(tmp_path / "data.h5", "w", libver="latest") as file:
        put_virtual(file, "x", filename, "absent")
    (note,) = open_data(tmp_path / "data.h5", allow_external=True).facts().notes
    shown = "absent" if filename == "." else filename
    assert note.endswith(f"/x: its sources {shown} are missing; their values are read as the fill value 0")


def test_a_huge_dataset_with_hardly_any_chunk_written_is_an_error(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("x", (10**12, 1), "f4", chunks=(1024, 1))[:10] = 1
        file.create_dataset("y", (1, 10**12), "u1", chunks=(1, 2**20))[0, :10] = 1
    for name in "xy":
        error = error_of(tmp_path / "data.h5", dataset=name)
        assert isinstance(error, DataError)
        assert "of which 1 were ever written" in str(error)


def test_a_sample_larger_than_the_memory_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["sample"] = np.ones((3, 1000))
        file.create_dataset("chunk", data=np.ones((300, 10)), chunks=(300, 10), compression="gzip")
    monkeypatch.setattr(claims, "count_memory", lambda: 7999)
    for name, size in (("sample", "8,000"), ("chunk", "24,000")):
        assert f"one sample or chunk takes {size} bytes" in str(error_of(tmp_path / "data.h5", dataset=name))
    monkeypatch.setattr(claims, "count_memory", lambda: 24000)
    assert read_values(open_data(tmp_path / "data.h5", dataset="chunk")).sum() == 3000


def test_values_beyond_the_end_of_the_file_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.ones((1000, 50))
        offset = file["x"].id.get_offset()
    # The file is made shorter, and so is the length that it claims: the library checks only that.
    whole = path.read_bytes()
    length = len(whole).to_bytes(8, "little")
    path.write_bytes(whole[: offset + 1000].replace(length, (offset + 1000).to_bytes(8, "little")))
    error = error_of(path)
    assert isinstance(error, DataError)
    assert "likely file corruption" in str(error)
