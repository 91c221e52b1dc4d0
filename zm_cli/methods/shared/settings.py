"""Settings: the numbers that methods take from the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Impute = Literal["mean", "median"] | float | None
"""What missing values become: the mean, the median, or a value in the scale of the data; None: they stay missing."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The numbers that methods take; each method says which ones (`Method.settings`), and ignores all others.

    `range` are the ends that values are scaled to, `quantiles` the two quantiles that decide a scale, in percent; None
    stands for the method's default. `components` is how many components are kept, or which share of the variance;
    None: all.
    """

    ddof: int = 0
    epsilon: float = 0.0
    range: tuple[float, float] | None = None
    clip: bool = False
    quantiles: tuple[float, float] | None = None
    components: int | float | None = None
    impute: Impute = None
