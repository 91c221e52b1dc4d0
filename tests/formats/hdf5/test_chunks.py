"""HDF5 values read and written around the library: the same as through it, for every way to store them, and its errors.

Files are written, and read again for comparison, by h5py; chunks are inflated by zlib.
"""

from __future__ import annotations

import ctypes
import math
import os
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
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

from zm_cli.data import block
from zm_cli.data.block import Block
from zm_cli.data.options import ReadOptions
from zm_cli.data.sink import WriteOptions
from zm_cli.data.source import Source
from zm_cli.errors import DataError
from zm_cli.formats import create_sink, open_source
from zm_cli.formats.hdf5 import direct, source
from zm_cli.formats.hdf5.filters import shuffle, unshuffle

RECEIPT = {"format": "zm-receipt", "version": 1, "operation": "center"}
DTYPES = ("?", "u1", "i1", "<u2", ">u2", "<i4", ">i4", "<u8", ">i8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8")
FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"compression": "gzip"},
    {"compression": "gzip", "compression_opts": 9, "shuffle": True},
)
OTHER_FILTERS: tuple[dict[str, Any], ...] = (
    {"shuffle": True},
    {"compression": "lzf", "shuffle": True},
    {"compression": "gzip", "compression_opts": 0},
    {"compression": "gzip", "fletcher32": True},
)


def draw(shape: tuple[int, ...], dtype: str = "u1", seed: int = 7) -> NDArray[Any]:
    return np.random.default_rng(seed).integers(0, 100, shape).astype(dtype)


def save(tmp_path: Path, values: NDArray[Any], name: str = "data.h5", **how: Any) -> str:
    opening = {key: how.pop(key) for key in ("libver", "userblock_size") if key in how}
    with h5py.File(tmp_path / name, "w", **opening) as file:
        file.create_dataset("x", data=values, **how)
    return str(tmp_path / name)


def open_data(path: str, layout: str | None = None) -> Source:
    return open_source(path, ReadOptions(dataset="x", layout=layout), "hdf5")


def read_blocks(opened: Source) -> list[Block]:
    blocks = [opened.read(span) for span in opened.spans()]
    opened.close()
    return blocks


def read_values(path: str, layout: str | None = None) -> NDArray[Any]:
    return np.concatenate([one.values for one in read_blocks(open_data(path, layout))])


def rewrite(path: str, output: Path, dtype: str = "f4", layout: str | None = None, threads: int = 1) -> None:
    """Writes the file to `output` with 0.5 added to every value."""
    opened = open_data(path, layout)
    sink = create_sink(opened, str(output), WriteOptions(np.dtype(dtype), RECEIPT))
    with ThreadPoolExecutor(threads) as pool:
        blocks = [replace(one, values=one.values.astype("f8") + 0.5) for one in read_blocks(opened)]
        for encoded in pool.map(sink.encode, blocks):
            sink.write(encoded)
    sink.commit()


@pytest.fixture(autouse=True)
def _chunks_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "SMALLEST_PLAIN", 1)


def forbid_library(patch: pytest.MonkeyPatch) -> None:
    """From here on, reading through the library fails the test."""

    def refuse(*_: Any) -> NDArray[Any]:
        raise AssertionError("read through the library")

    patch.setattr(source.Hdf5Source, "_read_by_library", refuse)


def forbid_direct(patch: pytest.MonkeyPatch) -> None:
    """From here on, all is read through the library."""
    patch.setattr(source, "find_direct", lambda *_: None)


