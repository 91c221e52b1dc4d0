"""The key `transform` of a stats file: the transform that its statistics were saved for, in the words of a receipt."""

from __future__ import annotations

from typing import Any

from zm_cli.data.recorded_values import is_flag
from zm_cli.outputs.receipt import MAX_LETTERS
from zm_cli.outputs.recorded_settings import SETTINGS
from zm_cli.statsfile.fields import Fields

KEY = "transform"
"""The field of a stats file that holds the transform."""
NAMES = ("operation", "method")
"""The keys that name a transform: its command and, if the command has several methods, one of them."""
INDICATOR = "indicator"
"""The key that says whether the output has columns that mark missing values."""


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
    for name, is_possible in {**SETTINGS, INDICATOR: is_flag}.items():
        if name in inside:
            found[name] = document[name]
            if not is_possible(found[name]):
                raise inside.error(name, "has an impossible value")
    return found
