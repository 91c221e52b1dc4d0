"""Statistic: what is kept of some samples, so that two parts can be merged without loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import NDArray

    from zm_cli.data.options import Option
    from zm_cli.numbers.moments.moments import Moments
    from zm_cli.numbers.stored import MissingCodes
    from zm_cli.numbers.sums import Counts, Floats

Shape = tuple[int, ...]

FEATURES = "features"
"""Stands for the axes of the features in the shape of an array."""
NUMBER = "number"
"""Stands for an axis with one entry for each feature."""
MAX_FEATURES = 1 << 26
"""The most features of statistics: a gray picture of 8192 x 8192 pixels has this many."""


@dataclass(frozen=True)
class ArrayField:
    """An array of a statistic in a stats file; `whole` says whether it holds whole numbers."""

    whole: bool = False
    shape: tuple[str, ...] = (FEATURES,)
    """Its axes: FEATURES, NUMBER, or any other name for a length that the file decides."""
    signed: bool = False
    """Whether its whole numbers can be negative."""
    required: bool = True
    """Whether every stats file with this statistic has it."""
    described: Mapping[str, Any] | None = None
    """Keywords for its JSON Schema, such as a description."""


@dataclass(frozen=True)
class Population:
    """What a stats file says about the values behind its statistics.

    `features` is the shape of every array. `values` is the number of values of each feature, counted and missing; None
    if samples differ in size. `count` is how many of them were counted, and `moments` are their moments; both are None
    until the moments are read. `divisor` is what stored integers were divided by (`--unit`), else 1. For statistics by
    group (`grouped`), the first axis of the features is that of the groups, and `values` is an array that broadcasts to
    them.
    """

    features: Shape
    values: int | NDArray[Any] | None
    count: Counts | None = None
    divisor: float = 1.0
    grouped: bool = False
    moments: Moments | None = None


class FieldError(ValueError):
    """An impossible field of a stats file: its name, and what is wrong with it, as a clause."""

    def __init__(self, field: str, what: str) -> None:
        super().__init__(field, what)
        self.field = field
        self.what = what


class Statistic(ABC):
    """A statistic of some samples, with an entry for each feature.

    Merging follows two laws. `identity(shape).merge(x)` and `x.merge(identity(shape))` are `x`. Merging the parts of
    some samples in order gives the statistic of all of them, for any partition: the same bits if the statistic
    `merges_exactly`, else the same to a bound that its class states.

    A statistic that is computed only on request is one file in `zm_cli/statistics/`, with an `option`. Its arrays may
    lie in a section of the stats file: `quantiles.values` is the array `values` of the section `quantiles`.
    """

    name: ClassVar[str]
    """Its key in `Stats.statistics`."""
    arrays: ClassVar[Mapping[str, ArrayField]]
    """Its arrays in a stats file, by their keys; the arrays of a section have its name and a point before theirs."""
    printed: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """What `--json` prints besides the arrays, by keys like theirs, with the JSON Schema of each; readers ignore it."""
    merges_exactly: ClassVar[bool] = False
    """Whether merging gives the same bits for any partition of the samples and any order of the parts."""
    counts_suffice: ClassVar[bool] = True
    """Whether it can be computed from how often each value of a feature occurs."""
    real: ClassVar[bool] = False
    """Whether it is computed from real values: stored ones are unpacked and divided first, missing ones are NaN."""
    longest_is_1d: ClassVar[bool] = False
    """Whether its longest array has one axis, whose length the values decide."""
    most_features: ClassVar[int] = MAX_FEATURES
    """The most features that it can be computed for."""
    option: ClassVar[Option[Any] | None] = None
    """The option that requests it, by any value except its default; None if it is always computed."""

    @classmethod
    @abstractmethod
    def identity(cls, shape: Shape) -> Self:
        """Returns the statistic of no samples, for features of this shape."""

    @classmethod
    @abstractmethod
    def from_block(cls, values: NDArray[Any], feature_axes: tuple[int, ...], missing_codes: MissingCodes = ()) -> Self:
        """Returns the statistic of an array of any real dtype over all its axes except `feature_axes`.

        The shape is (1,) if there are no feature axes. NaN, infinities and values equal to one of `missing_codes` are
        missing.
        """

    @classmethod
    @abstractmethod
    def from_counts(cls, counts: Counts, missing_codes: MissingCodes = ()) -> Self:
        """Returns the exact statistic of unsigned integers from how often 0, 1, 2 and so on occur.

        `counts` has the shape (features, values). Values equal to one of `missing_codes` are missing. Called only if
        `counts_suffice`.
        """

    @abstractmethod
    def merge(self, other: Self) -> Self:
        """Returns the statistic of both parts together, the samples of `other` after those of this one."""

    @abstractmethod
    def transform(self, shift: Floats, scale: Floats) -> Self | None:
        """Returns the statistic of `(x - shift) / scale`; None if it does not follow from this one.

        Both arrays have the features' shape, `scale` > 0.
        """

    @abstractmethod
    def unpack(self, scale: float, offset: float) -> Self | None:
        """Returns the statistic of the real values `x * scale + offset` that stored values stand for, `scale` not 0.

        Returns None if it does not follow from this one, whatever its values.
        """

    @classmethod
    def count_numbers(cls, features: int, values: int | None = None) -> int:
        """Returns how many numbers are kept at most for so many features, in all arrays together.

        `values` is how many values all features have together, None if that is not known. For 0 values, it is the
        number that is always kept.
        """
        return len(cls.arrays) * features

    def count_kept(self) -> int | None:
        """Returns how many numbers are kept now; None if that is always what `count_numbers` returns."""
        return None

    @classmethod
    def count_longest(cls, features: int, different: int | None = None) -> int:
        """Returns how many numbers its longest array in a stats file has at most, for so many features.

        `different` is how many different values each feature can have, None if that is not known.
        """
        return features

    def configure(self, value: Any) -> Self:
        """Returns the statistic with the settings of its option; `value` is the value of the option."""
        return self

    @classmethod
    @abstractmethod
    def stack(cls, parts: Sequence[Self]) -> Self:
        """Returns several statistics of the same features as one.

        An axis of the parts comes before those of the features.
        """

    @abstractmethod
    def unstack(self) -> list[Self]:
        """Returns the statistics that were stacked."""

    @abstractmethod
    def select(self, indices: list[int]) -> Self:
        """Returns the statistic of some features, by their indices along the first axis."""

    @abstractmethod
    def to_document(self) -> dict[str, NDArray[Any]]:
        """Returns the arrays of a stats file, by their keys."""

    @classmethod
    @abstractmethod
    def from_document(cls, arrays: Mapping[str, NDArray[Any]], population: Population) -> Self:
        """Returns the statistic in the arrays of a stats file.

        The dtypes and the shapes of the arrays, except for free lengths, are already checked. Raises FieldError if
        values contradict each other or the population.
        """

    @abstractmethod
    def to_columns(self) -> dict[str, NDArray[Any]]:
        """Returns the columns that tables show: arrays of the features' shape by their headings, NaN for no value."""


def read_counts(arrays: Mapping[str, NDArray[Any]], field: str) -> Counts:
    """Returns an array of a stats file as counts, int64; FieldError if one of them cannot be a count."""
    counts: Counts = arrays[field].astype("int64")
    # Unsigned 64-bit counts that are too large also become negative.
    if (counts < 0).any():
        raise FieldError(field, "is negative, or too large")
    return counts
