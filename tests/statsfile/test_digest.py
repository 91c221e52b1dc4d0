"""The digest of statistics: pinned, so that receipts of all versions still match what was applied."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.hostile_stats import images
from tests.made import DIGEST
from zm_cli.numbers.moments.moments import Moments
from zm_cli.outputs.provenance import Provenance
from zm_cli.statsfile.digest import digest_stats
from zm_cli.statsfile.encode import to_json
from zm_cli.statsfile.reader import read_json
from zm_cli.statsfile.stats import SourceRecord, Stats

TABLE = Stats(
    per="column",
    samples=4,
    axes="NC",
    sample_shape=(2,),
    names=("a", "ü"),
    dtype="float64",
    unit=False,
    ignore=-9.5,
    decoding={"header": None, "null_values": ["-"]},
    sources=(SourceRecord("t.csv", "csv", 3, 20, DIGEST, ("x",)), SourceRecord("u.csv", "csv", 1, 8, DIGEST)),
    partial=True,
    moments=Moments(
        count=np.array([3, 0]),
        mean=np.array([0.1, 0.0]),
        tail=np.zeros(2),
        m2=np.array([0.7, 0.0]),
        min=np.array([-0.25, np.inf]),
        max=np.array([1.0, -np.inf]),
        missing=np.array([1, 4]),
    ),
)
TABLE_DIGEST = "xxh3_128:ac4fb2ec25a8011e5fda6d7321a5be0d"

ARRAYS = Stats(
    per="pixel",
    samples=10,
    axes="NHW",
    sample_shape=(2, 1),
    names=None,
    dtype="uint8",
    unit=True,
    ignore=None,
    decoding={"dataset": "/x", "layout": None},
    sources=(SourceRecord("x.h5", "hdf5", 10, 20, DIGEST),),
    moments=Moments(
        count=np.full((2, 1), 10),
        mean=np.full((2, 1), 0.5),
        tail=np.zeros((2, 1)),
        m2=np.full((2, 1), 2.5),
        min=np.zeros((2, 1)),
        max=np.ones((2, 1)),
        missing=np.zeros((2, 1), np.int64),
    ),
)
ARRAYS_DIGEST = "xxh3_128:6da38081252c6886343d4a4205fc9a10"


@pytest.mark.parametrize(("stats", "digest"), [(TABLE, TABLE_DIGEST), (ARRAYS, ARRAYS_DIGEST)])
def test_the_digest_is_that_of_the_first_version(stats: Stats, digest: str) -> None:
    assert digest_stats(stats) == digest


@pytest.mark.parametrize(
    "change",
    [
        {"classes": ("a", "b")},
        {"provenance": Provenance("1", "2", "3")},
        {"transform": {"operation": "scale", "method": "minmax"}},
        {"moments": replace(TABLE.moments, tail=np.array([1e-18, 0.0]))},
    ],
    ids=lambda change: next(iter(change)),
)
def test_later_fields_do_not_change_the_digest(change: dict[str, Any]) -> None:
    assert digest_stats(replace(TABLE, **change)) == TABLE_DIGEST


def test_an_unknown_option_of_reading_is_part_of_the_digest() -> None:
    stats = replace(TABLE, decoding={"of_a_later_version": [1, {"a": 2.50}], **TABLE.decoding})
    back = read_json(to_json(stats.to_document()).encode(), "here")
    assert digest_stats(back) == digest_stats(stats) != TABLE_DIGEST


def test_sums_of_integers_do_not_change_the_digest() -> None:
    stats = images()
    assert stats.moments.integer_sums is not None
    assert digest_stats(stats) == digest_stats(replace(stats, moments=replace(stats.moments, integer_sums=None)))
