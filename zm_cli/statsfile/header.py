"""What a stats file says besides its numbers: every field, which may be anybody's, is checked before it is believed."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from zm_cli.choices import find_wrong_choice
from zm_cli.data.spec import UNNAMED, Spec
from zm_cli.errors import DataError
from zm_cli.numbers.axes import describe_shape, feature_shape, possible_pers
from zm_cli.outputs.provenance import Made, parse_made
from zm_cli.statsfile.stats import FORMAT, VERSION, Described, SourceRecord

MOST = 2**63 - 1
"""The largest whole number in a stats file."""

MOST_FEATURES = 1 << 26
"""Features that a stats file may have: a gray picture of 8192 x 8192 has so many pixels."""

HEADER_FIELDS = frozenset(
    {"format", "version", "per", "samples", "partial", "axes", "sample_shape", "names"}
    | {"dtype", "range", "unit", "ignore", "decoding", "sources", "made"}
)
TOLD_FIELDS = frozenset({"notes", "warnings"})
"""What `--json` tells beside the statistics: of no consequence for using them."""
SOURCE_FIELDS = frozenset({"path", "kind", "samples", "bytes", "digest", "skipped"})
KINDS = frozenset({"images", "csv", "hdf5"})
DTYPES = frozenset(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)) | {
    "float16",
    "float32",
    "float64",
}
_DIGEST = "xxh3_128:"


@dataclass(frozen=True)
class Header(Described):
    """What a stats file says its numbers stand for, checked, the shape `features` that they must have and `range`."""

    features: tuple[int, ...]
    range: tuple[float, float] | None


def field_error(field: str, what: str, where: str) -> DataError:
    """The error of a field of a stats file that cannot be."""
    return DataError(f"'{field}' {what}", where=where, hint="the file is damaged; make it again with zm stats")


def read_header(document: Mapping[str, Any], where: str) -> Header:
    """The Header in a document, of which only the fields that are no arrays are looked at.

    Raises DataError, naming the field, where one is not there, is of the wrong type, or contradicts another.
    """
    if document.get("format") != FORMAT:
        raise DataError("is no stats file", where=where, hint="make one with zm stats")
    fields = _Fields(document, where)
    for field in TOLD_FIELDS & document.keys():
        fields.texts(field)
    version = fields.count("version")
    if version != VERSION:
        raise DataError(f"is a stats file of version {version}, this zm reads version {VERSION}", where=where)
    axes = fields.axes()
    shape = fields.shape(axes)
    per = fields.text("per")
    if per not in possible_pers(axes):
        raise fields.error("per", f"is none of {', '.join(possible_pers(axes))}")
    sources = fields.sources()
    dtype = fields.dtype()
    spec = Spec(sources[0].kind, axes, shape, np.dtype(dtype), fields.names(axes, shape))
    header = Header(
        per=per,
        samples=fields.samples(sources),
        axes=axes,
        sample_shape=shape,
        names=spec.names,
        dtype=dtype,
        unit=fields.unit(dtype),
        ignore=fields.number("ignore"),
        decoding=fields.decoding(spec),
        sources=sources,
        partial="partial" in document and fields.flag("partial"),
        made=fields.made(),
        features=feature_shape(spec, per),
        range=fields.range(),
    )
    if None in header.features:
        raise fields.error("sample_shape", f"does not say how many features there are per {per}")
    if math.prod(header.features) > MOST_FEATURES:
        raise fields.error("sample_shape", f"has more than {MOST_FEATURES:,} features")
    return header


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MOST


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and -sys.float_info.max <= value <= sys.float_info.max


class _Fields:
    """Takes checked fields out of a document that may be anybody's."""

    def __init__(self, document: Mapping[str, Any], where: str, inside: str = "") -> None:
        self._document = document
        self._where = where
        self._inside = inside

    def error(self, field: str, what: str) -> DataError:
        return field_error(self._inside + field, what, self._where)

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
        value = self._get(field, int, "whole number")
        if not _is_count(value):
            raise self.error(field, "is no whole number from 0 to 2**63 - 1")
        return cast(int, value)

    def number(self, field: str) -> float | None:
        value = self._get(field, (int, float, type(None)), "number")
        if value is not None and not _is_number(value):
            raise self.error(field, "is no finite number")
        return cast("float | None", value)

    def list(self, field: str) -> list[Any]:
        return cast("list[Any]", self._get(field, list, "list"))

    def texts(self, field: str) -> tuple[str, ...]:
        entries = self.list(field)
        if not all(isinstance(entry, str) for entry in entries):
            raise self.error(field, "holds something that is no text")
        return tuple(entries)

    def axes(self) -> str:
        axes = self.text("axes")
        letters = set(axes)
        if not axes.startswith("N") or len(letters) != len(axes) or not letters <= set("NCHWDTL" + UNNAMED):
            raise self.error("axes", f"{axes[:20]!r} are no axes of samples")
        return axes

    def shape(self, axes: str) -> tuple[int | None, ...]:
        shape = self.list("sample_shape")
        if not all(size is None or (_is_count(size) and size) for size in shape):
            raise self.error("sample_shape", "holds something that is no size")
        if len(shape) != len(axes) - 1:
            raise self.error("axes", f"do not name the axes of samples of {describe_shape(shape[:20])}")
        return tuple(shape)

    def names(self, axes: str, shape: tuple[int | None, ...]) -> tuple[str, ...] | None:
        names = self._get("names", (list, type(None)), "list")
        if names is None:
            return None
        if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
            raise self.error("names", "are no texts that differ")
        channels = shape[axes.index("C") - 1] if "C" in axes else 1
        if channels != len(names):
            raise self.error("names", f"are {len(names)} for samples of {describe_shape(shape)} ({axes})")
        return tuple(names)

    def dtype(self) -> str:
        text = self.text("dtype")
        if text not in DTYPES:
            raise self.error("dtype", "is no dtype of numbers")
        return text

    def flag(self, field: str) -> bool:
        return cast(bool, self._get(field, bool, "true or false"))

    def made(self) -> Made | None:
        value = self._get("made", (dict, type(None)), "object") if "made" in self._document else None
        made = parse_made(value)
        if made is None and value is not None:
            raise self.error("made", "is no record of a run")
        return made

    def unit(self, dtype: str) -> bool:
        unit = self.flag("unit")
        if unit and np.dtype(dtype).kind == "f":
            raise self.error("unit", f"is true for {dtype}, which has no largest value to divide by")
        return unit

    def range(self) -> tuple[float, float] | None:
        ends = self._get("range", (list, type(None)), "list")
        if ends is None:
            return None
        if len(ends) != 2 or not all(map(_is_number, ends)):
            raise self.error("range", "is no pair of finite numbers")
        return ends[0], ends[1]

    def decoding(self, spec: Spec) -> dict[str, Any]:
        decoding = cast("dict[str, Any]", self._get("decoding", dict, "object"))
        if wrong := find_wrong_choice(spec, decoding):
            raise self.error("decoding", wrong)
        return decoding

    def samples(self, sources: tuple[SourceRecord, ...]) -> int:
        samples = self.count("samples")
        if not samples:
            raise self.error("samples", "are none")
        if samples != sum(source.samples for source in sources):
            raise self.error("samples", f"are {samples}, which is not what the sources come to")
        return samples

    def sources(self) -> tuple[SourceRecord, ...]:
        records = tuple(self._take_source(entry) for entry in self.list("sources"))
        if not records:
            raise self.error("sources", "is empty")
        if len({record.kind for record in records}) > 1:
            raise self.error("sources", "are of several kinds")
        return records

    def _take_source(self, entry: Any) -> SourceRecord:
        if not isinstance(entry, dict):
            raise self.error("sources", "holds something that is no object")
        check_fields(entry, SOURCE_FIELDS, self._where, "sources.")
        fields = _Fields(entry, self._where, "sources.")
        kind, digest = fields.text("kind"), fields.text("digest")
        if kind not in KINDS:
            raise fields.error("kind", f"is none of {', '.join(sorted(KINDS))}")
        digits = digest.removeprefix(_DIGEST)
        if len(digest) != len(_DIGEST) + 32 or len(digits) != 32 or not set(digits) <= set("0123456789abcdef"):
            raise fields.error("digest", f"is no {_DIGEST} with 32 digits")
        return SourceRecord(
            path=fields.text("path"),
            kind=kind,
            samples=fields.count("samples"),
            bytes=fields.count("bytes"),
            digest=digest,
            skipped=fields.texts("skipped"),
        )


def check_fields(found: Mapping[str, Any], expected: frozenset[str], where: str, inside: str = "") -> None:
    """Raises DataError, naming the first, where a document has fields that a stats file does not have."""
    for field in found:
        if field not in expected:
            raise field_error(inside + field[:50], "is no field of a stats file", where)
