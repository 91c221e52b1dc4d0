"""The checks of `zm inspect`: of data by the method that made them, and against training statistics."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import typer

from zm_cli.cli.display.check_table import print_findings
from zm_cli.cli.inspecting import check_plain_stats, skip_unreadable
from zm_cli.cli.messages import Messages, drop_output
from zm_cli.cli.options.output import BINS
from zm_cli.cli.parsing.parameters import Checking, Given, Reading
from zm_cli.cli.reading import open_sources
from zm_cli.cli.sources import NamedSource, check_input_once, name_source
from zm_cli.errors import UsageError
from zm_cli.formats import detect
from zm_cli.formats.shared.options import BY, COLUMNS, DATASET, EXCLUDE
from zm_cli.inputs.name_lists import quote_few
from zm_cli.inputs.option_text import parse_limit
from zm_cli.pipeline.applying.parts_record import refuse_parts
from zm_cli.pipeline.belonging import find_other_data
from zm_cli.pipeline.checking.check import check_data, check_stats, find_untransformed
from zm_cli.pipeline.checking.compare import QUANTILES, compare_data, compare_stats
from zm_cli.pipeline.checking.findings import Findings
from zm_cli.pipeline.checking.limits import TOLERANCE, Limits
from zm_cli.pipeline.checking.making import Goal
from zm_cli.pipeline.checking.training import Training, open_to_compare
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.running.plan import Plan
from zm_cli.statsfile.store import is_stats_file, load_stats

if TYPE_CHECKING:
    from zm_cli.statsfile.stats import Stats

FAILED = 1
"""The exit code of a check that fails."""
BY_QUANTILES = {"max_quantile_shift": "quantile_shift", "max_psi": "psi"}
"""The limits that need quantiles, each with its measure."""


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
        """The columns to check and the columns to exclude; None if the option is not given."""
        return self.reading.options.get(COLUMNS), self.reading.options.get(EXCLUDE)

    def is_stats(self) -> bool:
        """Returns whether the path is a stats file."""
        return self.path is not None and self.reading.kind is None and is_stats_file(self.path)


def run_check(request: CheckRequest, plan: Plan, messages: Messages, *, json: bool) -> None:
    """Does the check and prints its findings; exits with code 1 if it fails.

    Raises UsageError for options that cannot be combined or have no effect.
    """
    _check_combination(request)
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


def _check_combination(request: CheckRequest) -> None:
    """Raises UsageError for two checks at once, for limits without their check, and for options without effect."""
    checking = request.checking
    if checking.check is not None and checking.against is not None:
        raise UsageError("--check cannot be combined with --against", hint="run zm once for each")
    for name, value in (("tolerance", checking.tolerance), ("range", checking.range), ("ddof", checking.ddof)):
        if checking.check is None and value is not None:
            raise UsageError(f"--{name} needs --check", hint="add --check, such as --check minmax")
    limits = [field.name for field in fields(Limits)]
    given = [name for name in limits if getattr(checking, name) is not None]
    if checking.against is None and given:
        raise UsageError(f"{_spell(given[0])} needs --against", hint="name a stats file with --against")
    reading, measuring = request.reading, request.measuring
    unused = {each.option.spelling: True for each in measuring.statistics if each.option is not None}
    unused[BINS.spelling] = BINS in request.given.named
    if checking.against is None:
        which, why = "--check", "a check measures what it needs"
        unused[BY.spelling] = reading.options.get(BY) is not None
    else:
        which, why = "--against", "what is measured follows from the statistics"
        unused |= {"--per": measuring.per is not None, "--ignore": measuring.ignore is not None}
    for option in (name for name, is_given in unused.items() if is_given):
        raise UsageError(f"{option} cannot be combined with {which}", hint=f"leave out {option}: {why}")


def _spell(limit: str) -> str:
    """Returns the option that sets a limit."""
    return f"--{limit.replace('_', '-')}"


def _check(request: CheckRequest, plan: Plan, messages: Messages) -> Findings:
    """Returns the findings of `--check`."""
    checking = request.checking
    assert checking.check is not None
    goal = Goal.parse(checking.check, checking.range, checking.ddof)
    tolerance = parse_limit(checking.tolerance, "--tolerance", TOLERANCE)
    if request.is_stats():
        assert request.path is not None
        training = Training(request.path, _load_plain(request.path, request.given), *request.columns)
        return check_stats(request.path, training.select_stats(), goal, tolerance)
    named = name_source(request.path, request.reading.files_from, request.reading.kind)
    refuse_parts(named.path)
    reading = skip_unreadable(request.reading, named)
    messages.connect(plan, [named.path])
    with ExitStack() as stack:
        notes = []
        try:
            (source,) = stack.enter_context(open_sources([named], reading.options, reading.kind, plan, messages))
        except UsageError:
            dataset = _find_transformed_dataset(named, reading)
            if dataset is None:
                raise
            reading = replace(reading, options=reading.options.replace(**{DATASET.name: dataset}))
            notes.append(f"{named.path}: checked '{dataset}', which its receipt says is transformed")
            (source,) = stack.enter_context(open_sources([named], reading.options, reading.kind, plan, messages))
        options = reading.options
        left = find_untransformed(source) if options.get(COLUMNS) is None else []
        if left:
            source.close()
            options = options.replace(**{EXCLUDE.name: (*(options.get(EXCLUDE) or ()), *left)})
            (source,) = stack.enter_context(open_sources([named], options, reading.kind, plan, messages))
            notes.append(f"{named.path}: not checked, because its receipt says they were left: {quote_few(left)}")
        tick = stack.enter_context(messages.progress_bar([source], "checking"))
        found = check_data(source, goal, tolerance, request.measuring, plan, tick)
    found.outcome.note(notes)
    return found


def _find_transformed_dataset(named: NamedSource, reading: Reading) -> str | None:
    """Returns the name of the only dataset of a file that a receipt says is transformed; None if there is no such one,
    or the user has chosen a dataset."""
    entry = detect(named.path, reading.kind)
    if DATASET not in entry.options or reading.options.get(DATASET) is not None:
        return None
    names = entry.name_transformed(named.path)
    return names[0] if len(names) == 1 else None


def _compare(request: CheckRequest, plan: Plan, messages: Messages) -> Findings:
    """Returns the findings of `--against`. Raises UsageError if a limit that was given could not be checked."""
    against, reading = request.checking.against, request.reading
    assert against is not None
    limits = _parse_limits(request.checking)
    check_input_once(against, request.path, reading.files_from)
    training = Training(against, load_stats(against), *request.columns)
    _require_quantiles(request.checking, training.path, QUANTILES in training.stats.statistics)
    if request.is_stats():
        findings = _compare_stats(request, training, limits)
    else:
        findings = _compare_data(request, training, limits, plan, messages)
    if not all(measure in findings.measures for measure in BY_QUANTILES.values()):
        why = [note for note in findings.outcome.notes if "distributions are not compared" in note]
        _require_quantiles(request.checking, findings.path, False, why)
    if stranger := find_other_data(training.path, training.stats):
        findings.outcome.warn(stranger)
    return findings


def _compare_stats(request: CheckRequest, training: Training, limits: Limits) -> Findings:
    """Returns the findings on a stats file."""
    assert request.path is not None
    found = _load_plain(request.path, request.given)
    if limits.max_outside is not None:
        raise UsageError(
            "--max-outside needs the data: a stats file does not say how many values are outside the training range",
            where=request.path,
        )
    if not training.by_name and request.columns != (None, None):
        raise UsageError("does not hold statistics of columns", where=training.path, hint="leave out --columns")
    _require_quantiles(request.checking, request.path, QUANTILES in found.statistics)
    return compare_stats(request.path, found, training, limits)


def _compare_data(
    request: CheckRequest, training: Training, limits: Limits, plan: Plan, messages: Messages
) -> Findings:
    """Returns the findings on data."""
    reading = request.reading
    named = name_source(request.path, reading.files_from, reading.kind)
    options = skip_unreadable(reading, named).options.replace(files=named.files)
    messages.connect(plan, [named.path])
    with messages.opening_bar() as opening_tick:
        source = open_to_compare(named.path, options, training, reading.kind, plan=plan, tick=opening_tick)
    with closing(source), messages.progress_bar([source], "comparing") as tick:
        return compare_data(source, training, limits, plan, tick)


def _require_quantiles(checking: Checking, path: str, has_quantiles: bool, why: Sequence[str] = ()) -> None:
    """Raises UsageError if a limit on distributions was given, but there are none in the data or statistics at `path`.

    `why` are notes that say more about that.
    """
    given = [name for name in BY_QUANTILES if getattr(checking, name) is not None]
    if given and not has_quantiles:
        if why:
            raise UsageError(f"{_spell(given[0])} cannot be checked: {why[0]}")
        raise UsageError(
            f"{_spell(given[0])} needs quantiles, which {path} does not hold",
            hint="make it with zm stats --quantiles default",
        )


def _parse_limits(checking: Checking) -> Limits:
    """Returns the limits; raises UsageError for one that is not possible."""
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
    """Prints the findings as JSON, one line for each feature, so that many pixels need little memory."""
    for field, value in found.to_document().items():
        start = "{\n  " if field == "format" else ",\n  "
        sys.stdout.write(f"{start}{json_text.dumps(field)}: {json_text.dumps(value, allow_nan=False)}")
    sys.stdout.write(',\n  "features": [')
    for number, feature in enumerate(found.feature_documents()):
        sys.stdout.write(f"{',' if number else ''}\n    {json_text.dumps(feature, allow_nan=False)}")
    sys.stdout.write("\n  ]\n}\n")
