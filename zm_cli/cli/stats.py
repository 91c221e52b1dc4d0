"""`zm stats`: the statistics of one or several sources."""

from __future__ import annotations

import sys

from zm_cli.cli import options as opt
from zm_cli.cli.groups import Computing, Reading, Running, Strictness, take_groups


@take_groups
def stats(
    sources: opt.Sources,
    computing: Computing,
    reading: Reading,
    strictness: Strictness,
    running: Running,
    output: opt.StatsOutput = None,
    json: opt.Json = False,
) -> None:
    """Compute means and deviations, pooled over every value, and keep them in a stats file.

    zm stats train/ -o train.stats.json

    zm stats a.csv b.csv --columns age,income -o train.stats.json

    zm stats train.h5 --per pixel -o train.stats.npz

    zm stats train.csv --json | jq .mean
    """
    from zm_cli.cli.reading import check_outputs, make_plan, make_report, opened, read_options
    from zm_cli.cli.report import print_table, show_samples, tabulate_stats
    from zm_cli.pipeline.measure import measure
    from zm_cli.pipeline.measure_run import MeasureOptions
    from zm_cli.statsstore import check_room, check_target, save_stats, to_json

    report, plan = make_report(running), make_plan(running)
    if output is not None:
        check_target(output)
        check_outputs(sources, [output])
    options = MeasureOptions(computing.per, computing.unit, opt.parse_number(reading.ignore), strictness.missing)
    with opened(sources, read_options(reading, strictness.on_error), reading.kind) as found:
        report.tell_left_out(found)
        if output is not None:
            check_room(output, found[0].spec, computing.per, found[0].path)
        with report.progress_bar(found, "measuring") as tick:
            result, outcome = measure(found, options, plan, tick)
    report.tell(outcome)
    if output is not None:
        save_stats(result, output)
        report.say(f"statistics of {show_samples(result.samples)} in {output}")
    if json and output != "-":
        sys.stdout.write(to_json(result.to_document()))
    elif output is None or (output != "-" and sys.stdout.isatty()):
        print_table(tabulate_stats(result))
