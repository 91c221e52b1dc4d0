"""An optional statistic needs no more than its class: the file, the reader and the schema follow from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import jsonschema
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.hostile_stats import document_of, refused
from tests.made import make_stats
from tests.schemas import load_closed
from zm_cli.errors import DataError
from zm_cli.numbers.groups.groups import SECTION
from zm_cli.numbers.statistic import ArrayField, FieldError, Population, Shape, Statistic, read_counts
from zm_cli.numbers.sums import Counts, Floats
from zm_cli.schema import load_schema
from zm_cli.statistics import optional_statistics
from zm_cli.statsfile.arrays import known_arrays, list_statistics
from zm_cli.statsfile.digest import digest_stats
from zm_cli.statsfile.header import KNOWN_FIELDS
from zm_cli.statsfile.reader import read_document
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import load_stats, save_stats

TABLE = np.array([[1.0, -2.0], [-0.5, -1.0], [2.0, np.nan]])


@dataclass(frozen=True)
class Signs(Statistic):
    """How many values are negative and positive, and what the difference is of all that were counted."""

    name = "signs"
    arrays = {  # noqa: RUF012
        "negative": ArrayField(whole=True, described={"description": "Values below zero."}),
        "positive": ArrayField(whole=True),
        "balance": ArrayField(required=False),
    }

    negative: Counts
    positive: Counts

    @classmethod
    def identity(cls, shape: Shape) -> Signs:
        return cls(np.zeros(shape, np.int64), np.zeros(shape, np.int64))

    @classmethod
    def from_block(
        cls, values: NDArray[Any], feature_axes: tuple[int, ...], missing_codes: tuple[float, ...] = ()
    ) -> Signs:
        axes = tuple(axis for axis in range(values.ndim) if axis not in feature_axes)
        return cls((values < 0).sum(axes), (values > 0).sum(axes))

    @classmethod
    def from_counts(cls, counts: Counts, missing_codes: tuple[float, ...] = ()) -> Signs:
        return cls(np.zeros(len(counts), np.int64), counts[:, 1:].sum(1))

    def merge(self, other: Signs) -> Signs:
        return Signs(self.negative + other.negative, self.positive + other.positive)

    def transform(self, shift: Floats, scale: Floats) -> None:
        return None

    def unpack(self, scale: float, offset: float) -> None:
        return None

    @classmethod
    def stack(cls, parts: Sequence[Signs]) -> Signs:
        return cls(np.stack([part.negative for part in parts]), np.stack([part.positive for part in parts]))

    def unstack(self) -> list[Signs]:
        return [Signs(*pair) for pair in zip(self.negative, self.positive, strict=True)]

    def select(self, indices: list[int]) -> Signs:
        return Signs(self.negative[indices], self.positive[indices])

    def to_document(self) -> dict[str, NDArray[Any]]:
        balance = (self.positive - self.negative) / 2
        return {"negative": self.negative, "positive": self.positive, "balance": balance}

    @classmethod
    def from_document(cls, arrays: Mapping[str, NDArray[Any]], population: Population) -> Signs:
        found = cls(read_counts(arrays, "negative"), read_counts(arrays, "positive"))
        assert population.count is not None
        if (found.negative + found.positive > population.count).any():
            raise FieldError("negative", "and 'positive' are more than were counted")
        return found

    def to_columns(self) -> dict[str, NDArray[Any]]:
        return {"negative": self.negative}


@pytest.fixture(autouse=True)
def _signs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cast("dict[str, Any]", optional_statistics()), Signs.name, Signs)


def measure() -> Stats:
    stats = make_stats(TABLE, "column", axes="NC", names=("a", "b"), kind="csv")
    return replace(stats, statistics={Signs.name: Signs.from_block(TABLE, (1,))})


@pytest.mark.parametrize("suffix", [".json", ".npz", ".h5"])
def test_it_is_saved_loaded_and_selected(tmp_path: Path, suffix: str) -> None:
    path = str(tmp_path / f"a{suffix}")
    save_stats(measure(), path)
    back = load_stats(path).statistics[Signs.name]
    assert isinstance(back, Signs)
    assert (back.negative.tolist(), back.positive.tolist()) == ([1, 2], [2, 0])
    save_stats(load_stats(path).select(["b"]), path)
    back = load_stats(path).statistics[Signs.name]
    assert isinstance(back, Signs)
    assert (back.negative.tolist(), back.positive.tolist()) == ([2], [0])


def test_it_is_at_the_end_of_the_document_and_not_in_the_digest() -> None:
    assert list(measure().to_document())[-4:] == ["tail", "negative", "positive", "balance"]
    assert digest_stats(measure()) == digest_stats(replace(measure(), statistics={}))


def test_a_file_without_it_or_without_its_optional_array_is_read() -> None:
    document = document_of(measure())
    del document["balance"]
    assert read_document(document, "here").statistics
    del document["negative"], document["positive"]
    assert read_document(document, "here").statistics == {}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"negative": None}, "'negative' is not there"),
        ({"negative": None, "positive": None}, "'negative' is not there"),
        ({"negative": [1.5, 2]}, "'negative' is not an array of whole numbers"),
        ({"negative": [1]}, "'negative' has the shape"),
        ({"positive": [-1, 0]}, "'positive' is negative"),
        ({"negative": [2, 2]}, "'negative' and 'positive' are more than were counted"),
    ],
    ids=str,
)
def test_it_is_refused_where_it_is_damaged(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    document = document_of(measure())
    for field, value in change.items():
        if value is None:
            del document[field]
        else:
            document[field] = value
    assert says in refused(json.dumps(document), tmp_path)
    with pytest.raises(DataError):
        read_document(document, "here")


@pytest.mark.parametrize("suffix", [".npz", ".h5"])
def test_a_binary_file_with_a_part_of_it_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"

    class SpanStatistics(Signs):
        def to_document(self) -> dict[str, NDArray[Any]]:
            return {"positive": self.positive}

    stats = measure()
    save_stats(replace(stats, statistics={"signs": SpanStatistics.from_block(TABLE, (1,))}), str(path))
    assert "'negative' is not there" in refused(path.read_bytes(), tmp_path, f"b{suffix}")


def test_a_file_can_require_it(monkeypatch: pytest.MonkeyPatch) -> None:
    document = document_of(measure()) | {"requires": ["negative"]}
    assert read_document(document, "here").statistics
    monkeypatch.delitem(cast("dict[str, Any]", optional_statistics()), Signs.name)
    with pytest.raises(DataError, match="requires 'negative', which this zm does not know; a newer zm is needed"):
        read_document(document, "here")
    assert read_document(document | {"requires": []}, "here").statistics == {}


def test_the_schemas_describe_it() -> None:
    document = document_of(measure())
    jsonschema.validate(document, load_closed("stats"))
    for name in ("stats", "inspect"):
        properties = load_schema(name)["properties"]
        assert properties["negative"] == {"$ref": "#/$defs/counts", "description": "Values below zero."}
        assert properties["balance"] == {"$ref": "#/$defs/numbers"}
    validator = jsonschema.Draft202012Validator(load_schema("stats"))
    for damaged in (
        document | {"negative": [1.5, 2]},
        {field: value for field, value in document.items() if field != "negative"},
        document | {"balance": "x"},
    ):
        assert not validator.is_valid(damaged)


def test_no_two_statistics_and_no_other_field_have_a_key_in_common() -> None:
    keys = [field for statistic in list_statistics() for field in statistic.arrays]
    assert len(set(keys)) == len(keys)
    # Each array can be there by group, too.
    assert known_arrays().keys() == {*keys, *(f"{SECTION}.{key}" for key in keys)}
    assert KNOWN_FIELDS.isdisjoint(keys)
