"""Chooses how data are transformed: the method and its settings, from options, receipts and stats files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from zm_cli.cli.options.data import PER, UNIT
from zm_cli.cli.options.methods import (
    ADDED_EPSILON,
    CLIP,
    COMPONENTS,
    DDOF,
    IMPUTE,
    INDICATOR,
    INVERSE,
    PERCENTS,
    RANGE,
    SCALE_METHOD,
    STATS,
    WHITEN_METHOD,
)
from zm_cli.cli.options.output import SAVE_STATS
from zm_cli.cli.parsing.parameters import Given, Reading
from zm_cli.cli.sources import NamedSource
from zm_cli.data.options import Option
from zm_cli.errors import DataError, UsageError
from zm_cli.formats import detect, find_receipt
from zm_cli.formats.shared.options import WEIGHT
from zm_cli.inputs.standard_input import name_input
from zm_cli.methods import default_method, methods, methods_of
from zm_cli.methods.shared.settings import read_settings
from zm_cli.outputs.receipt import DONE, check_receipt, describe_receipt, is_readable
from zm_cli.pipeline.applying.parts_record import refuse_parts
from zm_cli.pipeline.options import ApplyOptions
from zm_cli.pipeline.recorded_transform import spell_number, spell_settings
from zm_cli.statistics import optional_statistics
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import load_stats

SETTING_OPTIONS: Mapping[str, Option[object]] = {
    "range": RANGE,
    "clip": CLIP,
    "quantiles": PERCENTS,
    "components": COMPONENTS,
    "ddof": DDOF,
    "epsilon": ADDED_EPSILON,
}
"""The options that only some methods take, by the setting that each gives."""
MEASURED: Sequence[Option[Any]] = (STATS, SAVE_STATS, PER, UNIT, INDICATOR, WEIGHT)
"""The options that a method which measures nothing does not take, besides those of optional statistics."""


@dataclass(frozen=True)
class ChosenMethod:
    """How data are transformed: the options, and a sentence on what was chosen for the user; None if nothing was.

    `stats` are the statistics in the stats file, if it was read to choose the method.
    """

    applying: ApplyOptions
    told: str | None = None
    stats: Stats | None = None


def choose_method(
    source: NamedSource, reading: Reading, stats_file: str | None, applying: ApplyOptions, given: Given
) -> ChosenMethod:
    """Returns the method and its settings: those that are given, else recorded ones, else the defaults.

    `zm center` and `zm standardize` have one method, so only its settings are chosen.

    An inverse follows the receipt of the data, everything else the stats file, and so does an inverse of data without a
    receipt. Raises UsageError for options that the method does not take, and for an inverse whose method is not known.
    """
    several = len(methods_of(applying.operation)) > 1
    receipt = _find_receipt(source, reading) if applying.inverse else None
    if receipt is not None:
        applying = _follow_receipt(source, receipt, applying, given)
    if applying.method is not None:
        _check_options(applying, given)
        return ChosenMethod(applying)
    if receipt is not None:
        return ChosenMethod(applying)
    stats = None if stats_file is None else load_stats(stats_file)
    saved = None if stats is None else stats.transform
    if stats_file is not None and saved is not None and saved["operation"] == applying.operation:
        applying, taken = _follow_saved(stats_file, saved, applying, given)
        if several:
            _check_options(applying, given, recorded_in=name_input(stats_file))
        how, spelled = "undone" if applying.inverse else DONE[applying.operation], spell_settings(taken)
        told = f"{how} as recorded in {name_input(stats_file)}: {spelled}" if spelled else None
        return ChosenMethod(applying, told, stats)
    if not several:
        return ChosenMethod(applying, stats=stats)
    if applying.inverse:
        raise _unknown_method(source, f"no receipt says how it was {DONE[applying.operation]}", applying)
    applying = replace(applying, method=default_method(applying.operation).name)
    _check_options(applying, given)
    if stats_file is None or saved is not None:
        # What a stats file records of another command is reported where the two are compared.
        return ChosenMethod(applying, stats=stats)
    done = DONE[applying.operation]
    told = f"nothing says how the training data were {done}; used {applying.method}, name --method"
    return ChosenMethod(applying, told, stats)


def _find_receipt(source: NamedSource, reading: Reading) -> Mapping[str, Any] | None:
    """Returns the receipt of the data that an inverse is for; None if they have none. A missing source is an error."""
    if source.files is not None or source.path == "-":
        return None
    refuse_parts(source.path)
    # A missing source is reported first.
    detect(source.path, reading.kind)
    return find_receipt(source.path, reading.options)


def _follow_receipt(
    source: NamedSource, receipt: Mapping[str, Any], applying: ApplyOptions, given: Given
) -> ApplyOptions:
    """Returns the options of an inverse, completed with what the receipt of the data records.

    Raises UsageError if no method is given and the receipt names none.
    """
    found = _name_method(receipt) if is_readable(receipt) and not receipt.get("inverse") else None
    if found not in methods_of(applying.operation):
        if applying.method is None and len(methods_of(applying.operation)) > 1:
            raise _unknown_method(source, f"is {describe_receipt(receipt)}", applying)
        return applying
    if applying.method not in (None, found):
        if not applying.force:
            wanted = {"operation": applying.operation, "method": applying.method, "inverse": True}
            check_receipt(receipt, wanted, source.path)
        return applying
    return replace(applying, method=receipt.get("method"), **_take_recorded(found, receipt, given))


def _follow_saved(
    path: str, saved: Mapping[str, Any], applying: ApplyOptions, given: Given
) -> tuple[ApplyOptions, dict[str, Any]]:
    """Returns the options, completed with the transform that the stats file at `path` was saved for, and what was taken
    from it, as it is recorded."""
    found = _name_method(saved)
    if found is None:
        raise DataError(
            "'transform.method' is missing", where=name_input(path), hint="the file is damaged; make it again"
        )
    method = methods().get(found)
    if method is None or method.command != applying.operation:
        what = f"was saved for a method that this zm does not know ({found})"
        raise UsageError(what, where=name_input(path), hint="name --method")
    taken = _take_recorded(method.name, saved, given)
    if not applying.inverse and IMPUTE not in given.named:
        taken["impute"] = read_settings(saved).impute
    if not applying.inverse and INDICATOR not in given.named:
        taken["indicator"] = saved.get("indicator", False)
    completed = replace(applying, method=saved.get("method"), **taken)
    return method.complete(completed), {name: saved[name] for name in ("method", *taken) if name in saved}


def _name_method(recorded: Mapping[str, Any]) -> str | None:
    """Returns the method that a receipt or a stats file records: the command itself if that has only one."""
    operation = str(recorded.get("operation"))
    return recorded.get("method") or (operation if methods_of(operation) == [operation] else None)


def _take_recorded(method: str, recorded: Mapping[str, Any], given: Given) -> dict[str, Any]:
    """Returns the recorded settings of a method, without those that are given on the command line."""
    known, named = read_settings(recorded), {option.name for option in given.named}
    return {name: getattr(known, name) for name in methods()[method].settings if name not in named}


def _unknown_method(source: NamedSource, what: str, applying: ApplyOptions) -> UsageError:
    """Returns the error of an inverse whose method is not known; `what` says why."""
    done = DONE[applying.operation]
    hint = f"if it was {done}, name --method, and the options that it was {done} with"
    return UsageError(what, where=name_input(source.path), hint=hint)


def record_given(applying: ApplyOptions, given: Given) -> Given:
    """Returns the given options, with the method and settings that are really used, so that equivalent commands
    compare equal."""
    deciding = {SCALE_METHOD, WHITEN_METHOD, *SETTING_OPTIONS.values()}
    others = {option: value for option, value in given.values.items() if option not in deciding}
    own = SCALE_METHOD if applying.operation == "scale" else WHITEN_METHOD
    method = methods()[applying.method_name]
    completed = method.complete(applying)
    settings = {SETTING_OPTIONS[name]: _spell_value(getattr(completed, name)) for name in method.settings}
    used = {option: text for option, text in settings.items() if text is not None}
    return replace(given, values={**others, own: method.name, **used})


def _spell_value(value: Any) -> Any:
    """Returns a setting as it is typed."""
    return ",".join(map(spell_number, value)) if isinstance(value, tuple) else value


def _check_options(applying: ApplyOptions, given: Given, *, recorded_in: str | None = None) -> None:
    """Raises UsageError for an option that the method does not take, naming the methods that do.

    `recorded_in` is the file that the method was found in; None if it was given.
    """
    method = methods()[applying.method_name]
    if applying.inverse and not method.has_inverse:
        raise UsageError(
            f"{method.name} has no inverse: the length that each sample was divided by is not kept",
            where=INVERSE.spelling,
            hint="use the original data",
        )
    for name, option in SETTING_OPTIONS.items():
        if name not in method.settings and option in given.named:
            others = [other for other in methods_of(method.command) if name in methods()[other].settings]
            origin = "" if recorded_in is None else f", the method in {recorded_in},"
            what = f"{method.name}{origin} does not take it"
            raise UsageError(what, where=option.spelling, hint=_list_takers(others))
    if method.measures:
        return
    for measured in (*MEASURED, *(statistic.option for statistic in optional_statistics().values())):
        if measured is not None and measured in given.values:
            what = f"{method.name} divides each sample by its own length and needs no statistics"
            raise UsageError(what, where=measured.spelling, hint=f"leave out {measured.spelling}")
    if isinstance(applying.impute, str):
        raise UsageError(
            f"{method.name} measures nothing, so no {applying.impute} is known",
            where=IMPUTE.spelling,
            hint="give a number",
        )


def _list_takers(names: Iterable[str]) -> str:
    """Returns the hint that an option is for the methods with these names."""
    *first, last = names
    return f"it is for --method {', '.join(first)} or {last}" if first else f"it is for --method {last}"
