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
ROUGH = 1e-3
"""A larger share of its extent by which values are moved because the statistics are rounded is worth a warning."""
MAX_NAMES = 5
NOISE = 1e-12
"""A feature of scaled data whose extent is at most this share of the range had no extent that it was divided by."""


@dataclass(frozen=True)
class Extents:
    """What becomes 0 of each feature, and how far its values reach from there; both in the shape of the features."""

    zero: Floats
    extent: Floats


class ExtentMethod(Elementwise):
    """A method that divides each feature by an extent of its values; by 1 where that is 0."""

    @abstractmethod
    def find_extents(self, stats: Stats, settings: Settings) -> Extents:
        """The extent of each feature with values, in the scale of the statistics; anything for the others."""

    @abstractmethod
    def name_constant(self, settings: Settings) -> str:
        """What features with an extent of 0 are, to begin a sentence with."""

    def find_affine(self, stats: Stats, settings: Settings) -> Affine:
        """What becomes 0, and the extent; with a range, what becomes its lower end, and the extent over its width."""
        import numpy as np

        found, some = self.find_extents(stats, settings), stats.moments.count > 0
        varies = found.extent >= NEGLIGIBLE
        extent = np.where(some & varies, found.extent, 1.0)
        zero, constant = np.where(some, found.zero, 0.0), some & ~varies
        clip = self.find_clip(settings) if settings.clip and "clip" in self.settings else None
        if settings.range is None or "range" not in self.settings:
            return Affine(zero, extent, clip=clip, constant=constant)
        low, high = settings.range
        return Affine(zero, extent / (high - low), low, clip, constant=constant)

    def find_clip(self, settings: Settings) -> tuple[float, float] | None:
        """The ends that `clip` cuts values off at."""
        return settings.range

    def list_warnings(self, stats: Stats, settings: Settings) -> list[str]:
        """Which features are whole numbers so large that their extent is only known roughly."""
        import numpy as np

        dtype = np.dtype(stats.dtype)
        if stats.unit or dtype.kind not in "iu" or dtype.itemsize < 8:
            return []
        extent, moments = self.find_extents(stats, settings).extent, stats.moments
        some = (moments.count > 0) & (extent >= NEGLIGIBLE)
        step = np.spacing(np.where(some, np.maximum(np.abs(moments.min), np.abs(moments.max)), 0.0))
        off = np.where(some, step / 2, 0.0) / np.where(some, extent, 1.0)
        indices = np.flatnonzero(off > ROUGH).tolist()
        if not indices:
            return []
        names = ", ".join(f"'{stats.name_feature(index)}'" for index in indices[:MAX_NAMES])
        more = f" and {len(indices) - MAX_NAMES:,} more" if len(indices) > MAX_NAMES else ""
        return [
            f"whole numbers so large that the statistics round them, which moves scaled values by up to "
            f"{off.max():.2g} of their extent: {names}{more}; subtract a number from them first"
        ]

    def find_constant(self, stats: Stats, settings: Settings) -> tuple[str, NDArray[np.bool_]]:
        """The features with an extent of 0, and what they are."""
        extent = self.find_extents(stats, settings).extent
        constant = (stats.moments.count > 0) & ~(extent >= NEGLIGIBLE)
        tiny = f" (less than {NEGLIGIBLE:.0e} counts as 0)" if (constant & (extent > 0)).any() else ""
        return f"{self.name_constant(settings)}{tiny}, so that scaling divides by 1", constant
