"""Sources to Stats: every span measured by a worker, merged in the order of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xxhash

from zm_cli.axes import Per, choose_per, describe_shape, feature_shape, kept_axes
from zm_cli.block import BLOCK_BYTES, Rejected, Skipped, Source, Span, Spec, Values
from zm_cli.errors import DataError, UsageError
from zm_cli.moments import Moments
from zm_cli.pipeline.outcome import Outcome, Tick, ignore_progress, list_names
from zm_cli.runner import Plan, map_in_order
from zm_cli.statsfile import SourceRecord, Stats
from zm_cli.transform import unit_divisor


@dataclass(frozen=True)
class MeasureOptions:
    """What is to be measured: `per` (None: the default for the data), and what counts as a value."""

    per: str | None = None
    unit: bool = False
    ignore: float | None = None
    missing: Literal["skip", "error"] = "skip"


@dataclass(frozen=True)
class MeasuredSpan:
    """What a worker sends back for a span. `hole` is its first missing value: sample in the block, feature."""

    moments: Moments
    samples: int
    digest: bytes
    nbytes: int
    rejected: dict[int, Rejected]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]
    infinities: int
    hole: tuple[int, int] | None


@dataclass(frozen=True)
class MeasureSpan:
    """The task of a worker: a span of `source`, read and measured."""

    source: Source
    per: Per
    options: MeasureOptions

    def __call__(self, span: Span) -> MeasuredSpan:
        block = self.source.read(span)
        values = block.values
        kept = kept_axes(self.source.spec.axes, self.per)
        moments = Moments.from_block(values, kept, self.options.ignore)
        holed = bool(moments.missing.any()) and values.dtype.kind == "f"
        return MeasuredSpan(
            moments,
            len(values),
            block.digest,
            span.nbytes,
            dict(block.rejected),
            block.skipped,
            block.notes,
            int(np.isinf(values).sum()) if holed else 0,
            _find_hole(values, kept, set(block.rejected)) if holed and self.options.missing == "error" else None,
        )


def _find_hole(values: Values, kept: tuple[int, ...], rejected: set[int]) -> tuple[int, int] | None:
    """Sample and feature of the first value that is not finite, outside the rejected features."""
    last = np.moveaxis(values, kept, range(-len(kept), 0)) if kept else values
    features = int(np.prod([values.shape[axis] for axis in kept], dtype=int))
    holes = np.asarray(~np.isfinite(last.reshape(len(values), -1, features)).all(axis=1))
    holes[:, list(rejected)] = False
    found = np.argwhere(holes)
    return (int(found[0, 0]), int(found[0, 1])) if len(found) else None


def measure(
    sources: Sequence[Source], options: MeasureOptions, plan: Plan, tick: Tick = ignore_progress
) -> tuple[Stats, Outcome]:
    """The pooled statistics of sources of one kind, and what there is to tell of them.

    Raises UsageError for a choice the data cannot have; DataError where the sources do not go together, hold no
    numbers, hold text in a column that was named, or lack a value where none may be missing.
    """
    first = sources[0]
    per = choose_per(first.spec, options.per, first.path)
    if options.unit and first.spec.dtype.kind not in "iu":
        raise UsageError(
            f"--unit divides integers by their type's maximum, these values are {first.spec.dtype}", where=first.path
        )
    for other in sources[1:]:
        _check_alike(first, other, per)
    if per == "pixel":
        check_one_size(sources)
    run = _Run(per, options, Moments.identity(feature_shape(first.spec, per)))
    for source in sources:
        run.add_source(source, plan, tick, first.spec.names)
    stats = run.finish(sources)
    return stats, run.outcome


class _Run:
    """The state of a measurement: moments so far, provenance, and what is to be told at its end."""

    def __init__(self, per: Per, options: MeasureOptions, moments: Moments) -> None:
        self._per = per
        self._options = options
        self._moments = moments
        self._records: list[SourceRecord] = []
        self._rejected: dict[str, tuple[str, Rejected]] = {}
        self._infinities = 0
        self.outcome = Outcome()

    def add_source(self, source: Source, plan: Plan, tick: Tick, names: tuple[str, ...] | None) -> None:
        """Measures a source and merges it; its columns are taken in the order of `names`."""
        own = source.spec.names
        order = [own.index(name) for name in names or ()] if self._per == "column" and own and own != names else None
        samples, hasher = 0, xxhash.xxh3_128()
        skipped: list[Skipped] = []
        task = MeasureSpan(source, self._per, self._options)
        parts = map_in_order(task, source.spans(), plan, block_cost=block_cost(source), processes=source.small_samples)
        for part in parts:
            if part.hole is not None:
                raise _missing_value(source, samples + part.hole[0] + 1, part.hole[1], self._per)
            self._moments = self._moments.merge(part.moments.select(order) if order else part.moments)
            for index, cell in part.rejected.items():
                self._rejected.setdefault((own or ())[index], (source.path, cell))
            self._infinities += part.infinities
            samples += part.samples
            skipped += part.skipped
            self.outcome.note(part.notes)
            hasher.update(part.digest)
            tick(part.nbytes)
        facts = source.facts()
        skipped = [*facts.skipped, *skipped]
        self.outcome.note(facts.notes)
        self.outcome.skip(skipped)
        self.outcome.samples += samples
        digest = f"xxh3_128:{hasher.hexdigest()}"
        names_skipped = tuple(sample.name for sample in skipped)
        self._records.append(SourceRecord(source.path, source.spec.kind, samples, facts.nbytes, digest, names_skipped))

    def finish(self, sources: Sequence[Source]) -> Stats:
        """The statistics, without the columns that turned out to be text; warnings go to `outcome`."""
        spec = sources[0].spec
        moments = self._moments.divide(unit_divisor(spec.dtype)) if self._options.unit else self._moments
        stats = Stats(
            per=self._per,
            samples=self.outcome.samples,
            axes=spec.axes,
            sample_shape=_pool_shapes(sources),
            names=spec.names,
            dtype=spec.dtype.name,
            unit=self._options.unit,
            ignore=self._options.ignore,
            decoding=spec.decoding,
            sources=tuple(self._records),
            moments=moments,
        )
        paths = ", ".join(source.path for source in sources)
        if not stats.samples:
            raise DataError("has no samples", where=paths)
        if spec.axes == "NC" and spec.names is not None:
            stats = self._drop_text(stats, named=spec.named)
        if not stats.moments.count.any():
            raise DataError("has no numbers", where=paths, hint="look at it with zm inspect")
        self._warn(stats)
        return stats

    def _drop_text(self, stats: Stats, *, named: bool) -> Stats:
        """The statistics of the columns that hold numbers only; DataError for one that was named and does not."""
        for name, (path, cell) in self._rejected.items():
            place = f"row {cell.row} holds '{cell.value}'"
            if named or self._per == "all":
                raise DataError(
                    f"{place}, which is no number",
                    where=f"{path}: column '{name}'",
                    hint=f"--null-value '{cell.value}' takes it for missing, --exclude '{name}' leaves it as it is",
                )
            self.outcome.warn(f"{path}: column '{name}' is left as text: {place}, which is no number")
        columns = list(stats.names or ())
        keep = [name for name in columns if name not in self._rejected]
        if not named and self._per == "column":
            empty = [name for name in keep if not stats.moments.count[columns.index(name)]]
            if empty:
                self.outcome.warn(f"without a single number, left as they are: {list_names(empty)}")
            keep = [name for name in keep if name not in empty]
        return stats.select(keep) if keep != columns and self._per == "column" else stats

    def _warn(self, stats: Stats) -> None:
        features = stats.features
        constant = [features[index] for index in np.flatnonzero(stats.moments.constant())]
        if constant:
            self.outcome.warn(f"constant, so that standardizing divides by 1: {list_names(constant)}")
        empty = [features[index] for index in np.flatnonzero(stats.moments.count == 0)]
        if empty:
            self.outcome.warn(f"without a single value: {list_names(empty)}")
        if self._infinities:
            self.outcome.warn(f"infinite values counted as missing: {self._infinities}")
        if self.outcome.skipped:
            self.outcome.warn(f"samples left out because they could not be read: {len(self.outcome.skipped)}")


def block_cost(source: Source) -> int:
    """The bytes that a block of this source takes while it is worked on: input, decoded values, a working copy."""
    sizes = [size or 0 for size in source.spec.sample_shape]
    sample = int(np.prod(sizes, dtype=np.int64)) * source.spec.dtype.itemsize
    return 3 * max(BLOCK_BYTES, sample)


def _missing_value(source: Source, sample: int, feature: int, per: Per) -> DataError:
    names = source.spec.names
    row = "row" if source.spec.axes == "NC" else "sample"
    column = f", column '{names[feature]}'" if names and per == "column" else ""
    return DataError(
        "is missing or not finite, and --missing error allows none", where=f"{source.path}: {row} {sample}{column}"
    )


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


def _check_alike(first: Source, other: Source, per: Per) -> None:
    """Raises DataError, naming the difference, where two sources cannot be pooled."""
    ours, theirs = first.spec, other.spec
    for what, mine, its in (
        ("kind", ours.kind, theirs.kind),
        ("axes", ours.axes, theirs.axes),
        ("dtype", ours.dtype.name, theirs.dtype.name),
        ("channels or columns", _named(ours, per), _named(theirs, per)),
        ("sample shape", _fixed(ours, per), _fixed(theirs, per)),
        *((key, ours.decoding.get(key), theirs.decoding.get(key)) for key in ("mode", "resize", "exif", "unit")),
    ):
        if mine != its:
            raise DataError(
                f"cannot be pooled with {first.path}: its {what}: {its}, there: {mine}",
                where=other.path,
                hint="pool what was read alike, or say how to read it (--mode, --columns, --exclude)",
            )


def _named(spec: Spec, per: Per) -> list[str] | None:
    return None if spec.names is None else (sorted(spec.names) if per == "column" else list(spec.names))


def _fixed(spec: Spec, per: Per) -> str:
    """What of the sample shape must be the same: all of it per pixel, else the sizes that are features."""
    if per == "pixel" or (per == "column" and spec.names is None):
        return describe_shape(spec.sample_shape)
    kept = kept_axes(spec.axes, per)
    return describe_shape(spec.sample_shape[axis - 1] for axis in kept)


def _pool_shapes(sources: Sequence[Source]) -> tuple[int | None, ...]:
    shapes = [source.spec.sample_shape for source in sources]
    return tuple(sizes[0] if len(set(sizes)) == 1 else None for sizes in zip(*shapes, strict=True))
