"""Files that zm does not read are named for what they are, with a line that works."""

from __future__ import annotations

import gzip
import json
import sqlite3
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars
import pytest

from tests.shell import put_zm_on_path
from tests.systems import slow
from zm_cli.data.options import ReadOptions
from zm_cli.errors import DataError, UsageError, ZmError
from zm_cli.formats import open_source
from zm_cli.formats.shared.foreign import find_foreign

ROWS = polars.DataFrame({"a": [1.0, 2.0], "b": [3.0, 5.0]})
ARFF = "% made by hand\n@RELATION r\n@ATTRIBUTE a NUMERIC\n@attribute c {w,x}\n\n@DATA\n1,w\n?,x\n% inside\n3,w\n"


def explain(path: Path) -> str:
    with pytest.raises(ZmError) as caught:
        open_source(str(path), ReadOptions())
    assert "\n" not in str(caught.value)
    return str(caught.value)


def save_sqlite(path: Path) -> None:
    with sqlite3.connect(path) as base:
        base.execute("create table t (a)")
    base.close()


def save_zip(path: Path, *names: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "x")


def save_tar(path: Path) -> None:
    (path.parent / "0.txt").write_text("1")
    with tarfile.open(path, "w:gz" if path.suffix == ".tgz" else "w") as archive:
        archive.add(path.parent / "0.txt", "0.txt")


def save_zarr(path: Path) -> None:
    path.mkdir()
    (path / "zarr.json").write_text("{}")