@pytest.fixture
def blocks_of(monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda nbytes: monkeypatch.setattr(block, "BLOCK_BYTES", nbytes)


# Reading


@settings(deadline=None, max_examples=150, print_blob=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_values_and_digests_are_those_of_h5py(data: st.DataObject, tmp_path: Path) -> None:
    shape = tuple(data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=5), label="shape"))
    dtype = data.draw(st.sampled_from(DTYPES), label="dtype")
    chunks = tuple(data.draw(st.integers(1, extent + 2)) for extent in shape)
    how = dict(data.draw(st.sampled_from((*FILTERS, *OTHER_FILTERS)), label="filters"))
    known = how in FILTERS
    if data.draw(st.booleans(), label="chunked"):
        how |= {"chunks": chunks, "maxshape": (None,) * len(shape)}
    else:
        how, known = {}, True
    how["libver"] = data.draw(st.sampled_from(["earliest", "latest"]), label="libver")
    how["userblock_size"] = data.draw(st.sampled_from([0, 512, 2048]), label="user block")
    layout = "".join(data.draw(st.permutations("NCHWD"[: len(shape)]), label="layout"))
    axis = layout.index("N")
    path = tmp_path / "random.h5"
    path.unlink(missing_ok=True)
    save(tmp_path, draw(shape, dtype), path.name, **how)
    with h5py.File(path) as file:
        expected = np.moveaxis(file["x"][()], axis, 0)
    expected = np.ascontiguousarray(expected, expected.dtype.newbyteorder("="))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(block, "BLOCK_BYTES", data.draw(st.integers(1, 400), label="block"))
        opened = open_data(str(path), layout)
        deep = chunks[axis] if "chunks" in how else 1
        cut = any(span.address[0] % deep for span in opened.spans())
        plain = "chunks" not in how and math.prod(shape[:axis]) == 1
        if known and (plain or ("chunks" in how and (not cut or (axis == 0 and "compression" not in how)))):
            forbid_library(patch)
        blocks = read_blocks(opened)
    np.testing.assert_array_equal(np.concatenate([one.values for one in blocks]), expected, strict=dtype != "?")
    for one in blocks:
        start, stop = one.span.address
        assert one.values.flags.c_contiguous
        assert one.values.flags.writeable
        assert one.values.dtype == opened.spec.dtype
        assert one.digest == xxhash.xxh3_128(expected[start:stop].tobytes()).digest()


@pytest.mark.parametrize("mask", [0, 1, 2, 3])
def test_filters_skipped_for_a_chunk_are_not_undone(
    tmp_path: Path, mask: int, monkeypatch: pytest.MonkeyPatch, blocks_of: Any
) -> None:
    blocks_of(64)
    forbid_library(monkeypatch)
    values = draw((16, 8), "<u2")
    path = save(tmp_path, values, chunks=(4, 8), compression="gzip", shuffle=True)
    raw = values[4:8].tobytes()
    if not mask & 1:
        raw = np.frombuffer(raw, "u1").reshape(-1, 2).T.tobytes()
    with h5py.File(path, "a") as file:
        file["x"].id.write_direct_chunk((4, 0), raw if mask & 2 else zlib.compress(raw), mask)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["x"][()], values)
    np.testing.assert_array_equal(read_values(path), values)


@pytest.mark.parametrize("filters", FILTERS)
def test_chunks_never_written_are_the_fill_value(tmp_path: Path, filters: dict[str, Any], blocks_of: Any) -> None:
    blocks_of(6)
    with h5py.File(tmp_path / "data.h5", "w") as file:
        dataset = file.create_dataset("x", (10, 3), "i2", chunks=(2, 3), fillvalue=-7, **filters)
        dataset[4:6] = 1
    assert read_values(str(tmp_path / "data.h5"))[:, 0].tolist() == [-7] * 4 + [1] * 2 + [-7] * 4


def set_chunk_options(plist: Any, options: int) -> None:
    """What h5py has no call for, in the library that it has loaded."""
    with open("/proc/self/maps") as maps:
        loaded = {line.split()[-1] for line in maps if "libhdf5-" in line or "libhdf5.so" in line}
    if not loaded:
        pytest.skip("the HDF5 library is not found")
    set_options = ctypes.CDLL(loaded.pop()).H5Pset_chunk_opts
    set_options.argtypes = [ctypes.c_int64, ctypes.c_uint]
    assert set_options(plist.id, options) == 0


def test_edge_chunks_that_are_kept_unfiltered(tmp_path: Path, blocks_of: Any) -> None:
    blocks_of(60)
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
    np.testing.assert_array_equal(read_values(str(tmp_path / "data.h5")), values)
    rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        np.testing.assert_array_equal(file["x"][()], values + np.float32(0.5))


def test_chunks_deeper_than_blocks_are_read_by_their_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocks_of: Any
) -> None:
    blocks_of(40)
    forbid_library(monkeypatch)
    values = draw((90, 10))
    for name, chunks in (("a.h5", (60, 10)), ("b.h5", (60, 4))):
        path = save(tmp_path, values, name, chunks=chunks)
        assert any(span.address[0] % 60 for span in open_data(path).spans())
        np.testing.assert_array_equal(read_values(path), values)


