"""Covariance: the co-moments of all pairs of features, from which covariance, correlation and conditioning follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zm_cli.data.options import Option, Panel
from zm_cli.numbers.statistic import NUMBER, ArrayField, Population, Shape, Statistic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zm_cli.numbers.comoments.comoments import CoMoments
    from zm_cli.numbers.comoments.spectrum import Spectrum
    from zm_cli.numbers.stored import MissingCodes
    from zm_cli.numbers.sums import Counts, Floats

MAX_FEATURES = 4096
"""The most features that co-moments are computed for: for 4,096, they take 134 MB."""
MAX_WITH_MATRIX = 1000
"""The most features for which a stats file holds the covariance besides the co-moments that merging needs."""

ARRAYS = {
    "covariance.count": ArrayField(
        whole=True,
        shape=("one",),
        described={"description": "Samples that lack no value (--covariance); rows, pixels or pictures. One number."},
    ),
    "covariance.mean": ArrayField(
        shape=(NUMBER,), described={"description": "Means of these samples: those of 'mean' where nothing is missing."}
    ),
    "covariance.tail": ArrayField(
        shape=(NUMBER,), required=False, described={"description": "What rounding drops from these means."}
    ),
    "covariance.comoment": ArrayField(
        shape=(NUMBER, NUMBER),
        described={"description": "Sums of products of deviations from the means: what merging needs."},
    ),
    "covariance.matrix": ArrayField(
        shape=(NUMBER, NUMBER),
        required=False,
        described={"description": f"The covariance: comoment / count. Left out for over {MAX_WITH_MATRIX} features."},
    ),
}

_CONDITION = {"type": ["number", "null"], "minimum": 1}

PRINTED: Mapping[str, Mapping[str, Any]] = {
    "covariance.condition": {
        "type": "object",
        "description": "Condition numbers of the second moments of the inputs raw, centered and standardized, without "
        "constant features (raw: those that are always 0). null: infinite but for rounding, or no feature is left.",
        "required": ["raw", "centered", "standardized", "dependent", "dependent_features", "without_dependent"],
        "properties": {
            "raw": _CONDITION,
            "centered": _CONDITION,
            "standardized": _CONDITION,
            "dependent": {
                "type": "integer",
                "minimum": 0,
                "description": "Directions in which standardized features do not vary, as they follow from others.",
            },
            "dependent_features": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The names of the features that have a part in these directions.",
            },
            "without_dependent": {
                "type": "object",
                "description": "The condition numbers without these directions.",
                "required": ["centered", "standardized"],
                "properties": {"centered": _CONDITION, "standardized": _CONDITION},
            },
        },
    },
    "covariance.correlated": {
        "type": "array",
        "description": "Pairs of features with a correlation r above 0.95 or below -0.95, the strongest first.",
        "items": {
            "type": "object",
            "required": ["features", "r"],
            "properties": {
                "features": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2},
                "r": {"type": "number", "minimum": -1, "maximum": 1},
            },
        },
    },
    "covariance.correlated_total": {
        "type": "integer",
        "minimum": 0,
        "description": "How many such pairs there are; of very many, the first are listed.",
    },
}


@dataclass(frozen=True, eq=False)
class Covariance(Statistic):
    """The co-moments of F features, at most 4,096: columns, channels, or the pixels of a picture in their order.

    A sample is a row for columns, a pixel for channels, a picture for pixels. Samples with a missing value are left
    out, so that the matrices have no negative eigenvalues; counts and means can therefore differ from those of the
    moments. Merging any partition gives the same to 1e-12, relative to sqrt(c_ii * c_jj).

    `parts` holds the co-moments of all samples, or those of each group if they are `stacked`.
    """

    parts: tuple[CoMoments, ...]
    stacked: bool = False

    name = "covariance"
    arrays = ARRAYS
    printed = PRINTED
    counts_suffice = False
    most_features = MAX_FEATURES
    option = Option(
        "covariance",
        given_as=bool,
        default=False,
        help="Compute the covariance of all pairs of features, too: shows correlated features and condition numbers. "
        "Samples that lack a value are left out.",
        panel=Panel.NUMBERS,
    )

    @classmethod
    def identity(cls, shape: Shape) -> Covariance:
        """Returns the co-moments of no samples."""
        import math

        from zm_cli.numbers.comoments.comoments import CoMoments

        return cls((CoMoments.identity(math.prod(shape)),))

    @classmethod
    def from_block(
        cls, values: NDArray[Any], feature_axes: tuple[int, ...], missing_codes: MissingCodes = ()
    ) -> Covariance:
        """Returns the co-moments of an array of any real dtype, whose features lie along the axes `feature_axes`."""
        from zm_cli.numbers.comoments.comoments import CoMoments

        return cls((CoMoments.from_block(values, feature_axes, missing_codes),))

    @classmethod
    def from_counts(cls, counts: Counts, missing_codes: MissingCodes = ()) -> Covariance:
        """Raises NotImplementedError: how often each value occurs does not say which values occur together."""
        raise NotImplementedError("co-moments do not follow from counts")

    @property
    def comoments(self) -> CoMoments:
        """The co-moments of all samples, if they are not stacked."""
        (found,) = self.parts
        return found

    @cached_property
    def spectrum(self) -> Spectrum:
        """The directions in which the features vary most; for thousands of features, this takes a minute.

        Raises the errors of `find_spectrum`.
        """
        from zm_cli.numbers.comoments.spectrum import find_spectrum

        return find_spectrum(self.comoments)

    def merge(self, other: Covariance) -> Covariance:
        """Returns the co-moments of both parts together."""
        pairs = zip(self.parts, other.parts, strict=True)
        return Covariance(tuple(mine.merge(theirs) for mine, theirs in pairs), self.stacked)

    def transform(self, shift: Floats, scale: Floats) -> Covariance:
        """Returns the co-moments of `(x - shift) / scale`."""
        pairs = zip(*(array.reshape(len(self.parts), -1) for array in (1 / scale, -shift / scale)), strict=True)
        scaled = (part.transform(*pair) for part, pair in zip(self.parts, pairs, strict=True))
        return Covariance(tuple(scaled), self.stacked)

    def unpack(self, scale: float, offset: float) -> Covariance:
        """Returns the co-moments of `x * scale + offset`."""
        import numpy as np

        return self._map(lambda part: part.transform(np.full_like(part.mean, scale), np.full_like(part.mean, offset)))

    @classmethod
    def count_numbers(cls, features: int, values: int | None = None) -> int:
        """Returns how many numbers are kept in memory, without the matrix of the stats file."""
        return features * (features + 3) + 1

    @classmethod
    def count_longest(cls, features: int, different: int | None = None) -> int:
        """Returns how many numbers a matrix has."""
        return features * features

    @classmethod
    def stack(cls, parts: Sequence[Covariance]) -> Covariance:
        """Returns the co-moments of several parts, each kept by itself."""
        return cls(tuple(part.comoments for part in parts), stacked=True)

    def unstack(self) -> list[Covariance]:
        """Returns the co-moments of each part."""
        return [Covariance((part,)) for part in self.parts]

    def select(self, indices: list[int]) -> Covariance:
        """Returns the co-moments of some features. Samples in which another feature is missing are still left out."""
        return self._map(lambda part: part.select(indices))

    def to_document(self) -> dict[str, NDArray[Any]]:
        """Returns the arrays of a stats file; NaN (null in JSON) for a feature without values."""
        import numpy as np

        found = {
            "covariance.count": np.array([part.count for part in self.parts], np.int64),
            "covariance.mean": self._gather(lambda part: part.means()),
            "covariance.tail": self._gather(lambda part: part.tail),
            "covariance.comoment": self._gather(lambda part: part.comoment),
        }
        if found["covariance.mean"].shape[-1] <= MAX_WITH_MATRIX:
            found["covariance.matrix"] = self._gather(lambda part: part.covariance())
        return found

    @classmethod
    def from_document(cls, arrays: Mapping[str, NDArray[Any]], population: Population) -> Covariance:
        """Returns the co-moments in a stats file; FieldError if they are impossible, or contradict the moments."""
        from zm_cli.numbers.comoments.arrays import read_comoments

        return cls(tuple(read_comoments(arrays, population, MAX_FEATURES)), stacked=population.grouped)

    def to_columns(self) -> dict[str, NDArray[Any]]:
        """Returns no columns, because a table of features does not show pairs of them."""
        return {}

    def _map(self, change: Callable[[CoMoments], CoMoments]) -> Covariance:
        """Returns the co-moments with each part changed in the same way."""
        return Covariance(tuple(map(change, self.parts)), self.stacked)

    def _gather(self, find: Callable[[CoMoments], NDArray[Any]]) -> NDArray[Any]:
        """Returns an array of the only part; if stacked, the arrays of all parts along a new first axis."""
        import numpy as np

        return np.stack(list(map(find, self.parts))) if self.stacked else find(self.comoments)


STATISTIC = Covariance
