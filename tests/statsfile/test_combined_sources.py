"""The records of sources: one stands for very many, the same in one step as in several; all stay while parts miss."""

from __future__ import annotations

from dataclasses import replace

import pytest
import xxhash

from zm_cli.data.block import MAX_LISTED
from zm_cli.data.shard import Shard
from zm_cli.statsfile.combined_sources import MAX_RECORDS, combine_sources, note_unlisted
from zm_cli.statsfile.members import MAX_MEMBERS
from zm_cli.statsfile.stats import SourceRecord


def record(number: int, kind: str = "csv", shard: Shard | None = None, **changes: object) -> SourceRecord:
    made = SourceRecord(f"{number:04}.csv", kind, number, 10 * number, f"xxh3_128:{number:032x}", shard=shard)
    return replace(made, **changes)  # type: ignore[arg-type]


def member(number: int, path: str | None = None, shard: str = "") -> str:
    return f"{number:032x} {xxhash.xxh3_64_hexdigest((path or f'{number:04}.csv').encode())}{shard}"


def test_records_are_kept_in_their_order_up_to_a_hundred() -> None:
    records = [record(number) for number in range(MAX_RECORDS, 0, -1)]
    assert combine_sources(records) == tuple(records)


def test_beyond_a_hundred_one_record_stands_for_all() -> None:
    records = [record(number, skipped=("x",), skipped_more=2) for number in range(1, MAX_RECORDS + 2)]
    (made,) = combine_sources(records)
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
        members=tuple(member(number) for number in range(1, 102)),
    )
    assert combine_sources([made]) == (made,)


@pytest.mark.parametrize("cuts", [(101,), (101, 102, 150), (120, 250), (1, 2, 299)])
def test_records_combined_in_steps_are_those_combined_at_once(cuts: tuple[int, ...]) -> None:
    records = [record(number, skipped=("x",) * (number % 2)) for number in range(1, 301)]
    combined: tuple[SourceRecord, ...] = ()
    for start, stop in zip((0, *cuts), (*cuts, 300), strict=True):
        combined = combine_sources([*combined, *records[start:stop]])
    assert combined == combine_sources(records)
    assert (combined[0].path, combined[0].sources) == ("0001.csv and 299 more", 300)


def test_the_first_samples_left_out_are_listed_and_all_are_counted() -> None:
    records = [record(number, skipped=tuple(map(str, range(30)))) for number in range(1, 102)]
    (made,) = combine_sources(records)
    assert len(made.skipped) == MAX_LISTED
    assert made.skipped_total == 30 * 101


def test_more_than_a_hundred_parts_of_a_source_become_one_source() -> None:
    parts = [
        replace(record(number, shard=Shard(number, 150)), path="./all.csv", bytes=7, skipped=("row 3: short",))
        for number in range(1, 151)
    ]
    (whole,) = combine_sources(parts)
    assert (whole.path, whole.sources, whole.shard) == ("./all.csv", 1, None)
    # Each part says how large the file is.
    assert whole.bytes == 7
    assert whole.skipped[0] == "row 3: short"
    assert whole.members[6] == member(7, "all.csv", " 7/150")
    (folder,) = combine_sources([replace(part, kind="images") for part in parts])
    assert folder.bytes == 7 * 150


def test_all_records_stay_while_parts_are_missing() -> None:
    parts = [replace(record(number, shard=Shard(number, 150)), path="all.csv") for number in range(1, 150)]
    whole = [replace(record(number), path="whole.csv") for number in range(200, 310)]
    assert combine_sources([*whole, *parts]) == (*whole, *parts)
    last = replace(record(150, shard=Shard(150, 150)), path="all.csv")
    assert [each.path for each in combine_sources([*whole, *parts, last])] == ["whole.csv and 110 more"]


def test_parts_that_are_all_empty_stay_parts() -> None:
    parts = tuple(record(0, shard=Shard(number, 150), path="all.csv") for number in range(1, 151))
    assert combine_sources(parts) == parts


def test_no_more_than_ten_thousand_members_are_listed() -> None:
    records = [record(number) for number in range(1, MAX_MEMBERS + 2)]
    (listed,) = combine_sources(records[:-1])
    assert len(listed.members) == MAX_MEMBERS
    assert note_unlisted([listed, record(3)]) == []
    (many,) = combine_sources(records)
    assert (many.sources, many.members) == (MAX_MEMBERS + 1, ())
    assert note_unlisted([many])[0].startswith("10,001 sources are not listed one by one")
    # A record that does not list its sources makes one that does not, either.
    assert combine_sources([many, record(20_000)])[0].members == ()
    # While a part is missing, records stay, but no more members than one record may have.
    part = record(30_000, shard=Shard(1, 2))
    assert [each.members for each in combine_sources([listed, replace(listed, path="b"), part])] == [()] * 3
    assert combine_sources([listed, part]) == (listed, part)
