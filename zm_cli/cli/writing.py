"""What `center` and `standardize` have in common: everything but the operation."""

from __future__ import annotations

import json
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zm_cli.cli.groups import Choices, Writing
from zm_cli.cli.parsing import parse_number
from zm_cli.cli.reading import (
    check_not_inside,
    check_outputs,
    kept_input,
    make_plan,
    make_report,
    opened,
    read_options,
)
from zm_cli.cli.report import Report, show_samples
from zm_cli.cli.sources import Named, check_input_once, find_lists, name_source
from zm_cli.cli.unchanged import check_stays, find_change_of_dataset, record_run
from zm_cli.data.options import ReadOptions
from zm_cli.errors import UsageError
from zm_cli.formats import check_output
from zm_cli.inputs.standard_input import name_input
from zm_cli.outputs.receipt import Operation
from zm_cli.pipeline.apply import ApplyOptions, apply, changed_meanwhile
from zm_cli.pipeline.measure import measure
from zm_cli.pipeline.measure_run import MeasureOptions
from zm_cli.pipeline.opening import open_to_apply
from zm_cli.pipeline.outcome import Outcome
from zm_cli.pipeline.splits import find_leak
from zm_cli.running.plan import Plan
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import check_room, check_target, load_stats


@dataclass(frozen=True)
class _Job:
    """What is to be done, its options settled.

    The statistics are those in `stats_file`, or if that is None the source's own, which are left at `save_stats`.
    """

    named: Named
    output: str
    kind: str | None
    reading: ReadOptions
    measuring: MeasureOptions
    applying: ApplyOptions
    stats_file: str | None
    save_stats: str | None


def write_dataset(
    operation: Operation,
    source: str | None,
    output: str,
    writing: Writing,
    choices: Choices,
    *,
    ddof: int = 0,
    epsilon: float = 0.0,
) -> None:
    """Writes the transformed dataset: by the statistics of a file, or by its own, which are then left beside it."""
    report, plan = make_report(choices.running), make_plan(choices.running)
    applying = ApplyOptions(
        operation,
        inverse=writing.inverse,
        dtype=writing.dtype,
        form=writing.form,
        impute=writing.impute is not None,
        ddof=ddof,
        epsilon=epsilon,
        missing=choices.strictness.missing,
        force=writing.force,
    )
    job = _settle(source, output, writing, choices, applying)
    if writing.if_changed:
        check_stays(output)
        made = record_run(operation, [job.named], choices, writing, job.stats_file, ddof=ddof, epsilon=epsilon)
        change = find_change_of_dataset(output, job.save_stats, made, job.reading.dataset)
        if change is None:
            report.inform(f"{output} is up to date")
            if writing.json:
                _print_summary(job, None, Outcome())
            return
        report.say(f"{output} is made: {change}")
        job = replace(job, applying=replace(applying, made=made))
    outcome, told = _carry_out(job, report, plan)
    report.tell(told)
    report.say(f"{show_samples(outcome.samples)} in {'standard output' if output == '-' else output}")
    if writing.json:
        _print_summary(job, outcome, told)


def _settle(source: str | None, output: str, writing: Writing, choices: Choices, applying: ApplyOptions) -> _Job:
    """The job that the options ask for; UsageError where they do not go together, DataError where the output is an
    input or lies among them."""
    files_from, kind = choices.reading.files_from, choices.reading.kind
    named = name_source(source, files_from, kind)
    ignore = parse_number(choices.reading.ignore)
    measuring = MeasureOptions(choices.computing.per, choices.computing.unit, ignore, choices.strictness.missing)
    stats_file, save_stats = writing.stats, writing.save_stats
    if writing.json and output == "-":
        raise UsageError("the table itself goes to standard output", where="--json", hint="name a file with -o")
    check_input_once(stats_file, named.path, files_from)
    stats_file = _find_stats(named.path, stats_file, applying)
    if stats_file is not None:
        _refuse_measuring(measuring, save_stats)
    elif save_stats is None and output != "-":
        save_stats = f"{output.rstrip('/')}.stats.json"
    if save_stats is not None:
        check_target(save_stats)
    lists = find_lists([] if source is None else [source], files_from)
    check_outputs([*named.list_places(), *lists, stats_file], [output, save_stats])
    if named.files is None:
        check_not_inside(named.path, output)
    reading = replace(read_options(choices.reading, choices.strictness.on_error), files=named.files)
    return _Job(named, output, kind, reading, measuring, applying, stats_file, save_stats)


def _carry_out(job: _Job, report: Report, plan: Plan) -> tuple[Outcome, Outcome]:
    """What came of the writing, and what there is to tell of it and of the measuring before it."""
    path = place = job.named.path
    with ExitStack() as stack:
        told = Outcome()
        if job.stats_file is None:
            place = stack.enter_context(kept_input(path, job.kind))
            stats, told = _measure(job, place, report, plan)
        else:
            stats = load_stats(job.stats_file)
        outcome = _apply(job, place, stats, report, plan)
    told.include(outcome)
    if place != path:
        told.rename(place, name_input(path))
    return outcome, told


def _measure(job: _Job, place: str, report: Report, plan: Plan) -> tuple[Stats, Outcome]:
    """The statistics of the source, which lies at `place`, and what there is to tell of them."""
    with opened([replace(job.named, path=place)], job.reading, job.kind) as sources:
        check_output(sources[0], job.output, job.applying.form)
        if job.save_stats is not None:
            check_room(job.save_stats, sources[0].spec, job.measuring.per, sources[0].path)
        report.tell_left_out(sources)
        with report.progress_bar(sources, "measuring") as tick:
            stats, outcome = measure(sources, job.measuring, plan, tick)
        if leak := find_leak(sources):
            outcome.warn(leak)
    # The statistics name what was given, not where a pipe was kept.
    return replace(stats, sources=(replace(stats.sources[0], path=job.named.path),)), outcome


def _apply(job: _Job, place: str, stats: Stats, report: Report, plan: Plan) -> Outcome:
    """What came of writing the source at `place`, transformed by the statistics."""
    own = job.stats_file is None
    try:
        source, stats = open_to_apply(place, job.reading, stats, job.kind, inverse=job.applying.inverse)
    except UsageError as error:
        if not own:
            raise
        # What was typed fitted the data a moment ago.
        raise changed_meanwhile(place, error.what) from error
    with closing(source):
        if not own:
            report.tell_left_out([source])
        with report.progress_bar([source], "writing") as tick:
            return apply(source, stats, job.output, job.applying, plan, own=own, save_stats=job.save_stats, tick=tick)


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


def _print_summary(job: _Job, outcome: Outcome | None, told: Outcome) -> None:
    """Prints what was done as JSON; `outcome` None: nothing, because there was nothing to do."""
    document = {
        "format": "zm-written",
        "version": 1,
        "output": job.output,
        "operation": job.applying.operation,
        "inverse": job.applying.inverse,
        "changed": outcome is not None,
        "samples": outcome.samples if outcome else None,
        "stats": job.stats_file or job.save_stats,
        "written": outcome.written.to_document() if outcome and outcome.written else None,
        "skipped": [{"name": sample.name, "reason": sample.reason} for sample in told.skipped],
        "notes": told.notes,
        "warnings": told.warnings,
    }
    print(json.dumps(document, indent=2, allow_nan=False))
