"""The checks of `zm inspect`: are data as a command makes them, and do they match the training statistics?"""

from __future__ import annotations

import json as json_text
import sys
from contextlib import ExitStack
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import typer

from zm_cli.cli.display.check_table import print_findings
from zm_cli.cli.inspecting import check_plain_stats, skip_unreadable
from zm_cli.cli.messages import Messages, drop_output
from zm_cli.cli.parsing.parameters import Checking, Given, Reading
from zm_cli.cli.reading import open_sources
from zm_cli.cli.sources import check_input_once, name_source
from zm_cli.errors import UsageError
from zm_cli.formats.shared.options import COLUMNS, EXCLUDE
from zm_cli.inputs.option_text import parse_limit
from zm_cli.pipeline.applying.parts_record import refuse_parts
from zm_cli.pipeline.belonging import find_other_data
from zm_cli.pipeline.checking.check import TOLERANCE, check_data, check_stats, find_untransformed
from zm_cli.pipeline.checking.compare import QUANTILES, Limits, compare_data, compare_stats
from zm_cli.pipeline.checking.findings import Findings
from zm_cli.pipeline.checking.training import Training, open_to_compare
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.pipeline.words import list_names
from zm_cli.running.plan import Plan
from zm_cli.statsfile.store import is_stats_file, load_stats

if TYPE_CHECKING:
    from zm_cli.statsfile.stats import Stats

FAILED = 1
"""The exit code of a check that fails."""


@dataclass(frozen=True)
class CheckRequest:
    """A dataset or stats file to check, and how to check it."""

    path: str | None
    checking: Checking
    measuring: MeasureOptions
    reading: Reading
    given: Given

    @property
    def columns(self) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
        """The columns to check and the columns to exclude; None where the option is not given."""
        return self.reading.options.get(COLUMNS), self.reading.options.get(EXCLUDE)

    def is_stats(self) -> bool:
        """Whether the path is a stats file."""
        return self.path is not None and self.reading.kind is None and is_stats_file(self.path)


def run_check(request: CheckRequest, plan: Plan, messages: Messages, *, json: bool) -> None:
    """Does the check and prints its findings; exits with code 1 if it fails.

    Raises UsageError for options that cannot be combined.
    """
    _check_combination(request.checking)
    check = _check if request.checking.against is None else _compare
    found = check(request, plan, messages)
    messages.print_outcome(found.outcome)
    try:
        if json:
            _print_document(found)
        elif not messages.quiet:
            print_findings(found, everything=messages.verbose, full=messages.verbose or sys.stdout.isatty())
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has closed the pipe. The exit code must still say whether the check failed.
        drop_output()
    if not found.ok:
        raise typer.Exit(FAILED)


def _check_combination(checking: Checking) -> None:
    """Raises UsageError for two checks at once, and for limits without their check."""
    if checking.check is not None and checking.against is not None:
        raise UsageError("--check cannot be combined with --against", hint="run zm once for each")
    if checking.check is None and checking.tolerance is not None:
        raise UsageError("--tolerance needs --check", hint="add --check, such as --check standardized")
    limits = [field.name for field in fields(Limits)]
    given = [f"--{name.replace('_', '-')}" for name in limits if getattr(checking, name) is not None]
    if checking.against is None and given:
        raise UsageError(f"{given[0]} needs --against", hint="name a stats file with --against")


def _check(request: CheckRequest, plan: Plan, messages: Messages) -> Findings:
    state = request.checking.check
    assert state is not None
    tolerance = parse_limit(request.checking.tolerance, "--tolerance", TOLERANCE)
    if request.is_stats():
        assert request.path is not None
        training = Training(request.path, _load_plain(request.path, request.given), *request.columns)
        return check_stats(request.path, training.select_stats(), state, tolerance)
    named = name_source(request.path, request.reading.files_from, request.reading.kind)
    refuse_parts(named.path)
    reading = skip_unreadable(request.reading, named)
    options = reading.options
    messages.connect(plan)
    with ExitStack() as stack:
        (source,) = stack.enter_context(open_sources([named], options, reading.kind, plan, messages))
        left = find_untransformed(source) if options.get(COLUMNS) is None else []
        if left:
            source.close()
            options = options.replace(**{EXCLUDE.name: (*(options.get(EXCLUDE) or ()), *left)})
            (source,) = stack.enter_context(open_sources([named], options, reading.kind, plan, messages))
        tick = stack.enter_context(messages.progress_bar([source], "checking"))
        found = check_data(source, state, tolerance, request.measuring, plan, tick)
    if left:
        found.outcome.note([f"{named.path}: not checked, because its receipt says they were left: {list_names(left)}"])
    return found


