"""Settings: the numbers that methods take from the command line, or from the receipt of data to be restored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

Impute = Literal["mean", "median"] | float | None
"""What missing values become: the mean, the median, or a value in the scale of the data; None: they stay missing."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The numbers that methods take; each method says which ones (`Method.settings`), and ignores all others.

    `range` is the pair of ends that values are scaled to, `quantiles` the pair of quantiles that decides a scale, in
    percent; None stands for the method's default. `components` is how many components are kept, or which share of the
    variance; None: all.
    """

    ddof: int = 0
    epsilon: float = 0.0
    range: tuple[float, float] | None = None
    clip: bool = False
    quantiles: tuple[float, float] | None = None
    components: int | float | None = None
    impute: Impute = None


def fills_with_number(impute: Impute) -> bool:
    """Returns whether missing values become a given number, which may be far from all values."""
    return impute is not None and not isinstance(impute, str)


def read_settings(receipt: Mapping[str, Any]) -> Settings:
    """Returns the settings that a receipt records; those that it lacks have their defaults."""
    names = {field.name for field in fields(Settings)} & receipt.keys()
    found: dict[str, Any] = {name: receipt[name] for name in names}
    pairs = {name: tuple(value) for name, value in found.items() if isinstance(value, list)}
    return Settings(**found | pairs | {"ddof": 1 if receipt.get("ddof") == 1 else 0})
