"""Options that say which data a command reads, and what it computes of them."""

from __future__ import annotations

from typing import Literal

from zm_cli.data.options import Option, Panel
from zm_cli.formats import formats
from zm_cli.inputs.option_text import parse_number
from zm_cli.numbers.axes import Per
from zm_cli.pipeline.options import Missing

KIND: Option[str] = Option(
    "kind",
    given_as=Literal[*formats()],
    help="The format of the source (default: detected).",
    panel=Panel.DATA,
)
FILES_FROM: Option[str] = Option(
    "files_from",
    metavar="FILE",
    help="Read the paths in a list, one per line; - is standard input.",
    panel=Panel.DATA,
    decides_output=False,
)
IGNORE: Option[float] = Option(
    "ignore",
    parse=parse_number,
    metavar="VALUE",
    help="A number that stands for a missing value, in any data, such as -999.",
    panel=Panel.MISSING,
)
MISSING: Option[str] = Option(
    "missing",
    given_as=Missing,
    default="skip",
    help="Missing values: count them and leave them out, or stop with an error.",
    panel=Panel.MISSING,
)
PER: Option[str] = Option(
    "per",
    given_as=Per,
    metavar="WHAT",
    help="What gets a mean of its own: channel, pixel, column or all (default: channel for images, column for tables).",
    panel=Panel.NUMBERS,
)
UNIT: Option[bool] = Option(
    "unit",
    given_as=bool,
    default=False,
    help="Scale integers to 0-1: divide by their type's maximum.",
    panel=Panel.NUMBERS,
)
