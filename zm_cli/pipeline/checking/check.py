"""Checks whether data are centered, standardized, scaled or whitened, by their own statistics."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from zm_cli.data.source import Source
from zm_cli.errors import UsageError
from zm_cli.formats.shared.options import WEIGHT
from zm_cli.methods import methods
from zm_cli.methods.shared.base import Method
from zm_cli.methods.shared.expectation import Expectation, Target, read_settings
from zm_cli.methods.shared.settings import Settings
from zm_cli.numbers.axes import list_pers
from zm_cli.outputs.receipt import DAMAGED, DONE, is_readable
from zm_cli.pipeline.checking.check_measures import measure_features
from zm_cli.pipeline.checking.findings import Findings, Flags
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.options import MeasureOptions, State
from zm_cli.pipeline.outcome import Outcome, Tick, ignore_progress
from zm_cli.pipeline.words import list_names
from zm_cli.running.plan import Plan
from zm_cli.statistics import optional_statistics
from zm_cli.statsfile.stats import Stats

TOLERANCE = 1e-3
"""How far a measure may be off, in deviations or in the extent that data were scaled to. Rounding to float16 stays
three times below it; data that were transformed by statistics of other data rarely do."""

USUAL_METHODS: Mapping[State, str] = {
    "centered": "center",
    "standardized": "standardize",
    "scaled": "minmax",
    "whitened": "pca",
}
"""The methods that data in each state are checked for, where no receipt says how they were made."""


RECORDED = ("range", "clip", "quantiles")
"""The settings that the receipt of a method which takes them always has, unless it is damaged."""


@dataclass(frozen=True)
class Making:
    """How data were made, as far as their receipt says it; without a receipt, or after an inverse, nothing is known.

    `per` is what has a mean of its own, None for the default. `unknown` is the name of a method that is none here: then
    nothing else is known. `lacking` are the settings that the receipt must record, but does not.
    """

    method: Method | None = None
    settings: Settings = field(default_factory=Settings)
    per: str | None = None
    unknown: str | None = None
    lacking: tuple[str, ...] = ()

    @classmethod
    def from_receipt(cls, receipt: Mapping[str, Any] | None, axes: str) -> Making:
        """What the receipt of data with these axes says."""
        if not is_readable(receipt) or receipt.get("inverse"):
            return cls()
        per, named = receipt.get("per"), receipt.get("method", receipt.get("operation"))
        method = methods().get(named or "")
        if method is None:
            # Settings of another method could be taken for those of the usual one.
            return cls(unknown=receipt.get("method"))
        return cls(
            method,
            read_settings(receipt),
            per if per in list_pers(axes) else None,
            lacking=tuple(name for name in RECORDED if name in method.settings and name not in receipt),
        )

    def choose_method(self, state: State) -> Method:
        """The method that has made the data, if they are then in this state; else the usual one for it."""
        if self.method is not None and DONE[self.method.command] == state:
            return self.method
        return methods()[USUAL_METHODS[state]]

    def expect(self, state: State) -> Expectation:
        """What can be expected of the data if they are in this state."""
        method = self.choose_method(state)
        expected = method.expect(method.complete(self.settings))
        if self.method is method:
            return expected
        # Rounding errors can be recognized only in data that are known to be made by zm.
        made = None if self.method is None else self.method.expect(self.method.complete(self.settings))
        return replace(expected, noise=made.noise if made is not None and made.constant == expected.constant else 0.0)


FILLED: Mapping[Any, tuple[str, ...]] = {"mean": ("whiten",), "median": ("center", "standardize", "whiten")}
"""The operations after which values that were filled in may fail a check, by what they were filled with; others expect
what it does to their measures."""


def find_untransformed(source: Source) -> list[str]:
    """The features of a table that are not among the columns which its receipt says were transformed, or are new."""
    receipt, names = source.receipt or {}, source.spec.names or ()
    columns = receipt.get("features", receipt.get("columns"))
    if columns is None or receipt.get("inverse") or set(names).isdisjoint(columns):
        return []
    return [name for name in names if name not in set(columns)]


def check_data(
    source: Source, state: State, tolerance: float, options: MeasureOptions, plan: Plan, tick: Tick = ignore_progress
) -> Findings:
    """Checks in one pass whether the values of a source are in this state.

    What has a mean of its own is decided by `options.per`, or else by the receipt of the data. Raises the errors of
    `measure`.
    """
    making = Making.from_receipt(source.receipt, source.spec.axes)
    expected, asked = making.expect(state), options.per
    if expected.requires and source.spec.decoding.get(WEIGHT.name) is not None:
        raise UsageError(f"--check {state} does not take weights", hint=f"leave out {WEIGHT.spelling}")
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
    outcome.note(_explain_receipt(source, state, expected))
    if options.per == making.per != asked and making.per != list_pers(source.spec.axes)[0]:
        outcome.note([f"{source.path}: checked per {making.per}, as its receipt says"])
    empty = [] if source.spec.named else _find_empty_columns(stats)
    if empty:
        outcome.note([f"without a single number, not checked: {list_names(empty)}"])
        stats = stats.select([name for name in stats.names or () if name not in set(empty)])
    return _check(source.path, stats, state, tolerance, making, outcome)


def _explain_receipt(source: Source, state: State, expected: Expectation) -> list[str]:
    """What the receipt of a source says that keeps its values from being as they are expected."""
    receipt = source.receipt
    if not is_readable(receipt) or receipt.get("inverse"):
        return []
    notes = []
    filling = receipt.get("impute")
    if state == "scaled":
        notes += _explain_scaled(source.path, filling, expected)
    elif isinstance(filling, int | float):
        notes.append(f"{source.path}: missing values were filled with {filling:g}, which moves means and deviations")
    elif receipt.get("operation") in FILLED.get(filling, ()):
        changed = "lowers deviations" if filling == "mean" else "moves means and deviations"
        notes.append(f"{source.path}: missing values were filled with the {filling}, which {changed}")
    weight = receipt.get("weight")
    if weight is not None and source.spec.decoding.get(WEIGHT.name) is None:
        name = f" {shlex.quote(weight)}" if isinstance(weight, str) else ""
        advice = f"to check with the same weights, add {WEIGHT.spelling}{name}"
        notes.append(f"{source.path}: made with weighted statistics; {advice}")
    return notes


def _explain_scaled(path: str, filling: Any, expected: Expectation) -> list[str]:
    """What it does to scaled data that missing values were filled."""
    loose = {target.measure for target in expected.targets if target.or_less or target.or_more}
    extremes, quantiles = bool(loose & {"min", "max", "largest"}), bool(expected.requires)
    if filling is None or expected.together or not (extremes or quantiles):
        return []
    number = isinstance(filling, int | float)
    moved = " and ".join(["extremes"] * (number and extremes) + ["quantiles"] * quantiles)
    what = f"{filling:g}" if number else f"the {filling}"
    return [f"{path}: missing values were filled with {what}, which may move {moved}: less is checked of these"]


def check_stats(path: str, stats: Stats, state: State, tolerance: float, making: Making | None = None) -> Findings:
    """Checks whether the data behind a stats file are in this state; `making` is what is known of how they were made.

    Raises DataError where the file lacks a statistic that is needed.
    """
    return _check(path, stats, state, tolerance, making or Making(), Outcome(samples=stats.samples))


def _find_empty_columns(stats: Stats) -> list[str]:
    """Columns without any number; transforming a table leaves them as they are."""
    if stats.per != "column" or stats.names is None:
        return []
    return [name for name, count in zip(stats.names, stats.moments.count, strict=True) if not count]


def _check(path: str, stats: Stats, state: State, tolerance: float, making: Making, outcome: Outcome) -> Findings:
    method, expected = making.choose_method(state), making.expect(state)
    if making.method is not method and method.name != method.command:
        why = "no receipt says how it was" if making.unknown is None else _explain_unknown(making.unknown)
        outcome.note([f"{path}: {why} {state}; checked as by {_spell(method)}"])
    elif making.lacking:
        which = " and ".join(f"--{name}" for name in making.lacking)
        command = _spell(method, making.settings)
        outcome.warn(f"{path}: its receipt is damaged and does not say which {which}; checked as by {command}")
    measures, constant = measure_features(stats, expected, path)
    ranges = {target.measure: _find_range(target, tolerance) for target in expected.targets}
    if expected.together and (lack := float(1 - measures["length"][0] ** 2)) > tolerance:
        outcome.note([f"{path}: the samples have length 1 if {lack:.3g} of them are zeros, which is not measured"])
    off: dict[str, Flags] = {"count": stats.moments.count.ravel() == 0}
    for target in expected.targets:
        low, high = ranges[target.measure]
        wrong: Flags = (measures[target.measure] < low) | (measures[target.measure] > high)
        off[target.measure] = wrong & ~constant if target.varying else wrong
    return Findings(
        check=state,
        path=path,
        stats=stats,
        limits={"tolerance": tolerance},
        measures=measures | {"constant": constant},
        off=off,
        outcome=outcome,
        method=method.name,
        expected={target.measure: target.value for target in expected.targets},
        ranges=ranges,
    )


def _explain_unknown(name: str) -> str:
    return f"its receipt names a method that this zm does not know ({name}), so that it is not known how it was"


def _spell(method: Method, settings: Settings | None = None) -> str:
    """The command that applies a method with settings, or as it does by default."""
    words, chosen = ["zm", method.command, "--method", method.name], method.complete(settings or Settings())
    for name in method.defaults:
        value = getattr(chosen, name)
        words += [f"--{name}", ",".join(f"{number:g}" for number in value) if isinstance(value, tuple) else str(value)]
    return " ".join([*words, *(["--clip"] if chosen.clip and "clip" in method.settings else [])])


def _find_range(target: Target, tolerance: float) -> tuple[float, float]:
    """The values that a measure may have."""
    allowed = tolerance * target.width
    return (
        -np.inf if target.or_less else target.value - allowed,
        np.inf if target.or_more else target.value + allowed,
    )
