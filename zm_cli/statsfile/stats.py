"""Stats: statistics with all that is needed to apply and merge them, as a stats file holds them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.shard import Shard
from zm_cli.inputs.name_lists import MAX_NAMES, quote_few
from zm_cli.numbers.axes import Per
from zm_cli.numbers.groups.groups import Groups
from zm_cli.numbers.moments.arrays import WEIGHTS
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.statistic import Statistic
from zm_cli.outputs.provenance import Provenance
from zm_cli.statsfile.members import MEMBERS
from zm_cli.statsfile.saved_transform import KEY
from zm_cli.statsfile.shards import MissingParts, describe_missing, find_missing_parts

FORMAT = "zm-stats"
VERSION = 1

StatisticT = TypeVar("StatisticT", bound=Statistic)

SOURCE_FIELDS = ("path", "kind", "samples", "bytes", "digest", "skipped", "skipped_total", "shard", "sources")
"""What a stats file says about each source; of many that one record stands for, it also lists the MEMBERS."""


@dataclass(frozen=True)
class SourceRecord:
    """Where samples came from: the path as given, how many there were, which were left out, a digest of their bytes.

    `skipped` lists the first samples that were left out, `skipped_more` counts the others. `shard` is the part of the
    data at the path that was measured, None for all of them. A record can stand for many `sources` that were merged:
    its digest is then that of theirs, and `members` lists them as `Member` spells them, unless they are too many.
    """

    path: str
    kind: str
    samples: int
    bytes: int
    digest: str
    skipped: tuple[str, ...] = ()
    skipped_more: int = 0
    shard: Shard | None = None
    sources: int = 1
    members: tuple[str, ...] = ()

    @property
    def skipped_total(self) -> int:
        """How many samples were left out."""
        return len(self.skipped) + self.skipped_more

    def to_document(self) -> dict[str, Any]:
        """The record as JSON can hold it."""
        shard = None if self.shard is None else self.shard.to_document()
        fields = {name: getattr(self, name) for name in SOURCE_FIELDS}
        members = {MEMBERS: list(self.members)} if self.members else {}
        return fields | {"skipped": list(self.skipped), "shard": shard} | members


@dataclass(frozen=True, kw_only=True)
class Described:
    """What statistics stand for: the data, how they were read, and what has a mean of its own (`per`).

    `classes` are the names of the classes of the samples, sorted; None if there are no classes. `decoding` holds the
    recorded options of reading, by their names. `text_columns` are the columns of a table that are not features,
    because they hold text, or no number at all; None if they are not known, as in older files. `partial` says that
    only some of the samples were measured, as --limit and --sample ask for; which shards are missing follows from the
    sources. `provenance` says how the statistics were made, if that was asked for. `transform` is what they were
    saved for (operation, method and settings, as in a receipt); None if no command saved them with its output.
    """

    per: Per
    samples: int
    axes: str
    sample_shape: tuple[int | None, ...]
    names: tuple[str, ...] | None
    classes: tuple[str, ...] | None = None
    dtype: str
    unit: bool
    ignore: float | None
    decoding: Mapping[str, Any]
    sources: tuple[SourceRecord, ...]
    text_columns: tuple[str, ...] | None = ()
    partial: bool = False
    provenance: Provenance | None = None
    transform: Mapping[str, Any] | None = None

    @property
    def shard(self) -> Shard | None:
        """The part of the data that was measured, if it is the same for all sources; else None, as for whole data."""
        shards = {source.shard for source in self.sources}
        return shards.pop() if len(shards) == 1 else None

    @property
    def missing_parts(self) -> list[MissingParts]:
        """The sources of which some parts were measured and others were not."""
        return find_missing_parts(self.sources)


@dataclass(frozen=True, kw_only=True)
class Stats(Described):
    """The statistics of a dataset, in its own scale (0-1 with `unit`), and what they stand for.

    `statistics` are those that were asked for besides the moments, by their names. Arrays have the features' shape.
    `groups` are the same statistics of each group of samples, None if they were not asked for.
    """

    moments: Moments
    statistics: Mapping[str, Statistic] = field(default_factory=dict)
    groups: Groups | None = None

    @property
    def kind(self) -> str:
        """The kind of dataset that was measured."""
        return self.sources[0].kind

    @property
    def features(self) -> tuple[str, ...]:
        """A printable name for each feature, in order; pixels are named by their indices."""
        return tuple(self.name_feature(index) for index in range(self.moments.mean.size))

    def name_feature(self, index: int) -> str:
        """Returns a printable name for one feature, by its position among all in order."""
        shape = self.moments.mean.shape
        if self.per in ("channel", "column") and self.names is not None and len(self.names) == math.prod(shape):
            return self.names[index]
        return "all" if self.per == "all" else ",".join(map(str, np.unravel_index(index, shape)))

    def quote_features(self, indices: Sequence[int] | NDArray[np.intp], most: int = MAX_NAMES) -> str:
        """Returns the names of the first of these features in quotes, and how many more there are."""
        # There may be many pixels: only those that are listed get a name.
        return quote_few([self.name_feature(int(index)) for index in indices[:most]], most, total=len(indices))

    def get_statistic(self, kind: type[StatisticT]) -> StatisticT | None:
        """Returns the optional statistic of this class; None if it was not computed."""
        found = self.statistics.get(kind.name)
        assert found is None or isinstance(found, kind)
        return found

    @property
    def trial(self) -> str | None:
        """What part of the data the samples are, in words; None if they are all of them."""
        if self.partial:
            return f"a trial with {self.samples:,} of the samples (--limit, --sample)"
        missing = self.missing_parts
        if not missing:
            return None
        if self.shard is not None:
            return f"part {self.shard} of the data (--shard)"
        return f"some parts of the data (--shard): {describe_missing(missing)}"

    @property
    def range(self) -> tuple[float, float]:
        """The smallest and largest value seen; inf, -inf if there was none."""
        return float(self.moments.min.min()), float(self.moments.max.max())

    def select(self, names: list[str]) -> Stats:
        """Returns the statistics of some columns, in the given order."""
        positions = {name: position for position, name in enumerate(self.names or ())}
        indices = [positions[name] for name in names]
        return replace(
            self,
            names=tuple(names),
            sample_shape=(len(names),),
            moments=self.moments.select(indices),
            statistics={name: statistic.select(indices) for name, statistic in self.statistics.items()},
            groups=None if self.groups is None else self.groups.select(indices),
        )

    def to_document(self) -> dict[str, Any]:
        """Returns the fields of a stats file in their order: arrays as NumPy arrays, all others as JSON can hold them.

        `requires` lists the keys that a reader must understand; it may ignore all others that it does not know.
        """
        low, high = self.range
        document = {
            "format": FORMAT,
            "version": VERSION,
            "requires": [] if self.moments.weights is None else [WEIGHTS[0]],
            "per": self.per,
            "samples": self.samples,
            "partial": self.partial,
            "axes": self.axes,
            "sample_shape": list(self.sample_shape),
            "names": None if self.names is None else list(self.names),
            "text_columns": None if self.text_columns is None else list(self.text_columns),
            "classes": None if self.classes is None else list(self.classes),
            "dtype": self.dtype,
            "range": [low, high] if low <= high else None,
            "unit": self.unit,
            "ignore": self.ignore,
            "decoding": dict(self.decoding),
            "sources": [source.to_document() for source in self.sources],
            "shard": None if self.shard is None else self.shard.to_document(),
            "provenance": None if self.provenance is None else self.provenance.to_document(),
        }
        if self.transform is not None:
            document[KEY] = dict(self.transform)
        for statistic in (self.moments, *self.statistics.values()):
            document |= statistic.to_document()
        return document if self.groups is None else document | self.groups.to_document()
