"""Stats: moments with all that is needed to use them again, as the document that a stats file holds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zm_cli.data.block import Values
from zm_cli.data.spec import Spec
from zm_cli.errors import DataError
from zm_cli.numbers.axes import Per, count_channels, describe_shape, is_unclear
from zm_cli.numbers.moments import Moments
from zm_cli.outputs.provenance import Made

FORMAT = "zm-stats"
VERSION = 1


@dataclass(frozen=True)
class SourceRecord:
    """Where samples came from: the path as given, how many there were, which were left out, a digest of their bytes."""

    path: str
    kind: str
    samples: int
    bytes: int
    digest: str
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Described:
    """What statistics stand for: the data, how they were read, and what of them has a mean of its own.

    `partial` says that only the first samples were measured, `made` by which run, where that was asked for.
    """

    per: Per
    samples: int
    axes: str
    sample_shape: tuple[int | None, ...]
    names: tuple[str, ...] | None
    dtype: str
    unit: bool
    ignore: float | None
    decoding: Mapping[str, Any]
    sources: tuple[SourceRecord, ...]
    partial: bool
    made: Made | None


@dataclass(frozen=True)
class Stats(Described):
    """The statistics of a dataset: `moments` in the data's own scale (0-1 where `unit`) and what they stand for."""

    moments: Moments

    @property
    def kind(self) -> str:
        """The kind of dataset that was measured."""
        return self.sources[0].kind

    @property
    def features(self) -> tuple[str, ...]:
        """A printable name for each feature, in order; pixels are named by their indices."""
        return tuple(self.name_feature(index) for index in range(self.moments.mean.size))

    def name_feature(self, index: int) -> str:
        """A printable name for one feature, by its place among all in order."""
        shape = self.moments.mean.shape
        if self.per in ("channel", "column") and self.names is not None and len(self.names) == math.prod(shape):
            return self.names[index]
        return "all" if self.per == "all" else ",".join(map(str, np.unravel_index(index, shape)))

    @property
    def trial(self) -> str | None:
        """What the samples are where they are not all of them; None where they are."""
        return f"a trial with {self.samples:,} of the samples (--limit)" if self.partial else None

    def select(self, names: list[str]) -> Stats:
        """The statistics of some columns, in the given order."""
        places = {name: place for place, name in enumerate(self.names or ())}
        moments = self.moments.select([places[name] for name in names])
        return replace(self, names=tuple(names), sample_shape=(len(names),), moments=moments)

    def check_fits(self, spec: Spec, where: str) -> None:
        """Raises DataError, naming the difference, where these statistics cannot transform data of this spec."""
        if difference := self._find_difference(spec):
            raise DataError(f"does not fit the statistics: {difference}", where=where, hint="use data of the same kind")

    def _find_difference(self, spec: Spec) -> str | None:
        """What rules these statistics out: axes, channels, columns or sizes that do not line up with theirs."""
        axes = f"samples are {spec.axes}, statistics were made of {self.axes}"
        if (spec.axes == "NC") != (self.axes == "NC"):
            return axes
        if self.per == "channel":
            return axes if count_channels(spec) is None else self._compare_channels(spec)
        if self.per == "all":
            return None
        if self.per == "pixel" and spec.axes != self.axes and not (is_unclear(spec.axes) or is_unclear(self.axes)):
            return axes
        if spec.sample_shape != self.sample_shape:
            ours = describe_shape(self.sample_shape)
            return f"samples are {describe_shape(spec.sample_shape)}, statistics were made of {ours}"
        if self.names is not None and spec.names is not None and self.names != spec.names:
            return f"its names are {', '.join(spec.names)}, statistics were made of {', '.join(self.names)}"
        return None

    def _compare_channels(self, spec: Spec) -> str | None:
        channels, own = count_channels(spec), self.moments.mean.size
        if channels != own:
            return f"it has {channels} channel{'s' * (channels != 1)}, statistics were made of {own}"
        if self.names is not None and spec.names is not None and self.names != spec.names:
            return f"its channels are {', '.join(spec.names)}, statistics were made of {', '.join(self.names)}"
        return None

    def check_scale(self, spec: Spec, first: Values | None, where: str) -> None:
        """Raises DataError where data look to be of another scale: 0-255 for 0-1, or 16 bits for 8.

        `first` is a block of the data, None where none can be had; tables are never refused, since each column has a
        scale of its own.
        """
        if self.axes == "NC":
            return
        own, theirs = np.dtype(self.dtype), spec.dtype
        low, high = self.range
        if theirs.kind in "iu":
            if own.kind in "iu" and own != theirs and min(own.itemsize, theirs.itemsize) < 4:
                raise self._other_scale(f"its values are {theirs}, statistics were made of {own}", where)
            if own.kind == "f" and low >= 0 and high <= 1:
                raise self._other_scale(f"its values are {theirs}, statistics lie in 0-1", where)
            return
        if first is None or not np.isfinite(first).any():
            return
        least, most = (float(edge(first[np.isfinite(first)])) for edge in (np.min, np.max))
        if own.kind in "iu" and not self.unit and high > 1 and least >= 0 and 0 < most <= 1:
            raise self._other_scale(f"its values lie in 0-1, statistics were made of {own}", where)
        if low >= 0 and high <= 1 and most > 2:
            raise self._other_scale(f"its values reach {most:g}, statistics lie in 0-1", where)

    @staticmethod
    def _other_scale(what: str, where: str) -> DataError:
        hint = "measure training data of the same scale (--unit reads integers as 0-1), or --force"
        return DataError(f"does not fit the statistics: {what}", where=where, hint=hint)

    @property
    def range(self) -> tuple[float, float]:
        """The smallest and largest value seen; inf, -inf where there was none."""
        return float(self.moments.min.min()), float(self.moments.max.max())

    def to_document(self) -> dict[str, Any]:
        """The fields of a stats file in their order, arrays as NumPy arrays, everything else as JSON has it."""
        low, high = self.range
        moments = self.moments
        empty = moments.count == 0
        return {
            "format": FORMAT,
            "version": VERSION,
            "per": self.per,
            "samples": self.samples,
            "partial": self.partial,
            "axes": self.axes,
            "sample_shape": list(self.sample_shape),
            "names": None if self.names is None else list(self.names),
            "dtype": self.dtype,
            "range": [low, high] if low <= high else None,
            "unit": self.unit,
            "ignore": self.ignore,
            "decoding": dict(self.decoding),
            "sources": [{**vars(source), "skipped": list(source.skipped)} for source in self.sources],
            "made": None if self.made is None else self.made.to_document(),
            "count": moments.count,
            "missing": moments.missing,
            "mean": np.where(empty, np.nan, moments.mean),
            "std": moments.std(),
            "var": moments.variance(),
            "min": np.where(empty, np.nan, moments.min),
            "max": np.where(empty, np.nan, moments.max),
            "m2": moments.m2,
        }
