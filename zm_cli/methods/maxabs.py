"""Max-abs scaling: each feature is divided by its largest magnitude, so that zeros stay zeros."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zm_cli.methods.shared.expectation import Expectation, Target
from zm_cli.methods.shared.extent_scaling import NEGLIGIBLE, Extents, ExtentScaling
from zm_cli.methods.shared.settings import fills_with_number

if TYPE_CHECKING:
    from zm_cli.methods.shared.settings import Settings
    from zm_cli.statsfile.stats import Stats


class MaxAbs(ExtentScaling):
    """`x / max(abs(x))`, as scikit-learn's MaxAbsScaler."""

    name = "maxabs"
    command = "scale"
    help = "largest magnitude to 1"
    settings = ("clip",)

    def find_extents(self, stats: Stats, settings: Settings) -> Extents:
        """Returns the distance from 0 to the largest magnitude."""
        import numpy as np

        moments = stats.moments
        return Extents(np.zeros_like(moments.mean), np.maximum(np.abs(moments.min), np.abs(moments.max)))

    def find_clip(self, settings: Settings) -> tuple[float, float]:
        """Returns -1 and 1."""
        return -1.0, 1.0

    def describe_constant(self, settings: Settings) -> str:
        """Their largest magnitude is 0."""
        return "0 everywhere"

    def expect(self, settings: Settings) -> Expectation:
        """A largest magnitude of 1 (more if a number was imputed), or negligible for a feature of zeros."""
        beyond = fills_with_number(settings.impute) and not settings.clip
        target = Target("largest", 1.0, or_more=beyond, varying=True)
        return Expectation((target,), constant="largest", noise=NEGLIGIBLE)


METHOD = MaxAbs()
