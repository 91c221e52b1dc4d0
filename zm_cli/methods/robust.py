"""Robust scaling: the median becomes 0, the distance between two quantiles 1, so that outliers do not matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from zm_cli.methods.shared.expectation import Expectation, Target
from zm_cli.methods.shared.extent_scaling import NOISE, Extents, ExtentScaling
from zm_cli.methods.shared.percents import find_quantiles, name_quantiles
from zm_cli.statistics.quantiles import Quantiles

if TYPE_CHECKING:
    from zm_cli.methods.shared.settings import Settings
    from zm_cli.statsfile.stats import Stats


class Robust(ExtentScaling):
    """`(x - median) / (q75 - q25)`, or by two other quantiles, as scikit-learn's RobustScaler."""

    name = "robust"
    command = "scale"
    help = "median to 0, distance of two quantiles to 1"
    requires = (Quantiles.name,)
    settings = ("quantiles",)
    defaults: ClassVar = {"quantiles": (25.0, 75.0)}

    def find_extents(self, stats: Stats, settings: Settings) -> Extents:
        """Returns the distance between the quantiles; the median becomes 0."""
        assert settings.quantiles is not None
        low, middle, high = find_quantiles(stats, (settings.quantiles[0], 50.0, settings.quantiles[1]))
        return Extents(middle, high - low)

    def describe_constant(self, settings: Settings) -> str:
        """Their quantiles are equal."""
        assert settings.quantiles is not None
        return f"with equal {name_quantiles(settings.quantiles)}"

    def expect(self, settings: Settings) -> Expectation:
        """A median of 0, and a distance of 1 between the quantiles; less if the median was imputed.

        Other imputed values may lie beyond the quantiles and move them. In any case, the extremes stay at least as far
        apart as the quantiles were.
        """
        filled = settings.impute is not None
        targets: tuple[Target, ...] = ()
        if settings.impute in (None, "median"):
            targets += (Target("median", 0.0), Target("spread", 1.0, or_less=filled, varying=True))
        if filled:
            targets += (Target("extent", 1.0, or_more=True, varying=True),)
        return Expectation(targets, constant="spread", noise=NOISE, percents=settings.quantiles, requires=self.requires)


METHOD = Robust()
