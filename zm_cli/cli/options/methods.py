"""Options that say how data are transformed."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from zm_cli.data.options import Option, Panel
from zm_cli.inputs.option_text import (
    parse_components,
    parse_epsilon,
    parse_impute,
    parse_percents,
    parse_range,
)
from zm_cli.methods import methods_of

DDOF: Option[int] = Option(
    "ddof",
    given_as=Literal["0", "1"],
    parse=int,
    default="0",
    help="Delta degrees of freedom: divide by N - ddof.",
    panel=Panel.NUMBERS,
)
EPSILON: Option[float] = Option(
    "epsilon",
    given_as=float,
    parse=parse_epsilon,
    default=0.0,
    metavar="X",
    minimum=0.0,
    help="Divide by at least this much.",
    panel=Panel.NUMBERS,
)
SCALE_METHOD: Option[str] = Option(
    "method",
    given_as=Literal[*methods_of("scale")],
    metavar="METHOD",
    help="minmax, maxabs, robust, quantile, or l2, which divides each sample by its length (default minmax; an inverse "
    "undoes what was done).",
    panel=Panel.NUMBERS,
)
RANGE: Option[tuple[float, float]] = Option(
    "range",
    parse=parse_range,
    metavar="LO,HI",
    suggestions=("0,1", "-1,1"),
    help="What minmax and quantile scale to (default 0,1 for minmax, -1,1 for quantile).",
    panel=Panel.NUMBERS,
)
CLIP: Option[bool] = Option(
    "clip",
    given_as=bool,
    default=False,
    help="Cut off what lies beyond the range (minmax, quantile, maxabs).",
    panel=Panel.NUMBERS,
)
PERCENTS: Option[tuple[float, float]] = Option(
    "quantiles",
    parse=parse_percents,
    metavar="LO,HI",
    suggestions=("25,75", "1,99"),
    help="The two quantiles in percent (default 25,75 for robust, 1,99 for quantile).",
    panel=Panel.NUMBERS,
)
WHITEN_METHOD: Option[str] = Option(
    "method",
    given_as=Literal[*methods_of("whiten")],
    help="pca: components in place of the features; zca: the features, uncorrelated (default zca; an inverse undoes "
    "what was done).",
    panel=Panel.NUMBERS,
)
COMPONENTS: Option[int | float] = Option(
    "components",
    parse=parse_components,
    metavar="N|SHARE",
    suggestions=("0.9", "0.95", "0.99"),
    help="Keep the N directions of the largest variance, or as few as hold this share of it (default: all).",
    panel=Panel.NUMBERS,
)
ADDED_EPSILON: Option[float] = replace(
    EPSILON, help="Divide by sqrt(variance + X), so that directions of little variance stay small."
)
STATS: Option[str] = Option(
    "stats", metavar="FILE", help="Apply these statistics instead of the source's own.", panel=Panel.NUMBERS
)
INVERSE: Option[bool] = Option("inverse", given_as=bool, default=False, help="Undo the transform.", panel=Panel.NUMBERS)
IMPUTE: Option[Literal["mean", "median"] | float] = Option(
    "impute",
    parse=parse_impute,
    metavar="VALUE",
    suggestions=("mean", "median", "0"),
    help="Fill missing values: with the mean, the median, or a number in the scale of the input (default: no).",
    panel=Panel.MISSING,
)
INDICATOR: Option[bool] = Option(
    "indicator",
    given_as=bool,
    default=False,
    help="Add a column NAME_missing of 0 and 1 to a table for each column with missing values in the statistics.",
    panel=Panel.MISSING,
)
