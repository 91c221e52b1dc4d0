"""Chooses the columns of a table that are features: by name, or by what the first rows hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from zm_cli.data.block import Rejected
from zm_cli.data.options import ReadOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.formats.csv.columns import ColumnReader
from zm_cli.formats.csv.layout import Layout
from zm_cli.formats.csv.options import NULL_VALUES
from zm_cli.formats.csv.pieces import Piece, take_rows_within
from zm_cli.formats.shared.options import AMONG, COLUMNS, EXCLUDE
from zm_cli.inputs.columns import explain_unknown, list_columns, select_columns

FIRST_LOOK = 1 << 20
"""Bytes of text that decide which columns hold numbers."""
LIKE_A_NUMBER = re.compile(r"\s*[-+]?[$€£]?\s*(0x[\da-f]+|\d[\d., '_]*)\s*[%$€£]?\s*", re.IGNORECASE)
THOUSANDS = re.compile(r"\s*[-+]?\d{1,3}(,\d{3})+(\.\d*)?\s*")
NO_THOUSANDS = "; write numbers without thousands separators"


@dataclass(frozen=True)
class Features:
    """The indices of the columns that are features, in order, the names of the columns that hold text, and notes."""

    chosen: tuple[int, ...]
    text_columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def choose_features(
    layout: Layout, options: ReadOptions, where: str, read_first: Callable[[], Piece | None]
) -> Features:
    """Returns the features in the order of the statistics to apply, else in the order asked for, else in the table's.

    `read_first` returns the first piece of the table, None if there are no rows. It is called only if no columns are
    named.

    Raises UsageError for columns that do not exist or if no column is left, DataError if a column of the statistics is
    missing, no column holds numbers, or several features have the same name.
    """
    names = layout.names
    columns, among = options.get(COLUMNS), options.get(AMONG)
    excluded = select_columns(options.get(EXCLUDE) or (), names, where)
    asked = None if columns is None else select_columns(columns, names, where)
    if among is not None:
        _check_among(among, columns or (), names, where)
        asked = {name: None for name in among if asked is None or name in asked}
    if asked is None:
        found = _find_numeric(read_first(), layout, options.get(NULL_VALUES) or (), where)
    else:
        indices = {name: index for index, name in reversed(list(enumerate(names)))}
        found = Features(tuple(indices[name] for name in asked))
    chosen = tuple(column for column in found.chosen if names[column] not in excluded)
    if not chosen:
        raise UsageError("no numeric column is left", where=where, hint="exclude fewer columns")
    counts = Counter(names)
    repeated = list(dict.fromkeys(names[column] for column in chosen if counts[names[column]] > 1))
    if repeated:
        raise DataError(
            f"several columns are called {list_columns(repeated)}",
            where=where,
            hint="rename them, or leave them as they are with --exclude",
        )
    return Features(chosen, found.text_columns, found.notes)


def _check_among(among: Sequence[str], asked: Sequence[str], names: Sequence[str], where: str) -> None:
    """Raises DataError if a column of the statistics is missing, UsageError if a column without statistics is named."""
    known, there = set(among), set(names)
    for name in among:
        if name not in there:
            error = explain_unknown(name, names, where)
            raise DataError(f"does not fit the statistics: {error.what}", where=error.where, hint=error.hint)
    strange = [name for name in asked if name in there and name not in known]
    if strange:
        raise UsageError(f"no statistics of {list_columns(strange)}", hint=f"there are {list_columns(among)}")


def _find_numeric(first: Piece | None, layout: Layout, null_values: tuple[str, ...], where: str) -> Features:
    """Returns the columns without text in the first rows, as features."""
    columns = tuple(range(len(layout.names)))
    if first is None:
        return Features(columns)
    first = take_rows_within(first, FIRST_LOOK, layout.line_end)
    numbers = ColumnReader(layout, columns, null_values, where).read(first, carry=False)
    finite = np.isfinite(numbers.values).sum(axis=0)
    # A column with mostly numbers stays a feature: its cell that is not a number is reported when the rows are read.
    rejected = {column: cell for column, cell in numbers.rejected.items() if finite[column] <= first.rows // 2}
    if len(rejected) == len(columns):
        raise _no_numeric_column(layout, next(iter(rejected.items())), where)
    return Features(
        chosen=tuple(column for column in columns if column not in rejected),
        text_columns=tuple(layout.names[column] for column in sorted(rejected)),
        notes=tuple(
            f"{where}: column '{layout.names[column]}' is left as text: row {cell.row} holds '{cell.value}', "
            f"which zm does not read as a number{NO_THOUSANDS if THOUSANDS.fullmatch(cell.value) else ''}"
            for column, cell in rejected.items()
            if finite[column] * 10 >= first.rows or LIKE_A_NUMBER.fullmatch(cell.value)
        ),
    )


def _no_numeric_column(layout: Layout, rejected: tuple[int, Rejected], where: str) -> DataError:
    column, cell = rejected[0], rejected[1].value
    comma = "," in cell and cell.strip().lstrip("+-").replace(",", "").replace(".", "", 1).isdigit()
    return DataError(
        f"has no numeric column: '{layout.names[column]}' holds '{cell}'",
        where=where,
        hint="write decimal points, and numbers without thousands separators" if comma else "is --delimiter right?",
    )
