"""Stats files of HDF5 from strangers: only plain datasets of the file itself are read."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.hostile_stats import images, loaded, measured, refused
from tests.systems import slow
from zm_cli.errors import DataError
from zm_cli.statsfile.encode import to_json
from zm_cli.statsfile.json_text import HEADER_BYTES
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import is_stats_file, load_stats, save_stats


def saved(folder: Path, stats: Stats | None = None) -> Path:
    path = folder / "a.h5"
    save_stats(stats or images(), str(path))
    return path


def replace_mean(file: h5py.File, make: Callable[[h5py.File], object]) -> None:
    del file["mean"]
    make(file)


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((3,), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "mean", (3,))
    file.create_virtual_dataset("mean", layout)


def outside(file: h5py.File) -> None:
    file.create_dataset("mean", (3,), "f8", external=[("/etc/passwd", 0, 24)])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda file: file.__setitem__("mean", h5py.ExternalLink("other.h5", "mean")), "link"),
        (lambda file: file.__setitem__("mean", h5py.SoftLink("/std")), "link"),
        (lambda file: file.__setitem__("mean", h5py.SoftLink("/mean")), "link"),
        (virtual, "another file"),
        (outside, "another file"),
        (lambda file: file.create_group("mean"), "not a dataset"),
        (lambda file: file.__setitem__("mean", np.dtype("f8")), "not a dataset"),
        (lambda file: file.create_dataset("mean", (10**12,), "f8"), "shape"),
        (lambda file: file.create_dataset("mean", (10**12,), "f8", chunks=(10**6,)), "shape"),
        (lambda file: file.create_dataset("mean", (3,), "f8"), "bytes"),
        (lambda file: file.create_dataset("mean", (3,), "f8", chunks=(3,)), "bytes"),
        (lambda file: file.create_dataset("mean", (3,), "f8", chunks=(10**8,), maxshape=(None,)), "unpacks"),
        (lambda file: file.create_dataset("mean", (3,), "f8", chunks=(3,), compression="lzf"), "packed"),
        (lambda file: file.create_dataset("mean", data=["a", "b", "c"]), "numbers"),
        (lambda file: file.create_dataset("mean", data=np.zeros(3, "S3")), "numbers"),
        (lambda file: file.create_dataset("mean", data=np.zeros(3, [("a", "f8")])), "numbers"),
        (lambda file: file.create_dataset("mean", data=np.zeros(3, bool)), "numbers"),
        (lambda file: file.create_dataset("mean", data=np.zeros(3, "c16")), "numbers"),
        (lambda file: file.create_dataset("mean", data=np.zeros(3, np.longdouble)), "numbers"),
        (lambda file: file.create_dataset("mean", data=h5py.Empty("f8")), "numbers"),
        (lambda file: file.create_dataset("mean", data=1.0), "shape"),
        (lambda file: None, "'mean' is not there"),
        (lambda file: file.create_dataset("other", data=np.zeros(3)), "'mean' is not there"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_member_that_is_not_a_plain_dataset_of_this_file_is_refused(
    tmp_path: Path, make: Callable[[h5py.File], object], says: str
) -> None:
    path = saved(tmp_path)
    with h5py.File(path, "a") as file:
        replace_mean(file, make)
    assert says in refused(path.read_bytes(), tmp_path, "b.h5")


def test_packed_and_foreign_numbers_are_read_right(tmp_path: Path) -> None:
    mean = images().moments.mean
    for index, how in enumerate(
        ({"chunks": (2,), "compression": "gzip", "shuffle": True, "fletcher32": True}, {"dtype": ">f8"})
    ):
        path = saved(tmp_path)
        with h5py.File(path, "a") as file:
            replace_mean(file, lambda file, how=how: file.create_dataset("mean", data=mean, **how))  # type: ignore[misc]
        np.testing.assert_array_equal(loaded(path.read_bytes(), tmp_path, f"{index}.h5").moments.mean, mean)


@pytest.mark.parametrize(
    "header",
    [None, 5, np.array(["{}"], dtype=object), np.array([1, 2]), "", "{", "[]", "\x01", b"\xff", h5py.Empty("S3")],
    ids=repr,
)
def test_a_header_that_is_not_text_is_refused(tmp_path: Path, header: Any) -> None:
    path = saved(tmp_path)
    with h5py.File(path, "a") as file:
        del file.attrs["header"]
        if header is not None:
            file.attrs["header"] = header
    refused(path.read_bytes(), tmp_path, "b.h5")


def with_header(path: Path, header: Any, *, others: int = 0, libver: str = "earliest") -> None:
    """Saves statistics with another header, and with other attributes that stand before it."""
    whole = images().to_document()
    with h5py.File(path, "w", libver=libver, track_order=bool(others % 2)) as file:
        for number in range(others):
            file.attrs[f"{number} header"] = np.bytes_(b"header\0" * number)
        file.attrs["header"] = header
        for field, value in whole.items():
            if isinstance(value, np.ndarray):
                file[field] = value


def header_of(stats: Stats) -> str:
    return to_json({field: value for field, value in stats.to_document().items() if not isinstance(value, np.ndarray)})


@pytest.mark.parametrize("libver", ["earliest", "v110", "latest"])
@pytest.mark.parametrize("others", [0, 1, 5, 30, 1000, 1001])
def test_a_header_is_found_wherever_the_library_puts_it(tmp_path: Path, libver: str, others: int) -> None:
    path = tmp_path / "a.h5"
    text = header_of(images())
    for header in (text, np.bytes_(text.encode())):
        with_header(path, header, others=others, libver=libver)
        assert is_stats_file(str(path))
        assert load_stats(str(path)).names == ("R", "G", "B")


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("others", [0, 30])
def test_a_header_that_claims_to_be_long_takes_no_memory(tmp_path: Path, libver: str, others: int) -> None:
    path = tmp_path / "a.h5"
    length = len(header_of(images()))
    with_header(path, header_of(images()), others=others, libver=libver)
    whole = bytearray(path.read_bytes())
    start = whole.find(struct.pack("<I", length), whole.find(b"header\0"))
    for claim in (HEADER_BYTES + 1, 2**32 - 1):
        whole[start : start + 4] = struct.pack("<I", claim)
        path.write_bytes(whole)
        says, peak = measured(path)
        assert "cannot be read" in says
        assert peak < 100 << 20


@slow
@pytest.mark.parametrize("kind", ["variable", "fixed"])
def test_a_header_that_is_too_large_takes_no_memory(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.h5"
    text = "x" * (100 << 20)
    with_header(path, text if kind == "variable" else np.bytes_(text.encode()), libver="latest")
    says, peak = measured(path)
    assert "too large" in says
    assert peak < 100 << 20


@slow
@pytest.mark.parametrize("filters", [{}, {"shuffle": True, "fletcher32": True}], ids=["deflate", "all"])
def test_a_chunk_that_unpacks_to_more_than_it_says_takes_no_memory(tmp_path: Path, filters: dict[str, bool]) -> None:
    path = saved(tmp_path)
    with h5py.File(path, "a") as file:
        replace_mean(
            file, lambda file: file.create_dataset("mean", (3,), "f8", chunks=(3,), compression="gzip", **filters)
        )
        file["mean"].id.write_direct_chunk((0,), zlib.compress(bytes(1 << 30), 9) + bytes(4))
    says, peak = measured(path)
    assert "unpacks to more" in says
    assert peak < 200 << 20


def test_a_filter_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path)
    with h5py.File(path, "a") as file:
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((3,))
        plan.set_deflate(1)
        plan.set_deflate(1)
        space = h5py.h5s.create_simple((3,))
        replace_mean(file, lambda file: h5py.h5d.create(file.id, b"mean", h5py.h5t.IEEE_F64LE, space, plan))
        file["mean"][:] = images().moments.mean
    assert "packed in a way" in refused(path.read_bytes(), tmp_path, "b.h5")


def test_a_sparse_hdf5_file_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path)
    with h5py.File(path, "a") as file:
        replace_mean(file, lambda file: file.create_dataset("mean", (10**10,), "f8"))
        file["mean"][-1] = 1
    says, peak = measured(path)
    assert "shape" in says
    assert peak < 300 << 20


def test_a_stats_file_with_a_link_in_it_is_still_refused_as_one(tmp_path: Path) -> None:
    path = saved(tmp_path)
    with h5py.File(path, "a") as file:
        replace_mean(file, lambda file: file.__setitem__("mean", h5py.ExternalLink("other.h5", "mean")))
    assert is_stats_file(str(path))
    with pytest.raises(DataError, match="'mean' is a link"):
        load_stats(str(path))
