"""The sources behind merged statistics: which parts are missing, and which sources come twice."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from zm_cli.data.shard import MAX_SHARDS, Shard
from zm_cli.pipeline.merging.sources import SourcePool
from zm_cli.statsfile.shards import add_bytes
from zm_cli.statsfile.stats import SourceRecord


def record(number: int, kind: str = "csv", shard: Shard | None = None, **changes: object) -> SourceRecord:
    made = SourceRecord(f"{number:04}.csv", kind, number, 10 * number, f"xxh3_128:{number:032x}", shard=shard)
    return replace(made, **changes)  # type: ignore[arg-type]


def pool(*records: SourceRecord) -> SourcePool:
    made = SourcePool()
    for index, each in enumerate(records):
        made.add(f"{index}.json", [each])
    return made


def test_the_bytes_of_parts_are_those_of_the_source() -> None:
    parts = [record(number, shard=Shard(number, 3), bytes=100, path="a") for number in (1, 2, 3)]
    assert add_bytes(parts) == 100
    assert add_bytes([replace(part, kind="images") for part in parts]) == 300


def test_parts_of_several_sources_are_complete_in_any_order() -> None:
    parts = [
        record(10 * index + source, shard=Shard(index, 2), path=f"{source}.csv")
        for source in range(3)
        for index in (1, 2)
    ]
    for order in itertools.permutations(parts):
        assert pool(*order).list_missing() == []
    missing = pool(*parts[:3], parts[5]).list_missing()
    assert [(each.path, str(each)) for each in missing] == [
        ("1.csv", "part 2 of 2 is missing"),
        ("2.csv", "part 1 of 2 is missing"),
    ]


def test_paths_of_one_source_may_be_spelled_differently() -> None:
    parts = [record(index, shard=Shard(index, 3), path=path) for index, path in enumerate(("a/b", "./a/b/", "a//b"), 1)]
    assert pool(*parts).list_missing() == []


def test_different_data_of_one_path_are_sources_of_their_own() -> None:
    parts = [record(number, shard=Shard(number % 2 + 1, 2), path="data.csv") for number in (2, 3, 4, 5)]
    assert pool(*parts).list_missing() == []
    assert [str(each) for each in pool(*parts[:3]).list_missing()] == ["part 2 of 2 is missing"]


@pytest.mark.parametrize(
    ("there", "of", "says"),
    [
        ((1,), 2, "part 2 of 2 is missing"),
        ((2,), 3, "parts 1 and 3 of 3 are missing"),
        ((1, 5, 6), 9, "parts 2-4 and 7-9 of 9 are missing"),
        (range(1, 40, 2), 40, "parts 2, 4, 6, 8, 10, 12, 14, 16 and 12 more ranges of 40 are missing"),
        ((7,), MAX_SHARDS, "parts 1-6 and 8-4,294,967,296 of 4,294,967,296 are missing"),
    ],
)
def test_missing_parts_are_told_in_ranges(there: range, of: int, says: str) -> None:
    (missing,) = pool(*(record(index, shard=Shard(index, of), path="a") for index in there)).list_missing()
    assert str(missing) == says


def test_a_part_without_samples_is_there() -> None:
    parts = [
        record(index, shard=Shard(index, 3), path="a", samples=index % 2, digest=record(0).digest) for index in (1, 2)
    ]
    assert [str(each) for each in pool(*parts).list_missing()] == ["part 3 of 3 is missing"]


def test_sources_without_samples_do_not_come_twice() -> None:
    made = pool(record(0), record(5))
    assert made.find_again([record(0)]) is None
    assert made.find_again([record(1), record(5)]) == "has a source that is in 1.json, too: 0005.csv"


def test_parts_that_look_the_same_are_told_apart_by_their_numbers_alone() -> None:
    made = pool(record(5, shard=Shard(1, 3)), record(5, shard=Shard(2, 3)))
    assert made.find_again([record(5, shard=Shard(3, 3))]) is None
    assert (
        made.find_again([record(5, shard=Shard(2, 3))]) == "has a source that is in 1.json, too: part 2/3 of 0005.csv"
    )
    assert (
        made.find_again([record(5, path="b", shard=Shard(3, 4))])
        == "has a source that is in 0.json, too: part 3/4 of b"
    )


def test_many_parts_that_look_the_same_are_added_quickly() -> None:
    # Looking at each of those before would take as many steps as there are pairs.
    made, parts = SourcePool(), [record(5, shard=Shard(index, 20_000)) for index in range(1, 20_001)]
    for each in parts:
        assert made.find_again([each]) is None
        made.add("a.json", [each])
    assert made.list_missing() == []
