"""Groups: the statistics of samples by their labels, how they are merged, and how much their means differ."""

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
"""The most groups of samples: a column with more distinct values is unlikely to hold labels."""
MAX_GROUPED_NUMBERS = 1 << 27
"""The most numbers in the statistics of all groups: they take a gigabyte in each worker."""
FEWER = "group by a column with fewer"
"""What to do about too many groups, as part of a hint."""
_WHOLE = re.compile(r"-?[0-9]{1,300}", re.ASCII)
SECTION = "groups"
"""The section of a stats file that holds the statistics of groups."""


@dataclass(frozen=True, eq=False)
class Groups:
    """The statistics of groups of samples: a group has the samples with the same label.

    `by` is where the labels come from, as the user typed it. `names` are the labels in the order of `sort`, `samples`
    (groups,) the numbers of samples, without those of weight 0. `moments` have the shape (groups, *features).
    `statistics` holds a tuple of the optional statistics for each group, each of the features' shape. `unlabelled` is
    the number of samples without a label.
    """

    by: str
    names: tuple[str, ...]
    samples: Counts
    moments: Moments
    statistics: tuple[tuple[Statistic, ...], ...]
    unlabelled: int = 0

    @classmethod
    def identity(cls, by: str, shape: tuple[int, ...]) -> Groups:
        """Returns no groups, for features of this shape."""
        return cls(by, (), np.zeros(0, np.int64), Moments.identity((0, *shape)), ())

    def merge(self, other: Groups) -> Groups:
        """Returns the groups of both parts, the samples of `other` after those of this one.

        Raises DataError if there are too many groups.
        """
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
        """Returns the same groups, sorted by their names: as numbers if all are whole numbers, else as text."""
        names = sorted(self.names)
        if all(map(_WHOLE.fullmatch, names)):
            names.sort(key=int)
        if tuple(names) == self.names:
            return self
        indices = {name: index for index, name in enumerate(self.names)}
        return self._take([indices[name] for name in names])

    def _take(self, indices: Sequence[int]) -> Groups:
        """Returns the groups with these indices, in the order of the indices."""
        names = tuple(self.names[index] for index in indices)
        samples = self.samples[np.asarray(indices, np.intp)]
        statistics = tuple(self.statistics[index] for index in indices)
        return replace(self, names=names, samples=samples, moments=self.moments.select(indices), statistics=statistics)

    def _add(self, other: Groups) -> Groups:
        """Returns the merged groups of both parts, which have the same names."""
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
        """Returns the groups of all parts; there is at least one part, and no two have a name in common."""
        return replace(
            parts[0],
            names=tuple(name for part in parts for name in part.names),
            samples=np.concatenate([part.samples for part in parts]),
            moments=Moments.concatenate([part.moments for part in parts]),
            statistics=tuple(each for part in parts for each in part.statistics),
        )

    def check_size(self) -> Groups:
        """Returns these groups; DataError if there are too many of them, or too many for so many features."""
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
        """Returns the groups with the statistics of some features, by their indices along the first of their axes."""
        statistics = tuple(tuple(each.select(indices) for each in group) for group in self.statistics)
        return replace(self, moments=self.moments.select(indices, axis=1), statistics=statistics)

    def change(
        self, moments: Callable[[Moments], Moments], statistic: Callable[[Statistic], Statistic | None]
    ) -> Groups:
        """Returns the groups with their moments and their other statistics changed by functions.

        A statistic is dropped if `statistic` returns None for it.
        """
        changed = (tuple(statistic(each) for each in group) for group in self.statistics)
        kept = tuple(tuple(each for each in group if each is not None) for group in changed)
        return replace(self, moments=moments(self.moments), statistics=kept)

    def keep_statistics(self, names: Sequence[str]) -> Groups:
        """Returns the groups with only those optional statistics that have one of these names."""
        return self.change(lambda moments: moments, lambda each: each if each.name in names else None)

    def find_share_between(self) -> Floats:
        """Returns the share of each feature's variance that lies between the groups, 0 to 1; NaN if it has no variance.

        The shape is that of the features. The share is eta squared (Fisher 1925, "Statistical Methods for Research
        Workers"). Its numerator is the sum of the squared deviations of the groups' means from the common mean, each
        times the number of values in the group (or the sum of their weights). Its denominator is the sum of the squared
        deviations of all values.
        """
        moments = self.moments
        size = moments.count.astype(np.float64) if moments.weights is None else moments.weights.total
        with np.errstate(over="ignore", invalid="ignore"):
            # Means are compared with a mean near all of them, so that large means lose no digits.
            start = np.nansum(np.where(size > 0, moments.mean, 0) * (size / size.sum(axis=0)), axis=0)
            gaps = moments.mean - start
            gaps = gaps - (gaps * size).sum(axis=0) / size.sum(axis=0)
            between = (size * gaps * gaps).sum(axis=0)
            share: Floats = between / (between + moments.m2.sum(axis=0))
        return share

    def find_class_weights(self) -> Floats:
        """Returns n / (groups * samples of the group) for n samples with a label, shape (groups,); NaN without samples.

        Only groups with samples count. These are the weights that scikit-learn calls "balanced".
        """
        sizes = self.samples.astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            weights = sizes.sum() / (np.count_nonzero(sizes) * sizes)
        return np.where(sizes > 0, weights, np.nan)

    def to_document(self) -> dict[str, Any]:
        """Returns the section of a stats file: the arrays by their keys, and an object with everything else."""
        section = {"by": self.by, "names": list(self.names), "samples": self.samples.tolist()}
        document: dict[str, Any] = {SECTION: section | {"unlabelled": self.unlabelled}}
        for statistic in self._stack_statistics():
            document |= {f"{SECTION}.{field}": array for field, array in statistic.to_document().items()}
        return document

    def _stack_statistics(self) -> Iterator[Statistic]:
        """Yields each statistic, stacked for all groups; nothing if there are no groups, as these have no arrays."""
        if self.names:
            yield self.moments
        for each in zip(*self.statistics, strict=True):
            yield type(each[0]).stack(each)


def check_before(by: str, number: int, features: int, statistics: Sequence[type[Statistic]]) -> None:
    """Raises DataError if even the smallest statistics of so many groups are too large.

    `statistics` are computed besides the moments.
    """
    check_number(by, number)
    measured: tuple[type[Statistic], ...] = (Moments, *statistics)
    least = sum(each.count_numbers(features, 0) for each in measured)
    check_numbers(by, number, features, number * least)


def check_numbers(by: str, number: int, features: int, numbers: int) -> None:
    """Raises DataError if the statistics of all groups hold too many `numbers`."""
    if numbers > MAX_GROUPED_NUMBERS:
        what = f"--by {by} finds {number:,} groups or more, too many for so many features ({features:,})"
        raise DataError(what, hint=f"{FEWER}, or leave out features or statistics")


def check_number(by: str, number: int) -> None:
    """Raises DataError if there are too many groups."""
    if number > MAX_GROUPS:
        raise DataError(f"--by {by} finds more than {MAX_GROUPS:,} different values", hint=FEWER)
