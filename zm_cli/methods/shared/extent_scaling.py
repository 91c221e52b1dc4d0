"""Methods that divide each feature by an extent of its values, such as the distance from minimum to maximum."""

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
MAX_MOVED = 1e-3
"""Warn if rounding moves values by more than this share of their extent."""
NOISE = 1e-12
"""A scaled feature whose extent is at most this share of the range was constant."""


@dataclass(frozen=True)
class Extents:
    """The value of each feature that becomes 0, and the distance that becomes 1; both in the shape of the features."""

    origin: Floats
    extent: Floats


class ExtentScaling(Elementwise):
    """A method that divides each feature by an extent of its values, or by 1 if that is 0."""

    names_constant = True
    records_all = True

    @abstractmethod
    def find_extents(self, stats: Stats, settings: Settings) -> Extents:
        """Returns the extent of each feature, in the scale of the statistics; any number for one without values."""

    @abstractmethod
    def describe_constant(self, settings: Settings) -> str:
        """Returns what features with an extent of 0 are, in words that begin a sentence."""

    def find_affine(self, stats: Stats, settings: Settings) -> Affine:
        """Returns the origin and the extent.

        With a range, the origin becomes its lower end, and the extent is divided by its width.
        """
        import numpy as np

        found, some = self.find_extents(stats, settings), stats.moments.count > 0
        varies = found.extent >= NEGLIGIBLE
        extent = np.where(some & varies, found.extent, 1.0)
        origin, constant = np.where(some, found.origin, 0.0), some & ~varies
        clip = self.find_clip(settings) if settings.clip and "clip" in self.settings else None
        if settings.range is None or "range" not in self.settings:
            return Affine(origin, extent, clip=clip, constant=constant)
        low, high = settings.range
        return Affine(origin, extent / (high - low), low, clip, constant=constant)

    def find_clip(self, settings: Settings) -> tuple[float, float] | None:
        """Returns the ends at which `clip` cuts values off."""
        return settings.range

    def list_warnings(self, stats: Stats, settings: Settings) -> list[str]:
        """Returns a sentence that names 64-bit integers which float64 rounds too much for their extent."""
        import numpy as np

        dtype = np.dtype(stats.dtype)
        if stats.unit or dtype.kind not in "iu" or dtype.itemsize < 8:
            return []
        extent, moments = self.find_extents(stats, settings).extent, stats.moments
        some = (moments.count > 0) & (extent >= NEGLIGIBLE)
        step = np.spacing(np.where(some, np.maximum(np.abs(moments.min), np.abs(moments.max)), 0.0))
        moved = np.where(some, step / 2, 0.0) / np.where(some, extent, 1.0)
        indices = np.flatnonzero(moved > MAX_MOVED)
        if not len(indices):
            return []
        return [
            f"integers too large for float64: scaled values are off by up to {moved.max():.2g} of their extent: "
            f"{stats.quote_features(indices)}; subtract a constant from these columns first"
        ]

    def find_constant(self, stats: Stats, settings: Settings) -> tuple[str, NDArray[np.bool_]]:
        """Returns what features with an extent of 0 are, and which they are."""
        extent = self.find_extents(stats, settings).extent
        constant = (stats.moments.count > 0) & ~(extent >= NEGLIGIBLE)
        tiny = f" (less than {NEGLIGIBLE:.0e} counts as 0)" if (constant & (extent > 0)).any() else ""
        return f"{self.describe_constant(settings)}{tiny}, so that scaling divides by 1", constant
