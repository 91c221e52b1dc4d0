"""The key `transform` of a stats file: the transform that its statistics were saved for, in the words of a receipt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from zm_cli.inputs.option_text import MAX_WIDTH, MIN_WIDTH
from zm_cli.outputs.receipt import MAX_LETTERS
from zm_cli.statsfile.fields import Fields, is_count, is_number

KEY = "transform"
NAMES = ("operation", "method")
"""The keys that name a transform: its command and, if the command has several methods, one of them."""


def take_transform(fields: Fields, where: str) -> dict[str, Any] | None:
    """Returns the transform in the fields of a stats file, without settings that are not known; None if there is none.

    Operation and method may be those of a later version. Raises DataError, naming the field, if a value is impossible.
    """
    document = fields.take(KEY, (dict, type(None)), "an object") if KEY in fields else None
    if document is None:
        return None
    inside = Fields(document, where, f"{KEY}.")
    found: dict[str, Any] = {}
    for name in NAMES:
        if name in inside or name == "operation":
            found[name] = inside.take_text(name)
            if not (found[name].isascii() and found[name].isidentifier() and len(found[name]) <= MAX_LETTERS):
                raise inside.error(name, "is not a name")
    for name, is_possible in SETTINGS.items():
        if name in inside:
            found[name] = document[name]
            if not is_possible(found[name]):
                raise inside.error(name, "has an impossible value")
    return found


def _is_pair(value: Any) -> bool:
    """Returns whether a value is a list of two numbers, the smaller one first."""
    return isinstance(value, list) and len(value) == 2 and all(map(is_number, value)) and value[0] < value[1]


SETTINGS: Mapping[str, Callable[[Any], bool]] = {
    "ddof": lambda value: is_count(value) and value <= 1,
    "epsilon": lambda value: is_number(value) and value >= 0,
    "range": lambda value: _is_pair(value) and MIN_WIDTH <= value[1] - value[0] <= MAX_WIDTH,
    "clip": lambda value: isinstance(value, bool),
    "quantiles": lambda value: _is_pair(value) and value[0] >= 0 and value[1] <= 100,
    "components": lambda value: is_count(value) and value >= 1,
    "impute": lambda value: value in ("mean", "median") or is_number(value),
}
"""The settings that decide what a transform computes, and which values of them are possible."""
