"""Several sources measured as one: whether they go together, and what they have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from zm_cli.data.source import Source
from zm_cli.data.spec import Spec
from zm_cli.errors import DataError
from zm_cli.numbers.axes import Per, describe_shape, kept_axes
from zm_cli.pipeline.outcome import Outcome


def pool_columns(sources: Sequence[Source], outcome: Outcome) -> Spec:
    """The first source's spec with the columns that are features of every source; one that is text in another is told
    and left out."""
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
        raise DataError("have no column of numbers in common", where=paths, hint="pool tables of the same columns")
    return replace(spec, names=common, sample_shape=(len(common),))


def check_one_size(sources: Sequence[Source]) -> None:
    """Raises DataError, listing the sizes with their counts, where samples differ in size."""
    counts: dict[str, int] = {}
    for source in sources:
        for shape, count in source.facts().shapes.items():
            counts[shape] = counts.get(shape, 0) + count
    if len(counts) == 1:
        return
    common = sorted(counts.items(), key=lambda entry: -entry[1])
    listed = ", ".join(f"{shape} ({count})" for shape, count in common[:6]) + (", ..." if len(common) > 6 else "")
    raise DataError(
        f"--per pixel needs samples of one size, here are {len(counts)}: {listed}",
        where=sources[0].path,
        hint=f"--resize {common[0][0]} makes them one, --per channel needs no one size",
    )


def check_alike(first: Source, other: Source, per: Per) -> None:
    """Raises DataError, naming the difference, where two sources cannot be pooled."""
    ours, theirs = first.spec, other.spec
    for what, mine, its in (
        ("kind", ours.kind, theirs.kind),
        ("axes", ours.axes, theirs.axes),
        ("dtype", ours.dtype.name, theirs.dtype.name),
        ("channels or columns", _named(ours, per), _named(theirs, per)),
        ("sample shape", _fixed(ours, per), _fixed(theirs, per)),
        *((key, ours.decoding.get(key), theirs.decoding.get(key)) for key in ("mode", "resize", "exif")),
    ):
        if mine != its:
            raise DataError(
                f"cannot be pooled with {first.path}: its {what}: {its}, there: {mine}",
                where=other.path,
                hint="pool what was read alike, or say how to read it (--mode, --columns, --exclude)",
            )


def _named(spec: Spec, per: Per) -> str | None:
    """The names that two specs must share: of columns in any order, be they numbers or text."""
    if spec.names is None:
        return None
    names = sorted({*spec.names, *spec.text_columns}) if per == "column" else spec.names
    return ", ".join(names)


def _fixed(spec: Spec, per: Per) -> str:
    """What of the sample shape must be the same: all of it per pixel, else the sizes of features without names."""
    if per == "column" and spec.names is not None:
        return ""
    if per in ("pixel", "column"):
        return describe_shape(spec.sample_shape)
    kept = kept_axes(spec.axes, per)
    return describe_shape(spec.sample_shape[axis - 1] for axis in kept)


def pool_shapes(sources: Sequence[Source]) -> tuple[int | None, ...]:
    """The shape of samples that all sources have, None for sizes in which they differ."""
    shapes = [source.spec.sample_shape for source in sources]
    return tuple(sizes[0] if len(set(sizes)) == 1 else None for sizes in zip(*shapes, strict=True))
