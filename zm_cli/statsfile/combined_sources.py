"""The records of sources in a stats file: each by itself up to MAX_RECORDS, beyond that one that stands for all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import xxhash

from zm_cli.data.block import MAX_LISTED
from zm_cli.data.digest import DIGEST_PREFIX, format_digest
from zm_cli.inputs.standard_input import name_input
from zm_cli.statsfile.members import MAX_MEMBERS, Member, list_members
from zm_cli.statsfile.shards import find_missing_parts, group_parts
from zm_cli.statsfile.stats import SourceRecord

MAX_RECORDS = 100
"""The most sources and parts of sources that are recorded one by one."""


def combine_sources(records: Sequence[SourceRecord]) -> tuple[SourceRecord, ...]:
    """Returns the records as a stats file holds them: in their order or, beyond MAX_RECORDS, one that stands for all.

    That one is the same whether sources are combined all at once or in several steps. While parts of a source are
    missing, all records stay: they say which, when the others are merged with the result.
    """
    members = [list_members(record) for record in records]
    number = sum(len(found) or record.sources for found, record in zip(members, records, strict=True))
    if (
        len(records) > 1
        and number > MAX_RECORDS
        and any(record.samples for record in records)
        and not find_missing_parts(records)
    ):
        return (_combine(records, members),)
    if sum(len(record.members) for record in records) > MAX_MEMBERS:
        return tuple(replace(record, members=()) for record in records)
    return tuple(records)


def note_unlisted(records: Iterable[SourceRecord]) -> list[str]:
    """Returns a note if a record stands for sources that it does not list, else nothing."""
    number = sum(record.sources for record in records if record.sources > 1 and not record.members)
    if not number:
        return []
    return [f"{number:,} sources are not listed one by one: zm merge will not notice if one of them comes again"]


def _combine(records: Sequence[SourceRecord], members: Sequence[Sequence[Member]]) -> SourceRecord:
    """Returns one record that stands for the sources of all, of which no part is missing."""
    groups = group_parts(records).values()
    whole = [record for record in records if record.shard is None]
    sources = sum(record.sources for record in whole) + sum(parts.sources for parts in groups)
    hasher = xxhash.xxh3_128()
    skipped: list[str] = []
    for record, found in zip(records, members, strict=True):
        # The digests of sources, not of earlier combinations: so the steps do not matter.
        for digest in [DIGEST_PREFIX + member.digest for member in found] or [record.digest]:
            hasher.update(digest.encode())
        # A record of many sources has their paths before the names of its samples already.
        before = f"{name_input(record.path)}: " if record.sources == 1 and sources > 1 else ""
        skipped += [before + name for name in record.skipped[: MAX_LISTED - len(skipped)]]
    listed = [str(member) for found in members for member in found]
    return SourceRecord(
        path=records[0].path.removesuffix(_count_more(records[0].sources)) + _count_more(sources),
        kind=records[0].kind,
        samples=sum(record.samples for record in records),
        bytes=sum(record.bytes for record in whole) + sum(parts.bytes for parts in groups),
        digest=format_digest(hasher),
        skipped=tuple(skipped),
        skipped_more=sum(record.skipped_total for record in records) - len(skipped),
        sources=sources,
        members=tuple(listed) if all(members) and len(listed) <= MAX_MEMBERS else (),
    )


def _count_more(sources: int) -> str:
    """Returns what follows the path of the first source in the record of several."""
    return f" and {sources - 1:,} more" if sources > 1 else ""
