"""The stats file: the same bits in every form, checked when read, refused where it does not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

import zm_cli
from tests.made import make_stats
from zm_cli.block import Spec
from zm_cli.errors import DataError, UsageError
from zm_cli.statsfile import Stats
from zm_cli.statsstore import digest_stats, is_stats_file, load_stats, save_stats, to_json

SCHEMA = json.loads((Path(zm_cli.__file__).parent / "schema" / "stats-v1.schema.json").read_text())
FIELDS = ("count", "mean", "m2", "min", "max", "missing")
IMAGES = np.random.default_rng(7).integers(0, 256, (6, 4, 5, 3), dtype=np.uint8)
TABLE = np.random.default_rng(8).normal(size=(9, 2)) * 1e-300


def stats_of_images(**options: Any) -> Stats:
    return make_stats(IMAGES, "channel", axes="NHWC", names=("R", "G", "B"), kind="images", **options)


def document_of(stats: Stats) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(to_json(stats.to_document()))
    return document


@pytest.mark.parametrize("suffix", [".json", ".npz", ".h5"])
@pytest.mark.parametrize(
    "stats",
    [
        stats_of_images(),
        make_stats(IMAGES, "pixel", axes="NHWC"),
        make_stats(TABLE, "column", axes="NC", names=("a", "ü")),
    ],
    ids=["channel", "pixel", "column"],
)
def test_every_form_of_the_file_reads_back_to_the_same_bits(tmp_path: Path, suffix: str, stats: Stats) -> None:
    path = str(tmp_path / f"stats{suffix}")
    save_stats(stats, path)
    back = load_stats(path)
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(back.moments, field), getattr(stats.moments, field))
    assert digest_stats(back) == digest_stats(stats)
    assert is_stats_file(path)
    assert [entry.name for entry in tmp_path.iterdir()] == [f"stats{suffix}"]


@pytest.mark.parametrize("suffix", [".json", ".npz", ".h5"])
def test_the_same_statistics_give_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    for name in ("a", "b"):
        save_stats(stats_of_images(), str(tmp_path / f"{name}{suffix}"))
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_the_document_keeps_the_shipped_schema() -> None:
    for stats in (stats_of_images(), stats_of_images(unit=True), make_stats(IMAGES, "pixel", axes="NHWC")):
        jsonschema.validate(document_of(stats), SCHEMA)


def test_a_feature_without_a_value_is_null_in_json_and_comes_back_empty(tmp_path: Path) -> None:
    stats = make_stats(np.array([[1.0, np.nan], [2.0, np.nan]]), "column", axes="NC", names=("a", "b"))
    document = document_of(stats)
    assert document["mean"] == [1.5, None]
    assert document["std"] == [0.5, None]
    jsonschema.validate(document, SCHEMA)
    back = Stats.from_document(document, "here")
    assert back.moments.count.tolist() == [2, 0]
    assert back.moments.min.tolist() == [1, np.inf]


def test_std_and_var_are_not_read_back() -> None:
    document = document_of(stats_of_images()) | {"std": [0, 0, 0], "var": "nonsense"}
    assert Stats.from_document(document, "here").moments.std().min() > 60


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": "other"}, "no stats file"),
        ({"version": 99}, "version 99"),
        ({"per": "row"}, "'per'"),
        ({"mean": [1.0, 2.0]}, "'mean'"),
        ({"mean": ["a", 2.0, 3.0]}, "'mean'"),
        ({"mean": [None, 2.0, 3.0]}, "'mean'"),
        ({"mean": [[1.0], [2.0, 3.0]]}, "'mean'"),
        ({"count": [1.5, 2.0, 3.0]}, "'count'"),
        ({"count": [-1, 2, 3]}, "negative"),
        ({"m2": [-1.0, 2.0, 3.0]}, "negative"),
        ({"samples": True}, "'samples'"),
        ({"samples": -1}, "'samples'"),
        ({"dtype": "object"}, "'dtype'"),
        ({"dtype": "nonsense"}, "'dtype'"),
        ({"names": ["R", "G"]}, "'names'"),
        ({"names": [1, 2, 3]}, "'names'"),
        ({"axes": "NC"}, "'axes'"),
        ({"sources": []}, "'sources'"),
        ({"sources": [1]}, "'skipped'"),
        ({"sample_shape": ["x", 2, 3]}, "'sample_shape'"),
        ({"unit": 1}, "'unit'"),
        ({"decoding": []}, "'decoding'"),
        ({"per": "all"}, "'mean'"),
    ],
)
def test_a_damaged_document_is_refused_by_the_name_of_its_field(change: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError, match=says):
        Stats.from_document(document_of(stats_of_images()) | change, "here")


@pytest.mark.parametrize("field", ["per", "samples", "names", "dtype", "count", "mean", "sources"])
def test_a_document_without_a_field_is_refused_by_its_name(field: str) -> None:
    document = document_of(stats_of_images())
    del document[field]
    with pytest.raises(DataError, match=f"'{field}' is not there"):
        Stats.from_document(document, "here")


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.json", b"{"), ("a.json", b"[]"), ("a.json", b"\xff"), ("a.npz", b"PK\3\4 no archive"), ("a.h5", b"no HDF5")],
)
def test_a_file_that_is_no_stats_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError):
        load_stats(str(tmp_path / name))


def test_pickled_objects_are_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, header=np.array([{"format": "zm-stats"}], dtype=object))
    with pytest.raises(DataError):
        load_stats(str(path))


def test_a_missing_stats_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such stats file"):
        load_stats(str(tmp_path / "none.json"))


def spec(axes: str, shape: tuple[int | None, ...], dtype: str = "uint8", names: tuple[str, ...] | None = None) -> Spec:
    return Spec("hdf5", axes, shape, np.dtype(dtype), names)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (spec("NHWC", (4, 5, 4)), "4 channels"),
        (spec("NHW", (4, 5)), "1 channels"),
        (spec("NHWC", (None, None, 3), names=("B", "G", "R")), "channels are BGR"),
        (spec("NHWC", (4, 5, 3), "uint16"), "values are uint16"),
    ],
)
def test_data_of_other_channels_or_scale_do_not_fit(data: Spec, says: str) -> None:
    with pytest.raises(DataError, match=says):
        stats_of_images().check_fits(data, "data")


@pytest.mark.parametrize("data", [spec("NCHW", (3, 9, 9)), spec("NHWC", (None, None, 3), "float32")])
def test_channels_fit_whatever_the_sizes_and_the_order_of_axes(data: Spec) -> None:
    stats_of_images().check_fits(data, "data")


def test_pixels_need_the_same_shape() -> None:
    with pytest.raises(DataError, match="4x4x3"):
        make_stats(IMAGES, "pixel", axes="NHWC").check_fits(spec("NHWC", (4, 4, 3)), "data")


def test_unnamed_columns_need_the_same_number() -> None:
    with pytest.raises(DataError, match="samples are 3"):
        make_stats(TABLE, "column", axes="NC").check_fits(spec("NC", (3,), "float64"), "data")


def test_integers_do_not_fit_statistics_between_0_and_1() -> None:
    stats = make_stats(IMAGES / 255.0, "channel", axes="NHWC")
    with pytest.raises(DataError, match="0-1"):
        stats.check_fits(spec("NHWC", (4, 5, 3)), "data")
