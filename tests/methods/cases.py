"""What the tests of methods share: statistics with all that any method needs, and data transformed by their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.made import make_stats, make_transform
from zm_cli.data.spec import Spec
from zm_cli.methods import methods
from zm_cli.methods.shared.base import Method
from zm_cli.methods.shared.settings import Settings
from zm_cli.numbers.axes import find_feature_axes
from zm_cli.numbers.stored import RealValues, find_unit_divisor
from zm_cli.statistics import optional_statistics
from zm_cli.statsfile.stats import Stats
from zm_cli.transforms.base import Transform

SEED = 20261216
REQUIRED = {name for method in methods().values() for name in method.list_required(Settings(impute="median"))}
"""The optional statistics that some method needs."""
FILLINGS: dict[Any, Callable[..., Any]] = {"mean": np.nanmean, "median": np.nanmedian, 12.5: lambda *_, **__: 12.5}
"""What each kind of --impute fills a feature with, by NumPy."""


@dataclass(frozen=True)
class Layout:
    """Axes of data, what has statistics of its own, and a shape of a few samples."""

    per: str
    axes: str
    shape: tuple[int, ...]

    def draw(self, dtype: str = "float64") -> NDArray[Any]:
        """Returns random data whose features have different scales and no exact relation."""
        random = np.random.default_rng(SEED)
        if np.dtype(dtype).kind in "iu":
            return random.integers(0, 100, self.shape, dtype)
        return random.normal(3, 20, self.shape).astype(dtype)

    def list_samples(self, values: NDArray[Any]) -> NDArray[Any]:
        """Returns the samples as rows."""
        return values.reshape(len(values), -1)

    def fill(self, values: NDArray[Any], missing: NDArray[np.bool_], filling: Any) -> NDArray[Any]:
        """Returns the values with what NumPy finds for their feature, or a number, in place of the missing ones."""
        feature_axes = find_feature_axes(self.axes, self.per)  # type: ignore[arg-type]
        others = tuple(axis for axis in range(values.ndim) if axis not in feature_axes)
        known = np.where(missing, np.nan, values)
        return np.where(missing, FILLINGS[filling](known, axis=others, keepdims=True), values)


def describe(values: NDArray[Any], per: str = "column", axes: str = "NC", **options: Any) -> Stats:
    """Returns the statistics of an array; `options` are those of `make_stats`."""
    stats = make_stats(values, per, axes=axes, **options)
    divisor = find_unit_divisor(values.dtype) if stats.unit else 1.0
    real = RealValues(None, divisor, () if stats.ignore is None else (stats.ignore,)).of(values)
    feature_axes = find_feature_axes(axes, stats.per)
    return replace(
        stats, statistics={name: optional_statistics()[name].from_block(real, feature_axes) for name in REQUIRED}
    )


def make(stats: Stats, method: str, values: NDArray[Any], axes: str | None = None, **options: Any) -> Transform:
    """Returns the transform, or the inverse, of data like these values, in `dtype` (float64 unless given)."""
    spec = Spec("hdf5", axes or stats.axes, values.shape[1:], values.dtype, packing=options.pop("packing", None))
    transform = make_transform(stats, spec, np.dtype(options.pop("dtype", "float64")), method=method, **options)
    assert isinstance(transform, Transform)
    return transform


def apply_method(
    values: NDArray[Any], method: str, per: str = "column", axes: str = "NC", **options: Any
) -> NDArray[Any]:
    """Returns the values transformed by their own statistics; `options` are those of `describe` and `make`."""
    own = {name: options.pop(name) for name in ("unit", "ignore") if name in options}
    made: NDArray[Any] = make(describe(values, per, axes, **own), method, values, **options).apply_values(values)[0]
    return made


def restore(
    stats: Stats, method: str, made: NDArray[Any], axes: str | None = None, **options: Any
) -> NDArray[np.float64]:
    """Returns transformed values as they were before."""
    back: NDArray[np.float64] = make(stats, method, made, axes, inverse=True, **options).apply_values(made)[0]
    return back


def list_pairs(holds: Callable[[Method, Any], bool], values: Iterable[Any]) -> list[Any]:
    """Returns the methods, each with the values for which `holds` is true, as parameters of a test."""
    return [
        pytest.param(method, value, id=f"{name}-{value}")
        for name, method in methods().items()
        for value in values
        if holds(method, value)
    ]
