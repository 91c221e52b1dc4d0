"""Chunks compressed without the library hold what h5py stores; they are inflated by zlib for comparison."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.formats.hdf5.files import FILTERS, OTHER_FILTERS, draw, open_data, rewrite, save_x, set_block_bytes
from tests.systems import examples
from zm_cli.formats.hdf5 import direct
from zm_cli.formats.hdf5.filters import GZIP, Filters

DTYPES = ("u1", "i1", "<u2", ">u2", "<i4", ">i4", "<u8", ">i8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8")


@pytest.fixture(autouse=True)
def _small_chunks_read_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "SMALLEST_PLAIN", 1)


def stored_chunks(path: Path) -> Iterator[tuple[tuple[int, ...], int, bytes]]:
    """Yields each chunk of x: the index of its first element, its filter mask, and its bytes without filters."""
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


@settings(
    deadline=None,
    max_examples=examples(100),
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_the_output_is_stored_as_h5py_stores_it(data: st.DataObject, tmp_path: Path) -> None:
    shape = tuple(data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=5), label="shape"))
    storage: dict[str, Any] = dict(data.draw(st.sampled_from((*FILTERS, *OTHER_FILTERS)), label="filters"))
    storage["chunks"] = tuple(data.draw(st.integers(1, extent + 2)) for extent in shape)
    storage["fillvalue"] = data.draw(st.sampled_from([None, 0, 3]), label="fill value")
    storage["fill_time"] = data.draw(st.sampled_from(["ifset", "alloc"]), label="fill time")
    storage["maxshape"] = data.draw(st.sampled_from([(None,) * len(shape), (20,) * len(shape)]), label="largest shape")
    libver: dict[str, Any] = {"libver": data.draw(st.sampled_from(["earliest", "latest"]), label="libver")}
    libver |= {"userblock_size": data.draw(st.sampled_from([0, 512]), label="user block")}
    dtype = data.draw(st.sampled_from(["f2", "f4", "f8"]), label="dtype")
    layout = "".join(data.draw(st.permutations("NCHWD"[: len(shape)]), label="layout"))
    values = draw(shape, data.draw(st.sampled_from(DTYPES), label="input"))
    for name in ("data.h5", "out.h5", "again.h5", "twin.h5"):
        (tmp_path / name).unlink(missing_ok=True)
    path = save_x(tmp_path, values, **storage, **libver)
    expected = (values.astype("f8") + 0.5).astype(dtype)
    save_x(tmp_path, expected, "twin.h5", **storage, **libver)
    with pytest.MonkeyPatch.context() as patch:
        set_block_bytes(patch, data.draw(st.integers(1, 400), label="block"))
        rewrite(path, tmp_path / "out.h5", dtype, layout=layout)
        rewrite(path, tmp_path / "again.h5", dtype, layout=layout, threads=3)
    assert properties(tmp_path / "out.h5") == properties(tmp_path / "twin.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        np.testing.assert_array_equal(file["x"][()], expected, strict=True)
    if storage.get("compression") != "lzf" and not storage.get("fletcher32"):
        ours, theirs = (sorted(stored_chunks(tmp_path / name)) for name in ("out.h5", "twin.h5"))
        assert ours == theirs
    if storage.get("compression") != "lzf":
        # What the library's lzf makes of the same bytes may differ from one time to the next.
        assert (tmp_path / "out.h5").read_bytes() == (tmp_path / "again.h5").read_bytes()


@pytest.mark.parametrize(("fill_time", "beyond"), [("ifset", 9), ("never", 0)])
def test_chunks_hold_the_fill_value_outside_the_dataset(tmp_path: Path, fill_time: str, beyond: int) -> None:
    storage: dict[str, Any] = {"chunks": (4, 2), "compression": "gzip", "shuffle": True}
    storage |= {"fillvalue": 9, "fill_time": fill_time}
    rewrite(save_x(tmp_path, draw((5, 3)), **storage), tmp_path / "out.h5")
    chunks = {corner: np.frombuffer(raw, "f4").reshape(4, 2) for corner, _, raw in stored_chunks(tmp_path / "out.h5")}
    assert set(chunks) == {(0, 0), (0, 2), (4, 0), (4, 2)}
    assert (chunks[4, 2][1:] == beyond).all()
    assert (chunks[4, 2][:, 1] == beyond).all()


def test_a_chunk_has_the_same_bytes_in_any_thread() -> None:
    """ISA-L's faster levels look at memory that they have not set, which differs between threads."""
    rng = np.random.default_rng(5)
    chunks = [rng.choice(np.frombuffer(b"\0\xc1\xc0QR\1\2", "u1"), size) for size in (24, 60, 1000) * 400]

    def encode_all(number: int) -> list[bytes]:
        made = []
        for index, chunk in enumerate(chunks):
            # What is freed here is what the compressor may be given next.
            _garbage = bytearray((number * 7919 + index * 104729) % 300_000)
            made.append(Filters((GZIP,), 1, len(chunk)).encode(chunk))
        return made

    with ThreadPoolExecutor(6) as pool:
        first, *others = pool.map(encode_all, range(12))
    assert all(other == first for other in others)


@pytest.mark.parametrize("filters", FILTERS)
def test_blocks_that_cut_chunks_are_written(
    tmp_path: Path, filters: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_block_bytes(monkeypatch, 40)
    values = draw((90, 10))
    path = save_x(tmp_path, values, chunks=(60, 4), **filters)
    assert any(span.address[0] % 60 for span in open_data(path).spans())
    rewrite(path, tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        np.testing.assert_array_equal(file["x"][()], values + np.float32(0.5))
