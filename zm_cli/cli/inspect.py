"""`zm inspect`: what a dataset or a stats file holds."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from zm_cli.cli import options as opt
from zm_cli.cli.groups import Checking, Reading, Running, take_groups
from zm_cli.errors import UsageError, escape_controls

if TYPE_CHECKING:
    from zm_cli.cli.sources import Named
    from zm_cli.pipeline.describe import Description
    from zm_cli.statsfile.stats import Stats


@take_groups
def inspect(
    *,
    path: opt.InspectPath = None,
    checking: Checking,
    per: opt.Per = None,
    json: opt.Json = False,
    reading: Reading,
    running: Running,
) -> None:
    """Look at a dataset or a stats file, or check what it holds.

    What there is, how much of it, and its numbers.

    zm inspect train/
    zm inspect train.csv --json | jq .missing_total
    zm inspect train.stats.json
    zm inspect train.h5 --check standardized
    zm inspect new.csv --against train.stats.json
    """
    from zm_cli.cli.sources import name_source
    from zm_cli.statsfile.store import is_stats_file, load_stats, to_json

    if checking != Checking():
        from zm_cli.cli.checks import run_check

        run_check(path, checking, reading, running, per=per, json=json)
        return
    if path is not None and reading.kind is None and is_stats_file(path):
        if per is not None or reading != Reading():
            raise UsageError("is a stats file: options on how to read data have no part", where=path)
        stats = load_stats(path)
        if json:
            sys.stdout.write(to_json(stats.to_document() | {"notes": [], "warnings": []}))
        else:
            _print_stats(path, stats)
        return
    found = _describe(name_source(path, reading.files_from, reading.kind), per, reading, running)
    if json:
        sys.stdout.write(to_json(found.to_document()))
    else:
        _print_description(found)


def _describe(named: Named, per: opt.Per, reading: Reading, running: Running) -> Description:
    from zm_cli.cli.parsing import parse_number
    from zm_cli.cli.reading import make_plan, make_report, opened, read_tolerantly
    from zm_cli.pipeline.describe import describe
    from zm_cli.pipeline.measure_run import MeasureOptions

    report = make_report(running)
    # What cannot be read is among what is looked for.
    options = read_tolerantly(reading, named)
    with opened([named], options, reading.kind) as sources, report.progress_bar(sources, "reading") as tick:
        measuring = MeasureOptions(per, ignore=parse_number(reading.ignore))
        found = describe(sources[0], measuring, make_plan(running), tick)
    report.tell(found.outcome)
    return found


def _print_description(found: Description) -> None:
    from zm_cli.cli.report import print_table, show_number, show_size, tabulate_stats

    facts, outcome = found.facts, found.outcome
    lines = {
        "path": found.path,
        "kind": found.kind,
        "samples": f"{outcome.samples:,}",
        "size": show_size(facts.nbytes),
        "shapes": _list_counts(facts.shapes),
        "types": _list_counts(facts.types),
        **facts.others,
        "missing": f"{int(found.stats.moments.missing.sum()):,}",
        "range": " to ".join(map(show_number, found.stats.range)),
        "unreadable": f"{len(outcome.skipped)}: " + ", ".join(sample.name for sample in outcome.skipped[:5])
        if outcome.skipped
        else "0",
        "left out": f"{facts.left_out} files that are no images" if facts.left_out else "",
        "state": found.state or "",
    }
    _print_lines(lines)
    print()
    print_table(tabulate_stats(found.stats))


def _print_stats(path: str, stats: Stats) -> None:
    from zm_cli.cli.report import print_table, show_number, show_size, tabulate_stats
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


def _list_counts(counts: object) -> str:
    """Names with their counts, the most common first."""
    assert isinstance(counts, dict)
    ordered = sorted(counts.items(), key=lambda entry: -entry[1])
    listed = ", ".join(f"{name} ({count:,})" for name, count in ordered[:8])
    return f"{listed} and {len(ordered) - 8} more" if len(ordered) > 8 else listed


def _print_lines(lines: dict[str, str]) -> None:
    for name, text in lines.items():
        if text:
            print(f"{name:<13} {escape_controls(text)}")
