"""The source of an HDF5 file: values, spans, facts, receipts, and files that cannot be read."""

from __future__ import annotations

import json
import multiprocessing
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xxhash
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.formats.hdf5.files import (
    RECEIPT,
    VALUES,
    draw,
    error_of,
    open_data,
    read_blocks,
    read_values,
    rewrite,
    save,
    set_block_bytes,
)
from tests.systems import examples
from zm_cli.data.source import Source
from zm_cli.errors import DataError, UsageError

DTYPES = (
    "u1", "i1", "<u2", ">u2", "<i2", ">i2", "<u4", ">i4", "<u8", ">u8", "<i8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8",
)  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
def test_values_of_every_dtype_are_read_in_native_byte_order(tmp_path: Path, dtype: str) -> None:
    values = draw((20, 6), dtype)
    source = open_data(save(tmp_path, x=values))
    (one,) = read_blocks(source)
    assert source.spec.dtype == one.values.dtype == np.dtype(dtype).newbyteorder("=")
    assert one.values.dtype.isnative
    np.testing.assert_array_equal(one.values, values)


def test_booleans_are_zeros_and_ones(tmp_path: Path) -> None:
    values = draw((9, 4)) > 50
    source = open_data(save(tmp_path, x=values))
    assert source.spec.dtype == np.uint8
    np.testing.assert_array_equal(read_values(source), values.astype("u1"))


@pytest.mark.parametrize("rank", [1, 2, 3, 4, 5])
def test_ranks_one_to_five_are_read(tmp_path: Path, rank: int, monkeypatch: pytest.MonkeyPatch) -> None:
    set_block_bytes(monkeypatch, 100)
    values = draw((11, 5, 4, 3, 2)[:rank], "<i4")
    source = open_data(save(tmp_path, x=values))
    assert (source.spec.samples, source.spec.sample_shape) == (11, values.shape[1:])
    assert source.nbytes == sum(span.nbytes for span in source.spans()) == values.nbytes
    np.testing.assert_array_equal(read_values(source), values)


def test_chunks_never_written_read_as_the_fill_value(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        dataset = file.create_dataset("x", (10, 3), "i2", chunks=(2, 3), fillvalue=-7)
        dataset[4:6] = 1
    values = read_values(open_data(str(tmp_path / "data.h5")))
    assert values[:, 0].tolist() == [-7] * 4 + [1] * 2 + [-7] * 4


def test_the_digest_of_a_block_is_that_of_its_native_values(tmp_path: Path) -> None:
    values = draw((6, 3), ">i4")
    (one,) = read_blocks(open_data(save(tmp_path, x=values)))
    assert one.digest == xxhash.xxh3_128(values.astype("<i4").tobytes()).digest()


@settings(deadline=None, max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_blocks_together_are_what_h5py_reads(data: st.DataObject, tmp_path: Path) -> None:
    shape = tuple(data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=5)))
    dtype = data.draw(st.sampled_from(DTYPES))
    chunked = data.draw(st.booleans())
    chunks = tuple(data.draw(st.integers(1, extent)) for extent in shape) if chunked else None
    filters: dict[str, Any] = data.draw(
        st.sampled_from([{}, {"compression": "gzip"}, {"compression": "lzf", "shuffle": True}])
    )
    letters = "".join(data.draw(st.permutations("NCHWD"[: len(shape)])))
    path = tmp_path / "random.h5"
    path.unlink(missing_ok=True)
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=draw(shape, dtype), chunks=chunks, **(filters if chunked else {}))
    with h5py.File(path) as file:
        expected = file["x"][()]
    with pytest.MonkeyPatch.context() as patch:
        set_block_bytes(patch, data.draw(st.integers(1, 400)))
        source = open_data(str(path), layout=letters)
        blocks = read_blocks(source)
        source.close()
    axis = letters.index("N")
    np.testing.assert_array_equal(
        np.concatenate([one.values for one in blocks]), np.moveaxis(expected, axis, 0), strict=False
    )
    assert all(one.values.flags.c_contiguous and len(one.values) for one in blocks)
    assert source.spec.axes == "N" + letters.replace("N", "")


def test_chunks_that_are_larger_than_the_dataset_are_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        for index, how in enumerate(({}, {"compression": "gzip"}, {"compression": "lzf"})):
            file.create_dataset(f"x{index}", data=VALUES, chunks=(999, 77), maxshape=(None, None), **how)
    for index in range(3):
        np.testing.assert_array_equal(read_values(open_data(tmp_path / "data.h5", dataset=f"x{index}")), VALUES)


def test_threads_read_the_same_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_block_bytes(monkeypatch, 500)
    values = draw((300, 40))
    source = open_data(save(tmp_path, x=values))
    with ThreadPoolExecutor(4) as pool:
        np.testing.assert_array_equal(np.concatenate([b.values for b in pool.map(source.read, source.spans())]), values)


def _first_block(source: Source) -> bytes:
    return source.read(next(iter(source.spans()))).digest


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_source_reads_in_other_processes(tmp_path: Path, method: str) -> None:
    source = open_data(save(tmp_path, x=draw((300, 40))))
    expected = _first_block(source)
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(_first_block, [source, source]) == [expected] * 2
    assert _first_block(pickle.loads(pickle.dumps(source))) == expected


def test_a_closed_source_opens_itself_again(tmp_path: Path) -> None:
    source = open_data(save(tmp_path, x=draw((3, 4))))
    digest = _first_block(source)
    source.close()
    source.close()
    assert _first_block(source) == digest


