"""Standardize: subtract the mean, and divide by the standard deviation."""

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

NEAR = 0.05
"""How far from 0 and 1 the means and standard deviations of data that look standardized may be."""
FEW_NEAR = 1e-3
"""The same for fewer than ENOUGH_FEATURES features."""
ENOUGH_FEATURES = 3


class Standardize(Elementwise):
    """`(x - mean) / max(std, epsilon)`; constant features are divided by 1."""

    name = "standardize"
    command = "standardize"
    default = True
    help = "subtracts the mean and divides by the standard deviation"
    settings = ("ddof", "epsilon")
    checked = True
    failing_fills = ("median",)
    # Standardized data look centered, too.
    doubt_rank = 0

    def find_affine(self, stats: Stats, settings: Settings) -> Affine:
        """Returns the mean and the standard deviation."""
        moments = stats.moments
        return Affine(moments.mean, moments.find_scale(settings.ddof, settings.epsilon), tail=moments.tail)

    def find_signs(self, moments: Moments, chosen: NDArray[np.bool_]) -> str | None:
        """Returns a clause if all means are near 0, and all standard deviations near 1."""
        import numpy as np

        # Pandas and R divide by the standard deviation with ddof 1.
        distances = (np.abs(moments.std(ddof).ravel()[chosen] - 1) for ddof in (0, 1))
        mean, off = np.abs(moments.mean.ravel()[chosen]), np.minimum(*distances)
        near = NEAR if chosen.sum() >= ENOUGH_FEATURES else FEW_NEAR
        return "every mean is near 0, every deviation near 1" if (mean <= near).all() and (off <= near).all() else None

    def expect(self, settings: Settings) -> Expectation:
        """A mean of 0 and a standard deviation of 1; a smaller one with an epsilon, or if missing values were filled.

        If all values of a feature are smaller than the noise, it was constant, and they are rounding errors: no other
        feature becomes so small.
        """
        smaller = settings.epsilon > 0 or settings.impute is not None
        targets = (Target("mean", 0.0), Target("std", 1.0, or_less=smaller, varying=True))
        return Expectation(targets, constant="variation", noise=1e-6, ddof=settings.ddof)


METHOD = Standardize()
