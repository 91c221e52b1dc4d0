"""Options of the checks of `zm inspect`."""

from __future__ import annotations

from zm_cli.data.options import Option, Panel
from zm_cli.pipeline.options import State

CHECK: Option[str] = Option(
    "check",
    given_as=State,
    metavar="STATE",
    help="Check that the data are centered, standardized, scaled or whitened; exit code 1 if they are not.",
    panel=Panel.CHECKS,
)
TOLERANCE: Option[float] = Option(
    "tolerance",
    given_as=float,
    metavar="X",
    help="How far a measure may be off, in deviations, or in the range of scaled data (default 0.001).",
    panel=Panel.CHECKS,
)
AGAINST: Option[str] = Option(
    "against",
    metavar="FILE",
    help="Compare with the statistics of training data; exit code 1 if a limit is exceeded.",
    panel=Panel.CHECKS,
)
MAX_SHIFT: Option[float] = Option(
    "max_shift",
    given_as=float,
    metavar="X",
    help="How far a mean may move, in deviations (default 0.1).",
    panel=Panel.CHECKS,
)
MAX_RATIO: Option[float] = Option(
    "max_ratio",
    given_as=float,
    metavar="X",
    help="How many times a deviation may grow or shrink (default 1.2).",
    panel=Panel.CHECKS,
)
MAX_MISSING: Option[float] = Option(
    "max_missing",
    given_as=float,
    metavar="X",
    help="How much the share of missing values may grow (default 0.01).",
    panel=Panel.CHECKS,
)
MAX_OUTSIDE: Option[float] = Option(
    "max_outside",
    given_as=float,
    metavar="X",
    help="The share of values that may lie outside the training range (default: any).",
    panel=Panel.CHECKS,
)
MAX_QUANTILE_SHIFT: Option[float] = Option(
    "max_quantile_shift",
    given_as=float,
    metavar="X",
    help="How far a quantile may move, in interquartile ranges (default: any).",
    panel=Panel.CHECKS,
)
MAX_PSI: Option[float] = Option(
    "max_psi",
    given_as=float,
    metavar="X",
    help="How large a population stability index may be, besides what chance adds (default 0.25).",
    panel=Panel.CHECKS,
)
