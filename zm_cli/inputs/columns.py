"""Selects columns by name, by range (`2:785`, `first:last`) or by pattern (`pixel*`)."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence

from zm_cli.errors import UsageError
from zm_cli.suggest import find_near

PATTERN_SIGNS = frozenset("*?[")


def select_columns(texts: Iterable[str], names: Sequence[str], where: str) -> dict[str, None]:
    """The columns that the texts select, as the keys of a dictionary, in the order of the texts.

    A text is the exact name of a column, or else a pattern, or a range. The ends of a range are names, or positions
    counted from 1; both are included, and an end that is left out is that of the table. Raises UsageError, with `where`
    as the name of the table, for a text that selects no column, and for positions outside the table.
    """
    indices = {name: index for index, name in reversed(list(enumerate(names)))}
    found: dict[str, None] = {}
    for text in texts:
        columns = [text] if text in indices else _find_columns(text, names, indices, where)
        if not columns:
            raise explain_unknown(text, names, where)
        found |= dict.fromkeys(columns)
    return found


def explain_unknown(text: str, names: Sequence[str], where: str) -> UsageError:
    """The error of a text that selects no column."""
    near = find_near(text, names)
    known = f"there are {list_columns(names)}"
    if text.isdecimal() and 1 <= int(text) <= len(names):
        hint = f"for column number {text}, write {text}:{text}; {known}"
    else:
        hint = f"did you mean '{near}'? {known}" if near else known
    return UsageError(f"there is no column '{text}'", where=where, hint=hint)


def list_columns(names: Sequence[str], most: int = 20) -> str:
    """The first `most` names in quotes."""
    return ", ".join(f"'{name}'" for name in names[:most]) + (", ..." if len(names) > most else "")


def _find_columns(text: str, names: Sequence[str], indices: Mapping[str, int], where: str) -> list[str]:
    """The columns that a pattern or a range selects."""
    if PATTERN_SIGNS & set(text):
        return [name for name in names if fnmatch.fnmatchcase(name, text)]
    for colon in re.finditer(":", text):
        start = _find_position(text[: colon.start()], indices, 1)
        stop = _find_position(text[colon.end() :], indices, len(names))
        if start is None or stop is None or text == ":":
            continue
        if not 1 <= start <= stop <= len(names):
            raise UsageError(
                f"'{text}' is not a range of its columns",
                where=where,
                hint=f"write FIRST:LAST, both from 1 to {len(names)}",
            )
        return list(names[start - 1 : stop])
    return []


def _find_position(end: str, indices: Mapping[str, int], default: int) -> int | None:
    """The position, from 1, of an end of a range; None where it is neither a name nor a number."""
    if not end:
        return default
    if end in indices:
        return indices[end] + 1
    return int(end) if re.fullmatch(r"[0-9]{1,9}", end) else None
