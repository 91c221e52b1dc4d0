"""`zm center`: the dataset with its mean subtracted."""

from __future__ import annotations

from zm_cli.cli import options as opt


def center(
    source: opt.SourcePath,
    output: opt.Output,
    stats: opt.StatsFile = None,
    inverse: opt.Inverse = False,
    per: opt.Per = None,
    unit: opt.Unit = False,
    impute: opt.Impute = None,
    dtype: opt.Dtype = None,
    form: opt.Form = None,
    save_stats: opt.SaveStats = None,
    force: opt.Force = False,
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
    """Subtract the mean: x - mean.

    zm center train.csv -o train.centered.csv

    zm center test.csv -o test.centered.csv --stats train.centered.csv.stats.json

    zm center train.centered.csv -o back.csv --inverse
    """
    from zm_cli.cli.reading import make_plan, read_options
    from zm_cli.cli.report import Report
    from zm_cli.cli.writing import write_dataset
    from zm_cli.pipeline.apply import ApplyOptions
    from zm_cli.pipeline.measure import MeasureOptions

    write_dataset(
        source,
        output,
        read_options(
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
        ),
        MeasureOptions(per, unit, opt.parse_number(ignore), missing),
        ApplyOptions(
            "center",
            inverse=inverse,
            dtype=dtype,
            form=form,
            impute=impute is not None,
            missing=missing,
            force=force,
        ),
        make_plan(workers, memory),
        Report(quiet, verbose, progress),
        stats_file=stats,
        save_stats=save_stats,
        kind=kind,
        as_json=json,
    )
