"""Decides whether the first row of a table holds names, by comparing it with the rows below, column by column.

Text above a column of numbers is a name, and a number above such a column is data. If the row has both, the majority
decides. Numbers that count or rise evenly may be either; then the rows below decide. Only a row of plain names is read
as the header without a note.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from zm_cli.formats.csv.cell_kinds import NUMBERS, Kind, find_kind
from zm_cli.formats.csv.trials import Trial, read_cell

YEARS = range(1500, 2201)
NUMERIC_SHARE = 0.9
"""The share of numbers among its cells that makes a column one of numbers."""
ENOUGH_STEPS = 3
"""So many numbers in even steps may be names; two numbers always have even steps."""


@dataclass(frozen=True)
class HeaderChoice:
    """Whether the first row is the header; `reason` says why as a clause, None if that is obvious."""

    header: bool
    reason: str | None = None


@dataclass(frozen=True)
class _Column:
    """A cell of the first row, and the cells below it: their texts without spaces around, and what they look like."""

    first: str
    first_kind: Kind
    first_quoted: bool
    below: tuple[str, ...]
    kinds: tuple[Kind, ...]
    quoted: bool
    """Whether some number below is in quotes."""

    @property
    def numeric(self) -> bool:
        """Whether the cells below are numbers, apart from missing ones and a few others."""
        known = [kind for kind in self.kinds if kind is not Kind.MISSING]
        return bool(known) and sum(kind in NUMBERS for kind in known) >= NUMERIC_SHARE * len(known)


def choose_header(trial: Trial) -> HeaderChoice:
    """Returns whether the first row of a table is its header, by the first rows."""
    columns = _list_columns(trial)
    filled = [column for column in columns if column.first]
    if not any(column.below for column in columns):
        return _choose_for_one_row(filled)
    over_numbers = [column for column in columns if column.numeric]
    names = [column for column in over_numbers if column.first_kind is Kind.TEXT]
    data = [column for column in over_numbers if column.first_kind in NUMBERS]
    if not data and not names:
        return _choose_without_numbers(columns, over_numbers)
    if data and all(column.first_quoted for column in filled) and not any(column.quoted for column in over_numbers):
        return HeaderChoice(True, "its numbers are in quotes and those below are not")
    if names:
        return _choose_between(names, data, _list_repeated(columns))
    numbers = _read_counts(data)
    if numbers is None or not _could_be_names(numbers, alone=len(filled) == 1):
        return HeaderChoice(False, "it holds numbers, as the rows below do")
    shown = _format_numbers(numbers)
    if _goes_on(columns, data, numbers):
        return HeaderChoice(False, f"its numbers {shown} could be names, but the rows below hold such numbers, too")
    return HeaderChoice(True, f"its numbers {shown} look like names")


def _list_columns(trial: Trial) -> list[_Column]:
    """Returns the columns of the first row; rows with another number of cells are left out."""
    first, *below = trial.rows
    rows = [(row, kinds) for row, kinds in zip(below, trial.kinds, strict=True) if len(row) == len(first)]
    return [
        _Column(
            first=read_cell(cell).strip(),
            first_kind=find_kind(read_cell(cell)),
            first_quoted=cell.raw.startswith(b'"'),
            below=tuple(read_cell(row[index]).strip() for row, _ in rows),
            kinds=tuple(kinds[index] for _, kinds in rows),
            quoted=any(row[index].raw.startswith(b'"') for row, kinds in rows if kinds[index] in NUMBERS),
        )
        for index, cell in enumerate(first)
    ]


def _choose_for_one_row(filled: Sequence[_Column]) -> HeaderChoice:
    """Returns the choice for a table of one row, whose cells that are not empty are given."""
    numbers = [column for column in filled if column.first_kind in NUMBERS]
    if not numbers:
        return HeaderChoice(True)
    counts = _read_counts(numbers)
    if len(numbers) < len(filled) and counts is not None and _could_be_names(counts, alone=False):
        return HeaderChoice(True, "it is the only row and its numbers look like names")
    return HeaderChoice(False, "it is the only row and holds numbers")


def _choose_without_numbers(columns: Sequence[_Column], over_numbers: Sequence[_Column]) -> HeaderChoice:
    """Returns the choice if the first row has neither text nor a number above a column of numbers."""
    if any(column.first for column in over_numbers):
        return HeaderChoice(False, "it has missing values above columns of numbers")
    if any(column.first_kind is Kind.TEXT and column.first in column.below for column in columns):
        return HeaderChoice(False, "its text occurs again in the rows below")
    return HeaderChoice(True, "most tables have one and no column of numbers shows otherwise")


def _choose_between(names: Sequence[_Column], data: Sequence[_Column], repeated: Sequence[_Column]) -> HeaderChoice:
    """Returns the choice if there is text above the columns of numbers `names`.

    `data` are the columns with a number above numbers, `repeated` those with text that occurs again below.
    """
    if not data and not repeated:
        return HeaderChoice(True)
    name = names[0].first
    numbers = _read_counts(data)
    if data and not repeated and numbers is not None and _could_be_names(numbers, alone=False):
        return HeaderChoice(
            True, f"'{name}' is above a column of numbers and {_format_numbers(numbers)} could be names, too"
        )
    against = (
        f"{data[0].first} is a number above a column of numbers"
        if data
        else f"'{repeated[0].first}' occurs again below"
    )
    if len(data) + len(repeated) > len(names):
        return HeaderChoice(False, f"{against}, although '{name}' is text above such a column")
    return HeaderChoice(True, f"'{name}' is text above a column of numbers, although {against}")


def _list_repeated(columns: Sequence[_Column]) -> list[_Column]:
    """Returns the columns whose text in the first row occurs again below,
    other than in a repetition of the whole row."""
    first = tuple(column.first for column in columns)
    rows = [row for row in zip(*(column.below for column in columns), strict=True) if row != first]
    return [
        column
        for index, column in enumerate(columns)
        if column.first_kind is Kind.TEXT and any(row[index] == column.first for row in rows)
    ]


def _format_numbers(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:3])) + (", ..." if len(numbers) > 3 else "")


def _read_counts(columns: Sequence[_Column]) -> list[int] | None:
    """Returns the numbers of the first row; None unless all are written with digits only."""
    texts = [column.first for column in columns]
    return [int(text) for text in texts] if all(text.isascii() and text.isdecimal() for text in texts) else None


def _could_be_names(numbers: Sequence[int], *, alone: bool) -> bool:
    """Returns whether numbers count from 0 or 1, rise in even steps, or are rising years.

    `alone` says that the table has a single column.
    """
    steps = {after - before for before, after in pairwise(numbers)}
    if numbers[0] in (0, 1) and steps <= {1}:
        return True
    if all(number in YEARS for number in numbers) and all(step > 0 for step in steps):
        return not alone
    return len(numbers) >= ENOUGH_STEPS and len(steps) == 1 and min(steps) > 0


def _goes_on(columns: Sequence[_Column], data: Sequence[_Column], numbers: Sequence[int]) -> bool:
    """Returns whether the rows below continue a first row that has these numbers in the columns `data`."""
    if len(columns) == 1 or any(column.first_kind is Kind.TEXT and column.first in column.below for column in columns):
        return True
    again = sum(column.first in column.below for column in data)
    if 2 * again > len(data):
        return True
    below = [[_to_number(text) for text in column.below if text] for column in data]
    if _counts_on(numbers[0], below[0][:2]):
        return True
    if len(numbers) > 1 and below[0] and below[0][0] == 2 * numbers[-1] - numbers[-2]:
        return True
    years = [value for values in below for value in values]
    return all(number in YEARS for number in numbers) and all(value in YEARS for value in years if value is not None)


def _counts_on(first: int, below: Sequence[float | None]) -> bool:
    """Returns whether a number and the two below it rise or fall in even steps."""
    if len(below) < 2 or below[0] is None or below[1] is None:
        return False
    step = below[0] - first
    return step != 0 and below[1] - below[0] == step


def _to_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
