"""Pools several sources: whether they can be measured together, and what they have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from zm_cli.data.options import Replay
from zm_cli.data.source import Source
from zm_cli.data.spec import Spec
from zm_cli.errors import DataError
from zm_cli.formats import formats, reading_options
from zm_cli.formats.shared.options import BY, COLUMNS, DATASET, EXCLUDE, MASK, WEIGHT
from zm_cli.numbers.axes import Per, describe_shape, find_feature_axes, list_pers
from zm_cli.pipeline.outcome import Outcome
from zm_cli.pipeline.words import spell
from zm_cli.statsfile.stats import Described

COLUMNS_DIFFER, SHAPE_DIFFERS = "channels or columns", "sample shape"
HELPFUL = {
    "axes": ("dataset", "layout", "mode"),
    "dtype": ("dataset", "mode", "mask_and_scale"),
    COLUMNS_DIFFER: ("mode",),
    SHAPE_DIFFERS: ("dataset", "layout", "mode", "resize"),
    # These follow from what the mode is, and whether the user named it.
    "lossy": ("mode",),
    "as_stored": ("mode",),
}
"""The options of reading that can remove a difference, by what differs; each format has some of them."""
HEADER = "header"
"""The option that says whether a table has a header row."""


def pool_columns(sources: Sequence[Source], outcome: Outcome) -> Spec:
    """Returns the first source's spec with the columns that are features of every source.

    A column that is text in another source is left out with a warning. Raises DataError if no column is left.
    """
    spec = sources[0].spec
    if spec.names is None or spec.axes != "NC":
        return spec
    own = [set(source.spec.names or ()) for source in sources]
    for source in sources:
        for column in source.spec.text_columns:
            if any(column in names for names in own):
                outcome.warn(f"{source.path}: column '{column}' is left as text: it holds text there")
    common = tuple(name for name in spec.names if all(name in names for names in own))
    if not common:
        paths = ", ".join(source.path for source in sources)
        raise DataError("have no column of numbers in common", where=paths, hint="pool tables with the same columns")
    return replace(spec, names=common, sample_shape=(len(common),))


def check_one_size(sources: Sequence[Source]) -> None:
    """Raises DataError, listing the sizes with their counts, if samples differ in size."""
    counts: dict[str, int] = {}
    for source in sources:
        for shape, count in source.facts().shapes.items():
            counts[shape] = counts.get(shape, 0) + count
    if len(counts) == 1:
        return
    common = sorted(counts.items(), key=lambda entry: -entry[1])
    listed = ", ".join(f"{shape} ({count})" for shape, count in common[:6]) + (", ..." if len(common) > 6 else "")
    raise DataError(
        f"--per pixel needs samples of one size, found {len(counts)}: {listed}",
        where=sources[0].path,
        hint=f"use {spell('resize')} {common[0][0]}, or --per channel, which allows any size",
    )


@dataclass(frozen=True)
class Alike:
    """What must agree when sources or statistics are pooled.

    `integers` is the dtype of integers that are not scaled, None for other values; `dtype` is that of the real values.
    `text_columns` are the columns of a table that are not features, None where they are not known.
    """

    kind: str
    axes: str
    sample_shape: tuple[int | None, ...]
    integers: str | None
    dtype: str
    names: tuple[str, ...] | None
    text_columns: tuple[str, ...] | None
    decoding: Mapping[str, Any]

    @classmethod
    def of_source(cls, spec: Spec) -> Alike:
        """Returns that of an opened source."""
        integers = spec.dtype.name if spec.holds_integers else None
        real = spec.real_dtype.name
        return cls(
            spec.kind, spec.axes, spec.sample_shape, integers, real, spec.names, spec.text_columns, spec.decoding
        )

    @classmethod
    def of_stats(cls, stats: Described) -> Alike:
        """Returns that of statistics."""
        integers = stats.dtype if np.dtype(stats.dtype).kind in "iu" else None
        kind, shape, names = stats.sources[0].kind, stats.sample_shape, stats.names
        return cls(kind, stats.axes, shape, integers, stats.dtype, names, stats.text_columns, stats.decoding)


class Difference(NamedTuple):
    """A difference that prevents pooling: the name of what differs, and its value on both sides."""

    what: str
    ours: Any
    theirs: Any


def find_difference(ours: Alike, theirs: Alike, per: Per) -> Difference | None:
    """Returns the first difference that prevents pooling; None if there is none."""
    for what, mine, its in (
        ("kind", ours.kind, theirs.kind),
        ("axes", ours.axes, theirs.axes),
        ("dtype", *_choose_dtypes(ours, theirs)),
        # Older stats files lack options that were added later: what they do not record is not known to differ.
        *(
            (name, _sort_texts(ours.decoding[name]), _sort_texts(theirs.decoding[name]))
            for name in list_decisive(ours.kind)
            if name in ours.decoding and name in theirs.decoding and not are_files_beside(name, ours, theirs)
        ),
        (COLUMNS_DIFFER, _named(ours, per), _named(theirs, per)),
        (SHAPE_DIFFERS, _fixed(ours, per), _fixed(theirs, per)),
    ):
        if mine != its:
            return Difference(what, mine, its)
    return None


def are_files_beside(name: str, ours: Alike, theirs: Alike) -> bool:
    """Returns whether both sides have this option, and at least one names a file with it, such as one of weights.

    The name of such a file does not matter: each part of the data has its own.
    """
    if name not in (BY.name, WEIGHT.name, MASK.name) or not (ours.decoding.get(name) and theirs.decoding.get(name)):
        return False
    return any(formats()[side.kind].names_files(side.decoding) for side in (ours, theirs))


def check_alike(first: Source, other: Source, per: Per) -> None:
    """Raises DataError, naming the difference, if two sources cannot be pooled."""
    found = find_difference(Alike.of_source(first.spec), Alike.of_source(other.spec), per)
    if found is None:
        return
    what, mine, its = found
    if what == HEADER and None not in (mine, its):
        header = reading_options()[HEADER]
        on, off = header.spelling, header.negation
        raise DataError(
            f"cannot be pooled: it has {'a' if its else 'no'} header row, {first.path} has {'one' if mine else 'none'}",
            where=other.path,
            hint=f"say which with {on} or {off}",
        )
    raise DataError(
        f"cannot be pooled with {first.path}: {what} {its} instead of {mine}",
        where=other.path,
        hint=advise("pool sources that are read in the same way", what, Alike.of_source(first.spec), per),
    )


def _choose_dtypes(ours: Alike, theirs: Alike) -> tuple[str, str]:
    """Returns the types that must agree: those of integers that are not scaled, else those of real values."""
    if ours.integers is not None and theirs.integers is not None:
        return ours.integers, theirs.integers
    return ours.dtype, theirs.dtype


def advise(hint: str, what: str, side: Alike, per: Per) -> str:
    """Returns the hint with the options of reading that can remove the difference in `what`, if there are any."""
    options = formats()[side.kind].options
    helpful = (what, *HELPFUL.get(what, ()))
    if COLUMNS in options and what == COLUMNS_DIFFER:
        helpful = (COLUMNS.name, EXCLUDE.name)
    if DATASET.name in side.decoding and side.decoding[DATASET.name] is None:
        # A file that is one array, such as .npy, has no other datasets.
        helpful = tuple(name for name in helpful if name != DATASET.name)
    useful = [spell(option.name) for option in options if option.name in helpful and option.panel is not None]
    if what == SHAPE_DIFFERS and per == "pixel" and "channel" in list_pers(side.axes):
        useful.append("--per channel")
    if not useful:
        return hint
    *first, last = useful
    return f"{hint}; {', '.join(first)}{' or ' * bool(first)}{last} can make them so"


def _sort_texts(value: Any) -> Any:
    """Returns a recorded value; a list of texts, which mean the same in any order, sorted."""
    is_texts = isinstance(value, list) and all(isinstance(text, str) for text in value)
    return sorted(set(value)) if is_texts else value


def list_decisive(kind: str) -> list[str]:
    """Returns the recorded options that must be the same for data that are used together."""
    recorded = formats()[kind].recorded
    return [name for name, entry in recorded.items() if entry.replay is Replay.ALWAYS or entry.same_in_all]


def _named(side: Alike, per: Per) -> str | None:
    """Returns the names that must agree: channels in order, or columns in any order, numeric or text."""
    if side.names is None:
        return None
    names = sorted({*side.names, *(side.text_columns or ())}) if per == "column" else side.names
    return ", ".join(names)


def _fixed(side: Alike, per: Per) -> str:
    """Returns the sizes of a sample that must agree: all of them per pixel, else those of unnamed features."""
    if per == "column" and side.names is not None:
        return ""
    if per in ("pixel", "column"):
        return describe_shape(side.sample_shape)
    kept = find_feature_axes(side.axes, per)
    return describe_shape(side.sample_shape[axis - 1] for axis in kept)


def pool_shapes(shapes: Iterable[tuple[int | None, ...]]) -> tuple[int | None, ...]:
    """Returns the sample shape of all samples from those of some of them, None for sizes in which they differ."""
    return tuple(sizes[0] if len(set(sizes)) == 1 else None for sizes in zip(*shapes, strict=True))


def pool_classes(classes: Iterable[Sequence[str]]) -> tuple[str, ...] | None:
    """Returns the names of all classes, sorted; None if there are none."""
    return tuple(sorted({name for names in classes for name in names})) or None
