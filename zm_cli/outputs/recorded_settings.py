"""The settings of a transform as receipts and stats files record them, and which values are possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from zm_cli.data.recorded_values import is_count, is_flag, is_number
from zm_cli.inputs.option_text import MAX_WIDTH, MIN_WIDTH


def _is_pair(value: Any) -> bool:
    """Returns whether a value is a list of two numbers, the smaller one first."""
    return isinstance(value, list) and len(value) == 2 and all(map(is_number, value)) and value[0] < value[1]


SETTINGS: Mapping[str, Callable[[Any], bool]] = {
    "ddof": lambda value: is_count(value) and value <= 1,
    "epsilon": lambda value: is_number(value) and value >= 0,
    "range": lambda value: _is_pair(value) and MIN_WIDTH <= value[1] - value[0] <= MAX_WIDTH,
    "clip": is_flag,
    "quantiles": lambda value: _is_pair(value) and value[0] >= 0 and value[1] <= 100,
    "components": lambda value: is_count(value) and value >= 1,
    "impute": lambda value: value in ("mean", "median") or is_number(value),
}
"""The settings of transforms, each with a function that checks its value."""
