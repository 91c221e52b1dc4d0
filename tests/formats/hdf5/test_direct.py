"""Values read without the library: the same as h5py reads, however they are stored, with the same errors."""

from __future__ import annotations

import ctypes
import math
import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xxhash
from h5py import h5d, h5p, h5s, h5t
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.formats.hdf5.files import (
    FILTERS,
    OTHER_FILTERS,
    draw,
    open_data,
    read_blocks,
    read_values,
    rewrite,
    save_x,
    set_block_bytes,
)
from tests.systems import examples
from zm_cli.errors import DataError
from zm_cli.formats.hdf5 import direct, reader

DTYPES = ("?", "u1", "i1", "<u2", ">u2", "<i4", ">i4", "<u8", ">i8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8")


@pytest.fixture(autouse=True)
def _small_chunks_read_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "SMALLEST_PLAIN", 1)


def forbid_library(patch: pytest.MonkeyPatch) -> None:
    """From here on, reading through the library fails the test."""

    def refuse(*_: Any) -> NDArray[Any]:
        raise AssertionError("read through the library")

    patch.setattr(reader.DatasetReader, "_read_by_library", refuse)


def forbid_direct(patch: pytest.MonkeyPatch) -> None:
    """From here on, everything is read through the library."""
    patch.setattr(reader, "find_direct_reader", lambda *_: None)


@settings(
    deadline=None,
    max_examples=examples(150),
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_values_and_digests_are_those_of_h5py(data: st.DataObject, tmp_path: Path) -> None:
    shape = tuple(data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=5), label="shape"))
    dtype = data.draw(st.sampled_from(DTYPES), label="dtype")
    chunks = tuple(data.draw(st.integers(1, extent + 2)) for extent in shape)
    storage = dict(data.draw(st.sampled_from((*FILTERS, *OTHER_FILTERS)), label="filters"))
    supported = storage in FILTERS
    if data.draw(st.booleans(), label="chunked"):
        storage |= {"chunks": chunks, "maxshape": (None,) * len(shape)}
    else:
        storage, supported = {}, True
    storage["libver"] = data.draw(st.sampled_from(["earliest", "latest"]), label="libver")
    storage["userblock_size"] = data.draw(st.sampled_from([0, 512, 2048]), label="user block")
    layout = "".join(data.draw(st.permutations("NCHWD"[: len(shape)]), label="layout"))
    axis = layout.index("N")
    path = tmp_path / "random.h5"
    path.unlink(missing_ok=True)
    save_x(tmp_path, draw(shape, dtype), path.name, **storage)
    with h5py.File(path) as file:
        expected = np.moveaxis(file["x"][()], axis, 0)
    expected = np.ascontiguousarray(expected, expected.dtype.newbyteorder("="))
    with pytest.MonkeyPatch.context() as patch:
        set_block_bytes(patch, data.draw(st.integers(1, 400), label="block"))
        source = open_data(path, layout=layout)
        chunk_samples = chunks[axis] if "chunks" in storage else 1
        cut = any(span.address[0] % chunk_samples for span in source.spans())
        plain = "chunks" not in storage and math.prod(shape[:axis]) == 1
        if supported and (plain or ("chunks" in storage and (not cut or (axis == 0 and "compression" not in storage)))):
            forbid_library(patch)
        blocks = read_blocks(source)
    np.testing.assert_array_equal(np.concatenate([one.values for one in blocks]), expected, strict=dtype != "?")
    for one in blocks:
        start, stop, _ = one.span.address
        assert one.values.flags.c_contiguous
        assert one.values.flags.writeable
        assert one.values.dtype == source.spec.dtype
        assert one.digest == xxhash.xxh3_128(expected[start:stop].tobytes()).digest()


@pytest.mark.parametrize("mask", [0, 1, 2, 3])
def test_filters_skipped_for_a_chunk_are_not_undone(tmp_path: Path, mask: int, monkeypatch: pytest.MonkeyPatch) -> None:
    set_block_bytes(monkeypatch, 64)
    forbid_library(monkeypatch)
    values = draw((16, 8), "<u2")
    path = save_x(tmp_path, values, chunks=(4, 8), compression="gzip", shuffle=True)
    raw = values[4:8].tobytes()
    if not mask & 1:
        raw = np.frombuffer(raw, "u1").reshape(-1, 2).T.tobytes()
    with h5py.File(path, "a") as file:
        file["x"].id.write_direct_chunk((4, 0), raw if mask & 2 else zlib.compress(raw), mask)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["x"][()], values)
    np.testing.assert_array_equal(read_values(open_data(path)), values)


