"""What must be alike in stats files that are merged: names the first difference, and what to do about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from zm_cli.errors import DataError
from zm_cli.formats import reading_options
from zm_cli.formats.shared.options import MASK, MASK_AND_SCALE, WEIGHT
from zm_cli.inputs.name_lists import quote_few
from zm_cli.pipeline.measuring.pooling import (
    COLUMNS_DIFFER,
    Alike,
    Difference,
    advise,
    are_files_beside,
    find_difference,
)
from zm_cli.pipeline.words import spell
from zm_cli.statsfile.stats import Stats

_FIELDS = ("kind", "per", "unit", "ignore", "axes", "dtype", "names", "text_columns", "sample_shape", "decoding")
"""The fields that are compared: where they are equal, there is no difference."""


def check_mergeable(mine: Stats, first: str, theirs: Stats, where: str) -> None:
    """Raises DataError, naming the difference, if the statistics in `where` cannot be merged with those in `first`."""
    if all(getattr(mine, field) == getattr(theirs, field) for field in _FIELDS):
        return
    if difference := _find_difference(mine, theirs):
        what, ours, its = difference
        option = reading_options().get(what)
        shown = spell(what) if option is not None and option.panel is not None else what
        raise DataError(
            f"cannot be merged with {first}: {shown} {_show(its)} instead of {_show(ours)}",
            where=where,
            hint=_advise(what, shown, mine),
        )
    if mine.per != "column" or mine.names is None:
        return
    more, fewer = _compare_columns(mine, theirs)
    if more or fewer:
        found = (("has", more), ("lacks", fewer))
        clauses = [f"it {verb} {_list_columns(columns)}" for verb, columns in found if columns]
        raise DataError(
            f"cannot be merged with {first}: {', and '.join(clauses)}",
            where=where,
            hint=_advise(COLUMNS_DIFFER, COLUMNS_DIFFER, mine),
        )


def _find_difference(mine: Stats, theirs: Stats) -> Difference | None:
    """Returns the first difference that prevents a merge, except in the columns of tables; None if there is none."""
    sides = Alike.of_stats(mine), Alike.of_stats(theirs)
    beside = [option for option in (WEIGHT, MASK) if not are_files_beside(option.name, *sides)]
    for what, ours, its in (
        ("kind", mine.kind, theirs.kind),
        ("--per", mine.per, theirs.per),
        ("--unit", mine.unit, theirs.unit),
        ("--ignore", mine.ignore, theirs.ignore),
        # Older stats files are of samples without weights or masks.
        *((option.spelling, mine.decoding.get(option.name), theirs.decoding.get(option.name)) for option in beside),
    ):
        if ours != its:
            return Difference(what, ours, its)
    # Data with and without a declared packing are pooled; it matters only where both have one.
    ours, its = (each.decoding.get(MASK_AND_SCALE.name) for each in (mine, theirs))
    if isinstance(ours, bool) and isinstance(its, bool) and ours != its:
        return Difference(MASK_AND_SCALE.name, ours, its)
    my_side, other = sides
    if mine.per == "column" and None not in (mine.names, theirs.names):
        other = replace(other, names=mine.names, text_columns=mine.text_columns)
    return find_difference(my_side, other, mine.per)


def _advise(what: str, shown: str, mine: Stats) -> str:
    """Returns what to do about a difference, which is shown as `shown`."""
    if what == "kind":
        return "merge the statistics of each kind by themselves"
    option = reading_options().get(what)
    if option is not None and option.negation:
        on, off = option.spelling, option.negation
        return f"measure both with {on} or both with {off}"
    if shown.startswith("--"):
        return f"measure both with the same {shown}"
    return advise("measure both in the same way", what, Alike.of_stats(mine), mine.per)


def _compare_columns(mine: Stats, theirs: Stats) -> tuple[list[str], list[str]]:
    """Returns the columns that only `theirs` knows of, as features or text, and those that only `mine` knows of.

    A file that does not say which columns are text may lack any.
    """
    ours, its = ({*(each.names or ()), *(each.text_columns or ())} for each in (mine, theirs))
    more, fewer = sorted(its - ours), sorted(ours - its)
    if mine.text_columns is None and theirs.text_columns is None:
        return (more, fewer) if more and fewer else ([], [])
    return [] if mine.text_columns is None else more, [] if theirs.text_columns is None else fewer


def _list_columns(columns: list[str]) -> str:
    return f"column{'s' * (len(columns) > 1)} {quote_few(columns)}"


def _show(value: Any) -> str:
    """Returns a value as a message shows it."""
    if value is None or value == []:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ("x" if all(isinstance(entry, int) for entry in value) else ", ").join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
