"""Describes a source for `inspect`: facts from its headers, and statistics from one pass over its values."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any

from zm_cli.data.source import Facts, Source
from zm_cli.numbers.axes import is_unclear
from zm_cli.outputs.receipt import describe_receipt
from zm_cli.outputs.shard_record import format_shard
from zm_cli.pipeline.describing.folder import list_other_files
from zm_cli.pipeline.describing.table_columns import TableColumns, describe_columns
from zm_cli.pipeline.measuring.measure import measure_texts
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.pipeline.outcome import Outcome, Tick, ignore_progress
from zm_cli.running.plan import Plan
from zm_cli.statsfile.stats import Stats


@dataclass(frozen=True)
class Description:
    """A dataset as `inspect` shows it."""

    path: str
    kind: str
    facts: Facts
    stats: Stats
    outcome: Outcome
    state: str | None
    """How an earlier run transformed the data, according to their receipt; None without a receipt."""
    part: str = ""
    """Which part of a dataset the data are, according to their receipt; empty if it names no part."""
    columns: TableColumns | None = None
    """All columns of a table, while `facts` has only those known without reading; None for other data."""

    @property
    def missing_total(self) -> int:
        """The number of missing values; for a table, in all of its columns."""
        elsewhere = 0 if self.columns is None else self.columns.missing
        return int(self.stats.moments.missing.sum()) + elsewhere

    def to_document(self) -> dict[str, Any]:
        """Returns the description as JSON values; statistics have the same names as in a stats file."""
        document: dict[str, Any] = {
            "format": "zm-inspect",
            "version": 1,
            "path": self.path,
            "kind": self.kind,
            "bytes": self.facts.nbytes,
            "samples": self.outcome.samples,
            "shapes": dict(self.facts.shapes),
            "types": dict(self.facts.types),
            "left_out": self.facts.left_out,
            "unreadable_total": self.outcome.skipped_total,
            "unreadable": [{"name": sample.name, "reason": sample.reason} for sample in self.outcome.skipped],
            "facts": dict(self.facts.others),
            "text_columns": {
                name: column.to_document() for name, column in (self.columns.others if self.columns else {}).items()
            },
            "class_counts": dict(self.facts.classes),
            "state": self.state,
            "notes": self.outcome.notes,
            "warnings": self.outcome.warnings,
        }
        numbers = self.stats.to_document()
        for field in ("format", "version", "requires", "sources", "shard", "text_columns", "provenance"):
            del numbers[field]
        totals = {"features": list(self.stats.features), "missing_total": self.missing_total}
        return document | numbers | totals


def describe(source: Source, options: MeasureOptions, plan: Plan, tick: Tick = ignore_progress) -> Description:
    """Returns the description of a source, after one pass over its values; raises the errors of `measure`.

    If the meaning of the axes is not known, the statistics are those of all values together.
    """
    if options.per is None and is_unclear(source.spec.axes):
        options = replace(options, per="all")
    stats, texts, outcome = measure_texts(source, options, plan, tick)
    facts, columns = source.facts(), describe_columns(source, stats, texts)
    if columns is not None:
        facts = replace(facts, types=columns.count_types(), others=columns.complete_facts(facts.others))
    if facts.left_out and os.path.isdir(source.path):
        listed = list_other_files(source.path, source.spec.kind)
        facts = replace(facts, others={**facts.others, **({"other files": listed} if listed else {})})
    state = describe_receipt(source.receipt)
    part = format_shard(source.receipt)
    return Description(source.path, source.spec.kind, facts, stats, outcome, state, part, columns)
