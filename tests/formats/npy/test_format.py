"""NumPy files: which array is meant, every rank, order and byte order, archives kept whole, hostile headers refused."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.shell import run_zm
from tests.systems import needs_limits, resource
from zm_cli.data import block
from zm_cli.data.options import ReadOptions
from zm_cli.data.sink import WriteOptions
from zm_cli.data.source import Source
from zm_cli.errors import DataError, UsageError
from zm_cli.formats import detect, open_source
from zm_cli.pipeline.applying.apply import apply
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.opening import open_to_apply
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions
from zm_cli.running.plan import Plan


def save(folder: Path, values: Any, name: str = "x.npy") -> str:
    np.save(folder / name, values)
    return str(folder / name)


def open_array(path: str, **options: Any) -> Source:
    return open_source(path, ReadOptions(**options))


def read_all(source: Source) -> np.ndarray:
    return np.concatenate([source.read(span).values for span in source.spans()])


def center(path: str, output: Path, **options: Any) -> None:
    source = open_array(path, **options)
    stats, _ = measure([source], MeasureOptions("all"), Plan(1))
    again, stats = open_to_apply(path, ReadOptions(**options), stats)
    apply(again, stats, str(output), ApplyOptions("center", dtype="float64"), Plan(2))


@pytest.mark.parametrize(
    ("shape", "axes"), [((9,), "N"), ((9, 5), "NC"), ((9, 8, 8, 3), "NHWC"), ((9, 3, 8, 8), "NCHW")]
)
def test_a_shape_says_what_its_axes_are(tmp_path: Path, shape: tuple[int, ...], axes: str) -> None:
    source = open_array(save(tmp_path, np.zeros(shape)))
    assert (source.spec.axes, source.spec.sample_shape) == (axes, shape[1:])


def test_a_table_of_five_columns_has_five_means(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(3, 2, (100, 5))
    stats, _ = measure([open_array(save(tmp_path, values))], MeasureOptions(), Plan(1))
    assert stats.per == "column"
    np.testing.assert_allclose(stats.moments.mean, values.mean(axis=0), rtol=1e-14)


@pytest.mark.parametrize("rank", range(1, 6))
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_rank_order_and_sample_axis_is_read_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rank: int, order: Any
) -> None:
    monkeypatch.setattr(block, "BLOCK_BYTES", 200)
    values = np.random.default_rng(rank).normal(0, 9, (5, 4, 3, 2, 2)[:rank]).copy(order)
    path = save(tmp_path, values)
    for axis in range(rank):
        layout = "HWDTC"[:axis] + "N" + "HWDTC"[axis : rank - 1]
        source = open_array(path, layout=layout)
        np.testing.assert_array_equal(read_all(source), np.moveaxis(values, axis, 0))
        output = tmp_path / f"out{axis}.npy"
        center(path, output, layout=layout)
        written = np.load(output)
        np.testing.assert_allclose(written, values - values.mean(), rtol=1e-12, atol=1e-13)
        assert written.flags.f_contiguous == values.flags.f_contiguous


@pytest.mark.parametrize("dtype", [">i2", ">f4", ">u8", "<f2", "?"])
def test_foreign_byte_orders_and_booleans_are_read(tmp_path: Path, dtype: str) -> None:
    values = np.random.default_rng(2).integers(0, 2 if dtype == "?" else 99, (20, 3)).astype(dtype)
    source = open_array(save(tmp_path, values))
    found = read_all(source)
    np.testing.assert_array_equal(found, values.astype(found.dtype))
    assert found.dtype == source.spec.dtype
    assert found.dtype.isnative


def test_limit_takes_the_first_samples(tmp_path: Path) -> None:
    path = save(tmp_path, np.arange(20.0).reshape(10, 2))
    np.testing.assert_array_equal(read_all(open_array(path, limit=3)), np.arange(6.0).reshape(3, 2))
    center(path, tmp_path / "out.npy", limit=3)
    assert np.load(tmp_path / "out.npy").shape == (3, 2)


def test_the_array_of_an_archive_is_the_only_one_that_can_be_meant(tmp_path: Path) -> None:
    path = str(tmp_path / "x.npz")
    np.savez(path, labels=np.arange(4), images=np.ones((4, 8, 8, 3), np.uint8), note=np.array("text"))
    source = open_array(path)
    assert source.spec.decoding["dataset"] == "images"
    assert source.facts().others["other arrays"] == "labels (4,) int64, note not an array of numbers"
    assert open_array(path, dataset="labels").spec.axes == "N"


def test_one_of_several_arrays_is_named(tmp_path: Path) -> None:
    path = str(tmp_path / "x.npz")
    np.savez(path, train=np.ones((4, 2)), test=np.ones((3, 2)))
    with pytest.raises(UsageError, match="which array is meant"):
        open_array(path)
    with pytest.raises(UsageError, match="did you mean train"):
        open_array(path, dataset="trian")
    with pytest.raises(UsageError, match="archives"):
        open_array(save(tmp_path, np.ones(3)), dataset="train")


@pytest.mark.parametrize("save_archive", [np.savez, np.savez_compressed])
def test_an_archive_is_written_with_its_other_members(tmp_path: Path, save_archive: Any) -> None:
    path = str(tmp_path / "x.npz")
    values = np.random.default_rng(3).normal(5, 2, (50, 6))
    save_archive(path, y=np.arange(50), x=values, note=np.array("kept"))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("read.me", "kept, too")
    center(path, tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as found:
        np.testing.assert_allclose(found["x"], values - values.mean(), atol=1e-14)
        np.testing.assert_array_equal(found["y"], np.arange(50))
        assert str(found["note"]) == "kept"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "out.npz") as new:
        assert [info.filename for info in new.infolist()] == [info.filename for info in old.infolist()]
        assert [info.compress_type for info in new.infolist()] == [info.compress_type for info in old.infolist()]
        assert new.read("read.me") == b"kept, too"
    assert {entry.name for entry in tmp_path.iterdir()} == {"x.npz", "out.npz", "out.npz.zm.json"}


def test_a_folder_of_arrays_is_a_folder_of_images(tmp_path: Path) -> None:
    save(tmp_path, np.zeros((4, 4, 3), np.uint8))
    assert detect(str(tmp_path)).kind == "images"
    assert detect(str(tmp_path / "x.npy")).kind == "npy"
    assert detect(str(tmp_path / "x.npy"), preferred="images").kind == "images"


def test_one_image_that_zm_wrote_as_an_array_is_undone_by_its_statistics(tmp_path: Path) -> None:
    from PIL import Image

    pixels = np.random.default_rng(4).integers(0, 256, (9, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert run_zm("center", "a.png", "-o", "a.npy", cwd=tmp_path).code == 0
    ran = run_zm("center", "a.npy", "-o", "back.npy", "--inverse", cwd=tmp_path)
    assert ran.code == 0, ran.err
    np.testing.assert_allclose(np.load(tmp_path / "back.npy"), pixels, atol=1e-4)


def test_a_stats_file_is_not_data(tmp_path: Path) -> None:
    path = save(tmp_path, np.ones((5, 2)))
    assert run_zm("stats", path, "-o", tmp_path / "s.npz").code == 0
    ran = run_zm("stats", tmp_path / "s.npz")
    assert ran.code == 2
    assert "stats file" in ran.err


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (np.array(["a", "b"]), "values of dtype <U1 are not read"),
        (np.ones(3, complex), "complex128"),
        (np.ones((0, 3)), "is empty"),
        (np.float64(3), "has 0 axes"),
        (np.ones((1,) * 6), "has 6 axes"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(tmp_path: Path, values: Any, what: str) -> None:
    with pytest.raises(DataError, match=what):
        open_array(save(tmp_path, values))


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(DataError):
        open_array(str(tmp_path / "x.npy"))


def header(shape: str, descr: str = "<f8") -> bytes:
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x93NUMPY",
        header("(3,)") + bytes(23),
        header("(9223372036854775807, 9223372036854775807)"),
        header("(-3,)") + bytes(99),
        header("(3,), 'x': __import__('os')") + bytes(24),
        header("(3,)", "|O") + bytes(24),
        b"PK\3\4" + bytes(40),
    ],
)
def test_a_damaged_file_is_one_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.npy"
    path.write_bytes(data)
    with pytest.raises(DataError):
        open_array(str(path))


def test_an_archive_that_claims_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header("(1000000000,)") + bytes(1000))
    (tmp_path / "x.npz").write_bytes(buffer.getvalue())
    with pytest.raises(DataError, match="truncated"):
        open_array(str(tmp_path / "x.npz"))


def test_a_file_cut_short_between_the_passes_is_an_error(tmp_path: Path) -> None:
    path = save(tmp_path, np.ones((1000, 3)))
    source = open_array(path)
    os.truncate(path, 4000)
    with pytest.raises(DataError):
        measure([source], MeasureOptions(), Plan(1))


@needs_limits
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_output_that_does_not_fit_leaves_the_old_one(tmp_path: Path, order: Any) -> None:
    save(tmp_path, np.ones((50_000, 3)).copy(order))
    (tmp_path / "out.npy").write_bytes(b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        ran = run_zm("center", "x.npy", "-o", "out.npy", "--dtype", "float64", cwd=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert ran.code == 3, ran.err
    assert (tmp_path / "out.npy").read_bytes() == b"old"
    assert {entry.name for entry in tmp_path.iterdir()} == {"x.npy", "out.npy"}


@pytest.mark.parametrize(("output", "what"), [("-", "standard output"), ("out.npz", ".npy"), ("out.csv", ".npy")])
def test_an_output_of_another_form_is_refused(tmp_path: Path, output: str, what: str) -> None:
    save(tmp_path, np.ones((5, 2)))
    ran = run_zm("center", "x.npy", "-o", output, cwd=tmp_path)
    assert (ran.code, what in ran.err) == (2, True)


def test_a_receipt_speaks_of_its_own_array(tmp_path: Path) -> None:
    values = np.random.default_rng(9).normal(4, 2, (20, 3))
    np.savez(tmp_path / "x.npz", a=values, b=values)
    assert run_zm("center", "x.npz", "--dataset", "a", "-o", "y.npz", cwd=tmp_path).code == 0
    again = run_zm("center", "y.npz", "--dataset", "a", "-o", "z.npz", cwd=tmp_path)
    assert (again.code, "centered already" in again.err) == (3, True)
    assert run_zm("center", "y.npz", "--dataset", "b", "-o", "z.npz", cwd=tmp_path).code == 0


def test_an_archive_that_is_replaced_while_it_is_written_is_an_error(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=np.ones((20, 3)))
    source = open_array(str(tmp_path / "x.npz"))
    sink = source.create_sink(str(tmp_path / "y.npz"), WriteOptions(np.dtype("f8"), {}))
    for span in source.spans():
        sink.write(sink.encode(source.read(span)))
    np.savez(tmp_path / "x.npz", other=np.ones(5))
    with pytest.raises(DataError, match="changed while it was read"):
        sink.commit()
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.npz"]


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, x=np.ones(3))
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x.npy", b"")
    with pytest.raises(DataError, match="two members of one name"):
        open_array(str(path))


def test_statistics_of_images_apply_to_a_stack_of_them(tmp_path: Path) -> None:
    pixels = np.random.default_rng(7).integers(0, 256, (5, 8, 9, 3), dtype=np.uint8)
    (tmp_path / "arrays").mkdir()
    for index, image in enumerate(pixels):
        np.save(tmp_path / "arrays" / f"{index}.npy", image)
    np.save(tmp_path / "stack.npy", pixels)
    assert run_zm("stats", "arrays", "-o", "s.json", cwd=tmp_path).code == 0
    ran = run_zm("center", "stack.npy", "--stats", "s.json", "-o", "out.npy", cwd=tmp_path)
    assert ran.code == 0, ran.err
    mean = pixels.reshape(-1, 3).mean(axis=0)
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), pixels - mean, atol=1e-4)
