"""Which groups or classes of samples new data have that training data did not, and which are gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zm_cli.statsfile.stats import Stats

CLASS = "class"
"""What groups are by, where they are the classes of a folder of images."""


@dataclass(frozen=True)
class GroupChanges:
    """The groups `by` the same label of the samples in new data and in training data; None where neither is known.

    `unseen` are those that training data did not have, sorted, and `share` the share of the samples in them, None where
    it is not known. `gone` are those that only training data have.
    """

    by: str | None = None
    unseen: tuple[str, ...] = ()
    share: float | None = None
    gone: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """The fields of a check's document."""
        return {"by": self.by, "unseen": list(self.unseen), "unseen_share": self.share, "gone": list(self.gone)}


NO_GROUPS = GroupChanges()


def find_changes(found: Stats, training: Stats, classes: Mapping[str, int] | None = None) -> GroupChanges:
    """What has changed in the groups, if both have groups by the same label; else in the classes, if both have those.

    `classes` are the numbers of samples of each class of the new data, where they are known.
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