def test_numbers_of_odd_bits_are_left_to_the_library(tmp_path: Path) -> None:
    odd = h5t.STD_I32LE.copy()
    odd.set_precision(12)
    odd.set_offset(8)
    values = draw((20, 5), "i4")
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_chunk((4, 5))
    with h5py.File(tmp_path / "data.h5", "w") as file:
        h5d.create(file.id, b"x", odd, h5s.create_simple(values.shape), plist)
        file["x"][()] = values
    np.testing.assert_array_equal(read_values(str(tmp_path / "data.h5")), values)


def test_more_chunks_than_can_be_held_are_left_to_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "MOST_CHUNKS", 3)
    values = draw((20, 5))
    np.testing.assert_array_equal(read_values(save(tmp_path, values, chunks=(4, 5))), values)


def test_threads_read_and_inflate_the_same_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocks_of: Any
) -> None:
    blocks_of(900)
    forbid_library(monkeypatch)
    values = draw((900, 40), ">f4")
    opened = open_data(save(tmp_path, values, chunks=(7, 13), compression="gzip", shuffle=True))
    with ThreadPoolExecutor(4) as pool:
        got = np.concatenate([one.values for one in pool.map(opened.read, opened.spans())])
    np.testing.assert_array_equal(got, values)


# Faults


def damage(path: str, place: int, content: bytes) -> None:
    with open(path, "r+b") as stream:
        stream.seek(place)
        stream.write(content)


@pytest.mark.parametrize("kind", ["no stream", "checksum", "too long"])
def test_a_damaged_chunk_is_told_as_the_library_tells_it(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch, blocks_of: Any
) -> None:
    blocks_of(1000)
    path = save(tmp_path, draw((100, 50)), chunks=(20, 50), compression="gzip")
    with h5py.File(path, "a") as file:
        if kind == "too long":
            file["x"].id.write_direct_chunk((40, 0), zlib.compress(bytes(range(100)) * 11))
        info = file["x"].id.get_chunk_info_by_coord((40, 0))
    if kind == "no stream":
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


def test_a_chunk_that_holds_too_little_is_told(tmp_path: Path) -> None:
    path = save(tmp_path, draw((100, 50)), chunks=(20, 50), compression="gzip")
    with h5py.File(path, "a") as file:
        file["x"].id.write_direct_chunk((40, 0), zlib.compress(bytes(100)))
    with pytest.raises(DataError, match="samples 0 to 99 cannot be read: a chunk has 100 bytes instead of"):
        read_blocks(open_data(path))


