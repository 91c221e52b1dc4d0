"""The checks of `zm inspect`: data held against a promise or other statistics, told in a table, JSON, an exit code."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from zm_cli.cli.checktable import print_findings
from zm_cli.cli.groups import Checking, Reading, Running
from zm_cli.cli.parsing import parse_limit, parse_names, parse_number
from zm_cli.cli.reading import make_plan, make_report, opened, read_tolerantly
from zm_cli.cli.report import drop_output
from zm_cli.cli.sources import check_input_once, name_source
from zm_cli.errors import UsageError
from zm_cli.pipeline.check import TOLERANCE, Findings, check_data, check_stats
from zm_cli.pipeline.compare import Limits, Training, compare_data, compare_stats, open_to_compare
from zm_cli.pipeline.measure_run import MeasureOptions
from zm_cli.statsfile.store import is_stats_file, load_stats

if TYPE_CHECKING:
    from zm_cli.statsfile.stats import Stats

FAILED = 1
"""The exit code of a check that does not hold."""


def run_check(
    path: str | None, checking: Checking, reading: Reading, running: Running, *, per: str | None, json: bool
) -> None:
    """Carries out the check and tells what it found; ends with exit code 1 where it does not hold.

    Raises UsageError for options that do not go together.
    """
    _refuse_idle(checking)
    report = make_report(running)
    if checking.against is not None:
        found = _compare(path, checking, reading, running, per)
    else:
        found = _check(path, checking, reading, running, per)
    report.tell(found.outcome)
    try:
        if json:
            _print_document(found)
        elif not report.quiet:
            print_findings(found, everything=report.verbose, full=report.verbose or sys.stdout.isatty())
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough; whether the check holds is still to be said.
        drop_output()
    if not found.ok:
        raise typer.Exit(FAILED)


def _refuse_idle(checking: Checking) -> None:
    """Raises UsageError for two checks at once, and for limits of a check that was not asked for."""
    if checking.check is not None and checking.against is not None:
        raise UsageError("--check and --against are two checks", hint="run them one after the other")
    if checking.check is None and checking.tolerance is not None:
        raise UsageError("--tolerance has no part without --check", hint="say --check centered or standardized")
    limits = ("max_shift", "max_ratio", "max_missing", "max_outside")
    given = [f"--{name.replace('_', '-')}" for name in limits if getattr(checking, name) is not None]
    if checking.against is None and given:
        raise UsageError(f"{given[0]} has no part without --against", hint="name the statistics with --against")


def _check(path: str | None, checking: Checking, reading: Reading, running: Running, per: str | None) -> Findings:
    assert checking.check is not None
    tolerance = parse_limit(checking.tolerance, "--tolerance", TOLERANCE)
    if path is not None and _is_stats(path, reading):
        training = Training(path, _load_plain(path, reading, per), *_chosen_columns(reading))
        return check_stats(path, training.selected(), checking.check, tolerance)
    named = name_source(path, reading.files_from, reading.kind)
    report = make_report(running)
    with opened([named], read_tolerantly(reading, named), reading.kind) as sources:
        options = MeasureOptions(per, ignore=parse_number(reading.ignore))
        with report.progress_bar(sources, "checking") as tick:
            return check_data(sources[0], checking.check, tolerance, options, make_plan(running), tick)


def _compare(path: str | None, checking: Checking, reading: Reading, running: Running, per: str | None) -> Findings:
    assert checking.against is not None
    limits = _parse_limits(checking)
    if per is not None or reading.ignore is not None:
        option = "--ignore" if per is None else "--per"
        raise UsageError(f"{option} has no part where --against gives the statistics", hint=f"leave out {option}")
    check_input_once(checking.against, path, reading.files_from)
    training = Training(checking.against, load_stats(checking.against), *_chosen_columns(reading))
    if path is not None and _is_stats(path, reading):
        found = _load_plain(path, reading, per)
        if not training.by_name and _chosen_columns(reading) != (None, None):
            raise UsageError("are no statistics of columns", where=checking.against, hint="leave out --columns")
        return compare_stats(path, found, training, limits)
    named = name_source(path, reading.files_from, reading.kind)
    options = replace(read_tolerantly(reading, named), files=named.files)
    source = open_to_compare(named.path, options, training, reading.kind)
    try:
        with make_report(running).progress_bar([source], "comparing") as tick:
            return compare_data(source, training, limits, make_plan(running), tick)
    finally:
        source.close()


def _parse_limits(checking: Checking) -> Limits:
    default = Limits()
    return Limits(
        parse_limit(checking.max_shift, "--max-shift", default.max_shift),
        parse_limit(checking.max_ratio, "--max-ratio", default.max_ratio, 1.0),
        parse_limit(checking.max_missing, "--max-missing", default.max_missing),
        None if checking.max_outside is None else parse_limit(checking.max_outside, "--max-outside", 0.0),
    )


def _is_stats(path: str, reading: Reading) -> bool:
    return reading.kind is None and is_stats_file(path)


def _load_plain(path: str, reading: Reading, per: str | None) -> Stats:
    """The statistics in a file; UsageError for options that say more than which of its columns are meant."""
    stats = load_stats(path)
    if Training(path, stats).by_name:
        reading = replace(reading, columns=None, exclude=None)
    if per is not None or reading != Reading():
        raise UsageError("is a stats file: options on how to read data have no part", where=path)
    return stats


def _chosen_columns(reading: Reading) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    return parse_names(reading.columns, "--columns"), parse_names(reading.exclude, "--exclude")


def _print_document(found: Findings) -> None:
    """The findings as JSON, a line a feature: pixels may be many."""
    for field, value in found.to_document().items():
        start = "{\n  " if field == "format" else ",\n  "
        sys.stdout.write(f"{start}{json.dumps(field)}: {json.dumps(value, allow_nan=False)}")
    sys.stdout.write(',\n  "features": [')
    for number, feature in enumerate(found.feature_documents()):
        sys.stdout.write(f"{',' if number else ''}\n    {json.dumps(feature, allow_nan=False)}")
    sys.stdout.write("\n  ]\n}\n")