@pytest.mark.parametrize("filters", FILTERS)
def test_chunks_never_written_are_the_fill_value(
    tmp_path: Path, filters: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_block_bytes(monkeypatch, 6)
    with h5py.File(tmp_path / "data.h5", "w") as file:
        dataset = file.create_dataset("x", (10, 3), "i2", chunks=(2, 3), fillvalue=-7, **filters)
        dataset[4:6] = 1
    assert read_values(open_data(tmp_path / "data.h5"))[:, 0].tolist() == [-7] * 4 + [1] * 2 + [-7] * 4


def set_chunk_options(plist: Any, options: int) -> None:
    """Calls a function of the HDF5 library that h5py does not wrap."""
    with open("/proc/self/maps") as maps:
        loaded = {line.split()[-1] for line in maps if "libhdf5-" in line or "libhdf5.so" in line}
    if not loaded:
        pytest.skip("the HDF5 library is not found")
    set_options = ctypes.CDLL(loaded.pop()).H5Pset_chunk_opts
    set_options.argtypes = [ctypes.c_int64, ctypes.c_uint]
    assert set_options(plist.id, options) == 0


def test_unfiltered_edge_chunks_are_read_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_block_bytes(monkeypatch, 60)
    values = draw((10, 7), "<u2")
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_chunk((4, 4))
    plist.set_shuffle()
    plist.set_deflate(4)
    set_chunk_options(plist, 2)
    with h5py.File(tmp_path / "data.h5", "w", libver="latest") as file:
        h5d.create(file.id, b"x", h5t.STD_U16LE, h5s.create_simple(values.shape), plist)
        file["x"][()] = values
        assert len(file["x"].id.read_direct_chunk((0, 4))[1]) == 32
    np.testing.assert_array_equal(read_values(open_data(tmp_path / "data.h5")), values)
    rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        np.testing.assert_array_equal(file["x"][()], values + np.float32(0.5))


def test_rows_of_chunks_larger_than_blocks_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_block_bytes(monkeypatch, 40)
    forbid_library(monkeypatch)
    values = draw((90, 10))
    for name, chunks in (("a.h5", (60, 10)), ("b.h5", (60, 4))):
        path = save_x(tmp_path, values, name, chunks=chunks)
        assert any(span.address[0] % 60 for span in open_data(path).spans())
        np.testing.assert_array_equal(read_values(open_data(path)), values)


def test_integers_of_odd_precision_are_left_to_the_library(tmp_path: Path) -> None:
    odd = h5t.STD_I32LE.copy()
    odd.set_precision(12)
    odd.set_offset(8)
    values = draw((20, 5), "i4")
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_chunk((4, 5))
    with h5py.File(tmp_path / "data.h5", "w") as file:
        h5d.create(file.id, b"x", odd, h5s.create_simple(values.shape), plist)
        file["x"][()] = values
    np.testing.assert_array_equal(read_values(open_data(tmp_path / "data.h5")), values)


def test_a_dataset_of_too_many_chunks_is_left_to_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "MAX_CHUNKS", 3)
    values = draw((20, 5))
    np.testing.assert_array_equal(read_values(open_data(save_x(tmp_path, values, chunks=(4, 5)))), values)


def test_threads_read_and_inflate_the_same_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_block_bytes(monkeypatch, 900)
    forbid_library(monkeypatch)
    values = draw((900, 40), ">f4")
    source = open_data(save_x(tmp_path, values, chunks=(7, 13), compression="gzip", shuffle=True))
    with ThreadPoolExecutor(4) as pool:
        read = np.concatenate([one.values for one in pool.map(source.read, source.spans())])
    np.testing.assert_array_equal(read, values)


# Damaged files


def damage(path: str, offset: int, content: bytes) -> None:
    with open(path, "r+b") as stream:
        stream.seek(offset)
        stream.write(content)


@pytest.mark.parametrize("kind", ["not a stream", "checksum", "too long"])
def test_a_damaged_chunk_is_reported_as_by_the_library(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_block_bytes(monkeypatch, 1000)
    path = save_x(tmp_path, draw((100, 50)), chunks=(20, 50), compression="gzip")
    with h5py.File(path, "a") as file:
        if kind == "too long":
            file["x"].id.write_direct_chunk((40, 0), zlib.compress(bytes(range(100)) * 11))
        info = file["x"].id.get_chunk_info_by_coord((40, 0))
    if kind == "not a stream":
        damage(path, info.byte_offset, b"\xff" * 60)
    elif kind == "checksum":
        damage(path, info.byte_offset + info.size - 4, b"\0\0\0\0")

    def outcome() -> Any:
        try:
            return [one.digest for one in read_blocks(open_data(path))]
        except DataError as error:
            return str(error)

    ours = outcome()
    forbid_direct(monkeypatch)
    assert ours == outcome()
    if kind != "too long":
        assert "samples 40 to 59 cannot be read" in ours


@pytest.mark.parametrize("storage", [{}, {"chunks": (20, 50)}, {"chunks": (20, 50), "compression": "gzip"}])
def test_a_file_truncated_while_it_is_read_is_reported(
    tmp_path: Path, storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_block_bytes(monkeypatch, 1000)
    path = save_x(tmp_path, np.random.default_rng(3).integers(0, 255, (400, 50)).astype("u1"), **storage)
    source = open_data(path)
    first, *_, last = source.spans()
    source.read(first)
    os.truncate(path, os.path.getsize(path) // 2)
    with pytest.raises(DataError, match="samples 380 to 399 cannot be read"):
        source.read(last)
