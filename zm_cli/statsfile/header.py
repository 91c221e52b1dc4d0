"""Reads the fields of a stats file that are not arrays, which are not trusted: each is checked before it is used."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from zm_cli.data.digest import DIGEST_PREFIX
from zm_cli.data.recorded_values import is_count, is_number
from zm_cli.data.shard import Shard, is_shard_number
from zm_cli.data.spec import AXIS_LETTERS, UNNAMED, Spec
from zm_cli.errors import DataError
from zm_cli.formats import formats, reading_options
from zm_cli.numbers.axes import describe_shape, find_feature_shape, list_pers
from zm_cli.numbers.groups.groups import MAX_GROUPS, SECTION
from zm_cli.numbers.moments.arrays import WEIGHTS
from zm_cli.numbers.statistic import MAX_FEATURES
from zm_cli.outputs.provenance import Provenance, parse_provenance
from zm_cli.statsfile.arrays import known_arrays
from zm_cli.statsfile.fields import Fields, field_error
from zm_cli.statsfile.members import MAX_MEMBERS, MEMBERS, is_member
from zm_cli.statsfile.saved_transform import KEY as TRANSFORM
from zm_cli.statsfile.saved_transform import take_transform
from zm_cli.statsfile.stats import FORMAT, SOURCE_FIELDS, VERSION, Described, SourceRecord

HEADER_FIELDS = frozenset(
    {"format", "version", "requires", "per", "samples", "partial", "axes", "sample_shape", "names", "classes"}
    | {"dtype", "range", "unit", "ignore", "decoding", "sources", "provenance"}
    | {"text_columns", "shard", TRANSFORM, SECTION}
)
PRINTED_FIELDS = frozenset({"notes", "warnings"})
"""Fields that `--json` prints beside the statistics; readers do not use them."""
KNOWN_FIELDS = HEADER_FIELDS | PRINTED_FIELDS
"""The fields of this version that are not arrays."""

DTYPES = frozenset(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)) | {
    "float16",
    "float32",
    "float64",
}


@dataclass(frozen=True)
class GroupNames:
    """The fields of groups of samples besides their statistics: see `Groups`."""

    by: str
    names: tuple[str, ...]
    samples: tuple[int, ...]
    unlabelled: int


@dataclass(frozen=True, kw_only=True)
class Header(Described):
    """The checked fields of a stats file that are not arrays; `features` is the shape that its arrays must have.

    `range` is the smallest and the largest value, None if there was none. `groups` is None if there are no statistics
    by group.
    """

    features: tuple[int, ...]
    range: tuple[float, float] | None
    groups: GroupNames | None


def read_header(document: Mapping[str, Any], where: str) -> Header:
    """Returns the Header in a document, from the fields that are not arrays.

    Raises DataError, naming the field, if one is absent, of the wrong type, or contradicts another, and if the file
    requires a key that this version of zm does not know.
    """
    if document.get("format") != FORMAT:
        raise DataError("is not a stats file", where=where, hint="make one with zm stats")
    fields = Fields(document, where)
    version = fields.take_count("version")
    if version != VERSION:
        raise DataError(f"is a stats file of version {version}, this zm reads version {VERSION}", where=where)
    _check_requires(fields, where)
    for field in PRINTED_FIELDS & document.keys():
        fields.take_texts(field)
    axes = _take_axes(fields)
    shape = _take_shape(fields, axes)
    per = fields.take_text("per")
    if per not in list_pers(axes):
        raise fields.error("per", f"is not one of {', '.join(list_pers(axes))}")
    sources = _take_sources(fields, where)
    dtype = fields.take_text("dtype")
    if dtype not in DTYPES:
        raise fields.error("dtype", "is not a dtype of numbers")
    spec = Spec(sources[0].kind, axes, shape, np.dtype(dtype), _take_names(fields, axes, shape))
    header = Header(
        per=per,
        samples=_take_samples(fields, sources),
        axes=axes,
        sample_shape=shape,
        names=spec.names,
        classes=fields.take_names("classes") if "classes" in fields else None,
        dtype=dtype,
        unit=_take_unit(fields, dtype),
        ignore=fields.take_number("ignore"),
        decoding=_take_decoding(fields, spec),
        sources=sources,
        text_columns=_take_text_columns(fields, spec.names),
        partial="partial" in fields and fields.take_flag("partial"),
        provenance=_take_provenance(fields) if "provenance" in fields else None,
        transform=take_transform(fields, where),
        features=find_feature_shape(spec, per),
        range=_take_range(fields),
        groups=_take_groups(fields, where),
    )
    if "shard" in fields and _take_shard(fields) != header.shard:
        raise fields.error("shard", "is not that of the sources")
    if None in header.features:
        raise fields.error("sample_shape", f"does not say how many features there are per {per}")
    if math.prod(header.features) > MAX_FEATURES:
        raise fields.error("sample_shape", f"has more than {MAX_FEATURES:,} features")
    return header


def _take_groups(fields: Fields, where: str) -> GroupNames | None:
    """Returns the names of the groups and their numbers of samples; None if there are no statistics by group."""
    if SECTION not in fields:
        return None
    inside = Fields(fields.take(SECTION, dict, "an object"), where, f"{SECTION}.")
    names, samples = inside.take_names("names") or (), inside.take_list("samples")
    if len(names) > MAX_GROUPS:
        raise inside.error("names", f"are more than {MAX_GROUPS:,}")
    if len(samples) != len(names) or not all(map(is_count, samples)):
        raise inside.error("samples", "are not a number of samples for each name")
    found = GroupNames(inside.take_text("by"), names, tuple(samples), inside.take_count("unlabelled"))
    counted, total = sum(found.samples) + found.unlabelled, fields.take_count("samples")
    # Samples of weight 0 do not count in groups.
    has_weights = "requires" in fields and WEIGHTS[0] in fields.take_texts("requires")
    if counted > total or (counted < total and not has_weights):
        raise inside.error("samples", "do not add up to the samples of the file with 'unlabelled'")
    return found


def _check_requires(fields: Fields, where: str) -> None:
    """Raises DataError if a reader must understand a key that this version of zm does not know.

    Keys inside `decoding` and `sources` are named with a dot: `decoding.mode`.
    """
    required = fields.take_texts("requires") if "requires" in fields else ()
    if not required:
        return
    recorded = {f"decoding.{name}" for name, option in reading_options().items() if option.recorded}
    arrays = known_arrays().keys()
    sections = {field[:index] for field in arrays for index, letter in enumerate(field) if letter == "."}
    known = KNOWN_FIELDS | arrays | sections | recorded | {f"sources.{field}" for field in (*SOURCE_FIELDS, MEMBERS)}
    for key in required:
        if key not in known:
            raise DataError(
                f"requires '{key[:50]}', which this zm does not know", where=where, hint="a newer zm is needed"
            )


def _take_axes(fields: Fields) -> str:
    axes = fields.take_text("axes")
    letters = set(axes)
    if not axes.startswith("N") or len(letters) != len(axes) or not letters <= AXIS_LETTERS | set(UNNAMED):
        raise fields.error("axes", f"is {axes[:20]!r}, which are not axes of samples")
    return axes


def _take_shape(fields: Fields, axes: str) -> tuple[int | None, ...]:
    shape = fields.take_list("sample_shape")
    if not all(size is None or (is_count(size) and size) for size in shape):
        raise fields.error("sample_shape", "holds something that is not a size")
    if len(shape) != len(axes) - 1:
        raise fields.error("axes", f"do not name the axes of samples of {describe_shape(shape[:20])}")
    return tuple(shape)


def _take_names(fields: Fields, axes: str, shape: tuple[int | None, ...]) -> tuple[str, ...] | None:
    names = fields.take_names("names")
    channels = shape[axes.index("C") - 1] if "C" in axes else 1
    if names is not None and channels != len(names):
        raise fields.error("names", f"has {len(names)} names for samples of {describe_shape(shape)} ({axes})")
    return names


def _take_text_columns(fields: Fields, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Returns the columns that are not features; None for older files, which do not list them."""
    columns = fields.take_names("text_columns") if "text_columns" in fields else None
    if columns is not None and not set(columns).isdisjoint(names or ()):
        raise fields.error("text_columns", "lists a column that is a feature")
    return columns


