"""Robust scaling: the median becomes 0, the distance between two quantiles 1, whatever the outliers are."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from zm_cli.methods.shared.expectation import Expectation, Target
from zm_cli.methods.shared.extents import NOISE, ExtentMethod, Extents
from zm_cli.methods.shared.percents import find_quantiles, name_quantiles

if TYPE_CHECKING:
    from zm_cli.methods.shared.settings import Settings
    from zm_cli.statsfile.stats import Stats


class Robust(ExtentMethod):
    """`(x - median) / (q75 - q25)`, or by two other quantiles, as scikit-learn's RobustScaler."""

    name = "robust"
    command = "scale"
    requires = ("quantiles",)
    settings = ("quantiles",)
    defaults: ClassVar = {"quantiles": (25.0, 75.0)}

    def find_extents(self, stats: Stats, settings: Settings) -> Extents:
        """From the lower to the upper quantile; the median becomes 0."""
        assert settings.quantiles is not None
        low, middle, high = find_quantiles(stats, (settings.quantiles[0], 50.0, settings.quantiles[1]))
        return Extents(middle, high - low)

    def name_constant(self, settings: Settings) -> str:
        """Their quantiles are the same."""
        assert settings.quantiles is not None
        return f"with equal {name_quantiles(settings.quantiles)}"

    def expect(self, settings: Settings) -> Expectation:
        """A median of 0, and 1 between the quantiles; less where missing values were filled with the median.

        What else fills them may lie beyond the quantiles and move these. The extremes stay at least as far from each
        other as the quantiles were.
        """
        filled = settings.impute is not None
        targets: tuple[Target, ...] = ()
        if settings.impute in (None, "median"):
            targets += (Target("median", 0.0), Target("spread", 1.0, or_less=filled, varying=True))
        if filled:
            targets += (Target("extent", 1.0, or_more=True, varying=True),)
        return Expectation(targets, constant="spread", noise=NOISE, percents=settings.quantiles, requires=self.requires)


METHOD = Robust()
