"""Lists in messages: the first few entries, and how many more there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

MAX_NAMES = 5
"""The most names that a message lists, unless it says otherwise."""


def list_few(entries: Sequence[str], most: int, *, total: int | None = None) -> str:
    """Returns the first `most` entries, and how many more there are: `a, b and 3 more`.

    `total` is the number of all entries, for a caller that has only the first ones; None: those given are all.
    """
    rest = (len(entries) if total is None else total) - most
    return ", ".join(entries[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def quote_few(names: Iterable[str], most: int = MAX_NAMES, *, total: int | None = None) -> str:
    """Returns the first `most` names in quotes, and how many more there are: `'a', 'b' and 3 more`.

    `total` is as in `list_few`.
    """
    listed = [f"'{name}'" for name in names]
    return list_few(listed, most, total=total)


def name_one_of(first: str, last: str, total: int) -> str:
    """Returns the name of one of `total` files, of which it is not known which: `one of 9 files, a.png to i.png`."""
    return first if total == 1 else f"one of {total:,} files, {first} to {last}"
