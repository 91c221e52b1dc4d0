"""Methods that divide each feature by an extent of its values, such as from the smallest to the largest one."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zm_cli.methods.shared.elementwise import Affine, Elementwise

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from zm_cli.methods.shared.settings import Settings
    from zm_cli.numbers.sums import Floats
    from zm_cli.statsfile.stats import Stats

NEGLIGIBLE = 10 * 2.0**-52
"""An extent below this counts as 0, as in scikit-learn (`_handle_zeros_in_scale`)."""
NOISE = 1e-12
"""How much of its range a feature of scaled data may take up and still be one that was not divided by its extent."""


@dataclass(frozen=True)
class Extents:
    """What becomes 0 of each feature, and how far its values reach from there; both in the shape of the features."""

    zero: Floats
    extent: Floats


class Extensive(Elementwise):
    """A method that divides each feature by an extent of its values; by 1 where that is 0."""

    @abstractmethod
    def find_extents(self, stats: Stats, settings: Settings) -> Extents:
        """The extent of each feature with values, in the scale of the statistics; anything for the others."""

    @abstractmethod
    def name_flat(self, settings: Settings) -> str:
        """What features with an extent of 0 are, to begin a sentence with."""

    def find_affine(self, stats: Stats, settings: Settings) -> Affine:
        """What becomes 0, and the extent; with a range, what becomes its lower end, and the extent over its width."""
        import numpy as np

        found, some = self.find_extents(stats, settings), stats.moments.count > 0
        extent = np.where(some & (found.extent >= NEGLIGIBLE), found.extent, 1.0)
        zero = np.where(some, found.zero, 0.0)
        clip = self.find_clip(settings) if settings.clip and "clip" in self.settings else None
        if settings.range is None or "range" not in self.settings:
            return Affine(zero, extent, clip=clip)
        low, high = settings.range
        return Affine(zero, extent / (high - low), low, clip)

    def find_clip(self, settings: Settings) -> tuple[float, float] | None:
        """The ends that `clip` cuts values off at."""
        return settings.range

    def find_flat(self, stats: Stats, settings: Settings) -> tuple[str, NDArray[np.bool_]]:
        """The features with an extent of 0, and what they are."""
        extent = self.find_extents(stats, settings).extent
        flat = (stats.moments.count > 0) & ~(extent >= NEGLIGIBLE)
        tiny = f" (less than {NEGLIGIBLE:.0e} counts as 0)" if (flat & (extent > 0)).any() else ""
        return f"{self.name_flat(settings)}{tiny}, so that scaling divides by 1", flat
