"""Chooses the method and settings of `zm scale` and `zm whiten`, from options, receipts and stats files."""

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
from zm_cli.errors import UsageError
from zm_cli.formats import detect, find_receipt
from zm_cli.formats.shared.options import WEIGHT
from zm_cli.inputs.standard_input import name_input
from zm_cli.methods import default_method, methods, methods_of
from zm_cli.methods.shared.settings import read_settings
from zm_cli.outputs.receipt import DONE, check_receipt, describe_receipt, is_readable
from zm_cli.pipeline.applying.parts_record import refuse_parts
from zm_cli.pipeline.options import ApplyOptions
from zm_cli.pipeline.recorded_transform import record_settings, spell_number, spell_settings
from zm_cli.statistics import optional_statistics
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import load_stats

SETTINGS: Mapping[str, Option[object]] = {
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
    """How data are scaled: options with a method, and a sentence on how it was chosen, None for one that was named.

    `stats` are the statistics in the stats file, if it was read to choose the method.
    """

    applying: ApplyOptions
    told: str | None = None
    stats: Stats | None = None


def choose_method(
    source: NamedSource, reading: Reading, stats_file: str | None, applying: ApplyOptions, given: Given
) -> ChosenMethod:
    """Returns the method and its settings: those that are given, else recorded ones, else the defaults.

    An inverse follows the receipt of the data, everything else the stats file, and so does an inverse of data without a
    receipt. Raises UsageError for options that the method does not take, and for an inverse whose method is not known.
    """
    if applying.inverse:
        applying = _follow_receipt(source, reading, stats_file, applying, given)
    if applying.method is not None:
        _check_options(applying, given)
        return ChosenMethod(applying)
    stats = None if stats_file is None else load_stats(stats_file)
    saved = None if stats is None or stats.transform is None else stats.transform
    if stats_file is not None and saved is not None and saved["operation"] == applying.operation:
        applying = _follow_saved(stats_file, saved, applying, given)
        _check_options(applying, given, recorded_in=name_input(stats_file))
        how = "undone" if applying.inverse else DONE[applying.operation]
        told = f"{how} as recorded in {name_input(stats_file)}: {_spell(applying)}"
        return ChosenMethod(applying, told, stats)
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


def _follow_receipt(
    source: NamedSource, reading: Reading, stats_file: str | None, applying: ApplyOptions, given: Given
) -> ApplyOptions:
    """Returns the options of an inverse, completed with what the receipt of the data records.

    Without a receipt, they stay as they are. Raises UsageError if no method is given and the receipt names none.
    """
    path, is_file = source.path, source.files is None and source.path != "-"
    if is_file:
        refuse_parts(path)
        # A missing source is reported first.
        detect(path, reading.kind)
    receipt = find_receipt(path, reading.options) if is_file else None
    if receipt is None:
        return applying
    found = receipt.get("method") if is_readable(receipt) and not receipt.get("inverse") else None
    if found not in methods_of(applying.operation):
        if applying.method is None:
            raise _unknown_method(source, f"is {describe_receipt(receipt)}", applying)
        return applying
    if applying.method not in (None, found):
        if not applying.force:
            wanted = {"operation": applying.operation, "method": applying.method, "inverse": True}
            check_receipt(receipt, wanted, path)
        return applying
    return replace(applying, method=found, **_take_recorded(found, receipt, given))


def _follow_saved(path: str, saved: Mapping[str, Any], applying: ApplyOptions, given: Given) -> ApplyOptions:
    """Returns the options, completed with the transform that the stats file at `path` was saved for."""
    method = methods().get(saved.get("method", ""))
    if method is None or method.command != applying.operation:
        what = f"was saved for a method that this zm does not know ({saved.get('method')})"
        raise UsageError(what, where=name_input(path), hint="name --method")
    recorded = _take_recorded(method.name, saved, given)
    if not applying.inverse and IMPUTE not in given.named:
        recorded["impute"] = read_settings(saved).impute
    return method.complete(replace(applying, method=method.name, **recorded))


def _take_recorded(method: str, recorded: Mapping[str, Any], given: Given) -> dict[str, Any]:
    """Returns the recorded settings of a method, without those that are given on the command line."""
    known = read_settings(recorded)
    return {name: getattr(known, name) for name in methods()[method].settings if SETTINGS[name] not in given.named}


def _unknown_method(source: NamedSource, what: str, applying: ApplyOptions) -> UsageError:
    """Returns the error of an inverse whose method is not known; `what` says why."""
    done = DONE[applying.operation]
    hint = f"if it was {done}, name --method, and the options that it was {done} with"
    return UsageError(what, where=name_input(source.path), hint=hint)


def record_given(applying: ApplyOptions, given: Given) -> Given:
    """Returns the given options, with the method and settings that are really used, so that equivalent commands
    compare equal."""
    deciding = {SCALE_METHOD, WHITEN_METHOD, *SETTINGS.values()}
    others = {option: value for option, value in given.values.items() if option not in deciding}
    own = SCALE_METHOD if applying.operation == "scale" else WHITEN_METHOD
    method = methods()[applying.method_name]
    completed = method.complete(applying)
    settings = {SETTINGS[name]: _spell_value(getattr(completed, name)) for name in method.settings}
    used = {option: text for option, text in settings.items() if text is not None}
    return replace(given, values={**others, own: method.name, **used})


def _spell(applying: ApplyOptions) -> str:
    """Returns the method and its settings as words of a command line."""
    method = methods()[applying.method_name]
    return spell_settings({"method": method.name, **record_settings(method, applying)})


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
    for name, option in SETTINGS.items():
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
