"""Scaling between quantiles: two quantiles of each feature become the ends of a range, and outliers lie beyond."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from zm_cli.methods.shared.expectation import Expectation, Target
from zm_cli.methods.shared.extents import NOISE, ExtentMethod, Extents
from zm_cli.methods.shared.percents import find_quantiles, name_quantiles

if TYPE_CHECKING:
    from zm_cli.methods.shared.settings import Settings
    from zm_cli.statsfile.stats import Stats


class Quantile(ExtentMethod):
    """`(x - q1) / (q99 - q1) * (hi - lo) + lo`, or by two other quantiles; the range is -1 to 1 unless given."""

    name = "quantile"
    command = "scale"
    requires = ("quantiles",)
    settings = ("range", "clip", "quantiles")
    defaults: ClassVar = {"range": (-1.0, 1.0), "quantiles": (1.0, 99.0)}

    def find_extents(self, stats: Stats, settings: Settings) -> Extents:
        """From the lower to the upper quantile."""
        assert settings.quantiles is not None
        low, high = find_quantiles(stats, settings.quantiles)
        return Extents(low, high - low)

    def name_constant(self, settings: Settings) -> str:
        """Their quantiles are the same."""
        assert settings.quantiles is not None
        return f"with equal {name_quantiles(settings.quantiles)}"

    def expect(self, settings: Settings) -> Expectation:
        """Quantiles at the ends of the range; between them where missing values were filled, or values were clipped.

        Then, the extremes lie at the ends, or beyond. What fills missing values may itself lie beyond the quantiles, so
        that these are not known; of the median, it is known that it does not.
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
            # Nothing that is filled in takes the extremes away, which lie beyond the quantiles until they are clipped.
            targets += (
                Target("min", low, width, or_less=not settings.clip),
                Target("max", high, width, or_more=not settings.clip, varying=True),
            )
        return Expectation(
            targets, constant="spread", noise=NOISE * width, percents=settings.quantiles, requires=self.requires
        )


METHOD = Quantile()
