"""HDF5 files: which dataset and layout, blocks, faults, and the way back to a file with everything else in it.

Files are written with h5py itself, by other calls than those under test.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xxhash
from h5py import h5a, h5d, h5g, h5o, h5p, h5s, h5t
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zm_cli.data import block
from zm_cli.data.block import Block
from zm_cli.data.options import ReadOptions
from zm_cli.data.sink import WriteOptions
from zm_cli.data.source import Source
from zm_cli.errors import DataError, UsageError, ZmError
from zm_cli.formats import create_sink, detect, open_source
from zm_cli.formats.hdf5 import FORMAT
from zm_cli.outputs.hdf5_file import Device

RECEIPT = {"format": "zm-receipt", "version": 1, "operation": "center"}
DTYPES = (
    "u1", "i1", "<u2", ">u2", "<i2", ">i2", "<u4", ">i4", "<u8", ">u8", "<i8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8",
)  # fmt: skip


def draw(shape: tuple[int, ...], dtype: str = "u1", seed: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 100, shape).astype(dtype)


def save(tmp_path: Path, name: str = "data.h5", /, **datasets: Any) -> str:
    with h5py.File(tmp_path / name, "w") as file:
        for key, values in datasets.items():
            file[key] = values
    return str(tmp_path / name)


def open_data(path: str, **options: Any) -> Source:
    return open_source(path, ReadOptions(**options), "hdf5")


def read_blocks(source: Source) -> list[Block]:
    return [source.read(span) for span in source.spans()]


def read_values(source: Source) -> np.ndarray:
    return np.concatenate([one.values for one in read_blocks(source)])


def error_of(path: str, **options: Any) -> ZmError:
    with pytest.raises(ZmError) as caught:
        read_blocks(open_data(path, **options))
    return caught.value


def rewrite(path: str, output: Path, dtype: str = "f4", **options: Any) -> list[str]:
    """Writes the file to `output` with 0.5 added to every value; returns the notes."""
    source = open_data(path, **options)
    sink = create_sink(source, str(output), WriteOptions(np.dtype(dtype), RECEIPT))
    for one in read_blocks(source):
        sink.write(sink.encode(replace(one, values=one.values.astype("f8") + 0.5)))
    sink.commit()
    source.close()
    return sink.notes


def set_block_bytes(monkeypatch: pytest.MonkeyPatch, nbytes: int) -> None:
    monkeypatch.setattr(block, "BLOCK_BYTES", nbytes)


# What is an HDF5 file


@pytest.mark.parametrize("name", ["a.h5", "a.HDF5", "a.hdf", "a.he5", "a.h5ad"])
def test_a_file_is_recognised_by_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    assert FORMAT.recognises(tmp_path / name)


@pytest.mark.parametrize("userblock", [0, 512, 1024, 2048])
def test_a_file_is_recognised_by_its_signature(tmp_path: Path, userblock: int) -> None:
    with h5py.File(tmp_path / "data.mat", "w", userblock_size=userblock) as file:
        file["x"] = draw((4, 3))
    assert detect(str(tmp_path / "data.mat")).kind == "hdf5"


def test_other_files_and_folders_are_not_recognised(tmp_path: Path) -> None:
    (tmp_path / "old.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(3000))
    (tmp_path / "old.nc").write_bytes(b"CDF\x01")
    (tmp_path / "folder.h5").mkdir()
    assert not any(FORMAT.recognises(tmp_path / name) for name in ("old.mat", "old.nc", "folder.h5", "absent.h5"))


# Values


@pytest.mark.parametrize("dtype", DTYPES)
def test_values_of_every_dtype_come_out_native(tmp_path: Path, dtype: str) -> None:
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


def test_a_block_is_hashed_over_its_values(tmp_path: Path) -> None:
    values = draw((6, 3), ">i4")
    (one,) = read_blocks(open_data(save(tmp_path, x=values)))
    assert one.digest == xxhash.xxh3_128(values.astype("<i4").tobytes()).digest()


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


def starts(source: Source) -> list[int]:
    return [span.address[0] for span in source.spans()]


def test_spans_end_where_chunks_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_block_bytes(monkeypatch, 100)
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("fits", data=draw((50, 10)), chunks=(4, 10))
        file.create_dataset("stretches", data=draw((50, 10)), chunks=(30, 5))
        file.create_dataset("cut", data=draw((50, 10)), chunks=(50, 1))
        file.create_dataset("plain", data=draw((25, 10)))
    path = str(tmp_path / "data.h5")
    assert starts(open_data(path, dataset="fits")) == list(range(0, 50, 8))
    assert starts(open_data(path, dataset="stretches")) == [0, 30]
    assert starts(open_data(path, dataset="cut")) == [0, 10, 20, 30, 40]
    assert starts(open_data(path, dataset="plain")) == [0, 10, 20]


def test_a_sample_larger_than_a_block_is_a_span_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_block_bytes(monkeypatch, 4)
    assert starts(open_data(save(tmp_path, x=draw((3, 10))))) == [0, 1, 2]


# Which dataset


def test_the_only_dataset_of_rank_two_or_more_is_meant(tmp_path: Path) -> None:
    path = save(tmp_path, labels=draw((9,), "i8"), names=np.array([b"a", b"b"]), images=draw((9, 5, 5, 3)))
    assert open_data(path).spec.decoding["dataset"] == "/images"


def test_a_lone_row_of_numbers_is_meant_where_nothing_else_is(tmp_path: Path) -> None:
    spec = open_data(save(tmp_path, **{"deep/down/x": draw((9,))})).spec
    assert (spec.axes, spec.sample_shape, spec.decoding) == ("N", (), {"dataset": "/deep/down/x", "layout": "N"})


def test_two_that_could_be_meant_are_listed(tmp_path: Path) -> None:
    error = error_of(save(tmp_path, a=draw((9, 5)), **{"g/b": draw((4, 2), "f4")}))
    assert isinstance(error, UsageError)
    assert "/a (9, 5) uint8" in str(error)
    assert "/g/b (4, 2) float32" in str(error)
    assert "--dataset" in str(error)


def test_hard_links_to_one_dataset_count_once_and_soft_ones_not_at_all(tmp_path: Path) -> None:
    path = save(tmp_path, a=draw((9, 5)))
    other = save(tmp_path, "other.h5", b=draw((3, 3)))
    with h5py.File(path, "a") as file:
        file["b"] = file["a"]
        file["soft"] = h5py.SoftLink("/a")
        file["away"] = h5py.ExternalLink(os.path.basename(other), "/b")
    assert open_data(path).spec.decoding["dataset"] == "/a"
    assert open_data(path, dataset="soft").spec.decoding["dataset"] == "/soft"
    assert "another file" in str(error_of(path, dataset="away"))


def test_the_coordinates_of_an_axis_are_not_meant(tmp_path: Path) -> None:
    path = save(tmp_path, time=draw((9,)), x=draw((9,), "f4"))
    with h5py.File(path, "a") as file:
        file["time"].make_scale("time")
    assert open_data(path).spec.decoding["dataset"] == "/x"


@pytest.mark.parametrize(
    ("asked", "near"), [("/imagse", "/images"), ("g/lables", "/g/labels"), ("labels", "/g/labels")]
)
def test_a_misspelt_dataset_gets_a_suggestion(tmp_path: Path, asked: str, near: str) -> None:
    error = error_of(save(tmp_path, images=draw((2, 3)), **{"g/labels": draw((4,))}), dataset=asked)
    assert isinstance(error, UsageError)
    assert f"did you mean {near}?" in str(error)


def test_a_group_is_no_dataset(tmp_path: Path) -> None:
    path = save(tmp_path, **{"g/x": draw((4, 2))})
    for asked in ("g", "/"):
        error = error_of(path, dataset=asked)
        assert isinstance(error, UsageError)
        assert "/g/x (4, 2) uint8" in str(error)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (np.ones((3, 2), complex), "complex128"),
        (np.zeros(3, [("a", "i4")]), "compound"),
        (np.array([b"a", b"b"]), "string"),
        (np.zeros(3, "V4"), "opaque"),
        (np.zeros((3, 2), np.longdouble), "no plain numbers"),
        (np.float32(3), "rank 0"),
        (np.zeros((1, 2, 1, 2, 1, 2)), "rank 6"),
        (np.zeros((0, 4)), "is empty"),
        (h5py.Empty("f4"), "no values at all"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused(tmp_path: Path, values: Any, says: str) -> None:
    error = error_of(save(tmp_path, x=values), dataset="x")
    assert isinstance(error, DataError)
    assert says in str(error)


def test_references_sequences_and_enumerations_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("ref", (3,), h5py.ref_dtype)
        file.create_dataset("vlen", (3,), h5py.vlen_dtype("i4"))
        file.create_dataset("enum", (3,), h5py.enum_dtype({"a": 1, "b": 2}))
        file.create_dataset("bits", (3,), h5t.STD_B8LE)
    path = str(tmp_path / "data.h5")
    for name, says in (
        ("ref", "reference"),
        ("vlen", "variable length"),
        ("enum", "enumeration"),
        ("bits", "no plain"),
    ):
        assert says in str(error_of(path, dataset=name))
    assert "has no dataset of numbers" in str(error_of(path))


# Which layout


@pytest.mark.parametrize(
    ("shape", "axes", "layout"),
    [
        ((9,), "N", "N"),
        ((9, 5), "NC", "NC"),
        ((9, 28, 28), "NUV", None),
        ((9, 28, 28, 3), "NHWC", "NHWC"),
        ((9, 1, 28, 28), "NCHW", "NCHW"),
        ((9, 8, 28, 28), "NUVX", None),
        ((9, 3, 28, 3), "NUVX", None),
        ((9, 8, 28, 28, 1), "NDHWC", "NDHWC"),
        ((9, 2, 8, 28, 28), "NCDHW", "NCDHW"),
        ((9, 8, 8, 8, 8), "NUVXY", None),
    ],
)
def test_a_layout_is_found_only_where_one_is_possible(
    tmp_path: Path, shape: tuple[int, ...], axes: str, layout: str | None
) -> None:
    spec = open_data(save(tmp_path, x=draw(shape))).spec
    assert (spec.axes, spec.decoding.get("layout"), spec.names) == (axes, layout, None)


def test_samples_on_the_last_axis_come_first_in_the_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_block_bytes(monkeypatch, 200)
    values = draw((5, 4, 3, 20))
    source = open_data(save(tmp_path, x=values), layout="hwcn")
    assert (source.spec.axes, source.spec.sample_shape, source.spec.samples) == ("NHWC", (5, 4, 3), 20)
    assert source.spec.decoding["layout"] == "HWCN"
    np.testing.assert_array_equal(read_values(source), np.moveaxis(values, -1, 0))


def test_the_dataset_may_say_its_layout(tmp_path: Path) -> None:
    path = save(tmp_path, a=draw((4, 9, 8)), b=draw((4, 3, 9, 9)), c=draw((9, 5)))
    with h5py.File(path, "a") as file:
        file["a"].attrs["layout"] = "HWN"
        for index, letter in enumerate("NTHW"):
            file["b"].dims[index].label = letter
        file["c"].attrs["layout"] = "row-major"
    found = {name: open_data(path, dataset=name).spec.decoding["layout"] for name in "abc"}
    assert found == {"a": "HWN", "b": "NTHW", "c": "NC"}
    assert open_data(path, dataset="a", layout="NHW").spec.axes == "NHW"


@pytest.mark.parametrize("layout", ["NHW", "NHWCD", "HWCD", "NHHC", "NHWX", ""])
def test_an_impossible_layout_is_a_usage_error(tmp_path: Path, layout: str) -> None:
    error = error_of(save(tmp_path, x=draw((9, 5, 4, 3))), layout=layout)
    assert isinstance(error, UsageError)
    assert "(9, 5, 4, 3)" in str(error)
    assert "NHWC or NCHW" in str(error)


def test_opening_with_the_decoding_gives_the_same_source(tmp_path: Path) -> None:
    source = open_data(save(tmp_path, x=draw((5, 4, 3, 20)), y=draw((3, 3))), dataset="x", layout="HWCN")
    assert open_data(source.path, **json.loads(json.dumps(source.spec.decoding))).spec == source.spec


# Facts


def test_the_facts_tell_storage_and_company(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("x", data=draw((9, 5, 4, 3)), chunks=(2, 5, 4, 3), compression="gzip", shuffle=True)
        file["x"].attrs["_FillValue"] = np.uint8(255)
        file["labels"] = np.arange(9)
    facts = open_data(str(tmp_path / "data.h5")).facts()
    assert facts.nbytes == (tmp_path / "data.h5").stat().st_size
    assert (facts.shapes, facts.types) == ({"5x4x3": 9}, {"uint8": 9})
    assert facts.others == {
        "dataset": "/x",
        "layout": "NHWC",
        "chunks": "2x5x4x3",
        "compression": "gzip-4 + shuffle",
        "marked as missing": "255 (_FillValue)",
        "other datasets": "/labels (9,) int64",
    }


def test_the_shape_of_single_numbers_has_a_name(tmp_path: Path) -> None:
    facts = open_data(save(tmp_path, x=draw((9,)))).facts()
    assert (facts.shapes, facts.others["chunks"]) == ({"scalar": 9}, "none (contiguous)")


# Faults of the input


def test_a_file_that_is_no_hdf5_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"a,b\n1,2\n" * 500):
        (tmp_path / "data.h5").write_bytes(content)
        error = error_of(str(tmp_path / "data.h5"))
        assert isinstance(error, DataError)
        assert "is no HDF5 file" in str(error)


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
        place = dataset.id.get_chunk_info(2).byte_offset
    with open(tmp_path / "data.h5", "r+b") as stream:
        stream.seek(place)
        stream.write(b"\xff" * 60)
    error = error_of(str(tmp_path / "data.h5"))
    assert isinstance(error, DataError)
    assert error.where == f"{tmp_path / 'data.h5'}: /g/x"
    assert "samples 40 to 59" in str(error)


def test_a_broken_checksum_is_noticed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        place = file.create_dataset("x", data=draw((8, 8)), chunks=(8, 8), fletcher32=True).id.get_chunk_info(0)
    with open(tmp_path / "data.h5", "r+b") as stream:
        stream.seek(place.byte_offset)
        stream.write(b"\xff")
    assert isinstance(error_of(str(tmp_path / "data.h5")), DataError)


def test_a_dataset_that_shrank_meanwhile_is_noticed(tmp_path: Path) -> None:
    source = open_data(save(tmp_path, x=draw((8, 8))))
    (span,) = source.spans()
    save(tmp_path, x=draw((4, 8)))
    with pytest.raises(DataError, match="changed its shape"):
        source.read(span)


# The receipt


def test_what_zm_wrote_carries_its_receipt(tmp_path: Path) -> None:
    path = save(tmp_path, x=draw((8, 8)))
    assert open_data(path).receipt is None
    rewrite(path, tmp_path / "out.h5")
    assert open_data(str(tmp_path / "out.h5")).receipt == RECEIPT
    rewrite(str(tmp_path / "out.h5"), tmp_path / "again.h5")
    with h5py.File(tmp_path / "again.h5") as file:
        assert file["x"].attrs["zm"] == json.dumps(RECEIPT, sort_keys=True)


@pytest.mark.parametrize("text", ["{", "3", '{"format": "other"}', 5])
def test_another_attribute_named_zm_is_no_receipt(tmp_path: Path, text: Any) -> None:
    path = save(tmp_path, x=draw((8, 8)))
    with h5py.File(path, "a") as file:
        file["x"].attrs["zm"] = text
    assert open_data(path).receipt is None


# The written dataset


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("layout", ["NHWC", "HWCN", "HNWC"])
def test_the_dataset_is_written_in_place_of_the_old(
    tmp_path: Path, dtype: str, layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_block_bytes(monkeypatch, 300)
    values = draw((7, 6, 5, 20), ">i2")
    rewrite(save(tmp_path, x=values), tmp_path / "out.h5", dtype, layout=layout)
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["x"].dtype == np.dtype(dtype)
        np.testing.assert_array_equal(file["x"][()], (values + 0.5).astype(dtype))
        assert file["x"].attrs["layout"] == layout


def test_a_layout_found_without_being_told_is_not_written(tmp_path: Path) -> None:
    rewrite(save(tmp_path, x=draw((9, 5, 5, 3))), tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        assert set(file["x"].attrs) == {"zm"}


@pytest.mark.parametrize(
    "storage",
    [
        {},
        {"chunks": (3, 5)},
        {"chunks": (7, 2), "compression": "gzip", "compression_opts": 7, "shuffle": True},
        {"chunks": (20, 1), "compression": "lzf", "fletcher32": True},
        {"chunks": (4, 5), "maxshape": (None, 9)},
    ],
)
def test_chunks_filters_and_largest_shape_are_kept(
    tmp_path: Path, storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_block_bytes(monkeypatch, 30)
    values = draw((20, 5), "u2")
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("x", data=values, fillvalue=9, **storage)
    assert rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5") == []
    names = ("chunks", "compression", "compression_opts", "shuffle", "fletcher32", "maxshape", "fillvalue")
    with h5py.File(tmp_path / "data.h5") as old, h5py.File(tmp_path / "out.h5") as new:
        assert [getattr(new["x"], name) for name in names] == [getattr(old["x"], name) for name in names]
        np.testing.assert_array_equal(new["x"][()], values + np.float32(0.5))


def test_filters_for_integers_are_dropped_and_said(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("x", data=draw((20, 5), "i4"), chunks=(5, 5), scaleoffset=0, compression="gzip")
    (note,) = rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5")
    assert "scaleoffset" in note
    with h5py.File(tmp_path / "out.h5") as file:
        assert (file["x"].scaleoffset, file["x"].compression) == (None, "gzip")
        np.testing.assert_array_equal(file["x"][()], draw((20, 5)) + 0.5)


def test_a_fill_value_that_the_new_dtype_lacks_is_said(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("x", data=draw((4, 5), "i8"), fillvalue=2**24 + 1)
    (note,) = rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5")
    assert "16777217" in note


@pytest.mark.parametrize("kind", ["compact", "virtual", "external"])
def test_values_stored_elsewhere_get_a_place_of_their_own(tmp_path: Path, kind: str) -> None:
    values = draw((8, 5), "u2")
    with h5py.File(tmp_path / "data.h5", "w") as file:
        if kind == "compact":
            plist = h5p.create(h5p.DATASET_CREATE)
            plist.set_layout(h5d.COMPACT)
            h5d.create(file.id, b"x", h5t.STD_U16LE, h5s.create_simple(values.shape), plist)
            file["x"][()] = values
        elif kind == "external":
            file.create_dataset("x", data=values, external=[(str(tmp_path / "raw.bin"), 0, values.nbytes)])
        else:
            save(tmp_path, "part.h5", y=values)
            layout = h5py.VirtualLayout(values.shape, "u2")
            layout[:] = h5py.VirtualSource(str(tmp_path / "part.h5"), "y", values.shape)
            file.create_virtual_dataset("x", layout)
    rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5", allow_external=True)
    for elsewhere in ("raw.bin", "part.h5"):
        (tmp_path / elsewhere).unlink(missing_ok=True)
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["x"].id.get_create_plist().get_layout() == h5d.CONTIGUOUS
        assert not file["x"].is_virtual
        np.testing.assert_array_equal(file["x"][()], values + 0.5)


def test_attributes_that_speak_of_the_old_values_are_said(tmp_path: Path) -> None:
    path = save(tmp_path, x=draw((8, 5), "i2"))
    with h5py.File(path, "a") as file:
        file["x"].attrs["scale_factor"] = 0.1
    (note,) = rewrite(path, tmp_path / "out.h5")
    assert "scale_factor" in note


# Everything else in the file


def raw_attribute(item: Any, name: bytes) -> tuple[Any, bytes]:
    """The type and bytes of an attribute without pointers, as stored."""
    attribute = h5a.open(item.id, name)
    stored = attribute.get_type()
    raw = np.empty(attribute.shape, f"V{stored.get_size()}")
    attribute.read(raw, mtype=stored)
    return stored, raw.tobytes()


def put_attributes(item: Any) -> None:
    """An attribute of every kind that h5py can write."""
    attrs = item.attrs
    attrs["text"] = "grüße"
    attrs["texts"] = ["a", "", "ccc"]
    attrs["number"] = np.float32(1.5)
    attrs["big-endian"] = np.array([[1, 2], [3, 4]], ">i2")
    attrs["empty"] = h5py.Empty("f8")
    attrs["none"] = np.zeros((0, 3))
    attrs["flag"] = True
    attrs["complex"] = 1 + 2j
    attrs["compound"] = np.array([(1, b"xy"), (2, b"z")], [("a", "<i4"), ("b", "S3")])
    attrs["opaque"] = np.void(b"\x00\x01")
    attrs.create("enum", 2, dtype=h5py.enum_dtype({"red": 1, "blue": 2}))
    attrs.create("ragged", np.array([np.arange(2), np.arange(3)], object), dtype=h5py.vlen_dtype("i4"))
    attrs.create("mixed", np.array([(1, "abc")], [("a", "i4"), ("b", h5py.string_dtype())]))
    attrs.create("array", np.arange(6).reshape(2, 3), dtype=np.dtype(("i4", (3,))))
    padded = h5t.C_S1.copy()
    padded.set_size(5)
    padded.set_strpad(h5t.STR_SPACEPAD)
    h5a.create(item.id, b"padded", padded, h5s.create(h5s.SCALAR)).write(np.array(b"ab   "), mtype=padded)
    odd = h5t.STD_I32LE.copy()
    odd.set_size(3)
    odd.set_precision(24)
    h5a.create(item.id, b"odd", odd, h5s.create_simple((2,))).write(np.array([1, 2], "i4"), mtype=h5t.STD_I32LE)


ATTRIBUTES = (
    "text",
    "texts",
    "number",
    "big-endian",
    "none",
    "flag",
    "complex",
    "compound",
    "opaque",
    "enum",
    "ragged",
)


def check_attributes(old: Any, new: Any) -> None:
    assert set(new.attrs) - {"zm"} == set(old.attrs)
    for name in (*ATTRIBUTES, "mixed", "array"):
        ours, theirs = h5a.open(old.id, name.encode()), h5a.open(new.id, name.encode())
        assert ours.get_type().equal(theirs.get_type()), name
        assert ours.shape == theirs.shape
        assert repr(new.attrs[name]) == repr(old.attrs[name])
    assert isinstance(new.attrs["empty"], h5py.Empty)
    for raw in (b"padded", b"odd"):
        (mine, ours_raw), (their, theirs_raw) = raw_attribute(old, raw), raw_attribute(new, raw)
        assert mine.equal(their)
        assert ours_raw == theirs_raw


@pytest.mark.parametrize("libver", ["earliest", "v108", "latest"])
def test_attributes_of_every_kind_are_kept_everywhere(tmp_path: Path, libver: str) -> None:
    with h5py.File(tmp_path / "data.h5", "w", libver=(libver, "latest")) as file:
        file["x"] = draw((9, 5))
        file["other"] = np.arange(3)
        file["type"] = np.dtype("f8")
        for item in (file, file["x"], file["other"], file.create_group("g"), file["type"]):
            put_attributes(item)
    assert rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5") == []
    with h5py.File(tmp_path / "data.h5") as old, h5py.File(tmp_path / "out.h5") as new:
        for name in ("/", "x", "other", "g", "type"):
            check_attributes(old[name], new[name])


def test_an_attribute_larger_than_64_kb_is_kept(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w", libver="latest") as file:
        file["x"] = draw((9, 5))
        for item in (file, file["x"], file.create_group("g")):
            item.attrs["large"] = np.arange(50_000)
    rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        for name in ("/", "x", "g"):
            np.testing.assert_array_equal(file[name].attrs["large"], np.arange(50_000))


def test_links_of_every_kind_are_kept_as_they_are(tmp_path: Path) -> None:
    path = save(tmp_path, **{"g/x": draw((9, 5)), "g/labels": np.arange(9)})
    with h5py.File(path, "a") as file:
        file["also x"] = file["g/x"]
        file["also labels"] = file["g/labels"]
        file["g/self"] = file["g"]
        file["up"] = file["/"]
        file["soft"] = h5py.SoftLink("g/x")
        file["dangling"] = h5py.SoftLink("/nowhere/ü")
        file["away"] = h5py.ExternalLink("absent.h5", "/a/b")
    rewrite(path, tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["also x"] == file["g/x"] == file["soft"]
        assert file["x" if "x" in file else "g/x"].dtype == np.float32
        assert file["also labels"] == file["g/labels"]
        assert file["g/self"] == file["g"]
        assert file["up"] == file["/"]
        assert file.get("dangling", getlink=True).path == "/nowhere/ü"
        away = file.get("away", getlink=True)
        assert (away.filename, away.path) == ("absent.h5", "/a/b")
        assert set(file) == {"g", "also x", "also labels", "up", "soft", "dangling", "away"}


def test_other_datasets_keep_values_types_and_storage(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = draw((9, 5))
        file.create_dataset("zipped", data=draw((50, 5)), chunks=(8, 5), compression="gzip", shuffle=True)
        file.create_dataset("growing", data=np.arange(3), maxshape=(None,), chunks=(4,))
        file["texts"] = ["a", "bcd", ""]
        file["compound"] = np.array([(1, 2.5)], [("a", ">i4"), ("b", "f8")])
        file.create_dataset("ragged", data=np.array([np.arange(2), np.arange(3)], object), dtype=h5py.vlen_dtype("i4"))
        file.create_dataset("enum", data=[1, 2], dtype=h5py.enum_dtype({"a": 1, "b": 2}))
        file["null"] = h5py.Empty("f4")
        file["nothing"] = np.zeros((0, 3))
        file["scalar"] = 3
        file.create_dataset("holes", (10,), "i4", chunks=(2,), fillvalue=-1)[4] = 5
    rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5", dataset="x")
    with h5py.File(tmp_path / "data.h5") as old, h5py.File(tmp_path / "out.h5") as new:
        assert set(old) == set(new)
        for name in set(old) - {"x"}:
            assert old[name].id.get_type().equal(new[name].id.get_type())
            assert (old[name].shape, old[name].maxshape) == (new[name].shape, new[name].maxshape)
            assert (old[name].chunks, old[name].compression) == (new[name].chunks, new[name].compression)
            assert old[name].id.get_storage_size() == new[name].id.get_storage_size()
            if old[name].shape is not None:
                assert repr(old[name][()]) == repr(new[name][()])


def test_a_named_type_is_shared_by_those_who_use_it(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["types/pair"] = np.dtype([("a", "i4"), ("b", "f8")])
        file["data"] = np.zeros((9, 5))
        file.create_dataset("a", (3,), file["types/pair"])
        file.create_group("g").attrs.create("pair", np.zeros((), file["types/pair"].dtype), dtype=file["types/pair"])
    assert rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5") == []
    with h5py.File(tmp_path / "out.h5") as file:
        place = h5o.get_info(file["types/pair"].id).addr
        assert h5o.get_info(file["a"].id.get_type()).addr == place
        assert h5o.get_info(h5a.open(file["g"].id, b"pair").get_type()).addr == place
        assert set(file) == {"types", "data", "a", "g"}
        assert h5o.get_info(file["types/pair"].id).rc == 3


def test_the_order_of_creation_is_kept(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w", track_order=True) as file:
        group = file.create_group("z", track_order=True)
        for name in ("x", "b", "y", "a"):
            group[name] = np.arange(3)
            file.attrs[name] = group.attrs[name] = 1
        file["x"] = draw((9, 5))
        file.create_dataset("m", data=draw((9,)), track_order=True)
        file["a"] = h5py.SoftLink("/x")
    rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        assert list(file) == ["z", "x", "m", "a"]
        assert list(file["z"]) == list(file.attrs) == list(file["z"].attrs) == ["x", "b", "y", "a"]


def test_the_user_block_is_kept(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.mat", "w", userblock_size=512) as file:
        file["x"] = draw((9, 5))
    head = b"MATLAB 7.3 MAT-file".ljust(512, b" ")
    with open(tmp_path / "data.mat", "r+b") as stream:
        stream.write(head)
    rewrite(str(tmp_path / "data.mat"), tmp_path / "out.mat")
    assert (tmp_path / "out.mat").read_bytes()[:512] == head
    with h5py.File(tmp_path / "out.mat") as file:
        np.testing.assert_array_equal(file["x"][()], draw((9, 5)) + 0.5)


@pytest.mark.parametrize("strategy", ["page", "aggregate"])
def test_files_with_managed_space_are_kept(tmp_path: Path, strategy: Any) -> None:
    with h5py.File(tmp_path / "data.h5", "w", fs_strategy=strategy, fs_persist=strategy == "page") as file:
        file["x"] = draw((90, 50))
        file["other"] = np.arange(99)
    rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        np.testing.assert_array_equal(file["x"][()], draw((90, 50)) + 0.5)
        assert file["other"][-1] == 98


# References


def put_references(file: h5py.File) -> None:
    file["g/x"] = draw((9, 5))
    file["g/y"] = np.arange(6)
    group = file["g"]
    file["cells"] = np.array([group["y"].ref, group["x"].ref, file["g"].ref, file.ref], h5py.ref_dtype)
    file.create_dataset("some", (3,), h5py.ref_dtype)[1] = group["y"].ref
    file.create_dataset("records", data=np.array([(group["y"].ref, 4)], [("target", h5py.ref_dtype), ("size", "i4")]))
    lists = file.create_dataset("lists", (2,), h5py.vlen_dtype(h5py.ref_dtype))
    lists[1] = np.array([group["x"].ref, group["y"].ref], h5py.ref_dtype)
    file.create_dataset("regions", data=np.array([group["y"].regionref[2:4]], h5py.regionref_dtype))
    for item in (file, group, group["x"], group["y"]):
        item.attrs["see"] = group["y"].ref
        item.attrs["this"] = group["x"].ref
        item.attrs["part"] = group["x"].regionref[1:3, :2]


def check_references(file: h5py.File) -> None:
    assert [file[ref].name for ref in file["cells"]] == ["/g/y", "/g/x", "/g", "/"]
    assert [bool(ref) for ref in file["some"]] == [False, True, False]
    assert file[file["records"][0]["target"]] == file["g/y"]
    assert file["records"][0]["size"] == 4
    assert [file[ref].name for ref in file["lists"][1]] == ["/g/x", "/g/y"]
    region = file["regions"][0]
    np.testing.assert_array_equal(file[region][region], [2, 3])
    for name in ("/", "g", "g/x", "g/y"):
        attrs = file[name].attrs
        assert file[attrs["see"]] == file["g/y"]
        assert file[attrs["this"]] == file["g/x"]
        assert file["g/x"].regionref.selection(attrs["part"]) == (2, 2)


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_references_point_to_the_same_objects_of_the_output(tmp_path: Path, libver: str) -> None:
    with h5py.File(tmp_path / "data.h5", "w", libver=libver) as file:
        put_references(file)
    assert rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5") == []
    with h5py.File(tmp_path / "out.h5") as file:
        check_references(file)
        assert file["g/x"].dtype == np.float32


def test_a_reference_that_leads_nowhere_is_said(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = draw((9, 5))
        file["gone"] = 1
        file["refs"] = np.array([file["gone"].ref, file["x"].ref], h5py.ref_dtype)
        del file["gone"]
    (note,) = rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5")
    assert note.startswith("1 reference")
    with h5py.File(tmp_path / "out.h5") as file:
        assert [bool(ref) for ref in file["refs"]] == [False, True]


def test_dimension_scales_and_labels_stay_attached(tmp_path: Path) -> None:
    path = save(tmp_path, x=draw((9, 5)), time=np.arange(9), band=np.arange(5), other=draw((9,)))
    with h5py.File(path, "a") as file:
        for index, name in enumerate(("time", "band")):
            file[name].make_scale(name)
            file["x"].dims[index].attach_scale(file[name])
            file["x"].dims[index].label = f"the {name}"
        file["other"].dims[0].attach_scale(file["time"])
    rewrite(path, tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5", "r+") as file:
        assert [dim.label for dim in file["x"].dims] == ["the time", "the band"]
        assert [dim[0] for dim in file["x"].dims] == [file["time"], file["band"]]
        assert file["other"].dims[0][0] == file["time"]
        assert {file[ref].name for ref, _ in file["time"].attrs["REFERENCE_LIST"]} == {"/x", "/other"}
        # The library itself agrees that they belong together, from both sides.
        file["x"].dims[0].detach_scale(file["time"])
        assert len(file["x"].dims[0]) == 0


def test_the_written_dataset_may_be_a_scale_itself(tmp_path: Path) -> None:
    path = save(tmp_path, x=draw((9, 5)), time=np.arange(9))
    with h5py.File(path, "a") as file:
        file["time"].make_scale("time")
        file["x"].dims[0].attach_scale(file["time"])
    rewrite(path, tmp_path / "out.h5", dataset="time")
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["x"].dims[0]["time"] == file["time"]
        assert file["time"].dtype == np.float32


# The same bytes every time


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


# Outputs that cannot be


@pytest.mark.parametrize("name", ["out.csv", "out", "-", "out.mat"])
def test_an_output_of_another_kind_is_a_usage_error(tmp_path: Path, name: str) -> None:
    source = open_data(save(tmp_path, x=draw((9, 5))))
    output = name if name == "-" else str(tmp_path / name)
    with pytest.raises(UsageError):
        create_sink(source, output, WriteOptions(np.dtype("f4"), RECEIPT))


def test_nothing_is_there_before_commit_or_after_discard(tmp_path: Path) -> None:
    source = open_data(save(tmp_path, x=draw((9, 5))))
    place = tmp_path / "place"
    place.mkdir()
    sink = create_sink(source, str(place / "out.h5"), WriteOptions(np.dtype("f4"), RECEIPT))
    (one,) = read_blocks(source)
    sink.write(sink.encode(one))
    assert not (place / "out.h5").exists()
    sink.discard()
    sink.discard()
    assert list(place.iterdir()) == []


def test_samples_that_never_came_are_cut_off_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_damaged_dataset_beside_is_named(tmp_path: Path) -> None:
    path = save(tmp_path, x=draw((9, 5)))
    with h5py.File(path, "a") as file:
        dataset = file.create_dataset(
            "texts", data=["a", "b"], chunks=(2,), dtype=h5py.string_dtype(), compression="gzip"
        )
        place = dataset.id.get_chunk_info(0)
    with open(path, "r+b") as stream:
        stream.seek(place.byte_offset)
        stream.write(b"\xff" * place.size)
    with pytest.raises(DataError, match="/texts: cannot be copied"):
        create_sink(open_data(path), str(tmp_path / "out.h5"), WriteOptions(np.dtype("f4"), RECEIPT))
    assert [entry.name for entry in tmp_path.iterdir()] == ["data.h5"]


@pytest.mark.parametrize("room", [0, 3_000, 30_000, 80_000])
@pytest.mark.parametrize("compression", [None, "gzip"])
def test_a_full_disk_is_told_and_nothing_is_left(
    tmp_path: Path, room: int, compression: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_block_bytes(monkeypatch, 10_000)
    noise = np.random.default_rng(1).integers(0, 255, (2000, 50)).astype("u1")
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("x", data=noise, chunks=(300, 50), compression=compression)
        file["labels"] = np.arange(2000)
    real = os.pwrite

    def limited(handle: int, data: Any, place: int) -> int:
        if place + len(data) > room:
            raise OSError(28, "No space left on device")
        return real(handle, data, place)

    monkeypatch.setattr(os, "pwrite", limited)
    with pytest.raises(DataError, match=r"out\.h5: cannot be written: No space left on device"):
        rewrite_or_discard(str(tmp_path / "data.h5"), tmp_path / "out.h5")
    assert [entry.name for entry in tmp_path.iterdir()] == ["data.h5"]


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


def test_an_interrupt_in_the_middle_of_a_write_stays_an_interrupt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path, x=draw((900, 50)))

    def interrupted(self: Device, view: memoryview, place: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Device, "_write_at", interrupted)
    with pytest.raises(KeyboardInterrupt):
        rewrite_or_discard(path, tmp_path / "out.h5")
    assert [entry.name for entry in tmp_path.iterdir()] == ["data.h5"]


def test_references_beside_texts_in_one_compound_lead_to_the_new_objects(tmp_path: Path) -> None:
    path = str(tmp_path / "data.h5")
    kind = np.dtype([("s", h5py.string_dtype()), ("r", h5py.ref_dtype)])
    with h5py.File(path, "w") as file:
        images = file.create_dataset("images", data=draw((9, 3)))
        cells = np.zeros(2, kind)
        cells["s"], cells["r"] = "hey", [images.ref, images.ref]
        file.create_dataset("cells", data=cells)
    rewrite(path, tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        assert [file[cell["r"]].name for cell in file["cells"][()]] == ["/images", "/images"]
        assert file["cells"][0]["s"] == b"hey"


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_a_named_type_is_shared_by_what_shared_it(tmp_path: Path, libver: str) -> None:
    path = str(tmp_path / "data.h5")
    with h5py.File(path, "w", libver=libver, userblock_size=512, track_order=True) as file:
        file["type"] = np.dtype([("a", "i4"), ("b", "f8")])
        file.create_dataset("x", data=draw((9, 3)))
        group = file.create_group("group", track_order=True)
        named = group.create_dataset("named", shape=(4,), dtype=file["type"])
        named[...] = np.array([(index, index / 2) for index in range(4)], dtype=named.dtype)
        named.attrs["to"] = file["x"].ref
        file.attrs.create("attribute", np.zeros(2, named.dtype), dtype=file["type"])
    rewrite(path, tmp_path / "out.h5", dataset="/x")
    with h5py.File(path) as old, h5py.File(tmp_path / "out.h5") as new:
        np.testing.assert_array_equal(new["group/named"][()], old["group/named"][()])
        assert new["group/named"].id.get_type().committed()
        assert new[new["group/named"].attrs["to"]].name == "/x"
