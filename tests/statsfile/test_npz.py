"""Stats files of NumPy's from strangers: members are looked at before they are unpacked, and never unpickled."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.hostile_stats import ARRAYS, IMAGES, document_of, images, loaded, measured, refused
from tests.made import make_stats
from zm_cli.numbers.statistic import MAX_FEATURES
from zm_cli.statsfile.encode import to_json
from zm_cli.statsfile.stats import Stats


def npy(descr: str, shape: str, data: bytes, *, fortran: bool = False, version: bytes = b"\1\0") -> bytes:
    """A member in NumPy's format, by hand."""
    head = f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}".encode("latin-1")
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(head)) + head + data


def members_of(stats: Stats) -> dict[str, bytes]:
    document = stats.to_document()
    arrays = {field: document[field] for field in ARRAYS}
    header = to_json({field: value for field, value in document.items() if field not in arrays})
    members = {"header": npy(f"'<U{len(header)}'", "()", header.encode("utf-32-le"))}
    for field, array in arrays.items():
        members[field] = npy(f"'{array.dtype.str}'", str(array.shape), array.tobytes())
    return members


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return buffer.getvalue()


class Grave:
    """Pickled, a call that makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("field", ["header", "mean"])
def test_a_pickle_in_an_archive_is_never_opened(tmp_path: Path, field: str) -> None:
    trace = tmp_path / "trace"
    pickled = pickle.dumps(Grave(trace))
    members = members_of(images()) | {field: npy("'|O'", "(3,)", pickled)}
    refused(zipped(members), tmp_path, "a.npz")
    members[field] = pickled
    refused(zipped(members), tmp_path, "a.npz")
    assert not trace.exists()
    pickle.loads(pickled).close()
    assert trace.exists()


def test_arrays_of_other_orders_and_widths_are_read_right(tmp_path: Path) -> None:
    stats = make_stats(IMAGES, "pixel", axes="NHWC")
    members, mean = members_of(stats), stats.moments.mean
    for changed in (
        npy("'>f8'", str(mean.shape), mean.astype(">f8").tobytes()),
        npy("'<f8'", str(mean.shape), mean.tobytes("F"), fortran=True),
        npy('"<f8"', "(4L, 5L, 3L)", mean.tobytes()),
    ):
        back = loaded(zipped(members | {"mean": changed}, zipfile.ZIP_DEFLATED), tmp_path)
        np.testing.assert_array_equal(back.moments.mean, mean)
    for width in ("<i1", ">u2"):
        narrow = npy(f"'{width}'", str(mean.shape), stats.moments.count.astype(width).tobytes())
        assert (loaded(zipped(members | {"count": narrow}), tmp_path).moments.count == 6).all()


@pytest.mark.parametrize(
    ("field", "member", "says"),
    [
        ("mean", npy("'<f8'", f"({10**12},)", b""), "'mean' has the shape"),
        ("mean", npy("'<f8'", "(3, 1)", b"\0" * 24), "'mean' has the shape"),
        ("mean", npy("'<f8'", "(" + "9" * 9000 + ",)", b""), "plain array"),
        ("mean", npy("'<f8'", "(-3,)", b"\0" * 24), "plain array"),
        ("mean", npy("'<f8'", "(3,)", b"\0" * 23), "bytes"),
        ("mean", npy("'<f8'", "(3,)", b"\0" * 25), "bytes"),
        ("mean", npy("'<f16'", "(3,)", b"\0" * 48), "'mean'"),
        ("mean", npy("'<c16'", "(3,)", b"\0" * 48), "'mean'"),
        ("mean", npy("'<U3'", "(3,)", b"\0" * 36), "'mean'"),
        ("mean", npy("'|S3'", "(3,)", b"\0" * 9), "'mean'"),
        ("mean", npy("'|b1'", "(3,)", b"\0" * 3), "'mean'"),
        ("mean", npy("'<M8'", "(3,)", b"\0" * 24), "'mean'"),
        ("mean", npy("[('a', '<f8')]", "(3,)", b"\0" * 24), "plain array"),
        ("mean", npy("'<f8'", "(3,)", b"\0" * 24, version=b"\2\0"), "its header takes"),
        ("mean", npy("'<f8'", "(__import__('os').abort(),)", b""), "plain array"),
        ("mean", npy("'<f8'", "(" + "(" * 9000, b""), "plain array"),
        ("mean", b"\x93NUMPY", "not a .npy file"),
        ("mean", b"", "not a .npy file"),
        ("count", npy("'<f8'", "(3,)", np.full(3, 120.0).tobytes()), "'count'"),
        ("count", npy("'<u8'", "(3,)", b"\xff" * 24), "'count'"),
        ("header", npy("'<U99999999'", "()", b""), "header"),
        ("header", npy("'<U2'", "(2,)", b"\0" * 16), "header"),
        ("header", npy("'<U2'", "()", b"\xff" * 8), "is not a JSON object"),
        ("header", npy("'<f8'", "()", b"\0" * 8), "header"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_member_that_is_not_what_it_should_be_is_refused(
    tmp_path: Path, field: str, member: bytes, says: str
) -> None:
    assert says in refused(zipped(members_of(images()) | {field: member}), tmp_path, "a.npz")


@pytest.mark.parametrize("field", ["header", *ARRAYS])
def test_an_archive_without_a_member_is_refused(tmp_path: Path, field: str) -> None:
    members = members_of(images())
    del members[field]
    assert field in refused(zipped(members), tmp_path, "a.npz")


def test_members_given_twice_or_packed_in_another_way_are_refused(tmp_path: Path) -> None:
    members = members_of(images())
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        assert "packed" in refused(zipped(members, method), tmp_path, "a.npz")
    buffer = io.BytesIO(zipped(members))
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("mean.npy", members["mean"])
    assert "twice" in refused(buffer.getvalue(), tmp_path, "a.npz")


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    whole = bytearray(zipped(members_of(images())))
    for sign, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        position = whole.find(sign)
        while position >= 0:
            whole[position + flags] |= 1
            position = whole.find(sign, position + 4)
    refused(bytes(whole), tmp_path, "a.npz")


@pytest.mark.parametrize("claim", [0, 2**31, 2**32 - 2])
def test_a_directory_that_lies_about_sizes_is_refused(tmp_path: Path, claim: int) -> None:
    whole = bytearray(zipped(members_of(images())))
    position = whole.find(b"PK\1\2")
    while position >= 0:
        struct.pack_into("<II", whole, position + 20, claim, claim)
        position = whole.find(b"PK\1\2", position + 4)
    refused(bytes(whole), tmp_path, "a.npz")
    end = whole.rfind(b"PK\5\6")
    struct.pack_into("<II", whole, end + 12, claim, 0)
    refused(bytes(whole), tmp_path, "a.npz")


def huge(features: int) -> dict[str, bytes]:
    """The members of statistics of so many pixels, but for the data."""
    document = document_of(make_stats(np.ones((2, 3)), "column", axes="NC"))
    document |= {"sample_shape": [features]}
    header = json.dumps({field: value for field, value in document.items() if field not in ARRAYS})
    members = {"header": npy(f"'<U{len(header)}'", "()", header.encode("utf-32-le"))}
    return members | {field: npy("'<f8'" if field[0] in "msv" else "'<i8'", f"({features},)", b"") for field in ARRAYS}


@pytest.mark.parametrize("features", [10**12, MAX_FEATURES])
def test_a_member_that_unpacks_to_far_more_takes_bounded_memory(tmp_path: Path, features: int) -> None:
    path = tmp_path / "a.npz"
    members = huge(features)
    members["count"] = members["count"].replace(b"'<i8'", b"'<u8'")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data + (bytes(64 << 20) if name == "count" else b""))
    assert path.stat().st_size < 1 << 20
    says, peak = measured(path)
    assert "features" in says or "unpacks" in says
    assert peak < 300 << 20


def test_a_sparse_archive_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(zipped(members_of(images())))
    for size in (1 << 31, 1 << 36):
        os.truncate(path, size)
        says, peak = measured(path)
        assert says.startswith(str(path))
        assert peak < 300 << 20
