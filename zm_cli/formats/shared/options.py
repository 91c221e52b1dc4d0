"""The options that several formats have, or that the pipeline and the command line use by themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from zm_cli.data.options import Option, Panel, Recorded, Replay
from zm_cli.data.shard import Shard, parse_shard
from zm_cli.data.spec import AXIS_LETTERS, LAYOUTS
from zm_cli.inputs.option_text import parse_names


def _is_name(value: Any) -> bool:
    # Names in a file may be any bytes; those that are not text are spelled as in the names of files.
    return isinstance(value, str) and bool(value) and "\0" not in value and can_be_bytes(value, "surrogateescape")


def _is_layout(value: Any) -> bool:
    return isinstance(value, str) and "N" in value and len(set(value)) == len(value) and set(value) <= AXIS_LETTERS


def is_flag(value: Any) -> bool:
    """Whether a value that a stats file records is true or false."""
    return isinstance(value, bool)


def is_count(value: Any) -> bool:
    """Whether a value that a stats file records is a whole number that is not negative."""
    return type(value) is int and value >= 0


def can_be_bytes(text: str, errors: str) -> bool:
    """Whether a text can be encoded as UTF-8 with this error handler."""
    try:
        text.encode(errors=errors)
    except UnicodeEncodeError:
        return False
    return True


LIMIT: Option[int] = Option(
    "limit",
    given_as=int,
    metavar="N",
    minimum=1,
    help="Only the first N samples of a source, for a trial.",
    panel=Panel.DATA,
)
SAMPLE: Option[int] = Option(
    "sample",
    given_as=int,
    metavar="N",
    minimum=1,
    help="Only N samples of a source, drawn evenly over all of it, for a trial.",
    panel=Panel.DATA,
)
SEED: Option[int] = Option(
    "seed",
    given_as=int,
    metavar="N",
    help="Other samples for --sample (default 0).",
    panel=Panel.DATA,
)
SHARD: Option[Shard] = Option(
    "shard",
    parse=parse_shard,
    metavar="I/N",
    help="Only the I-th of N even parts of the data, for as many machines or processes; zm merge joins statistics.",
    panel=Panel.RUNNING,
)
EXCLUDE: Option[tuple[str, ...]] = Option(
    "exclude",
    given_as=list[str],
    parse=lambda given: parse_names(given, "--exclude"),
    metavar="GLOB,...",
    help="Columns to leave as they are (names, ranges, globs), or images to leave out.",
    panel=Panel.DATA,
)
ON_ERROR: Option[str] = Option(
    "on_error",
    given_as=Literal["fail", "skip"] | None,
    help="Images or rows that cannot be read, and rows without numbers in --columns: stop (default), or leave them out "
    "and count them.",
    panel=Panel.DATA,
)
DATASET: Option[str] = Option(
    "dataset",
    metavar="/PATH",
    help="The dataset inside the file.",
    panel=Panel.ARRAY,
    recorded=Recorded(_is_name, {"type": "string", "minLength": 1}, Replay.WHERE_IT_FITS),
)
LAYOUT: Option[str] = Option(
    "layout",
    metavar="NHWC|NCHW|...",
    suggestions=tuple(layout for layouts in LAYOUTS.values() for layout in re.findall("[A-Z]+", layouts)),
    help="Which axis is what: N samples, C channels.",
    panel=Panel.ARRAY,
    recorded=Recorded(
        _is_layout,
        {"type": "string", "pattern": "^(?!.*(.).*\\1)(?=.*N)[NCHWDTL]*$"},
        Replay.WHERE_IT_FITS,
    ),
)
BY: Option[str] = Option(
    "by",
    metavar="COLUMN|/DATASET|class",
    help="The statistics of each group, too: of the samples with the same value in this column or dataset, or of the "
    "same class of images.",
    panel=Panel.NUMBERS,
    recorded=Recorded(_is_name, {"type": "string", "minLength": 1}, Replay.NEVER),
)
WEIGHT: Option[str] = Option(
    "weight",
    metavar="COLUMN|/DATASET",
    help="A column or dataset with a weight for each sample, for means, deviations and extremes, also of groups. It "
    "says how reliable a sample is, not how often it was seen: "
    "--ddof 1 divides by V1 - V2/V1, where V1 is the sum of the weights and V2 that of their squares.",
    panel=Panel.NUMBERS,
    recorded=Recorded(_is_name, {"type": "string", "minLength": 1}, Replay.NEVER, same_in_all=True),
)
MASK: Option[str] = Option(
    "mask",
    metavar="/DATASET",
    help="A dataset of the shape of the data, or of its first axes: where it is not 0, values are missing, also in the "
    "output.",
    panel=Panel.MISSING,
    recorded=Recorded(_is_name, {"type": "string", "minLength": 1}, Replay.NEVER, same_in_all=True),
)
MASK_AND_SCALE: Option[bool] = Option(
    "mask_and_scale",
    given_as=bool | None,
    flags=("--mask-and-scale/--no-mask-and-scale",),
    help="Whether to apply missing values, scale and offset that a file declares (default: yes).",
    panel=Panel.MISSING,
    recorded=Recorded(is_flag, {"type": "boolean"}),
)
"""Attributes of netCDF-like HDF5, and GDAL's nodata in a TIFF. It is recorded where data have them: data with and
without are pooled, and each is read by its own. Statistics of real values refuse data that are read as stored."""
COLUMNS: Option[tuple[str, ...]] = Option(
    "columns",
    given_as=list[str],
    parse=lambda given: parse_names(given, "--columns"),
    metavar="A,B,...",
    help="Only these: names, ranges (2:785), globs ('pixel*'). Default: every numeric column.",
    panel=Panel.TABLE,
)
AMONG: Option[tuple[str, ...]] = Option("among")
"""Columns that must all be there, and beside which none is a feature: those of the statistics to apply."""
EXPECTED: Option[Mapping[str, Any]] = Option("expected")
"""What the statistics to apply record of options that the data themselves decide, by the options' names."""
NUMERIC: Option[tuple[str, ...]] = Option("numeric")
"""Columns that are numbers even where they look like codes: those of the statistics to compare with."""
CLASSES: Option[tuple[str, ...]] = Option("classes")
"""The names of the classes that labels are numbered by: those of the statistics to apply, in their order."""
DESCRIBE: Option[bool] = Option("describe")
"""Whether blocks say what all columns of a table hold as text."""
GROWTH: Option[int] = Option("growth")
"""How many times as many values a sample has where it is written: blocks are then so much smaller."""
FILES: Option[tuple[str, ...]] = Option("files")
"""The files to read, relative to the path, which is then their common folder."""
