"""Standardize: subtract the mean, and divide by the standard deviation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zm_cli.methods.elementwise import Affine, Elementwise

if TYPE_CHECKING:
    from zm_cli.methods.settings import Settings
    from zm_cli.statsfile.stats import Stats


class Standardize(Elementwise):
    """`(x - mean) / max(std, epsilon)`; constant features are divided by 1."""

    name = "standardize"
    command = "standardize"
    settings = ("ddof", "epsilon")

    def find_affine(self, stats: Stats, settings: Settings) -> Affine:
        """The mean and the deviation."""
        return Affine(stats.moments.mean, stats.moments.scale(settings.ddof, settings.epsilon))


METHOD = Standardize()
