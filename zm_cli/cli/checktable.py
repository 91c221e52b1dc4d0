"""The findings of a check as text: the verdict in the first line, then a table with the limits that are exceeded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np

from zm_cli.cli.tables import MOST_ROWS, print_features, show_number
from zm_cli.errors import escape_controls
from zm_cli.pipeline.check import Findings
from zm_cli.pipeline.words import list_names


def print_findings(found: Findings, *, everything: bool, full: bool) -> None:
    """Prints the verdict and the features that are off.

    With `everything`, the other features follow. With `full`, all features are printed when none is off.
    """
    print(escape_controls(_say_verdict(found)))
    if found.missing_columns:
        print(escape_controls(f"missing or not numeric: {list_names(list(found.missing_columns), MOST_ROWS)}"))
    indices = np.flatnonzero(found.wrong)
    if everything or (found.ok and full):
        indices = np.concatenate([indices, np.flatnonzero(~found.wrong)])
    if len(indices):
        most = len(indices) if everything else MOST_ROWS
        _print_rows(found, indices[:most].tolist())
        if len(indices) > most:
            print(f"and {len(indices) - most:,} more; -v shows all")
    if found.wrong.any() and found.stats.per == "column" and found.stats.names is not None:
        print("--columns and --exclude restrict the check to some columns")


def _say_verdict(found: Findings) -> str:
    wrong = int(found.wrong.sum()) + len(found.missing_columns)
    number = found.wrong.size + len(found.missing_columns)
    if found.against is None:
        limit = f"within {found.limits['tolerance']:g}"
        if found.ok:
            constant = int(found.measures["constant"].sum())
            aside = f" ({constant:,} constant)" if constant else ""
            return f"{found.check}: {_count(number, found)} {limit}{aside}"
        return f"off: {_count_of(wrong, number, found)} not {found.check} {limit}"
    if found.ok:
        return f"as in {found.against}: {_count(number, found)} within the limits"
    return f"off: {_count_of(wrong, number, found)} not as in {found.against}"


def _count(number: int, found: Findings) -> str:
    per = found.stats.per
    return "all values together" if per == "all" else f"{number:,} {per}{'s' * (number != 1)}"


def _count_of(wrong: int, number: int, found: Findings) -> str:
    return _count(number, found) if found.stats.per == "all" else f"{wrong:,} of {_count(number, found)}"


Cell = Callable[[Findings, int], str]


def _print_rows(found: Findings, indices: list[int]) -> None:
    cells = _CELLS[found.check]
    rows = [
        [escape_controls(found.stats.name_feature(index)), *(cell(found, index) for cell in cells.values())]
        for index in indices
    ]
    print_features([found.stats.per, *cells], rows)


def _show_count(found: Findings, index: int) -> str:
    count = int(found.measures["count"][index])
    return f"{count:,}" if count or not found.off["count"][index] else "no values"


def _limited(
    measure: str,
    limits: Callable[[Findings], tuple[float, float]],
    show_value: Callable[[float], str] = show_number,
) -> Cell:
    """Returns a cell that shows a measure, followed by the limit if the measure exceeds it."""

    def show(found: Findings, index: int) -> str:
        value = float(found.measures[measure][index])
        if measure not in found.off or not found.off[measure][index]:
            return show_value(value)
        low, high = limits(found)
        sign, limit = (">", high) if value > high else ("<", low)
        text, shown_limit = show_value(value), show_value(limit)
        # Show all digits if the rounded value looks the same as the limit.
        return f"{text if text != shown_limit else repr(value)} {sign} {shown_limit}"

    return show


def _show_share(share: float) -> str:
    return "-" if np.isnan(share) else f"{100 * share:.3g}%"


@dataclass(frozen=True)
class _Both:
    """A cell that shows a number in the training data and in the new data: `3.05 -> 3.1`."""

    measure: str

    def __call__(self, found: Findings, index: int) -> str:
        before, now = (float(found.measures[key][index]) for key in (f"train_{self.measure}", self.measure))
        return f"{_shorten(before)} -> {_shorten(now)}"


def _show_outside(found: Findings, index: int) -> str:
    """Returns the share of values outside the training range, and whether they are below or above it."""
    low, high, train_low, train_high = (
        float(found.measures[key][index]) for key in ("min", "max", "train_min", "train_max")
    )
    sides = [word for word, true in (("below", low < train_low), ("above", high > train_high)) if true]
    share = _limited("outside", _limit_of("max_outside"), _show_share)(found, index)
    return " ".join([share, " and ".join(sides)]).rstrip()


def _show_shift(found: Findings, index: int) -> str:
    if not found.off["count"][index]:
        return _limited("shift", _limit_of("max_shift"), _shorten)(found, index)
    return "no values" if not found.measures["count"][index] else "none in training"


def _shorten(number: float) -> str:
    return "-" if np.isnan(number) else f"{number:.4g}"


def _limit_of(option: str) -> Callable[[Findings], tuple[float, float]]:
    return lambda found: (-np.inf, cast(float, found.limits[option]))


def _around(center: float) -> Callable[[Findings], tuple[float, float]]:
    def limits(found: Findings) -> tuple[float, float]:
        tolerance = cast(float, found.limits["tolerance"])
        return center - tolerance, center + tolerance

    return limits


def _ratio_limits(found: Findings) -> tuple[float, float]:
    most = cast(float, found.limits["max_ratio"])
    return 1 / most, most


_MOMENTS: dict[str, Cell] = {
    "count": _show_count,
    "mean": _limited("mean", _around(0.0)),
    "std": _limited("std", _around(1.0)),
}
_CELLS: dict[str, dict[str, Cell]] = {
    "centered": {**_MOMENTS, "mean/std": _limited("shift", _limit_of("tolerance"))},
    "standardized": _MOMENTS,
    "against": {
        "shift": _show_shift,
        "ratio": _limited("ratio", _ratio_limits, _shorten),
        "missing": _limited("missing", _limit_of("max_missing"), _show_share),
        "outside": _show_outside,
        "mean": _Both("mean"),
        "std": _Both("std"),
    },
}
