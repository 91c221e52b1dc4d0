"""Chooses the columns of a table that are features: by name, or by what the first rows hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from zm_cli.data.block import Rejected
from zm_cli.data.options import ReadOptions
from zm_cli.errors import DataError, NothingToMeasureError, UsageError
from zm_cli.formats.csv.cell_kinds import NUMBERS, find_kind, has_decimal, other_decimal
from zm_cli.formats.csv.columns import ColumnReader
from zm_cli.formats.csv.digits import IS_A_CODE, find_lost_digits
from zm_cli.formats.csv.extras import Extras
from zm_cli.formats.csv.layout import Layout
from zm_cli.formats.csv.options import NULL_VALUES
from zm_cli.formats.csv.pieces import Piece, take_rows_within
from zm_cli.formats.shared.options import AMONG, COLUMNS, EXCLUDE, NUMERIC, ON_ERROR
from zm_cli.inputs.columns import explain_unknown, is_absent, list_columns, select_columns
from zm_cli.inputs.name_lists import MAX_NAMES, quote_few
from zm_cli.inputs.option_text import spell_names

FIRST_LOOK = 1 << 20
"""Bytes of text that decide which columns hold numbers."""
LIKE_A_NUMBER = re.compile(r"\s*[-+]?[$€£]?\s*(0x[\da-f]+|\d[\d., '_]*)\s*[%$€£]?\s*", re.IGNORECASE)
THOUSANDS = re.compile(r"\s*[-+]?\d{1,3}(,\d{3})+(\.\d*)?\s*")
OTHER_THOUSANDS = re.compile(
    r"\s*[-+]?\d{1,3}"
    r"(?:(?:\.\d{3})+(?P<comma>,\d*)|(?:\.\d{3}){2,}|(?:[ '\u00a0\u2019\u202f]\d{3})+(?P<mark>[.,]\d*)?)\s*"
)
"""Numbers in which a point, a space or an apostrophe separates thousands."""
POINTED_THOUSANDS = re.compile(r"\s*[-+]?\d{1,3}(\.\d{3})+\s*")
NO_THOUSANDS = "write numbers without thousands separators"
MARKS = {",": "commas", ".": "points"}


NO_EXTRAS = Extras()


@dataclass(frozen=True)
class Features:
    """The indices of the columns that are features, in order, the names of the columns that hold text, and notes."""

    chosen: tuple[int, ...]
    text_columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def choose_features(
    layout: Layout, options: ReadOptions, where: str, read_first: Callable[[], Piece | None], extras: Extras = NO_EXTRAS
) -> Features:
    """Returns the features in the order of the statistics to apply, else in the order asked for, else in table order.

    Columns of labels and weights are features only if they are named. `read_first` returns the first piece of the
    table, None if there are no rows. It is called only if no columns are named.

    Raises UsageError for columns that do not exist or if no column is left; DataError if a column of the statistics is
    missing, if no column holds numbers, or if several features have the same name.
    """
    names = layout.names
    columns, among = options.get(COLUMNS), options.get(AMONG)
    lacking = [name for name in among or () if name not in names]
    texts = options.get(EXCLUDE) or ()
    absent = [] if among is None else [text for text in texts if is_absent(text, [*names, *lacking], among)]
    excluded = select_columns([text for text in texts if text not in absent], names, where, lacking)
    asked = None if columns is None else select_columns(columns, names, where)
    if among is not None:
        needed = [name for name in among if name not in excluded and (asked is None or name in asked)]
        _check_among(needed, among, columns or (), names, where)
        asked = {name: None for name in among if name in names and (asked is None or name in asked)}
    if asked is None:
        aside = {*excluded, *(names[column] for column in extras.aside)}
        found = _find_numeric(read_first(), layout, options, where, aside)
    else:
        indices = {name: index for index, name in reversed(list(enumerate(names)))}
        found = Features(tuple(indices[name] for name in asked))
    left_out = extras.aside if among is None else frozenset[int]()
    chosen = tuple(column for column in found.chosen if names[column] not in excluded and column not in left_out)
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
    notes = (f"{where}: there is no column {list_columns(absent)} to exclude",) if absent else ()
    return Features(chosen, found.text_columns, (*found.notes, *notes))


def _check_among(
    needed: Sequence[str], among: Sequence[str], asked: Sequence[str], names: Sequence[str], where: str
) -> None:
    """Raises DataError if one of the needed columns is missing, UsageError if one that is named has no statistics."""
    known, there = set(among), set(names)
    lacking = [name for name in needed if name not in there]
    if lacking:
        error = explain_unknown(lacking[0], names, where)
        what = error.what if len(lacking) == 1 else f"there are no columns {list_columns(lacking, MAX_NAMES)}"
        advice = f"--exclude {spell_names(lacking)} does without; "
        if len(lacking) == len(needed):
            advice = "does it lack a header? " if all(find_kind(name) in NUMBERS for name in names) else ""
        raise DataError(f"does not fit the statistics: {what}", where=where, hint=f"{advice}{error.hint}")
    strange = [name for name in asked if name in there and name not in known]
    if strange:
        raise UsageError(
            f"there are no statistics of {list_columns(strange)}", hint=f"they are of {list_columns(among)}"
        )


def _find_numeric(
    first: Piece | None, layout: Layout, options: ReadOptions, where: str, excluded: Collection[str]
) -> Features:
    """Returns as features the columns without text and codes in the first rows; no notes on excluded columns."""
    columns = tuple(range(len(layout.names)))
    if first is None:
        return Features(columns)
    first = take_rows_within(first, FIRST_LOOK, layout.line_end)
    skip = options.get(ON_ERROR) == "skip"
    reader = ColumnReader(layout, columns, options.get(NULL_VALUES) or (), where, skip=skip)
    numbers = reader.read(first, carry=False)
    finite, rows = np.isfinite(numbers.values).sum(axis=0), len(numbers.values)
    # A column of mostly numbers stays a feature: its cells that are not numbers are reported when the rows are read.
    rejected = {column: cell for column, cell in numbers.rejected.items() if finite[column] <= rows // 2}
    numeric = options.get(NUMERIC)
    # In a comparison, columns without statistics are not reported.
    told = {name for name in layout.names if name not in excluded and (numeric is None or name in numeric)}
    codes = find_lost_digits(first, layout, columns, numbers, numeric or ()).codes
    if len({*rejected, *codes}) == len(columns):
        raise _make_no_numbers_error(layout, {**rejected, **codes}, where)
    likely = [
        column
        for column, cell in rejected.items()
        if layout.names[column] in told and (finite[column] * 10 >= rows or LIKE_A_NUMBER.fullmatch(cell.value))
    ]
    return Features(
        chosen=tuple(column for column in columns if column not in rejected and column not in codes),
        text_columns=tuple(layout.names[column] for column in sorted({*rejected, *codes})),
        notes=(
            *_note_text(layout, {column: rejected[column] for column in likely}, where),
            *_note_codes(layout, {column: codes[column] for column in codes if layout.names[column] in told}, where),
        ),
    )


def explain_decimals(rejected: Mapping[int, Rejected], layout: Layout) -> dict[int, Rejected]:
    """Returns the cells that are not numbers, with the option that helps if they have the other decimal mark."""
    return {feature: _explain_cell(cell, layout) for feature, cell in rejected.items()}


def _explain_cell(cell: Rejected, layout: Layout) -> Rejected:
    if _has_other_decimal(cell, layout):
        hint = f"if that is the decimal mark, use --decimal {other_decimal(layout.decimal)}"
    else:
        hint = _advise_thousands(cell, layout)
    return replace(cell, reason=f"which is not a number; {hint}") if hint else cell


def _has_other_decimal(cell: Rejected, layout: Layout) -> bool:
    """Returns whether a cell seems to have the other decimal mark, though not if it may be a thousands separator.

    A comma that is neither the delimiter nor the decimal mark of the layout is more likely a decimal mark.
    """
    thousands = {",": POINTED_THOUSANDS, ".": THOUSANDS}[layout.decimal]
    unlikely = b"," in (layout.delimiter, layout.decimal.encode()) and thousands.fullmatch(cell.value)
    return has_decimal(cell.value, other_decimal(layout.decimal)) and not unlikely


def _advise_thousands(cell: Rejected, layout: Layout) -> str:
    """Returns what to do about the thousands separators of a cell; an empty text if it has none."""
    found = OTHER_THOUSANDS.fullmatch(cell.value)
    if found is None:
        pointed = layout.decimal == "," and POINTED_THOUSANDS.fullmatch(cell.value)
        return NO_THOUSANDS if pointed or THOUSANDS.fullmatch(cell.value) else ""
    mark = (found["comma"] or found["mark"] or "")[:1]
    if mark in ("", layout.decimal):
        return NO_THOUSANDS
    return f"{NO_THOUSANDS}, and read decimal {MARKS[mark]} with --decimal {mark}"


def _note_text(layout: Layout, rejected: Mapping[int, Rejected], where: str) -> Iterator[str]:
    """Yields a note for each column of text that looks like numbers;
    a single one for all that seem to have the other decimal mark."""
    other = other_decimal(layout.decimal)
    marked = {column: cell for column, cell in rejected.items() if _has_other_decimal(cell, layout)}
    if marked:
        cell = next(iter(marked.values()))
        yield (
            f"{where}: {_list_names(layout, marked)} left as text: row {cell.row} holds '{cell.value}'; "
            f"if that is the decimal mark, use --decimal {other}"
        )
    for column, cell in rejected.items():
        if column not in marked:
            hint = _advise_thousands(cell, layout)
            yield (
                f"{where}: column '{layout.names[column]}' is left as text: row {cell.row} holds '{cell.value}', "
                f"which zm does not read as a number{hint and f'; {hint}'}"
            )


def _note_codes(layout: Layout, codes: Mapping[int, Rejected], where: str) -> Iterator[str]:
    """Yields a note for all columns of codes."""
    if codes:
        cell = next(iter(codes.values()))
        yield (
            f"{where}: {_list_names(layout, codes)} left as text: row {cell.row} holds '{cell.value}', {cell.reason}; "
            "codes that --columns names are read as numbers"
        )


def _list_names(layout: Layout, columns: Iterable[int]) -> str:
    """Returns the names of columns as the subject of a sentence, with its verb."""
    names = [layout.names[column] for column in columns]
    if len(names) == 1:
        return f"column '{names[0]}' is"
    return f"columns {quote_few(names)} are"


def _make_no_numbers_error(layout: Layout, rejected: Mapping[int, Rejected], where: str) -> DataError:
    """Returns the error of a table without numbers; it names the cell that best explains why."""
    column = min(rejected, key=lambda column: _rank_cell(rejected[column], layout))
    found, cell = rejected[column], rejected[column].value
    # Without a column of numbers, the header was a guess.
    notes = [note.removeprefix(f"{where}: ") for note in layout.notes]
    hint = " ".join(("is --delimiter right?", *(f"{note[:1].upper()}{note[1:]}" for note in notes)))
    if found.reason == IS_A_CODE:
        hint = f"to read codes as numbers, name them: --columns {spell_names([layout.names[column]])}"
    elif _has_other_decimal(found, layout):
        other = other_decimal(layout.decimal)
        hint = f"write decimal {MARKS[layout.decimal]}, or read decimal {MARKS[other]} with --decimal {other}"
        hint += f"; {NO_THOUSANDS}" if THOUSANDS.fullmatch(cell) else ""
    elif advice := _advise_thousands(found, layout):
        hint = advice
    return NothingToMeasureError(
        f"has no numeric column: '{layout.names[column]}' holds '{cell}'", where=where, hint=hint
    )


def _rank_cell(cell: Rejected, layout: Layout) -> int:
    """Returns the rank of a cell as an explanation why its column holds no numbers; 0 is the best."""
    signs = (
        _has_other_decimal(cell, layout),
        bool(_advise_thousands(cell, layout)),
        cell.reason == IS_A_CODE,
        LIKE_A_NUMBER.fullmatch(cell.value) is not None,
        True,
    )
    return signs.index(True)
