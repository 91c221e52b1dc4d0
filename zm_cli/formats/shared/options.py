"""The options that several formats have, or that the pipeline and the command line use by themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from zm_cli.data.options import Option, Panel, Recorded, Replay
from zm_cli.data.recorded_values import can_be_bytes, is_flag
from zm_cli.data.shard import Shard, parse_shard
from zm_cli.data.spec import AXIS_LETTERS, LAYOUTS
from zm_cli.inputs.option_text import parse_names


def _is_name(value: Any) -> bool:
    # Names in a file may be any bytes; bytes that are not text are written as in file names.
    return isinstance(value, str) and bool(value) and "\0" not in value and can_be_bytes(value, "surrogateescape")


def _is_layout(value: Any) -> bool:
    return isinstance(value, str) and "N" in value and len(set(value)) == len(value) and set(value) <= AXIS_LETTERS


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
"""These are attributes of netCDF-like HDF5 files, and GDAL's no-data value in a TIFF. The option is recorded for data
that have them. Data with and without them may be pooled; each source is read by its own. Statistics of real values are
not applied to data that are read as stored."""
COLUMNS: Option[tuple[str, ...]] = Option(
    "columns",
    given_as=list[str],
    parse=lambda given: parse_names(given, "--columns"),
    metavar="A,B,...",
    help="Only these: names, ranges (2:785), globs ('pixel*'). Default: every numeric column.",
    panel=Panel.TABLE,
)
AMONG: Option[tuple[str, ...]] = Option("among")
"""The columns of the statistics to apply: all of them must exist, and no others are features."""
EXPECTED: Option[Mapping[str, Any]] = Option("expected")
"""The recorded values of options that the data themselves decide, in the statistics to apply, by the options' names."""
NUMERIC: Option[tuple[str, ...]] = Option("numeric")
"""The columns of the statistics to compare with: they are numbers even if they look like codes."""
CLASSES: Option[tuple[str, ...]] = Option("classes")
"""The classes of the statistics to apply, in their order, by which labels are numbered; empty if they name none."""
DESCRIBE: Option[bool] = Option("describe")
"""Whether blocks say what all columns of a table hold as text."""
GROWTH: Option[int] = Option("growth")
"""How many times as many values a written sample has; blocks are smaller by this factor."""
FILES: Option[tuple[str, ...]] = Option("files")
"""The files to read, relative to the path, which is then their common folder."""
