"""Standardize: subtract the mean, and divide by the standard deviation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zm_cli.methods.shared.elementwise import Affine, Elementwise
from zm_cli.methods.shared.expectation import Expectation, Target

if TYPE_CHECKING:
    from zm_cli.methods.shared.settings import Settings
    from zm_cli.statsfile.stats import Stats


class Standardize(Elementwise):
    """`(x - mean) / max(std, epsilon)`; constant features are divided by 1."""

    name = "standardize"
    command = "standardize"
    settings = ("ddof", "epsilon")

    def find_affine(self, stats: Stats, settings: Settings) -> Affine:
        """The mean and the deviation."""
        moments = stats.moments
        return Affine(moments.mean, moments.scale(settings.ddof, settings.epsilon), tail=moments.tail)

    def expect(self, settings: Settings) -> Expectation:
        """Means of 0 and deviations of 1; smaller ones with an epsilon, and where missing values were filled.

        If all values of a feature are smaller than the noise, it was constant and they are rounding errors: no other
        feature becomes so small.
        """
        smaller = settings.epsilon > 0 or settings.impute is not None
        targets = (Target("mean", 0.0), Target("std", 1.0, or_less=smaller, varying=True))
        return Expectation(targets, constant="variation", noise=1e-6, ddof=settings.ddof)


METHOD = Standardize()
