"""The sources behind statistics that are merged: which come twice, and which parts are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from zm_cli.inputs.standard_input import name_input
from zm_cli.statsfile.combined_sources import combine_sources
from zm_cli.statsfile.members import NOTHING, WHOLE, Member, list_members, normalize_path
from zm_cli.statsfile.shards import MissingParts, find_missing_parts
from zm_cli.statsfile.stats import SourceRecord


class _Place(NamedTuple):
    """Where a source was seen: in which stats file; `path` is None inside a record of many sources."""

    file: str
    path: str | None


class SourcePool:
    """Collects the records of sources from one stats file after another.

    Sources are the same if their digests are. A source that is cut in another way has other digests, so it is
    recognized by its path, too, and by its dataset in a file that holds several. A `dataset` is the one that a stats
    file records; None if it records none, which may be any.
    """

    def __init__(self) -> None:
        self._records: list[SourceRecord] = []
        self._by_digest: dict[str, dict[int, dict[int, _Place]]] = {}
        """By digest, number of parts, and number of the part."""
        self._by_path: dict[str, dict[str | None, dict[int, _Place]]] = {}
        """The first part that was seen, by the hash of the path, the dataset and the number of parts."""

    @property
    def has_shards(self) -> bool:
        """Whether a record is of a part of its source."""
        return any(record.shard is not None for record in self._records)

    def find_again(self, records: Sequence[SourceRecord], dataset: str | None = None) -> str | None:
        """Returns a clause about the first source in the records of a stats file whose samples are in the pool already;
        None if there is none."""
        known = _take_dataset(records, dataset)
        for record in records:
            for member in _list_filled(record):
                if found := self._find_same(record, member) or self._find_cut_otherwise(record, member, known):
                    return found
        return None

    def add(self, file: str, records: Sequence[SourceRecord], dataset: str | None = None) -> None:
        """Adds the records of a stats file."""
        known = _take_dataset(records, dataset)
        for record in records:
            # The only part of a source is all of it; a source without samples must stay a part to be valid.
            self._records.append(replace(record, shard=None) if record.shard == WHOLE and record.samples else record)
            for digest, path, shard in _list_filled(record):
                place = _Place(file, record.path if record.sources == 1 else None)
                self._by_digest.setdefault(digest, {}).setdefault(shard.of, {}).setdefault(shard.index, place)
                if path != "-":
                    self._by_path.setdefault(path, {}).setdefault(known, {}).setdefault(shard.of, place)

    def list_missing(self) -> list[MissingParts]:
        """Returns the sources of which some parts are there and others are not."""
        return find_missing_parts(self._records)

    def finish(self) -> tuple[SourceRecord, ...]:
        """Returns the records in their order or, where they are very many, one that stands for all."""
        return combine_sources(self._records)

    def _find_same(self, record: SourceRecord, member: Member) -> str | None:
        """Returns a clause if there are samples with the digest of the member; None if not.

        Different parts of as many may have the same digest: data may repeat themselves.
        """
        seen = self._by_digest.get(member.digest)
        if seen is None:
            return None
        place = seen.get(member.shard.of, {}).get(member.shard.index)
        if place is None:
            others = (parts for of, parts in seen.items() if of != member.shard.of)
            place = next((place for parts in others for place in parts.values()), None)
        if place is None:
            return None
        path = _name_path(record, place)
        part = "" if member.shard == WHOLE else f"part {member.shard} of "
        return f"has a source that is in {place.file}, too: {part}{path}"

    def _find_cut_otherwise(self, record: SourceRecord, member: Member, dataset: str | None) -> str | None:
        """Returns a clause if another number of parts of the member's source was seen; None if not."""
        seen = self._by_path.get(member.path, {})
        alike = seen.values() if dataset is None else (seen.get(dataset, {}), seen.get(None, {}))
        for of, place in chain.from_iterable(places.items() for places in alike):
            if of != member.shard.of:
                theirs = "all of it" if of == 1 else f"it cut into {of} parts"
                mine = "all" if member.shard == WHOLE else f"part {member.shard}"
                return f"has {mine} of {_name_path(record, place)}, and {place.file} has {theirs}"
        return None


def _take_dataset(records: Sequence[SourceRecord], dataset: str | None) -> str | None:
    """Returns the dataset if the records are of one source, or of different parts of it; else None.

    Of several sources, a stats file records the dataset of the first one only.
    """
    cuts = {(normalize_path(record.path), record.sources, (record.shard or WHOLE).of) for record in records}
    shards = {record.shard for record in records}
    return dataset if len(cuts) == 1 and len(shards) == len(records) and records[0].sources == 1 else None


def _list_filled(record: SourceRecord) -> list[Member]:
    """Returns the members of a record that have samples."""
    return [member for member in list_members(record) if member.digest != NOTHING] if record.samples else []


def _name_path(record: SourceRecord, place: _Place) -> str:
    """Returns the path of a source that is in a record and was seen before; that of the record if neither lists it."""
    path = record.path if record.sources == 1 or place.path is None else place.path
    return name_input(path)
