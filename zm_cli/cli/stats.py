"""`zm stats`: the statistics of one or several sources."""

from __future__ import annotations

import sys

from zm_cli.cli import options as opt


def stats(
    sources: opt.Sources,
    output: opt.StatsOutput = None,
    per: opt.Per = None,
    unit: opt.Unit = False,
    kind: opt.Kind = None,
    missing: opt.Missing = "skip",
    ignore: opt.Ignore = None,
    on_error: opt.OnError = None,
    mode: opt.Mode = None,
    resize: opt.Resize = None,
    exif: opt.Exif = None,
    columns: opt.Columns = None,
    exclude: opt.Exclude = None,
    delimiter: opt.Delimiter = None,
    no_header: opt.NoHeader = False,
    null_value: opt.NullValue = None,
    dataset: opt.Dataset = None,
    layout: opt.Layout = None,
    json: opt.Json = False,
    workers: opt.Workers = None,
    memory: opt.Memory = "256MB",
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    progress: opt.Progress = None,
    debug: opt.Debug = False,
) -> None:
    """Compute means and deviations, pooled over every value, and keep them in a stats file.

    zm stats train/ -o train.stats.json

    zm stats a.csv b.csv --columns age,income -o train.stats.json

    zm stats train.h5 --per pixel -o train.stats.npz

    zm stats train.csv --json | jq .mean
    """
    from zm_cli.cli.reading import check_outputs, make_plan, opened, read_options
    from zm_cli.cli.report import Report, print_table, show_samples, tabulate_stats
    from zm_cli.pipeline.measure import MeasureOptions, measure
    from zm_cli.statsstore import check_target, save_stats, to_json

    report = Report(quiet, verbose, progress)
    if output is not None:
        check_target(output)
        check_outputs(sources, [output])
    reading = read_options(
        mode=mode,
        resize=resize,
        exif=exif,
        dataset=dataset,
        layout=layout,
        columns=columns,
        exclude=exclude,
        delimiter=delimiter,
        no_header=no_header,
        null_value=null_value,
        on_error=on_error,
    )
    plan = make_plan(workers, memory)
    with opened(sources, reading, kind) as found:
        report.tell_left_out(found)
        with report.progress_bar(found, "measuring") as tick:
            result, outcome = measure(found, MeasureOptions(per, unit, opt.parse_number(ignore), missing), plan, tick)
    report.tell(outcome)
    if output is not None:
        save_stats(result, output)
        report.say(f"statistics of {show_samples(result.samples)} in {output}")
    if json and output != "-":
        sys.stdout.write(to_json(result.to_document()))
    elif output is None or (output != "-" and sys.stdout.isatty()):
        print_table(tabulate_stats(result))
