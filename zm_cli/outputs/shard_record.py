"""The field of a receipt that says which part of a dataset an output is, of how many, and how the dataset was cut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zm_cli.data.shard import Shard, is_shard_number
from zm_cli.errors import DataError

FIELD = "shard"
COUNTS = {
    "axis": "samples are along axis {theirs}, not {ours}",
    "total": "the data that were cut into parts have size {theirs}, not {ours}",
    "files": "the data that were cut into parts had {theirs} files, not {ours}",
}
"""Optional fields, each with the clause that says how two parts differ in it.

They are the axis of the samples in an array, and how many samples, bytes of text or files were cut into parts.
"""


def record_shard(shard: Shard | None, found: Mapping[str, Any] | None, where: str) -> dict[str, Any]:
    """Returns the field of a receipt that says which part of a dataset an output is; no field if it is all of it.

    `shard` is the part of the data at `where` that is written. `found` is the receipt of those data, which may be a
    part themselves: then the output is the same part. Raises DataError for a part of a part.
    """
    own = (found or {}).get(FIELD)
    if own is not None and shard is not None:
        raise DataError(
            f"is part {format_shard(found)} of a dataset itself",
            where=where,
            hint="cut the whole dataset into more parts instead",
        )
    if shard is not None:
        return {FIELD: shard.to_document()}
    return {} if own is None else {FIELD: own}


def add_to_shard(receipt: Mapping[str, Any], **counts: int) -> dict[str, Any]:
    """Returns the receipt with more COUNTS if it is that of a part; counts that it has already stay as they are."""
    shard = receipt.get(FIELD)
    return dict(receipt) if shard is None else {**receipt, FIELD: {**shard, **counts, **shard}}


def find_shard(receipt: Mapping[str, Any] | None) -> Shard | None:
    """Returns which part of a dataset the output with this receipt is; None if it is all of it."""
    shard = (receipt or {}).get(FIELD)
    return None if shard is None else Shard(shard["index"], shard["of"])


def is_later_shard(receipt: Mapping[str, Any]) -> bool:
    """Returns whether an output is a part after the first: only the first has what is not samples."""
    shard = find_shard(receipt)
    return shard is not None and shard.index > 1


def format_shard(receipt: Mapping[str, Any] | None) -> str:
    """Returns the part that an output is, such as `3/8`; an empty text if it is all of the data."""
    shard = find_shard(receipt)
    return "" if shard is None else str(shard)


def is_shard(value: Any) -> bool:
    """Returns whether a value that is not trusted can be the field of a receipt."""
    if not isinstance(value, dict):
        return False
    counts = (value.get(name, 0) for name in COUNTS)
    return is_shard_number(value.get("index"), value.get("of")) and all(
        type(number) is int and number >= 0 for number in counts
    )
