"""The columns of a table beside its features: the label of each row, and its weight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import MAX_LISTED, Labels
from zm_cli.data.options import Option, ReadOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.formats.csv.number_parser import NumberParser
from zm_cli.formats.shared.options import BY, COLUMNS, WEIGHT
from zm_cli.inputs.columns import list_columns, select_columns

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Extras:
    """The indices of the columns with labels and weights; None if they were not asked for.

    `aside` are those that are features only if the user names them.
    """

    by: int | None = None
    weight: int | None = None
    aside: frozenset[int] = frozenset()

    @property
    def columns(self) -> frozenset[int]:
        """The indices of both columns, as far as they were asked for."""
        return frozenset(column for column in (self.by, self.weight) if column is not None)

    def to_decoding(self, names: Sequence[str]) -> dict[str, str]:
        """Returns the names of the columns, as stats files record them."""
        chosen = {BY.name: self.by, WEIGHT.name: self.weight}
        return {option: names[column] for option, column in chosen.items() if column is not None}


@dataclass(frozen=True)
class BadWeights:
    """The cells that are not weights: `indices` of their rows in a piece, and `reasons` why the first ones are not."""

    indices: NDArray[np.intp]
    reasons: Sequence[str] = field(default=())

    def make_error(self, rows: Sequence[int] | NDArray[np.int64], where: str) -> DataError:
        """Returns the error of the first bad weight; `rows` are the numbers of all rows of the piece."""
        return DataError(
            self.reasons[0],
            where=f"{where}, row {rows[int(self.indices[0])]}",
            hint="weights are finite and not negative; --on-error skip leaves such rows out",
        )


def choose_extras(options: ReadOptions, names: Sequence[str], where: str) -> Extras:
    """Returns the columns with labels and weights that the options name in the way of `--columns`.

    Raises UsageError if there is no such column, or several.
    """
    by, weight = (_find_column(option, options.get(option), names, where) for option in (BY, WEIGHT))
    found = {names[column] for column in (by, weight) if column is not None}
    named = {
        column
        for text in options.get(COLUMNS) or ()
        if found and len(selected := select_columns([text], names, where)) == 1
        for column in selected
    }
    return Extras(by, weight, frozenset(names.index(name) for name in found - named))


def read_labels(cells: pl.Series, parser: NumberParser) -> Labels:
    """Returns the labels in cells of text, without the spaces around them; missing cells are not labels.

    Zeros at the end of a fraction do not count: `1.0` is the label `1`, because programs write columns of integers that
    lack some as floats, and `1.50` is `1.5`.
    """
    import polars as pl

    texts = cells.set(parser.find_missing(cells), None).str.strip_chars()
    found = texts.drop_nulls().unique(maintain_order=True)
    mark = rf"\{parser.decimal}"
    names = found.str.replace(rf"^(-?[0-9]+{mark}[0-9]*?)0+$", "$1").str.replace(rf"^(-?[0-9]+){mark}$", "$1").to_list()
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    numbered = pl.DataFrame({"text": found, "code": np.array([numbers[name] for name in names], np.int64)})
    codes = pl.DataFrame({"text": texts}).join(numbered, on="text", how="left", maintain_order="left")["code"]
    return Labels(codes.fill_null(-1).to_numpy(), tuple(numbers))


def read_weights(cells: pl.Series, parser: NumberParser, name: str) -> tuple[NDArray[np.float64], BadWeights]:
    """Returns the weights in cells of text of the column `name`, shape (rows,), and the cells that are not weights."""
    parsed = parser.parse(cells)
    weights: NDArray[np.float64] = parsed.numbers.to_numpy().astype(np.float64)
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    wrong = set(parsed.bad.tolist())
    reasons = []
    for index, text in zip(bad[:MAX_LISTED].tolist(), cells.gather(bad[:MAX_LISTED]).to_list(), strict=True):
        if np.isnan(weights[index]) and index not in wrong:
            reasons.append(f"has no weight in column '{name}'")
        else:
            reasons.append(f"holds '{text}' in column '{name}', which is not a weight")
    return weights, BadWeights(bad, reasons)


def _find_column(option: Option[str], asked: str | None, names: Sequence[str], where: str) -> int | None:
    if asked is None:
        return None
    found = list(select_columns([asked], names, where))
    if len(found) > 1:
        raise UsageError(f"takes one column, '{asked}' is {list_columns(found, 5)}", where=option.spelling)
    if Counter(names)[found[0]] > 1:
        raise UsageError(f"several columns are called '{found[0]}'", where=where, hint="rename them")
    return list(names).index(found[0])
