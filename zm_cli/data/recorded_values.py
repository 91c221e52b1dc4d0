"""Checks of values that stats files and receipts record: these files are not trusted."""

from __future__ import annotations

import sys
from typing import Any

MAX_COUNT = 2**63 - 1
"""The largest whole number in a stats file or receipt."""


def is_flag(value: Any) -> bool:
    """Returns whether a recorded value is true or false."""
    return isinstance(value, bool)


def is_count(value: Any) -> bool:
    """Returns whether a recorded value is a whole number from 0 to MAX_COUNT."""
    return type(value) is int and 0 <= value <= MAX_COUNT


def is_number(value: Any) -> bool:
    """Returns whether a recorded value is a finite number that float64 can hold."""
    return type(value) in (int, float) and -sys.float_info.max <= value <= sys.float_info.max


def are_texts(value: Any) -> bool:
    """Returns whether a recorded value is a list of texts that a file can hold."""
    return isinstance(value, list) and all(isinstance(text, str) and can_be_bytes(text, "strict") for text in value)


def is_delimiter(value: Any) -> bool:
    """Returns whether a recorded value can be the character between the cells of a table."""
    return isinstance(value, str) and len(value) == 1 and value.isascii() and value not in '"\r\n\0'


def is_decimal_mark(value: Any) -> bool:
    """Returns whether a recorded value is a comma or a point."""
    return value in (",", ".")


def is_comment(value: Any) -> bool:
    """Returns whether a recorded value can be the text that begins the comments of a table."""
    return isinstance(value, str) and bool(value) and not set(value) & set('"\r\n\0') and can_be_bytes(value, "strict")


def can_be_bytes(text: str, errors: str) -> bool:
    """Returns whether a text can be encoded as UTF-8 with this error handler."""
    try:
        text.encode(errors=errors)
    except UnicodeEncodeError:
        return False
    return True