@pytest.mark.parametrize("how", [{}, {"chunks": (20, 50)}, {"chunks": (20, 50), "compression": "gzip"}])
def test_a_file_cut_short_under_the_reader_is_told(tmp_path: Path, how: dict[str, Any], blocks_of: Any) -> None:
    blocks_of(1000)
    path = save(tmp_path, np.random.default_rng(3).integers(0, 255, (400, 50)).astype("u1"), **how)
    opened = open_data(path)
    first, *_, last = opened.spans()
    opened.read(first)
    os.truncate(path, os.path.getsize(path) // 2)
    with pytest.raises(DataError, match="samples 380 to 399 cannot be read"):
        opened.read(last)


# Writing


def stored_chunks(path: Path) -> Iterator[tuple[tuple[int, ...], int, bytes]]:
    """Each chunk of the dataset: where it begins, its filter mask, and its bytes before any filter."""
    with h5py.File(path) as file:
        dataset = file["x"]
        for index in range(dataset.id.get_num_chunks()):
            corner = dataset.id.get_chunk_info(index).chunk_offset
            mask, raw = dataset.id.read_direct_chunk(corner)
            if dataset.compression == "gzip":
                raw = zlib.decompress(raw)
            if dataset.shuffle:
                raw = np.frombuffer(raw, "u1").reshape(dataset.dtype.itemsize, -1).T.tobytes()
            yield corner, mask, raw


def properties(path: Path) -> dict[str, Any]:
    with h5py.File(path) as file:
        dataset = file["x"]
        plist = dataset.id.get_create_plist()
        return {
            "filters": [plist.get_filter(index) for index in range(plist.get_nfilters())],
            "fill": (plist.fill_value_defined(), plist.get_fill_time(), plist.get_alloc_time(), dataset.fillvalue),
            "storage": (plist.get_layout(), dataset.chunks, dataset.shape, dataset.maxshape, dataset.dtype),
        }


@settings(deadline=None, max_examples=100, print_blob=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_output_is_stored_as_h5py_stores_it(data: st.DataObject, tmp_path: Path) -> None:
    shape = tuple(data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=5), label="shape"))
    how: dict[str, Any] = dict(data.draw(st.sampled_from((*FILTERS, *OTHER_FILTERS)), label="filters"))
    how["chunks"] = tuple(data.draw(st.integers(1, extent + 2)) for extent in shape)
    how["fillvalue"] = data.draw(st.sampled_from([None, 0, 3]), label="fill value")
    how["fill_time"] = data.draw(st.sampled_from(["ifset", "alloc"]), label="fill time")
    how["maxshape"] = data.draw(st.sampled_from([(None,) * len(shape), (20,) * len(shape)]), label="largest shape")
    libver: dict[str, Any] = {"libver": data.draw(st.sampled_from(["earliest", "latest"]), label="libver")}
    libver |= {"userblock_size": data.draw(st.sampled_from([0, 512]), label="user block")}
    dtype = data.draw(st.sampled_from(["f2", "f4", "f8"]), label="dtype")
    layout = "".join(data.draw(st.permutations("NCHWD"[: len(shape)]), label="layout"))
    values = draw(shape, data.draw(st.sampled_from(DTYPES[1:]), label="input"))
    for name in ("data.h5", "out.h5", "again.h5", "twin.h5"):
        (tmp_path / name).unlink(missing_ok=True)
    path = save(tmp_path, values, **how, **libver)
    expected = (values.astype("f8") + 0.5).astype(dtype)
    save(tmp_path, expected, "twin.h5", **how, **libver)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(block, "BLOCK_BYTES", data.draw(st.integers(1, 400), label="block"))
        rewrite(path, tmp_path / "out.h5", dtype, layout)
        rewrite(path, tmp_path / "again.h5", dtype, layout, threads=3)
    assert properties(tmp_path / "out.h5") == properties(tmp_path / "twin.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        np.testing.assert_array_equal(file["x"][()], expected, strict=True)
    if how.get("compression") != "lzf" and not how.get("fletcher32"):
        ours, theirs = (sorted(stored_chunks(tmp_path / name)) for name in ("out.h5", "twin.h5"))
        assert ours == theirs
    if how.get("compression") != "lzf":
        # What the library's lzf makes of the same bytes may differ from one time to the next.
        assert (tmp_path / "out.h5").read_bytes() == (tmp_path / "again.h5").read_bytes()


@pytest.mark.parametrize(("fill_time", "beyond"), [("ifset", 9), ("never", 0)])
def test_what_lies_outside_of_the_dataset_is_the_fill_value(tmp_path: Path, fill_time: str, beyond: int) -> None:
    how: dict[str, Any] = {"chunks": (4, 2), "compression": "gzip", "shuffle": True}
    how |= {"fillvalue": 9, "fill_time": fill_time}
    rewrite(save(tmp_path, draw((5, 3)), **how), tmp_path / "out.h5")
    chunks = {corner: np.frombuffer(raw, "f4").reshape(4, 2) for corner, _, raw in stored_chunks(tmp_path / "out.h5")}
    assert set(chunks) == {(0, 0), (0, 2), (4, 0), (4, 2)}
    assert (chunks[4, 2][1:] == beyond).all()
    assert (chunks[4, 2][:, 1] == beyond).all()


@pytest.mark.parametrize("filters", FILTERS)
def test_blocks_that_cut_chunks_are_written_all_the_same(
    tmp_path: Path, filters: dict[str, Any], blocks_of: Any
) -> None:
    blocks_of(40)
    values = draw((90, 10))
    path = save(tmp_path, values, chunks=(60, 4), **filters)
    assert any(span.address[0] % 60 for span in open_data(path).spans())
    rewrite(path, tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        np.testing.assert_array_equal(file["x"][()], values + np.float32(0.5))


# Kernels


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
