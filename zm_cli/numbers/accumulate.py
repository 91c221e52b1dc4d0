"""Accumulator: adds up the statistics of blocks while a worker reads them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zm_cli.data.block import Labels, Values
from zm_cli.numbers.axes import find_shape
from zm_cli.numbers.groups.block import measure_groups
from zm_cli.numbers.groups.groups import Groups
from zm_cli.numbers.moments.exact import ExactSums
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.moments.weighted_block import measure_block
from zm_cli.numbers.statistic import Statistic
from zm_cli.numbers.stored import MissingCodes, RealValues
from zm_cli.numbers.sums import Floats


class Accumulator:
    """Adds up the moments, and the optional `statistics`, of blocks with the same dtype and shape of features.

    Statistics with `real` set are given the values that `real` returns. 8- and 16-bit integers are summed exactly; if
    every value of a sample is a feature, in running sums, which is much faster than merging block by block.
    `feature_axes` and `missing_codes` are as for `Moments.from_block`. `groups` holds the same statistics by label.
    """

    def __init__(
        self,
        feature_axes: tuple[int, ...],
        missing_codes: MissingCodes = (),
        statistics: Sequence[type[Statistic]] = (),
        real: RealValues | None = None,
        by: str = "",
    ) -> None:
        self.groups: Groups | None = None
        self._by = by
        self._feature_axes = feature_axes
        self._missing_codes = missing_codes
        self._real = real or RealValues(missing_codes=missing_codes)
        self._statistics = statistics
        self._moments: Moments | None = None
        self._optional: list[Statistic] = []
        self._exact: ExactSums | None = None
        self._shape: tuple[int, ...] = ()

    def add_block(self, values: Values, labels: Labels | None = None, weights: Floats | None = None) -> bool:
        """Adds the samples of a block; returns whether any of its values is missing.

        `weights` are as for `measure_block`; optional statistics ignore them.
        """
        self._merge_optional(self._measure_optional(values))
        if labels is not None:
            how = self._feature_axes, self._missing_codes, self._statistics, self._measure_optional
            found = measure_groups(self._by, labels, values, weights, *how)
            self.groups = self.groups.merge(found) if self.groups else found
        if (
            weights is None
            and len(values)
            and self._feature_axes == tuple(range(1, values.ndim))
            and ExactSums.fits(values.dtype)
        ):
            rows = np.ascontiguousarray(values).reshape(len(values), -1)
            self._exact = self._exact or ExactSums(rows.shape[1], rows.dtype)
            self._shape = find_shape(values.shape, self._feature_axes)
            return self._exact.add(rows, self._missing_codes)
        moments = measure_block(values, self._feature_axes, self._missing_codes, weights)
        self._merge_moments(moments)
        return bool(moments.missing.any())

    def _measure_optional(self, values: Values) -> list[Statistic]:
        """Returns the optional statistics of the values of a block."""
        real = self._real.of(values) if any(each.real for each in self._statistics) else values
        return [
            each.from_block(real, self._feature_axes)
            if each.real
            else each.from_block(values, self._feature_axes, self._missing_codes)
            for each in self._statistics
        ]

    def finish(self) -> tuple[Moments, tuple[Statistic, ...]]:
        """Returns the moments and the optional statistics of everything that was added, at least one block."""
        if self._exact is not None and self._exact.rows:
            self._merge_moments(Moments.from_columns(self._exact.finish()).reshape(self._shape))
            self._exact = None
        assert self._moments is not None
        return self._moments, tuple(self._optional)

    def _merge_moments(self, moments: Moments) -> None:
        self._moments = self._moments.merge(moments) if self._moments else moments

    def _merge_optional(self, found: list[Statistic]) -> None:
        pairs = zip(self._optional, found, strict=True) if self._optional else ()
        self._optional = [mine.merge(theirs) for mine, theirs in pairs] or found
