"""Center: subtract the mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zm_cli.methods.shared.elementwise import Affine, Elementwise
from zm_cli.methods.shared.expectation import Expectation, Target

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from zm_cli.methods.shared.settings import Settings
    from zm_cli.numbers.moments.moments import Moments
    from zm_cli.statsfile.stats import Stats

MAX_SHIFT = 1e-3
"""How far from 0 the means of data that look centered may be, in standard deviations."""


class Center(Elementwise):
    """`x - mean`."""

    name = "center"
    command = "center"
    default = True
    help = "subtracts the mean"
    checked = True
    failing_fills = ("median",)
    doubt_rank = 1

    def find_affine(self, stats: Stats, settings: Settings) -> Affine:
        """Returns the mean, and a scale of 1."""
        import numpy as np

        return Affine(stats.moments.mean, np.ones_like(stats.moments.mean), tail=stats.moments.tail)

    def find_signs(self, moments: Moments, chosen: NDArray[np.bool_]) -> str | None:
        """Returns a clause if all means are 0, relative to the standard deviations."""
        import numpy as np

        mean, std = np.abs(moments.mean.ravel()[chosen]), moments.std().ravel()[chosen]
        return "every mean is 0" if (mean <= MAX_SHIFT * std).all() else None

    def expect(self, settings: Settings) -> Expectation:
        """A mean of 0. All values of a constant feature are rounding errors."""
        return Expectation((Target("shift", 0.0),), constant="variation", noise=1e-12)


METHOD = Center()
