"""Expectation: what the values that a method writes must be like, for checks of data."""

from __future__ import annotations

from dataclasses import dataclass, replace

from zm_cli.methods.shared.settings import Settings, fills_with_number


@dataclass(frozen=True)
class Target:
    """The value that a measure of each feature must have, give or take the tolerance times `width`.

    With `or_less`, less is right, too; with `or_more`, more is. With `varying`, constant features need not have it.
    `measure` is a name in `zm_cli/pipeline/checking/check_measures.py`.
    """

    measure: str
    value: float
    width: float = 1.0
    or_less: bool = False
    or_more: bool = False
    varying: bool = False


@dataclass(frozen=True)
class Expectation:
    """What data that a method has written must be like.

    A feature was constant, so that nothing could scale it, if its measure `constant` is at most `noise`. `percents` are
    the two quantiles that are measured, `ddof` is that of standard deviations. `requires` are the names of the optional
    statistics that the measures need. With `together`, all values are measured together instead of each feature.
    """

    targets: tuple[Target, ...]
    constant: str
    noise: float = 0.0
    percents: tuple[float, float] | None = None
    ddof: int = 0
    requires: tuple[str, ...] = ()
    together: bool = False


def allow_imputed_beyond(low: Target, high: Target, settings: Settings) -> tuple[Target, Target]:
    """Returns the targets of the smallest and the largest value, as they are with these settings.

    A number that replaces missing values may lie beyond both, unless it is clipped.
    """
    beyond = fills_with_number(settings.impute) and not settings.clip
    return replace(low, or_less=beyond), replace(high, or_more=beyond)
