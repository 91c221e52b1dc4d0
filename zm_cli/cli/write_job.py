"""A checked request to write a dataset: which source, which output, whose statistics, and where to save them."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zm_cli.cli.parsing.parameters import Given, Reading, Writing
from zm_cli.cli.reading import check_not_inside, check_outputs, list_inputs
from zm_cli.cli.scaling import ChosenMethod, choose_method
from zm_cli.cli.sources import NamedSource, check_input_once, find_lists, name_source
from zm_cli.data.options import ReadOptions
from zm_cli.data.source import Source
from zm_cli.errors import UsageError
from zm_cli.formats import detect
from zm_cli.formats.shared.options import SHARD, WEIGHT
from zm_cli.methods import methods
from zm_cli.methods.shared.base import Method
from zm_cli.pipeline.applying.parts_record import refuse_parts
from zm_cli.pipeline.applying.required import check_weights
from zm_cli.pipeline.belonging import find_stats, name_stats
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions
from zm_cli.statsfile.store import check_room, check_target


@dataclass(frozen=True)
class WriteRequest:
    """The source as a command line names it, and all options that say what to do."""

    source: str | None
    writing: Writing
    reading: Reading
    measuring: MeasureOptions
    applying: ApplyOptions
    given: Given


@dataclass(frozen=True)
class WriteJob:
    """A checked request, with the chosen method: source, output, the stats file to apply, and where to save statistics.

    `stats_file` and `save_stats` are None if there is nothing to apply, or nothing to save.
    """

    named: NamedSource
    request: WriteRequest
    chosen: ChosenMethod
    output: str
    stats_file: str | None
    save_stats: str | None
    named_stats: bool = True
    """Whether the user named the file to save them in. If not, they go to a binary file where JSON may be too large."""

    @property
    def applying(self) -> ApplyOptions:
        """How to apply statistics, with the chosen method."""
        return self.chosen.applying

    @property
    def other_save_stats(self) -> str | None:
        """The other name that the saved statistics may get."""
        return name_stats(self.output, binary=True) if self.save_stats and not self.named_stats else None

    @property
    def measures(self) -> bool:
        """Whether statistics are needed at all."""
        return _find_method(self.applying).measures

    @property
    def kind(self) -> str | None:
        """The kind of the source; None if it is to be detected."""
        return self.request.reading.kind

    @property
    def options(self) -> ReadOptions:
        """How to read the source."""
        return self.request.reading.options.replace(files=self.named.files)


def check_request(request: WriteRequest) -> WriteJob:
    """Returns the job for a request.

    Raises UsageError for options that cannot be combined, DataError if the output is an input or lies in its folder.
    """
    writing, files_from = request.writing, request.reading.files_from
    named = name_source(request.source, files_from, request.reading.kind)
    output = writing.output or _choose_output(named.path, request.reading.kind)
    check_input_once(writing.stats, named.path, files_from)
    chosen = choose_method(named, request.reading, writing.stats, request.applying, request.given)
    stats_file, save_stats = _find_stats(named.path, request), writing.save_stats
    measures = _find_method(chosen.applying).measures
    if measures:
        _refuse_own_part(request.reading.options, stats_file)
    if writing.parts is not None and named.path == "-":
        raise UsageError("cannot cut what comes from a pipe", where="--parts", hint="save it to a file first")
    if stats_file is not None:
        _refuse_measuring(request)
    else:
        check_weights(chosen.applying, request.reading.options)
    if stats_file is None and measures and save_stats is None and output != "-":
        save_stats = name_stats(output)
    if save_stats is not None:
        check_target(save_stats)
    lists = find_lists([] if request.source is None else [request.source], files_from)
    inputs = list_inputs([named], request.reading.options, request.reading.kind)
    job = WriteJob(named, request, chosen, output, stats_file, save_stats, named_stats=writing.save_stats is not None)
    check_outputs([*inputs, *lists, stats_file], [output, save_stats, job.other_save_stats])
    if named.files is None:
        check_not_inside(named.path, output)
    return job


def _find_method(applying: ApplyOptions) -> Method:
    return methods()[applying.method_name]


def _choose_output(path: str, kind: str | None) -> str:
    """Returns the output if none is named: standard output. Raises UsageError if that is a terminal."""
    if sys.stdout.isatty():
        piped = ", show all of it with -o -, or add | head" if detect(path, kind).reads_pipe else ""
        raise UsageError("no output is named", where="--output", hint=f"name one with -o PATH{piped}")
    return "-"


def choose_room(job: WriteJob, path: str, source: Source, measuring: MeasureOptions) -> WriteJob:
    """Returns the job with a stats file name that can hold the statistics: a binary one if JSON may be too large.

    Raises UsageError if there is none, or if the user named a file that may be too small.
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


def _find_stats(path: str, request: WriteRequest) -> str | None:
    """Returns the stats file to apply: the named one, or for an inverse the one beside the data.

    None if the source is to be measured. Raises UsageError for an inverse without a stats file.
    """
    if request.applying.inverse:
        refuse_parts(path)
    if request.writing.stats is not None or not request.applying.inverse:
        return request.writing.stats
    beside = find_stats(path)
    if path == "-" or not Path(beside).is_file():
        if path != "-":
            # A missing source is reported first.
            detect(path, request.reading.kind)
        raise UsageError("--inverse needs the statistics that were applied", where=path, hint="name them with --stats")
    return beside


def _refuse_own_part(options: ReadOptions, stats_file: str | None) -> None:
    """Raises UsageError for a part of the data that would be transformed by statistics of this part alone."""
    shard = options.get(SHARD)
    if shard is not None and stats_file is None:
        raise UsageError(
            f"part {shard} would be transformed by its own statistics, not by those of all parts",
            where=SHARD.spelling,
            hint=f"measure each part (zm stats --shard {shard}), join them (zm merge), and give the result as --stats",
        )


def _refuse_measuring(request: WriteRequest) -> None:
    """Raises UsageError for options of measuring, which cannot change the statistics of a file."""
    measuring = request.measuring
    given: dict[str, Any] = {
        "--per": measuring.per,
        "--unit": measuring.unit,
        "--ignore": measuring.ignore is not None,
        WEIGHT.spelling: request.reading.options.get(WEIGHT),
        "--save-stats": request.writing.save_stats,
        **{each.option.spelling: True for each in measuring.statistics if each.option is not None},
    }
    for option, value in given.items():
        if value:
            raise UsageError(f"{option} cannot be combined with --stats", hint=f"leave out {option}")
