"""Checks whether data are centered, standardized, scaled or whitened, by their own statistics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zm_cli.data.source import Source
from zm_cli.errors import UsageError
from zm_cli.formats.shared.options import WEIGHT
from zm_cli.inputs.name_lists import quote_few
from zm_cli.methods.shared.expectation import Target
from zm_cli.numbers.axes import list_pers
from zm_cli.outputs.receipt import DAMAGED
from zm_cli.pipeline.checking.check_measures import count_equal_quantiles, measure_features
from zm_cli.pipeline.checking.explain import explain_damage, explain_method, explain_receipt, explain_statistics
from zm_cli.pipeline.checking.findings import Findings, Flags
from zm_cli.pipeline.checking.making import Goal, Making, describe_made
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.pipeline.outcome import Outcome, Tick, ignore_progress
from zm_cli.running.plan import Plan
from zm_cli.statistics import optional_statistics
from zm_cli.statsfile.stats import Stats


def find_untransformed(source: Source) -> list[str]:
    """Returns the features of a table that its receipt does not name: they were left as they are, or are new."""
    receipt, names = source.receipt or {}, source.spec.names or ()
    columns = receipt.get("features", receipt.get("columns"))
    if columns is None or receipt.get("inverse") or set(names).isdisjoint(columns):
        return []
    return [name for name in names if name not in set(columns)]


def check_data(
    source: Source, goal: Goal, tolerance: float, options: MeasureOptions, plan: Plan, tick: Tick = ignore_progress
) -> Findings:
    """Checks in one pass whether the values of a source reach the goal; returns the findings.

    `options.per` None stands for the one in the receipt of the data. Raises the errors of `measure`, and UsageError for
    options that the check cannot use.
    """
    making = Making.from_receipt(source.receipt, source.spec.axes)
    method, expected, asked = making.choose_method(goal), making.expect(goal), options.per
    if expected.requires and source.spec.decoding.get(WEIGHT.name) is not None:
        check = f"--check {goal.method or goal.state}"
        raise UsageError(f"{check} does not take weights", hint=f"leave out {WEIGHT.spelling}")
    if expected.together and asked not in (None, "all"):
        what = f"{method.name} is checked by whole samples"
        raise UsageError(f"{what}, so --per {asked} has no effect", where="--per", hint="leave out --per")
    # Other columns of text were reported when the data were written.
    wanted = tuple((source.receipt or {}).get("columns", ()))
    more = [optional_statistics()[name] for name in expected.requires]
    options = replace(
        options,
        per="all" if expected.together else asked or making.per,
        compared=True,
        wanted=wanted,
        statistics=(*options.statistics, *(each for each in more if each not in options.statistics)),
    )
    stats, outcome = measure([source], options, plan, tick)
    if source.receipt is DAMAGED:
        outcome.warn(f"{source.path}: its receipt cannot be read, so it is not known how the data were transformed")
    outcome.note(explain_receipt(source, goal, expected))
    if options.per == making.per != asked and making.per != list_pers(source.spec.axes)[0]:
        outcome.note([f"{source.path}: checked per {making.per}, as its receipt says"])
    empty = [] if source.spec.named else _find_empty_columns(stats)
    if empty:
        outcome.note([f"without a single number, not checked: {quote_few(empty)}"])
        stats = stats.select([name for name in stats.names or () if name not in set(empty)])
    found = _check(source.path, stats, goal, tolerance, making, outcome)
    if not found.ok:
        outcome.note(explain_statistics(source))
    return found


def check_stats(path: str, stats: Stats, goal: Goal, tolerance: float, making: Making | None = None) -> Findings:
    """Checks whether the data behind a stats file reach the goal; returns the findings.

    `making` is how the data were made, if that is known. Raises DataError if the file lacks a statistic that is needed.
    """
    return _check(path, stats, goal, tolerance, making or Making(), Outcome(samples=stats.samples))


def _find_empty_columns(stats: Stats) -> list[str]:
    """Returns the columns without any number; transforming a table leaves them as they are."""
    if stats.per != "column" or stats.names is None:
        return []
    return [name for name, count in zip(stats.names, stats.moments.count, strict=True) if not count]


def _check(path: str, stats: Stats, goal: Goal, tolerance: float, making: Making, outcome: Outcome) -> Findings:
    """Returns the findings on statistics; notes on what was checked go to `outcome`."""
    method, expected = making.choose_method(goal), making.expect(goal)
    outcome.note(explain_method(path, goal, making))
    for warning in explain_damage(path, goal, making):
        outcome.warn(warning)
    measures, constant = measure_features(stats, expected, path)
    ranges = {target.measure: _find_range(target, tolerance) for target in expected.targets}
    if expected.together and (lack := float(1 - measures["length"][0] ** 2)) > tolerance:
        outcome.note(
            [f"{path}: the samples have length 1 if a share of {lack:.3g} has only zeros, which is not measured"]
        )
    off: dict[str, Flags] = {"count": stats.moments.count.ravel() == 0}
    for target in expected.targets:
        low, high = ranges[target.measure]
        wrong: Flags = (measures[target.measure] < low) | (measures[target.measure] > high)
        off[target.measure] = wrong & ~constant if target.varying else wrong
    return Findings(
        check=goal.state,
        path=path,
        stats=stats,
        limits={"tolerance": tolerance},
        measures=measures | {"constant": constant},
        off=off,
        outcome=outcome,
        method=method.name,
        made=describe_made(method),
        together=expected.together,
        equal_quantiles=count_equal_quantiles(stats, expected, constant),
        percents=expected.percents,
        expected={target.measure: target.value for target in expected.targets},
        ranges=ranges,
    )


def _find_range(target: Target, tolerance: float) -> tuple[float, float]:
    """Returns the smallest and the largest value that a measure may have."""
    allowed = tolerance * target.width
    return (
        -np.inf if target.or_less else target.value - allowed,
        np.inf if target.or_more else target.value + allowed,
    )
