"""Pools several sources: whether they can be measured together, and what they have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from zm_cli.data.options import Replay
from zm_cli.data.source import Source
from zm_cli.data.spec import Spec
from zm_cli.errors import DataError
from zm_cli.formats import formats, reading_options
from zm_cli.formats.shared.options import COLUMNS, EXCLUDE
from zm_cli.numbers.axes import Per, describe_shape, kept_axes
from zm_cli.pipeline.outcome import Outcome
from zm_cli.pipeline.words import spell

HEADER = "header"
"""The option that says whether a table has a header row."""


def pool_columns(sources: Sequence[Source], outcome: Outcome) -> Spec:
    """The first source's spec with the columns that are features of every source.

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


def check_alike(first: Source, other: Source, per: Per) -> None:
    """Raises DataError, naming the difference, if two sources cannot be pooled."""
    ours, theirs = first.spec, other.spec
    for what, mine, its in (
        ("kind", ours.kind, theirs.kind),
        ("axes", ours.axes, theirs.axes),
        ("dtype", *_name_dtypes(ours, theirs)),
        *((name, ours.decoding.get(name), theirs.decoding.get(name)) for name in _list_decisive(ours.kind)),
        ("channels or columns", _named(ours, per), _named(theirs, per)),
        ("sample shape", _fixed(ours, per), _fixed(theirs, per)),
    ):
        if mine != its:
            if what == HEADER and None not in (mine, its):
                on, _, off = reading_options()[HEADER].spelling.partition("/")
                raise DataError(
                    f"cannot be pooled: it has {'a' if its else 'no'} header row, "
                    f"{first.path} has {'one' if mine else 'none'}",
                    where=other.path,
                    hint=f"{on} or {off} settles it",
                )
            raise DataError(
                f"cannot be pooled with {first.path}: {what} {its} instead of {mine}",
                where=other.path,
                hint=_advise(ours.kind),
            )


def _name_dtypes(ours: Spec, theirs: Spec) -> tuple[str, str]:
    """The names of the types that two specs must share: of real values, or of integers that stand for themselves."""
    if ours.holds_integers and theirs.holds_integers:
        return ours.dtype.name, theirs.dtype.name
    return ours.real_dtype.name, theirs.real_dtype.name


def _advise(kind: str) -> str:
    """What to do about sources of this kind that cannot be pooled: the options that change what is read of them."""
    entry = formats()[kind]
    decisive = [option for option in entry.options if option.name in _list_decisive(kind) and option.panel is not None]
    useful = [option for option in entry.options if option in (*decisive, COLUMNS, EXCLUDE)]
    hint = "pool sources that are read in the same way"
    if not useful:
        return hint
    *first, last = (option.spelling.partition("/")[0] for option in useful)
    return f"{hint}; {', '.join(first)}{' or ' * bool(first)}{last} can make them so"


def _list_decisive(kind: str) -> list[str]:
    """The recorded options that must be the same for data that are used together."""
    recorded = formats()[kind].recorded
    return [name for name, entry in recorded.items() if entry.replay is Replay.ALWAYS or entry.same_in_all]


def _named(spec: Spec, per: Per) -> str | None:
    """The names that two specs must share: channels in order, or columns in any order, numeric or text."""
    if spec.names is None:
        return None
    names = sorted({*spec.names, *spec.text_columns}) if per == "column" else spec.names
    return ", ".join(names)


def _fixed(spec: Spec, per: Per) -> str:
    """The sizes of a sample that two specs must share: all of them per pixel, else those of unnamed features."""
    if per == "column" and spec.names is not None:
        return ""
    if per in ("pixel", "column"):
        return describe_shape(spec.sample_shape)
    kept = kept_axes(spec.axes, per)
    return describe_shape(spec.sample_shape[axis - 1] for axis in kept)


def pool_shapes(sources: Sequence[Source]) -> tuple[int | None, ...]:
    """The sample shape of all sources, None for sizes in which they differ."""
    shapes = [source.spec.sample_shape for source in sources]
    return tuple(sizes[0] if len(set(sizes)) == 1 else None for sizes in zip(*shapes, strict=True))


def pool_classes(sources: Sequence[Source]) -> tuple[str, ...] | None:
    """The names of the classes of all sources, sorted; None if there are none."""
    names = {name for source in sources for name in source.classes}
    return tuple(sorted(names)) or None