def _take_provenance(fields: Fields) -> Provenance | None:
    value = fields.take("provenance", (dict, type(None)), "an object")
    provenance = parse_provenance(value)
    if provenance is None and value is not None:
        raise fields.error("provenance", "does not say how the file was made")
    return provenance


def _take_unit(fields: Fields, dtype: str) -> bool:
    unit = fields.take_flag("unit")
    if unit and np.dtype(dtype).kind == "f":
        raise fields.error("unit", f"is true for {dtype}, which has no largest value to divide by")
    return unit


def _take_range(fields: Fields) -> tuple[float, float] | None:
    ends = fields.take("range", (list, type(None)), "a list")
    if ends is None:
        return None
    if len(ends) != 2 or not all(map(is_number, ends)):
        raise fields.error("range", "is not a pair of finite numbers")
    return ends[0], ends[1]


def _take_decoding(fields: Fields, spec: Spec) -> dict[str, Any]:
    """Returns the recorded options, including unknown ones of later versions."""
    decoding = cast("dict[str, Any]", fields.take("decoding", dict, "an object"))
    for name, option in reading_options().items():
        value = decoding.get(name)
        if option.recorded and value is not None and not option.recorded.is_valid(value):
            raise fields.error("decoding", f"has a '{name}' that is not possible")
    if fault := formats()[spec.kind].find_fault(spec, decoding):
        raise fields.error("decoding", fault)
    return decoding


