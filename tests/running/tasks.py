"""Tasks that the tests of plans and executors give to workers."""

from __future__ import annotations

from zm_cli.errors import DataError

PATIENCE = 60
"""Seconds after which a test gives up; no test normally waits that long."""


def square(number: int) -> int:
    """Returns the square of a number."""
    return number * number


def fail_at_seven(number: int) -> int:
    """Returns the number; DataError for 7."""
    if number == 7:
        raise DataError("is seven", where="number 7", hint="leave it out")
    return number
