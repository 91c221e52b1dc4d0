"""Quantiles: how the values of each feature are distributed, in a sketch that merges without loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from zm_cli.data.options import Option, Panel
from zm_cli.inputs.option_text import DEFAULT_QUANTILES, parse_quantiles, to_probability
from zm_cli.numbers.sketch.size import EXTRA_NUMBERS, MAX_BUCKETS, MAX_NUMBERS
from zm_cli.numbers.statistic import FEATURES, ArrayField, Population, Shape, Statistic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zm_cli.numbers.sketch.buffered import BufferedSketch
    from zm_cli.numbers.sketch.sketch import Sketch
    from zm_cli.numbers.stored import MissingCodes
    from zm_cli.numbers.sums import Counts, Floats

MAX_FEATURES = 4096
"""The most features that quantiles are computed for: the sketches of so many can take a gigabyte."""

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
        "description": "How many different values each feature has, in order; null where they are too many to know.",
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
"""What --json prints besides."""


@dataclass(frozen=True)
class Quantiles(Statistic):
    """The distribution of each feature, and the probabilities, from 0 to 1, whose quantiles are shown.

    It is exact while a feature has at most 8,192 different values; beyond that, values that agree in their leading bits
    are counted together. Any partition and any order of the samples give the same bits. NaN and infinities are left
    out. Parts that show different quantiles are merged to one that shows all of them.
    """

    buffered: BufferedSketch
    probabilities: tuple[float, ...] = ()

    name = "quantiles"
    arrays = ARRAYS
    printed = PRINTED
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
        """The distribution of no values."""
        from zm_cli.numbers.sketch.sketch import Sketch

        return cls._of(Sketch.identity(shape))

    @classmethod
    def from_block(
        cls, values: NDArray[Any], feature_axes: tuple[int, ...], missing_codes: MissingCodes = ()
    ) -> Quantiles:
        """The distribution in an array of any real dtype over all axes but `feature_axes`; shape (1,) without any."""
        from zm_cli.numbers.sketch.buffered import BufferedSketch

        return cls(BufferedSketch.from_block(values, feature_axes, missing_codes))

    @classmethod
    def from_counts(cls, counts: Counts, missing_codes: MissingCodes = ()) -> Quantiles:
        """The distribution of unsigned integers from how often each occurs, (features, values)."""
        from zm_cli.numbers.sketch.sketch import Sketch

        return cls._of(Sketch.from_counts(counts, missing_codes))

    @classmethod
    def _of(cls, sketch: Sketch, probabilities: tuple[float, ...] = ()) -> Quantiles:
        from zm_cli.numbers.sketch.buffered import BufferedSketch

        return cls(BufferedSketch(sketch), probabilities)

    @property
    def sketch(self) -> Sketch:
        """How the values are distributed."""
        return self.buffered.settle()

    def merge(self, other: Quantiles) -> Quantiles:
        """The distribution of the values of both."""
        shown = tuple(sorted({*self.probabilities, *other.probabilities}))
        return Quantiles(self.buffered.merge(other.buffered), shown)

    def transform(self, shift: Floats, scale: Floats) -> Quantiles | None:
        """The distribution of `(x - shift) / scale`; None where it is not exact."""
        if not self.sketch.is_exact:
            return None
        import numpy as np

        sizes = self.sketch.sizes.ravel()
        shift, scale = (np.repeat(each.ravel(), sizes) for each in (shift, scale))
        return self._of(self.sketch.map_values(lambda values: (values - shift) / scale), self.probabilities)

    def unpack(self, scale: float, offset: float) -> Quantiles | None:
        """The distribution of `x * scale + offset`; None where it is not exact."""
        if not self.sketch.is_exact:
            return None
        return self._of(self.sketch.map_values(lambda values: values * scale + offset), self.probabilities)

    @classmethod
    def count_numbers(cls, features: int, values: int | None = None) -> int:
        """The most numbers that are kept: two for each bucket, or those of each value that waits, and four besides."""
        most = MAX_NUMBERS * features
        return EXTRA_NUMBERS * features + (most if values is None else min(most, 2 * values))

    def count_kept(self) -> int:
        """The numbers that are kept."""
        return self.buffered.count_numbers()

    @classmethod
    def count_longest(cls, features: int, different: int | None = None) -> int:
        """The most buckets of so many features."""
        return features * (MAX_BUCKETS if different is None else min(MAX_BUCKETS, different))

    def configure(self, value: Any) -> Quantiles:
        """The same distribution, which shows the quantiles for these percents; the usual ones where there are none."""
        return replace(self, probabilities=tuple(map(to_probability, value or ())))

    @classmethod
    def stack(cls, parts: Sequence[Quantiles]) -> Quantiles:
        """The distributions of several parts, with an axis for them before those of the features."""
        from zm_cli.numbers.sketch.sketch import Sketch

        shown = tuple(sorted({probability for part in parts for probability in part.probabilities}))
        return cls._of(Sketch.stack([part.sketch for part in parts]), shown)

    def unstack(self) -> list[Quantiles]:
        """The distribution of each part."""
        return [self._of(sketch, self.probabilities) for sketch in self.sketch.unstack()]

    def select(self, indices: list[int]) -> Quantiles:
        """The distributions of some features."""
        return self._of(self.sketch.select(indices), self.probabilities)

    def quantile(self, probabilities: Sequence[float] | Floats) -> Floats:
        """The quantiles for probabilities from 0 to 1, shape (P, *features); NaN for a feature without values.

        They are those of `numpy.quantile` (method `linear`), to the bit where the distribution is exact.
        """
        import numpy as np

        from zm_cli.numbers.sketch.ranks import find_quantiles

        return find_quantiles(self.sketch, np.asarray(probabilities, np.float64))

    def cdf(self, feature: int, values: Sequence[float] | Floats) -> Floats:
        """The share of the values of a feature, by its flat index, that are at most each of `values`, in their shape.

        NaN for a feature without values.
        """
        import numpy as np

        from zm_cli.numbers.sketch.ranks import count_below

        with np.errstate(invalid="ignore"):
            below = count_below(self.sketch, feature, np.asarray(values, np.float64), "right")
            return np.asarray(below / self.sketch.number.flat[feature])

    def histogram(self, feature: int, bins: int | Sequence[float] | Floats = 10) -> tuple[Floats, Floats]:
        """How many values of a feature, by its flat index, lie in each bin, and the edges of the bins.

        `bins` is their number, or ascending edges, as for `numpy.histogram`. The counts (bins,) are those of NumPy
        where the distribution is exact; elsewhere, buckets that an edge cuts are shared out.
        """
        import numpy as np

        from zm_cli.numbers.sketch.ranks import make_histogram

        return make_histogram(self.sketch, feature, bins if isinstance(bins, int) else np.asarray(bins, np.float64))

    def distinct(self) -> Floats:
        """How many different values each feature has, in the features' shape; NaN where they are more than 8,192."""
        import numpy as np

        return np.where(self.sketch.dropped_bits == 0, self.sketch.sizes, np.nan)

    def to_document(self) -> dict[str, NDArray[Any]]:
        """The section `quantiles` of a stats file."""
        import numpy as np

        from zm_cli.numbers.sketch.arrays import write_quantiles

        return write_quantiles(self.sketch, np.array(self._shown))

    @classmethod
    def from_document(cls, arrays: Mapping[str, NDArray[Any]], population: Population) -> Quantiles:
        """The distribution in a stats file; FieldError where its arrays contradict each other or the population."""
        from zm_cli.numbers.sketch.arrays import read_quantiles

        sketch, probabilities = read_quantiles(arrays, population)
        return cls._of(sketch, tuple(map(float, probabilities)))

    def to_columns(self) -> dict[str, NDArray[Any]]:
        """A column for each quantile, named by its percent: q01, q50, q97.5."""
        names = map(name_quantile, self._shown)
        return dict(zip(names, self.quantile(self._shown), strict=True))

    @property
    def _shown(self) -> tuple[float, ...]:
        """The probabilities of the quantiles that are shown: the usual ones where none were chosen."""
        return self.probabilities or self.configure(DEFAULT_QUANTILES).probabilities


def name_quantile(probability: float) -> str:
    """The heading of a quantile's column: its percent after a `q`, with two digits before the point at least."""
    whole, point, rest = f"{Decimal(repr(probability)).scaleb(2).normalize():f}".partition(".")
    return f"q{whole:0>2}{point}{rest}"


STATISTIC = Quantiles
