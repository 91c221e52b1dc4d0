"""Columns by name, by range (`2:785`, `first:last`) or by pattern (`pixel*`)."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence

from zm_cli.errors import UsageError

PATTERN_SIGNS = frozenset("*?[")


def find_columns(text: str, names: Sequence[str]) -> list[str]:
    """The columns that a text means, in the order of the table; none where it means none.

    A column of that very name comes first. The ends of a range are names, or positions counted from 1, and both belong
    to it; one that is left out is the end of the table. Raises UsageError for positions that the table does not have.
    """
    if text in names:
        return [text]
    if PATTERN_SIGNS & set(text):
        return [name for name in names if fnmatch.fnmatchcase(name, text)]
    for colon in re.finditer(":", text):
        start = _find_place(text[: colon.start()], names, 1)
        stop = _find_place(text[colon.end() :], names, len(names))
        if start is None or stop is None or text == ":":
            continue
        if not 1 <= start <= stop <= len(names):
            raise UsageError(
                f"'{text}' is no range of its columns",
                where="--columns or --exclude",
                hint=f"write FIRST:LAST, both from 1 to {len(names)}",
            )
        return list(names[start - 1 : stop])
    return []


def _find_place(end: str, names: Sequence[str], default: int) -> int | None:
    """The position, from 1 on, that an end of a range means; None where it means none."""
    if not end:
        return default
    if end in names:
        return names.index(end) + 1
    return int(end) if re.fullmatch(r"[0-9]{1,9}", end) else None
