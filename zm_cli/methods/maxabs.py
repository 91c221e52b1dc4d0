"""Scaling by the largest magnitude: zeros stay zeros, and all values lie from -1 to 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zm_cli.methods.shared.expectation import Expectation, Target, is_number
from zm_cli.methods.shared.extents import NEGLIGIBLE, ExtentMethod, Extents

if TYPE_CHECKING:
    from zm_cli.methods.shared.settings import Settings
    from zm_cli.statsfile.stats import Stats


class MaxAbs(ExtentMethod):
    """`x / max(abs(x))`, as scikit-learn's MaxAbsScaler."""

    name = "maxabs"
    command = "scale"
    settings = ("clip",)

    def find_extents(self, stats: Stats, settings: Settings) -> Extents:
        """From 0 to the largest magnitude."""
        import numpy as np

        moments = stats.moments
        return Extents(np.zeros_like(moments.mean), np.maximum(np.abs(moments.min), np.abs(moments.max)))

    def find_clip(self, settings: Settings) -> tuple[float, float]:
        """Values lie from -1 to 1."""
        return -1.0, 1.0

    def name_constant(self, settings: Settings) -> str:
        """Their largest magnitude is 0."""
        return "0 everywhere"

    def expect(self, settings: Settings) -> Expectation:
        """A largest magnitude of 1, or more where a number was filled in; or so little that it counts as 0."""
        beyond = is_number(settings.impute) and not settings.clip
        return Expectation(
            (Target("largest", 1.0, or_more=beyond, varying=True),), constant="largest", noise=NEGLIGIBLE
        )


METHOD = MaxAbs()
