"""Min-max scaling: the smallest and the largest value of each feature become the ends of a range."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from zm_cli.methods.shared.expectation import Expectation, Target, allow_imputed_beyond
from zm_cli.methods.shared.extent_scaling import NOISE, Extents, ExtentScaling

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from zm_cli.methods.shared.settings import Settings
    from zm_cli.numbers.moments.moments import Moments
    from zm_cli.statsfile.stats import Stats

USUAL_MINIMA = (0.0, -1.0)
"""The lower ends of the ranges that data are usually scaled to; the upper end is 1."""


class MinMax(ExtentScaling):
    """`(x - min) / (max - min) * (hi - lo) + lo`, as scikit-learn's MinMaxScaler; a constant feature becomes `lo`."""

    name = "minmax"
    command = "scale"
    default = True
    help = "extremes to the ends of a range"
    settings = ("range", "clip")
    defaults: ClassVar = {"range": (0.0, 1.0)}
    checked = True

    def find_extents(self, stats: Stats, settings: Settings) -> Extents:
        """Returns the distance from the smallest to the largest value."""
        low, high = stats.moments.min, stats.moments.max
        return Extents(low, high - low)

    def describe_constant(self, settings: Settings) -> str:
        """Their smallest value is the largest one."""
        return "constant"

    def find_signs(self, moments: Moments, chosen: NDArray[np.bool_]) -> str | None:
        """Returns a clause if all features have the same usual range."""
        low, high = moments.min.ravel()[chosen], moments.max.ravel()[chosen]
        same = any((low == end).all() for end in USUAL_MINIMA) and (high == 1).all()
        return f"every minimum is {low[0]:g}, every maximum 1" if same else None

    def expect(self, settings: Settings) -> Expectation:
        """Extremes at the ends of the range, or beyond if a number was imputed; a constant feature at the lower end."""
        assert settings.range is not None
        low, high = settings.range
        width = high - low
        targets = allow_imputed_beyond(Target("min", low, width), Target("max", high, width, varying=True), settings)
        return Expectation(targets, constant="extent", noise=NOISE * width)


METHOD = MinMax()
