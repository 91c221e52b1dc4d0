"""The sources behind merged statistics: one record for many, and all of them where parts are missing."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
import xxhash

from zm_cli.data.block import MAX_LISTED
from zm_cli.data.shard import MAX_SHARDS, Shard
from zm_cli.pipeline.merging.sources import MAX_RECORDS, SourcePool
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


def test_records_are_kept_in_their_order_up_to_a_hundred() -> None:
    records = [record(number) for number in range(MAX_RECORDS, 0, -1)]
    assert pool(*records).finish() == tuple(records)


def test_beyond_a_hundred_one_record_stands_for_all() -> None:
    records = [record(number, skipped=("x",), skipped_more=2) for number in range(1, MAX_RECORDS + 2)]
    (made,) = pool(*records).finish()
    digests = "".join(each.digest for each in records)
    assert made == SourceRecord(
        path="0001.csv and 100 more",
        kind="csv",
        samples=sum(range(102)),
        bytes=10 * sum(range(102)),
        digest=f"xxh3_128:{xxhash.xxh3_128_hexdigest(digests.encode())}",
        skipped=tuple(f"{number:04}.csv: x" for number in range(1, 102)),
        skipped_more=202,
        sources=101,
    )


def test_a_record_of_many_is_merged_again() -> None:
    (first,) = pool(*(record(number) for number in range(1, 151))).finish()
    assert pool(first, record(200)).finish() == (first, record(200))
    (second,) = pool(first, *(record(number, skipped=("x",)) for number in range(200, 310))).finish()
    assert (second.path, second.sources) == ("0001.csv and 259 more", 260)
    (third,) = pool(second, *(record(number) for number in range(400, 500))).finish()
    assert (third.path, third.sources) == ("0001.csv and 359 more", 360)
    assert third.skipped[:2] == ("0200.csv: x", "0201.csv: x")


def test_the_first_samples_left_out_are_listed_and_all_are_counted() -> None:
    records = [record(number, skipped=tuple(map(str, range(30)))) for number in range(1, 102)]
    (made,) = pool(*records).finish()
    assert len(made.skipped) == MAX_LISTED
    assert made.skipped_total == 30 * 101


def test_more_than_a_hundred_parts_of_a_source_become_one_source() -> None:
    parts = [
        replace(record(number, shard=Shard(number, 150)), path="all.csv", bytes=7, skipped=("row 3: short",))
        for number in range(1, 151)
    ]
    made = pool(*parts)
    assert made.list_missing() == []
    (whole,) = made.finish()
    assert (whole.path, whole.sources, whole.shard) == ("all.csv", 1, None)
    # Each part says how large the file is.
    assert whole.bytes == 7
    assert whole.skipped[0] == "row 3: short"
    (folder,) = pool(*(replace(part, kind="images") for part in parts)).finish()
    assert folder.bytes == 7 * 150


def test_all_records_stay_while_parts_are_missing() -> None:
    parts = [replace(record(number, shard=Shard(number, 150)), path="all.csv") for number in range(1, 150)]
    whole = [replace(record(number), path="whole.csv") for number in range(200, 310)]
    made = pool(*whole, *parts)
    assert made.finish() == (*whole, *parts)
    made.add("last.json", [replace(record(150, shard=Shard(150, 150)), path="all.csv")])
    assert [each.path for each in made.finish()] == ["whole.csv and 110 more"]


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
    assert made.find_again([record(1), record(5)]) == (record(5), "1.json")
    assert made.find_again([record(5, shard=Shard(1, 2))]) is None
