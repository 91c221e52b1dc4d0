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
    """What becomes of the values of a block, computed in float64 and written in `dtype`.

    The values of a block are stored ones: first of all they become the real ones that they stand for by `packing`
    (None: they are themselves), and those equal to one of `missing_codes` become NaN. Then integers are divided by
    `divisor` (1: they are not). `inverse` says that the values are those that a transform has made, which is undone.
    `features` are those of the transformed samples, None where they are those of the input. It pickles.
    """

    predicts: ClassVar[bool] = True
    """Whether `predict` may know the moments of some values."""

    dtype: np.dtype[Any]
    divisor: float = 1.0
    missing_codes: MissingCodes = ()
    packing: Packing | None = None
    inverse: bool = False
    features: OutputFeatures | None = None

    def apply(self, block: Block) -> tuple[Block, int, int]:
        """The transformed block, in the output's dtype, how many finite values became infinite in that dtype, and how
        many were cut off at the ends of a range."""
        values, overflows, clipped = self.apply_counting(block.values)
        return replace(block, values=values), overflows, clipped

    def apply_counting(self, values: Values) -> tuple[Values, int, int]:
        """What `apply_values` returns, and how many values were cut off."""
        return *self.apply_values(values), 0

    @abstractmethod
    def apply_values(self, values: Values) -> tuple[Values, int]:
        """The transformed values, in the output's dtype, and how many finite ones became infinite in that dtype."""

    def predict(self, moments: Moments, *, units: bool = True) -> Moments | None:
        """The moments of values after this transform (not an inverse), from those of the stored values before it.

        None where they do not follow from these. `units` False says that `moments` are already those of the real
        values, divided by `divisor`. Rounding to the output's dtype is not taken into account.
        """
        return None

    def predict_own(self, moments: Moments) -> Moments | None:
        """The moments of what the data of the statistics become, from theirs; None where they do not follow."""
        return self.predict(moments, units=False)

    def count_incomplete(self, values: Values) -> int:
        """How many vectors of features of the transformed values are missing because some of their values were."""
        return 0
