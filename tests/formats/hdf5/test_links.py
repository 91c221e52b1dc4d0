"""Paths, links and names of any kind in a file."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from h5py import h5g, h5o

from tests.formats.hdf5.files import VALUES, error_of, open_data, read_values, rewrite
from tests.shell import run_zm


@pytest.mark.parametrize(("asked", "says"), [("g/../x", "/g/../x"), ("..", "/.."), ("//g//.//x", None), ("./x/", None)])
def test_a_path_only_goes_down(tmp_path: Path, asked: str, says: str | None) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = file["g/x"] = VALUES
    if says is None:
        np.testing.assert_array_equal(read_values(open_data(tmp_path / "data.h5", dataset=asked)), VALUES)
    else:
        assert f"has no dataset {says}" in str(error_of(tmp_path / "data.h5", dataset=asked))


@pytest.mark.parametrize("circle", ["soft", "softer", "hard"])
def test_links_in_a_circle_are_reported(tmp_path: Path, circle: str) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["g/x"] = VALUES
        file["soft"] = h5py.SoftLink("soft")
        file["softer"] = h5py.SoftLink("/even/softer")
        file["even"] = h5py.SoftLink("/softer")
        file["g/hard"] = file["/"]
        file["hard"] = file["g"]
    path = tmp_path / "data.h5"
    if circle == "hard":
        np.testing.assert_array_equal(read_values(open_data(path, dataset="hard/hard/g/hard/hard/x")), VALUES)
        rewrite(path, tmp_path / "out.h5")
    else:
        assert "soft links lead in a circle" in str(error_of(path, dataset=circle))


def test_a_dataset_a_thousand_groups_deep_is_read_and_written(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        group = file.id
        for _ in range(1000):
            group = h5g.create(group, b"g")
        h5py.Group(group)["x"] = VALUES
    rewrite(tmp_path / "data.h5", tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        assert h5o.open(file.id, b"g/" * 1000 + b"x").shape == VALUES.shape


# Names


@pytest.mark.parametrize("name", [b"\xff\xfe", b"\x1b[31mred", b"a\nb", "ü".encode(), b" ", b"g\xff/x"])
def test_a_dataset_of_any_name_is_read_and_written(tmp_path: Path, name: bytes) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file[name] = VALUES
        file[b"other\xff"] = np.arange(3)
        file[b"\xfdsoft"] = h5py.SoftLink(b"/" + name)
    source = open_data(tmp_path / "data.h5")
    np.testing.assert_array_equal(read_values(source), VALUES)
    assert source.spec.decoding["dataset"].encode("utf-8", "surrogateescape") == b"/" + name
    assert all(text.isprintable() for text in source.facts().others.values())
    rewrite(tmp_path / "data.h5", tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        np.testing.assert_array_equal(file[name][()], VALUES + 0.5)
        assert file.id.links.exists(b"other\xff")
    again = open_data(tmp_path / "data.h5", **source.spec.decoding)
    np.testing.assert_array_equal(read_values(again), VALUES)


def test_commands_print_names_without_control_characters(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file[b"x\x1b[31m\xff"] = VALUES
        file[b"y\x1b[31m\xff"] = np.arange(3)
    for command in (["inspect"], ["stats"], ["center", "-o", tmp_path / "out.h5"]):
        ran = run_zm(*command, tmp_path / "data.h5")
        assert ran.code == 0, ran.err
        assert "\x1b" not in ran.out + ran.err
