"""Min-max scaling: the smallest and the largest value of each feature become the ends of a range."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from zm_cli.methods.shared.expectation import Expectation, Target, limit
from zm_cli.methods.shared.extents import NOISE, ExtentMethod, Extents

if TYPE_CHECKING:
    from zm_cli.methods.shared.settings import Settings
    from zm_cli.statsfile.stats import Stats


class MinMax(ExtentMethod):
    """`(x - min) / (max - min) * (hi - lo) + lo`, as scikit-learn's MinMaxScaler; a constant feature becomes `lo`."""

    name = "minmax"
    command = "scale"
    settings = ("range", "clip")
    defaults: ClassVar = {"range": (0.0, 1.0)}

    def find_extents(self, stats: Stats, settings: Settings) -> Extents:
        """From the smallest to the largest value."""
        low, high = stats.moments.min, stats.moments.max
        return Extents(low, high - low)

    def name_constant(self, settings: Settings) -> str:
        """Their smallest value is the largest one."""
        return "constant"

    def expect(self, settings: Settings) -> Expectation:
        """Extremes at the ends of the range; both at the lower end for a constant feature.

        They may lie beyond the ends where a number was filled in.
        """
        assert settings.range is not None
        low, high = settings.range
        width = high - low
        targets = limit(Target("min", low, width), Target("max", high, width, varying=True), settings)
        return Expectation(targets, constant="extent", noise=NOISE * width)


METHOD = MinMax()