def _compare(request: CheckRequest, plan: Plan, messages: Messages) -> Findings:
    against, reading, measuring = request.checking.against, request.reading, request.measuring
    assert against is not None
    limits = _parse_limits(request.checking)
    given = {"--per": measuring.per is not None, "--ignore": measuring.ignore is not None}
    given |= {each.option.spelling: True for each in measuring.statistics if each.option is not None}
    for option in (name for name, is_given in given.items() if is_given):
        hint = f"leave out {option}: what is measured follows from the statistics"
        raise UsageError(f"{option} cannot be combined with --against", hint=hint)
    check_input_once(against, request.path, reading.files_from)
    training = Training(against, load_stats(against), *request.columns)
    _check_quantiles(training, request.checking)
    if request.is_stats():
        assert request.path is not None
        found = _load_plain(request.path, request.given)
        if not training.by_name and request.columns != (None, None):
            raise UsageError("does not hold statistics of columns", where=against, hint="leave out --columns")
        findings = compare_stats(request.path, found, training, limits)
        _warn_of_other_data(training, findings)
        return findings
    named = name_source(request.path, reading.files_from, reading.kind)
    options = skip_unreadable(reading, named).options.replace(files=named.files)
    messages.connect(plan)
    with messages.opening_bar() as opening_tick:
        source = open_to_compare(named.path, options, training, reading.kind, plan=plan, tick=opening_tick)
    try:
        with messages.progress_bar([source], "comparing") as tick:
            findings = compare_data(source, training, limits, plan, tick)
    finally:
        source.close()
    _warn_of_other_data(training, findings)
    return findings


def _check_quantiles(training: Training, checking: Checking) -> None:
    """Raises UsageError for limits on distributions where the training data have no quantiles."""
    given = [name for name in ("max_quantile_shift", "max_psi") if getattr(checking, name) is not None]
    if given and QUANTILES not in training.stats.statistics:
        raise UsageError(
            f"--{given[0].replace('_', '-')} needs quantiles, which {training.path} does not hold",
            hint="make it with zm stats --quantiles default",
        )


def _warn_of_other_data(training: Training, findings: Findings) -> None:
    if stranger := find_other_data(training.path, training.stats):
        findings.outcome.warn(stranger)


def _parse_limits(checking: Checking) -> Limits:
    default = Limits()
    return Limits(
        parse_limit(checking.max_shift, "--max-shift", default.max_shift),
        parse_limit(checking.max_ratio, "--max-ratio", default.max_ratio, 1.0),
        parse_limit(checking.max_missing, "--max-missing", default.max_missing),
        None if checking.max_outside is None else parse_limit(checking.max_outside, "--max-outside", 0.0),
        None
        if checking.max_quantile_shift is None
        else parse_limit(checking.max_quantile_shift, "--max-quantile-shift", 0.0),
        parse_limit(checking.max_psi, "--max-psi", default.max_psi),
    )


def _load_plain(path: str, given: Given) -> Stats:
    """Returns the statistics in a file. Raises UsageError for reading options other than --columns and --exclude."""
    stats = load_stats(path)
    check_plain_stats(path, given, (COLUMNS.name, EXCLUDE.name) if Training(path, stats).by_name else ())
    return stats


def _print_document(found: Findings) -> None:
    """Prints the findings as JSON, one line per feature, so that many pixels need little memory."""
    for field, value in found.to_document().items():
        start = "{\n  " if field == "format" else ",\n  "
        sys.stdout.write(f"{start}{json_text.dumps(field)}: {json_text.dumps(value, allow_nan=False)}")
    sys.stdout.write(',\n  "features": [')
    for number, feature in enumerate(found.feature_documents()):
        sys.stdout.write(f"{',' if number else ''}\n    {json_text.dumps(feature, allow_nan=False)}")
    sys.stdout.write("\n  ]\n}\n")
