"""Which dataset of a file is read: the one that is named, or the only suitable one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from h5py import h5d, h5p, h5s, h5t

from tests.formats.hdf5.files import draw, error_of, open_data, save
from tests.shell import run_zm
from tests.systems import slow
from zm_cli.errors import DataError, UsageError


def test_the_only_dataset_of_rank_two_or_more_is_chosen(tmp_path: Path) -> None:
    path = save(tmp_path, labels=draw((9,), "i8"), names=np.array([b"a", b"b"]), images=draw((9, 5, 5, 3)))
    assert open_data(path).spec.decoding["dataset"] == "/images"


def test_a_dataset_of_rank_one_is_chosen_where_it_is_the_only_one(tmp_path: Path) -> None:
    spec = open_data(save(tmp_path, **{"deep/down/x": draw((9,))})).spec
    assert (spec.axes, spec.sample_shape, spec.decoding) == ("N", (), {"dataset": "/deep/down/x", "layout": "N"})


def test_two_suitable_datasets_are_listed(tmp_path: Path) -> None:
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


def test_the_coordinates_of_an_axis_are_not_chosen(tmp_path: Path) -> None:
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


def test_a_group_is_not_a_dataset(tmp_path: Path) -> None:
    path = save(tmp_path, **{"g/x": draw((4, 2))})
    for asked in ("g", "/"):
        error = error_of(path, dataset=asked)
        assert isinstance(error, UsageError)
        assert "/g/x (4, 2) uint8" in str(error)


@slow
def test_ten_thousand_datasets_are_listed_in_one_line(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w", libver="latest") as file:
        plist, space = h5p.create(h5p.DATASET_CREATE), h5s.create_simple((2, 2))
        plist.set_layout(h5d.COMPACT)
        for index in range(10_000):
            h5d.create(file.id, b"%d" % index, h5t.STD_U8LE, space, plist).close()
    for options in ({}, {"dataset": "10000"}):
        error = error_of(tmp_path / "data.h5", **options)
        assert "and 9,996 more" in str(error)
        assert len(str(error)) < 1000


def test_external_links_are_named_where_there_is_no_dataset(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["far"] = h5py.ExternalLink("other.h5", "/data")
    ran = run_zm("stats", tmp_path / "x.h5")
    assert (ran.code, ran.err.count("\n")) == (3, 1)
    assert "/far" in ran.err
    assert "--allow-external" in ran.err


# Datasets that are not arrays of numbers


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (np.ones((3, 2), complex), "complex128"),
        (np.zeros(3, [("a", "i4")]), "compound"),
        (np.array([b"a", b"b"]), "string"),
        (np.zeros(3, "V4"), "opaque"),
        (np.zeros((3, 2), np.longdouble), "not plain numbers"),
        (np.float32(3), "rank 0"),
        (np.zeros((1, 2, 1, 2, 1, 2)), "rank 6"),
        (np.zeros((0, 4)), "is empty"),
        (h5py.Empty("f4"), "no values at all"),
    ],
)
def test_a_dataset_that_is_not_an_array_of_numbers_is_refused(tmp_path: Path, values: Any, says: str) -> None:
    error = error_of(save(tmp_path, x=values), dataset="x")
    assert isinstance(error, DataError)
    assert says in str(error)


def test_references_sequences_and_enumerations_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("ref", (3,), h5py.ref_dtype)
        file.create_dataset("vlen", (3,), h5py.vlen_dtype("i4"))
        file.create_dataset("enum", (3,), h5py.enum_dtype({"a": 1, "b": 2}))
        h5d.create(file.id, b"bits", h5t.STD_B8LE, h5s.create_simple((3,)))
    path = str(tmp_path / "data.h5")
    for name, says in (
        ("ref", "reference"),
        ("vlen", "variable length"),
        ("enum", "enumeration"),
        ("bits", "not plain"),
    ):
        assert says in str(error_of(path, dataset=name))
    assert "has no dataset of numbers" in str(error_of(path))


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (h5t.UNIX_D32LE, "holds time values"),
        (h5t.STD_B8LE, "holds bit field values"),
        (h5t.STD_REF_DSETREG, "holds reference values"),
        (h5t.C_S1, "holds string values"),
        (h5t.py_create(np.dtype("c8")), "holds complex64 values"),
        (h5t.py_create(np.dtype("V3")), "holds opaque values"),
        (h5t.py_create(np.dtype(("i4", (3,)))), "values, not plain numbers"),
    ],
)
def test_types_other_than_numbers_are_named(tmp_path: Path, kind: Any, says: str) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        h5d.create(file.id, b"x", kind, h5s.create_simple((3, 4)))
    error = error_of(tmp_path / "data.h5", dataset="x")
    assert isinstance(error, DataError)
    assert says in str(error)
