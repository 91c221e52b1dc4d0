"""Signs that data are not what they seem: id and label columns, data that are transformed already."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from zm_cli.formats.shared.options import EXCLUDE
from zm_cli.formats.shared.split_names import list_words
from zm_cli.inputs.name_lists import quote_few
from zm_cli.inputs.option_text import spell_names
from zm_cli.methods.shared.base import Method
from zm_cli.numbers.distinct import Distinct
from zm_cli.numbers.moments.moments import Moments
from zm_cli.statsfile.stats import Stats

ENOUGH_ROWS = 10
"""The fewest values from which a column's role is guessed."""
SURE_ROWS = 1000
"""Measured integers are rarely all different in this many rows."""
EXPECTED_PAIRS = 5
"""Nor if this many equal pairs are expected among random integers of the same range."""
ID_WORDS = frozenset(
    {"id", "ids", "uid", "guid", "index", "idx", "key", "no", "nr", "num", "number", "serial", "unnamed"}
)
TIME_WORDS = frozenset(
    {"year", "yr", "month", "week", "day", "date", "hour", "minute", "second", "time", "datetime", "timestamp", "ts"}
    | {"epoch", "unix"}
)
YEARS = (1500, 2100)
TIMESTAMPS = (631_152_000, 4_102_444_800)
"""The years 1990 to 2100 in seconds since 1970; timestamps are also written in milli-, micro- or nanoseconds."""
DATES = (1500_01_01, 2100_12_31)
"""Dates written as one integer, such as 20260131."""
LABEL_WORDS = frozenset(
    {"label", "labels", "target", "class", "y", "outcome", "response", "survived", "churn", "churned", "exited"}
    | {"fraud", "spam", "default", "defaulted", "clicked", "converted", "diagnosis"}
)
"""Words that the name of a label ends with."""


def point_out_columns(ids: Sequence[str], labels: Sequence[str]) -> str | None:
    """Returns a sentence that names columns that look like ids or labels, with the option that leaves them out.

    None if there are none.
    """
    signs = []
    if ids:
        signs.append(f"like an id or a row number (whole numbers, all different): {quote_few(ids)}")
    if labels:
        signs.append(f"like a label (only 0 and 1): {quote_few(labels)}")
    if not signs:
        return None
    excluded = f"{EXCLUDE.spelling} {spell_names([*ids, *labels])}"
    return f"columns that look {'; '.join(signs)}; to leave them as they are, {excluded}"


def find_ids(stats: Stats, distinct: Mapping[str, Distinct]) -> list[str]:
    """Returns the columns of integers that are all different, and not by chance.

    `distinct` are the columns that were seen to be so row by row; others are known by their moments. It is not chance
    if they rise or fall from row to row, are many, lie close together, or the column is named like an id.
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


def find_binary_columns(stats: Stats) -> list[str]:
    """Returns the columns that hold both 0 and 1, and no other values."""
    if stats.per != "column" or stats.names is None:
        return []
    moments = stats.moments
    mean = moments.mean + moments.tail
    # For values between 0 and 1, the sum of squares equals the sum only if all of them are 0 or 1.
    squares = moments.m2 + moments.count * mean * mean
    same = np.abs(squares - moments.count * mean) <= 1e-9 + 1e-12 * moments.count
    binary = same & (moments.min == 0) & (moments.max == 1) & (moments.count >= ENOUGH_ROWS)
    return [stats.names[index] for index in np.flatnonzero(binary)]


def drop_times(stats: Stats, ids: Sequence[str]) -> list[str]:
    """Returns the columns found by `find_ids` without those that hold years, dates or timestamps."""
    indices = {name: index for index, name in enumerate(stats.names or ())}
    low, high = stats.moments.min, stats.moments.max
    return [name for name in ids if not _is_time(name, float(low[indices[name]]), float(high[indices[name]]))]


def choose_labels(binary: Sequence[str], columns: Sequence[str], ids: Collection[str], *, named: bool) -> list[str]:
    """Returns the columns found by `find_binary_columns` that look like a label and not like a feature.

    A label is the first or the last of all `columns` except the ids. It is the only binary column, or named like a
    label. Where the table itself names its columns (`named`), an only binary column is a feature if other columns have
    the same name with another number.
    """
    others = [name for name in columns if name not in ids]
    ends = {others[0], others[-1]} if others else set()
    alone = len(binary) == 1 and not (named and _is_in_series(binary[0], columns))
    return [name for name in binary if name in ends and (alone or _is_named_like_label(name))]


def doubt_method(stats: Stats, method: Method, aside: Collection[str] = ()) -> str | None:
    """Returns a clause on why data look as if this method had been applied to them already; None if they do not.

    The features named in `aside`, which may be ids or labels, are not looked at, nor are constant ones.
    """
    moments = stats.moments
    varies = ~moments.constant().ravel() & (moments.count.ravel() >= ENOUGH_ROWS)
    if aside:
        varies &= np.array([name not in aside for name in stats.features])
    return method.find_signs(moments, varies) if varies.sum() >= 2 else None


def _is_time(name: str, low: float, high: float) -> bool:
    """Whether a column holds years, dates or timestamps by its name or, unless it is named like an id, its values."""
    words = set(list_words(name))
    if words & TIME_WORDS:
        return True
    seconds = (tuple(end * unit for end in TIMESTAMPS) for unit in (1, 1e3, 1e6, 1e9))
    return words.isdisjoint(ID_WORDS) and any(start <= low and high <= end for start, end in (YEARS, DATES, *seconds))


def _is_named_like_label(name: str) -> bool:
    return not LABEL_WORDS.isdisjoint(list_words(name)[-1:])


def _is_in_series(name: str, columns: Sequence[str]) -> bool:
    """Whether several columns have this name with other numbers in it."""
    stem = re.sub("[0-9]+", "#", name)
    return stem != name and sum(re.sub("[0-9]+", "#", other) == stem for other in columns) > 1


def _find_permutations(moments: Moments) -> NDArray[np.bool_]:
    """Returns which columns have the moments of n consecutive integers, in any order."""
    count = moments.count.astype(np.float64)
    with np.errstate(invalid="ignore"):
        expected = count * (count * count - 1) / 12
        middle = (moments.min + moments.max) / 2
        same = np.abs(moments.m2 - expected) <= 1e-9 * expected
        centered = np.abs(moments.mean - middle) <= 1e-9 * count
        whole = np.rint(moments.min) == moments.min
        return np.asarray(same & centered & whole & (moments.max - moments.min + 1 == count))
