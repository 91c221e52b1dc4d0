"""What was measured of each source, before it is merged into Stats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zm_cli.data.block import Rejected, Skipped
from zm_cli.data.source import Source
from zm_cli.data.spec import Spec
from zm_cli.data.texts import TextSummary
from zm_cli.inputs.standard_input import name_input
from zm_cli.numbers.axes import Per
from zm_cli.numbers.distinct import Distinct
from zm_cli.numbers.groups.groups import Groups
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.statistic import Statistic
from zm_cli.numbers.sums import Counts
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.pipeline.outcome import Outcome
from zm_cli.statsfile.stats import SourceRecord, Stats


@dataclass(frozen=True)
class SourceResult:
    """What was measured of one source, with its features in the order of the pooled spec.

    `groups` are the same statistics by group, None without labels. `rejected` maps the name of a column to its first
    cell that is not a number. `outside` counts the values outside the bounds, in the shape of the moments; None without
    bounds. `distinct` are the columns of integers that are all different, where that is asked for.
    """

    record: SourceRecord
    moments: Moments
    statistics: tuple[Statistic, ...]
    groups: Groups | None
    rejected: Mapping[str, Rejected]
    skipped: Sequence[Skipped]
    texts: TextSummary | None
    notes: Sequence[str]
    infinities: int
    outside: Counts | None
    distinct: Mapping[str, Distinct]


@dataclass(frozen=True)
class Measured:
    """What was measured of each source, and what all of them have in common; `outcome` collects the warnings."""

    sources: tuple[Source, ...]
    spec: Spec
    per: Per
    options: MeasureOptions
    results: tuple[SourceResult, ...]
    outcome: Outcome

    @property
    def paths(self) -> str:
        """The paths of the sources, for messages."""
        return ", ".join(name_input(source.path) for source in self.sources)

    def count_outside(self, stats: Stats) -> Counts:
        """Returns how many values of each feature in `stats` are outside the bounds, in the shape of its moments."""
        zero = np.zeros(self.results[0].moments.count.shape, dtype=np.int64)
        outside: Counts = sum((result.outside for result in self.results if result.outside is not None), zero)
        if stats.names == self.spec.names:
            return outside
        indices = {name: index for index, name in enumerate(self.spec.names or ())}
        return outside[[indices[name] for name in stats.names or ()]]
