"""How the texts of options become values."""

from __future__ import annotations

import csv
import io
import math
import re
import sys

from zm_cli.errors import UsageError


def parse_size(text: str) -> int:
    """Bytes in a text such as `256MB`, `1.5G` or `800000`; units are powers of 1024."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", text.strip().lower())
    if match is None:
        raise UsageError(f"'{text}' is no size", where="--memory", hint="write it as 256MB or 2GB")
    return int(min(float(match[1]) * 1024 ** " kmgt".index(match[2] or " "), float(sys.maxsize // 2)))


def parse_resize(text: str | None) -> tuple[int, int] | None:
    """Width and height in a text such as `224x224`."""
    if text is None:
        return None
    match = re.fullmatch(r"([1-9]\d*)[xX]([1-9]\d*)", text.strip())
    if match is None:
        raise UsageError(f"'{text}' is no size", where="--resize", hint="write it as WIDTHxHEIGHT: 224x224")
    return int(match[1]), int(match[2])


def parse_pixels(text: str | None) -> int | None:
    """A number of pixels in a text such as `180M`, `2.5G` or `40000000`, units being powers of 1000; `none`: any."""
    if text is None:
        return None
    if text.strip().lower() == "none":
        return sys.maxsize
    match = re.fullmatch(r"(\d{1,18}(?:\.\d{1,9})?)\s*([kmg]?)", text.strip().lower())
    pixels = round(float(match[1]) * 1000 ** " kmg".index(match[2] or " ")) if match else 0
    if not pixels:
        raise UsageError(f"'{text}' is no number of pixels", where="--max-pixels", hint="write it as 180M, or none")
    return min(pixels, sys.maxsize)


def parse_names(texts: list[str] | None, option: str) -> tuple[str, ...] | None:
    """Names or patterns separated by commas, in one option or several; one with a comma stands in double quotes.

    Raises UsageError where the option was given and names nothing.
    """
    if not texts:
        return None
    try:
        rows = [row for text in texts for row in csv.reader(io.StringIO(text, newline=""))]
    except csv.Error as error:
        raise UsageError(f"cannot be told apart into names: {error}", where=option) from error
    names = tuple(name.strip() for row in rows for name in row if name.strip())
    if not names:
        raise UsageError("names nothing", where=option, hint="is a variable empty?")
    return names


def parse_number(text: str | None) -> float | None:
    """The number in a text, a whole one as an integer, so that none of its digits is lost."""
    if text is None:
        return None
    if re.fullmatch(r"\s*[-+]?\d{1,20}\s*", text):
        return int(text)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"'{text}' is no number", where="--ignore", hint="NaN and infinities are missing anyway")
    return number


def parse_epsilon(number: float) -> float:
    """The number itself, which must be finite."""
    if not math.isfinite(number):
        raise UsageError("must be finite", where="--epsilon")
    return number


def parse_limit(number: float | None, option: str, default: float, least: float = 0.0) -> float:
    """The number, or the default where none was given; UsageError where it is not finite, or less than `least`."""
    if number is None:
        return default
    if not math.isfinite(number) or number < least:
        raise UsageError(f"'{number:g}' is no limit", where=option, hint=f"it is a number from {least:g} on")
    return number
