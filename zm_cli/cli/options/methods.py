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
from zm_cli.methods import default_method, methods, methods_of
from zm_cli.methods.shared.base import Method


def _describe_methods(command: str) -> str:
    """Returns the help of `--method`: what each method of a command does, and which one is the default."""
    described = "; ".join(f"{name}: {methods()[name].help}" for name in methods_of(command))
    return f"{described} (default: the recorded one with --stats or --inverse, else {default_method(command).name})."


def _find_takers(setting: str) -> list[Method]:
    """Returns the methods that take a setting, sorted by name."""
    return [method for method in methods().values() if setting in method.settings]


def _spell_defaults(setting: str) -> dict[str, str]:
    """Returns the default of a pair of numbers for each method that takes it, as it is typed, by the method's name."""
    return {method.name: "{:g},{:g}".format(*method.defaults[setting]) for method in _find_takers(setting)}


def _describe_defaults(setting: str) -> str:
    """Returns the defaults of a pair of numbers in words."""
    return "default " + ", ".join(f"{value} for {name}" for name, value in _spell_defaults(setting).items())


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
    help=_describe_methods("scale"),
    panel=Panel.NUMBERS,
)
RANGE: Option[tuple[float, float]] = Option(
    "range",
    parse=parse_range,
    metavar="LO,HI",
    suggestions=tuple(_spell_defaults("range").values()),
    help=f"What {' and '.join(_spell_defaults('range'))} scale to ({_describe_defaults('range')}).",
    panel=Panel.NUMBERS,
)
CLIP: Option[bool] = Option(
    "clip",
    given_as=bool,
    flags=("--clip/--no-clip",),
    show_default=False,
    default=False,
    help=f"Cut off what lies beyond the range ({', '.join(method.name for method in _find_takers('clip'))}).",
    panel=Panel.NUMBERS,
)
PERCENTS: Option[tuple[float, float]] = Option(
    "quantiles",
    parse=parse_percents,
    metavar="LO,HI",
    suggestions=tuple(_spell_defaults("quantiles").values()),
    help=f"The two quantiles in percent ({_describe_defaults('quantiles')}).",
    panel=Panel.NUMBERS,
)
WHITEN_METHOD: Option[str] = Option(
    "method",
    given_as=Literal[*methods_of("whiten")],
    help=_describe_methods("whiten"),
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
    suggestions=("mean", "median", "0", "none"),
    help="Fill missing values: with the mean, the median, or a number in the scale of the input (default: none).",
    panel=Panel.MISSING,
)
INDICATOR: Option[bool] = Option(
    "indicator",
    given_as=bool,
    flags=("--indicator/--no-indicator",),
    show_default=False,
    default=False,
    help="Add a column NAME_missing of 0 and 1 to a table for each column with missing values in the statistics.",
    panel=Panel.MISSING,
)
