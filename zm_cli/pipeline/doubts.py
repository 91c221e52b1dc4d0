"""What in statistics suggests that something else is meant: columns of ids and labels, data transformed already."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from zm_cli.formats.shared.options import EXCLUDE
from zm_cli.formats.shared.split_names import list_words
from zm_cli.inputs.option_text import spell_names
from zm_cli.numbers.distinct import Distinct
from zm_cli.numbers.moments.moments import Moments
from zm_cli.pipeline.words import list_names
from zm_cli.statsfile.stats import Stats

Flags = NDArray[np.bool_]

ENOUGH_ROWS = 10
"""With fewer values, a column says nothing about what it is."""
SURE_ROWS = 1000
"""So many measured whole numbers are hardly ever all different."""
EXPECTED_PAIRS = 5
"""Nor are they, if so many pairs of random numbers of the same range would be equal."""
ID_WORDS = frozenset(
    {"id", "ids", "uid", "guid", "index", "idx", "key", "no", "nr", "num", "number", "serial", "unnamed"}
)
TIME_WORDS = frozenset(
    {"year", "yr", "month", "week", "day", "date", "hour", "minute", "second", "time", "datetime", "timestamp", "ts"}
    | {"epoch", "unix"}
)
YEARS = (1500, 2100)
MOMENTS = (631_152_000, 4_102_444_800)
"""The years 1990 to 2100 in seconds since 1970, as timestamps are; they are also written in thousandths of those."""
DATES = (1500_01_01, 2100_12_31)
LABEL_WORDS = frozenset(
    {"label", "labels", "target", "class", "y", "outcome", "response", "survived", "churn", "churned", "exited"}
    | {"fraud", "spam", "default", "defaulted", "clicked", "converted", "diagnosis"}
)
"""The last word of the name of a label."""

NEAR = 0.05
"""How far from 0 and 1 the means and deviations of data may be that look standardized."""
EXACT = 1e-3
"""The same where there are fewer features than ENOUGH_FEATURES, and how near to 0 means are in centered data."""
ENOUGH_FEATURES = 3
SCALED_FROM = (0.0, -1.0)
"""Where the ranges begin that data are usually scaled to; they end at 1."""


def point_out_columns(ids: Sequence[str], flags: Sequence[str]) -> str | None:
    """A sentence that names columns of a table that look like ids or labels, with the option that leaves them out.

    None where there are none.
    """
    parts = []
    if ids:
        parts.append(f"like an id or a row number (whole numbers, all different): {list_names(list(ids))}")
    if flags:
        parts.append(f"like a label (only 0 and 1): {list_names(list(flags))}")
    if not parts:
        return None
    excluded = f"{EXCLUDE.spelling} {spell_names([*ids, *flags])}"
    return f"columns that look {'; '.join(parts)}; to leave them as they are, {excluded}"


def find_ids(stats: Stats, distinct: Mapping[str, Distinct]) -> list[str]:
    """The columns of whole numbers that are all different, and not by chance; `distinct` are those found so row by row.

    It is no chance if they rise or fall from row to row, are many, lie close together, or are called like an id.
    """
    if stats.per != "column" or stats.names is None:
        return []
    moments = stats.moments
    dense = _find_permutations(moments)
    found = []
    for index, name in enumerate(stats.names):
        count = int(moments.count[index])
        if count < ENOUGH_ROWS or moments.missing[index]:
            continue
        column = distinct.get(name)
        if column is None:
            if dense[index]:
                found.append(name)
            continue
        extent = float(moments.max[index] - moments.min[index]) + 1
        close = count * count / (2 * extent) >= EXPECTED_PAIRS
        named = not name.strip() or not ID_WORDS.isdisjoint(list_words(name))
        if column.is_ordered or close or count >= SURE_ROWS or named:
            found.append(name)
    return found


def find_flags(stats: Stats) -> list[str]:
    """The columns with no other values than 0 and 1, and both of them."""
    if stats.per != "column" or stats.names is None:
        return []
    moments = stats.moments
    mean = moments.mean + moments.tail
    # For values between 0 and 1, the sum of squares is that of the values only if all are 0 or 1.
    squares = moments.m2 + moments.count * mean * mean
    same = np.abs(squares - moments.count * mean) <= 1e-9 + 1e-12 * moments.count
    flags = same & (moments.min == 0) & (moments.max == 1) & (moments.count >= ENOUGH_ROWS)
    return [stats.names[index] for index in np.flatnonzero(flags)]


def drop_times(stats: Stats, ids: Sequence[str]) -> list[str]:
    """Those of the columns found by `find_ids` that do not count years or time."""
    indices = {name: index for index, name in enumerate(stats.names or ())}
    low, high = stats.moments.min, stats.moments.max
    return [name for name in ids if not _is_time(name, float(low[indices[name]]), float(high[indices[name]]))]


def choose_labels(flags: Sequence[str], columns: Sequence[str], ids: Collection[str], *, named: bool) -> list[str]:
    """Those of the columns found by `find_flags` that look like a label and not like a feature.

    They are the first or the last of all `columns` but the ids, and the only one of 0 and 1, or called like a label.
    The only one is a feature where other columns have the same name but for a number, if names are the table's own
    (`named`).
    """
    others = [name for name in columns if name not in ids]
    ends = {others[0], others[-1]} if others else set()
    alone = len(flags) == 1 and not (named and _is_in_series(flags[0], columns))
    return [name for name in flags if name in ends and (alone or _is_called_label(name))]


def doubt_method(stats: Stats, method: str, aside: Collection[str] = ()) -> str | None:
    """A clause that says why data look as if this method had been applied to them already; None where they do not.

    The features called `aside`, which may be ids or labels, are not looked at, nor are constant ones.
    """
    moments = stats.moments
    varies = ~moments.constant().ravel() & (moments.count.ravel() >= ENOUGH_ROWS)
    if aside:
        varies &= np.array([name not in aside for name in stats.features])
    features = int(varies.sum())
    if features < 2:
        return None
    if method == "minmax":
        low, high = moments.min.ravel()[varies], moments.max.ravel()[varies]
        same = any((low == end).all() for end in SCALED_FROM) and (high == 1).all()
        return f"every minimum is {low[0]:g}, every maximum 1" if same else None
    mean, std = np.abs(moments.mean.ravel()[varies]), moments.std().ravel()[varies]
    if method == "center":
        return "every mean is 0" if (mean <= EXACT * std).all() else None
    if method != "standardize":
        return None
    near = NEAR if features >= ENOUGH_FEATURES else EXACT
    # Pandas and R divide by the deviation with ddof 1.
    off = np.minimum(np.abs(std - 1), np.abs(moments.std(1).ravel()[varies] - 1))
    return "every mean is near 0, every deviation near 1" if (mean <= near).all() and (off <= near).all() else None


def _is_time(name: str, low: float, high: float) -> bool:
    """Whether a column looks like years, dates or timestamps by its name or, unless it is called an id, its values."""
    words = set(list_words(name))
    if words & TIME_WORDS:
        return True
    seconds = (tuple(end * unit for end in MOMENTS) for unit in (1, 1e3, 1e6, 1e9))
    return words.isdisjoint(ID_WORDS) and any(start <= low and high <= end for start, end in (YEARS, DATES, *seconds))


def _is_called_label(name: str) -> bool:
    return not LABEL_WORDS.isdisjoint(list_words(name)[-1:])


def _is_in_series(name: str, columns: Sequence[str]) -> bool:
    """Whether several columns have this name, but for its numbers."""
    stem = re.sub("[0-9]+", "#", name)
    return stem != name and sum(re.sub("[0-9]+", "#", other) == stem for other in columns) > 1


def _find_permutations(moments: Moments) -> Flags:
    """Which columns have the moments of n whole numbers that follow one another, in any order."""
    count = moments.count.astype(np.float64)
    with np.errstate(invalid="ignore"):
        expected = count * (count * count - 1) / 12
        middle = (moments.min + moments.max) / 2
        same = np.abs(moments.m2 - expected) <= 1e-9 * expected
        centered = np.abs(moments.mean - middle) <= 1e-9 * count
        whole = np.rint(moments.min) == moments.min
        return np.asarray(same & centered & whole & (moments.max - moments.min + 1 == count))
