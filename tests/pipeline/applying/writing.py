"""Measures and writes datasets in this process, as the commands do."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zm_cli.data.options import ReadOptions
from zm_cli.formats import open_source
from zm_cli.pipeline.applying.apply import apply
from zm_cli.pipeline.belonging import name_stats
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.opening import open_to_apply
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions, Purpose
from zm_cli.pipeline.outcome import Outcome
from zm_cli.running.plan import Plan
from zm_cli.statsfile.stats import Stats


@dataclass(frozen=True)
class Made:
    """Statistics, and everything that was told while they were measured and applied."""

    stats: Stats
    outcome: Outcome

    @property
    def told(self) -> list[str]:
        """All notes, what was transformed, and all warnings."""
        transformed = [self.outcome.transformed] if self.outcome.transformed else []
        return [*self.outcome.notes, *transformed, *self.outcome.warnings]


def measure_all(*paths: Path, purpose: Purpose | None = "stats", **options: Any) -> Made:
    """The statistics of sources, read with these options."""
    sources = [open_source(str(path), ReadOptions(**options)) for path in paths]
    return Made(*measure(sources, MeasureOptions(purpose=purpose), Plan(1)))


def write(
    path: Path, output: Path, stats: Stats | None = None, how: ApplyOptions | None = None, **options: Any
) -> Made:
    """Writes a source by these statistics; without any by its own, which are saved beside the output."""
    how = how or ApplyOptions("standardize")
    measured = None if stats is not None else measure_all(path, purpose=how.operation, **options)
    own = measured.stats if measured is not None else stats
    assert own is not None
    source, chosen = open_to_apply(str(path), ReadOptions(**options), own, inverse=how.inverse)
    with closing(source):
        saved = name_stats(str(output)) if measured is not None else None
        outcome = apply(source, chosen, str(output), how, Plan(1), own=measured is not None, save_stats=saved)
    if measured is not None:
        measured.outcome.include(outcome)
        outcome = replace(measured.outcome, written=outcome.written, transformed=outcome.transformed)
    return Made(own, outcome)
