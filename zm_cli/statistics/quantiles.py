"""Quantiles: the distribution of each feature's values, in a sketch that merges without loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from zm_cli.data.options import Option, Panel
from zm_cli.inputs.option_text import DEFAULT_QUANTILES, parse_quantiles, to_probability
from zm_cli.numbers.sketch.size import EXTRA_NUMBERS, MAX_BUCKETS, MAX_FEATURE_NUMBERS
from zm_cli.numbers.statistic import FEATURES, ArrayField, Population, Shape, Statistic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zm_cli.numbers.sketch.buffered import BufferedSketch
    from zm_cli.numbers.sketch.sketch import Sketch
    from zm_cli.numbers.stored import MissingCodes
    from zm_cli.numbers.sums import Counts, Floats

MAX_FEATURES = 4096
"""The most features that quantiles are computed for: for 4,096, the sketches can take a gigabyte."""

ARRAYS = {
    "quantiles.probabilities": ArrayField(
        shape=("probability",), described={"description": "Of each quantile, from 0 to 1, ascending (--quantiles)."}
    ),
    "quantiles.values": ArrayField(
        shape=("probability", FEATURES),
        described={"description": "The quantiles: a row for each probability, in the shape of the features."},
    ),
    "quantiles.buckets": ArrayField(
        whole=True,
        described={"description": "How many of bounds and counts are the feature's; where shift is 0, its values."},
    ),
    "quantiles.shift": ArrayField(
        whole=True,
        described={
            "description": "How many of the lowest bits of a float64 a bucket leaves open; 0: none, it is exact."
        },
    ),
    "quantiles.lowest": ArrayField(),
    "quantiles.highest": ArrayField(),
    "quantiles.bounds": ArrayField(
        shape=("bucket",), described={"description": "The smallest float of each bucket, of one feature after another."}
    ),
    "quantiles.counts": ArrayField(
        whole=True, shape=("bucket",), described={"description": "How many values are in each bucket."}
    ),
}

PRINTED: Mapping[str, Mapping[str, Any]] = {
    "quantiles.distinct": {
        "type": "array",
        "items": {"type": ["integer", "null"], "minimum": 0},
        "description": "How many different values each feature has, in order; null where they are too many to know, "
        "and for integers of 64 bits that reach beyond 2**53.",
    },
    "quantiles.histogram": {
        "type": "array",
        "items": {
            "type": ["object", "null"],
            "required": ["edges", "counts"],
            "properties": {
                "edges": {"type": "array", "items": {"type": "number"}},
                "counts": {"type": "array", "items": {"type": "number", "minimum": 0}},
            },
        },
        "description": "A histogram of each feature in order (--bins); null for one without values.",
    },
}
"""The fields that --json prints besides the arrays, each with its JSON Schema."""


@dataclass(frozen=True)
class Quantiles(Statistic):
    """The distribution of each feature, and the probabilities, from 0 to 1, whose quantiles are shown.

    It is exact for a feature with at most 8,192 distinct values. For more, values with the same leading bits are
    counted together. Any partition and any order of the samples give the same bits. NaN and infinities are left out. If
    parts show different quantiles, their merge shows all of them.
    """

    buffered: BufferedSketch
    probabilities: tuple[float, ...] = ()

    name = "quantiles"
    arrays = ARRAYS
    printed = PRINTED
    merges_exactly = True
    real = True
    most_features = MAX_FEATURES
    longest_is_1d = True
    option = Option(
        "quantiles",
        metavar="PERCENT,...",
        parse=parse_quantiles,
        help="Compute quantiles, too, such as 1,25,50,75,99 in percent; 'default' is "
        + ",".join(f"{percent:g}" for percent in DEFAULT_QUANTILES)
        + ".",
        panel=Panel.NUMBERS,
        suggestions=("default",),
    )

    @classmethod
    def identity(cls, shape: Shape) -> Quantiles:
        """Returns the distribution of no values."""
        from zm_cli.numbers.sketch.sketch import Sketch

        return cls._of(Sketch.identity(shape))

    @classmethod
    def from_block(
        cls, values: NDArray[Any], feature_axes: tuple[int, ...], missing_codes: MissingCodes = ()
    ) -> Quantiles:
        """Returns the distribution in an array of any real dtype over all axes except `feature_axes`.

        The shape is (1,) if there are no feature axes.
        """
        from zm_cli.numbers.sketch.buffered import BufferedSketch

        return cls(BufferedSketch.from_block(values, feature_axes, missing_codes))

    @classmethod
    def from_counts(cls, counts: Counts, missing_codes: MissingCodes = ()) -> Quantiles:
        """Returns the distribution of unsigned integers from how often each occurs, shape (features, values)."""
        from zm_cli.numbers.sketch.sketch import Sketch

        return cls._of(Sketch.from_counts(counts, missing_codes))

    @classmethod
    def _of(cls, sketch: Sketch, probabilities: tuple[float, ...] = ()) -> Quantiles:
        from zm_cli.numbers.sketch.buffered import BufferedSketch

        return cls(BufferedSketch(sketch), probabilities)

    @property
    def sketch(self) -> Sketch:
        """The distribution of the values."""
        return self.buffered.settle()

    def merge(self, other: Quantiles) -> Quantiles:
        """Returns the distribution of the values of both parts."""
        shown = tuple(sorted({*self.probabilities, *other.probabilities}))
        return Quantiles(self.buffered.merge(other.buffered), shown)

    def transform(self, shift: Floats, scale: Floats) -> Quantiles | None:
        """Returns the distribution of `(x - shift) / scale`; None if this one is not exact."""
        if not self.sketch.is_exact:
            return None
        import numpy as np

        sizes = self.sketch.sizes.ravel()
        shift, scale = (np.repeat(each.ravel(), sizes) for each in (shift, scale))
        return self._of(self.sketch.map_values(lambda values: (values - shift) / scale), self.probabilities)

    def unpack(self, scale: float, offset: float) -> Quantiles | None:
        """Returns the distribution of `x * scale + offset`; None if this one is not exact."""
        if not self.sketch.is_exact:
            return None
        return self._of(self.sketch.map_values(lambda values: values * scale + offset), self.probabilities)

    @classmethod
    def count_numbers(cls, features: int, values: int | None = None) -> int:
        """Returns how many numbers are kept at most.

        They are two per bucket or one per value that waits, and four per feature.
        """
        most = MAX_FEATURE_NUMBERS * features
        return EXTRA_NUMBERS * features + (most if values is None else min(most, 2 * values))

    def count_kept(self) -> int:
        """Returns how many numbers are kept now."""
        return self.buffered.count_numbers()

    @classmethod
    def count_longest(cls, features: int, different: int | None = None) -> int:
        """Returns how many buckets so many features can have at most."""
        return features * (MAX_BUCKETS if different is None else min(MAX_BUCKETS, different))

    def configure(self, value: Any) -> Quantiles:
        """Returns the same distribution, which shows the quantiles for these percents.

        If there are none, it shows the default ones.
        """
        return replace(self, probabilities=tuple(map(to_probability, value or ())))

    @classmethod
    def stack(cls, parts: Sequence[Quantiles]) -> Quantiles:
        """Returns the distributions of several parts, with an axis for them before those of the features."""
        from zm_cli.numbers.sketch.sketch import Sketch

        shown = tuple(sorted({probability for part in parts for probability in part.probabilities}))
        return cls._of(Sketch.stack([part.sketch for part in parts]), shown)

    def unstack(self) -> list[Quantiles]:
        """Returns the distribution of each part."""
        return [self._of(sketch, self.probabilities) for sketch in self.sketch.unstack()]

    def select(self, indices: list[int]) -> Quantiles:
        """Returns the distribution of some features."""
        return self._of(self.sketch.select(indices), self.probabilities)

    def quantile(self, probabilities: Sequence[float] | Floats) -> Floats:
        """Returns the quantiles for probabilities from 0 to 1, shape (P, *features); NaN for a feature without values.

        They have the bits of `numpy.quantile` (method `linear`) if the distribution is exact.
        """
        import numpy as np

        from zm_cli.numbers.sketch.ranks import find_quantiles

        return find_quantiles(self.sketch, np.asarray(probabilities, np.float64))

    def cdf(self, feature: int, values: Sequence[float] | Floats) -> Floats:
        """Returns the share of the values of a feature that are less than or equal to each of `values`.

        `feature` is the flat index of the feature. The share is NaN for a feature without values.
        """
        import numpy as np

        from zm_cli.numbers.sketch.ranks import count_below

        with np.errstate(invalid="ignore"):
            below = count_below(self.sketch, feature, np.asarray(values, np.float64), "right")
            return np.asarray(below / self.sketch.number.flat[feature])

    def histogram(self, feature: int, bins: int | Sequence[float] | Floats = 10) -> tuple[Floats, Floats]:
        """Returns how many values of a feature, by its flat index, lie in each bin, and the edges of the bins.

        `bins` is the number of bins, or ascending edges, as for `numpy.histogram`. The counts (bins,) are those of
        NumPy if the distribution is exact; else the values of a bucket that an edge cuts are split between the bins.
        """
        import numpy as np

        from zm_cli.numbers.sketch.ranks import make_histogram

        return make_histogram(self.sketch, feature, bins if isinstance(bins, int) else np.asarray(bins, np.float64))

    def count_distinct(self, dtype: str, *, unit: bool = False) -> Floats:
        """Returns how many distinct values each feature has, in the features' shape; NaN if there are more than 8,192.

        `dtype` is that of the data; `unit` says whether they were divided. Also NaN for 64-bit integers that reach
        beyond 2**53, or half of that if they were divided: several of them may have become the same float64.
        """
        import numpy as np

        from zm_cli.numbers.stored import find_unit_divisor

        sketch, stored = self.sketch, np.dtype(dtype)
        known = sketch.dropped_bits == 0
        if stored.kind in "iu" and stored.itemsize == 8:
            limit = 2.0**52 / find_unit_divisor(stored) if unit else 2.0**53
            known &= (sketch.sizes == 0) | ((sketch.lowest > -limit) & (sketch.highest < limit))
        return np.where(known, sketch.sizes, np.nan)

    def to_document(self) -> dict[str, NDArray[Any]]:
        """Returns the section `quantiles` of a stats file."""
        import numpy as np

        from zm_cli.numbers.sketch.arrays import write_quantiles

        return write_quantiles(self.sketch, np.array(self._shown))

    @classmethod
    def from_document(cls, arrays: Mapping[str, NDArray[Any]], population: Population) -> Quantiles:
        """Returns the distribution in a stats file.

        Raises FieldError if its arrays contradict each other or the population.
        """
        from zm_cli.numbers.sketch.arrays import read_quantiles

        sketch, probabilities = read_quantiles(arrays, population)
        return cls._of(sketch, tuple(map(float, probabilities)))

    def to_columns(self) -> dict[str, NDArray[Any]]:
        """Returns a column for each quantile, named by its percent: q01, q50, q97.5."""
        names = map(name_quantile, self._shown)
        return dict(zip(names, self.quantile(self._shown), strict=True))

    @property
    def _shown(self) -> tuple[float, ...]:
        """The probabilities of the quantiles that are shown: the default ones if none were chosen."""
        return self.probabilities or self.configure(DEFAULT_QUANTILES).probabilities


def name_quantile(probability: float) -> str:
    """Returns the heading of a quantile's column: `q` and its percent, with at least two digits before the point."""
    whole, point, rest = f"{Decimal(repr(probability)).scaleb(2).normalize():f}".partition(".")
    return f"q{whole:0>2}{point}{rest}"


STATISTIC = Quantiles
