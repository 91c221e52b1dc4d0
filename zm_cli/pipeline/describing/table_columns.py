"""All columns of a table for `inspect`: which hold numbers, which text, and counts for those without statistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from zm_cli.data.source import Source
from zm_cli.data.texts import TextSummary
from zm_cli.statsfile.stats import Stats

ColumnType = Literal["text", "empty", "left aside"]
"""Why a column has no statistics: it holds text, or nothing, or the user has not chosen it."""


@dataclass(frozen=True)
class OtherColumn:
    """A column without statistics; `distinct` is its number of different values, None if too many to count."""

    type: ColumnType
    missing: int
    distinct: int | None

    def to_document(self) -> dict[str, Any]:
        """Returns the column as JSON values."""
        return {"type": self.type, "missing": self.missing, "distinct": self.distinct}


@dataclass(frozen=True)
class TableColumns:
    """The columns of a table: how many hold `numbers` of this dtype, and all others by name, in order."""

    dtype: str
    numbers: int
    others: Mapping[str, OtherColumn]

    @property
    def missing(self) -> int:
        """How many cells are missing in columns without statistics."""
        return sum(column.missing for column in self.others.values())

    def count_types(self) -> dict[str, int]:
        """Returns how many columns there are of each type; together they are all columns of the table."""
        counts: Counter[str] = Counter(column.type for column in self.others.values())
        numbers = {self.dtype: self.numbers} if self.numbers else {}
        return {**numbers, **counts}

    def complete_facts(self, known: Mapping[str, str]) -> dict[str, str]:
        """Returns the facts known before the pass, with the names of the columns without statistics, by type."""
        titles: dict[ColumnType, str] = {
            "text": "text columns",
            "empty": "empty columns",
            "left aside": "left aside",
        }
        named = {
            title: ", ".join(name for name, column in self.others.items() if column.type == kind)
            for kind, title in titles.items()
        }
        return {title: names for title, names in {**known, **named}.items() if names}


def describe_columns(source: Source, stats: Stats, texts: TextSummary | None) -> TableColumns | None:
    """Returns the columns of a source after a pass over its values; None for data that are not a table."""
    spec = source.spec
    if spec.columns is None or texts is None:
        return None
    measured, chosen, known_text = set(stats.names or ()), set(spec.names or ()), set(spec.text_columns)
    counts = Counter(spec.columns)
    others: dict[str, OtherColumn] = {}
    for index, name in enumerate(spec.columns):
        if name in measured:
            continue
        found = texts[index]
        kind: ColumnType = "text" if name in known_text or name in chosen else "left aside"
        if name in chosen and found.missing == stats.samples:
            kind = "empty"
        shown = name if counts[name] == 1 else f"{name} (column {index + 1})"
        others[shown] = OtherColumn(kind, found.missing, None if found.distinct is None else len(found.distinct))
    return TableColumns(stats.dtype, len(measured), others)
