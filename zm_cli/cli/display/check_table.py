"""The findings of a check as text: the verdict in the first line, then a table with the limits that are exceeded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np

from zm_cli.cli.display.tables import MAX_ROWS, format_number, print_features
from zm_cli.errors import escape_controls
from zm_cli.pipeline.checking.findings import Findings
from zm_cli.pipeline.words import list_names


def print_findings(found: Findings, *, everything: bool, full: bool) -> None:
    """Prints the verdict and the features that are off.

    With `everything`, the other features follow. With `full`, all features are printed when none is off.
    """
    print(escape_controls(_say_verdict(found)))
    if found.missing_columns:
        print(escape_controls(f"missing or not numeric: {list_names(list(found.missing_columns), MAX_ROWS)}"))
    _print_unseen(found)
    indices = np.flatnonzero(found.wrong)
    if everything or (found.ok and full):
        indices = np.concatenate([indices, np.flatnonzero(~found.wrong)])
    if len(indices):
        most = len(indices) if everything else MAX_ROWS
        _print_rows(found, indices[:most].tolist())
        if len(indices) > most:
            print(f"and {len(indices) - most:,} more; -v shows all")
    if found.wrong.any() and found.stats.per == "column" and found.stats.names is not None:
        print("--columns and --exclude restrict the check to some columns")


def _print_unseen(found: Findings) -> None:
    """Prints the groups that training data did not have."""
    groups = found.groups
    if groups.unseen:
        share = "" if groups.share is None else f", {_format_share(groups.share)} of the samples"
        print(escape_controls(f"not in training ({groups.by}): {list_names(list(groups.unseen), MAX_ROWS)}{share}"))


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
    if not wrong:
        start = f"as in {found.against}" if found.ok else f"off: groups that {found.against} does not have"
        return f"{start}: {_count(number, found)} within the limits"
    return f"off: {_count_of(wrong, number, found)} not as in {found.against}"


def _count(number: int, found: Findings) -> str:
    per = found.stats.per
    return "all values together" if per == "all" else f"{number:,} {per}{'s' * (number != 1)}"


def _count_of(wrong: int, number: int, found: Findings) -> str:
    return _count(number, found) if found.stats.per == "all" else f"{wrong:,} of {_count(number, found)}"


Cell = Callable[[Findings, int], str]


def _print_rows(found: Findings, indices: list[int]) -> None:
    cells = _choose_cells(found)
    rows = [
        [escape_controls(found.stats.name_feature(index)), *(cell(found, index) for cell in cells.values())]
        for index in indices
    ]
    print_features([found.stats.per, *cells], rows)


def _format_count(found: Findings, index: int) -> str:
    count = int(found.measures["count"][index])
    return f"{count:,}" if count or not found.off["count"][index] else "no values"


def _limited(
    measure: str,
    limits: Callable[[Findings], tuple[float, float]],
    format_value: Callable[[float], str] = format_number,
) -> Cell:
    """Returns a cell that shows a measure, followed by the limit if the measure exceeds it."""

    def show(found: Findings, index: int) -> str:
        value = float(found.measures[measure][index])
        if measure not in found.off or not found.off[measure][index]:
            return format_value(value)
        low, high = limits(found)
        sign, limit = (">", high) if value > high else ("<", low)
        text, shown_limit = format_value(value), format_value(limit)
        # Show all digits if the rounded value looks the same as the limit.
        return f"{text if text != shown_limit else repr(value)} {sign} {shown_limit}"

    return show


def _format_share(share: float) -> str:
    return "-" if np.isnan(share) else f"{100 * share:.3g}%"


@dataclass(frozen=True)
class _Both:
    """A cell that shows a number in the training data and in the new data: `3.05 -> 3.1`."""

    measure: str

    def __call__(self, found: Findings, index: int) -> str:
        before, now = (float(found.measures[key][index]) for key in (f"train_{self.measure}", self.measure))
        return f"{_shorten(before)} -> {_shorten(now)}"


def _format_outside(found: Findings, index: int) -> str:
    """Returns the share of values outside the training range, and whether they are below or above it."""
    low, high, train_low, train_high = (
        float(found.measures[key][index]) for key in ("min", "max", "train_min", "train_max")
    )
    sides = [word for word, true in (("below", low < train_low), ("above", high > train_high)) if true]
    share = _limited("outside", _limit_of("max_outside"), _format_share)(found, index)
    return " ".join([share, " and ".join(sides)]).rstrip()


def _format_psi(found: Findings, index: int) -> str:
    most = cast(float, found.limits["max_psi"]) + float(found.measures["psi_noise"][index])
    return _limited("psi", lambda _: (-np.inf, most), _format_short)(found, index)


def _format_quantile_shift(found: Findings, index: int) -> str:
    """Returns the largest shift of a quantile, and which quantile it is."""
    shown = _limited("quantile_shift", _limit_of("max_quantile_shift"), _format_short)(found, index)
    size = found.measures["quantile_shift"][index]
    return f"{shown} q{100 * found.measures['quantile_shift_at'][index]:02.0f}" if size > 0 else shown


def _format_shift(found: Findings, index: int) -> str:
    if not found.off["count"][index]:
        return _limited("shift", _limit_of("max_shift"), _shorten)(found, index)
    return "no values" if not found.measures["count"][index] else "none in training"


def _shorten(number: float) -> str:
    return "-" if np.isnan(number) else f"{number:.4g}"


def _format_short(number: float) -> str:
    return "-" if np.isnan(number) else f"{number:.2g}"


def _limit_of(option: str) -> Callable[[Findings], tuple[float, float]]:
    return lambda found: (-np.inf, cast(float, found.limits[option]))


def _ratio_limits(found: Findings) -> tuple[float, float]:
    most = cast(float, found.limits["max_ratio"])
    return 1 / most, most


def _expected(measure: str) -> Cell:
    """Returns a cell that shows a measure of a check, followed by the end of its range that it exceeds."""
    return _limited(measure, lambda found: found.ranges[measure])


def _choose_cells(found: Findings) -> dict[str, Cell]:
    """The cells of a row by their headings: those of all findings, and of the measures that were compared."""
    if found.against is None:
        cells = {heading: _expected(measure) for name in found.expected for heading, measure in _list_shown(name)}
        return {"count": _format_count, **cells}
    distributions = _DISTRIBUTIONS if "psi" in found.measures else {}
    return {**_DISTANCES, **distributions, "mean": _Both("mean"), "std": _Both("std")}


def _list_shown(measure: str) -> list[tuple[str, str]]:
    """The headings and measures that show a measure of a check: a shift of the mean with what it is made of."""
    made_of = [("mean", "mean"), ("std", "std"), ("mean/std", "shift")]
    return made_of if measure == "shift" else [(measure, measure)]


_DISTANCES: dict[str, Cell] = {
    "shift": _format_shift,
    "ratio": _limited("ratio", _ratio_limits, _shorten),
    "missing": _limited("missing", _limit_of("max_missing"), _format_share),
    "outside": _format_outside,
}
_DISTRIBUTIONS: dict[str, Cell] = {"psi": _format_psi, "quantile": _format_quantile_shift}
