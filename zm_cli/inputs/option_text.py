"""Parses the texts of options: sizes in memory, lists of names, numbers."""

from __future__ import annotations

import csv
import io
import math
import re
import shlex
import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal

from zm_cli.errors import UsageError

MIN_WIDTH, MAX_WIDTH = 1e-150, 1e150
"""The limits of the width of --range: dividing an extent by them neither overflows nor underflows."""
DEFAULT_QUANTILES = (1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0)
"""The percents that `--quantiles default` stands for."""


def parse_size(text: str) -> int:
    """Returns the bytes in a text such as `256MB`, `1.5G` or `800000`; units are powers of 1024."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", text.strip().lower())
    if match is None:
        raise UsageError(f"'{text}' is not a size", where="--memory", hint="write it as 256MB or 2GB")
    return int(min(float(match[1]) * 1024 ** " kmgt".index(match[2] or " "), float(sys.maxsize // 2)))


def parse_names(texts: list[str] | None, option: str) -> tuple[str, ...] | None:
    """Returns the names or patterns in one or several texts, separated by commas; double quotes protect a comma.

    None if the option was not given. Raises UsageError if it was given without any name.
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
    """Returns the names as one word of a shell command, which `parse_names` splits again."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(names)
    return shlex.quote(text.getvalue())


def parse_number(text: str | None) -> float | None:
    """Returns the number in a text; a whole number as int, which keeps all digits. UsageError if it is not finite."""
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


def parse_impute(text: str) -> Literal["mean", "median"] | float | None:
    """Returns the word `mean` or `median`, or the number in a text, None for `none`; UsageError for all others."""
    wanted = text.strip().lower()
    if wanted == "none":
        return None
    if wanted in ("mean", "median"):
        return "mean" if wanted == "mean" else "median"
    try:
        number = float(wanted)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"'{text}' is neither mean, median, none nor a number", where="--impute")
    return number


def parse_range(text: str) -> tuple[float, float]:
    """Returns the two ends in a text such as `-1,1`; UsageError unless they are finite, the smaller one first."""
    low, high = _parse_ends(text, "--range", -sys.float_info.max, sys.float_info.max, "-1,1")
    if not MIN_WIDTH <= high - low <= MAX_WIDTH:
        how = "close together" if high - low < MIN_WIDTH else "far apart"
        raise UsageError(
            f"the ends of '{text}' are too {how}",
            where="--range",
            hint=f"the width must be from {MIN_WIDTH:g} to {MAX_WIDTH:g}",
        )
    return low, high


def parse_percents(text: str) -> tuple[float, float]:
    """Returns the percentages in a text such as `25,75`; UsageError unless they are in order, from 0 to 100."""
    return _parse_ends(text.replace("%", ""), "--quantiles", 0.0, 100.0, "25,75, in percent")


def _parse_ends(text: str, option: str, least: float, most: float, example: str) -> tuple[float, float]:
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        raise UsageError(f"'{text}' is not two numbers", where=option, hint=f"write them as {example}") from None
    if not (least <= low < high <= most and high - low <= sys.float_info.max):
        between = "" if most == sys.float_info.max else f" from {least:g} to {most:g}"
        what = f"'{text}' is not a smaller and a larger number{between}"
        raise UsageError(what, where=option, hint=f"write them as {example}")
    return low, high


def parse_quantiles(text: str | None) -> tuple[float, ...] | None:
    """Returns the percentages in a text such as `1,50%,99`, ascending, each once; None for None.

    `default` stands for DEFAULT_QUANTILES. Raises UsageError that names the first that is not a number from 0 to 100.
    """
    if text is None:
        return None
    found: set[float] = set()
    for entry in text.split(","):
        if entry.strip().lower() == "default":
            found |= set(DEFAULT_QUANTILES)
            continue
        try:
            percent = float(entry.strip().removesuffix("%"))
        except ValueError:
            percent = math.nan
        if not 0 <= percent <= 100:
            hint = "write them as 1,25,50,75,99, or default"
            raise UsageError(f"'{entry.strip()}' is not a percentage from 0 to 100", where="--quantiles", hint=hint)
        # -0 is 0.
        found.add(abs(percent))
    return tuple(sorted(found))


def find_fractions(percents: Sequence[float]) -> str | None:
    """Returns a warning of percents that look like fractions, because none is above 1; None if they do not."""
    if not 0 < max(percents, default=0) <= 1:
        return None
    given, meant = (",".join(f"{factor * percent:.15g}" for percent in percents) for factor in (1, 100))
    return f"--quantiles {given} is read as percent; if fractions are meant, write {meant}"


def to_probability(percent: float) -> float:
    """Returns the float nearest to a hundredth of the decimal number as written: 0.333 for 33.3; 33.3 / 100 is not."""
    return float(Decimal(repr(float(percent))).scaleb(-2))


def parse_components(text: str) -> int | float:
    """Returns a number of components, such as 10, or a share of the variance up to 1, from `0.95`, `1.0` or `95%`.

    Raises UsageError for all other texts.
    """
    wanted = text.strip()
    if re.fullmatch(r"\d{1,18}", wanted) and int(wanted):
        return int(wanted)
    try:
        share = float(wanted.removesuffix("%")) / (100 if wanted.endswith("%") else 1)
    except ValueError:
        share = math.nan
    if not 0 < share <= 1 or wanted == "0":
        hint = "give a number such as 10, or a share of the variance such as 0.95"
        raise UsageError(f"'{text}' is neither a number of components nor a share", where="--components", hint=hint)
    return share


def parse_epsilon(number: float) -> float:
    """Returns the number itself; UsageError if it is not finite."""
    if not math.isfinite(number):
        raise UsageError("must be finite", where="--epsilon")
    return number


def parse_limit(number: float | None, option: str, default: float, least: float = 0.0) -> float:
    """Returns the number, or the default if none was given; UsageError if it is not finite, or less than `least`."""
    if number is None:
        return default
    if not math.isfinite(number) or number < least:
        raise UsageError(f"'{number:g}' is not a limit", where=option, hint=f"give a number that is at least {least:g}")
    return number
