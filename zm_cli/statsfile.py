"""Stats: moments with all that is needed to use them again, as the document that a stats file holds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast, get_args

import numpy as np
from numpy.typing import NDArray

from zm_cli.axes import PER, UNNAMED, Per, describe_shape
from zm_cli.block import Spec
from zm_cli.errors import DataError
from zm_cli.moments import Moments

FORMAT = "zm-stats"
VERSION = 1
COUNTS = ("count", "missing")
NUMBERS = ("mean", "m2", "min", "max")
DERIVED = ("std", "var")


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
class Stats:
    """The statistics of a dataset: `moments` in the data's own scale (0-1 where `unit`) and what they stand for."""

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
    moments: Moments

    @property
    def kind(self) -> str:
        """The kind of dataset that was measured."""
        return self.sources[0].kind

    @property
    def features(self) -> tuple[str, ...]:
        """A printable name for each feature, in order; pixels are named by their indices."""
        shape = self.moments.mean.shape
        if self.per in ("channel", "column") and self.names is not None and len(self.names) == math.prod(shape):
            return self.names
        if self.per == "all":
            return ("all",)
        return tuple(",".join(map(str, index)) for index in np.ndindex(shape))

    def select(self, names: list[str]) -> Stats:
        """The statistics of some columns, in the given order."""
        own = self.names or ()
        moments = self.moments.select([own.index(name) for name in names])
        return replace(self, names=tuple(names), sample_shape=(len(names),), moments=moments)

    def check_fits(self, spec: Spec, where: str) -> None:
        """Raises DataError, naming the difference, where these statistics cannot transform data of this spec."""
        for difference, hint in self._differences(spec):
            raise DataError(f"does not fit the statistics: {difference}", where=where, hint=hint)

    def _differences(self, spec: Spec) -> list[tuple[str, str]]:
        axes = f"samples are {spec.axes}, statistics were made of {self.axes}"
        found: list[tuple[str, str]] = []
        if self.per == "channel":
            alike = len(spec.axes) > 2
            found = self._channel_differences(spec) if alike else [(axes, "use data that have channels")]
        elif self.per == "column" and spec.axes != self.axes:
            found = [(axes, "use a table")]
        elif self.per == "pixel" and spec.axes != self.axes and not UNNAMED & {*spec.axes, *self.axes}:
            found = [(axes, f"bring the data into the order {self.axes}, or say their --layout")]
        elif self._needs_shape and spec.sample_shape != self.sample_shape:
            theirs, ours = describe_shape(spec.sample_shape), describe_shape(self.sample_shape)
            found = [(f"samples are {theirs}, statistics were made of {ours}", "use data of the same shape")]
        if self.per != "column":
            found += self._scale_differences(spec)
        return found

    @property
    def _needs_shape(self) -> bool:
        """Whether features are told apart by nothing but their place in a sample."""
        return self.per == "pixel" or (self.per == "column" and self.names is None)

    def _channel_differences(self, spec: Spec) -> list[tuple[str, str]]:
        channels = spec.sample_shape[spec.axes.index("C") - 1] if "C" in spec.axes else 1
        own = self.moments.mean.size
        if channels != own:
            return [(f"it has {channels} channels, statistics were made of {own}", "measure data of the same channels")]
        if None not in (self.names, spec.names) and self.names != spec.names:
            theirs, ours = "".join(spec.names or ()), "".join(self.names or ())
            return [(f"its channels are {theirs}, statistics were made of {ours}", f"read it with --mode {ours}")]
        return []

    def _scale_differences(self, spec: Spec) -> list[tuple[str, str]]:
        own, theirs = np.dtype(self.dtype), spec.dtype
        if own.kind in "iu" and theirs.kind in "iu" and own != theirs and not self.unit:
            return [(f"its values are {theirs}, statistics were made of {own}", "measure it at its own scale")]
        low, high = self.range
        if own.kind == "f" and theirs.kind in "iu" and low >= 0 and high <= 1:
            return [(f"its values are {theirs}, statistics lie in 0-1", "measure the training data with --unit")]
        return []

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
            "axes": self.axes,
            "sample_shape": list(self.sample_shape),
            "names": None if self.names is None else list(self.names),
            "dtype": self.dtype,
            "range": [low, high] if low <= high else None,
            "unit": self.unit,
            "ignore": self.ignore,
            "decoding": dict(self.decoding),
            "sources": [{**vars(source), "skipped": list(source.skipped)} for source in self.sources],
            "count": moments.count,
            "missing": moments.missing,
            "mean": np.where(empty, np.nan, moments.mean),
            "std": moments.std(),
            "var": moments.variance(),
            "min": np.where(empty, np.nan, moments.min),
            "max": np.where(empty, np.nan, moments.max),
            "m2": moments.m2,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any], where: str) -> Stats:
        """The Stats that such a document holds; DataError, naming the field, where it is not one.

        Arrays may be nested lists or NumPy arrays. `std` and `var` are not read back.
        """
        reader = _Reader(document, where)
        if document.get("format") != FORMAT:
            raise DataError("is no stats file", where=where, hint="make one with zm stats")
        if document.get("version") != VERSION:
            raise DataError(
                f"is a stats file of version {document.get('version')!r}, this zm reads version {VERSION}", where=where
            )
        per = reader.text("per")
        if per not in get_args(Per):
            raise reader.error("per", f"is none of {', '.join(PER)}")
        names = reader.list("names", optional=True)
        if names is not None and not all(isinstance(name, str) for name in names):
            raise reader.error("names", "holds something that is no text")
        shape = reader.list("sample_shape")
        if not all(size is None or _is_count(size) for size in shape):
            raise reader.error("sample_shape", "holds something that is no size")
        stats = cls(
            per=cast(Per, per),
            samples=reader.count("samples"),
            axes=reader.text("axes"),
            sample_shape=tuple(shape),
            names=None if names is None else tuple(names),
            dtype=reader.dtype("dtype"),
            unit=reader.flag("unit"),
            ignore=reader.number("ignore"),
            decoding=reader.mapping("decoding"),
            sources=reader.sources(),
            moments=reader.moments(),
        )
        if len(stats.axes) != len(stats.sample_shape) + 1 or not stats.axes.startswith("N"):
            raise reader.error("axes", f"do not name the axes of samples of {describe_shape(stats.sample_shape)}")
        reader.check_features(stats)
        return stats


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


