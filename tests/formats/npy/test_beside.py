"""The arrays beside the data: of the same archive, or in other files beside a single array; what is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zm_cli.data.block import Block
from zm_cli.data.options import ReadOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.formats import list_files, open_source

X = np.arange(24, dtype=np.float32).reshape(6, 4)


def read_all(path: Path, **options: Any) -> list[Block]:
    source = open_source(str(path), ReadOptions(**options))
    blocks = [source.read(span) for span in source.spans()]
    source.close()
    return blocks


def labels_of(path: Path, **options: Any) -> list[str | None]:
    found: list[str | None] = []
    for block in read_all(path, **options):
        assert block.labels is not None
        found += [block.labels.names[code] if code >= 0 else None for code in block.labels.codes]
    return found


def save_archive(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "d.npz", x=X, **arrays)
    return folder / "d.npz"


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (np.array([3, 1, 3, 0, 1, 9], ">u2"), ["3", "1", "3", "0", "1", "9"]),
        (
            np.array([[True], [False], [True], [True], [True], [False]]),
            ["True", "False", "True", "True", "True", "False"],
        ),
        (np.array(["a", "bb", "", "ä", "a", "a"], ">U3"), ["a", "bb", None, "ä", "a", "a"]),
        (np.array([b"a", b"bb", b"", b"c", b"a", b"a"]), ["a", "bb", None, "c", "a", "a"]),
        (np.asfortranarray(np.array([[1.0, 2, np.nan, 1, 2, 1]])), ["1", "2", None, "1", "2", "1"]),
    ],
    ids=["integers", "booleans", "text", "bytes", "row of floats"],
)
@pytest.mark.parametrize("packed", [False, True])
def test_labels_of_every_type(tmp_path: Path, values: Any, names: list[str | None], packed: bool) -> None:
    (np.savez_compressed if packed else np.savez)(tmp_path / "d.npz", x=X, y=values)
    assert labels_of(tmp_path / "d.npz", dataset="x", by="y") == names
    assert labels_of(tmp_path / "d.npz", dataset="/x", by="/y") == names
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", values)
    assert labels_of(tmp_path / "x.npy", by=str(tmp_path / "y.npy")) == names


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "label"}, "has no array 'label'; did you mean labels?"),
        ({"by": "five"}, r"d.npz: five: has the shape \(5,\), but there are 6 samples"),
        ({"by": "x"}, "for one-hot labels, store the positions of the ones"),
        ({"by": "objects"}, "objects: holds neither numbers nor text; labels are whole numbers, or texts"),
        ({"by": "wide"}, "wide: holds texts of 8,000 bytes"),
        ({"by": "imaginary"}, "holds complex128 values; labels are"),
        ({"weight": "labels"}, "labels: holds text; weights are numbers"),
        ({"mask": "x"}, "x: holds float32 values; a mask holds booleans or integers"),
        ({"mask": "five"}, r"five: has the shape \(5,\), the data have \(6, 4\)"),
        ({"weight": "negative"}, "negative: the weight of sample 1 is -2"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, options: dict[str, str], message: str) -> None:
    path = save_archive(
        tmp_path,
        labels=np.array(list("abcdef")),
        five=np.arange(5),
        objects=np.array([None] * 6),
        wide=np.array(["x"] * 6, "U2000"),
        imaginary=np.zeros(6, complex),
        negative=np.array([-2, 1, 1, 1, 1, 1]),
    )
    with pytest.raises((UsageError, DataError), match=message):
        read_all(path, dataset="x", **options)


def test_beside_a_single_array_is_another_file(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    archive = save_archive(tmp_path)
    with pytest.raises(
        UsageError, match=r"/labels: does not exist; --by takes another .npy file here, as .*x.npy holds"
    ):
        labels_of(tmp_path / "x.npy", by="/labels")
    with pytest.raises(UsageError, match=r"d.npz: is an archive; beside a .npy file, --by takes another one"):
        labels_of(tmp_path / "x.npy", by=str(archive))
    (tmp_path / "y.npy").write_text("label\ncat\n")
    with pytest.raises(DataError, match=r"y.npy: cannot be read: it is not a .npy file"):
        labels_of(tmp_path / "x.npy", by=str(tmp_path / "y.npy"))


def test_the_other_files_are_among_those_that_are_read(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    path, options = str(tmp_path / "x.npy"), ReadOptions(by="y.npy", weight="w.npy")
    assert list(list_files(path, options)) == [("arrays", path), ("by", "y.npy"), ("weight", "w.npy")]
    archive = str(save_archive(tmp_path))
    assert list(list_files(archive, ReadOptions(by="y"))) == [("arrays", archive)]


def test_what_is_beside_the_data_is_not_the_data(tmp_path: Path) -> None:
    path = save_archive(tmp_path, m=X.astype(int) % 2)
    with pytest.raises(UsageError, match="which array is meant"):
        open_source(str(path), ReadOptions())
    assert open_source(str(path), ReadOptions(mask="m")).spec.decoding["dataset"] == "x"


def test_a_file_that_was_cut_short_is_an_error(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", np.arange(6))
    source = open_source(str(tmp_path / "x.npy"), ReadOptions(by=str(tmp_path / "y.npy")))
    (tmp_path / "y.npy").write_bytes((tmp_path / "y.npy").read_bytes()[:-8])
    with pytest.raises(DataError, match=r"y.npy: cannot be read: it is shorter than when it was opened"):
        source.read(next(iter(source.spans())))


def test_an_array_that_claims_more_than_its_file_has_is_refused(tmp_path: Path) -> None:
    path = save_archive(tmp_path, y=np.array(list("abcdef")))
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data.replace(b"'<U1'", b"'<U9'"))
    with pytest.raises(DataError, match="it is truncated"):
        labels_of(path, dataset="x", by="y")
