"""The tables of groups of samples (`--by`): their sizes and class weights, and in which features they differ most."""

from __future__ import annotations

import numpy as np

from zm_cli.cli.display.tables import format_number, format_samples, print_features
from zm_cli.errors import escape_controls
from zm_cli.numbers.groups.groups import Groups
from zm_cli.statsfile.stats import Stats

MAX_GROUPS = 20
"""Groups that are listed one by one: the largest, if there are more."""
MAX_FEATURES = 5
"""Features that are listed: those in which the groups differ most."""
MAX_MEANS = 6
MAX_LETTERS = 40
"""The most groups whose means stand side by side, and the most letters of their names together; of more, only the
lowest and the highest mean are shown."""


def print_groups(stats: Stats, *, everything: bool = False) -> None:
    """Prints what is known of the groups of samples, after an empty line; nothing where there are none.

    A class weight is samples / (groups * samples of the group), which scikit-learn calls "balanced". Of many groups,
    the largest are listed, unless `everything` is asked for.
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


def _print_sizes(groups: Groups, *, everything: bool) -> None:
    number, total = len(groups.names), int(groups.samples.sum())
    order = np.argsort(-groups.samples, kind="stable")
    # Few groups stay in the order of their names.
    listed = range(number) if number <= MAX_GROUPS or everything else order[:MAX_GROUPS]
    rows = []
    for index in listed:
        samples = int(groups.samples[index])
        weight = format_number(total / (number * samples)) if samples else "-"
        share = f"{samples / total:.1%}" if total else "-"
        rows.append([escape_controls(groups.names[index]), f"{samples:,}", share, weight])
    print_features([escape_controls(groups.by), "samples", "share", "class weight"], rows)
    if len(rows) < number:
        left = total - int(groups.samples[order[:MAX_GROUPS]].sum())
        print(f"and {number - len(rows):,} smaller groups with {format_samples(left)}; -v lists every group")


def _print_differences(stats: Stats, groups: Groups, *, everything: bool) -> None:
    """Prints the features in which groups differ most, with their means; nothing where no feature varies."""
    share = groups.find_share_between().ravel()
    order = np.argsort(np.where(np.isnan(share), 1.0, -share), kind="stable")
    known = order[: np.count_nonzero(~np.isnan(share))]
    shown = known if everything and stats.per != "pixel" else known[:MAX_FEATURES]
    if not len(shown):
        return
    means = np.where(groups.moments.count > 0, groups.moments.mean, np.nan).reshape(len(groups.names), -1)
    names = [escape_controls(name) for name in groups.names]
    few = len(names) <= MAX_MEANS and sum(map(len, names)) <= MAX_LETTERS
    rows = []
    for index in shown:
        column = means[:, index]
        if few:
            cells = [format_number(float(mean)) for mean in column]
        else:
            ends = int(np.nanargmin(column)), int(np.nanargmax(column))
            cells = [f"{format_number(float(column[end]))} ({names[end]})" for end in ends]
        rows.append([escape_controls(stats.name_feature(int(index))), f"{share[index]:.1%}", *cells])
    print()
    print("how much of the variance lies between the groups, and their means:")
    print_features([stats.per, "between", *(names if few else ["lowest mean", "highest mean"])], rows)
