"""Shows the findings of a check: the verdict in the first line, then a table with the limits that are exceeded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np

from zm_cli.cli.display.tables import MAX_ROWS, format_number, format_samples, print_features
from zm_cli.errors import escape_controls
from zm_cli.inputs.name_lists import quote_few
from zm_cli.methods.shared.percents import name_quantiles
from zm_cli.pipeline.checking.findings import Findings

MEANINGS = {
    "length": "root of the mean squared length of the samples",
    "largest": "largest magnitude of the values",
    "correlated": "largest |covariance| with another feature",
    "projected": "largest |C @ C - C| of the covariance C",
}
"""What the measures are whose names do not say it."""


def print_findings(found: Findings, *, everything: bool, full: bool) -> None:
    """Prints the verdict and the features that are off.

    With `everything`, the other features follow. With `full`, all features are printed when none is off.
    """
    print(escape_controls(_say_verdict(found)))
    if found.missing_columns:
        print(escape_controls(f"missing or not numeric: {quote_few(found.missing_columns, MAX_ROWS)}"))
    _print_unseen(found)
    indices = np.flatnonzero(found.wrong)
    if everything or (found.ok and full):
        indices = np.concatenate([indices, np.flatnonzero(~found.wrong)])
    if len(indices):
        most = len(indices) if everything else MAX_ROWS
        shown = indices[:most].tolist()
        _print_rows(found, shown)
        if len(indices) > most:
            print(f"and {len(indices) - most:,} more; -v shows all")
        for line in _explain_columns(found, shown):
            print(line)
    if found.wrong.any() and found.stats.per == "column" and found.stats.names is not None:
        print("--columns and --exclude restrict the check to some columns")


def _print_unseen(found: Findings) -> None:
    """Prints the groups that training data did not have."""
    groups = found.groups
    if groups.unseen:
        share = "" if groups.share is None else f", {_format_share(groups.share)} of the samples"
        print(escape_controls(f"not in training ({groups.by}): {quote_few(groups.unseen, MAX_ROWS)}{share}"))


def _say_verdict(found: Findings) -> str:
    """Returns what was checked and whether it passes, in one line."""
    wrong = int(found.wrong.sum()) + len(found.missing_columns)
    number = found.wrong.size + len(found.missing_columns)
    if found.against is None:
        limit = f"within {found.limits['tolerance']:g}"
        if found.ok:
            return f"{found.made}: {_count(number, found)} {limit}{_count_constant(found)}"
        return f"off: {_count_of(wrong, number, found)} not {found.made} {limit}"
    if not wrong:
        start = f"as in {found.against}" if found.ok else f"off: groups that {found.against} does not have"
        return f"{start}: {_count(number, found)} within the limits"
    return f"off: {_count_of(wrong, number, found)} not as in {found.against}"


def _count_constant(found: Findings) -> str:
    """Returns how many features need not have the expected values, and why, in parentheses; empty for none."""
    constant = int(found.measures["constant"].sum()) - found.equal_quantiles
    kinds = ((constant, "constant"), (found.equal_quantiles, "with equal quantiles"))
    listed = ", ".join(f"{number:,} {kind}" for number, kind in kinds if number)
    return f" ({listed})" if listed else ""


def _count(number: int, found: Findings) -> str:
    """Returns a number of features in words; of whole samples that were checked together, their number."""
    if found.together:
        return format_samples(found.stats.samples)
    per = found.stats.per
    return "all values together" if per == "all" else f"{number:,} {per}{'s' * (number != 1)}"


def _count_of(wrong: int, number: int, found: Findings) -> str:
    """Returns how many of the features are off, in words."""
    return _count(number, found) if found.stats.per == "all" else f"{wrong:,} of {_count(number, found)}"


Cell = Callable[[Findings, int], str]
"""Returns the text of a cell for the feature with this index."""

_format_2, _format_4 = (partial(format_number, digits=digits) for digits in (2, 4))


def _print_rows(found: Findings, indices: list[int]) -> None:
    """Prints a row for each of these features."""
    cells = _choose_cells(found)
    rows = [
        [escape_controls(found.stats.name_feature(index)), *(cell(found, index) for cell in cells.values())]
        for index in indices
    ]
    print_features(["samples" if found.together else found.stats.per, *cells], rows)


def _explain_columns(found: Findings, indices: list[int]) -> Iterator[str]:
    """Yields a line for each column of the rows of these features whose heading does not say what it is."""
    for measure, meaning in MEANINGS.items():
        if measure in found.expected:
            yield f"{measure}: {meaning}"
    if found.percents is not None:
        if "spread" in found.expected:
            yield f"spread: distance between the {name_quantiles(found.percents)}"
        elif {"low", "high"} & found.expected.keys():
            yield f"low, high: the {name_quantiles(found.percents)}"
    if any(_exceeds_psi_limit(found, index) for index in indices):
        yield "psi: its limit + what chance may add in so few samples"


def _format_count(found: Findings, index: int) -> str:
    """Returns the number of values of a feature."""
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
        return f"{_format_4(before)} -> {_format_4(now)}"


def _format_outside(found: Findings, index: int) -> str:
    """Returns the share of values outside the training range, and whether they are below or above it."""
    low, high, train_low, train_high = (
        float(found.measures[key][index]) for key in ("min", "max", "train_min", "train_max")
    )
    sides = [word for word, true in (("below", low < train_low), ("above", high > train_high)) if true]
    share = _limited("outside", _limit_of("max_outside"), _format_share)(found, index)
    return " ".join([share, " and ".join(sides)]).rstrip()


def _exceeds_psi_limit(found: Findings, index: int) -> bool:
    """Returns whether the stability index of a feature is over its limit, even if chance explains that."""
    limit = found.limits.get("max_psi")
    return limit is not None and "psi" in found.measures and float(found.measures["psi"][index]) > limit


def _format_psi(found: Findings, index: int) -> str:
    """Returns the stability index; if it is over its limit, with the limit and what chance may add to it."""
    psi, noise = (float(found.measures[key][index]) for key in ("psi", "psi_noise"))
    if not _exceeds_psi_limit(found, index):
        return _format_2(psi)
    sign = ">" if found.off["psi"][index] else "<"
    return f"{_format_2(psi)} {sign} {found.limits['max_psi']:g} + {_format_2(noise)}"


def _format_quantile_shift(found: Findings, index: int) -> str:
    """Returns the largest shift of a quantile, and which quantile it is."""
    shown = _limited("quantile_shift", _limit_of("max_quantile_shift"), _format_2)(found, index)
    size = found.measures["quantile_shift"][index]
    return f"{shown} q{100 * found.measures['quantile_shift_at'][index]:02.0f}" if size > 0 else shown


def _format_shift(found: Findings, index: int) -> str:
    """Returns the shift of the mean, or that there are no values to compare."""
    if not found.off["count"][index]:
        return _limited("shift", _limit_of("max_shift"), _format_4)(found, index)
    return "no values" if not found.measures["count"][index] else "none in training"


def _limit_of(option: str) -> Callable[[Findings], tuple[float, float]]:
    return lambda found: (-np.inf, cast(float, found.limits[option]))


def _ratio_limits(found: Findings) -> tuple[float, float]:
    most = cast(float, found.limits["max_ratio"])
    return 1 / most, most


def _expected(measure: str) -> Cell:
    """Returns a cell that shows a measure of a check, followed by the end of its range that it exceeds."""
    return _limited(measure, lambda found: found.ranges[measure])


def _choose_cells(found: Findings) -> dict[str, Cell]:
    """Returns the cells of a row by their headings: those of the measures that were checked or compared."""
    if found.against is None:
        cells = {heading: _expected(measure) for name in found.expected for heading, measure in _list_shown(name)}
        return {"count": _format_count, **cells}
    distributions = _DISTRIBUTIONS if "psi" in found.measures else {}
    return {**_DISTANCES, **distributions, "mean": _Both("mean"), "std": _Both("std")}


def _list_shown(measure: str) -> list[tuple[str, str]]:
    """Returns the headings and measures that show a measure of a check: a shift is shown with the mean and std."""
    made_of = [("mean", "mean"), ("std", "std"), ("mean/std", "shift")]
    return made_of if measure == "shift" else [(measure, measure)]


_DISTANCES: dict[str, Cell] = {
    "shift": _format_shift,
    "ratio": _limited("ratio", _ratio_limits, _format_4),
    "missing": _limited("missing", _limit_of("max_missing"), _format_share),
    "outside": _format_outside,
}
_DISTRIBUTIONS: dict[str, Cell] = {"psi": _format_psi, "quantile": _format_quantile_shift}
