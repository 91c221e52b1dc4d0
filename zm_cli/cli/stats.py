"""`zm stats`: the statistics of one or several sources."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from zm_cli.cli import options as opt
from zm_cli.cli.groups import Choices, Computing, Reading, Running, Strictness, take_groups

if TYPE_CHECKING:
    from zm_cli.cli.sources import Named
    from zm_cli.outputs.provenance import Made
    from zm_cli.pipeline.outcome import Outcome
    from zm_cli.statsfile.stats import Stats


@take_groups
def stats(
    *,
    sources: opt.Sources = None,
    output: opt.StatsOutput = None,
    if_changed: opt.IfChanged = False,
    json: opt.Json = False,
    computing: Computing,
    reading: Reading,
    strictness: Strictness,
    running: Running,
) -> None:
    """Compute means and deviations and keep them in a stats file.

    Each is pooled over every value of the feature, in all sources together.

    zm stats train/ -o train.stats.json
    zm stats a.csv b.csv --columns age,income -o train.stats.json
    zm stats train.h5 --per pixel -o train.stats.npz
    zm stats train.csv --json | jq .mean
    """
    from zm_cli.cli.reading import check_outputs, make_report
    from zm_cli.cli.sources import find_lists, name_sources
    from zm_cli.cli.unchanged import check_stays, find_change, record_run
    from zm_cli.pipeline.outcome import Outcome
    from zm_cli.statsfile.store import check_target, load_stats

    report = make_report(running)
    named = name_sources(sources or [], reading.files_from, reading.kind)
    if output is not None:
        check_target(output)
        places = [place for source in named for place in source.list_places()]
        check_outputs([*places, *find_lists(sources or [], reading.files_from)], [output])
    choices = Choices(computing, reading, strictness, running)
    made = None
    if if_changed:
        kept = check_stays(output)
        made = record_run("stats", named, choices)
        change = find_change(kept, made)
        if change is None:
            report.inform(f"{kept} is up to date")
            _show(load_stats(kept), Outcome(), output, json)
            return
        report.say(f"{kept} is made: {change}")
    _show(*_measure(named, output, choices, made), output, json)


def _measure(named: Sequence[Named], output: str | None, choices: Choices, made: Made | None) -> tuple[Stats, Outcome]:
    """The statistics, written where an output is named, and what there is to tell of them, which is told."""
    from zm_cli.cli.parsing import parse_number
    from zm_cli.cli.reading import make_plan, make_report, opened, read_options
    from zm_cli.cli.report import show_samples
    from zm_cli.pipeline.measure import measure
    from zm_cli.pipeline.measure_run import MeasureOptions
    from zm_cli.pipeline.splits import find_leak
    from zm_cli.statsfile.store import check_room, save_stats

    computing, reading, strictness = choices.computing, choices.reading, choices.strictness
    report, plan = make_report(choices.running), make_plan(choices.running)
    options = MeasureOptions(computing.per, computing.unit, parse_number(reading.ignore), strictness.missing)
    with opened(named, read_options(reading, strictness.on_error), reading.kind) as found:
        report.tell_left_out(found)
        if output is not None:
            check_room(output, found[0].spec, computing.per, found[0].path)
        with report.progress_bar(found, "measuring") as tick:
            result, outcome = measure(found, options, plan, tick)
        if leak := find_leak(found):
            outcome.warn(leak)
    result = replace(result, made=made)
    report.tell(outcome)
    if output is not None and output != "-":
        save_stats(result, output)
        report.say(f"statistics of {show_samples(result.samples)} in {output}")
    return result, outcome


def _show(stats: Stats, outcome: Outcome, output: str | None, json: bool) -> None:
    """Prints what belongs on standard output: JSON if asked for, a table if nothing was, or at a terminal."""
    from zm_cli.cli.report import print_table, tabulate_stats
    from zm_cli.statsfile.store import to_json

    if json or output == "-":
        told = {"notes": outcome.notes, "warnings": outcome.warnings} if json else {}
        sys.stdout.write(to_json(stats.to_document() | told))
    elif output is None or sys.stdout.isatty():
        print_table(tabulate_stats(stats))
