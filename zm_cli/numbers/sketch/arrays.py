"""The arrays of quantiles in a stats file: which there are, and how they are read and checked against one another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.numbers.moments.arrays import RELATIVE_TOLERANCE
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.sketch.leading_bits import MAX_DROPPED, find_bounds
from zm_cli.numbers.sketch.ranks import find_quantiles
from zm_cli.numbers.sketch.size import MAX_READ
from zm_cli.numbers.sketch.sketch import Sketch
from zm_cli.numbers.statistic import FieldError, Population, read_counts
from zm_cli.numbers.sums import Counts, Floats

Arrays = Mapping[str, NDArray[Any]]


def write_quantiles(sketch: Sketch, probabilities: Floats) -> dict[str, NDArray[Any]]:
    """Returns the arrays of a stats file: the quantiles for probabilities (P,) from 0 to 1, and the sketch."""
    none = sketch.sizes == 0
    return {
        "quantiles.probabilities": probabilities,
        "quantiles.values": find_quantiles(sketch, probabilities),
        "quantiles.buckets": sketch.sizes,
        "quantiles.shift": sketch.dropped_bits,
        "quantiles.lowest": np.where(none, np.nan, sketch.lowest),
        "quantiles.highest": np.where(none, np.nan, sketch.highest),
        "quantiles.bounds": sketch.bounds,
        "quantiles.counts": sketch.counts,
    }


def read_quantiles(arrays: Arrays, population: Population) -> tuple[Sketch, Floats]:
    """Returns the sketch in the arrays of a stats file, and the probabilities (P,) whose quantiles are in it.

    The quantiles follow from the sketch: they are checked, not kept. So that files of other versions can be read, a
    sketch may have more buckets than this version keeps, or fewer. Raises FieldError if values contradict each other or
    the population.
    """
    sketch = _read_sketch(arrays)
    _check_sizes(sketch)
    bits = np.repeat(sketch.dropped_bits.ravel(), sketch.sizes.ravel())
    if not np.isfinite(sketch.bounds).all():
        raise FieldError("quantiles.bounds", "is not finite")
    if (find_bounds(sketch.bounds, bits) != sketch.bounds).any():
        raise FieldError("quantiles.bounds", "do not begin the buckets that 'quantiles.shift' leaves")
    within = np.ones(len(sketch.bounds), np.bool_)
    within[sketch.starts[sketch.sizes.ravel() > 0]] = False
    if (np.diff(sketch.bounds, prepend=np.nan)[within] <= 0).any():
        raise FieldError("quantiles.bounds", "do not ascend")
    _check_counts(sketch, population.count)
    _check_extremes(sketch, population.moments)
    probabilities = arrays["quantiles.probabilities"].astype(np.float64)
    if not ((probabilities >= 0) & (probabilities <= 1)).all() or (np.diff(probabilities) <= 0).any():
        raise FieldError("quantiles.probabilities", "are not ascending numbers from 0 to 1")
    values = arrays["quantiles.values"].astype(np.float64)
    if len(values) != len(probabilities):
        raise FieldError("quantiles.values", "are not as many as 'quantiles.probabilities'")
    _check_near("quantiles.values", values, find_quantiles(sketch, probabilities), "do not follow from the buckets")
    return sketch, probabilities


def _read_sketch(arrays: Arrays) -> Sketch:
    """Returns the sketch in the file, with 0.0 for -0.0, and without extremes for features without values."""
    sizes = read_counts(arrays, "quantiles.buckets")
    lowest, highest = (arrays[f"quantiles.{name}"].astype(np.float64) + 0.0 for name in ("lowest", "highest"))
    for name, array in (("lowest", lowest), ("highest", highest)):
        if (np.isfinite(array) != (sizes > 0)).any():
            raise FieldError(f"quantiles.{name}", "is not a number where there are buckets, and only there")
    return Sketch(
        sizes,
        read_counts(arrays, "quantiles.shift"),
        np.where(sizes > 0, lowest, np.inf),
        np.where(sizes > 0, highest, -np.inf),
        arrays["quantiles.bounds"].astype(np.float64) + 0.0,
        read_counts(arrays, "quantiles.counts"),
    )


def _check_sizes(sketch: Sketch) -> None:
    """Raises FieldError if a feature has too many buckets, or if the lengths of arrays do not fit."""
    if (sketch.sizes > MAX_READ).any():
        raise FieldError("quantiles.buckets", f"are more than {MAX_READ:,}")
    if (sketch.dropped_bits > MAX_DROPPED).any():
        raise FieldError("quantiles.shift", f"is more than {MAX_DROPPED}")
    total = int(sketch.sizes.sum())
    for name, array in (("bounds", sketch.bounds), ("counts", sketch.counts)):
        if len(array) != total:
            raise FieldError(
                f"quantiles.{name}", f"has {len(array)} entries, but 'quantiles.buckets' add up to {total}"
            )


def _check_counts(sketch: Sketch, count: Counts | None) -> None:
    """Raises FieldError if a bucket is empty, or if the values of a feature are not as many as `count` says."""
    if (sketch.counts == 0).any():
        raise FieldError("quantiles.counts", "has an empty bucket")
    # Sums that overflow could be right by accident, so they are also computed approximately.
    about = np.zeros(sketch.sizes.size)
    some = sketch.sizes.ravel() > 0
    if some.any():
        about[some] = np.add.reduceat(sketch.counts.astype(np.float64), sketch.starts[some])
    if count is not None and ((sketch.number != count).any() or (about > 2.0 * count.ravel()).any()):
        raise FieldError("quantiles.counts", "do not add up to 'count'")


def _check_extremes(sketch: Sketch, moments: Moments | None) -> None:
    """Raises FieldError if the extremes are not in the first and the last bucket, or not those of the moments."""
    some = np.flatnonzero(sketch.sizes)
    first, dropped_bits = sketch.starts[some], sketch.dropped_bits.ravel()[some]
    last = first + sketch.sizes.ravel()[some] - 1
    for name, array, index, which in (
        ("lowest", sketch.lowest, first, "first"),
        ("highest", sketch.highest, last, "last"),
    ):
        if (find_bounds(array.ravel()[some], dropped_bits) != sketch.bounds[index]).any():
            raise FieldError(f"quantiles.{name}", f"does not lie in the {which} bucket")
    if moments is not None:
        _check_near("quantiles.lowest", sketch.lowest, moments.min, "is not 'min'")
        _check_near("quantiles.highest", sketch.highest, moments.max, "is not 'max'")


def _check_near(field: str, found: Floats, expected: Floats, what: str) -> None:
    """Raises FieldError if numbers differ by more than rounding, unless both are NaN or the same infinity."""
    with np.errstate(invalid="ignore"):
        near = np.abs(found - expected) <= RELATIVE_TOLERANCE * np.abs(expected) + 1e-300
    if not (near | (found == expected) | (np.isnan(found) & np.isnan(expected))).all():
        raise FieldError(field, what)
