"""Limits: how far data may be off in a check, or differ from training data; importing it needs no NumPy."""

from __future__ import annotations

from dataclasses import dataclass

TOLERANCE = 1e-3
"""How far a measure may be off, in standard deviations or in widths of the range that data were scaled to.

Rounding to float16 is three times smaller. Data that were transformed by statistics of other data are rarely so close.
"""


@dataclass(frozen=True)
class Limits:
    """How far data may differ from the training data.

    `max_shift`: how far a mean may move, in standard deviations. `max_ratio`: by which factor a standard deviation may
    grow or shrink. `max_missing`: how much the share of missing values may grow. `max_outside`: the share of values
    that may lie outside the training range; None sets no limit. `max_quantile_shift`: how far a quantile may move, in
    interquartile ranges (`QuantileShift`); None sets no limit. `max_psi`: the largest stability index, to which is
    added what chance may add; in credit scoring, 0.25 is a large change, 0.1 a small one (Siddiqi 2006).
    """

    max_shift: float = 0.1
    max_ratio: float = 1.2
    max_missing: float = 0.01
    max_outside: float | None = None
    max_quantile_shift: float | None = None
    max_psi: float = 0.25
