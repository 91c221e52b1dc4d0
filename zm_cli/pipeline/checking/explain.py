"""Notes on why data may fail a check although they were made by the method that they are checked for."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from zm_cli.data.source import Source
from zm_cli.formats.shared.options import WEIGHT
from zm_cli.methods import methods
from zm_cli.methods.shared.base import Method
from zm_cli.methods.shared.expectation import Expectation
from zm_cli.methods.shared.settings import Settings, fills_with_number
from zm_cli.outputs.receipt import is_readable
from zm_cli.pipeline.belonging import find_stats, lies_beside
from zm_cli.pipeline.checking.making import Goal, Making, describe_made
from zm_cli.pipeline.recorded_transform import record_settings, spell_transform


def explain_receipt(source: Source, goal: Goal, expected: Expectation) -> list[str]:
    """Returns notes on what the receipt of a source says about imputed values and weights."""
    receipt = source.receipt
    if not is_readable(receipt) or receipt.get("inverse"):
        return []
    notes = _explain_imputed_scaled(receipt, expected) if goal.state == "scaled" else _explain_imputed(receipt)
    weight = receipt.get("weight")
    if weight is not None and source.spec.decoding.get(WEIGHT.name) is None:
        name = f" {shlex.quote(weight)}" if isinstance(weight, str) else ""
        notes.append(f"made with weighted statistics; to check with the same weights, add {WEIGHT.spelling}{name}")
    return [f"{source.path}: {note}" for note in notes]


def _explain_imputed(receipt: Mapping[str, Any]) -> list[str]:
    """Returns a note on imputed values, if means and standard deviations may be off because of them."""
    filling = receipt.get("impute")
    made_by = [method for method in methods().values() if method.command == receipt.get("operation")]
    with_number = fills_with_number(filling)
    if not with_number and not any(filling in method.failing_fills for method in made_by):
        return []
    filled = f"missing values were filled with {f'{filling:g}' if with_number else f'the {filling}'}"
    if any("covariance" in method.requires for method in made_by):
        return [
            f"{filled}, and the covariance is that of the samples without missing values, so means may move, and "
            "standard deviations may rise or fall"
        ]
    return [f"{filled}, which moves means and standard deviations"]


def _explain_imputed_scaled(receipt: Mapping[str, Any], expected: Expectation) -> list[str]:
    """Returns a note on which checks of scaled data are weaker after imputation."""
    filling = receipt.get("impute")
    loose = {target.measure for target in expected.targets if target.or_less or target.or_more}
    extremes, quantiles = bool(loose & {"min", "max", "largest"}), bool(expected.requires)
    if filling is None or expected.together or not (extremes or quantiles):
        return []
    with_number = fills_with_number(filling)
    moved = " and ".join(["extremes"] * (with_number and extremes) + ["quantiles"] * quantiles)
    what = f"{filling:g}" if with_number else f"the {filling}"
    return [f"missing values were filled with {what}, which may move {moved}: less is checked of these"]


def explain_statistics(source: Source) -> list[str]:
    """Returns a note for data that fail a check, if other statistics than their own may have been applied to them."""
    receipt = source.receipt
    if not is_readable(receipt) or receipt.get("inverse") or "stats" not in receipt or lies_beside(source):
        return []
    return [
        f"{source.path}: its receipt names statistics that are not in {find_stats(source.path)}; if they are those of "
        "other data, such as training data (--stats), then its own mean, extremes and quantiles differ from what is "
        "checked"
    ]


def explain_method(path: str, goal: Goal, making: Making) -> list[str]:
    """Returns a note on how the method and its settings were chosen, if the receipt of the data does not say it."""
    method = making.choose_method(goal)
    if making.method is method or method.name == method.command:
        return []
    how = f"checked as by {_spell_method(method, making.choose_settings(goal))}"
    if goal.method is not None:
        if making.method is None:
            return [f"{path}: {how}"] if method.defaults else []
        return [f"{path}: its receipt says that it is {describe_made(making.method)}; {how}"]
    if making.unknown is None:
        why = f"no receipt says how it was {goal.state}"
    else:
        why = (
            f"its receipt names a method that this zm does not know ({making.unknown}), so that it is not known how it "
            f"was {goal.state}"
        )
    return [f"{path}: {why}; {how} (--check takes the name of another method, too)"]


def explain_damage(path: str, goal: Goal, making: Making) -> list[str]:
    """Returns a warning of settings that the receipt should record, but does not."""
    method = making.choose_method(goal)
    lacking = [name for name in making.lacking if name != "range" or goal.range is None]
    if making.method is not method or not lacking:
        return []
    which = " and ".join(f"--{name}" for name in lacking)
    command = _spell_method(method, making.choose_settings(goal))
    return [f"{path}: its receipt is damaged and does not say which {which}; checked as by {command}"]


def _spell_method(method: Method, settings: Settings) -> str:
    """Returns the command that applies a method with these settings, without what it fills missing values with."""
    recorded = record_settings(method, replace(settings, impute=None))
    return spell_transform({"operation": method.command, "method": method.name, **recorded})
