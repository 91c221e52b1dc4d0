"""Compares the groups or classes of new data with those of training data: which are new, and which are gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zm_cli.statsfile.stats import Stats

CLASS = "class"
"""The label of groups that are the classes of a folder of images."""


@dataclass(frozen=True)
class GroupChanges:
    """How the groups of samples differ between new data and training data.

    Both are grouped `by` the same label; None if they are not, so that nothing was compared. `unseen` are the groups
    that training data did not have, sorted, and `share` is the share of the samples in them, None if it is not known.
    `gone` are the groups that only training data have.
    """

    by: str | None = None
    unseen: tuple[str, ...] = ()
    share: float | None = None
    gone: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """Returns the fields of a check's document."""
        return {"by": self.by, "unseen": list(self.unseen), "unseen_share": self.share, "gone": list(self.gone)}


NO_GROUPS = GroupChanges()


def find_changes(found: Stats, training: Stats, classes: Mapping[str, int] | None = None) -> GroupChanges:
    """Returns how the groups differ, if both have groups by the same label; else the classes, if both have classes.

    `classes` are the numbers of samples of each class of the new data, if they are known.
    """
    if found.groups is not None and training.groups is not None and found.groups.by == training.groups.by:
        sizes = dict(zip(found.groups.names, found.groups.samples.tolist(), strict=True))
        return _compare(found.groups.by, sizes, training.groups.names, found.samples)
    if training.classes and found.classes:
        known = classes or dict.fromkeys(found.classes)
        return _compare(CLASS, known, training.classes, found.samples)
    return NO_GROUPS


def _compare(by: str, found: Mapping[str, int | None], trained: tuple[str, ...], samples: int) -> GroupChanges:
    unseen = tuple(sorted(set(found) - set(trained)))
    counts = [found[name] for name in unseen]
    known = [count for count in counts if count is not None]
    share = sum(known) / samples if len(known) == len(counts) and samples else None
    return GroupChanges(by, unseen, share, tuple(sorted(set(trained) - set(found))))
