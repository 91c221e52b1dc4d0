"""Whether data are centered or standardized: their own statistics held against what such data promise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.source import Source
from zm_cli.numbers.axes import possible_pers
from zm_cli.numbers.kernels import Counts, Floats
from zm_cli.outputs.receipt import DAMAGED
from zm_cli.pipeline.measure import measure
from zm_cli.pipeline.measure_run import MeasureOptions
from zm_cli.pipeline.outcome import Outcome, Tick, ignore_progress, list_names
from zm_cli.running.plan import Plan
from zm_cli.statsfile.stats import Stats

State = Literal["centered", "standardized"]
Flags = NDArray[np.bool_]

FORMAT = "zm-check"
VERSION = 1

TOLERANCE = 1e-3
"""How far means and deviations may be off, in deviations: float16 keeps them three times as well, other statistics
than the data's own rarely do."""

NOISE: Mapping[str, float] = {"standardize": 1e-6, "center": 1e-12}
"""Where zm has done it, values of a feature that are all smaller than this are what rounding left of a constant one:
after standardizing none else are so small, after centering hardly any."""


@dataclass(frozen=True)
class Findings:
    """What a check found, feature by feature.

    `measures` holds arrays with an entry for each feature, NaN where there is no number; `off` says by the name of a
    measure which features pass their limit there. `missing_columns` are features that should be there and are not.
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
        """Which features pass any limit."""
        return self._wrong

    @property
    def ok(self) -> bool:
        """Whether everything is within the limits."""
        return not (self.missing_columns or self._wrong.any())

    def to_document(self) -> dict[str, Any]:
        """All but the features as JSON can hold it."""
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
        """Each feature as JSON can hold it: null where there is no finite number."""
        for index in range(self._wrong.size):
            off = [measure for measure, flags in self.off.items() if flags[index]]
            numbers = {measure: _plain(array[index].item()) for measure, array in self.measures.items()}
            yield {"name": self.stats.name_feature(index), "ok": not off, "off": off, **numbers}


def _plain(number: float | int | bool) -> float | int | bool | None:
    return number if math.isfinite(number) else None


@dataclass(frozen=True)
class Promise:
    """What the receipt of data says of the numbers to expect: `per` None is the default for such data.

    `smaller` says that deviations below 1 are as they should be: they were divided by an epsilon, or missing values
    filled with the mean. Features without a value as large as `noise` count as constant.
    """

    per: str | None = None
    ddof: int = 0
    smaller: bool = False
    noise: float = 0.0

    @classmethod
    def from_receipt(cls, receipt: Mapping[str, Any] | None, axes: str) -> Promise:
        """What a receipt promises of data with these axes; of data that were undone again, nothing."""
        if receipt is None or receipt is DAMAGED or receipt.get("inverse"):
            return cls()
        per = receipt.get("per")
        return cls(
            per=per if per in possible_pers(axes) else None,
            ddof=1 if receipt.get("ddof") == 1 else 0,
            smaller=receipt.get("epsilon", 0) > 0 or "impute" in receipt,
            noise=NOISE.get(receipt.get("operation", ""), 0.0),
        )


def check_data(
    source: Source, state: State, tolerance: float, options: MeasureOptions, plan: Plan, tick: Tick = ignore_progress
) -> Findings:
    """Whether the values of a source are centered or standardized, after one pass over them.

    What has a mean of its own is what `options.per` says, else what the data's receipt does. Raises what `measure`
    raises.
    """
    promise = Promise.from_receipt(source.receipt, source.spec.axes)
    stats, outcome = measure([source], _complete(options, promise), plan, tick)
    if source.receipt is DAMAGED:
        outcome.warn(f"{source.path}: its receipt cannot be read; what it says of the data is not known")
    if options.per is None and promise.per not in (None, possible_pers(source.spec.axes)[0]):
        outcome.note([f"{source.path}: checked per {promise.per}, as its receipt says"])
    empty = [] if source.spec.named else _find_empty_columns(stats)
    if empty:
        outcome.note([f"without a single number, not checked: {list_names(empty)}"])
        stats = stats.select([name for name in stats.names or () if name not in set(empty)])
    return _check(source.path, stats, state, tolerance, promise, outcome)


def check_stats(path: str, stats: Stats, state: State, tolerance: float) -> Findings:
    """Whether the data that a stats file was made of are centered or standardized."""
    return _check(path, stats, state, tolerance, Promise(), Outcome(samples=stats.samples))


def _complete(options: MeasureOptions, promise: Promise) -> MeasureOptions:
    return MeasureOptions(options.per or promise.per, options.unit, options.ignore, options.missing, compared=True)


def _find_empty_columns(stats: Stats) -> list[str]:
    """Columns without a number, which are left as they are where a table is transformed."""
    if stats.per != "column" or stats.names is None:
        return []
    return [name for name, count in zip(stats.names, stats.moments.count, strict=True) if not count]


def _check(path: str, stats: Stats, state: State, tolerance: float, promise: Promise, outcome: Outcome) -> Findings:
    moments = stats.moments.reshape((stats.moments.mean.size,))
    empty = moments.count == 0
    mean = np.where(empty, np.nan, moments.mean)
    std = moments.std(promise.ddof)
    constant = moments.constant() | (np.maximum(np.abs(moments.min), np.abs(moments.max)) < promise.noise)
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.abs(mean) / np.where(constant | (std == 0), 1.0, std)
    off: dict[str, Flags] = {"count": empty}
    if state == "centered":
        off["shift"] = shift > tolerance
    else:
        off["mean"] = np.abs(mean) > tolerance
        too_small = (1 - std > tolerance) & (not promise.smaller)
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