# Spans


def find_starts(source: Source) -> list[int]:
    return [span.address[0] for span in source.spans()]


def test_spans_end_where_chunks_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_block_bytes(monkeypatch, 100)
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("fits", data=draw((50, 10)), chunks=(4, 10))
        file.create_dataset("stretches", data=draw((50, 10)), chunks=(30, 5))
        file.create_dataset("cut", data=draw((50, 10)), chunks=(50, 1))
        file.create_dataset("plain", data=draw((25, 10)))
    path = str(tmp_path / "data.h5")
    assert find_starts(open_data(path, dataset="fits")) == list(range(0, 50, 8))
    assert find_starts(open_data(path, dataset="stretches")) == [0, 30]
    assert find_starts(open_data(path, dataset="cut")) == [0, 10, 20, 30, 40]
    assert find_starts(open_data(path, dataset="plain")) == [0, 10, 20]


def test_a_sample_larger_than_a_block_is_a_span_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_block_bytes(monkeypatch, 4)
    assert find_starts(open_data(save(tmp_path, x=draw((3, 10))))) == [0, 1, 2]


# Facts


def test_the_facts_describe_the_storage_and_other_datasets(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("x", data=draw((9, 5, 4, 3)), chunks=(2, 5, 4, 3), compression="gzip", shuffle=True)
        file["x"].attrs["_FillValue"] = np.uint8(255)
        file["labels"] = np.arange(9)
    facts = open_data(str(tmp_path / "data.h5")).facts()
    assert facts.nbytes == (tmp_path / "data.h5").stat().st_size
    assert (facts.shapes, facts.types) == ({"5x4x3": 9}, {"float32": 9})
    assert facts.others == {
        "dataset": "/x",
        "layout": "NHWC",
        "chunks": "2x5x4x3",
        "compression": "gzip-4 + shuffle",
        "marked as missing": "255 (_FillValue)",
        "other datasets": "/labels (9,) int64",
        "stored as": "uint8: 255 is missing",
    }


def test_the_shape_of_a_sample_of_one_number_is_scalar(tmp_path: Path) -> None:
    facts = open_data(save(tmp_path, x=draw((9,)))).facts()
    assert (facts.shapes, facts.others["chunks"]) == ({"scalar": 9}, "none (contiguous)")


# Files that cannot be read


def test_a_file_that_is_not_hdf5_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"a,b\n1,2\n" * 500):
        (tmp_path / "data.h5").write_bytes(content)
        error = error_of(str(tmp_path / "data.h5"))
        assert isinstance(error, DataError)
        assert ("is not an HDF5 file" if content else "is empty") in str(error)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = Path(save(tmp_path, x=draw((900, 50))))
    path.write_bytes(path.read_bytes()[:20000])
    error = error_of(str(path))
    assert isinstance(error, DataError)
    assert "truncated" in str(error)


def test_an_absent_file_is_a_usage_error(tmp_path: Path) -> None:
    assert isinstance(error_of(str(tmp_path / "absent.h5")), UsageError)


def test_a_damaged_chunk_is_named_by_its_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_block_bytes(monkeypatch, 1000)
    with h5py.File(tmp_path / "data.h5", "w") as file:
        dataset = file.create_dataset("g/x", data=draw((100, 50)), chunks=(20, 50), compression="gzip")
        offset = dataset.id.get_chunk_info(2).byte_offset
    with open(tmp_path / "data.h5", "r+b") as stream:
        stream.seek(offset)
        stream.write(b"\xff" * 60)
    error = error_of(str(tmp_path / "data.h5"))
    assert isinstance(error, DataError)
    assert error.where == f"{tmp_path / 'data.h5'}: /g/x"
    assert "samples 40 to 59" in str(error)


def test_a_broken_checksum_is_noticed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        chunk = file.create_dataset("x", data=draw((8, 8)), chunks=(8, 8), fletcher32=True).id.get_chunk_info(0)
    with open(tmp_path / "data.h5", "r+b") as stream:
        stream.seek(chunk.byte_offset)
        stream.write(b"\xff")
    assert isinstance(error_of(str(tmp_path / "data.h5")), DataError)


def test_a_dataset_that_shrinks_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    source = open_data(save(tmp_path, x=draw((8, 8))))
    (span,) = source.spans()
    save(tmp_path, x=draw((4, 8)))
    with pytest.raises(DataError, match="changed its shape"):
        source.read(span)


# Receipts


def test_an_output_carries_its_receipt(tmp_path: Path) -> None:
    path = save(tmp_path, x=draw((8, 8)))
    assert open_data(path).receipt is None
    rewrite(path, tmp_path / "out.h5")
    assert open_data(str(tmp_path / "out.h5")).receipt == RECEIPT
    rewrite(str(tmp_path / "out.h5"), tmp_path / "again.h5")
    with h5py.File(tmp_path / "again.h5") as file:
        assert file["x"].attrs["zm"] == json.dumps(RECEIPT, sort_keys=True)


@pytest.mark.parametrize("text", ["{", "3", '{"format": "other"}', 5])
def test_another_attribute_named_zm_is_not_a_receipt(tmp_path: Path, text: Any) -> None:
    path = save(tmp_path, x=draw((8, 8)))
    with h5py.File(path, "a") as file:
        file["x"].attrs["zm"] = text
    assert open_data(path).receipt is None
