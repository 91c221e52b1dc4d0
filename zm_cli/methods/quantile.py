"""Scaling between quantiles: two quantiles of each feature become the ends of a range, and outliers lie beyond."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from zm_cli.methods.shared.expectation import Expectation, Target
from zm_cli.methods.shared.extent_scaling import NOISE, Extents, ExtentScaling
from zm_cli.methods.shared.percents import find_quantiles, name_quantiles
from zm_cli.statistics.quantiles import Quantiles

if TYPE_CHECKING:
    from zm_cli.methods.shared.settings import Settings
    from zm_cli.statsfile.stats import Stats


class Quantile(ExtentScaling):
    """`(x - q1) / (q99 - q1) * (hi - lo) + lo`, or by two other quantiles; the range is -1 to 1 unless given."""

    name = "quantile"
    command = "scale"
    help = "two quantiles to the ends of a range"
    requires = (Quantiles.name,)
    settings = ("range", "clip", "quantiles")
    defaults: ClassVar = {"range": (-1.0, 1.0), "quantiles": (1.0, 99.0)}

    def find_extents(self, stats: Stats, settings: Settings) -> Extents:
        """Returns the distance from the lower to the upper quantile."""
        assert settings.quantiles is not None
        low, high = find_quantiles(stats, settings.quantiles)
        return Extents(low, high - low)

    def describe_constant(self, settings: Settings) -> str:
        """Their quantiles are equal."""
        assert settings.quantiles is not None
        return f"with equal {name_quantiles(settings.quantiles)}"

    def expect(self, settings: Settings) -> Expectation:
        """Quantiles at the ends of the range; between them if missing values were filled, or values were clipped.

        Then the extremes lie at the ends, or beyond. Imputed values other than the median may lie beyond the quantiles
        and move them outwards, too.
        """
        assert settings.range is not None
        low, high = settings.range
        width, filled = high - low, settings.impute is not None
        inwards, outwards = filled or settings.clip, settings.impute not in (None, "median") and not settings.clip
        targets: tuple[Target, ...] = (
            Target("low", low, width, or_less=outwards, or_more=inwards),
            Target("high", high, width, or_less=inwards, or_more=outwards, varying=True),
        )
        if inwards:
            # Imputing does not remove the extremes; they lie beyond the quantiles unless clipped.
            targets += (
                Target("min", low, width, or_less=not settings.clip),
                Target("max", high, width, or_more=not settings.clip, varying=True),
            )
        return Expectation(
            targets, constant="spread", noise=NOISE * width, percents=settings.quantiles, requires=self.requires
        )


METHOD = Quantile()
