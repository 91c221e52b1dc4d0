"""Reads the document of a stats file, which may be anybody's: every field is checked before it is believed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from zm_cli.axes import describe_shape, feature_shape, possible_pers
from zm_cli.block import UNNAMED, Spec
from zm_cli.errors import DataError
from zm_cli.moments import Moments
from zm_cli.statsfile import FORMAT, VERSION, SourceRecord, Stats

COUNTS = ("count", "missing")
NUMBERS = ("mean", "m2", "min", "max")


def read_document(document: Mapping[str, Any], where: str) -> Stats:
    """The Stats that such a document holds; DataError, naming the field, where it is not one.

    Arrays may be nested lists or NumPy arrays. `std` and `var` are not read back: they follow from the rest.
    """
    reader = _Reader(document, where)
    if document.get("format") != FORMAT:
        raise DataError("is no stats file", where=where, hint="make one with zm stats")
    if document.get("version") != VERSION:
        raise DataError(
            f"is a stats file of version {document.get('version')!r}, this zm reads version {VERSION}", where=where
        )
    axes = reader.axes()
    per = reader.text("per")
    if per not in possible_pers(axes):
        raise reader.error("per", f"is none of {', '.join(possible_pers(axes))}")
    stats = Stats(
        per=per,
        samples=reader.count("samples"),
        axes=axes,
        sample_shape=reader.shape(),
        names=reader.names(),
        dtype=reader.dtype("dtype"),
        unit=reader.flag("unit"),
        ignore=reader.number("ignore"),
        decoding=reader.decoding(),
        sources=reader.sources(),
        moments=reader.moments(),
    )
    reader.check_features(stats)
    return stats


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_size(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_is_count(length) and length for length in value)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


_CHOICES: Mapping[str, Callable[[Any], bool]] = {
    "mode": _is_text,
    "lossy": _is_flag,
    "resize": _is_size,
    "exif": _is_flag,
    "dataset": _is_text,
    "layout": _is_text,
    "header": _is_flag,
    "null_values": _are_texts,
}
"""The choices that may stand under `decoding`, and what each must be where it is not null."""

_DTYPES = frozenset(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)) | {
    "float16",
    "float32",
    "float64",
}


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
        if value is not None and not -sys.float_info.max <= value <= sys.float_info.max:
            raise self.error(field, "is not finite")
        return cast("float | None", value)

    def list(self, field: str) -> list[Any]:
        return cast("list[Any]", self._get(field, list, "list"))

    def axes(self) -> str:
        axes = self.text("axes")
        letters = set(axes)
        if not axes.startswith("N") or len(letters) != len(axes) or not letters <= set("NCHWDTL" + UNNAMED):
            raise self.error("axes", f"'{axes}' are no axes of samples")
        return axes

    def shape(self) -> tuple[int | None, ...]:
        shape = self.list("sample_shape")
        if not all(size is None or _is_count(size) for size in shape):
            raise self.error("sample_shape", "holds something that is no size")
        if len(shape) != len(self.axes()) - 1:
            raise self.error("axes", f"do not name the axes of samples of {describe_shape(shape)}")
        return tuple(shape)

    def names(self) -> tuple[str, ...] | None:
        names = self._get("names", (list, type(None)), "list")
        if names is None:
            return None
        if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
            raise self.error("names", "are no texts that differ")
        return tuple(names)

    def decoding(self) -> dict[str, Any]:
        decoding = cast("dict[str, Any]", self._get("decoding", dict, "object"))
        for choice, value in decoding.items():
            if value is not None and not _CHOICES.get(choice, lambda _: False)(value):
                raise self.error("decoding", f"has a '{choice}' that cannot be")
        return decoding

    def dtype(self, field: str) -> str:
        text = self.text(field)
        if text not in _DTYPES:
            raise self.error(field, "is no dtype of numbers")
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
                skipped=tuple(map(str, skipped)),
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
            array = np.array(values)
            if dtype is np.float64 and array.dtype.kind in "iuO":
                array = array.astype(np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise self.error(field, "is no array of numbers") from error
        if array.dtype.kind not in ("iu" if dtype is np.int64 else "f"):
            raise self.error(field, "is no array of whole numbers")
        return array.astype(dtype)

    def check_features(self, stats: Stats) -> None:
        """Raises DataError where the numbers are not those of features that such samples have."""
        kept = Spec(stats.kind, stats.axes, stats.sample_shape, np.dtype(stats.dtype))
        expected, found = feature_shape(kept, stats.per), stats.moments.mean.shape
        if found != expected:
            raise self.error("mean", f"has the shape {found}, the features {expected}")
        if stats.per in ("channel", "column") and stats.names is not None and found != (len(stats.names),):
            raise self.error("names", f"are {len(stats.names)} for a mean of shape {found}")
        if not stats.samples:
            raise self.error("samples", "are none")
