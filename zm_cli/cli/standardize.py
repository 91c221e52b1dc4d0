"""`zm standardize`: the dataset with mean 0 and deviation 1."""

from __future__ import annotations

from zm_cli.cli import options as opt


def standardize(
    source: opt.SourcePath,
    output: opt.Output,
    stats: opt.StatsFile = None,
    inverse: opt.Inverse = False,
    per: opt.Per = None,
    unit: opt.Unit = False,
    ddof: opt.Ddof = "0",
    epsilon: opt.Epsilon = 0.0,
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
    """Subtract the mean and divide by the deviation: (x - mean) / std.

    zm standardize train/ -o train.h5 --resize 224x224

    zm standardize test/ -o test.h5 --stats train.h5.stats.json

    zm standardize new.csv --stats train.stats.json -o - | head
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
            "standardize",
            inverse=inverse,
            dtype=dtype,
            form=form,
            impute=impute is not None,
            ddof=int(ddof),
            epsilon=opt.parse_epsilon(epsilon),
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
