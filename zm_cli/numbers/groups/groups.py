"""Groups: the statistics of samples by their labels, how they are merged, and how far their means lie apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zm_cli.errors import DataError
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.statistic import Statistic
from zm_cli.numbers.sums import Counts, Floats

MAX_GROUPS = 10_000
"""The most groups of samples: a column with more different values is hardly one of labels."""
MAX_NUMBERS = 1 << 27
"""The most numbers that the statistics of all groups may come to: a gigabyte in each worker."""
FEWER = "group by a column with fewer"
_WHOLE = re.compile(r"-?[0-9]{1,300}", re.ASCII)
SECTION = "groups"
"""The section of a stats file in which they are."""


@dataclass(frozen=True, eq=False)
class Groups:
    """The statistics of groups of samples: those with the same label in `by`, which is what the user chose.

    `names` are the labels in the order of `sort`, `samples` their numbers of samples, shape (groups,). `moments` have
    the shape (groups, *features); `statistics` are those that were asked for besides, a tuple for each group, each of
    the features' shape. `unlabelled` counts the samples in no group.
    """

    by: str
    names: tuple[str, ...]
    samples: Counts
    moments: Moments
    statistics: tuple[tuple[Statistic, ...], ...]
    unlabelled: int = 0

    @classmethod
    def identity(cls, by: str, shape: tuple[int, ...]) -> Groups:
        """No groups, for features of this shape."""
        return cls(by, (), np.zeros(0, np.int64), Moments.identity((0, *shape)), ())

    def merge(self, other: Groups) -> Groups:
        """The groups of both parts of the samples, those of `other` after those of this one; DataError for too many."""
        unlabelled = self.unlabelled + other.unlabelled
        if not other.names or not self.names:
            return replace(self if self.names else other, by=self.by or other.by, unlabelled=unlabelled)
        mine, theirs = ({name: index for index, name in enumerate(each.names)} for each in (self, other))
        both = [name for name in self.names if name in theirs]
        parts = [
            self._take([mine[name] for name in self.names if name not in theirs]),
            self._take([mine[name] for name in both])._add(other._take([theirs[name] for name in both])),
            other._take([theirs[name] for name in other.names if name not in mine]),
        ]
        joined = self._join([part for part in parts if part.names])
        return replace(joined, unlabelled=unlabelled).sort().check_size()

    def sort(self) -> Groups:
        """The same groups, sorted by their names: as numbers where all of them are whole numbers, else as text."""
        names = sorted(self.names)
        if all(map(_WHOLE.fullmatch, names)):
            names.sort(key=int)
        if tuple(names) == self.names:
            return self
        indices = {name: index for index, name in enumerate(self.names)}
        return self._take([indices[name] for name in names])

    def _take(self, indices: Sequence[int]) -> Groups:
        """The groups with these indices, in their order."""
        names = tuple(self.names[index] for index in indices)
        samples = self.samples[np.asarray(indices, np.intp)]
        statistics = tuple(self.statistics[index] for index in indices)
        return replace(self, names=names, samples=samples, moments=self.moments.select(indices), statistics=statistics)

    def _add(self, other: Groups) -> Groups:
        """The groups of both parts, which have the same names."""
        if not self.names:
            return self
        statistics = tuple(
            tuple(one.merge(two) for one, two in zip(mine, theirs, strict=True))
            for mine, theirs in zip(self.statistics, other.statistics, strict=True)
        )
        moments = self.moments.merge(other.moments)
        return replace(self, samples=self.samples + other.samples, moments=moments, statistics=statistics)

    @staticmethod
    def _join(parts: Sequence[Groups]) -> Groups:
        """The groups of all parts, at least one, which have no name in common."""
        return replace(
            parts[0],
            names=tuple(name for part in parts for name in part.names),
            samples=np.concatenate([part.samples for part in parts]),
            moments=Moments.concatenate([part.moments for part in parts]),
            statistics=tuple(each for part in parts for each in part.statistics),
        )

    def check_size(self) -> Groups:
        """These groups; DataError where there are too many of them, or too many for so many features."""
        number = len(self.names)
        check_number(self.by, number)
        if not number:
            return self
        features = self.moments.mean.size // number
        numbers = number * self.moments.count_numbers(features)
        for statistics in self.statistics:
            for each in statistics:
                kept = each.count_kept()
                numbers += each.count_numbers(features) if kept is None else kept
        check_numbers(self.by, number, features, numbers)
        return self

    def select(self, indices: list[int]) -> Groups:
        """The groups with the statistics of some features, by their indices along the first axis of these."""
        statistics = tuple(tuple(each.select(indices) for each in group) for group in self.statistics)
        return replace(self, moments=self.moments.select(indices, axis=1), statistics=statistics)

    def change(
        self, moments: Callable[[Moments], Moments], statistic: Callable[[Statistic], Statistic | None]
    ) -> Groups:
        """The groups with what becomes of their moments, and of each other statistic; None drops it."""
        changed = (tuple(statistic(each) for each in group) for group in self.statistics)
        kept = tuple(tuple(each for each in group if each is not None) for group in changed)
        return replace(self, moments=moments(self.moments), statistics=kept)

    def keep_statistics(self, names: Sequence[str]) -> Groups:
        """The groups with only those optional statistics that have one of these names."""
        return self.change(lambda moments: moments, lambda each: each if each.name in names else None)

    def find_share_between(self) -> Floats:
        """How much of each feature's variance lies between the groups, 0 to 1; NaN where there is none.

        Shape: that of the features. It is eta squared: the sum of squares between the groups' means, each with its
        number of values (or the sum of their weights), divided by that of all deviations from the common mean (Fisher
        1925, "Statistical Methods for Research Workers").
        """
        moments = self.moments
        size = moments.count.astype(np.float64) if moments.weights is None else moments.weights.total
        with np.errstate(all="ignore"):
            # Deviations from a mean in the midst of the others, so that no digits are lost where all means are large.
            start = np.nansum(np.where(size > 0, moments.mean, 0) * (size / size.sum(axis=0)), axis=0)
            gaps = moments.mean - start
            gaps = gaps - (gaps * size).sum(axis=0) / size.sum(axis=0)
            between = (size * gaps * gaps).sum(axis=0)
            share: Floats = between / (between + moments.m2.sum(axis=0))
        return share

    def to_document(self) -> dict[str, Any]:
        """The section of a stats file: an object with what is not an array, and the arrays by their keys."""
        section = {"by": self.by, "names": list(self.names), "samples": self.samples.tolist()}
        document: dict[str, Any] = {SECTION: section | {"unlabelled": self.unlabelled}}
        for statistic in self._stack_statistics():
            document |= {f"{SECTION}.{field}": array for field, array in statistic.to_document().items()}
        return document

    def _stack_statistics(self) -> Iterator[Statistic]:
        """Yields every statistic of all groups as one; none where there are no groups, which have no arrays."""
        if self.names:
            yield self.moments
        for each in zip(*self.statistics, strict=True):
            yield type(each[0]).stack(each)


def check_before(by: str, number: int, features: int, statistics: Sequence[type[Statistic]]) -> None:
    """Raises DataError where so many groups are too many in any case; `statistics` are computed besides the moments."""
    check_number(by, number)
    measured: tuple[type[Statistic], ...] = (Moments, *statistics)
    least = sum(each.count_numbers(features, 0) for each in measured)
    check_numbers(by, number, features, number * least)


def check_numbers(by: str, number: int, features: int, numbers: int) -> None:
    """Raises DataError where the statistics of so many groups are too many numbers."""
    if numbers > MAX_NUMBERS:
        what = f"--by {by} finds {number:,} groups or more, too many for so many features ({features:,})"
        raise DataError(what, hint=f"{FEWER}, or leave out features or statistics")


def check_number(by: str, number: int) -> None:
    """Raises DataError where there are too many groups."""
    if number > MAX_GROUPS:
        raise DataError(f"--by {by} finds more than {MAX_GROUPS:,} different values", hint=FEWER)
