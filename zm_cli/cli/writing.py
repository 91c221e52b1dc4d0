"""What `center` and `standardize` have in common: everything but the operation."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from zm_cli.cli.groups import Choices, Writing
from zm_cli.cli.options import parse_number
from zm_cli.cli.reading import (
    check_not_inside,
    check_outputs,
    kept_input,
    make_plan,
    make_report,
    opened,
    read_options,
)
from zm_cli.cli.report import show_samples
from zm_cli.cli.sources import find_lists, name_source
from zm_cli.cli.unchanged import check_stays, find_change_of_dataset, record_run
from zm_cli.errors import UsageError
from zm_cli.formats import check_output
from zm_cli.pipeline.apply import ApplyOptions, apply, changed_meanwhile, open_to_apply
from zm_cli.pipeline.measure import measure
from zm_cli.pipeline.measure_run import MeasureOptions
from zm_cli.pipeline.outcome import Outcome
from zm_cli.pipeline.splits import find_leak
from zm_cli.receipt import Operation
from zm_cli.statsstore import check_room, check_target, load_stats
from zm_cli.stdin import name_input


def write_dataset(
    operation: Operation,
    source_path: str | None,
    output: str,
    writing: Writing,
    choices: Choices,
    *,
    ddof: int = 0,
    epsilon: float = 0.0,
) -> None:
    """Writes the transformed dataset: by the statistics of a file, or by its own, which are then left beside it."""
    strictness, kind = choices.strictness, choices.reading.kind
    report, plan = make_report(choices.running), make_plan(choices.running)
    named = name_source(source_path, choices.reading.files_from, kind)
    path = named.path
    reading = replace(read_options(choices.reading, strictness.on_error), files=named.files)
    ignore = parse_number(choices.reading.ignore)
    measuring = MeasureOptions(choices.computing.per, choices.computing.unit, ignore, strictness.missing)
    applying = ApplyOptions(
        operation,
        inverse=writing.inverse,
        dtype=writing.dtype,
        form=writing.form,
        impute=writing.impute is not None,
        ddof=ddof,
        epsilon=epsilon,
        missing=strictness.missing,
        force=writing.force,
    )
    stats_file, save_stats = writing.stats, writing.save_stats
    if writing.json and output == "-":
        raise UsageError("the table itself goes to standard output", where="--json", hint="name a file with -o")
    if stats_file == "-" and "-" in (path, choices.reading.files_from):
        raise UsageError("is asked for twice", where="standard input", hint="it can be read only once")
    stats_file = _find_stats(path, stats_file, applying)
    if stats_file is not None:
        _refuse_measuring(measuring, save_stats)
    elif save_stats is None and output != "-":
        save_stats = f"{output.rstrip('/')}.stats.json"
    if save_stats is not None:
        check_target(save_stats)
    lists = find_lists([] if source_path is None else [source_path], choices.reading.files_from)
    check_outputs([*named.list_places(), *lists, stats_file], [output, save_stats])
    if named.files is None:
        check_not_inside(path, output)
    if writing.if_changed:
        check_stays(output)
        made = record_run(operation, [named], choices, writing, stats_file, ddof=ddof, epsilon=epsilon)
        change = find_change_of_dataset(output, save_stats, made, choices.reading.dataset)
        if change is None:
            report.inform(f"{output} is up to date")
            if writing.json:
                _print_summary(None, Outcome(), output, stats_file or save_stats, applying)
            return
        report.say(f"{output} is made: {change}")
        applying = replace(applying, made=made)
    with ExitStack() as stack:
        measured = Outcome()
        if stats_file is None:
            place = stack.enter_context(kept_input(path, kind))
            with opened([replace(named, path=place)], reading, kind) as sources:
                check_output(sources[0], output, applying.form)
                if save_stats is not None:
                    check_room(save_stats, sources[0].spec, measuring.per, sources[0].path)
                report.tell_left_out(sources)
                with report.progress_bar(sources, "measuring") as tick:
                    stats, measured = measure(sources, measuring, plan, tick)
                if leak := find_leak(sources):
                    measured.warn(leak)
            # The statistics name what was given, not where a pipe was kept.
            stats = replace(stats, sources=(replace(stats.sources[0], path=path),))
        else:
            place, stats = path, load_stats(stats_file)
        try:
            source, stats = open_to_apply(place, reading, stats, kind, inverse=applying.inverse)
        except UsageError as error:
            if stats_file is not None:
                raise
            # What was typed fitted the data a moment ago.
            raise changed_meanwhile(place, error.what) from error
        stack.callback(source.close)
        if stats_file is not None:
            report.tell_left_out([source])
        tick = stack.enter_context(report.progress_bar([source], "writing"))
        own = stats_file is None
        outcome = apply(source, stats, output, applying, plan, own=own, save_stats=save_stats, tick=tick)
    measured.include(outcome)
    if place != path:
        measured.rename(place, name_input(path))
    report.tell(measured)
    report.say(f"{show_samples(outcome.samples)} in {'standard output' if output == '-' else output}")
    if writing.json:
        _print_summary(outcome, measured, output, stats_file or save_stats, applying)


def _find_stats(path: str, stats_file: str | None, applying: ApplyOptions) -> str | None:
    """The stats file to apply: the one named, for an inverse else the one that lies beside the data, or None."""
    if stats_file is not None or not applying.inverse:
        return stats_file
    beside = f"{path.rstrip('/')}.stats.json"
    if path == "-" or not Path(beside).is_file():
        raise UsageError("--inverse needs the statistics that were applied", where=path, hint="name them with --stats")
    return beside


def _refuse_measuring(measuring: MeasureOptions, save_stats: str | None) -> None:
    """Options that decide how statistics are made say nothing where they come from a file."""
    asked: dict[str, Any] = {
        "--per": measuring.per,
        "--unit": measuring.unit,
        "--ignore": measuring.ignore is not None,
        "--save-stats": save_stats,
    }
    for option, value in asked.items():
        if value:
            raise UsageError(f"{option} has no part where --stats gives the statistics", hint=f"leave out {option}")


def _print_summary(
    outcome: Outcome | None, told: Outcome, output: str, stats_file: str | None, applying: ApplyOptions
) -> None:
    """Prints what was done as JSON; `outcome` None: nothing, because there was nothing to do."""
    document = {
        "format": "zm-written",
        "version": 1,
        "output": output,
        "operation": applying.operation,
        "inverse": applying.inverse,
        "changed": outcome is not None,
        "samples": outcome.samples if outcome else None,
        "stats": stats_file,
        "written": outcome.written.to_document() if outcome and outcome.written else None,
        "skipped": [{"name": sample.name, "reason": sample.reason} for sample in told.skipped],
        "notes": told.notes,
        "warnings": told.warnings,
    }
    print(json.dumps(document, indent=2, allow_nan=False))
