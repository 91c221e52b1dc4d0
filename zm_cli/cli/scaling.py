"""What `zm scale` and `zm whiten` are asked for: which options a method takes, and what an inverse knows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from zm_cli.cli import options as opt
from zm_cli.cli.groups import Given, Reading
from zm_cli.data.options import Option
from zm_cli.errors import UsageError
from zm_cli.formats import find_receipt
from zm_cli.formats.shared.options import WEIGHT
from zm_cli.inputs.standard_input import name_input
from zm_cli.methods import methods, methods_of
from zm_cli.methods.shared.expectation import read_settings
from zm_cli.outputs.receipt import DONE, check_receipt, describe_receipt, is_readable
from zm_cli.pipeline.options import ApplyOptions
from zm_cli.statistics import optional_statistics

SETTINGS: Mapping[str, Option[object]] = {
    "range": opt.RANGE,
    "clip": opt.CLIP,
    "quantiles": opt.PERCENTS,
    "components": opt.COMPONENTS,
    "ddof": opt.DDOF,
    "epsilon": opt.ADDED_EPSILON,
}
"""The options that only some methods take, by the setting that each gives."""
MEASURED: Sequence[Option[Any]] = (opt.STATS, opt.SAVE_STATS, opt.PER, opt.UNIT, opt.INDICATOR, WEIGHT)
"""The options that a method which measures nothing does not take, besides those of optional statistics."""


def complete_inverse(path: str | None, reading: Reading, applying: ApplyOptions) -> ApplyOptions:
    """The options of an inverse, completed with what the receipt of the data says of how they were transformed.

    Raises UsageError where no method is given, and there is no receipt of such data that names one.
    """
    named = path is not None and not path.startswith("@")
    if not (named and os.path.exists(str(path))) and path != "-" and (named or reading.files_from is None):
        # That there is nothing to read is told when it is opened.
        return applying
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


def check_scaling(applying: ApplyOptions, given: Given) -> None:
    """Raises UsageError for an option that the method does not take, naming those that do."""
    method = methods()[applying.method_name]
    if applying.inverse and not method.has_inverse:
        raise UsageError(
            f"{method.name} has no inverse: the length that each sample was divided by is not kept",
            where=opt.INVERSE.spelling,
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
            where=opt.IMPUTE.spelling,
            hint="give a number",
        )


def _offer(names: Iterable[str]) -> str:
    return f"it is for --method {' or '.join(names)}"
