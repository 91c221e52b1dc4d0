"""The layout of a dataset: given by the user, declared in the file, or implied by the shape."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.formats.hdf5.files import draw, error_of, open_data, read_values, save, set_block_bytes
from zm_cli.errors import UsageError


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
def test_a_layout_is_guessed_only_where_there_is_no_other(
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


def test_a_dataset_can_declare_its_layout(tmp_path: Path) -> None:
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
