"""Selects columns by name, by position (`3`), by range (`2:785`, `first:last`) or by pattern (`pixel*`)."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence

from zm_cli.errors import UsageError
from zm_cli.suggest import find_near

PATTERN_SIGNS = frozenset("*?[")
POSITION = re.compile("[0-9]{1,9}")


def select_columns(
    texts: Iterable[str], names: Sequence[str], where: str, others: Sequence[str] = ()
) -> dict[str, None]:
    """Returns the columns that the texts select, as the keys of a dictionary, in the order of the texts.

    A text is the exact name of a column, or else a pattern, a position counted from 1, or a range. The ends of a range
    are names or positions; both are included, and an end that is left out is that of the table. Where most names are
    numbers, a single number is a name, never a position. `others` are names of columns that the table lacks, which may
    be selected by name or pattern. Raises UsageError, with `where` as the name of the table, for a text that selects no
    column, for positions outside the table, and for a range of which one number is a name and the other is not.
    """
    indices = {name: index for index, name in reversed(list(enumerate(names)))}
    found: dict[str, None] = {}
    for text in texts:
        columns = [text] if text in indices else _find_columns(text, names, indices, where)
        columns += [name for name in others if text == name or _is_pattern_of(text, name)]
        if not columns:
            raise explain_unknown(text, names, where)
        found |= dict.fromkeys(columns)
    return found


def is_absent(text: str, names: Sequence[str], needed: Iterable[str]) -> bool:
    """Returns whether a text names columns that a table lacks, and is not a misspelling of one of `needed`."""
    if text in names or ":" in text or POSITION.fullmatch(text):
        return False
    if PATTERN_SIGNS & set(text):
        return not any(_is_pattern_of(text, name) for name in names)
    return find_near(text, needed) is None


def explain_unknown(text: str, names: Sequence[str], where: str) -> UsageError:
    """Returns the error of a text that selects no column."""
    near = find_near(text, names)
    hint = f"there are {list_columns(names)}"
    if POSITION.fullmatch(text):
        positions = f"positions are 1 to {len(names)}"
        if _are_numbers(names):
            positions = f"the names are numbers, so a position is written as a range: {text}:{text}"
        hint = f"{positions}; {hint}"
    elif near:
        hint = f"did you mean '{near}'? {hint}"
    return UsageError(f"there is no column '{text}'", where=where, hint=hint)


def list_columns(names: Sequence[str], most: int = 20) -> str:
    """Returns the first `most` names in quotes."""
    return ", ".join(f"'{name}'" for name in names[:most]) + (", ..." if len(names) > most else "")


def _are_numbers(names: Sequence[str]) -> bool:
    """Returns whether most names are numbers: a number that is not among them is then more likely a mistake."""
    return 2 * sum(POSITION.fullmatch(name) is not None for name in names) > len(names)


def _is_pattern_of(text: str, name: str) -> bool:
    return bool(PATTERN_SIGNS & set(text)) and fnmatch.fnmatchcase(name, text)


def _find_columns(text: str, names: Sequence[str], indices: Mapping[str, int], where: str) -> list[str]:
    """Returns the columns that a pattern, a position or a range selects."""
    if PATTERN_SIGNS & set(text):
        return [name for name in names if _is_pattern_of(text, name)]
    if POSITION.fullmatch(text):
        return list(names[int(text) - 1 : int(text)]) if int(text) and not _are_numbers(names) else []
    for colon in re.finditer(":", text):
        ends = text[: colon.start()], text[colon.end() :]
        start, stop = _find_position(ends[0], indices, 1), _find_position(ends[1], indices, len(names))
        if start is None or stop is None or text == ":":
            continue
        _check_ends(text, ends, indices, where)
        if not 1 <= start <= stop <= len(names):
            raise UsageError(
                f"'{text}' is not a range of its columns",
                where=where,
                hint=f"write FIRST:LAST, both from 1 to {len(names)}",
            )
        return list(names[start - 1 : stop])
    return []


def _check_ends(text: str, ends: Iterable[str], indices: Mapping[str, int], where: str) -> None:
    """Raises UsageError if one number of a range is the name of a column, and the other one is not."""
    numbers = [end for end in ends if POSITION.fullmatch(end)]
    positions = [end for end in numbers if end not in indices]
    if 0 < len(positions) < len(numbers):
        raise UsageError(
            f"'{text}' is not clear: there is a column '{next(end for end in numbers if end in indices)}', "
            f"but no column '{positions[0]}'",
            where=where,
            hint="write both ends as names, or as positions that are not names",
        )


def _find_position(end: str, indices: Mapping[str, int], default: int) -> int | None:
    """Returns the position, from 1, of an end of a range; None if it is neither a name nor a number."""
    if not end:
        return default
    if end in indices:
        return indices[end] + 1
    return int(end) if POSITION.fullmatch(end) else None
