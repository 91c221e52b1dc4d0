"""Writes a transformed dataset: what `center`, `standardize`, `scale` and `whiten` share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace

from zm_cli.cli.display.tables import format_samples
from zm_cli.cli.if_changed import find_change_of_dataset, record_provenance, require_file_output
from zm_cli.cli.measuring import measure_opened
from zm_cli.cli.messages import Messages
from zm_cli.cli.reading import keep_input, open_sources, refuse_existing
from zm_cli.cli.scaling import record_given
from zm_cli.cli.write_job import WriteJob, WriteRequest, check_request, choose_room
from zm_cli.data.source import Source
from zm_cli.errors import UsageError
from zm_cli.formats import find_receipt
from zm_cli.inputs.option_text import find_fractions
from zm_cli.inputs.standard_input import name_input
from zm_cli.outputs.provenance import Provenance
from zm_cli.outputs.receipt import check_operation
from zm_cli.pipeline.applying.apply import apply
from zm_cli.pipeline.applying.indicators import check_indicators
from zm_cli.pipeline.applying.other_features import describe_made
from zm_cli.pipeline.applying.output import check_output
from zm_cli.pipeline.applying.parts import WritePart, check_parts, write_parts
from zm_cli.pipeline.applying.required import add_required, check_required
from zm_cli.pipeline.applying.unmeasured import describe_unmeasured
from zm_cli.pipeline.belonging import find_other_data, find_stats
from zm_cli.pipeline.opening import open_to_apply
from zm_cli.pipeline.outcome import Outcome
from zm_cli.pipeline.recorded_transform import find_other_transform, record_transform
from zm_cli.pipeline.words import changed_meanwhile
from zm_cli.running.plan import Plan
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import load_stats


def write_dataset(request: WriteRequest, plan: Plan, messages: Messages) -> None:
    """Writes the dataset, transformed by the statistics in a file or, without one, by its own, which are then saved."""
    job, writing = check_request(request), request.writing
    output = job.output
    if writing.json and output == "-":
        raise UsageError("the table itself goes to standard output", where="--json", hint="name a file with -o")
    if writing.if_changed:
        provenance = _record_provenance(job)
        saved = find_stats(output) if job.other_save_stats else job.save_stats
        change = find_change_of_dataset(output, saved, provenance, request.reading.options)
        if change is None:
            messages.print_message(f"{output} is up to date")
            if writing.json:
                _print_summary(replace(job, save_stats=saved), None, Outcome())
            return
        messages.print_detail(f"making {output}: {change}")
        applying = replace(job.applying, provenance=provenance)
        job = replace(job, chosen=replace(job.chosen, applying=applying))
    if writing.no_clobber:
        refuse_existing([output, job.save_stats, job.other_save_stats])
    job, outcome, combined = _carry_out(job, messages, plan)
    if outcome.transformed and (output != "-" or messages.shows_details):
        # A filter in a pipe is quiet.
        combined.note([outcome.transformed])
    messages.print_outcome(combined)
    messages.print_detail(f"{format_samples(outcome.samples)} in {'standard output' if output == '-' else output}")
    if writing.json:
        _print_summary(job, outcome, combined)


def _record_provenance(job: WriteJob) -> Provenance:
    """Returns the provenance of the output; UsageError for an output that `--if-changed` cannot look at."""
    request = job.request
    if request.writing.parts is not None:
        raise UsageError("does not know folders of parts", where="--if-changed", hint="leave out one of the two")
    require_file_output(job.output)
    given = record_given(job.applying, request.given) if job.applying.method else request.given
    return record_provenance(job.applying.operation, [job.named], request.reading, given, job.stats_file)


def _carry_out(job: WriteJob, messages: Messages, plan: Plan) -> tuple[WriteJob, Outcome, Outcome]:
    """Returns the job as it was done, the outcome of writing, and that of measuring and writing together."""
    path = kept = job.named.path
    messages.connect(plan, [path])
    with ExitStack() as stack:
        combined = Outcome()
        stats: Stats | None = None
        if job.measures and job.stats_file is None:
            kept = stack.enter_context(keep_input(path, job.kind))
            job, stats, combined = _measure(job, kept, messages, plan)
        elif job.measures and job.stats_file is not None:
            stats = job.chosen.stats or load_stats(job.stats_file)
            check_required(stats, job.applying, job.stats_file)
            combined.add_messages(_compare_saved(job, job.stats_file, stats), as_warnings=True)
        outcome = _apply(job, kept, stats, messages, plan)
    combined.include(outcome)
    combined.note(filter(None, [job.chosen.told]))
    if not job.applying.inverse and (fractions := find_fractions(job.applying.quantiles or ())):
        combined.warn(fractions)
    if kept != path:
        combined.rename(kept, name_input(path))
    return job, outcome, combined


def _compare_saved(job: WriteJob, stats_file: str, stats: Stats) -> Iterator[str]:
    """Yields sentences about how the statistics in a file were applied before, if that differs from this job."""
    path = job.named.path
    if other := find_other_data(stats_file, stats):
        yield other
    # What an inverse must undo is known from the receipt of the data, if they have one.
    known = job.applying.inverse and path != "-" and find_receipt(path, job.options) is not None
    if not known and (other := find_other_transform(stats_file, stats, job.applying)):
        yield other


def _measure(job: WriteJob, path: str, messages: Messages, plan: Plan) -> tuple[WriteJob, Stats, Outcome]:
    """Returns the statistics of the source, which is read from `path`, and the notes and warnings about them.

    They record the transform that they are saved for. The job comes with the name that they are saved under.
    """
    applying, writing = job.applying, job.request.writing
    measuring = add_required(job.request.measuring, applying)
    with open_sources([replace(job.named, path=path)], job.options, job.kind, plan, messages) as sources:
        if writing.parts is None:
            check_output(sources[0], job.output, applying.format)
        else:
            check_parts(sources[0], job.output, writing.parts, applying.format)
        check_indicators(sources[0], applying)
        if job.save_stats is not None:
            job = choose_room(job, job.save_stats, sources[0], measuring)
        # --force overrules the doubt that the data are transformed already.
        measuring = replace(measuring, method=applying.method, forced=applying.force)
        stats, outcome = measure_opened(sources, measuring, plan, messages, applying.operation)
    # The statistics record the path that the user gave, not that of the copy of a pipe.
    stats = replace(stats, sources=(replace(stats.sources[0], path=job.named.path),))
    return job, replace(stats, transform=record_transform(stats, applying)), outcome


def _apply(job: WriteJob, path: str, stats: Stats | None, messages: Messages, plan: Plan) -> Outcome:
    """Writes the source, which is read from `path`, transformed by the statistics; returns the outcome.

    `stats` None: the method needs no statistics.
    """
    own, applying = stats is not None and job.stats_file is None, job.applying
    if stats is None:
        with open_sources([job.named], job.options, job.kind, plan, messages) as (source,):
            stats = describe_unmeasured(source, job.request.measuring.ignore)
            return _write(job, path, source, stats, messages, plan, own=False)
    if applying.inverse and not applying.force and path != "-":
        # If it was done by another method, the data may not even have the features of this one.
        wanted = {field: getattr(applying, field) for field in ("operation", "method")}
        whole = applying.components if isinstance(applying.components, int) else None
        check_operation(find_receipt(path, job.options), wanted | {"components": whole}, path)
    try:
        with messages.opening_bar() as opening_tick:
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
        return _write(job, path, source, stats, messages, plan, own=own)


def _write(
    job: WriteJob, path: str, source: Source, stats: Stats, messages: Messages, plan: Plan, *, own: bool
) -> Outcome:
    """Writes an opened source, whole or in parts; `own` says that the statistics were just measured on it."""
    applying, save_stats, parts = job.applying, job.save_stats, job.request.writing.parts
    if not own:
        messages.print_left_out([source])
    with messages.progress_bar([source], "writing") as tick:
        if parts is None:
            return apply(source, stats, job.output, applying, plan, own=own, save_stats=save_stats, tick=tick)
        task = WritePart(path, job.options, job.kind, stats, applying)
        return write_parts(source, task, job.output, parts, plan, own=own, save_stats=save_stats, tick=tick)


def _print_summary(job: WriteJob, outcome: Outcome | None, combined: Outcome) -> None:
    """Prints what was done as JSON; `outcome` None: the output was up to date."""
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
        "skipped_total": combined.skipped_total,
        "skipped": [{"name": sample.name, "reason": sample.reason} for sample in combined.skipped],
        "notes": combined.notes,
        "warnings": combined.warnings,
    }
    print(json.dumps(document, indent=2, allow_nan=False))
