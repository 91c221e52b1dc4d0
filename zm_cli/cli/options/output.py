"""Options that say what a command writes, and where."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from zm_cli.data.options import Option, Panel
from zm_cli.formats import formats

PIPED = next(entry.kind.upper() for entry in formats().values() if entry.reads_pipe)
"""The name of the format that is read from a pipe, for help texts."""
DTYPES = ("float16", "float32", "float64")
"""The types that outputs can have."""
STATS_OUTPUT: Option[str] = Option(
    "output",
    flags=("--output", "-o"),
    metavar="FILE",
    help="Write a stats file: .json, .npz or .h5; - is standard output.",
    panel=Panel.OUTPUT,
    decides_output=False,
)
OUTPUT: Option[str] = Option(
    "output",
    flags=("--output", "-o"),
    metavar="PATH",
    help=f"Where to write; - is standard output, {PIPED} only (default if that is not a terminal).",
    panel=Panel.OUTPUT,
    decides_output=False,
)
JOINED: Option[str] = replace(OUTPUT, help="The file or folder to write.")
COPY: Option[bool] = Option(
    "copy",
    given_as=bool,
    default=False,
    help="Copy all data, so that the parts can be deleted; otherwise the output links to them.",
    panel=Panel.OUTPUT,
)
NO_CLOBBER: Option[bool] = Option(
    "no_clobber",
    given_as=bool,
    default=False,
    help="Stop if the output or its stats file exists.",
    panel=Panel.OUTPUT,
    decides_output=False,
)
FORMAT: Option[str] = Option(
    "format",
    given_as=Literal[*sorted({name for entry in formats().values() for name in entry.output_formats})],
    help=" ".join(entry.output_help for entry in formats().values() if entry.output_help),
    panel=Panel.OUTPUT,
)
DTYPE: Option[str] = Option(
    "dtype",
    given_as=Literal[*DTYPES],
    metavar="|".join(DTYPES),
    help="Type of the output values (default float32; float64 for CSV, float64, and integers of 32 and 64 bits).",
    panel=Panel.OUTPUT,
)
SAVE_STATS: Option[str] = Option(
    "save_stats",
    metavar="FILE",
    help="Where to save the statistics (default: PATH.stats.json, or .npz if too large for it).",
    panel=Panel.OUTPUT,
    decides_output=False,
)
PARTS: Option[int] = Option(
    "parts",
    given_as=int,
    metavar="N",
    minimum=1,
    help="Write a folder of N parts, each by one worker; zm join makes one dataset of them.",
    panel=Panel.OUTPUT,
)
IF_CHANGED: Option[bool] = Option(
    "if_changed",
    given_as=bool,
    default=False,
    help="Do nothing if the output was made from the same data, options and version.",
    panel=Panel.OUTPUT,
    decides_output=False,
)
FORCE: Option[bool] = Option(
    "force",
    given_as=bool,
    default=False,
    help="Proceed even if the data are already transformed or of another scale, or the statistics are of a trial.",
    panel=Panel.OUTPUT,
    decides_output=False,
)
MERGE_FORCE: Option[bool] = replace(
    FORCE,
    help="Proceed even if statistics are of a trial, several files have the same source, or parts of one are missing.",
)
DEFAULT_BINS = 10
"""The number of bins of a histogram, unless --bins says otherwise."""
BINS: Option[int] = Option(
    "bins",
    given_as=int,
    default=DEFAULT_BINS,
    metavar="N",
    minimum=1,
    help="Number of bins of the histograms in --json (needs --quantiles).",
    panel=Panel.OUTPUT,
    decides_output=False,
)
JSON: Option[bool] = Option(
    "json",
    given_as=bool,
    default=False,
    help="Print the result as one JSON document.",
    panel=Panel.OUTPUT,
    decides_output=False,
)
