"""The datasets beside the data of an HDF5 file: every type of label, what is refused, and what is not followed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.formats.hdf5.files import error_of, open_data, read_blocks, rewrite, save
from tests.formats.hdf5.stored import make_text
from zm_cli.errors import DataError, UsageError

X = np.arange(24, dtype=np.uint8).reshape(6, 4)


def labels_of(path: str | Path, **options: Any) -> list[str | None]:
    found: list[str | None] = []
    for block in read_blocks(open_data(path, **{"dataset": "x", "by": "y"} | options)):
        assert block.labels is not None
        found += [block.labels.names[code] if code >= 0 else None for code in block.labels.codes]
    return found


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (np.array([1, 2, 1, 0, 300, -5], ">i2"), ["1", "2", "1", "0", "300", "-5"]),
        (np.array([[1], [2], [1], [0], [3], [1]], "<f8"), ["1", "2", "1", "0", "3", "1"]),
        (np.array([[1, 2, 1, 0, 3, 1]], "u1"), ["1", "2", "1", "0", "3", "1"]),
        (np.array([True, False, True, True, False, True]), ["True", "False", "True", "True", "False", "True"]),
        (["a", "b", "ä", "", "a", " b "], ["a", "b", "ä", None, "a", "b"]),
        (np.array([b"a", b"bb", b"", b"a", b"\xe4", b"x"]), ["a", "bb", None, "a", "ä", "x"]),
    ],
    ids=["integers", "column of floats", "row", "booleans", "text", "fixed text"],
)
def test_labels_of_every_type(tmp_path: Path, values: Any, names: list[str | None]) -> None:
    assert labels_of(save(tmp_path, x=X, y=values)) == names


@pytest.mark.parametrize("order", ["<i4", ">i4"])
def test_enumerations_have_names(tmp_path: Path, order: str) -> None:
    kinds = h5py.enum_dtype({"CAT": 0, "DOG": 1}, order)
    path = save(tmp_path, x=X, y=np.array([0, 1, 1, 0, 1, 9], order).astype(kinds))
    assert labels_of(path) == ["CAT", "DOG", "DOG", "CAT", "DOG", "9"]


@pytest.mark.parametrize("padding", [h5py.h5t.STR_NULLTERM, h5py.h5t.STR_NULLPAD, h5py.h5t.STR_SPACEPAD])
def test_text_of_fixed_length_has_any_padding(tmp_path: Path, padding: int) -> None:
    path = save(tmp_path, x=X)
    with h5py.File(path, "a") as file:
        space = h5py.h5s.create_simple((6,))
        stored = h5py.h5d.create(file.id, b"y", make_text(5, padding), space)
        stored.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([b"a", b"bb", b"", b"a", b"dddd", b"e"], "S5"))
    assert labels_of(path) == ["a", "bb", None, "a", "dddd", "e"]


@pytest.mark.parametrize("storage", [{"chunks": (4,)}, {"chunks": (4,), "compression": "gzip", "shuffle": True}])
def test_text_of_any_length_is_read_from_chunks(tmp_path: Path, storage: dict[str, Any]) -> None:
    path = save(tmp_path, x=X)
    with h5py.File(path, "a") as file:
        file.create_dataset("y", data=["one", "two", "one", "three" * 99, "two", "one"], **storage)
    assert labels_of(path) == ["one", "two", "one", "three" * 99, "two", "one"]


def test_labels_that_zm_wrote_have_the_names_of_their_classes(tmp_path: Path) -> None:
    path = save(tmp_path, images=X, labels=np.array([0, 1, -1, 0, 1, 5], np.int64))
    with h5py.File(path, "a") as file:
        file.attrs["classes"] = ["cat", "dog"]
    assert labels_of(path, dataset="images", by="labels") == ["cat", "dog", None, "cat", "dog", None]


def test_values_that_attributes_mark_as_missing_are_not_labels(tmp_path: Path) -> None:
    path = save(tmp_path, x=X, y=np.array([1, 255, 1, 0, 255, 2], np.uint8), w=np.arange(6.0))
    with h5py.File(path, "a") as file:
        file["y"].attrs["_FillValue"] = np.uint8(255)
        file["w"].attrs["scale_factor"] = 0.5
    assert labels_of(path) == ["1", None, "1", "0", None, "2"]
    assert labels_of(path, mask_and_scale=False)[1] == "255"
    assert "its values are stored * 0.5; --weight takes stored values" in str(error_of(path, dataset="x", weight="w"))


def test_what_is_beside_the_data_is_not_the_data(tmp_path: Path) -> None:
    path = save(tmp_path, x=X, m=X % 2, y=np.zeros((6, 1)))
    assert isinstance(error_of(path), UsageError)
    assert open_data(path, mask="/m", by="y").spec.decoding["dataset"] == "/x"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "/labls"}, "has no dataset /labls; did you mean /labels?"),
        ({"by": "g"}, "/g is a group, not a dataset; it holds /g/z"),
        ({"by": "labels5"}, r"/labels5: has the shape \(5,\), but there are 6 samples"),
        ({"by": "x"}, r"not one label for each of 6 samples; for one-hot labels"),
        ({"by": "pairs"}, "/pairs: holds compound values; labels are whole numbers"),
        ({"by": "wide"}, "holds texts of 5,000 bytes; labels are .* at most 4,096 bytes"),
        ({"by": "single"}, "/single: holds a single value"),
        ({"weight": "labels"}, "/labels: holds string values; weights are numbers"),
        ({"weight": "x"}, r"has the shape \(6, 4\), but there are 6 samples"),
        ({"mask": "floats"}, "/floats: holds float64 values; a mask holds booleans or integers"),
        ({"mask": "labels5"}, r"/labels5: has the shape \(5,\), the data have \(6, 4\); a mask has the shape"),
        ({"by": "unwritten"}, "/unwritten: nothing was ever written to it"),
        ({"by": "halves"}, "/halves: the label of sample 2 is 0.5; labels are whole numbers or text"),
        ({"weight": "negative"}, "/negative: the weight of sample 6 is -1; weights are finite and not negative"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, options: dict[str, str], message: str) -> None:
    pairs = np.zeros(6, [("a", "i4"), ("b", "f4")])
    path = save(tmp_path, x=X, labels=list("abcdef"), labels5=np.arange(5), pairs=pairs, floats=np.zeros((6, 4)))
    with h5py.File(path, "a") as file:
        file.create_group("g")["z"] = X
        file["wide"] = np.array([b"x"] * 6, "S5000")
        file["single"] = 3
        file.create_dataset("unwritten", (6,), "i4")
        file["halves"] = np.array([0, 0.5, 1, 1, 1, 1])
        file["negative"] = np.array([0, 1, 2, 3, 4, -1], np.int32)
    error = error_of(path, dataset="x", **options)
    with pytest.raises(type(error), match=message):
        raise error


@pytest.mark.parametrize("option", ["by", "weight", "mask"])
def test_other_files_are_not_read_unless_that_is_allowed(tmp_path: Path, option: str) -> None:
    other = save(tmp_path, "other.h5", y=np.array([1, 2, 1, 2, 1, 2], "<u2"), m=X)
    path = save(tmp_path, x=X)
    with h5py.File(path, "a") as file:
        file["y"] = h5py.ExternalLink(other, "y")
        layout = h5py.VirtualLayout((6,), "<u2")
        layout[:] = h5py.VirtualSource(other, "y", (6,))
        file.create_virtual_dataset("v", layout)
    for name in ("y", "v"):
        error = error_of(path, dataset="x", **{option: name})
        assert isinstance(error, UsageError)
        assert "--allow-external" in str(error)
        (block,) = read_blocks(open_data(path, dataset="x", allow_external=True, **{option: name}))
        assert [block.labels is None, block.weights is None, block.masked is None].count(False) == 1


def test_a_mask_of_small_integers_is_spread_over_the_columns(tmp_path: Path) -> None:
    path = save(tmp_path, x=X, m=np.array([[0], [2], [0], [-1], [0], [1]], np.int8))
    (block,) = read_blocks(open_data(path, dataset="x", mask="m"))
    assert block.masked is not None
    assert block.masked.tolist() == [[odd] * 4 for odd in (False, True, False, True, False, True)]


def test_what_changed_since_it_was_opened_is_an_error(tmp_path: Path) -> None:
    path = save(tmp_path, x=X, y=np.arange(6))
    source = open_data(path, dataset="x", by="y")
    with h5py.File(path, "a") as file:
        del file["y"]
    with pytest.raises(DataError, match="/y: is no longer there"):
        read_blocks(source)


def test_they_are_written_as_they_are(tmp_path: Path) -> None:
    path = save(tmp_path, x=X, y=list("abcabc"), w=np.arange(6.0))
    rewrite(path, tmp_path / "out.h5", dataset="x", by="y", weight="w")
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["y"].asstr()[()].tolist() == list("abcabc")
        assert file["w"][()].tolist() == [*range(6)]
