"""Writes a transformed dataset: what `center`, `standardize`, `scale` and `whiten` share."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zm_cli.cli.groups import Given, Reading
from zm_cli.cli.if_changed import find_change_of_dataset, record_provenance, require_file_output
from zm_cli.cli.measuring import measure_opened
from zm_cli.cli.reading import (
    check_not_inside,
    check_outputs,
    keep_input,
    list_inputs,
    open_sources,
    refuse_existing,
)
from zm_cli.cli.report import Report
from zm_cli.cli.scaling import record_settings
from zm_cli.cli.sources import NamedSource, check_input_once, find_lists, name_source
from zm_cli.cli.tables import show_samples
from zm_cli.data.options import ReadOptions
from zm_cli.data.source import Source
from zm_cli.errors import UsageError
from zm_cli.formats import detect, find_receipt
from zm_cli.formats.shared.options import SHARD
from zm_cli.inputs.standard_input import name_input
from zm_cli.methods import methods
from zm_cli.methods.shared.base import Method
from zm_cli.outputs.receipt import check_operation
from zm_cli.pipeline.apply import apply
from zm_cli.pipeline.belonging import find_other_data, find_other_settings, find_stats, name_stats
from zm_cli.pipeline.indicators import check_indicators
from zm_cli.pipeline.opening import open_to_apply
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions
from zm_cli.pipeline.other_features import describe_made
from zm_cli.pipeline.outcome import Outcome
from zm_cli.pipeline.output import check_output
from zm_cli.pipeline.parts import WritePart, check_parts, write_parts
from zm_cli.pipeline.parts_record import refuse_parts
from zm_cli.pipeline.required import add_required, check_required, check_weights
from zm_cli.pipeline.unmeasured import describe_unmeasured
from zm_cli.pipeline.words import changed_meanwhile
from zm_cli.running.plan import Plan
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import check_room, check_target, load_stats


@dataclass(frozen=True)
class WriteRequest:
    """What a command line asks for: the source and the output as they are named, and all options that say what to do.

    `output` None is standard output, unless that is a terminal. The statistics are read from the file `stats`. If that
    is None, they are those of the source itself, and are saved at `save_stats`. With `no_clobber`, nothing that exists
    is replaced.
    """

    source: str | None
    output: str | None
    stats: str | None
    save_stats: str | None
    reading: Reading
    measuring: MeasureOptions
    applying: ApplyOptions
    given: Given
    no_clobber: bool
    parts: int | None = None
    """How many parts the output is a folder of; None: it is one dataset."""
    told: str | None = None
    """A sentence on how options that were not given were chosen."""


@dataclass(frozen=True)
class _Job:
    """A checked request: source, output, the stats file to apply or None, and where to save statistics or None."""

    named: NamedSource
    request: WriteRequest
    output: str
    stats_file: str | None
    save_stats: str | None
    named_stats: bool = True
    """Whether the user named the file to save them in; else it gets another name where it may be too large for JSON."""

    @property
    def other_save_stats(self) -> str | None:
        """The other name that the saved statistics may get."""
        return name_stats(self.output, binary=True) if self.save_stats and not self.named_stats else None

    @property
    def measures(self) -> bool:
        """Whether statistics are needed at all."""
        return _find_method(self.request).measures

    @property
    def kind(self) -> str | None:
        return self.request.reading.kind

    @property
    def options(self) -> ReadOptions:
        """How to read the source."""
        return self.request.reading.options.replace(files=self.named.files)


def write_dataset(request: WriteRequest, plan: Plan, report: Report, *, if_changed: bool, json: bool) -> None:
    """Writes the transformed dataset by the statistics of a file or, without one, by its own, which are then saved."""
    job = _check_request(request)
    output, operation = job.output, request.applying.operation
    if json and output == "-":
        raise UsageError("the table itself goes to standard output", where="--json", hint="name a file with -o")
    if if_changed:
        if request.parts is not None:
            raise UsageError("does not know folders of parts", where="--if-changed", hint="leave out one of the two")
        require_file_output(output)
        given = record_settings(request.applying, request.given) if request.applying.method else request.given
        provenance = record_provenance(operation, [job.named], request.reading, given, job.stats_file)
        saved = find_stats(output) if job.other_save_stats else job.save_stats
        change = find_change_of_dataset(output, saved, provenance, request.reading.options)
        if change is None:
            report.print_message(f"{output} is up to date")
            if json:
                _print_summary(replace(job, save_stats=saved), None, Outcome())
            return
        report.print_detail(f"making {output}: {change}")
        job = replace(job, request=replace(request, applying=replace(request.applying, provenance=provenance)))
    if request.no_clobber:
        refuse_existing([output, job.save_stats, job.other_save_stats])
    job, outcome, messages = _carry_out(job, report, plan)
    if outcome.transformed and (output != "-" or report.shows_details):
        # A filter in a pipe is quiet.
        messages.note([outcome.transformed])
    report.print_outcome(messages)
    report.print_detail(f"{show_samples(outcome.samples)} in {'standard output' if output == '-' else output}")
    if json:
        _print_summary(job, outcome, messages)


def _check_request(request: WriteRequest) -> _Job:
    """The job for a request.

    Raises UsageError for options that cannot be combined, DataError if the output is an input or lies in its folder.
    """
    files_from = request.reading.files_from
    named = name_source(request.source, files_from, request.reading.kind)
    output = request.output or _choose_output(named.path, request.reading.kind)
    check_input_once(request.stats, named.path, files_from)
    stats_file, save_stats = _find_stats(named.path, request), request.save_stats
    measures = _find_method(request).measures
    if measures:
        _refuse_own_part(request.reading.options, stats_file)
    if request.parts is not None and named.path == "-":
        raise UsageError("cannot cut what comes from a pipe", where="--parts", hint="save it to a file first")
    if stats_file is None:
        check_weights(request.applying, request.reading.options)
    if stats_file is not None:
        _refuse_measuring(request.measuring, save_stats)
    elif measures and save_stats is None and output != "-":
        save_stats = name_stats(output)
    if save_stats is not None:
        check_target(save_stats)
    lists = find_lists([] if request.source is None else [request.source], files_from)
    inputs = list_inputs([named], request.reading.options, request.reading.kind)
    job = _Job(named, request, output, stats_file, save_stats, named_stats=request.save_stats is not None)
    check_outputs([*inputs, *lists, stats_file], [output, save_stats, job.other_save_stats])
    if named.files is None:
        check_not_inside(named.path, output)
    return job


def _find_method(request: WriteRequest) -> Method:
    return methods()[request.applying.method_name]


def _choose_output(path: str, kind: str | None) -> str:
    """The output where none is named: standard output. Raises UsageError where that is a terminal."""
    if sys.stdout.isatty():
        piped = ", show all of it with -o -, or add | head" if detect(path, kind).reads_pipe else ""
        raise UsageError("no output is named", where="--output", hint=f"name one with -o PATH{piped}")
    return "-"


def _carry_out(job: _Job, report: Report, plan: Plan) -> tuple[_Job, Outcome, Outcome]:
    """The job as it was done, the outcome of writing, and the messages of measuring and writing together."""
    path = kept = job.named.path
    report.connect(plan)
    with ExitStack() as stack:
        messages = Outcome()
        stats: Stats | None = None
        if not job.measures:
            pass
        elif job.stats_file is None:
            kept = stack.enter_context(keep_input(path, job.kind))
            job, stats, messages = _measure(job, kept, report, plan)
        else:
            stats = load_stats(job.stats_file)
            applying = job.request.applying
            check_required(stats, applying, job.stats_file)
            others = find_other_data(job.stats_file, stats), find_other_settings(job.stats_file, applying)
            messages.tell(filter(None, others), grave=True)
        outcome = _apply(job, kept, stats, report, plan)
    messages.include(outcome)
    messages.note(filter(None, [job.request.told]))
    if kept != path:
        messages.rename(kept, name_input(path))
    return job, outcome, messages


def _measure(job: _Job, path: str, report: Report, plan: Plan) -> tuple[_Job, Stats, Outcome]:
    """The statistics of the source, which is read from `path`, and the notes and warnings about them.

    The job comes with the name that the statistics are saved under.
    """
    measuring = add_required(job.request.measuring, job.request.applying)
    with open_sources([replace(job.named, path=path)], job.options, job.kind, plan, report) as sources:
        if job.request.parts is None:
            check_output(sources[0], job.output, job.request.applying.format)
        else:
            check_parts(sources[0], job.output, job.request.parts, job.request.applying.format)
        check_indicators(sources[0], job.request.applying)
        if job.save_stats is not None:
            job = _choose_room(job, job.save_stats, sources[0], measuring)
        applying = job.request.applying
        # --force overrules the doubt that the data are transformed already.
        measuring = replace(measuring, method=applying.method, forced=applying.force)
        stats, outcome = measure_opened(sources, measuring, plan, report, applying.operation)
    # The statistics record the path that the user gave, not that of the copy of a pipe.
    return job, replace(stats, sources=(replace(stats.sources[0], path=job.named.path),)), outcome


def _choose_room(job: _Job, path: str, source: Source, measuring: MeasureOptions) -> _Job:
    """The job with a name for the statistics that can hold them: where the usual one may not, that of a binary file.

    Raises UsageError where there is none, or the user named a file that may not.
    """
    how = [source.spec], measuring.per, source.path, measuring.statistics, measuring.needed_for
    try:
        check_room(path, *how)
    except UsageError:
        if job.other_save_stats is None:
            raise
        check_room(job.other_save_stats, *how)
        return replace(job, save_stats=job.other_save_stats)
    return job


def _apply(job: _Job, path: str, stats: Stats | None, report: Report, plan: Plan) -> Outcome:
    """Writes the source, which is read from `path`, transformed by the statistics; returns the outcome.

    Without statistics, the method needs none.
    """
    own, applying = stats is not None and job.stats_file is None, job.request.applying
    if stats is None:
        with open_sources([job.named], job.options, job.kind, plan, report) as (source,):
            stats = describe_unmeasured(source, job.request.measuring.ignore)
            return _write(job, path, source, stats, report, plan, own=False)
    if applying.inverse and not applying.force and path != "-":
        # Its features may be others than those that would be looked for.
        wanted = {field: getattr(applying, field) for field in ("operation", "method")}
        whole = applying.components if isinstance(applying.components, int) else None
        check_operation(find_receipt(path, job.options), wanted | {"components": whole}, path)
    try:
        with report.opening_bar() as opening_tick:
            source, stats = open_to_apply(
                path,
                job.options,
                stats,
                job.kind,
                inverse=applying.inverse,
                describe=describe_made(applying),
                plan=plan,
                tick=opening_tick,
            )
    except UsageError as error:
        if not own:
            raise
        # The options fitted the data when they were measured.
        raise changed_meanwhile(path, error.what) from error
    with closing(source):
        return _write(job, path, source, stats, report, plan, own=own)


def _write(job: _Job, path: str, source: Source, stats: Stats, report: Report, plan: Plan, *, own: bool) -> Outcome:
    """Writes an opened source, whole or in parts; `own` says that the statistics were just measured on it."""
    applying, save_stats = job.request.applying, job.save_stats
    if not own:
        report.print_left_out([source])
    with report.progress_bar([source], "writing") as tick:
        if job.request.parts is None:
            return apply(source, stats, job.output, applying, plan, own=own, save_stats=save_stats, tick=tick)
        task = WritePart(path, job.options, job.kind, stats, applying)
        return write_parts(source, task, job.output, job.request.parts, plan, own=own, save_stats=save_stats, tick=tick)


def _find_stats(path: str, request: WriteRequest) -> str | None:
    """The stats file to apply: the one named, or for an inverse the one beside the data; None: measure the source."""
    if request.applying.inverse:
        refuse_parts(path)
    if request.stats is not None or not request.applying.inverse:
        return request.stats
    beside = find_stats(path)
    if path == "-" or not Path(beside).is_file():
        if path != "-":
            # That there are no data is told first.
            detect(path, request.reading.kind)
        raise UsageError("--inverse needs the statistics that were applied", where=path, hint="name them with --stats")
    return beside


def _refuse_own_part(options: ReadOptions, stats_file: str | None) -> None:
    """Raises UsageError for a part of the data that would be transformed by statistics of that part alone."""
    shard = options.get(SHARD)
    if shard is not None and stats_file is None:
        raise UsageError(
            f"part {shard} would be transformed by its own statistics, not by those of all parts",
            where=SHARD.spelling,
            hint=f"measure each part (zm stats --shard {shard}), join them (zm merge), and give the result as --stats",
        )


def _refuse_measuring(measuring: MeasureOptions, save_stats: str | None) -> None:
    """Raises UsageError for options of measuring, which cannot change the statistics of a file."""
    given: dict[str, Any] = {
        "--per": measuring.per,
        "--unit": measuring.unit,
        "--ignore": measuring.ignore is not None,
        "--save-stats": save_stats,
        **{each.option.spelling: True for each in measuring.statistics if each.option is not None},
    }
    for option, value in given.items():
        if value:
            raise UsageError(f"{option} cannot be combined with --stats", hint=f"leave out {option}")


def _print_summary(job: _Job, outcome: Outcome | None, messages: Outcome) -> None:
    """Prints what was done as JSON; `outcome` None: the output was up to date."""
    document = {
        "format": "zm-written",
        "version": 1,
        "output": job.output,
        "operation": job.request.applying.operation,
        "inverse": job.request.applying.inverse,
        "changed": outcome is not None,
        "samples": outcome.samples if outcome else None,
        "stats": job.stats_file or job.save_stats,
        "written": outcome.written.to_document() if outcome and outcome.written else None,
        "skipped_total": messages.skipped_total,
        "skipped": [{"name": sample.name, "reason": sample.reason} for sample in messages.skipped],
        "notes": messages.notes,
        "warnings": messages.warnings,
    }
    print(json.dumps(document, indent=2, allow_nan=False))
