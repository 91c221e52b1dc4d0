"""Methods that shift and scale each feature by itself, as an affine transform."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zm_cli.methods.shared.base import Method, Use

if TYPE_CHECKING:
    from zm_cli.methods.shared.settings import Settings
    from zm_cli.numbers.sums import Floats
    from zm_cli.statsfile.stats import Stats
    from zm_cli.transforms.affine import AffineTransform


@dataclass(frozen=True)
class Affine:
    """`(x - shift) / scale + offset`, with `shift` and `scale` > 0 in the shape of the features.

    With `clip`, values beyond these ends become the nearer one.
    """

    shift: Floats
    scale: Floats
    offset: float = 0.0
    clip: tuple[float, float] | None = None


class Elementwise(Method):
    """A method that shifts and scales each feature by itself."""

    @abstractmethod
    def find_affine(self, stats: Stats, settings: Settings) -> Affine:
        """The shift and the scale of each feature, in the scale of the statistics."""

    def make_transform(self, stats: Stats, settings: Settings, use: Use) -> AffineTransform:
        """The affine transform by statistics that fit the data."""
        import numpy as np

        from zm_cli.methods.shared.filling import find_filling
        from zm_cli.numbers.axes import broadcast_shape
        from zm_cli.numbers.stored import hide_values, unit_divisor
        from zm_cli.transforms.affine import AffineTransform

        spec, affine = use.spec, self.find_affine(stats, settings)
        unit = use.unit
        if unit is None:
            # An inverse restores the scale of the data that were measured.
            whole = spec.dtype if spec.holds_integers else spec.real_dtype
            unit = unit_divisor(np.dtype(stats.dtype) if use.inverse else whole) if stats.unit else 1.0
        filling = find_filling(stats, settings.impute, unit)
        if filling is None:
            filled = None
        elif use.inverse:
            filled = filling.real
        else:
            filled = (filling.divided - affine.shift) / affine.scale + affine.offset
        shape = broadcast_shape(stats.moments.mean.shape, spec.axes, stats.per)
        return AffineTransform(
            shift=affine.shift.reshape(shape),
            scale=affine.scale.reshape(shape),
            offset=affine.offset,
            clip=affine.clip,
            filled=None if filled is None else filled.reshape(shape),
            dtype=use.dtype,
            unit=unit,
            hidden=hide_values(spec, None if use.inverse else stats.ignore),
            packing=spec.packing if spec.packing is not None and spec.packing.is_affine else None,
            inverse=use.inverse,
        )
