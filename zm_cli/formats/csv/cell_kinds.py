"""What the text of a cell looks like: missing, a number with or without a decimal mark, or other text."""

from __future__ import annotations

import re
from enum import Enum, auto

from zm_cli.formats.csv.number_parser import MISSING


class Kind(Enum):
    """What a cell looks like. A WHOLE number has no decimal mark, so it is the same for either mark."""

    MISSING = auto()
    WHOLE = auto()
    POINT = auto()
    COMMA = auto()
    TEXT = auto()


NUMBERS = frozenset({Kind.WHOLE, Kind.POINT, Kind.COMMA})
"""The kinds that are numbers for one of the decimal marks."""

_NUMBER = re.compile(
    r"[-+]?(?:(?P<whole>\d+|inf|infinity)|(?P<point>\d+\.\d*|\.\d+)|(?P<comma>\d*,\d+))(?:e[-+]?\d+)?",
    re.ASCII | re.IGNORECASE,
)
_KINDS = {"whole": Kind.WHOLE, "point": Kind.POINT, "comma": Kind.COMMA}


def find_kind(text: str) -> Kind:
    """Returns what a cell without its quotes looks like; spaces around it have no meaning."""
    text = text.strip()
    if text in MISSING:
        return Kind.MISSING
    match = _NUMBER.fullmatch(text)
    return Kind.TEXT if match is None else _KINDS[str(match.lastgroup)]


def other_decimal(decimal: str) -> str:
    """Returns the decimal mark that is not this one."""
    return "." if decimal == "," else ","


def has_decimal(text: str, decimal: str) -> bool:
    """Returns whether a cell is a number with this decimal mark."""
    return find_kind(text) is (Kind.COMMA if decimal == "," else Kind.POINT)
