"""Zeros: how many values of each feature are exactly zero, which says how sparse the feature is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zm_cli.data.options import Option, Panel
from zm_cli.numbers.statistic import ArrayField, FieldError, Population, Shape, Statistic, read_counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zm_cli.numbers.stored import MissingCodes
    from zm_cli.numbers.sums import Counts, Floats


ARRAYS = {"zeros": ArrayField(whole=True, described={"description": "Values that are exactly zero (--zeros)."})}


@dataclass(frozen=True)
class Zeros(Statistic):
    """The number of values that are zero, of either sign, an entry for each feature.

    Counts are whole numbers, so any partition of the samples gives the same. Missing values are not counted; if 0
    itself is a missing value (`--ignore 0`), there are no zeros.
    """

    zeros: Counts

    name = "zeros"
    arrays = ARRAYS
    merges_exactly = True
    option = Option(
        "zeros", given_as=bool, default=False, help="Count the values that are exactly zero, too.", panel=Panel.NUMBERS
    )

    @classmethod
    def identity(cls, shape: Shape) -> Zeros:
        """Returns a count of no zeros, for features of this shape."""
        import numpy as np

        return cls(np.zeros(shape, np.int64))

    @classmethod
    def from_block(cls, values: NDArray[Any], feature_axes: tuple[int, ...], missing_codes: MissingCodes = ()) -> Zeros:
        """Returns the zeros of an array of any real dtype over all axes except `feature_axes`.

        The shape is (1,) if there are no feature axes.
        """
        import numpy as np

        from zm_cli.numbers.axes import find_shape

        averaged = tuple(axis for axis in range(values.ndim) if axis not in feature_axes)
        if 0 in missing_codes:
            return cls.identity(find_shape(values.shape, feature_axes))
        count = np.count_nonzero(values == 0, axis=averaged)
        return cls(np.atleast_1d(np.asarray(count, np.int64)))

    @classmethod
    def from_counts(cls, counts: Counts, missing_codes: MissingCodes = ()) -> Zeros:
        """Returns the zeros of unsigned integers from how often each occurs, shape (features, values)."""
        return cls.identity(counts.shape[:1]) if 0 in missing_codes else cls(counts[:, 0].copy())

    def merge(self, other: Zeros) -> Zeros:
        """Returns the zeros of both parts together."""
        return Zeros(self.zeros + other.zeros)

    def transform(self, shift: Floats, scale: Floats) -> Zeros | None:
        """Returns the same zeros if nothing is shifted; else None, as it is not known which values become zero."""
        return None if shift.any() else self

    def unpack(self, scale: float, offset: float) -> Zeros | None:
        """Returns the same zeros if nothing is added; else None, as it is not known which values become zero."""
        return None if offset else self

    @classmethod
    def stack(cls, parts: Sequence[Zeros]) -> Zeros:
        """Returns the zeros of several parts, with an axis for them before those of the features."""
        import numpy as np

        return cls(np.stack([part.zeros for part in parts]))

    def unstack(self) -> list[Zeros]:
        """Returns the zeros of each part."""
        return [Zeros(zeros) for zeros in self.zeros]

    def select(self, indices: list[int]) -> Zeros:
        """Returns the zeros of some features."""
        return Zeros(self.zeros[indices])

    def to_document(self) -> dict[str, NDArray[Any]]:
        """Returns the array `zeros` of a stats file."""
        return {"zeros": self.zeros}

    @classmethod
    def from_document(cls, arrays: Mapping[str, NDArray[Any]], population: Population) -> Zeros:
        """Returns the zeros in a stats file; FieldError if there are more of them than counted values."""
        zeros = read_counts(arrays, "zeros")
        if population.count is not None and (zeros > population.count).any():
            raise FieldError("zeros", "are more than the values that were counted")
        return cls(zeros)

    def to_columns(self) -> dict[str, NDArray[Any]]:
        """Returns one column, with the number of zeros."""
        return {"zeros": self.zeros}


STATISTIC = Zeros
