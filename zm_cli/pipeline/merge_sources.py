"""The sources behind statistics that are merged: which come twice, which shards are missing, and their records."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import xxhash

from zm_cli.data.block import MOST_LISTED
from zm_cli.data.shard import Shard
from zm_cli.formats import formats
from zm_cli.formats.shared.options import FILES
from zm_cli.inputs.standard_input import name_input
from zm_cli.pipeline.digest import show_digest
from zm_cli.statsfile.stats import SourceRecord

MOST_RECORDS = 100
"""The most sources that are recorded one by one; where there are more, one record stands for all."""
MOST_RANGES = 8
"""The most ranges of missing parts that a message lists."""


@dataclass(frozen=True)
class MissingParts:
    """The parts of one source that are not there, as ranges of their numbers, both ends included."""

    path: str
    of: int
    ranges: tuple[tuple[int, int], ...]

    @property
    def first(self) -> Shard:
        """The first part that is missing."""
        return Shard(self.ranges[0][0], self.of)

    @property
    def count(self) -> int:
        """How many parts are missing."""
        return sum(stop - start + 1 for start, stop in self.ranges)

    def __str__(self) -> str:
        several = self.count > 1
        texts = [f"{start:,}" if start == stop else f"{start:,}-{stop:,}" for start, stop in self.ranges[:MOST_RANGES]]
        if rest := len(self.ranges) - len(texts):
            texts.append(f"{rest:,} more range{'s' * (rest > 1)}")
        *some, last = texts
        listed = f"{', '.join(some)} and {last}" if some else last
        return f"part{'s' * several} {listed} of {self.of:,} {'are' if several else 'is'} missing"


class SourcePool:
    """Collects the records of sources from one stats file after another, in memory that hardly grows with them."""

    def __init__(self) -> None:
        self.has_shards = False
        """Whether a record was of a part of its source."""
        self._files: list[str] = []
        self._seen: dict[bytes, int] = {}
        self._shards: dict[tuple[str, int], _Parts] = {}
        self._records: list[SourceRecord] = []
        self._total = _Total()

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
            if record.shard is not None:
                self.has_shards = True
                path = record.path if record.path == "-" else os.path.normpath(record.path)
                self._shards.setdefault((path, record.shard.of), _Parts()).add(record)
            self._total.add(record)
            if self._total.records <= MOST_RECORDS:
                # The only part of a source is all of it.
                self._records.append(replace(record, shard=None) if record.shard == Shard(1, 1) else record)
            else:
                self._records.clear()

    def list_missing(self) -> list[MissingParts]:
        """The sources of which some parts are there and others are not."""
        found = ((path, of, parts.find_gaps(of)) for (path, of), parts in self._shards.items())
        return [MissingParts(path, of, gaps) for path, of, gaps in found if gaps]

    def finish(self) -> tuple[SourceRecord, ...]:
        """The records in their order or, where they are more than MOST_RECORDS, one that stands for all."""
        if self._records:
            return tuple(self._records)
        sharded = self._shards.values()
        return (self._total.to_record(sum(each.sources for each in sharded), sum(each.bytes for each in sharded)),)


def add_bytes(parts: Sequence[SourceRecord]) -> int:
    """The bytes of a source, from the records of its parts."""
    together = _Parts()
    for part in parts:
        together.add(part)
    return together.bytes


class _Parts:
    """The parts of sources that have one path and are cut into as many parts: their digests, by their numbers."""

    def __init__(self) -> None:
        self._digests: dict[int, set[str]] = {}
        self._empty: set[int] = set()
        self._total_bytes = 0
        self._most_bytes = 0
        self._kind = ""

    def add(self, record: SourceRecord) -> None:
        """Adds the record of a part."""
        assert record.shard is not None
        self._kind = record.kind
        self._total_bytes += record.bytes
        self._most_bytes = max(self._most_bytes, record.bytes)
        digests = self._digests.setdefault(record.shard.index, set())
        if record.samples:
            digests.add(record.digest)
        else:
            self._empty.add(record.shard.index)

    @property
    def sources(self) -> int:
        """How many sources these are: on two machines, different data can have the same path."""
        return max(1, *map(len, self._digests.values()))

    @property
    def bytes(self) -> int:
        """The size of the sources: parts of a list of files have files of their own, those of a file are all of it."""
        has_files = FILES.name in formats()[self._kind].option_names
        return self._total_bytes if has_files else self._most_bytes * self.sources

    def find_gaps(self, of: int) -> tuple[tuple[int, int], ...]:
        """The ranges of parts that some of the sources lack."""
        wanted = self.sources
        there = (index for index, found in self._digests.items() if len(found) == wanted or index in self._empty)
        gaps, expected = [], 1
        for index in (*sorted(there), of + 1):
            if index > expected:
                gaps.append((expected, index - 1))
            expected = index + 1
        return tuple(gaps)


class _Total:
    """What one record says of many."""

    def __init__(self) -> None:
        self.records = 0
        self._first: SourceRecord | None = None
        self._sources = 0
        self._samples = 0
        self._bytes = 0
        self._hasher = xxhash.xxh3_128()
        self._skipped: list[tuple[str | None, str]] = []
        self._skipped_total = 0

    def add(self, record: SourceRecord) -> None:
        self._first = self._first or record
        self.records += 1
        self._samples += record.samples
        if record.shard is None:
            self._sources += record.sources
            self._bytes += record.bytes
        self._hasher.update(record.digest.encode())
        # The samples in a record of many sources have the paths of these before their names.
        path = name_input(record.path) if record.sources == 1 else None
        self._skipped += [(path, name) for name in record.skipped[: MOST_LISTED - len(self._skipped)]]
        self._skipped_total += record.skipped_total

    def to_record(self, sharded: int, sharded_bytes: int) -> SourceRecord:
        """The record of all sources, of which `sharded`, of so many bytes, were added in parts."""
        assert self._first is not None
        sources = self._sources + sharded
        first = self._first.path
        if self._first.sources > 1:
            first = first.removesuffix(_count_more(self._first.sources))
        skipped = tuple(name if path is None or sources == 1 else f"{path}: {name}" for path, name in self._skipped)
        return SourceRecord(
            path=first + _count_more(sources),
            kind=self._first.kind,
            samples=self._samples,
            bytes=self._bytes + sharded_bytes,
            digest=show_digest(self._hasher),
            skipped=skipped,
            skipped_more=self._skipped_total - len(skipped),
            sources=sources,
        )


def _count_more(sources: int) -> str:
    """What follows the path of the first source in the record of several."""
    return f" and {sources - 1:,} more" if sources > 1 else ""


def _identify(record: SourceRecord) -> bytes:
    """The same for the same samples: the digest, and which part of the data it is of."""
    digest = bytes.fromhex(record.digest.rpartition(":")[2])
    return digest if record.shard is None else digest + str(record.shard).encode()
