"""The shards among the sources of statistics: which are there, and which are missing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zm_cli.data.shard import Shard
from zm_cli.formats import formats
from zm_cli.formats.shared.options import FILES
from zm_cli.inputs.standard_input import name_input

if TYPE_CHECKING:
    from zm_cli.statsfile.stats import SourceRecord

MAX_RANGES = 8
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
        texts = [f"{start:,}" if start == stop else f"{start:,}-{stop:,}" for start, stop in self.ranges[:MAX_RANGES]]
        if rest := len(self.ranges) - len(texts):
            texts.append(f"{rest:,} more range{'s' * (rest > 1)}")
        *some, last = texts
        listed = f"{', '.join(some)} and {last}" if some else last
        return f"part{'s' * several} {listed} of {self.of:,} {'are' if several else 'is'} missing"


class Parts:
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


def group_parts(records: Iterable[SourceRecord]) -> dict[tuple[str, int], Parts]:
    """The records that are of parts, by the path of the source and the number of parts that it is cut into."""
    groups: dict[tuple[str, int], Parts] = {}
    for record in records:
        if record.shard is not None:
            path = record.path if record.path == "-" else os.path.normpath(record.path)
            groups.setdefault((path, record.shard.of), Parts()).add(record)
    return groups


def find_missing_parts(records: Iterable[SourceRecord]) -> list[MissingParts]:
    """The sources of which some parts are there and others are not."""
    found = ((path, of, parts.find_gaps(of)) for (path, of), parts in group_parts(records).items())
    return [MissingParts(path, of, gaps) for path, of, gaps in found if gaps]


def describe_missing(missing: Sequence[MissingParts]) -> str:
    """Which parts are missing of the first source, and of how many others some are missing."""
    first, *others = missing
    more = f", and parts of {len(others):,} more" if others else ""
    return f"of {name_input(first.path)}, {first}{more}"


def add_bytes(parts: Sequence[SourceRecord]) -> int:
    """The bytes of a source, from the records of its parts."""
    together = Parts()
    for part in parts:
        together.add(part)
    return together.bytes
