"""Options of the checks of `zm inspect`."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

from zm_cli.cli.options.methods import DDOF, RANGE
from zm_cli.data.options import Option, Panel
from zm_cli.methods import methods
from zm_cli.pipeline.checking.limits import TOLERANCE as DEFAULT_TOLERANCE
from zm_cli.pipeline.checking.limits import Limits
from zm_cli.pipeline.options import State

DEFAULT_LIMITS = Limits()
"""The limits of a comparison if no option changes them; the helps name them."""
GOALS = (*get_args(State), *(name for name, method in methods().items() if name != method.command))
"""What data can be checked for: a state, or what a method makes that `--method` takes."""

CHECK: Option[str] = Option(
    "check",
    given_as=Literal[*GOALS],
    metavar="STATE|METHOD",
    help="Check that the data are centered, standardized, scaled or whitened, or what a method makes, such as minmax, "
    "robust or zca; exit code 1 if they are not.",
    panel=Panel.CHECKS,
)
TOLERANCE: Option[float] = Option(
    "tolerance",
    given_as=float,
    metavar="X",
    help="How far a measure may be off, in standard deviations, or in widths of the range of scaled data "
    f"(default {DEFAULT_TOLERANCE:g}).",
    panel=Panel.CHECKS,
)
CHECKED_RANGE: Option[tuple[float, float]] = replace(
    RANGE,
    help="The range that --check scaled, minmax or quantile expects (default: that of the receipt, or the method's).",
    panel=Panel.CHECKS,
)
CHECKED_DDOF: Option[int] = replace(
    DDOF,
    default=None,
    help="The ddof that --check standardized or whitened expects, such as 1 after scikit-learn's PCA (default: that of "
    "the receipt, or 0).",
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
    help=f"How far a mean may move, in standard deviations (default {DEFAULT_LIMITS.max_shift:g}).",
    panel=Panel.CHECKS,
)
MAX_RATIO: Option[float] = Option(
    "max_ratio",
    given_as=float,
    metavar="X",
    help=f"By which factor a standard deviation may grow or shrink (default {DEFAULT_LIMITS.max_ratio:g}).",
    panel=Panel.CHECKS,
)
MAX_MISSING: Option[float] = Option(
    "max_missing",
    given_as=float,
    metavar="X",
    help=f"How much the share of missing values may grow (default {DEFAULT_LIMITS.max_missing:g}).",
    panel=Panel.CHECKS,
)
MAX_OUTSIDE: Option[float] = Option(
    "max_outside",
    given_as=float,
    metavar="X",
    help="The share of values that may lie outside the training range (default: no limit).",
    panel=Panel.CHECKS,
)
MAX_QUANTILE_SHIFT: Option[float] = Option(
    "max_quantile_shift",
    given_as=float,
    metavar="X",
    help="How far a quantile may move, in interquartile ranges (default: no limit).",
    panel=Panel.CHECKS,
)
MAX_PSI: Option[float] = Option(
    "max_psi",
    given_as=float,
    metavar="X",
    help="The largest population stability index, to which is added what chance may add "
    f"(default {DEFAULT_LIMITS.max_psi:g}).",
    panel=Panel.CHECKS,
)
