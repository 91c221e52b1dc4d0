"""Findings: what a check of data found, feature by feature, and whether it holds."""

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

    `measures` maps names to arrays of shape (features,), NaN where a feature has no such number. `off` maps the name of
    a measure to flags of shape (features,): which features exceed the limit. `missing_columns` were expected and not
    found, `extra_columns` found and not compared; `groups` says the same of groups of samples. A check of a state says
    for which `method`, what is `expected` of some measures, and from where to where they may range.
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
    expected: Mapping[str, float] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    _wrong: Flags = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_wrong", np.logical_or.reduce(list(self.off.values())))

    @property
    def wrong(self) -> Flags:
        """Which features exceed any limit, shape (features,)."""
        return self._wrong

    @property
    def ok(self) -> bool:
        """Whether all features are there and within the limits, and no group is new."""
        return not (self.missing_columns or self.groups.unseen or self._wrong.any())

    def to_document(self) -> dict[str, Any]:
        """Everything but the features, as JSON values."""
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
        """Each feature as JSON values, None where a number is not finite."""
        for index in range(self._wrong.size):
            off = [measure for measure, flags in self.off.items() if flags[index]]
            numbers = {measure: _plain(array[index].item()) for measure, array in self.measures.items()}
            yield {"name": self.stats.name_feature(index), "ok": not off, "off": off, **numbers}


def _plain(number: float | int | bool) -> float | int | bool | None:
    return number if math.isfinite(number) else None
