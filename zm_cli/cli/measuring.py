"""Measures opened sources with a progress bar and warnings, for `stats` and the commands that write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from zm_cli.cli.report import Report
from zm_cli.data.source import Source
from zm_cli.pipeline.measure import measure
from zm_cli.pipeline.options import MeasureOptions, Purpose
from zm_cli.pipeline.outcome import Outcome
from zm_cli.pipeline.splits import find_held_out, find_leak
from zm_cli.running.plan import Plan
from zm_cli.statsfile.stats import Stats


def measure_opened(
    sources: Sequence[Source], options: MeasureOptions, plan: Plan, report: Report, purpose: Purpose = "stats"
) -> tuple[Stats, Outcome]:
    """The statistics of opened sources, made for this purpose, and the notes and warnings about them."""
    report.print_left_out(sources)
    with report.progress_bar(sources, "measuring") as tick:
        stats, outcome = measure(sources, replace(options, purpose=purpose), plan, tick)
    if split := find_leak(sources) or find_held_out(sources):
        outcome.warn(split)
    return stats, outcome
