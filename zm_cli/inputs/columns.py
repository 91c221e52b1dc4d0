"""Columns by name, by range (`2:785`, `first:last`) or by pattern (`pixel*`)."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence

from zm_cli.errors import UsageError
from zm_cli.suggest import find_near

PATTERN_SIGNS = frozenset("*?[")


def select_columns(texts: Iterable[str], names: Sequence[str], where: str) -> dict[str, None]:
    """The columns that texts mean, as the keys of a dictionary, in the order of the texts; `where` names the table.

    A text is the very name of a column, or else a pattern, or a range whose ends are names, or positions counted from
    1; both ends belong to it, and one that is left out is the end of the table. Raises UsageError for a text that means
    no column, and for positions that there are not.
    """
    places = {name: place for place, name in reversed(list(enumerate(names)))}
    found: dict[str, None] = {}
    for text in texts:
        columns = [text] if text in places else _find_columns(text, names, places, where)
        if not columns:
            raise explain_unknown(text, names, where)
        found |= dict.fromkeys(columns)
    return found


def explain_unknown(text: str, names: Sequence[str], where: str) -> UsageError:
    """The error of a text that means no column."""
    near = find_near(text, names)
    there = f"there are {list_columns(names)}"
    if text.isdecimal() and 1 <= int(text) <= len(names):
        meant = f"the column in that place is {text}:{text}; {there}"
    else:
        meant = f"did you mean '{near}'? {there}" if near else there
    return UsageError(f"there is no column '{text}'", where=where, hint=meant)


def list_columns(names: Sequence[str], most: int = 20) -> str:
    """The first names in quotes."""
    return ", ".join(f"'{name}'" for name in names[:most]) + (", ..." if len(names) > most else "")


def _find_columns(text: str, names: Sequence[str], places: Mapping[str, int], where: str) -> list[str]:
    """The columns that a text means that is no name."""
    if PATTERN_SIGNS & set(text):
        return [name for name in names if fnmatch.fnmatchcase(name, text)]
    for colon in re.finditer(":", text):
        start = _find_place(text[: colon.start()], places, 1)
        stop = _find_place(text[colon.end() :], places, len(names))
        if start is None or stop is None or text == ":":
            continue
        if not 1 <= start <= stop <= len(names):
            raise UsageError(
                f"'{text}' is no range of its columns",
                where=where,
                hint=f"write FIRST:LAST, both from 1 to {len(names)}",
            )
        return list(names[start - 1 : stop])
    return []


def _find_place(end: str, places: Mapping[str, int], default: int) -> int | None:
    """The position, from 1 on, that an end of a range means; None where it means none."""
    if not end:
        return default
    if end in places:
        return places[end] + 1
    return int(end) if re.fullmatch(r"[0-9]{1,9}", end) else None
