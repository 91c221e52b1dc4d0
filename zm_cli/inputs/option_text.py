"""Parses the texts of options: sizes in memory, lists of names, numbers."""

from __future__ import annotations

import csv
import io
import math
import re
import shlex
import sys
from collections.abc import Iterable
from typing import Literal

from zm_cli.errors import UsageError


def parse_size(text: str) -> int:
    """Bytes in a text such as `256MB`, `1.5G` or `800000`; units are powers of 1024."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", text.strip().lower())
    if match is None:
        raise UsageError(f"'{text}' is not a size", where="--memory", hint="write it as 256MB or 2GB")
    return int(min(float(match[1]) * 1024 ** " kmgt".index(match[2] or " "), float(sys.maxsize // 2)))


def parse_names(texts: list[str] | None, option: str) -> tuple[str, ...] | None:
    """The names or patterns, separated by commas, in one or several values; one with a comma is in double quotes.

    None where the option was not given. Raises UsageError where it was given without any name.
    """
    if not texts:
        return None
    try:
        rows = [row for text in texts for row in csv.reader(io.StringIO(text, newline=""))]
    except csv.Error as error:
        raise UsageError(f"cannot be split into names: {error}", where=option) from error
    names = tuple(name.strip() for row in rows for name in row if name.strip())
    if not names:
        raise UsageError("names nothing", where=option, hint="is a shell variable empty?")
    return names


def spell_names(names: Iterable[str]) -> str:
    """Names as one word of a shell's command line, which `parse_names` takes apart again."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(names)
    return shlex.quote(text.getvalue())


def parse_number(text: str | None) -> float | None:
    """The number in a text; a whole number is an int, which keeps all digits. UsageError where it is not finite."""
    if text is None:
        return None
    if re.fullmatch(r"\s*[-+]?\d{1,20}\s*", text):
        return int(text)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"'{text}' is not a number", where="--ignore", hint="NaN and infinities are missing anyway")
    return number


def parse_impute(text: str) -> Literal["mean"] | float:
    """The word `mean`, or the number in a text. Raises UsageError for other texts and numbers that are not finite."""
    wanted = text.strip().lower()
    if wanted == "mean":
        return "mean"
    if wanted == "median":
        raise UsageError("the statistics hold no median", where="--impute", hint="give mean or a number")
    try:
        number = float(wanted)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"'{text}' is neither mean nor a number", where="--impute")
    return number


def parse_epsilon(number: float) -> float:
    """The number itself; UsageError where it is not finite."""
    if not math.isfinite(number):
        raise UsageError("must be finite", where="--epsilon")
    return number


def parse_limit(number: float | None, option: str, default: float, least: float = 0.0) -> float:
    """The number, or the default where none was given; UsageError where it is not finite, or less than `least`."""
    if number is None:
        return default
    if not math.isfinite(number) or number < least:
        raise UsageError(f"'{number:g}' is not a limit", where=option, hint=f"give a number that is at least {least:g}")
    return number
