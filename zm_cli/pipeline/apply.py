"""Stats to an output: every span read, transformed and encoded by a worker, written in the order of the data."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from zm_cli.block import Block, ReadOptions, Sink, Source, Span, WriteOptions
from zm_cli.errors import DataError, UnknownColumnError, UsageError
from zm_cli.formats import create_sink, detect, open_source
from zm_cli.pipeline.measure import block_cost
from zm_cli.pipeline.outcome import Outcome, Tick, ignore_progress, list_names
from zm_cli.receipt import Operation, check_receipt, make_receipt
from zm_cli.runner import Plan, map_in_order
from zm_cli.statsfile import Stats
from zm_cli.statsstore import digest_stats, draft_stats
from zm_cli.transform import Transform

FIXED_CHOICES = ("mode", "lossy", "resize", "exif")
"""Choices in decoding images that data must share with the statistics: other pixels have other means."""


@dataclass(frozen=True)
class ApplyOptions:
    """What is to be done with the statistics; `dtype` None is float64 for float64 data and float32 for all else."""

    operation: Operation
    inverse: bool = False
    dtype: str | None = None
    form: str | None = None
    impute: bool = False
    ddof: int = 0
    epsilon: float = 0.0
    force: bool = False


@dataclass(frozen=True)
class TransformSpan:
    """The task of a worker: a span of `source`, read and transformed."""

    source: Source
    transform: Transform

    def __call__(self, span: Span) -> Block:
        return self.transform.apply(self.source.read(span))


@dataclass(frozen=True)
class EncodeSpan:
    """The task of a thread: a span transformed and encoded, so that nothing but the writing is left."""

    transform_span: TransformSpan
    sink: Sink

    def __call__(self, span: Span) -> tuple[Span, Block, Any]:
        block = self.transform_span(span)
        return span, block, self.sink.encode(block)


def open_to_apply(
    path: str, options: ReadOptions, stats: Stats, kind: str | None = None, *, inverse: bool = False
) -> tuple[Source, Stats]:
    """The source at `path` read as the statistics' own data were, and the statistics of the columns to transform.

    For an inverse, images are read as they are: they are arrays that were decoded before.
    Raises DataError where the data lack a column or were asked to be read in another way; UsageError as `open_source`.
    """
    found = detect(path, kind).kind
    if stats.axes == "NC" and stats.names is not None and found == stats.kind:
        stats = _select_columns(stats, options)
        options = replace(options, columns=stats.names, exclude=None)
    if found == stats.kind:
        options = _replay(options, stats, path, skip=FIXED_CHOICES if inverse else ())
    try:
        return open_source(path, options, kind), stats
    except UnknownColumnError as error:
        raise DataError(f"does not fit the statistics: {error.what}", where=path, hint=error.hint) from error


def _select_columns(stats: Stats, options: ReadOptions) -> Stats:
    names = list(stats.names or ())
    wanted = list(options.columns) if options.columns is not None else names
    unknown = [name for name in (*wanted, *(options.exclude or ())) if name not in names]
    if unknown:
        raise UsageError(f"no statistics of {list_names(unknown)}", hint=f"there are {list_names(names, 20)}")
    keep = [name for name in names if name in wanted and name not in (options.exclude or ())]
    if not keep:
        raise UsageError("no column is left to transform", where="--exclude")
    if keep == names:
        return stats
    if stats.per == "all":
        raise UsageError("statistics --per all are of all their columns together", where="--columns")
    return stats.select(keep)


def _replay(options: ReadOptions, stats: Stats, path: str, *, skip: tuple[str, ...]) -> ReadOptions:
    """The options with every choice that the user left open, but those to skip, made as it was for the statistics."""
    changes: dict[str, Any] = {}
    for option in fields(options):
        if option.name in skip:
            continue
        made = stats.decoding.get(option.name)
        made = tuple(made) if isinstance(made, list) else made
        asked = getattr(options, option.name)
        if asked is None and made is not None:
            changes[option.name] = made
        elif asked is not None and option.name in FIXED_CHOICES and str(asked).lower() != str(made).lower():
            raise DataError(
                f"does not fit the statistics: they were made with {option.name} {made}, not {asked}",
                where=path,
                hint=f"leave out --{option.name}",
            )
    return replace(options, **changes)


def apply(
    source: Source,
    stats: Stats,
    output: str,
    options: ApplyOptions,
    plan: Plan,
    *,
    save_stats: str | None = None,
    tick: Tick = ignore_progress,
) -> Outcome:
    """Writes the transformed source to `output`, whole or not at all, and what there is to tell of it.

    With `save_stats`, the statistics are left there, at the moment the output appears. Raises DataError where the
    statistics do not fit the data or the data are transformed already.
    """
    transform = Transform.from_stats(
        stats,
        source.spec,
        _output_dtype(source, options),
        standardize=options.operation == "standardize",
        inverse=options.inverse,
        impute=options.impute,
        ddof=options.ddof,
        epsilon=options.epsilon,
    )
    receipt = make_receipt(
        options.operation,
        inverse=options.inverse,
        stats=digest_stats(stats),
        settings={"per": stats.per, **_settings(options, transform)},
    )
    if not options.force:
        check_receipt(source.receipt, receipt, source.path)
        stats.check_fits(source.spec, source.path)
        if not options.inverse:
            _check_scale(source, stats)
    sink = create_sink(source, output, WriteOptions(transform.dtype, receipt, options.form))
    outcome = Outcome()
    try:
        _write_blocks(source, transform, sink, plan, tick, outcome)
        draft = draft_stats(stats, save_stats) if save_stats is not None else None
        sink.commit()
        if draft is not None:
            draft.commit()
    except BaseException:
        sink.discard()
        raise
    outcome.note(sink.notes)
    return outcome


def _write_blocks(source: Source, transform: Transform, sink: Sink, plan: Plan, tick: Tick, outcome: Outcome) -> None:
    task = TransformSpan(source, transform)
    # The output, and its encoded form, weigh as many bytes a value as its dtype and some more.
    cost = block_cost(source) * (1 + transform.dtype.itemsize // source.spec.dtype.itemsize)
    spans = source.spans()
    if source.small_samples:
        blocks = map_in_order(task, spans, plan, block_cost=cost, processes=True)
        encoded = ((block.span, block, sink.encode(block)) for block in blocks)
    else:
        encoded = map_in_order(EncodeSpan(task, sink), spans, plan, block_cost=cost, processes=False)  # type: ignore[assignment]
    for span, block, ready in encoded:
        for index, cell in block.rejected.items():
            raise DataError(
                f"row {cell.row} holds '{cell.value}', which is no number",
                where=f"{source.path}: column '{(source.spec.names or ())[index]}'",
                hint=f"if it stands for a missing value, say --null-value '{cell.value}'",
            )
        sink.write(ready)
        outcome.samples += len(block.values)
        outcome.note(block.notes)
        outcome.skip(block.skipped)
        tick(span.nbytes)
    facts = source.facts()
    outcome.note(facts.notes)
    outcome.skip(facts.skipped)
    if not outcome.samples:
        raise DataError("has no samples", where=source.path)


def _settings(options: ApplyOptions, transform: Transform) -> dict[str, Any]:
    settings: dict[str, Any] = {"unit": transform.unit, "dtype": transform.dtype.name}
    if options.operation == "standardize":
        settings |= {"ddof": options.ddof, "epsilon": options.epsilon}
    return settings | ({"impute": "mean"} if options.impute else {})


def _output_dtype(source: Source, options: ApplyOptions) -> np.dtype[Any]:
    default = "float64" if source.spec.dtype == np.float64 else "float32"
    return np.dtype(options.dtype or default)


def _check_scale(source: Source, stats: Stats) -> None:
    """Raises DataError where the first floats lie in 0-1 and the statistics are of integers that do not."""
    if stats.per == "column" or stats.unit or source.spec.dtype.kind != "f" or source.one_pass:
        return
    span = next(iter(source.spans()), None)
    if np.dtype(stats.dtype).kind not in "iu" or stats.range[1] <= 1 or span is None:
        return
    values = source.read(span).values
    if values.size and np.nanmin(values) >= 0 and np.nanmax(values) <= 1:
        raise DataError(
            f"does not fit the statistics: its values lie in 0-1, statistics were made of {stats.dtype}",
            where=source.path,
            hint="measure the training data with --unit, or --force",
        )
