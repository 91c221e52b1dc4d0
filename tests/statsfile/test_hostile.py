"""The fields of a stats file from a stranger: each is right or refused by its name, in one line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.hostile_stats import ARRAYS, IMAGES, LATER_FIELDS, document_of, images, refused, table
from tests.made import make_stats
from tests.shell import run_zm
from zm_cli.statsfile.stats import Stats


def nested(depth: int) -> Any:
    value: Any = 1.0
    for _ in range(depth):
        value = [value]
    return value


UNFIT: list[Any] = [True, "1", [], {}, 10**400, -(10**400)]
"""What an array cannot hold."""


def each(fields: Sequence[str], values: list[Any]) -> list[tuple[dict[str, Any], str]]:
    """A change for every value of every field, with the field's name."""
    return [({field: value}, field) for field in fields for value in values]


IMPOSSIBLE: dict[str, list[Any]] = {
    "method": [None, 3, "", "a b", "x" * 10**6],
    "ddof": [None, 2, -1, 1.0, True, "0"],
    "epsilon": [None, -1e-9, 10**400, True, "0"],
    "range": [None, [1, 0], [0, 0], [0], [0, 1, 2], [0, 1e-200], [0, 1e200], [None, 1], ["0", "1"], "0,1"],
    "clip": [None, 0, "true"],
    "quantiles": [None, [75, 25], [-1, 50], [0, 101], [50, 50], 50],
    "components": [None, 0, -1, 2**63, 0.95, True],
    "impute": [None, "mode", "", True, [1], {}, 10**400],
}
"""Values that the settings of a recorded transform cannot have."""


