"""Center: subtract the mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zm_cli.methods.shared.elementwise import Affine, Elementwise
from zm_cli.methods.shared.expectation import Expectation, Target

if TYPE_CHECKING:
    from zm_cli.methods.shared.settings import Settings
    from zm_cli.statsfile.stats import Stats


class Center(Elementwise):
    """`x - mean`."""

    name = "center"
    command = "center"

    def find_affine(self, stats: Stats, settings: Settings) -> Affine:
        """The mean, and a scale of 1."""
        import numpy as np

        return Affine(stats.moments.mean, np.ones_like(stats.moments.mean), tail=stats.moments.tail)

    def expect(self, settings: Settings) -> Expectation:
        """Means of 0; values of a constant feature are what rounding makes of 0, which hardly any others are."""
        return Expectation((Target("shift", 0.0),), constant="variation", noise=1e-12)


METHOD = Center()
