"""The filters of chunks: shuffle, and chunks that do not hold what they should."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from h5py import h5d, h5p, h5s, h5t

from tests.formats.hdf5.files import draw, error_of, open_data, read_blocks, read_values, save_x, set_block_bytes
from zm_cli.errors import DataError
from zm_cli.formats.hdf5.filters import shuffle, unshuffle


@pytest.mark.parametrize("itemsize", [1, 2, 4, 8])
@pytest.mark.parametrize("count", [0, 1, 7, 5000])
def test_shuffling_is_a_transposition_of_bytes(itemsize: int, count: int) -> None:
    values = np.random.default_rng(count).integers(0, 256, count * itemsize).astype("u1")
    planes = values.reshape(count, itemsize).T.reshape(-1)
    np.testing.assert_array_equal(shuffle(values, itemsize), planes)
    for first in {count, count // 2}:
        out = np.empty(first * itemsize, "u1")
        unshuffle(planes, itemsize, out)
        np.testing.assert_array_equal(out, values[: first * itemsize])


def test_a_chunk_that_holds_too_little_is_reported(tmp_path: Path) -> None:
    path = save_x(tmp_path, draw((100, 50)), chunks=(20, 50), compression="gzip")
    with h5py.File(path, "a") as file:
        file["x"].id.write_direct_chunk((40, 0), zlib.compress(bytes(100)))
    with pytest.raises(DataError, match="samples 0 to 99 cannot be read: a chunk has 100 bytes instead of"):
        read_blocks(open_data(path))


def put_chunk(path: Path, stored: bytes, corner: int, **storage: Any) -> None:
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("x", data=np.ones((100, 5), "u1"), **storage)
        dataset.id.write_direct_chunk((corner, 0), stored)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("rows", [20, 100])
def test_a_small_chunk_that_holds_too_little_is_reported(
    tmp_path: Path, rows: int, shuffle: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Blocks of ten samples cut the larger chunk: the library reads it.
    set_block_bytes(monkeypatch, 50)
    monkeypatch.setattr("zm_cli.formats.hdf5.source.MAX_STRETCH", 2)
    path = tmp_path / "data.h5"
    put_chunk(path, zlib.compress(bytes(49)), 0, chunks=(rows, 5), compression="gzip", shuffle=shuffle)
    assert f"a chunk has 49 bytes instead of {rows * 5}" in str(error_of(path))


@pytest.mark.parametrize("dtype", ["u1", "?"])
@pytest.mark.parametrize(("storage", "length"), [({}, 100), ({"shuffle": True}, 100), ({"fletcher32": True}, 104)])
def test_a_chunk_without_gzip_that_is_too_short_is_reported(
    tmp_path: Path, storage: dict[str, Any], length: int, dtype: str
) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        dataset = file.create_dataset("x", data=np.ones((100, 5), dtype), chunks=(20, 5), **storage)
        dataset.id.write_direct_chunk((40, 0), bytes(50))
    assert f"a chunk has 50 bytes instead of {length}" in str(error_of(tmp_path / "data.h5"))


def test_a_chunk_that_holds_too_little_is_reported_beside_a_missing_one(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        dataset = file.create_dataset("x", (100, 5), "u1", chunks=(20, 5), compression="gzip")
        dataset.id.write_direct_chunk((40, 0), zlib.compress(bytes(49)))
    assert "a chunk has 49 bytes instead of 100" in str(error_of(tmp_path / "data.h5"))


def test_a_chunk_that_is_stored_in_far_too_many_bytes_is_reported(tmp_path: Path) -> None:
    put_chunk(tmp_path / "data.h5", zlib.compress(bytes(10**6)), 40, chunks=(20, 5), compression="gzip")
    assert "a chunk is stored in 991 bytes, but holds only 100" in str(error_of(tmp_path / "data.h5"))


def test_a_chunk_that_inflates_to_far_more_is_reported(tmp_path: Path) -> None:
    put_chunk(tmp_path / "data.h5", zlib.compress(bytes(10**5)), 40, chunks=(20, 5), compression="gzip")
    assert "a chunk has more than 65736 bytes instead of 100" in str(error_of(tmp_path / "data.h5"))


def test_a_chunk_that_inflates_to_a_little_more_is_read_as_by_the_library(tmp_path: Path) -> None:
    put_chunk(tmp_path / "data.h5", zlib.compress(bytes(range(150))), 40, chunks=(20, 5), compression="gzip")
    assert read_values(open_data(tmp_path / "data.h5"))[40:60].reshape(-1).tolist() == list(range(100))


def test_an_unknown_filter_is_reported(tmp_path: Path) -> None:
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_chunk((4, 5))
    plist.set_deflate(4)
    with h5py.File(tmp_path / "data.h5", "w") as file:
        h5d.create(file.id, b"x", h5t.STD_U8LE, h5s.create_simple((8, 5)), plist)
        file["x"][()] = 1
    path = tmp_path / "data.h5"
    # A filter in a pipeline message of version 1: its number, the length of its name, flags, number of values, name.
    message = bytes((1, 0, 8, 0, 1, 0, 1, 0)) + b"deflate\0"
    assert path.read_bytes().count(message) == 1
    path.write_bytes(
        path.read_bytes().replace(message, bytes((0x39, 0x30, 8, 0, 1, 0, 1, 0)) + b"nobody's"[:7] + b"\0")
    )
    error = error_of(path)
    assert isinstance(error, DataError)
    assert "samples 0 to 7 cannot be read" in str(error)
    assert "filter" in str(error)
