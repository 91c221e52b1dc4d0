"""What is recorded of a transform: for the receipt of its output, and for the stats file that it applied or saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zm_cli.inputs.standard_input import name_input
from zm_cli.methods import methods
from zm_cli.methods.shared.base import Method
from zm_cli.methods.shared.settings import Settings
from zm_cli.outputs.receipt import format_done
from zm_cli.pipeline.options import ApplyOptions
from zm_cli.statsfile.saved_transform import INDICATOR, NAMES
from zm_cli.statsfile.stats import Stats

_OFF: Mapping[str, Any] = {"ddof": 0, "epsilon": 0, "clip": False}
"""The settings that change nothing if they have these values."""


def record_settings(method: Method, settings: Settings) -> dict[str, Any]:
    """Returns the settings that a method takes and what missing values become, as JSON gives them back."""
    taken = {name: getattr(settings, name) for name in (*method.settings, "impute")}
    given = {name: value for name, value in taken.items() if value is not None}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}


def record_transform(stats: Stats, applying: ApplyOptions) -> dict[str, Any]:
    """Returns the transform that `applying` makes of the statistics, as a stats file that is saved for it records it.

    Raises the errors of `Method.settle`.
    """
    method = methods()[applying.method_name]
    named = {} if applying.method is None else {"method": method.name}
    settled = method.settle(stats, method.complete(applying))
    marks = {INDICATOR: True} if applying.indicator else {}
    return {"operation": applying.operation, **named, **record_settings(method, settled), **marks}


def find_other_transform(path: str, stats: Stats, applying: ApplyOptions) -> str | None:
    """Returns a sentence if the statistics at `path` were saved for another transform than `applying` asks for.

    None if they are applied in the same way, or if nothing is recorded.
    """
    saved = stats.transform
    if saved is None:
        return None
    wanted = record_transform(stats, applying)
    if any(saved.get(name) != wanted.get(name) for name in NAMES):
        difference = f"{_format_done(saved)}, these are {_format_done(wanted)}"
    else:
        # An inverse empties what was filled, whatever it was filled with, and removes the columns that mark it.
        ignored = ("impute", INDICATOR) if applying.inverse else ()
        others = {name: value for name, value in saved.items() if wanted.get(name) != value and name not in ignored}
        if not others:
            return None
        difference = f"{_format_done(saved)} with {', '.join(map(_spell_setting, others, others.values()))}"
    return f"{name_input(path)}: the training data were {difference}; data for the same use need the same options"


def spell_transform(recorded: Mapping[str, Any]) -> str:
    """Returns a recorded transform as a command."""
    return f"zm {recorded['operation']} {spell_settings(recorded)}".rstrip()


def spell_settings(recorded: Mapping[str, Any]) -> str:
    """Returns a recorded transform as options of its command, without those that are off."""
    shown = {name: value for name, value in recorded.items() if name not in _OFF or value != _OFF[name]}
    return " ".join(_spell_setting(name, value) for name, value in shown.items() if name != "operation")


def _format_done(recorded: Mapping[str, Any]) -> str:
    """Returns what data are after a recorded transform; one of a later version is named by its command."""
    return format_done(recorded) or f"transformed ({recorded['operation']})"


def _spell_setting(name: str, value: Any) -> str:
    """Returns a recorded setting as it is typed."""
    if isinstance(value, bool):
        return f"--{name}" if value else f"no --{name}"
    return f"--{name} {','.join(map(spell_number, value)) if isinstance(value, list) else spell_number(value)}"


def spell_number(value: float | str) -> str:
    """Returns the shortest text of a number that gives it back, and any other text as it is."""
    return str(value).removesuffix(".0")
