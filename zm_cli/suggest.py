"""Finds the name that a misspelled one probably means."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

MAX_COMPARED = 1000
"""The most names that are compared; each comparison takes 0.1 ms."""

MIN_ALIKE = 0.7
"""The smallest similarity, from 0 to 1, at which one name may be a misspelling of another."""


def find_near(name: str, names: Iterable[str]) -> str | None:
    """Returns the most similar of `names`, None if none is similar; ignores case, and treats `_` as `-`."""
    from difflib import get_close_matches

    spelled: dict[str, str] = {}
    for known in islice(names, MAX_COMPARED):
        spelled.setdefault(_plain(known), known)
    found = get_close_matches(_plain(name), spelled, 1, MIN_ALIKE)
    return spelled[found[0]] if found else None


def _plain(name: str) -> str:
    return name.strip().casefold().replace("_", "-")
