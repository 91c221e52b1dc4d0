"""Members: by what the sources in a record that stands for many are recognized when one of them comes again."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

import xxhash

from zm_cli.data.shard import Shard, is_shard_number

if TYPE_CHECKING:
    from zm_cli.statsfile.stats import SourceRecord

MEMBERS = "members"
"""The field of a record that lists them."""
MAX_MEMBERS = 10_000
"""The most members of the records in a stats file; with more sources, none are recorded."""
NOTHING = xxhash.xxh3_128_hexdigest(b"")
"""The digest of a source without samples."""
WHOLE = Shard(1, 1)
"""All of a source; its only part is the same."""
_PATTERN = re.compile("[0-9a-f]{32} (?:[0-9a-f]{16}|-)(?: [1-9][0-9]{0,9}/[1-9][0-9]{0,9})?")


class Member(NamedTuple):
    """One source or one part of a source: its digest, a hash of its normalized path, which part it is.

    Digest and hash are hexadecimal digits; standard input, which has no path, has the hash `-`.
    """

    digest: str
    path: str
    shard: Shard

    def __str__(self) -> str:
        """The member as a stats file spells it."""
        return f"{self.digest} {self.path}" + ("" if self.shard == WHOLE else f" {self.shard}")


def list_members(record: SourceRecord) -> list[Member]:
    """Returns the members of a record, of a single source itself; none where the record does not list them."""
    if record.members:
        return [_parse_member(text) for text in record.members]
    if record.sources > 1:
        return []
    return [Member(record.digest.rpartition(":")[2], _hash_path(record.path), record.shard or WHOLE)]


def is_member(text: str) -> bool:
    """Returns whether a text that is not trusted spells a member."""
    if _PATTERN.fullmatch(text) is None:
        return False
    shard = text[32:].split(" ")[2:]
    return not shard or is_shard_number(*map(int, shard[0].split("/")))


def normalize_path(path: str) -> str:
    """Returns the path of a source, spelled so that different spellings of one path are the same."""
    return path if path == "-" else os.path.normpath(path)


def _parse_member(text: str) -> Member:
    digest, path, *shard = text.split(" ")
    return Member(digest, path, Shard(*map(int, shard[0].split("/"))) if shard else WHOLE)


def _hash_path(path: str) -> str:
    return "-" if path == "-" else xxhash.xxh3_64_hexdigest(normalize_path(path).encode(errors="surrogatepass"))
