"""The options of the command line, except those for reading, which the formats declare."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from zm_cli.data.options import Option, Panel
from zm_cli.formats import formats
from zm_cli.inputs.option_text import (
    parse_components,
    parse_epsilon,
    parse_impute,
    parse_number,
    parse_percents,
    parse_range,
    parse_size,
)
from zm_cli.methods import methods_of
from zm_cli.numbers.axes import Per
from zm_cli.pipeline.options import Missing, State
from zm_cli.running.cluster.address import LOCAL, parse_address

PIPED = next(entry.kind.upper() for entry in formats().values() if entry.reads_pipe)
"""The name of the format that is read from a pipe, for help texts."""
DTYPES = ("float16", "float32", "float64")
"""The types that outputs can have."""

KIND: Option[str] = Option(
    "kind",
    given_as=Literal[*formats()],
    help="What the source is, if its name does not say.",
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
    help="A number that means missing, in any data, such as -999.",
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
    help="What gets a mean of its own: channel for images, column for tables.",
    panel=Panel.NUMBERS,
)
UNIT: Option[bool] = Option(
    "unit",
    given_as=bool,
    default=False,
    help="Scale integers to 0-1: divide by their type's maximum.",
    panel=Panel.NUMBERS,
)
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
    help="Copy everything, so that the parts may be removed: no links to HDF5 files, no hard links.",
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
    help="Go on if the data are already transformed or of another scale, or the statistics are of a trial.",
    panel=Panel.OUTPUT,
    decides_output=False,
)
MERGE_FORCE: Option[bool] = replace(
    FORCE, help="Go on if statistics are of a trial, a source comes twice, or parts of one are missing."
)
DEFAULT_BINS = 10
BINS: Option[int] = Option(
    "bins",
    given_as=int,
    default=DEFAULT_BINS,
    metavar="N",
    minimum=1,
    help="How many bins the histograms have that --json prints where there are quantiles.",
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

WORKERS: Option[int] = Option(
    "workers",
    given_as=int,
    flags=("--workers", "-j"),
    metavar="N",
    minimum=1,
    help="Number of workers (default: one per core).",
    panel=Panel.RUNNING,
    decides_output=False,
)
MEMORY: Option[int] = Option(
    "memory",
    parse=parse_size,
    metavar="SIZE",
    suggestions=("128MB", "256MB", "512MB", "1GB", "2GB"),
    help="Memory for the data being processed (default: 128MB for each worker, at least 256MB).",
    panel=Panel.RUNNING,
    decides_output=False,
)
DASK: Option[str] = Option(
    "dask",
    parse=parse_address,
    metavar="ADDRESS",
    suggestions=(LOCAL,),
    help="Work on a Dask cluster: tcp://HOST:8786, a scheduler file, or local, which starts one here.",
    panel=Panel.RUNNING,
    decides_output=False,
)
CHECKPOINT: Option[str] = Option(
    "checkpoint",
    metavar="FILE",
    help="Keep in this file, every half minute, how far the run has come; the same command then goes on from there. "
    "Removed at the end.",
    panel=Panel.RUNNING,
    decides_output=False,
)
QUIET: Option[bool] = Option(
    "quiet",
    given_as=bool,
    default=False,
    flags=("--quiet", "-q"),
    help="Print nothing but errors.",
    panel=Panel.RUNNING,
    decides_output=False,
)
VERBOSE: Option[bool] = Option(
    "verbose",
    given_as=bool,
    default=False,
    flags=("--verbose", "-v"),
    help="Print more messages.",
    panel=Panel.RUNNING,
    decides_output=False,
)
PROGRESS: Option[bool] = Option(
    "progress",
    given_as=bool | None,
    flags=("--progress/--no-progress",),
    help="Show a progress bar on standard error (default: at a terminal).",
    panel=Panel.RUNNING,
    decides_output=False,
)
DEBUG: Option[bool] = Option(
    "debug",
    given_as=bool,
    default=False,
    help="Show the traceback of an error.",
    panel=Panel.RUNNING,
    decides_output=False,
)
