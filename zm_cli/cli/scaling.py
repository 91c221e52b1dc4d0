"""What `zm scale` and `zm whiten` are asked for: which options a method takes, and what an inverse knows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
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
from zm_cli.data.options import Option
from zm_cli.errors import UsageError
from zm_cli.formats import find_receipt
from zm_cli.formats.shared.options import WEIGHT
from zm_cli.inputs.standard_input import name_input
from zm_cli.methods import methods, methods_of
from zm_cli.methods.shared.expectation import read_settings
from zm_cli.outputs.receipt import DONE, check_receipt, describe_receipt, is_readable
from zm_cli.pipeline.applying.parts_record import refuse_parts
from zm_cli.pipeline.belonging import find_beside
from zm_cli.pipeline.options import ApplyOptions
from zm_cli.statistics import optional_statistics

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


def settle_scaling(
    source: str | None, reading: Reading, stats: str | None, applying: ApplyOptions, given: Given, *, default: str
) -> tuple[ApplyOptions, str | None]:
    """The options with a method: the one given, that of the data to restore or beside the statistics, or the default.

    And a sentence on how it was chosen, if there is something to say. Raises UsageError for options that do not go
    with the method, and for an inverse whose method is not known.
    """
    if applying.inverse:
        applying = _complete_inverse(source, reading, applying)
    applying, told = _complete_by_training(stats, applying, given)
    applying = replace(applying, method=applying.method or default)
    _check_scaling(applying, given)
    return applying, told


def _complete_inverse(path: str | None, reading: Reading, applying: ApplyOptions) -> ApplyOptions:
    """The options of an inverse, completed with what the receipt of the data says of how they were transformed.

    Raises UsageError where no method is given, and there is no receipt of such data that names one.
    """
    named = path is not None and not path.startswith("@")
    if not (named and os.path.exists(str(path))) and path != "-" and (named or reading.files_from is None):
        # Opening it reports that there is nothing to read.
        return applying
    if named:
        refuse_parts(str(path))
    receipt = find_receipt(str(path), reading.options) if named and path != "-" else None
    found = receipt.get("method") if is_readable(receipt) and not receipt.get("inverse") else None
    if found not in methods_of(applying.operation) or receipt is None:
        if applying.method is None:
            done = DONE[applying.operation]
            raise UsageError(
                f"no receipt says how it was {done}" if receipt is None else f"is {describe_receipt(receipt)}",
                where=name_input(path or "-"),
                hint=f"if it was {done}, name --method, and the options that it was {done} with",
            )
        return applying
    if applying.method not in (None, found):
        if not applying.force:
            wanted = {"operation": applying.operation, "method": applying.method, "inverse": True}
            check_receipt(receipt, wanted, str(path))
        return applying
    known = read_settings(receipt)
    taken = {name: value for name in SETTINGS if (value := getattr(applying, name)) not in (None, False)}
    own = {name: getattr(known, name) for name in methods()[found].settings if name not in taken}
    return replace(applying, method=found, **own)


def _complete_by_training(stats: str | None, applying: ApplyOptions, given: Given) -> tuple[ApplyOptions, str | None]:
    """The options with the method and the settings by which the data that have the name of the statistics were scaled.

    And a sentence that says so. They are the same, and there is no sentence, where a method is given, where no such
    data say how they were made, or where options are given that their method does not take.
    """
    found = None if stats is None or applying.inverse or applying.method else find_beside(stats, applying.operation)
    if found is None:
        return applying, None
    data, receipt = found
    method = methods().get(receipt.get("method", ""))
    asked = [name for name, option in SETTINGS.items() if option in given.values]
    if method is None or method.command != applying.operation or not set(asked) <= set(method.settings):
        return applying, None
    known = read_settings(receipt)
    own = {name: getattr(known, name) for name in method.settings if name not in asked}
    completed = method.complete(replace(applying, method=method.name, **own))
    return completed, f"{DONE[applying.operation]} as {data}: {' '.join([method.name, *_spell_settings(completed)])}"


def record_settings(applying: ApplyOptions, given: Given) -> Given:
    """The options given, with the method and its settings as they are used: what is left out or written otherwise may
    mean the same."""
    deciding = {SCALE_METHOD, WHITEN_METHOD, *SETTINGS.values()}
    others = {option: value for option, value in given.values.items() if option not in deciding}
    own = SCALE_METHOD if applying.operation == "scale" else WHITEN_METHOD
    method = methods()[applying.method_name]
    completed = method.complete(applying)
    settings = {SETTINGS[name]: _spell_value(getattr(completed, name)) for name in method.settings}
    return Given(
        {**others, own: method.name, **{option: text for option, text in settings.items() if text is not None}}
    )


def _spell_settings(completed: ApplyOptions) -> list[str]:
    """The settings of a method as words of a command line, without those that are off."""
    words = []
    for name in methods()[completed.method_name].settings:
        value = getattr(completed, name)
        if value is True:
            words.append(SETTINGS[name].spelling)
        elif value:
            words += [SETTINGS[name].spelling, str(_spell_value(value))]
    return words


def _spell_value(value: Any) -> Any:
    """A setting as it is typed."""
    return ",".join(f"{float(end):.17g}" for end in value) if isinstance(value, tuple) else value


def _check_scaling(applying: ApplyOptions, given: Given) -> None:
    """Raises UsageError for an option that the method does not take, naming those that do."""
    method = methods()[applying.method_name]
    if applying.inverse and not method.has_inverse:
        raise UsageError(
            f"{method.name} has no inverse: the length that each sample was divided by is not kept",
            where=INVERSE.spelling,
            hint="use the original data",
        )
    for name, option in SETTINGS.items():
        if name not in method.settings and option in given.values:
            others = [other for other in methods_of(method.command) if name in methods()[other].settings]
            raise UsageError(f"{method.name} does not take it", where=option.spelling, hint=_offer(others))
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


def _offer(names: Iterable[str]) -> str:
    *first, last = names
    return f"it is for --method {', '.join(first)} or {last}" if first else f"it is for --method {last}"
