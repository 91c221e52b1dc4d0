"""The parts of sources that were measured: which are there, and which are missing."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from zm_cli.data.shard import Shard
from zm_cli.formats import formats
from zm_cli.formats.shared.options import FILES
from zm_cli.inputs.standard_input import name_input
from zm_cli.statsfile.members import normalize_path

if TYPE_CHECKING:
    from zm_cli.statsfile.stats import SourceRecord

MAX_RANGES = 8
"""The most ranges of missing parts that a message lists."""
MAX_COMMANDS = 3
"""The most commands that a message suggests."""
MAX_PATHS = 4
"""The most sources that a suggested command names."""


@dataclass(frozen=True)
class MissingParts:
    """The missing parts of one source, as ranges of their numbers, both ends included."""

    path: str
    of: int
    ranges: tuple[tuple[int, int], ...]

    def list_shards(self) -> Iterator[Shard]:
        """Yields the parts that are missing, in their order."""
        for start, stop in self.ranges:
            yield from (Shard(index, self.of) for index in range(start, stop + 1))

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
    """The parts of sources with the same path and the same number of parts.

    There can be several sources: on two machines, different data can have the same path.
    """

    def __init__(self) -> None:
        self._digests: dict[int, set[str]] = {}
        """The digests of the parts that have samples, by the number of the part."""
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
        """How many sources these are at least: as many as a part has different digests."""
        return max(1, *map(len, self._digests.values()))

    @property
    def bytes(self) -> int:
        """The size of the sources. A part of a list of files is as large as its files, a part of a file as the file."""
        has_files = FILES.name in formats()[self._kind].option_names
        return self._total_bytes if has_files else self._most_bytes * self.sources

    def find_gaps(self, of: int) -> tuple[tuple[int, int], ...]:
        """Returns the ranges of parts that some of the sources lack, of `of` parts."""
        wanted = self.sources
        there = (index for index, found in self._digests.items() if len(found) == wanted or index in self._empty)
        gaps, expected = [], 1
        for index in (*sorted(there), of + 1):
            if index > expected:
                gaps.append((expected, index - 1))
            expected = index + 1
        return tuple(gaps)


def group_parts(records: Iterable[SourceRecord]) -> dict[tuple[str, int], Parts]:
    """Returns the parts in the records, by the normalized path of the source and the number of its parts."""
    groups: dict[tuple[str, int], Parts] = {}
    for record in records:
        if record.shard is not None:
            groups.setdefault((normalize_path(record.path), record.shard.of), Parts()).add(record)
    return groups


def find_missing_parts(records: Iterable[SourceRecord]) -> list[MissingParts]:
    """Returns the missing parts of each source of which some parts are there."""
    found = ((path, of, parts.find_gaps(of)) for (path, of), parts in group_parts(records).items())
    return [MissingParts(path, of, gaps) for path, of, gaps in found if gaps]


def suggest_commands(missing: Sequence[MissingParts]) -> str:
    """Returns the commands that measure missing parts; of many, the first ones."""
    paths: dict[Shard, list[str]] = {}
    for each in missing:
        for shard in islice(each.list_shards(), MAX_COMMANDS + 1):
            paths.setdefault(shard, []).append(shlex.quote(each.path))
    commands = [
        f"zm stats {' '.join(named[:MAX_PATHS])}{' ...' * (len(named) > MAX_PATHS)} --shard {shard}"
        for shard, named in paths.items()
    ]
    return ", ".join(commands[:MAX_COMMANDS]) + ", ..." * (len(commands) > MAX_COMMANDS)


def describe_missing(missing: Sequence[MissingParts]) -> str:
    """Returns a clause that says which parts of the first source are missing, and how many more sources lack some."""
    first, *others = missing
    more = f", and parts of {len(others):,} more source{'s' * (len(others) > 1)}" if others else ""
    return f"of {name_input(first.path)}, {first}{more}"


def add_bytes(parts: Sequence[SourceRecord]) -> int:
    """Returns the size of a source in bytes, from the records of its parts."""
    together = Parts()
    for part in parts:
        together.add(part)
    return together.bytes
