"""Checks whether data are centered or standardized, by their own statistics."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.source import Source
from zm_cli.numbers.axes import possible_pers
from zm_cli.numbers.sums import Counts, Floats
from zm_cli.outputs.receipt import DAMAGED, is_readable
from zm_cli.pipeline.measure import measure
from zm_cli.pipeline.options import MeasureOptions, State
from zm_cli.pipeline.outcome import Outcome, Tick, ignore_progress
from zm_cli.pipeline.words import list_names
from zm_cli.running.plan import Plan
from zm_cli.statsfile.stats import Stats

Flags = NDArray[np.bool_]

FORMAT = "zm-check"
VERSION = 1

TOLERANCE = 1e-3
"""How far means and deviations may be off, in deviations. Rounding to float16 stays three times below it; data that
were transformed by statistics of other data rarely do."""

NOISE: Mapping[str, float] = {"standardize": 1e-6, "center": 1e-12}
"""If zm has transformed the data and all values of a feature are smaller than this, the feature was constant and the
values are rounding errors. No other feature becomes so small by standardizing, and hardly any by centering."""


@dataclass(frozen=True)
class Findings:
    """The result of a check, feature by feature.

    `measures` maps names to arrays of shape (features,), NaN where a feature has no such number. `off` maps the name of
    a measure to flags of shape (features,): which features exceed the limit. `missing_columns` were expected and not
    found, `extra_columns` found and not compared.
    """

    check: str
    path: str
    stats: Stats
    limits: Mapping[str, float | None]
    measures: Mapping[str, Floats | Counts | Flags]
    off: Mapping[str, Flags]
    outcome: Outcome
    against: str | None = None
    missing_columns: tuple[str, ...] = ()
    extra_columns: tuple[str, ...] = ()
    _wrong: Flags = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_wrong", np.logical_or.reduce(list(self.off.values())))

    @property
    def wrong(self) -> Flags:
        """Which features exceed any limit, shape (features,)."""
        return self._wrong

    @property
    def ok(self) -> bool:
        """Whether all features are there and within the limits."""
        return not (self.missing_columns or self._wrong.any())

    def to_document(self) -> dict[str, Any]:
        """Everything but the features, as JSON values."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "check": self.check,
            "path": self.path,
            "against": self.against,
            "per": self.stats.per,
            "samples": self.stats.samples,
            "limits": dict(self.limits),
            "ok": self.ok,
            "missing_columns": list(self.missing_columns),
            "extra_columns": list(self.extra_columns),
            "notes": self.outcome.notes,
            "warnings": self.outcome.warnings,
        }

    def feature_documents(self) -> Iterator[dict[str, Any]]:
        """Each feature as JSON values, None where a number is not finite."""
        for index in range(self._wrong.size):
            off = [measure for measure, flags in self.off.items() if flags[index]]
            numbers = {measure: _plain(array[index].item()) for measure, array in self.measures.items()}
            yield {"name": self.stats.name_feature(index), "ok": not off, "off": off, **numbers}


def _plain(number: float | int | bool) -> float | int | bool | None:
    return number if math.isfinite(number) else None


@dataclass(frozen=True)
class Expectation:
    """What the receipt of transformed data leads one to expect.

    `per` is what has a mean of its own, None for the default. `smaller` says that deviations below 1 are right, because
    of an epsilon or of missing values filled with the mean. Features whose values are all smaller than `noise` count as
    constant.
    """

    per: str | None = None
    ddof: int = 0
    smaller: bool = False
    noise: float = 0.0

    @classmethod
    def from_receipt(cls, receipt: Mapping[str, Any] | None, axes: str) -> Expectation:
        """The expectation for data with these axes; without a receipt, or after an inverse, the default one."""
        if not is_readable(receipt) or receipt.get("inverse"):
            return cls()
        per = receipt.get("per")
        return cls(
            per=per if per in possible_pers(axes) else None,
            ddof=1 if receipt.get("ddof") == 1 else 0,
            smaller=receipt.get("epsilon", 0) > 0 or "impute" in receipt,
            noise=NOISE.get(receipt.get("operation", ""), 0.0),
        )


def find_untransformed(source: Source) -> list[str]:
    """The features of a table that are not among the columns which its receipt says were transformed."""
    receipt, names = source.receipt or {}, source.spec.names or ()
    columns = receipt.get("columns")
    if columns is None or receipt.get("inverse") or set(names).isdisjoint(columns):
        return []
    return [name for name in names if name not in set(columns)]


def check_data(
    source: Source, state: State, tolerance: float, options: MeasureOptions, plan: Plan, tick: Tick = ignore_progress
) -> Findings:
    """Checks in one pass whether the values of a source are centered or standardized.

    What has a mean of its own is decided by `options.per`, or else by the receipt of the data. Raises the errors of
    `measure`.
    """
    expected = Expectation.from_receipt(source.receipt, source.spec.axes)
    # What else holds text was told when the data were written.
    wanted = tuple((source.receipt or {}).get("columns", ()))
    options = replace(options, compared=True, wanted=wanted)
    stats, outcome = measure([source], replace(options, per=options.per or expected.per), plan, tick)
    if source.receipt is DAMAGED:
        outcome.warn(f"{source.path}: its receipt cannot be read, so it is not known how the data were transformed")
    if isinstance(filling := (source.receipt or {}).get("impute"), int | float):
        outcome.note([f"{source.path}: missing values were filled with {filling:g}, which moves means and deviations"])
    if options.per is None and expected.per not in (None, possible_pers(source.spec.axes)[0]):
        outcome.note([f"{source.path}: checked per {expected.per}, as its receipt says"])
    empty = [] if source.spec.named else _find_empty_columns(stats)
    if empty:
        outcome.note([f"without a single number, not checked: {list_names(empty)}"])
        stats = stats.select([name for name in stats.names or () if name not in set(empty)])
    return _check(source.path, stats, state, tolerance, expected, outcome)


def check_stats(path: str, stats: Stats, state: State, tolerance: float) -> Findings:
    """Checks whether the data behind a stats file are centered or standardized."""
    return _check(path, stats, state, tolerance, Expectation(), Outcome(samples=stats.samples))


def _find_empty_columns(stats: Stats) -> list[str]:
    """Columns without any number; transforming a table leaves them as they are."""
    if stats.per != "column" or stats.names is None:
        return []
    return [name for name, count in zip(stats.names, stats.moments.count, strict=True) if not count]


def _check(
    path: str, stats: Stats, state: State, tolerance: float, expected: Expectation, outcome: Outcome
) -> Findings:
    moments = stats.moments.reshape((stats.moments.mean.size,))
    empty = moments.count == 0
    mean = np.where(empty, np.nan, moments.mean)
    std = moments.std(expected.ddof)
    constant = moments.constant() | (np.maximum(np.abs(moments.min), np.abs(moments.max)) < expected.noise)
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.abs(mean) / np.where(constant | (std == 0), 1.0, std)
    off: dict[str, Flags] = {"count": empty}
    if state == "centered":
        off["shift"] = shift > tolerance
    else:
        off["mean"] = np.abs(mean) > tolerance
        too_small = (1 - std > tolerance) & (not expected.smaller)
        off["std"] = ~constant & ((std - 1 > tolerance) | too_small)
    return Findings(
        check=state,
        path=path,
        stats=stats,
        limits={"tolerance": tolerance},
        measures={
            "count": moments.count,
            "missing": moments.missing,
            "mean": mean,
            "std": std,
            "shift": shift,
            "constant": constant,
        },
        off=off,
        outcome=outcome,
    )
