"""The statistics of groups of samples (`--by`): unpacks them, merges those of all sources, and notes doubts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from zm_cli.data.spec import Spec
from zm_cli.formats.shared.options import BY
from zm_cli.numbers.groups.groups import Groups
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.statistic import Statistic
from zm_cli.numbers.stored import find_unit_divisor
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.pipeline.words import name_source, spell

ENOUGH_GROUPS = 10
"""With fewer groups, there is no note that groups are too many, however few samples they have."""


def find_by(spec: Spec) -> str:
    """Returns what the samples of such data are grouped by, as the user chose it; empty where they are not grouped."""
    return spec.decoding.get(BY.name) or ""


def unpack_groups(spec: Spec, groups: Groups | None, shape: tuple[int, ...]) -> Groups | None:
    """Returns the groups with the statistics of real values, for features of this shape; None without `--by`.

    `groups` are those of the stored values of a source, None where it has no samples.
    """
    by, packing = find_by(spec), spec.packing
    if not by:
        return None
    found = Groups.identity(by, shape) if groups is None else groups
    if packing is None or not packing.is_affine:
        return found
    scale, offset = packing.scale, packing.offset
    return found.change(
        lambda moments: moments.unpack(scale, offset), lambda each: each if each.real else each.unpack(scale, offset)
    )


def merge_groups(found: Sequence[Groups | None], spec: Spec, options: MeasureOptions, paths: str) -> Groups | None:
    """Returns the groups of all sources, merged in their order, in the scale of stats files; None without `--by`.

    Raises DataError, naming the `paths`, where there are too many groups.
    """
    of_sources = [groups for groups in found if groups is not None]
    if not of_sources:
        return None
    if options.unit:
        divisor, shape = find_unit_divisor(spec.dtype), of_sources[0].moments.mean.shape[1:]
        of_sources = [
            groups.change(
                lambda moments: moments.divide(divisor),
                lambda each: each if each.real else divide(each, shape, divisor),
            )
            for groups in of_sources
        ]
    with name_source(paths):
        merged = reduce(Groups.merge, of_sources)
    return merged.change(_keep, lambda each: each.configure(options.settings.get(each.name)))


def divide(statistic: Statistic, shape: tuple[int, ...], divisor: float) -> Statistic:
    """Returns the statistic of the same values divided by `divisor` > 0; `shape` is that of the features."""
    scaled: Statistic | None = statistic.transform(np.zeros(shape), np.full(shape, divisor))
    assert scaled is not None, f"{statistic.name} of x / divisor follows from that of x"
    return scaled


def describe_unlabelled(groups: Groups | None) -> list[str]:
    """Returns a note about the samples that are in no group, if there are any."""
    if groups is None or not groups.unlabelled:
        return []
    samples = f"{groups.unlabelled:,} sample{'s' * (groups.unlabelled != 1)}"
    return [f"{samples} without a label in {groups.by} ({spell(BY.name)}): in no group"]


def describe_too_many(groups: Groups | None) -> list[str]:
    """Returns a note where nearly every group has a single sample, as with a column of measurements."""
    if groups is None:
        return []
    number, samples = len(groups.names), int(groups.samples.sum())
    if number < ENOUGH_GROUPS or 2 * number <= samples:
        return []
    return [f"{number:,} groups for {samples:,} samples by {groups.by} ({spell(BY.name)}): does it hold labels?"]


def _keep(moments: Moments) -> Moments:
    return moments
