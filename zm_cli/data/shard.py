"""Shard: one of several equal parts of the data, which are processed independently."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from zm_cli.errors import UsageError

MAX_SHARDS = 1 << 32
"""More parts than there are samples in any dataset."""


@dataclass(frozen=True)
class Shard:
    """The part number `index`, counted from 1, of `of` equal parts."""

    index: int
    of: int

    def cut(self, total: int) -> tuple[int, int]:
        """Returns the first sample of this part of `total` samples, and the end; sizes of parts differ by at most 1."""
        return (self.index - 1) * total // self.of, self.index * total // self.of

    def __str__(self) -> str:
        return f"{self.index}/{self.of}"

    def to_document(self) -> dict[str, int]:
        """Returns the shard as JSON values."""
        return {"index": self.index, "of": self.of}


def is_shard_number(index: Any, of: Any) -> bool:
    """Returns whether two values that are not trusted are the number of a part and the number of all parts."""
    return type(index) is int and type(of) is int and 1 <= index <= of <= MAX_SHARDS


def parse_shard(text: str) -> Shard:
    """Returns the shard in a text such as `3/8`; UsageError if it is not one, or its number is out of range."""
    match = re.fullmatch(r"\s*(\d{1,10})\s*/\s*(\d{1,10})\s*", text)
    if match is None:
        raise UsageError(f"'{text}' is not a part of the data", where="--shard", hint="write the third of 8 as 3/8")
    shard = Shard(int(match[1]), int(match[2]))
    if not 1 <= shard.of <= MAX_SHARDS:
        raise UsageError(f"{shard.of} is not a number of parts", where="--shard", hint="write the third of 8 as 3/8")
    if not 1 <= shard.index <= shard.of:
        hint = f"parts are counted from 1 to {shard.of}"
        raise UsageError(f"there is no part {shard.index} of {shard.of}", where="--shard", hint=hint)
    return shard
