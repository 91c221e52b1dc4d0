"""`zm inspect`: show or check what a dataset or a stats file holds."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

from zm_cli.cli.display.facts import print_facts
from zm_cli.cli.inspecting import check_plain_stats, describe_text, is_open, skip_unreadable
from zm_cli.cli.messages import Messages
from zm_cli.cli.options.output import BINS, JSON
from zm_cli.cli.parsing.arguments import InspectPath
from zm_cli.cli.parsing.parameters import Checking, Given, Reading
from zm_cli.cli.parsing.signature import Without, take_options
from zm_cli.errors import DataError, ZmError
from zm_cli.formats.shared.options import ON_ERROR
from zm_cli.inputs.name_lists import list_few
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.running.plan import Plan

if TYPE_CHECKING:
    from zm_cli.cli.sources import NamedSource
    from zm_cli.pipeline.describing.describe import Description
    from zm_cli.pipeline.describing.survey import SurveyResult
    from zm_cli.statsfile.stats import Stats

MAX_COUNTS = 8
"""The most counts that a line lists."""


@take_options
def inspect(
    *,
    path: InspectPath,
    checking: Checking,
    json: Annotated[bool, JSON],
    bins: Annotated[int, BINS],
    reading: Annotated[Reading, Without(ON_ERROR.name)],
    measuring: Annotated[MeasureOptions, Without("unit", "missing")],
    plan: Plan,
    messages: Messages,
    given: Given,
) -> None:
    """Look at a dataset or a stats file, or check what it holds.

    Shows samples, shapes, types, missing values and statistics; of data that cannot be measured, what there is.

    zm inspect train/
    zm inspect train.csv --json | jq .missing_total
    zm inspect train.stats.json
    zm inspect train.h5 --check standardized
    zm inspect new.csv --against train.stats.json
    """
    from zm_cli.cli.display.survey_table import print_survey
    from zm_cli.cli.results import derive_facts
    from zm_cli.cli.sources import name_source
    from zm_cli.pipeline.describing.survey import SurveyResult
    from zm_cli.statsfile.encode import to_json
    from zm_cli.statsfile.store import is_stats_file, load_stats

    if checking.given:
        from zm_cli.cli.checks import CheckRequest, run_check

        run_check(CheckRequest(path, checking, measuring, reading, given), plan, messages, json=json)
        return
    if path is not None and reading.kind is None and is_stats_file(path):
        check_plain_stats(path, given)
        stats = load_stats(path)
        if json:
            derived = derive_facts(stats, bins, everything=messages.verbose)
            sys.stdout.write(to_json(stats.to_document() | derived | {"notes": [], "warnings": []}))
        else:
            _print_stats(path, stats, everything=messages.verbose)
        return
    named = name_source(path, reading.files_from, reading.kind)
    messages.connect(plan, [named.path])
    found = _describe(named, reading, measuring, plan, messages)
    if json:
        derived = (
            {} if isinstance(found, SurveyResult) else derive_facts(found.stats, bins, everything=messages.verbose)
        )
        sys.stdout.write(to_json(found.to_document() | derived))
    elif isinstance(found, SurveyResult):
        print_survey(found)
    else:
        _print_description(found, everything=messages.verbose)
    if isinstance(found, SurveyResult) and not found.is_sound:
        raise found.reason


def _describe(
    named: NamedSource, reading: Reading, measuring: MeasureOptions, plan: Plan, messages: Messages
) -> Description | SurveyResult:
    """Returns the description of a source, or what is known of it if it cannot be measured.

    Raises the errors of options, and of data of which nothing else is known.
    """
    from zm_cli.cli.reading import open_sources
    from zm_cli.pipeline.describing.describe import describe
    from zm_cli.pipeline.describing.survey import survey_path, survey_source

    with ExitStack() as stack:
        try:
            asked = describe_text(skip_unreadable(reading, named), named)
            (source,) = stack.enter_context(open_sources([named], asked.options, asked.kind, plan, messages))
        except ZmError as error:
            surveyed = (
                survey_path(named.path, reading.options, reading.kind, error) if is_open(named, reading) else None
            )
            if surveyed is None:
                raise
            return surveyed
        tick = stack.enter_context(messages.progress_bar([source], "reading"))
        try:
            found = describe(source, measuring, plan, tick)
        except DataError as error:
            return survey_source(source, error)
    messages.print_outcome(found.outcome)
    return found


def _print_description(found: Description, *, everything: bool) -> None:
    from zm_cli.cli.display.conditioning import print_conditioning
    from zm_cli.cli.display.groups_table import print_groups
    from zm_cli.cli.display.tables import format_size, print_stats

    facts, outcome = found.facts, found.outcome
    lines = {
        "path": found.path,
        "kind": found.kind,
        "samples": f"{outcome.samples:,}",
        "size": format_size(facts.nbytes),
        "shapes": _list_counts(facts.shapes),
        "types": _list_counts(facts.types),
        **facts.others,
        "classes": _list_counts(facts.classes),
        "missing": f"{found.missing_total:,}",
        "range": _format_range(found.stats),
        "unreadable": f"{outcome.skipped_total:,}: "
        + ", ".join(sample.name for sample in outcome.skipped[:5])
        + ", ..." * (outcome.skipped_total > 5)
        if outcome.skipped
        else "0",
        "left out": f"{facts.left_out:,} files" if facts.left_out else "",
        "state": found.state or "",
        "part": f"{found.part} of the data; zm join joins all parts" if found.part else "",
    }
    print_facts(lines)
    print()
    print_stats(found.stats, everything=everything)
    print_conditioning(found.stats, everything=everything)
    print_groups(found.stats, everything=everything)
    if found.columns is not None and found.columns.others:
        from zm_cli.cli.display.text_table import print_other_columns

        print()
        print_other_columns(found.columns, everything=everything)


def _print_stats(path: str, stats: Stats, *, everything: bool) -> None:
    from zm_cli.cli.display.conditioning import print_conditioning
    from zm_cli.cli.display.groups_table import print_groups
    from zm_cli.cli.display.source_list import list_sources
    from zm_cli.cli.display.tables import format_number, print_stats
    from zm_cli.numbers.axes import describe_shape
    from zm_cli.pipeline.recorded_transform import spell_transform

    print_facts(
        {
            "path": path,
            "kind": f"stats file, of {stats.kind}",
            "per": stats.per,
            "samples": f"{stats.samples:,}{', some of all (--limit, --sample)' * stats.partial}",
            "part": _describe_part(stats),
            "sample shape": f"{describe_shape(stats.sample_shape)} ({stats.axes})",
            "dtype": stats.dtype + (", read as 0-1" if stats.unit else ""),
            "range": _format_range(stats),
            **_describe_decoding(stats),
            "ignored value": "" if stats.ignore is None else format_number(stats.ignore),
            "saved for": "" if stats.transform is None else spell_transform(stats.transform),
        }
    )
    for line in list_sources(stats.sources, everything=everything):
        print_facts({"source": line})
    print()
    print_stats(stats, everything=everything)
    print_conditioning(stats, everything=everything)
    print_groups(stats, everything=everything)


def _describe_decoding(stats: Stats) -> dict[str, str]:
    """Returns the recorded options of reading that were used; a value of 0 is one, though it equals False."""
    unused = {name for name, value in stats.decoding.items() if value is None or value is False or value == []}
    return {name: str(value) for name, value in stats.decoding.items() if name not in unused}


def _describe_part(stats: Stats) -> str:
    """Returns which part of the data was measured, or which parts are missing; empty if all were measured."""
    from zm_cli.statsfile.shards import describe_missing

    missing = stats.missing_parts
    if not missing:
        return ""
    what = describe_missing(missing) if stats.shard is None else f"{stats.shard} of the data (--shard)"
    return f"{what}; zm merge joins all parts"


def _format_range(stats: Stats) -> str:
    """Returns the smallest and the largest value; empty for the columns of a table, which have different units."""
    from zm_cli.cli.display.tables import format_number

    return "" if stats.per == "column" else " to ".join(map(format_number, stats.range))


def _list_counts(counts: Mapping[str, int]) -> str:
    """Returns names with their counts, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda entry: -entry[1])
    return list_few([f"{name} ({count:,})" for name, count in ordered], MAX_COUNTS)