@pytest.mark.parametrize(
    ("name", "save", "noun"),
    [
        ("t.parquet", ROWS.write_parquet, "a Parquet file"),
        ("t.feather", ROWS.write_ipc, "an Arrow file"),
        ("t.avro", ROWS.write_avro, "an Avro file"),
        ("t.arff", lambda path: path.write_text(ARFF), "an ARFF file"),
        ("t.json", lambda path: path.write_text('[{"a": 1}]'), "a JSON file"),
        ("t.json", lambda path: path.write_text("[[1, 2],\n [3, 4]]"), "a JSON array"),
        ("t.jsonl", lambda path: path.write_text('{"a": 1}\n'), "a file of JSON lines"),
        ("t.sqlite", save_sqlite, "an SQLite database"),
        ("t.mat", lambda path: path.write_bytes(b"MATLAB 5.0 MAT-file"), "a MATLAB file older than version 7.3"),
        ("t.mat", lambda path: path.write_bytes(bytes(4) + b"\1\0\0\0"), "a MATLAB file older than version 7.3"),
        ("t.nc", lambda path: path.write_bytes(b"CDF\x01\0\0\0\0"), "a netCDF file of the classic format"),
        ("t.pt", lambda path: save_zip(path, "archive/data.pkl"), "a PyTorch file"),
        ("t.pkl", lambda path: path.write_bytes(b"\x80\x04\x95abc"), "a pickle"),
        ("t.safetensors", lambda path: path.write_bytes(b"\x10" + bytes(7) + b'{"w":{}}'), "a safetensors file"),
        ("t.xlsx", lambda path: save_zip(path, "xl/workbook.xml"), "an Excel workbook"),
        ("t.zip", lambda path: save_zip(path, "a.png"), "a zip archive"),
        ("t.tar", save_tar, "a tar archive"),
        ("t.tgz", save_tar, "a tar archive"),
        ("t.zarr", save_zarr, "a Zarr store"),
        ("t.fits", lambda path: path.write_bytes(b"SIMPLE  =                    T"), "a FITS file"),
        ("t.dcm", lambda path: path.write_bytes(bytes(128) + b"DICM"), "a DICOM file"),
        ("t.nii.gz", lambda path: path.write_bytes(gzip.compress(bytes(344) + b"n+1\0")), "a NIfTI file"),
        ("t-ubyte", lambda path: path.write_bytes(b"\0\0\x08\x01\0\0\0\x02ab"), "an IDX file, the format of MNIST"),
        ("t.tfrecord", lambda path: path.write_bytes(b"\x05\0\0\0"), "a TFRecord file"),
    ],
)
def test_what_zm_does_not_read_is_named(tmp_path: Path, name: str, save: Callable[[Path], object], noun: str) -> None:
    save(tmp_path / name)
    assert f"{tmp_path / name}: is {noun}, which zm does not read; " in explain(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "noun"),
    [
        (ARFF.encode(), "an ARFF file"),
        (b'{"a": 1}\n{"a": 2}\n', "a file of JSON lines"),
        (b'{\n  "a": [1]\n}\n', "a JSON file"),
        (b"\n<!DOCTYPE html><p>Log in", "an HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "a Git LFS pointer"),
        (b"%%MatrixMarket matrix array real general\n1 1\n5\n", "a Matrix Market file"),
        (gzip.compress(b"SQLite format 3\0", mtime=0), "an SQLite database, compressed with gzip"),
    ],
)
def test_another_file_named_as_a_table_is_not_read_as_one(tmp_path: Path, content: bytes, noun: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    assert f"is {noun}" in explain(tmp_path / "t.csv")


@pytest.mark.parametrize(
    "text", ["[0],[1]\n1,2\n", "{x},y\n1,2\n", "@x,y\n1,2\n", "PAR1,PAR2\n1,2\n", "<a>,b\n1,2\n", "%,b\n1,2\n"]
)
def test_a_table_that_begins_in_an_odd_way_is_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    assert open_source(str(tmp_path / "t.csv"), ReadOptions()).spec.sample_shape == (2,)


@pytest.mark.parametrize(("name", "kind"), [("t.csv", "hdf5"), ("t.dat", "images"), ("t.zip", "npy")])
def test_what_zm_reads_under_another_name_has_its_kind_named(tmp_path: Path, name: str, kind: str) -> None:
    if kind == "npy":
        np.savez(tmp_path / "t.npz", x=np.eye(2))
        (tmp_path / "t.npz").rename(tmp_path / name)
    else:
        (tmp_path / name).write_bytes({"hdf5": b"\x89HDF\r\n\x1a\n", "images": b"\x89PNG\r\n\x1a\n"}[kind])
    assert f"open it with --kind {kind}" in explain(tmp_path / name)


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    for name in ("t.csv", "t.h5", "t.npy", "t.png", "t"):
        (tmp_path / name).touch()
        assert f"{tmp_path / name}: is empty; " in explain(tmp_path / name)


def test_a_file_of_an_unknown_kind_may_be_a_table_if_it_is_text(tmp_path: Path) -> None:
    (tmp_path / "t.data").write_text("1 2\n3 4\n")
    (tmp_path / "t.bin").write_bytes(bytes(range(256)))
    assert "if it is a table, --kind csv reads it" in explain(tmp_path / "t.data")
    assert "--kind csv|hdf5|images|npy" in explain(tmp_path / "t.bin")


def test_a_kind_that_was_named_is_not_doubted(tmp_path: Path) -> None:
    (tmp_path / "t.arff").write_text("% a\n% b\n")
    with pytest.raises((DataError, UsageError)) as caught:
        open_source(str(tmp_path / "t.arff"), ReadOptions(), "hdf5")
    assert "is an ARFF file" in str(caught.value)
    (tmp_path / "t.arff").write_text("a\n1\n")
    assert open_source(str(tmp_path / "t.arff"), ReadOptions(), "csv").spec.names == ("a",)


@slow
def test_the_proposed_lines_work(tmp_path: Path) -> None:
    name = "it's $HOME"
    (tmp_path / f"{name}.arff").write_text(ARFF)
    (tmp_path / f"{name}.json").write_text(json.dumps([[1, 2], [3, 6]]))
    (tmp_path / f"{name}-ubyte").write_bytes(b"\0\0\x0c\x01\0\0\0\x02\0\0\0\x01\0\0\0\x03")
    ROWS.write_ipc(tmp_path / f"{name}.feather")
    save_tar(tmp_path / f"{name}.tgz")
    environment = put_zm_on_path(tmp_path)
    shown = {".arff": "2        1     2", ".json": "2        0     4", "-ubyte": "2        0     2"}
    for suffix, text in (shown | {".feather": "2        0     4", ".tgz": "0.txt"}).items():
        path = str(tmp_path / f"{name}{suffix}")
        foreign = find_foreign(path)
        assert foreign is not None
        line = foreign.advise(path).removeprefix("try: ").replace("python -c", f"{sys.executable} -c")
        done = subprocess.run(line, shell=True, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode, text in done.stdout) == (0, True), (line, done.stdout, done.stderr)


def test_an_old_workbook_is_not_just_any_document(tmp_path: Path) -> None:
    (tmp_path / "t.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100))
    foreign = find_foreign(str(tmp_path / "t.xls"))
    assert foreign is not None
    assert foreign.noun == "an Excel workbook"


def test_an_error_inside_a_folder_of_images_is_not_hidden_by_what_else_is_there(tmp_path: Path) -> None:
    (tmp_path / "dataset_info.json").write_text("{}")
    (tmp_path / "z.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with pytest.raises(DataError, match=r"z\.png"):
        open_source(str(tmp_path), ReadOptions())
