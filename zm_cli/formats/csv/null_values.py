"""The user's null values: those for all columns, and those for one column (`column=value`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from zm_cli.formats.csv.number_parser import NumberParser
from zm_cli.suggest import find_near


@dataclass(frozen=True)
class NullValues:
    """Which cells mean missing in a table with these columns.

    A text `column=value` is for that column only. If several names of columns fit, the longest is meant; if none fits,
    the whole text is a null value of all columns. Safe to use from several threads at once.
    """

    texts: tuple[str, ...]
    names: Sequence[str]
    decimal: str = "."
    _common: NumberParser = field(init=False)
    _own: dict[str, NumberParser] = field(init=False)

    def __post_init__(self) -> None:
        own: dict[str, list[str]] = {}
        common = []
        for text in self.texts:
            name = find_column(text, self.names)
            if name is None:
                common.append(text)
            else:
                own.setdefault(name, []).append(text[len(name) + 1 :])
        object.__setattr__(self, "_common", NumberParser(common, self.decimal))
        parsers = {name: NumberParser([*common, *values], self.decimal) for name, values in own.items()}
        object.__setattr__(self, "_own", parsers)

    def parser(self, column: int) -> NumberParser:
        """Returns the parser for the cells of the column with this index."""
        return self._own.get(self.names[column], self._common)

    def list_notes(self) -> list[str]:
        """Returns a note for each text that looks like `column=value` but names no column."""
        notes = []
        for text in self.texts:
            start, sign, _ = text.partition("=")
            if sign and find_column(text, self.names) is None:
                near = find_near(start, self.names)
                hint = f"; did you mean '{near}'?" if near else ""
                notes.append(f"--null-value '{text}' is used as a whole, because there is no column '{start}'{hint}")
        return notes


def find_column(text: str, names: Sequence[str]) -> str | None:
    """Returns the longest name of a column that is followed by `=` at the start of a text; None if there is none."""
    parts = text.split("=")
    known = set(names) if len(parts) > 1 else set()
    starts = ("=".join(parts[:count]) for count in range(len(parts) - 1, 0, -1))
    return next((start for start in starts if start in known), None)
