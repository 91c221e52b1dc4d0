"""Members: how sources in a record that stands for many are spelled, and what is not one."""

from __future__ import annotations

import pytest
import xxhash

from zm_cli.data.shard import Shard
from zm_cli.statsfile.members import is_member, list_members
from zm_cli.statsfile.stats import SourceRecord

DIGEST = "0123456789abcdef" * 2


def record(path: str, shard: Shard | None = None) -> SourceRecord:
    return SourceRecord(path, "csv", 3, 100, f"xxh3_128:{DIGEST}", shard=shard)


@pytest.mark.parametrize(
    ("made", "spelled"),
    [
        (record("a/b.csv"), f"{DIGEST} {xxhash.xxh3_64_hexdigest(b'a/b.csv')}"),
        (record("./a//b.csv", Shard(1, 1)), f"{DIGEST} {xxhash.xxh3_64_hexdigest(b'a/b.csv')}"),
        (record("a/b.csv", Shard(3, 12)), f"{DIGEST} {xxhash.xxh3_64_hexdigest(b'a/b.csv')} 3/12"),
        (record("-", Shard(2, 2)), f"{DIGEST} - 2/2"),
        (record("\ud800\udc80"), f"{DIGEST} {xxhash.xxh3_64_hexdigest(bytes.fromhex('eda080edb280'))}"),
    ],
)
def test_a_source_is_spelled_by_its_digest_path_and_part(made: SourceRecord, spelled: str) -> None:
    (member,) = list_members(made)
    assert str(member) == spelled
    assert is_member(spelled)
    many = SourceRecord("x", "csv", 6, 200, f"xxh3_128:{'f' * 32}", sources=2, members=(spelled, spelled))
    assert list_members(many) == [member, member]


def test_a_record_of_many_need_not_list_them() -> None:
    assert list_members(SourceRecord("x", "csv", 6, 200, f"xxh3_128:{DIGEST}", sources=2)) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        DIGEST,
        f"{DIGEST} ",
        f"{DIGEST} 0123456789abcde",
        f"{DIGEST} 0123456789abcdef ",
        f"{DIGEST} 0123456789abcdef\n",
        f"{DIGEST.upper()} -",
        f"{DIGEST} - 0/2",
        f"{DIGEST} - 3/2",
        f"{DIGEST} - 1/4294967297",
        f"{DIGEST} - 1/99999999999",
        f"{DIGEST} - 1/2 1/2",
        f"{DIGEST} - \u0661/2",
    ],
)
def test_other_texts_are_not_members(text: str) -> None:
    assert not is_member(text)
