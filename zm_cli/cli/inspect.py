"""`zm inspect`: show what a dataset or a stats file holds."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from zm_cli.cli import options as opt
from zm_cli.cli.arguments import InspectPath
from zm_cli.cli.groups import Checking, Given, Reading
from zm_cli.cli.inspecting import check_plain_stats, skip_unreadable
from zm_cli.cli.report import Report
from zm_cli.cli.signature import Without, take_options
from zm_cli.errors import escape_controls
from zm_cli.formats.shared.options import ON_ERROR
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.running.plan import Plan

if TYPE_CHECKING:
    from zm_cli.cli.sources import NamedSource
    from zm_cli.pipeline.describe import Description
    from zm_cli.statsfile.stats import Stats


@take_options
def inspect(
    *,
    path: InspectPath,
    checking: Checking,
    json: Annotated[bool, opt.JSON],
    reading: Annotated[Reading, Without(ON_ERROR.name)],
    measuring: Annotated[MeasureOptions, Without("unit", "missing")],
    plan: Plan,
    report: Report,
    given: Given,
) -> None:
    """Look at a dataset or a stats file, or check what it holds.

    Shows samples, shapes, types, missing values and statistics.

    zm inspect train/
    zm inspect train.csv --json | jq .missing_total
    zm inspect train.stats.json
    zm inspect train.h5 --check standardized
    zm inspect new.csv --against train.stats.json
    """
    from zm_cli.cli.sources import name_source
    from zm_cli.statsfile.encode import to_json
    from zm_cli.statsfile.store import is_stats_file, load_stats

    if checking.given:
        from zm_cli.cli.checks import CheckRequest, run_check

        run_check(CheckRequest(path, checking, measuring, reading, given), plan, report, json=json)
        return
    if path is not None and reading.kind is None and is_stats_file(path):
        check_plain_stats(path, given)
        stats = load_stats(path)
        if json:
            sys.stdout.write(to_json(stats.to_document() | {"notes": [], "warnings": []}))
        else:
            _print_stats(path, stats)
        return
    named = name_source(path, reading.files_from, reading.kind)
    found = _describe(named, skip_unreadable(reading, named), measuring, plan, report)
    if json:
        sys.stdout.write(to_json(found.to_document()))
    else:
        _print_description(found)


def _describe(
    named: NamedSource, reading: Reading, measuring: MeasureOptions, plan: Plan, report: Report
) -> Description:
    from zm_cli.cli.reading import open_sources
    from zm_cli.pipeline.describe import describe

    with (
        open_sources([named], reading.options, reading.kind) as sources,
        report.progress_bar(sources, "reading") as tick,
    ):
        found = describe(sources[0], measuring, plan, tick)
    report.print_outcome(found.outcome)
    return found


def _print_description(found: Description) -> None:
    from zm_cli.cli.tables import print_table, show_number, show_size, tabulate_stats

    facts, outcome = found.facts, found.outcome
    lines = {
        "path": found.path,
        "kind": found.kind,
        "samples": f"{outcome.samples:,}",
        "size": show_size(facts.nbytes),
        "shapes": _list_counts(facts.shapes),
        "types": _list_counts(facts.types),
        **facts.others,
        "classes": _list_counts(facts.classes),
        "missing": f"{int(found.stats.moments.missing.sum()):,}",
        "range": " to ".join(map(show_number, found.stats.range)),
        "unreadable": f"{len(outcome.skipped)}: " + ", ".join(sample.name for sample in outcome.skipped[:5])
        if outcome.skipped
        else "0",
        "left out": f"{facts.left_out} other files" if facts.left_out else "",
        "state": found.state or "",
    }
    _print_lines(lines)
    print()
    print_table(tabulate_stats(found.stats))


def _print_stats(path: str, stats: Stats) -> None:
    from zm_cli.cli.tables import print_table, show_number, show_size, tabulate_stats
    from zm_cli.numbers.axes import describe_shape

    _print_lines(
        {
            "path": path,
            "kind": f"stats file, of {stats.kind}",
            "per": stats.per,
            "samples": f"{stats.samples:,}" + (", the first only (--limit)" if stats.partial else ""),
            "sample shape": f"{describe_shape(stats.sample_shape)} ({stats.axes})",
            "dtype": stats.dtype + (", read as 0-1" if stats.unit else ""),
            "range": " to ".join(map(show_number, stats.range)),
            **{choice: str(value) for choice, value in stats.decoding.items() if value not in (None, [], False)},
            "ignored value": "" if stats.ignore is None else show_number(stats.ignore),
        }
    )
    for source in stats.sources:
        counts = f"{source.samples:,} samples, {show_size(source.bytes)}"
        skipped = f", left out {len(source.skipped)}" if source.skipped else ""
        _print_lines({"source": f"{source.path}: {counts}{skipped}, {source.digest}"})
    print()
    print_table(tabulate_stats(stats))


def _list_counts(counts: Mapping[str, int]) -> str:
    """Names with their counts, the most common first."""
    ordered = sorted(counts.items(), key=lambda entry: -entry[1])
    listed = ", ".join(f"{name} ({count:,})" for name, count in ordered[:8])
    return f"{listed} and {len(ordered) - 8} more" if len(ordered) > 8 else listed


def _print_lines(lines: dict[str, str]) -> None:
    for name, text in lines.items():
        if text:
            print(f"{name:<13} {escape_controls(text)}")
