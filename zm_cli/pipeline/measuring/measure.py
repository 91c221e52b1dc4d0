"""Measures sources: all their spans in one stream, merged in the order of the data, then of the sources."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import get_args

import numpy as np

from zm_cli.data.block import BLOCK_BYTES, Skipped
from zm_cli.data.source import Source
from zm_cli.data.spec import Spec
from zm_cli.data.texts import TextSummary
from zm_cli.errors import UsageError
from zm_cli.formats.shared.options import BY, MASK, WEIGHT
from zm_cli.numbers.axes import Per, choose_per, find_feature_shape, list_pers
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.moments.weighted_block import MAX_AT_ONCE
from zm_cli.numbers.statistic import Statistic
from zm_cli.numbers.sums import Counts
from zm_cli.outputs.receipt import Operation
from zm_cli.pipeline.belonging import find_strangers
from zm_cli.pipeline.measuring.checkpoint import NO_CHECKPOINT, ProgressStore
from zm_cli.pipeline.measuring.conclude import conclude
from zm_cli.pipeline.measuring.measure_spans import MeasureSpans
from zm_cli.pipeline.measuring.measured import Measured, SourceResult
from zm_cli.pipeline.measuring.pooling import check_alike, check_one_size, pool_columns
from zm_cli.pipeline.measuring.reduction import Reduction
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.pipeline.outcome import Outcome, Tick, ignore_progress
from zm_cli.running.plan import Plan
from zm_cli.running.workload import Workload
from zm_cli.statsfile.stats import Stats

PLANNED_GROUPS = 10
"""The number of groups that memory is planned for; the real number is not known before reading."""
BESIDE_BYTES = 10 * 8 * MAX_AT_ONCE
"""Memory for a block with labels, weights or a mask: ten arrays of float64 for a piece of MAX_AT_ONCE values."""
SMALL_RESULT = 8
"""How many times smaller than a block statistics must be for sending them between processes to pay."""


def measure(
    sources: Sequence[Source],
    options: MeasureOptions,
    plan: Plan,
    tick: Tick = ignore_progress,
    progress: ProgressStore = NO_CHECKPOINT,
) -> tuple[Stats, Outcome]:
    """Returns the pooled statistics of sources of one kind, and the notes and warnings about them.

    They have the same bits as the statistics of each source, merged in their order. `progress` is the checkpoint to
    resume from and to write. Raises UsageError for options that are not possible for the data; DataError where the
    sources cannot be pooled, hold no numbers, hold text in a column chosen by name, or lack a value although
    `options.missing` allows none.
    """
    measured = _measure(sources, options, plan, tick, progress)
    return conclude(measured), measured.outcome


def measure_outside(
    source: Source, options: MeasureOptions, plan: Plan, tick: Tick = ignore_progress
) -> tuple[Stats, Counts, Outcome]:
    """Returns the statistics of a source, the number of values of each feature outside `options.bounds`, the outcome.

    The counts have the shape of the statistics. Raises the errors of `measure`.
    """
    measured = _measure([source], options, plan, tick, NO_CHECKPOINT)
    stats = conclude(measured)
    return stats, measured.count_outside(stats), measured.outcome


def measure_texts(
    source: Source, options: MeasureOptions, plan: Plan, tick: Tick = ignore_progress
) -> tuple[Stats, TextSummary | None, Outcome]:
    """Returns the statistics of a source, a summary of its text columns if it was opened for that, and the outcome.

    Raises the errors of `measure`.
    """
    measured = _measure([source], options, plan, tick, NO_CHECKPOINT)
    return conclude(measured), measured.results[0].texts, measured.outcome


def _measure(
    sources: Sequence[Source], options: MeasureOptions, plan: Plan, tick: Tick, progress: ProgressStore
) -> Measured:
    first = sources[0]
    per = choose_per(first.spec, options.per, first.path)
    for source in sources:
        _check_possible(source, per, options)
    for other in sources[1:]:
        check_alike(first, other, per)
    if per == "pixel":
        check_one_size(sources)
    outcome = Outcome()
    strangers = (sentence for source in sources for sentence in find_strangers(source))
    outcome.add_messages(strangers, as_warnings=options.purpose in get_args(Operation) and not options.forced)
    spec = pool_columns(sources, outcome)
    results = _reduce_all(sources, spec, per, options, plan, tick, progress)
    for sentence in progress.problems:
        outcome.warn(sentence)
    for result in results:
        outcome.note(result.notes)
        # Several sources may have samples of the same name.
        path = result.record.path if len(sources) > 1 else None
        outcome.skip([_name_with(path, sample) for sample in result.skipped], result.record.skipped_total)
        outcome.samples += result.record.samples
    return Measured(tuple(sources), spec, per, options, tuple(results), outcome)


def _reduce_all(
    sources: Sequence[Source],
    spec: Spec,
    per: Per,
    options: MeasureOptions,
    plan: Plan,
    tick: Tick,
    progress: ProgressStore,
) -> list[SourceResult]:
    """Measures all sources in one stream of spans; returns what was measured of each."""
    common = set(spec.names or ())
    elsewhere = {
        number: frozenset(index for index, name in enumerate(source.spec.names or ()) if name not in common)
        for number, source in enumerate(sources)
    }
    task = MeasureSpans(dict(enumerate(sources)), per, options, elsewhere)
    reductions = [Reduction(index, source, per, options) for index, source in enumerate(sources)]
    runs = progress.cut_runs(reductions, plan.together)
    finished: list[SourceResult] = []
    with closing(plan.map(task, runs, plan_measuring(sources, per, options))) as results:
        for result in progress.check(results):
            # Results come in order, so those of all earlier sources are complete.
            while len(finished) < result.source:
                finished.append(reductions[len(finished)].finish(spec))
            reductions[result.source].add(result)
            progress.save(reductions[: result.source + 1])
            tick(result.nbytes, result.samples)
    return finished + [reduction.finish(spec) for reduction in reductions[len(finished) :]]


def _name_with(path: str | None, sample: Skipped) -> Skipped:
    """Returns the sample with the path of its source before its name; unchanged if there is no path."""
    return sample if path is None else replace(sample, name=f"{path}: {sample.name}")


def _check_possible(source: Source, per: Per, options: MeasureOptions) -> None:
    """Raises UsageError for options that do not allow so many features, weights, or what stored values stand for."""
    spec = source.spec
    check_few_features(source, per, options.statistics, options.needed_for)
    if spec.decoding.get(WEIGHT.name) is not None and options.statistics:
        option = _name_option(options.statistics[0], options.needed_for)
        raise UsageError(
            f"{option} does not take weights", where=source.path, hint=f"leave out {option} or {WEIGHT.spelling}"
        )
    if options.unit and not spec.holds_integers:
        stored = f", stored as {spec.dtype}" if spec.dtype.kind in "iu" else ""
        raise UsageError(
            f"--unit divides integers by their type's maximum, these values are {spec.real_dtype}{stored}",
            where=source.path,
        )
    if spec.packing is not None and spec.packing.is_affine:
        for statistic in options.statistics:
            if not statistic.real and statistic.identity((1,)).unpack(spec.packing.scale, spec.packing.offset) is None:
                option = _name_option(statistic, options.needed_for)
                raise UsageError(
                    f"{option} does not follow from stored values, to which {spec.packing.offset:g} is added",
                    where=source.path,
                    hint=f"leave out {option}",
                )


def _name_option(statistic: type[Statistic], needed_for: Mapping[str, str]) -> str:
    """Returns the option that asks for a statistic, or that needs it."""
    if statistic.name in needed_for:
        return needed_for[statistic.name]
    return statistic.option.spelling if statistic.option else statistic.name


def check_few_features(
    source: Source, per: Per, statistics: Sequence[type[Statistic]], needed_for: Mapping[str, str] | None = None
) -> None:
    """Raises UsageError where there are more features than one of the statistics can be computed for."""
    if None in source.spec.sample_shape:
        return
    features = math.prod(find_feature_shape(source.spec, per))
    for statistic in statistics:
        if features > statistic.most_features:
            option = _name_option(statistic, needed_for or {})
            few = [other for other in list_pers(source.spec.axes) if other not in (per, "pixel")]
            raise UsageError(
                f"{option} is for at most {statistic.most_features:,} features, here are {features:,}",
                where=source.path,
                hint=" or ".join(f"--per {other}" for other in few),
            )


def plan_measuring(sources: Sequence[Source], per: Per, options: MeasureOptions) -> Workload:
    """Returns what measuring needs: the memory for a block with its statistics, and whether processes pay."""
    features = max(math.prod(find_feature_shape(source.spec, per)) for source in sources)
    measured: tuple[type[Statistic], ...] = (Moments, *options.statistics)
    asked = {option for option in (BY, WEIGHT, MASK) for source in sources if source.spec.decoding.get(option.name)}
    grouped = BY in asked
    values = max(max(BLOCK_BYTES, source.sample_bytes) // source.spec.dtype.itemsize for source in sources)
    nbytes = 8 * sum(each.count_numbers(features, values) for each in measured)
    if grouped:
        # A value is in one group at most.
        nbytes += 8 * PLANNED_GROUPS * sum(each.count_numbers(features, values // PLANNED_GROUPS) for each in measured)
    # Processes do not wait for one another's Python, but pay only if the results that they send back are small.
    small = nbytes * SMALL_RESULT <= BLOCK_BYTES
    return Workload(
        block_bytes=max(map(estimate_block_bytes, sources)) + nbytes + BESIDE_BYTES * bool(asked),
        forkable=small and all(source.forkable for source in sources),
        small_steps=all(source.small_samples for source in sources),
    )


def estimate_block_bytes(source: Source, output: np.dtype[np.generic] | None = None) -> int:
    """Returns the bytes of memory for one block: read, decoded and, with `output`, transformed and encoded as that."""
    reading = 2 * max(BLOCK_BYTES, source.sample_bytes) + source.overhead_bytes
    return reading + (estimate_encoded_bytes(source, output) + source.overhead_bytes if output else 0)


def estimate_mask_bytes(source: Source) -> int:
    """Returns the bytes of memory to replace the masked values of one block: its mask, and two copies in float64."""
    if source.spec.decoding.get(MASK.name) is None:
        return 0
    return 17 * max(BLOCK_BYTES, source.sample_bytes) // source.spec.dtype.itemsize


def estimate_encoded_bytes(source: Source, output: np.dtype[np.generic]) -> int:
    """Returns the bytes of memory for one block that is transformed, encoded in that dtype, and not yet written."""
    return 2 * max(BLOCK_BYTES, source.sample_bytes) * output.itemsize // source.spec.dtype.itemsize