@pytest.mark.parametrize(
    ("change", "field"),
    [
        *each(("samples", "version"), [True, -1, "1", 1.5, None, 2**63]),
        *each(("per", "axes", "dtype"), [1, None, [], "x" * 10**6, "\x1b"]),
        ({"per": "column"}, "per"),
        ({"axes": "NHWH"}, "axes"),
        ({"axes": "HWC"}, "axes"),
        ({"axes": "NHWQ"}, "axes"),
        ({"axes": "NHWC\n"}, "axes"),
        ({"dtype": "S999999999"}, "dtype"),
        ({"dtype": "float128"}, "dtype"),
        ({"dtype": "float32", "unit": True}, "unit"),
        ({"sample_shape": [4, 5, 10**30]}, "sample_shape"),
        ({"sample_shape": [4, 5, 0]}, "sample_shape"),
        ({"sample_shape": [4, 5, True]}, "sample_shape"),
        ({"sample_shape": [4, 5, None], "names": None}, "sample_shape"),
        ({"sample_shape": [4, 5, 2**40], "names": None}, "sample_shape"),
        ({"sample_shape": [1] * 10**6}, "axes"),
        ({"sample_shape": [4, 6, 3]}, "count"),
        ({"names": ["R", "R", "B"]}, "names"),
        ({"names": ["R"]}, "names"),
        ({"names": {}}, "names"),
        ({"range": [0, 10**400]}, "range"),
        ({"range": [0, 1, 2]}, "range"),
        ({"range": [0.0, 1.0]}, "range"),
        ({"range": None}, "range"),
        ({"unit": 0}, "unit"),
        ({"ignore": True}, "ignore"),
        ({"ignore": "0"}, "ignore"),
        ({"ignore": 10**400}, "ignore"),
        *each(ARRAYS, ["1", {}, None, 5, [], [1, 2], nested(60)]),
        *each(ARRAYS, [[value, 2, 3] for value in UNFIT]),
        *each(("count", "missing"), [[-1, 2, 3], [1.5, 2, 3], [2**63, 2, 3], [None, 2, 3]]),
        ({"count": [2**62, 2, 3]}, "count"),
        ({"count": [119, 120, 120]}, "count"),
        ({"missing": [1, 0, 0]}, "count"),
        ({"m2": [-1.0, 2.0, 3.0]}, "m2"),
        ({"mean": [None, 2.0, 3.0]}, "mean"),
        ({"mean": [256.0, 100.0, 100.0]}, "mean"),
        ({"mean": [-1e300, 100.0, 100.0]}, "mean"),
        ({"min": [255, 0, 0], "max": [0, 255, 255]}, "min"),
        ({"std": [1.0, 2.0, 3.0]}, "std"),
        ({"var": [0.0, 0.0, 0.0]}, "var"),
        *each(("requires", "classes"), [1, "mean", [1], {}]),
        ({"requires": None}, "requires"),
        ({"classes": ["a", "a"]}, "classes"),
        *each(("provenance",), [1, "x", {}, {"version": "1", "options": "x", "inputs": 5}]),
        *each(
            ("transform",),
            [1, "x", [], {}, {"operation": 1}, {"operation": "../x y"}, {"operation": "x" * 65}, {"operation": "zäh"}],
        ),
        *(
            ({"transform": {"operation": "scale", setting: value}}, f"transform.{setting}")
            for setting, values in IMPOSSIBLE.items()
            for value in values
        ),
        *each(
            ("sum", "squares"),
            ["1", {}, None, 5, [1], [1, 2, "3"], [1, 2, None], [1.5, 2, 3], [2**63, 2, 3], [1, 2, 3]],
        ),
        *each(("sum",), [[-1, 2, 3], [-(2**63), 2, 3]]),
        *each(("squares",), [[-1, 2, 3], [2**62, 2, 3]]),
        *each(("squares_high",), [[-1, 0, 0], [1.0, 0, 0], 5, [0]]),
        ({"dtype": "float32", "sum": [1, 2, 3]}, "sum"),
        *each(("tail",), ["1", {}, None, 5, [1], [0.0, 0.0, "0"], [0.0, 0.0, None], [0.0, 0.0, 1e-3]]),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_a_field_that_cannot_be_is_refused_by_its_name(tmp_path: Path, change: dict[str, Any], field: str) -> None:
    assert f"'{field}" in refused(json.dumps(document_of(images()) | change), tmp_path)


@pytest.mark.parametrize("field", sorted(document_of(images()).keys() - LATER_FIELDS))
def test_every_field_must_be_there(tmp_path: Path, field: str) -> None:
    document = document_of(images())
    del document[field]
    assert ("not a stats file" if field == "format" else f"'{field}' is not there") in refused(
        json.dumps(document), tmp_path
    )


def record(stats: Stats, option: str, values: list[Any]) -> list[tuple[Stats, dict[str, Any]]]:
    """The statistics with every value of an option."""
    return [(stats, {option: value}) for value in values]


@pytest.mark.parametrize(
    ("stats", "decoding"),
    [
        *record(images(), "mode", [1, "", "rgb", "RGB\n", ["RGB"], "x" * 10**6]),
        *record(images(), "resize", ["4x5", [5], [5, 4, 3], [0, 4], [True, 4], [5.0, 4], [10**9, 10**9], [4, 5]]),
        *record(images(), "lossy", [1, "true", []]),
        *record(images(), "exif", [1, "true", []]),
        *record(table(), "null_values", ["x", [1], [None], ["\ud800"], {}]),
        *record(table(), "header", [1, "true"]),
        *record(make_stats(IMAGES, "all", axes="NHWC"), "dataset", [1, "", "a\0b", "\ud800", []]),
        *record(
            make_stats(IMAGES, "all", axes="NHWC"),
            "layout",
            [1, "", "HWC", "NNHW", "NHW", "NCHW", "nhwc", "N" * 10**6],
        ),
    ],
    ids=lambda value: repr(value)[:60] if isinstance(value, dict) else "",
)
def test_an_option_in_decoding_is_checked_before_it_is_used_again(
    tmp_path: Path, stats: Stats, decoding: dict[str, Any]
) -> None:
    assert "'decoding' has" in refused(json.dumps(document_of(stats) | {"decoding": decoding}), tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"path": 1}, "sources.path"),
        ({"kind": "parquet"}, "sources.kind"),
        ({"samples": 5}, "samples"),
        ({"samples": -1}, "sources.samples"),
        ({"bytes": 10**400}, "sources.bytes"),
        ({"bytes": True}, "sources.bytes"),
        ({"digest": "md5:1"}, "sources.digest"),
        ({"digest": "xxh3_128:" + "0" * 31 + "\n"}, "sources.digest"),
        ({"skipped": [1]}, "sources.skipped"),
        ({"skipped": "a.png"}, "sources.skipped"),
        ({"members": "0" * 32 + " -"}, "sources.members"),
        ({"members": [1]}, "sources.members"),
        ({"members": ["0" * 32]}, "sources.members"),
        ({"members": ["0" * 32 + " -", "x"]}, "sources.members"),
        ({"members": ["0" * 32 + " - 3/2"]}, "sources.members"),
        ({"members": ["0" * 32 + " -"], "sources": 2}, "sources.members"),
        ({"members": ["0" * 32 + " -"] * 10_001}, "sources.members"),
    ],
    ids=str,
)
def test_what_is_said_of_a_source_is_checked(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    document = document_of(images())
    document["sources"][0] |= change
    assert f"'{says}'" in refused(json.dumps(document), tmp_path)


def test_a_hostile_stats_file_is_one_line_at_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a,b\n1,2\n3,5\n")
    path = tmp_path / "a.stats.json"
    names = document_of(table()) | {"names": ["a\x1b[31m", "b"], "mean": [1e9, 0]}
    path.write_text(json.dumps(names))
    for command in (
        ("standardize", tmp_path / "data.csv", "-o", tmp_path / "out.csv", "--stats", path),
        ("inspect", path),
    ):
        ran = run_zm(*command)
        assert (ran.code, ran.out) == (3, "")
        assert ran.err.startswith(f"zm: error: {path}: 'mean' ")
        assert ran.err.count("\n") == 1
    assert not (tmp_path / "out.csv").exists()
