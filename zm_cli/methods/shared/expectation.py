"""Expectation: what can be expected of the values that a method has made, for checks of data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from zm_cli.methods.shared.settings import Impute, Settings


@dataclass(frozen=True)
class Target:
    """What a measure of each feature must be: `value`, give or take the tolerance times `width`.

    With `or_less`, less is right, too; with `or_more`, more is. Flat features need not have it where `varying`.
    `measure` is one of `zm_cli/pipeline/checking/measures.py`.
    """

    measure: str
    value: float
    width: float = 1.0
    or_less: bool = False
    or_more: bool = False
    varying: bool = False


@dataclass(frozen=True)
class Expectation:
    """What can be expected of data that a method has made.

    A feature is flat, so that nothing could scale it, where its measure `constant` is at most `noise`. `percents` are
    the two quantiles that are measured, `ddof` is that of deviations. `requires` are the names of the optional
    statistics that the measures need. With `together`, there is one measure for the samples as a whole.
    """

    targets: tuple[Target, ...]
    constant: str
    noise: float = 0.0
    percents: tuple[float, float] | None = None
    ddof: int = 0
    requires: tuple[str, ...] = ()
    together: bool = False


def limit(low: Target, high: Target, settings: Settings) -> tuple[Target, Target]:
    """The targets of the least and the largest values with some settings.

    A number that fills missing values may lie beyond both, unless it is clipped.
    """
    beyond = is_number(settings.impute) and not settings.clip
    return replace(low, or_less=beyond), replace(high, or_more=beyond)


def is_number(impute: Impute) -> bool:
    """Whether missing values become a number that was given, which may be far from all values."""
    return impute is not None and not isinstance(impute, str)


def read_settings(receipt: Mapping[str, Any]) -> Settings:
    """The settings that a receipt records; those that it lacks have their defaults."""
    names = {field.name for field in fields(Settings)} & receipt.keys()
    found: dict[str, Any] = {name: receipt[name] for name in names}
    pairs = {name: tuple(value) for name, value in found.items() if isinstance(value, list)}
    return Settings(**found | pairs | {"ddof": 1 if receipt.get("ddof") == 1 else 0})
