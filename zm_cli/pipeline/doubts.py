"""What in statistics suggests that something else is meant: columns of ids and labels, data transformed already."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from zm_cli.formats.shared.options import EXCLUDE
from zm_cli.formats.shared.split_names import list_words
from zm_cli.numbers.distinct import Distinct
from zm_cli.numbers.moments import Moments
from zm_cli.outputs.receipt import Operation
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
MANY_FLAGS = 4
"""If so many columns, and half of all, hold only 0 and 1, they are features."""

NEAR = 0.05
"""How far from 0 and 1 the means and deviations of data may be that look standardized."""
EXACT = 1e-3
"""The same where there are fewer features than ENOUGH_FEATURES, and how near to 0 means are in centered data."""
ENOUGH_FEATURES = 3


def point_out_columns(stats: Stats, ids: Sequence[str], flags: Sequence[str]) -> str | None:
    """A sentence that names columns of a table that look like ids or labels, with the option that leaves them out.

    None where there are none, or so many of 0 and 1 that they are features.
    """
    if 2 * len(flags) >= len(stats.features) and len(flags) >= MANY_FLAGS:
        flags = []
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


def doubt_operation(stats: Stats, operation: Operation, aside: Collection[str] = ()) -> str | None:
    """A clause that says why data look as if this operation had been done to them already; None where they do not.

    The features called `aside`, which may be ids or labels, are not looked at, nor are constant ones.
    """
    moments = stats.moments
    varies = ~moments.constant().ravel() & (moments.count.ravel() >= ENOUGH_ROWS)
    if aside:
        varies &= np.array([name not in aside for name in stats.features])
    features = int(varies.sum())
    if features < 2:
        return None
    mean, std = np.abs(moments.mean.ravel()[varies]), moments.std().ravel()[varies]
    if operation == "center":
        return "every mean is 0" if (mean <= EXACT * std).all() else None
    near = NEAR if features >= ENOUGH_FEATURES else EXACT
    # Pandas and R divide by the deviation with ddof 1.
    off = np.minimum(np.abs(std - 1), np.abs(moments.std(1).ravel()[varies] - 1))
    return "every mean is near 0, every deviation near 1" if (mean <= near).all() and (off <= near).all() else None


def spell_names(names: Sequence[str]) -> str:
    """Names of columns as the value of an option in a shell."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(names)
    return shlex.quote(text.getvalue())


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
