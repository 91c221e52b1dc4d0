"""Findings: the result of a check of data, feature by feature, and whether it passes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.numbers.sums import Counts, Floats
from zm_cli.pipeline.checking.unseen import NO_GROUPS, GroupChanges
from zm_cli.pipeline.outcome import Outcome
from zm_cli.statsfile.stats import Stats

Flags = NDArray[np.bool_]

FORMAT = "zm-check"
VERSION = 1


@dataclass(frozen=True)
class Findings:
    """The result of a check, feature by feature.

    `measures` maps names to arrays of shape (features,), NaN if a feature has no such number. `off` maps the name of a
    measure to flags of shape (features,): which features exceed the limit. `missing_columns` were expected and not
    found, `extra_columns` found and not compared; `groups` says the same of groups of samples.

    A check of a state has a `method`, which makes data that are described by `made`; the `expected` values of some
    measures and the `ranges` that they may have; and the two `percents` of the quantiles that are measured, if any.
    With `together`, all values were measured together, because whole samples were checked. Of the features that count
    as constant, `equal_quantiles` are not constant: only their quantiles are equal.
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
    groups: GroupChanges = NO_GROUPS
    method: str | None = None
    made: str | None = None
    together: bool = False
    equal_quantiles: int = 0
    percents: tuple[float, float] | None = None
    expected: Mapping[str, float] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    _wrong: Flags = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_wrong", np.logical_or.reduce(list(self.off.values())))

    @property
    def wrong(self) -> Flags:
        """The features that exceed any limit, flags of shape (features,)."""
        return self._wrong

    @property
    def ok(self) -> bool:
        """Whether all features are there and within the limits, and no group is new."""
        return not (self.missing_columns or self.groups.unseen or self._wrong.any())

    def to_document(self) -> dict[str, Any]:
        """Returns everything but the features, as JSON values."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "check": self.check,
            "path": self.path,
            "against": self.against,
            "method": self.method,
            "expected": dict(self.expected),
            "per": self.stats.per,
            "samples": self.stats.samples,
            "limits": dict(self.limits),
            "ok": self.ok,
            "missing_columns": list(self.missing_columns),
            "extra_columns": list(self.extra_columns),
            **self.groups.to_document(),
            "notes": self.outcome.notes,
            "warnings": self.outcome.warnings,
        }

    def feature_documents(self) -> Iterator[dict[str, Any]]:
        """Yields each feature as JSON values, with None for numbers that are not finite."""
        for index in range(self._wrong.size):
            off = [measure for measure, flags in self.off.items() if flags[index]]
            numbers = {measure: _plain(array[index].item()) for measure, array in self.measures.items()}
            yield {"name": self.stats.name_feature(index), "ok": not off, "off": off, **numbers}


def _plain(number: float | int | bool) -> float | int | bool | None:
    return number if math.isfinite(number) else None