class _Reader:
    """Takes checked fields out of a document that may be anybody's."""

    def __init__(self, document: Mapping[str, Any], where: str) -> None:
        self._document = document
        self._where = where

    def error(self, field: str, what: str) -> DataError:
        return DataError(
            f"'{field}' {what}", where=self._where, hint="the file is damaged; make it again with zm stats"
        )

    def _get(self, field: str, kind: type | tuple[type, ...], what: str) -> Any:
        if field not in self._document:
            raise self.error(field, "is not there")
        value = self._document[field]
        if not isinstance(value, kind):
            raise self.error(field, f"is no {what}")
        return value

    def text(self, field: str) -> str:
        return cast(str, self._get(field, str, "text"))

    def count(self, field: str) -> int:
        value = self._get(field, int, "number of samples")
        if not _is_count(value):
            raise self.error(field, "is no number of samples")
        return cast(int, value)

    def flag(self, field: str) -> bool:
        return cast(bool, self._get(field, bool, "true or false"))

    def number(self, field: str) -> float | None:
        value = self._get(field, (int, float, type(None)), "number")
        return None if value is None else float(value)

    def list(self, field: str, *, optional: bool = False) -> Any:
        kinds = (list, type(None)) if optional else (list,)
        return self._get(field, kinds, "list")

    def mapping(self, field: str) -> dict[str, Any]:
        return cast(dict[str, Any], self._get(field, dict, "object"))

    def dtype(self, field: str) -> str:
        text = self.text(field)
        try:
            kind = np.dtype(text).kind
        except TypeError as error:
            raise self.error(field, f"'{text}' is no dtype") from error
        if kind not in "iufb":
            raise self.error(field, f"'{text}' is no dtype of numbers")
        return text

    def sources(self) -> tuple[SourceRecord, ...]:
        records = []
        for entry in self.list("sources"):
            inner = _Reader(entry if isinstance(entry, dict) else {}, self._where)
            skipped = inner.list("skipped")
            record = SourceRecord(
                path=inner.text("path"),
                kind=inner.text("kind"),
                samples=inner.count("samples"),
                bytes=inner.count("bytes"),
                digest=inner.text("digest"),
                skipped=tuple(str(name) for name in skipped),
            )
            records.append(record)
        if not records:
            raise self.error("sources", "is empty")
        return tuple(records)

    def moments(self) -> Moments:
        counts = {field: self._array(field, np.int64) for field in COUNTS}
        numbers = {field: self._array(field, np.float64) for field in NUMBERS}
        shape = counts["count"].shape
        for field, array in (counts | numbers).items():
            if array.shape != shape or not array.ndim:
                raise self.error(field, f"has the shape {array.shape}, 'count' has {shape}")
        if any((array < 0).any() for array in (*counts.values(), numbers["m2"])):
            raise self.error("count, missing or m2", "is negative")
        empty = counts["count"] == 0
        neutral = {"mean": 0.0, "m2": 0.0, "min": np.inf, "max": -np.inf}
        for field, array in numbers.items():
            if not np.isfinite(array[~empty]).all():
                raise self.error(field, "is not finite")
            numbers[field] = np.where(empty, neutral[field], array)
        return Moments(**counts, **numbers, tail=np.zeros(shape))

    def _array(self, field: str, dtype: type) -> NDArray[Any]:
        values = self._get(field, (list, np.ndarray), "array")
        try:
            # None stands for "no value": NaN in memory.
            array = np.array(values, dtype=np.float64 if dtype is np.float64 else None)
        except (TypeError, ValueError) as error:
            raise self.error(field, "is no array of numbers") from error
        if array.dtype.kind not in ("iu" if dtype is np.int64 else "f"):
            raise self.error(field, "is no array of whole numbers")
        return array.astype(dtype)

    def check_features(self, stats: Stats) -> None:
        features = stats.moments.mean.shape
        if stats.per == "pixel" and features != stats.sample_shape:
            raise self.error("mean", f"has the shape {features}, the samples {stats.sample_shape}")
        if stats.per == "all" and features != (1,):
            raise self.error("mean", f"has the shape {features} for --per all")
        named = stats.names is not None and stats.per in ("column", "channel")
        if named and features != (len(stats.names or ()),):
            raise self.error("names", f"are {len(stats.names or ())} for a mean of shape {features}")
