"""Methods that shift and scale each feature separately, by an affine transform."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zm_cli.methods.shared.base import Method, TransformRequest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from zm_cli.methods.shared.settings import Settings
    from zm_cli.numbers.sums import Floats
    from zm_cli.statsfile.stats import Stats
    from zm_cli.transforms.affine import AffineTransform


@dataclass(frozen=True)
class Affine:
    """`(x - shift) / scale + offset`, with `shift` and `scale` > 0 in the shape of the features.

    With `clip`, values beyond these ends become the nearer end. `tail` is what rounding dropped from `shift`,
    `constant` marks features that become exactly 0 before the offset is added (see AffineTransform). Both have the
    shape of the features.
    """

    shift: Floats
    scale: Floats
    offset: float = 0.0
    clip: tuple[float, float] | None = None
    tail: Floats | None = None
    constant: NDArray[np.bool_] | None = None


class Elementwise(Method):
    """A method that shifts and scales each feature separately."""

    @abstractmethod
    def find_affine(self, stats: Stats, settings: Settings) -> Affine:
        """Returns the shift and the scale of each feature, in the scale of the statistics."""

    def make_transform(self, stats: Stats, settings: Settings, use: TransformRequest) -> AffineTransform:
        """Returns the affine transform for statistics that fit the data."""
        import numpy as np

        from zm_cli.methods.shared.filling import find_filling
        from zm_cli.numbers.axes import find_broadcast_shape
        from zm_cli.numbers.stored import find_missing_codes
        from zm_cli.transforms.affine import AffineTransform, is_wide

        spec, affine = use.spec, self.find_affine(stats, settings)
        divisor = use.find_divisor(stats)
        filling = find_filling(stats, settings.impute, divisor)
        if filling is None:
            filled = None
        elif use.inverse:
            filled = filling.real
        else:
            filled = (filling.divided - affine.shift) / affine.scale + affine.offset
        shape = find_broadcast_shape(stats.moments.mean.shape, spec.axes, stats.per)
        wide = is_wide(np.dtype(stats.dtype) if use.inverse else spec.dtype, divisor, spec.packing)
        tail = affine.tail if wide and affine.tail is not None and affine.tail.any() else None
        constant = affine.constant if wide and affine.constant is not None and affine.constant.any() else None
        return AffineTransform(
            shift=affine.shift.reshape(shape),
            scale=affine.scale.reshape(shape),
            offset=affine.offset,
            clip=affine.clip,
            filled=None if filled is None else filled.reshape(shape),
            tail=None if tail is None else tail.reshape(shape),
            constant=None if constant is None else constant.reshape(shape),
            dtype=use.dtype,
            divisor=divisor,
            missing_codes=find_missing_codes(spec, None if use.inverse else stats.ignore),
            packing=spec.affine_packing,
            inverse=use.inverse,
        )
