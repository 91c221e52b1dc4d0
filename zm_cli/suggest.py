"""Finds the name that a misspelt one probably means."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

MAX_COMPARED = 1000
"""The most names to compare with: each takes a tenth of a millisecond."""

MIN_ALIKE = 0.7
"""The share of letters that two names have in common in the same order, so that one may be the other misspelt."""


def find_near(name: str, names: Iterable[str]) -> str | None:
    """The most similar of `names`, None if none is; case, and `-` or `_`, make no difference."""
    from difflib import get_close_matches

    spelled: dict[str, str] = {}
    for known in islice(names, MAX_COMPARED):
        spelled.setdefault(_plain(known), known)
    found = get_close_matches(_plain(name), spelled, 1, MIN_ALIKE)
    return spelled[found[0]] if found else None


def _plain(name: str) -> str:
    return name.strip().casefold().replace("_", "-")
