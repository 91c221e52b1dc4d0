"""Shows groups of samples (`--by`): their sizes and class weights, and the features in which they differ most."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from zm_cli.cli.display.tables import fits_terminal, format_number, format_samples, print_features
from zm_cli.errors import escape_controls
from zm_cli.numbers.groups.groups import SECTION, Groups
from zm_cli.numbers.sums import Counts, Floats
from zm_cli.statsfile.stats import Stats

MAX_GROUPS = 20
"""The most groups that are listed; of more, the largest."""
MAX_FEATURES = 5
"""The most features that are listed: those in which the groups differ most."""
MAX_MEANS = 6
"""The most groups whose means stand side by side; of more, only the lowest and the highest mean are shown."""
MAX_LETTERS = 40
"""The most characters that the names of these groups may have together."""
SHORT_DIGITS = 4
"""The significant digits of means if there is no room for more."""


def print_groups(stats: Stats, *, everything: bool = False) -> None:
    """Prints the groups of samples after an empty line; nothing without groups.

    Of many groups, the largest are listed, unless `everything` is asked for.
    """
    groups = stats.groups
    if groups is None:
        return
    print()
    if groups.names:
        _print_sizes(groups, everything=everything)
    if groups.unlabelled or not groups.names:
        print(f"without a label in {escape_controls(groups.by)}: {format_samples(groups.unlabelled)}")
    if len(groups.names) > 1:
        _print_differences(stats, groups, everything=everything)


def derive_class_weights(stats: Stats) -> dict[str, Any]:
    """Returns the class weights for --json, in the order of the groups; None for a group without samples."""
    if stats.groups is None:
        return {}
    weights = stats.groups.find_class_weights().tolist()
    return {f"{SECTION}.class_weights": [weight if math.isfinite(weight) else None for weight in weights]}


def _print_sizes(groups: Groups, *, everything: bool) -> None:
    number, total = len(groups.names), int(groups.samples.sum())
    order = np.argsort(-groups.samples, kind="stable")
    # A few groups stay in the order of their names.
    listed = range(number) if number <= MAX_GROUPS or everything else order[:MAX_GROUPS]
    weights = groups.find_class_weights()
    rows = []
    for index in listed:
        samples = int(groups.samples[index])
        share = f"{samples / total:.1%}" if total else "-"
        name, weight = escape_controls(groups.names[index]), format_number(float(weights[index]))
        rows.append([name, f"{samples:,}", share, weight])
    print_features([escape_controls(groups.by), "samples", "share", "class weight"], rows)
    if len(rows) < number:
        left = total - int(groups.samples[order[:MAX_GROUPS]].sum())
        print(f"and {number - len(rows):,} smaller groups with {format_samples(left)}; -v lists every group")


def _print_differences(stats: Stats, groups: Groups, *, everything: bool) -> None:
    """Prints the features in which groups differ most, with their means; nothing if no feature varies."""
    share = groups.find_share_between().ravel()
    order = np.argsort(np.where(np.isnan(share), 1.0, -share), kind="stable")
    known = order[: np.count_nonzero(~np.isnan(share))]
    shown = known if everything and stats.per != "pixel" else known[:MAX_FEATURES]
    if not len(shown):
        return
    starts = [[escape_controls(stats.name_feature(int(index))), f"{share[index]:.1%}"] for index in shown]
    means = np.where(groups.moments.count > 0, groups.moments.mean, np.nan).reshape(len(groups.names), -1)
    names = [escape_controls(name) for name in groups.names]
    tables = [
        ([stats.per, "between", *headings], [[*start, *cells] for start, cells in zip(starts, rows, strict=True)])
        for headings, rows in _list_cells(names, means[:, shown])
    ]
    headings, rows = next((table for table in tables if fits_terminal(*table)), tables[-1])
    print()
    print("variance between the groups, and their means:")
    print_features(headings, rows)


def _list_cells(names: list[str], means: Floats) -> Iterator[tuple[list[str], list[list[str]]]]:
    """Yields the ways to show the means of groups (groups, features), the widest first: headings, and rows of cells."""
    formats = (format_number, partial(format_number, digits=SHORT_DIGITS))
    if len(names) <= MAX_MEANS and sum(map(len, names)) <= MAX_LETTERS:
        for format_mean in formats:
            yield names, [[format_mean(float(mean)) for mean in column] for column in means.T]
    ends: Counts = np.array([[np.nanargmin(column), np.nanargmax(column)] for column in means.T])
    for format_mean in formats:
        yield (
            ["lowest mean", "highest mean"],
            [
                [f"{format_mean(float(column[end]))} ({names[end]})" for end in both]
                for column, both in zip(means.T, ends, strict=True)
            ],
        )
    yield ["lowest mean", "highest mean"], [[names[end] for end in both] for both in ends]
