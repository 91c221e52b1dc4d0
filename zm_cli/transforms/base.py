"""Transform: turns the values of a block into others, or undoes that."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from zm_cli.data.block import Block, Values
from zm_cli.data.packing import Packing
from zm_cli.data.sink import OutputFeatures
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.stored import MissingCodes


@dataclass(frozen=True, kw_only=True)
class Transform(ABC):
    """A function of the values of a block, computed in float64 and written as `dtype`. It can be pickled.

    First, the stored values of a block become the real ones that they stand for by `packing` (None: they are the same),
    and those equal to one of `missing_codes` become NaN. Then integers are divided by `divisor` (1: they are not). With
    `inverse`, the values are those that a transform has made, and it is undone. `features` are those of the transformed
    samples, None if they are those of the input.
    """

    predicts: ClassVar[bool] = True
    """Whether `predict` can return moments."""

    dtype: np.dtype[Any]
    divisor: float = 1.0
    missing_codes: MissingCodes = ()
    packing: Packing | None = None
    inverse: bool = False
    features: OutputFeatures | None = None

    def apply(self, block: Block) -> tuple[Block, int, int]:
        """Returns the transformed block, how many finite values became infinite in its dtype, and how many were
        clipped."""
        values, overflows, clipped = self.apply_counting(block.values)
        return replace(block, values=values), overflows, clipped

    def apply_counting(self, values: Values) -> tuple[Values, int, int]:
        """Returns what `apply_values` returns, and how many values were clipped."""
        return *self.apply_values(values), 0

    @abstractmethod
    def apply_values(self, values: Values) -> tuple[Values, int]:
        """Returns the transformed values in the output's dtype, and how many finite ones became infinite in it."""

    def predict(self, moments: Moments, *, units: bool = True) -> Moments | None:
        """Returns the moments of values after this transform (not an inverse), from those of the stored values before.

        None if they do not follow from these. `units` False says that `moments` are already those of the real values,
        divided by `divisor`. Rounding to the output's dtype is not taken into account.
        """
        return None

    def predict_own(self, moments: Moments) -> Moments | None:
        """Returns the moments of the transformed data of the statistics, from theirs; None if they do not follow."""
        return self.predict(moments, units=False)

    def count_incomplete(self, values: Values) -> int:
        """Returns how many vectors of transformed features are missing because some of their values were."""
        return 0
