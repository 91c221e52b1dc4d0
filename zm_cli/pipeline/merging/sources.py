"""The sources behind statistics that are merged: which come twice, which shards are missing, and their records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import xxhash

from zm_cli.data.block import MAX_LISTED
from zm_cli.data.shard import Shard
from zm_cli.inputs.standard_input import name_input
from zm_cli.pipeline.measuring.digest import format_digest
from zm_cli.statsfile.shards import MissingParts, find_missing_parts, group_parts
from zm_cli.statsfile.stats import SourceRecord

MAX_RECORDS = 100
"""The most sources that are recorded one by one; where there are more, one record stands for all."""


class SourcePool:
    """Collects the records of sources from one stats file after another."""

    def __init__(self) -> None:
        self._files: list[str] = []
        self._seen: dict[bytes, int] = {}
        self._records: list[SourceRecord] = []

    @property
    def has_shards(self) -> bool:
        """Whether a record is of a part of its source."""
        return any(record.shard is not None for record in self._records)

    def find_again(self, records: Sequence[SourceRecord]) -> tuple[SourceRecord, str] | None:
        """The first of the records whose samples are there already, with the file that has them; None without one."""
        for record in records:
            index = self._seen.get(_identify(record)) if record.samples else None
            if index is not None:
                return record, self._files[index]
        return None

    def add(self, file: str, records: Sequence[SourceRecord]) -> None:
        """Adds the records of a stats file."""
        self._files.append(file)
        for record in records:
            if record.samples:
                self._seen.setdefault(_identify(record), len(self._files) - 1)
        self._records += records

    def list_missing(self) -> list[MissingParts]:
        """The sources of which some parts are there and others are not."""
        return find_missing_parts(self._records)

    def finish(self) -> tuple[SourceRecord, ...]:
        """The records in their order or, where they are more than MAX_RECORDS, one that stands for all.

        As long as parts are missing, all records stay: they say which, when the others are merged with the result.
        """
        if len(self._records) > MAX_RECORDS and not self.list_missing():
            return (_combine(self._records),)
        # The only part of a source is all of it; a source without samples must stay a part to be valid.
        return tuple(
            replace(record, shard=None) if record.shard == Shard(1, 1) and record.samples else record
            for record in self._records
        )


def _combine(records: Sequence[SourceRecord]) -> SourceRecord:
    """One record that stands for the sources of all, of which no part is missing."""
    groups = group_parts(records).values()
    whole = [record for record in records if record.shard is None]
    sources = sum(record.sources for record in whole) + sum(parts.sources for parts in groups)
    hasher = xxhash.xxh3_128()
    skipped: list[str] = []
    for record in records:
        hasher.update(record.digest.encode())
        # The samples in a record of many sources have the paths of these before their names.
        before = f"{name_input(record.path)}: " if record.sources == 1 and sources > 1 else ""
        skipped += [before + name for name in record.skipped[: MAX_LISTED - len(skipped)]]
    first = records[0].path
    if records[0].sources > 1:
        first = first.removesuffix(_count_more(records[0].sources))
    return SourceRecord(
        path=first + _count_more(sources),
        kind=records[0].kind,
        samples=sum(record.samples for record in records),
        bytes=sum(record.bytes for record in whole) + sum(parts.bytes for parts in groups),
        digest=format_digest(hasher),
        skipped=tuple(skipped),
        skipped_more=sum(record.skipped_total for record in records) - len(skipped),
        sources=sources,
    )


def _count_more(sources: int) -> str:
    """What follows the path of the first source in the record of several."""
    return f" and {sources - 1:,} more" if sources > 1 else ""


def _identify(record: SourceRecord) -> bytes:
    """The same for the same samples: the digest, and which part of the data it is of."""
    digest = bytes.fromhex(record.digest.rpartition(":")[2])
    return digest if record.shard is None else digest + str(record.shard).encode()