def _take_samples(fields: Fields, sources: tuple[SourceRecord, ...]) -> int:
    samples = fields.take_count("samples")
    if not samples and any(source.shard is None for source in sources):
        raise fields.error("samples", "is 0")
    if samples != sum(source.samples for source in sources):
        raise fields.error("samples", f"is {samples}, but the samples of the sources do not add up to that")
    return samples


def _take_sources(fields: Fields, where: str) -> tuple[SourceRecord, ...]:
    records = tuple(_take_source(entry, where) for entry in fields.take_list("sources"))
    if not records:
        raise fields.error("sources", "is empty")
    if len({record.kind for record in records}) > 1:
        raise fields.error("sources", "are of several kinds")
    return records


def _take_source(entry: Any, where: str) -> SourceRecord:
    if not isinstance(entry, dict):
        raise field_error("sources", "holds something that is not an object", where)
    fields = Fields(entry, where, "sources.")
    kind, digest = fields.take_text("kind"), fields.take_text("digest")
    if kind not in formats():
        raise fields.error("kind", f"is not one of {', '.join(formats())}")
    digits = digest.removeprefix(DIGEST_PREFIX)
    if len(digest) != len(DIGEST_PREFIX) + 32 or len(digits) != 32 or not set(digits) <= set("0123456789abcdef"):
        raise fields.error("digest", f"is not {DIGEST_PREFIX} with 32 digits")
    skipped = fields.take_texts("skipped")
    more = fields.take_count("skipped_total") - len(skipped) if "skipped_total" in fields else 0
    if more < 0:
        raise fields.error("skipped_total", "is less than the number of samples in 'skipped'")
    stands_for = fields.take_count("sources") if "sources" in fields else 1
    if not stands_for:
        raise fields.error("sources", "is 0")
    return SourceRecord(
        path=fields.take_text("path"),
        kind=kind,
        samples=fields.take_count("samples"),
        bytes=fields.take_count("bytes"),
        digest=digest,
        skipped=skipped,
        skipped_more=more,
        shard=_take_shard(fields),
        sources=stands_for,
        members=_take_members(fields, stands_for),
    )


def _take_members(fields: Fields, sources: int) -> tuple[str, ...]:
    """Returns the members of a record that stands for so many sources; none if they are not listed."""
    members = fields.take_texts(MEMBERS) if MEMBERS in fields else ()
    if len(members) > MAX_MEMBERS:
        raise fields.error(MEMBERS, f"are more than {MAX_MEMBERS:,}")
    if members and len(members) < sources:
        raise fields.error(MEMBERS, "are fewer than 'sources'")
    if not all(map(is_member, members)):
        raise fields.error(MEMBERS, "holds something that is not the digest and path of a source")
    return members


def _take_shard(fields: Fields) -> Shard | None:
    """Returns the part of the data in `shard`; None if that is absent or null."""
    value = fields.take("shard", (dict, type(None)), "an object") if "shard" in fields else None
    if value is None:
        return None
    index, of = value.get("index"), value.get("of")
    if not is_shard_number(index, of):
        raise fields.error("shard", "is not a part of the data")
    return Shard(index, of)
