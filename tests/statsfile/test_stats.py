"""The stats file: the same bits in every form, and checked when it is read."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from tests.made import make_stats
from tests.schemas import load_closed
from zm_cli.errors import DataError, UsageError
from zm_cli.statsfile.digest import digest_stats
from zm_cli.statsfile.encode import to_json
from zm_cli.statsfile.reader import read_document
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import is_stats_file, load_stats, save_stats

SCHEMA = load_closed("stats")
FIELDS = ("count", "mean", "m2", "min", "max", "missing", "tail")
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


def test_the_first_features_are_named_and_the_others_counted() -> None:
    stats = make_stats(IMAGES, "pixel", axes="NHWC")
    assert stats.quote_features([0, 59]) == "'0,0,0', '3,4,2'"
    assert stats.quote_features(np.arange(60), 2) == "'0,0,0', '0,0,1' and 58 more"
    assert stats_of_images().quote_features(np.array([2, 0])) == "'B', 'R'"


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
    back = read_document(document, "here")
    assert back.moments.count.tolist() == [2, 0]
    assert back.moments.min.tolist() == [1, np.inf]


@pytest.mark.parametrize("field", ["std", "var"])
def test_std_and_var_that_do_not_follow_from_the_rest_are_refused(field: str) -> None:
    document = document_of(stats_of_images())
    nearly = [number * (1 + 1e-12) for number in document[field]]
    assert read_document(document | {field: nearly}, "here").moments.std().min() > 60
    with pytest.raises(DataError, match=f"'{field}' does not follow"):
        read_document(document | {field: [0.0, *document[field][1:]]}, "here")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": "other"}, "not a stats file"),
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
        ({"axes": "NHC"}, "'axes'"),
        ({"axes": "NHWN"}, "'axes'"),
        ({"sources": []}, "'sources'"),
        ({"sources": [1]}, "'sources'"),
        ({"sample_shape": ["x", 2, 3]}, "'sample_shape'"),
        ({"unit": 1}, "'unit'"),
        ({"decoding": []}, "'decoding'"),
        ({"per": "all"}, "'count'"),
    ],
)
def test_a_damaged_document_is_refused_by_the_name_of_its_field(change: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError, match=says):
        read_document(document_of(stats_of_images()) | change, "here")


@pytest.mark.parametrize("field", ["per", "samples", "names", "dtype", "count", "mean", "sources"])
def test_a_document_without_a_field_is_refused_by_its_name(field: str) -> None:
    document = document_of(stats_of_images())
    del document[field]
    with pytest.raises(DataError, match=f"'{field}' is not there"):
        read_document(document, "here")


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.json", b"{"), ("a.json", b"[]"), ("a.json", b"\xff"), ("a.npz", b"PK\3\4 no archive"), ("a.h5", b"no HDF5")],
)
def test_a_file_that_is_not_a_stats_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
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


@pytest.mark.parametrize(
    "change",
    [
        {"ignore": 10**400},
        {"min": [10**400, 0, 0]},
        {"dtype": "\ud800"},
        {"ignore": float("nan")},
        {"per": "column"},
        {"names": ["R", "R", "B"]},
        {"decoding": {"null_values": 5}},
        {"decoding": {"resize": "big"}},
        {"samples": 0},
    ],
    ids=str,
)
def test_values_that_cannot_be_are_refused_in_one_line(change: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        read_document(document_of(stats_of_images()) | change, "here")


@pytest.mark.parametrize("suffix", [".npz", ".h5", ".json"])
def test_a_file_with_a_byte_changed_is_read_or_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"stats{suffix}"
    save_stats(stats_of_images(), str(path))
    whole = path.read_bytes()
    # Many bytes in the first part, where the structure is, and some after it; the HDF5 library survives these.
    for position in [*range(0, min(len(whole), 300), 7), *range(300, len(whole), 211)]:
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x55]) + whole[position + 1 :])
        is_stats_file(str(path))
        with suppress(DataError, UsageError):
            load_stats(str(path))
